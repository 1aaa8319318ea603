# Why a request is not taken: one text for each code in zosma_queue/errors.py, and those of this package.
# $field is the option's name. `malformed` and `refused` have none: what they say is known in English only.

refusal-missing = { $field } is missing.
refusal-empty-prompt = { $field } is empty: say what the picture should show.
refusal-empty-name = { $field } is empty: give it a name, or leave it out.
refusal-unknown-field = { $field } isn't an option: leave it out.
refusal-too-long = { $field } has { $given } characters, at most { $most } are possible: shorten it.
refusal-too-many-items = { $field } has { $given } entries, at most { $most } are possible.
refusal-out-of-bounds = { $field } is { $given }: it must be between { $low } and { $high }.
refusal-too-many-pixels = The picture would have { $width }×{ $height } pixels, at most { $most_megapixels } megapixels are possible: choose a smaller size or a smaller { $field }.
refusal-too-many-pictures = That is too much for one request: ask for fewer or smaller pictures.
refusal-hires-with-picture = { $field } belongs to pictures made from words alone: leave it out, and ask for a larger size.
refusal-upscale-alone = Making a picture larger can't be combined with anything else: leave the other options out.
refusal-options-without-workflow = { $field }: belongs to a workflow. Choose one, or leave it out.
refusal-no-such-option = “{ $given }” isn't an option of this workflow. Leave it out, or use one that /imagine offers.
refusal-workflow-not-for-checkpoint = The workflow is not for { $given }. It is for { $nearest }.
refusal-interrogate-alone = Putting a picture into words can't be combined with anything else: leave the other options out.
refusal-uneven-starts = { $field } is { $given }: with { $starts } pictures to start from it must be a multiple of that.
refusal-compare-alone = Only pictures that are made from words alone can be compared: leave the other options out.
refusal-compare-same = Two of the values are the same: a comparison needs different ones.
refusal-compare-twice = { $field } goes with comparing samplers or guidance: checkpoints are compared already.
refusal-compare-count = { $field } is { $given }: with { $values } values to compare it must be that many.
refusal-compare-no-number = { $field } “{ $given }” isn't a number: guidance is compared by numbers like 5 or 7.5.

refusal-not-base64 = { $field } isn't a picture.
refusal-address = { $field } must be a picture, not an address.
refusal-too-many-bytes = The picture has { $given } bytes, at most { $most } are possible: send a smaller one.
refusal-picture-too-heavy = { $field } is larger than { $most_mb } MB: send a smaller picture.
refusal-picture-too-large = { $field } has { $given } pixels, at most { $most_megapixels } megapixels are possible: send a smaller picture.
refusal-not-a-picture = { $field } isn't a complete PNG, JPEG or WebP picture.
refusal-picture-too-slow = { $field } takes far longer to decode than a picture of its size should. Save it again in any image program, and send that.
refusal-input-gone = The picture to start from is no longer stored: send it again.
refusal-picture-unfetched = { $field } could not be fetched from Discord: send it again.
refusal-recipe-gone = How this was made is no longer stored, and the message has no picture that tells it. Please use /imagine.
refusal-picture-gone = This picture is no longer stored, and the message doesn't have it either.
refusal-strength-without-image = { $field } says how much of an attached picture is repainted: attach one as image, or leave it out.

refusal-no-worker = No GPU is online right now: try again in a few minutes.
refusal-no-worker-yet = No GPU has been connected yet. Whoever runs this bot starts one with `zosma worker`, on a machine with a Stable Diffusion WebUI.
refusal-unknown-name = { $field } “{ $given }” is not known here. The nearest: { $nearest }.
refusal-unknown-name-none = { $field } “{ $given }” is not known here, there is none.
refusal-upscale-not-possible = No GPU here can make pictures larger.
refusal-interrogate-not-possible = No GPU here can put pictures into words.
refusal-restore-not-possible = No GPU here has { $given } to restore faces.

refusal-limit-stored = The storage for pictures of unfinished jobs is full: try again in { $when }.

refusal-blocked-word = { $field } has “{ $word }”, which is blocked here. Leave it out.
refusal-checkpoint-not-allowed = The checkpoint “{ $given }” is not allowed here: use { $allowed }.
refusal-no-allowed-checkpoint = None of the checkpoints that are allowed here is online: { $allowed }.
refusal-over-rule = { $field } is { $given }, at most { $most } is allowed here.
refusal-age-restricted = Pictures can be asked for in age-restricted channels only.
refusal-record-too-large = This would take { $given } bytes, at most { $most } are possible: remove something first.

refusal-infeasible = No GPU here can do this combination.
refusal-infeasible-size = No GPU here makes pictures this large: the most is { $side }x{ $side }, use a smaller size.
refusal-infeasible-size-checkpoint = No GPU here with { $checkpoint } makes pictures this large: the most is { $side }x{ $side }, use a smaller size.

refusal-unknown-scope = “{ $given }” can't be paused: choose the queue, a lane, a checkpoint or a worker.
refusal-scope-not-there = “{ $given }” is not there. There are: { $known }
refusal-ambiguous-scope = “{ $given }” may be any of these, choose one: { $known }
refusal-unknown-policy-name = “{ $given }” isn't a name for which limits can be set: choose a role.
refusal-unknown-state = “{ $given }” isn't a state whose jobs can be listed: { $known }
refusal-id-taken = This id belongs to a job that asked for something else.

refusal-infeasible-lacking = No GPU here offers { $name } ({ $kind }). There is: { $instead }
refusal-infeasible-lacking-checkpoint = No GPU here offers { $name } ({ $kind }) together with { $checkpoint }. There is: { $instead }
refusal-infeasible-lacking-ability = No GPU here can do this: { $kind }.
refusal-infeasible-lacking-alone = No GPU here can do this: { $name } ({ $kind }). Leave it out.
refusal-unreadable-lora = { $field } “{ $given }” can't be read: write name or name:0.8, with commas between.
refusal-recipe-from-picture = This was made from another picture, which is no longer stored. Please use /imagine with that picture.
refusal-prompt-has-option = The prompt has “{ $given }”, which Discord would take for the name of an option. Type the command yourself, or use “Edit”.
parameters-left-out = ℹ️ It was also made with { $names }, which no command here can ask for, so it comes out different.
