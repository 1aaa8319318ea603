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
