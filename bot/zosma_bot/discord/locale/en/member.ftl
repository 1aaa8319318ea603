# Commands for every member: upscale, describe, jobs, queue, settings, styles, privacy.

command-upscale = upscale
    .description = Make a picture larger, with nothing painted anew
command-upscale-image = image
    .description = The picture
command-upscale-scale = scale
    .description = How many times as large; without it 2
command-upscale-upscaler = upscaler
    .description = What does it; without one, the best that there is
command-upscale-private = private
    .description = Only you see it

command-describe = describe
    .description = How a picture was made, if it says so
command-describe-image = image
    .description = The picture

button-remake = Make it again
parameters-file = 📋 This is too long for a message, so it is in the file.
described-gone = ⚠️ This is more than a week old and no longer stored. Please use /describe again.

command-jobs = jobs
    .description = What you have asked for here, and what became of it

button-refresh = Refresh
button-pick-up = Show the pictures
jobs-none = You have asked for nothing here in the last days. /imagine makes a picture.
jobs-choose = Choose one to see more
jobs-done = ✅ { $count ->
    [one] { $count } picture
   *[other] { $count } pictures
    }
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
use-strength = How much is painted anew
use-strength-of = { $percent } %
use-count = How many
use-pictures = { $count ->
    [one] { $count } picture
   *[other] { $count } pictures
    }
use-which = Which picture
use-none = ⚠️ This message has no picture.
use-embed = ⚠️ This picture is only shown here, it doesn't lie at Discord. Save it and attach it to /imagine as “image”.
use-too-late = ⚠️ This form was open for more than a day, and Discord no longer hands out the picture under that address. Please choose “Use this picture” again.

queue-depth = **{ $waiting }** waiting, **{ $running }** running
queue-yours = Yours:
queue-none-of-yours = None of them is yours.
queue-more-of-yours = … and { $count } more of yours
queue-no-gpus = No GPU is online right now.
queue-gpus = { $count ->
    [one] { $count } GPU
   *[other] { $count } GPUs
    }:{" "}
