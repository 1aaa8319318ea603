# Commands for every member: upscale, describe, jobs, queue, settings, styles, privacy.

command-compare = compare
    .description = One prompt with several checkpoints, samplers or guidance values, side by side
command-compare-prompt = prompt
    .description = { command-imagine-prompt.description }
command-compare-by = by
    .description = Which setting differs between the pictures
command-compare-first = first
    .description = Its first value: a checkpoint, a sampler, or a number for guidance
command-compare-second = second
    .description = Its second value
command-compare-third = third
    .description = Its third value
command-compare-fourth = fourth
    .description = Its fourth value
command-compare-negative = negative
    .description = { command-imagine-negative.description }
command-compare-checkpoint = checkpoint
    .description = The checkpoint for all of them, unless checkpoints are compared
command-compare-size = size
    .description = The size of each picture
command-compare-steps = steps
    .description = How many steps
command-compare-seed = seed
    .description = The seed of all of them; drawn if left out
command-compare-private = private
    .description = Only you see it
compare-checkpoint = checkpoint
compare-sampler = sampler
compare-guidance = guidance

command-upscale = upscale
    .description = Make a picture larger, with nothing repainted
command-upscale-image = image
    .description = The picture
command-upscale-scale = scale
    .description = How many times as large; 2 if left out
command-upscale-upscaler = upscaler
    .description = The upscaler; without one, the best available
command-upscale-private = private
    .description = Only you see it

command-describe = describe
    .description = How a picture was made, or what it shows in words
command-describe-image = image
    .description = The picture

button-remake = Make it again
described-none = ⚠️ This picture doesn't say how it was made, and no GPU here can put it into words.
described-words = 👁️ What a model on a GPU sees in it:
button-imagine-words = Make a picture from these words
parameters-file = 📋 This is too long for a message, so it is in the file.
described-gone = ⚠️ This is more than a week old and no longer stored. Please use /describe again.

command-jobs = jobs
    .description = What you have asked for here, and what became of it

button-refresh = Refresh
button-pick-up = Show the pictures
jobs-none = You have asked for nothing here in the last few days. /imagine makes a picture.
jobs-page = Page { $page }
jobs-choose = Choose one to see more
jobs-done = ✅ { $count ->
    [one] { $count } picture
   *[other] { $count } pictures
    }
jobs-described = ✅ Done: put into words
jobs-uncollected = 📥 { $count ->
    [one] { $count } picture waits
   *[other] { $count } pictures wait
    } for you here: Discord let me show it nowhere else
jobs-failed = ⚠️ Failed
jobs-cancelled = ✋ Cancelled
jobs-unreadable = a request that can't be read
jobs-state-waiting = in line
jobs-state-delayed = to be tried again
jobs-state-running = being made
jobs-state-done = done
jobs-state-failed = failed
jobs-state-cancelled = cancelled
jobs-asked = asked for { $time }
jobs-link = [Go to its message]({ $link })
jobs-forgotten = ⚠️ This job is no longer stored.
jobs-pictures-gone = ⚠️ The pictures of this job are no longer stored. “Edit” makes new ones in the same way.

command-use-this-picture = Use this picture
use-title = New pictures from this one
use-strength = How much is repainted
use-strength-of = { $percent } %
use-count = How many
use-pictures = { $count ->
    [one] { $count } picture
   *[other] { $count } pictures
    }
use-which = Which picture
use-left-out = Not available here: { $names }
use-none = ⚠️ This message has no picture.
use-embed = ⚠️ This picture is only shown here, it isn't stored by Discord. Save it and attach it to /imagine as “image”.
use-too-late = ⚠️ This form was open for more than a day, and Discord no longer hands out the picture under that address. Please choose “Use this picture” again.

queue-depth = **{ $waiting }** waiting, **{ $running }** running
queue-yours = Yours:
queue-none-of-yours = None of your pictures is waiting or being made.
queue-more-of-yours = … and { $count } more of yours
queue-no-gpus = No GPU is online right now.
queue-last-gpu = No GPU is online right now; the last one was here { $time }.
queue-gpus = { $count ->
    [one] { $count } GPU
   *[other] { $count } GPUs
    }:{" "}

command-settings = settings
    .description = Your own defaults and presets
command-settings-show = show
    .description = Your settings and presets
command-settings-private = private
    .description = Whether only you see your pictures unless you say otherwise
command-settings-private-on = on
    .description = Yes: only you
command-settings-reset = reset
    .description = Forget your defaults
command-settings-reset-what = what
    .description = Which one; all of them if left out
command-settings-remove = remove
    .description = Delete a preset of yours
command-settings-remove-name = name
    .description = Which preset
command-settings-share = share
    .description = Let everybody in this server use a preset of yours
command-settings-share-name = name
    .description = Which preset
command-settings-unshare = unshare
    .description = Take a shared preset away again
command-settings-unshare-name = name
    .description = Which preset
command-settings-defaults = defaults
    .description = What /imagine uses when you leave it out
command-settings-defaults-negative = { command-imagine-negative }
    .description = { command-imagine-negative.description }
command-settings-defaults-size = { command-imagine-size }
    .description = { command-imagine-size.description }
command-settings-defaults-width = { command-imagine-width }
    .description = { command-imagine-width.description }
command-settings-defaults-height = { command-imagine-height }
    .description = { command-imagine-height.description }
command-settings-defaults-count = { command-imagine-count }
    .description = { command-imagine-count.description }
command-settings-defaults-checkpoint = { command-imagine-checkpoint }
    .description = { command-imagine-checkpoint.description }
command-settings-defaults-style = { command-imagine-style }
    .description = { command-imagine-style.description }
command-settings-defaults-sampler = { command-imagine-sampler }
    .description = { command-imagine-sampler.description }
command-settings-defaults-scheduler = { command-imagine-scheduler }
    .description = { command-imagine-scheduler.description }
command-settings-defaults-steps = { command-imagine-steps }
    .description = { command-imagine-steps.description }
command-settings-defaults-guidance = { command-imagine-guidance }
    .description = { command-imagine-guidance.description }
command-settings-defaults-hires = { command-imagine-hires }
    .description = { command-imagine-hires.description }
command-settings-save = save
    .description = Keep words and settings as a preset, for /imagine's “style”
command-settings-save-name = name
    .description = What to call it
command-settings-save-prompt = { command-imagine-prompt }
    .description = { command-imagine-prompt.description }
command-settings-save-negative = { command-imagine-negative }
    .description = { command-imagine-negative.description }
command-settings-save-size = { command-imagine-size }
    .description = { command-imagine-size.description }
command-settings-save-width = { command-imagine-width }
    .description = { command-imagine-width.description }
command-settings-save-height = { command-imagine-height }
    .description = { command-imagine-height.description }
command-settings-save-count = { command-imagine-count }
    .description = { command-imagine-count.description }
command-settings-save-checkpoint = { command-imagine-checkpoint }
    .description = { command-imagine-checkpoint.description }
command-settings-save-style = { command-imagine-style }
    .description = { command-imagine-style.description }
command-settings-save-lora = { command-imagine-lora }
    .description = { command-imagine-lora.description }
command-settings-save-sampler = { command-imagine-sampler }
    .description = { command-imagine-sampler.description }
command-settings-save-scheduler = { command-imagine-scheduler }
    .description = { command-imagine-scheduler.description }
command-settings-save-steps = { command-imagine-steps }
    .description = { command-imagine-steps.description }
command-settings-save-guidance = { command-imagine-guidance }
    .description = { command-imagine-guidance.description }
command-settings-save-hires = { command-imagine-hires }
    .description = { command-imagine-hires.description }

option-size = size
settings-none = nothing
settings-defaults = **Your defaults:** { $values }
settings-private-on = **Your pictures:** only you see them, unless you say otherwise
settings-private-off = **Your pictures:** everybody here sees them, unless you say otherwise
settings-presets = **Your presets:** { $names }
settings-shared = **This server's presets:** { $names }
settings-nothing-given = ⚠️ Nothing was given: choose at least one option.
preset-saved = 💾 **{ $name }** is saved: { $values }
preset-removed = 🗑️ **{ $name }** is deleted. A copy that you shared with a server stays there until /settings unshare.
preset-shared = 🤝 Everybody in this server can use **{ $name }** now.
preset-unshared = 🗑️ **{ $name }** is no longer shared here.
refusal-no-preset = there is no preset “{ $name }”.
refusal-preset-not-yours = somebody else has shared a preset “{ $name }” here; only its owner and moderators can change it.
refusal-presets-full = there are { $most } presets already: delete one first.
refusal-preset-name = a preset needs a name of 1 to { $most } characters.

command-styles = styles
    .description = What you can choose as a style here, and what stands behind it
command-styles-name = name
    .description = Show this one in full

styles-yours = **Your presets:** { $names }
styles-shared = **This server's presets:** { $names }
styles-webui = **Styles of the WebUIs:** { $names }
styles-more = … and { $count } more: type a part of the name
styles-one = 🎨 **{ $name }**
refusal-no-style = there is no style or preset “{ $name }” here.

command-privacy = privacy
    .description = What is kept about you: see it, take it with you, erase it
command-privacy-show = show
    .description = What is kept, and for how long
command-privacy-export = export
    .description = Everything that is kept about you, as a file
command-privacy-erase = erase
    .description = Forget everything about you

privacy-shown =
    {"**"}What is kept about you, and for how long**
    • What you ask for (words, settings, seeds), when, and what became of it: at most { $job_days } days after its end.
    • The pictures: at most { $picture_hours } hours, and usually { $shown_minutes } minutes after they were shown. In Discord they stay until their message is deleted.
    • A picture that you send to start from: { $input_hours } hours, or until its job has ended; if nothing comes of it, { $unused_minutes } minutes.
    • Where the answer goes (channel, message, your Discord id, language): at most { $job_days } days.
    • What /describe has read from a picture: { $recipe_days } days. A form of “Use this picture”, or a menu of “More…”: { $form_hours } hours. A mask that you paint on a page, with a small copy of the picture: { $mask_hours } hours.
    • Your settings and presets: until you change or erase them. What you share with a server: until it is taken away.
    • How much you made on a day, for /me: { $made_days } days.
    • How much GPU time you used today: two days, for limits. Erasing doesn't take it back.
    • If you report a picture, or manage the queue as an admin: your Discord id, what you did and when, without words of prompts, among the newest entries (about 10,000).
    Prompts are not written into logs. The GPUs are told what to make, not for whom.
    Messages and pictures in Discord are kept by Discord.
    /privacy export gives you all of it, /privacy erase forgets it.
privacy-exported = 📦 This is what is kept about you in this server and in direct messages with me. In other servers, use the command there.
privacy-too-large = ⚠️ The file is too large for Discord here. Please ask whoever runs this bot for it.
privacy-ask =
    🧹 Erase everything that is kept about you? That is what you asked for **in this server and in direct messages with me**, with its pictures, your settings and your presets, those you shared here too. What waits or runs is cancelled, and messages are deleted where Discord lets me. It can't be undone.
    Reports that moderators got about you or from you stay in their channel until they delete them.
    What you asked for in other servers stays: use the command there as well.
privacy-erase-button = Erase everything
privacy-keep-button = Keep it
privacy-kept = Nothing was erased.
privacy-erasing = 🧹 Erasing …
privacy-erased =
    🧹 Erased: { $jobs ->
        [one] { $jobs } job
       *[other] { $jobs } jobs
    } ({ $cancelled } of them cancelled), { $pictures ->
        [one] { $pictures } stored picture
       *[other] { $pictures } stored pictures
    }, your settings and presets. { $messages ->
        [one] { $messages } message was deleted.
       *[other] { $messages } messages were deleted.
    }
privacy-left = { $left ->
        [one] ⚠️ { $left } message could not be deleted, because Discord doesn't let me there. You or a moderator can.
       *[other] ⚠️ { $left } messages could not be deleted, because Discord doesn't let me there. You or a moderator can.
    }
privacy-stays-audit = • The audit trail still has your Discord id in { $acts ->
        [one] { $acts } entry
       *[other] { $acts } entries
    }, the oldest of { $since }: what admins did must stay traceable. They go once about 10,000 newer ones have been written.
privacy-stays-counted = • How much GPU time you used, and your cooldown, count for your limits until { $until }.
privacy-stays-elsewhere = • { $jobs ->
        [one] { $jobs } job
       *[other] { $jobs } jobs
    } of yours from { $servers ->
        [one] { $servers } other server
       *[other] { $servers } other servers
    } not erased: use the command there as well. By themselves they are forgotten at most 30 days after their end.
privacy-stays-limits = • An admin has set limits for you by your Discord id; they stay until an admin takes them away.
privacy-broke-off = ⚠️ The queue can't be reached right now, so not everything was erased. Please use /privacy erase again in a minute.
