# Names and descriptions of commands and options, as Discord lists them: at most 100 characters each.
# English names stand in the code.

command-imagine = imagine
    .description = Make a picture from words
command-imagine-prompt = prompt
    .description = What the picture shows
command-imagine-negative = negative
    .description = What it must not show; - for nothing
command-imagine-size = size
    .description = Shape and size
command-imagine-width = width
    .description = Width in pixels, instead of a size
command-imagine-height = height
    .description = Height in pixels, instead of a size
command-imagine-count = count
    .description = How many pictures
command-imagine-checkpoint = checkpoint
    .description = The model; without one, the GPU takes what it has loaded
command-imagine-style = style
    .description = A preset of yours or of this server, or one of the WebUI's styles; - for none
command-imagine-lora = lora
    .description = LoRAs to add, as name or name:0.8, with commas between
command-imagine-workflow = workflow
    .description = A workflow that was made for this bot, with options if it has any: ink paper=smooth
command-imagine-sampler = sampler
    .description = The sampling method
command-imagine-scheduler = scheduler
    .description = How the steps are spaced
command-imagine-steps = steps
    .description = More steps take longer and show more detail
command-imagine-guidance = guidance
    .description = How closely the picture follows the prompt
command-imagine-seed = seed
    .description = The same seed and settings make the same picture again
command-imagine-hires = hires
    .description = Make it this many times as large in a second pass, with more detail; 1 for none
command-imagine-image = image
    .description = A picture to start from
command-imagine-strength = strength
    .description = How much of that picture is repainted: 0 nothing, 1 everything
command-imagine-private = private
    .description = Only you see it

command-queue = queue
    .description = Where your pictures stand in the queue, and how the GPUs are doing

option-guidance = guidance
option-negative = negative
option-image = image
option-strength = strength
option-scale = scale
option-upscaler = upscaler
option-hires = hires
option-style = style
option-prompt = prompt
option-workflow = workflow
option-checkpoint = checkpoint
option-sampler = sampler
option-scheduler = scheduler
option-steps = steps
option-seed = seed
option-width = width
option-height = height
option-count = count
