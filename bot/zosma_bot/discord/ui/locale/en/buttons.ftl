# Buttons, and what they answer.

button-cancel = Cancel
button-try-again = Try again
button-again = Again
button-edit = Edit
button-missing = { $count ->
    [one] Make picture { $first }
   *[other] Make pictures { $first }–{ $last }
    }
button-checkpoint = Other checkpoint
button-parameters = Parameters
button-send = Send to me
button-report = Report
button-delete = Delete
button-upscale = Upscale
button-upscale-short = U{ $number }
button-vary-subtle = Vary
button-vary-subtle-short = V{ $number }
button-more = More…
button-vary-strong = Vary strongly
    .hint = Pictures that are only somewhat like it
button-region = Vary a region
    .hint = Repaint a part of it: you choose the part and say what should be there
button-zoom-out = Zoom out 1.5×
    .hint = More is painted all around it
button-zoom-out-far = Zoom out 2×
    .hint = Much more is painted all around it
button-pan-left = Extend to the left
button-pan-right = Extend to the right
button-pan-up = Extend upwards
button-pan-down = Extend downwards
button-square = Make square
    .hint = The short sides are extended
more-ask = What do you want to do with it?
more-choose = Choose
more-picture = Picture { $number }
menu-gone = ⚠️ This menu is more than a day old. Please press “{ button-more }” under the picture again.

# Under a picture that was made from another by a button. $deed is one of those below.
credit = { $member }'s { $deed } of { $owner }'s picture
credit-own = { $member }'s { $deed }
deed-again = new try
deed-variation = variation
deed-upscale = enlargement
deed-edit = edit
deed-checkpoint = version with another checkpoint
deed-region = change to a part
deed-zoom = zoomed-out version
deed-pan = extension
deed-square = square version

button-unknown = ⚠️ This button was made by another version of the bot and no longer works. Please use a command instead, like /imagine.
button-foreign = ⚠️ This button belongs to something that you can't use here.
button-not-yours = ⚠️ Only { $member } and the server's moderators can use this button here. You can ask for a picture of your own with /imagine.
recipe-gone = ⚠️ How this was made is no longer stored, and the message has no picture that tells it. Please use /imagine.
cancel-asked = ✋ It is being stopped.
cancel-done = ✋ Cancelled.
cancel-ended = ⚠️ This has ended already, so there is nothing to cancel.
cancel-gone = ⚠️ The queue doesn't know this job any more, so there is nothing to cancel.
deleted = 🗑️ Deleted.
deleted-before = ⚠️ This message is already gone.
delete-refused = ⚠️ Discord doesn't let me delete this message. A moderator can.
sent-privately = 📨 Sent to you in a direct message.
send-refused = ⚠️ I can't send you direct messages. Allow them in the server's privacy settings (Direct Messages), and press again.
send-explicit = ⚠️ Discord takes this picture for explicit content, and doesn't let me send it to you as a direct message.
parameters-shown = 📋 As a command:
parameters-like = 📋 As a command, for pictures like it:
parameters-from-picture = ℹ️ It was made from another picture, so no command makes it again.
parameters-again = “{ button-again }” under it does, for a day.
parameters-enlarged = ℹ️ The command makes the picture as it was before it was made larger.
parameters-no-command = ℹ️ As a command it would be refused: { $why }
parameters-none = ⚠️ This picture doesn't say how it was made.
parameters-text = As text:
checkpoint-ask = 🧩 Which checkpoint?
checkpoint-none = ⚠️ There is no other checkpoint online right now.
edit-title = Edit and make again
edit-prompt = Prompt
edit-negative = Negative prompt
edit-checkpoint = Checkpoint
edit-style = Style
edit-size = Size
edit-as-it-is = as it is
edit-same-checkpoint = the same: { $checkpoint }
edit-any-checkpoint = whatever a GPU has loaded
edit-same-size = the same: { $size }
report-title = Report this picture
report-why = What is wrong with it?
report-thanks = 🚩 Thank you. The moderators have been told.
report-nowhere = 🚩 Thank you. It has been noted for the server's admins, who have set no channel for reports.
report-head = 🚩 { $member } reports a picture of { $owner }: { $link }
report-because = > { $why }
report-delete = Delete the picture
report-dismiss = Dismiss
report-dismissed = ✅ Dismissed by { $member }.
report-deleted = 🗑️ Deleted by { $member }.

loaded-now = loaded now
load-time = about { $span } load
on-workers = { $count ->
    [one] { $count } worker
   *[other] { $count } workers
    }

rule-channels = ⚠️ Here, pictures can only be asked for in { $channels }.
rule-roles = ⚠️ Only members with one of these roles can ask for pictures here: { $roles }
door-server = ⚠️ This server is not among those that this bot works for.
door-off = ⚠️ This bot takes nothing in direct messages. Please ask in a server that it is in.
door-members = ⚠️ In direct messages this bot works for members of its own servers only, and you are in none of them.
rule-age = ⚠️ Here, pictures can only be asked for in age-restricted channels.

shape-square = square
shape-portrait = portrait
shape-landscape = landscape
shape-wide = wide
shape-tall = tall
