# A job's message, from the first "in line" to its end.

span-tenths = { NUMBER($value, minimumFractionDigits: 1, maximumFractionDigits: 1) } s
span-seconds = { $value } s
span-minutes = { $value } min
span-hours = { NUMBER($value, minimumFractionDigits: 1, maximumFractionDigits: 1) } h

asked-without = **without** { $negative }
asked-upscale = a picture { $scale } times as large
asked-upscale-too = made { $scale } times as large
asked-interrogate = What does this picture show?
asked-compare = compared by { $what }: { $values }
alt-upscale = a picture made larger

waiting = 🕓 In line
waiting-next = 🕓 Next in line · { $when }
waiting-place = 🕓 { ORDINAL($place) ->
    [one] { $place }st
    [two] { $place }nd
    [few] { $place }rd
   *[other] { $place }th
    } in line · { $when }
waiting-soon = starts in a moment
waiting-until = starts { $time }
waiting-nobody = 🕓 No GPU is online for this right now; it starts when one comes back.
waiting-gpu = 🕓 Waits for a GPU; the last one was here { $time }. It starts when one comes back.
waiting-paused = ⏸️ An admin has paused this for now; it keeps its place in line.
waiting-paused-because = ⏸️ An admin has paused this for now: { $reason }. It keeps its place in line.
waiting-limit = 🕓 In line · you have as many running as you may at once; it can start when one of them ends.
waiting-again = 🕓 A GPU had a problem with this; it will be tried again in a moment.

starting = 🎨 Starting: the GPU is getting ready
cancelling = ✋ Stopping …
running = 🎨 { $bar } { $percent } %
running-left = { $span } left
running-estimated = (estimated)
running-made = { $made } of { $count } made
missing = { $count ->
    [one] { $count } of { $total } pictures could not be made.
   *[other] { $count } of { $total } pictures could not be made.
    }

cancelled = ✋ Cancelled.
cancelled-by-member = ✋ Cancelled by { $who }.
cancelled-by-admin = ✋ Cancelled by an admin.
cancelled-because = Reason: { $reason }.
cancelled-free = Nothing was charged for it.
cancelled-paid = The GPU time used until then is charged: { $span }.
removed-cancelled = ✋ A moderator deleted the message for this request in { $channel }, so it was cancelled.
removed-ended = ✋ A moderator deleted the message for this request in { $channel }, so the result is not posted.
lost = ⚠️ This was lost when the queue lost its data. Please ask again.
gone-all = ⚠️ The pictures waited too long for Discord and are no longer stored. Please ask for them again.
gone-some = ⚠️ { $missing } of { $total } pictures are no longer stored.
too-large = ⚠️ The pictures are too large for Discord here. Ask for a smaller size or fewer at once.
files-refused = ⚠️ I can't attach files in this channel, so the result comes as a direct message, or waits in /jobs. An admin can allow it: permission “Attach Files”.

failed = ⚠️ Something went wrong on our side. Please try again in a minute.
other-kind = ℹ️ This was finished on a GPU with other software than it was begun on, so its seed gives a different picture.
    .some = ℹ️ Some of these pictures were made on a GPU with other software than the first ones, so their seeds give different pictures.

failed-refused = ⚠️ { $detail }. Try other settings.
failed-oom = ⚠️ The GPU ran out of memory. Try a smaller size or fewer pictures at once.
failed-nan = ⚠️ The checkpoint made no valid picture (NaN). Try another checkpoint, size or sampler.
failed-black = ⚠️ Only black came out. Try another prompt, checkpoint or seed.
failed-wrong-checkpoint = ⚠️ No GPU could load this checkpoint. Try another one.
failed-checkpoint-unusable = ⚠️ The file of this checkpoint can’t be loaded. Try another checkpoint.
failed-nodes-missing = ⚠️ The GPU lacks a part of the workflow that this needs. Try another checkpoint, or ask an admin.
failed-wrong-sampler = ⚠️ No GPU could use this sampler. Try another one.
failed-wrong-vae = ⚠️ No GPU could use this VAE. Try another one.
failed-wrong-size = ⚠️ The pictures came out in another size than asked for. Try another size.
failed-wrong-count = ⚠️ Fewer pictures came out than asked for. Try fewer at once.
failed-empty = { failed-webui-broken }
failed-no-words = ⚠️ No GPU found words for this picture. Try again later: the first time, a WebUI may still be fetching what it needs for it.
failed-no-room = ⚠️ The queue has no room for these pictures. Try fewer or smaller ones.
failed-webui-broken = ⚠️ The Stable Diffusion WebUI failed at this, even when it was tried again. Try other settings, or later.
failed-webui-hung = ⚠️ The Stable Diffusion WebUI stopped in the middle of the picture. Try a smaller size or fewer steps.
failed-webui-died = ⚠️ The Stable Diffusion WebUI went down each time it tried this. Try a smaller size or fewer at once.
failed-webui-away = ⚠️ The Stable Diffusion WebUI went away and did not come back in time. Try again later.
failed-webui-sick = ⚠️ The Stable Diffusion WebUI is having problems right now. Try again later, or with other settings.
failed-interrupted = ⚠️ Somebody stopped the Stable Diffusion WebUI in the middle of the picture. Try again.
failed-internal = { failed }
failed-worker-lost = ⚠️ The GPUs that worked on this broke down one after the other, so it was given up. Try a smaller size, or ask an admin to look at the GPUs.
failed-no-worker = ⚠️ No GPU that can do this came back in time. Try again later or with another checkpoint.
failed-no-gpu = ⚠️ No GPU came back in all that time, so this was given up. Please ask again when one is online.
failed-undecodable = ⚠️ What came out could not be read. Please send the command again.

job-mark = job { $id }
seeds = { $count ->
    [one] seed { $seeds }
   *[other] seeds { $seeds }
    }
steps = { $count ->
    [one] { $count } step
   *[other] { $count } steps
    }
guidance = guidance { $value }
meant-for = for { $member }

shrunk = Compressed to fit into Discord (WebP, quality { $quality }).
shrunk-smaller = Made smaller to fit into Discord ({ $percent } % as wide, WebP, quality { $quality }).
originals = { $count ->
    [one] {"["}original](<{ $links }>)
   *[other] originals: { $links }
    }
originals-singles = “{ button-more }”, “{ button-send }” gives you each picture by itself, for 15 minutes.
originals-kept = { $count ->
    [one] Discord takes no files as large as this picture was made. An admin can get the original for a day, by its number: { $id }
   *[other] Discord takes no files as large as these pictures were made. An admin can get the originals for a day, by their number: { $id }
    }
hidden-one = ⚠️ The picture is not shown: this server's image check refuses it.
hidden-all = ⚠️ The pictures are not shown: this server's image check refuses them.
hidden-some = ⚠️ { $blocked } of { $total } pictures are not shown: this server's image check refuses them.
hidden-because = ({ $reasons })
