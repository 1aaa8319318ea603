# /help, /me and /stats.

command-help = help
    .description = How this bot is used
command-help-topic = topic
    .description = What you want to know
command-me = me
    .description = What you have left, where you stand, and how much you made
command-stats = stats
    .description = What this server made in the last 30 days

help-topic-start = getting started
help-topic-prompts = prompts
help-topic-buttons = buttons under a picture
help-topic-presets = defaults and presets
help-topic-later = later and at night
help-topic-data = my data
help-topic-admin = for admins

help-start =
    {"**"}A picture from words:** `/imagine prompt:a lighthouse at dusk`
    {"**"}From another picture:** the option `image`, or press and hold a message (right click on a computer), then Apps › Use this picture
    {"**"}Larger:** `/upscale`, or the button under a picture
    {"**"}How one was made:** `/describe`
    {"**"}Where your pictures are:** `/queue` for the line, `/jobs` for all that you asked for, `/me` for what you have left
    {"**"}Only you see it:** the option `private`, or `/settings private`

    Everything else has a topic of its own: `/help topic:`
help-prompts =
    {"**"}Size:** one of the list, `768x512`, or a shape like `16:9`
    {"**"}What it must not show:** the option `negative`, or `--no …` in the prompt
    {"**"}Emphasis:** `(red:1.3)` more, `(red:0.7)` less
    {"**"}LoRA:** the option `lora`, or `<lora:name:0.8>` in the prompt
    {"**"}Alternatives:** `{"{"}red|blue{"}"}` is one of them, drawn for each picture; `{"{"}3::red|blue{"}"}` red three times as often; `{"{"}2$$a|b|c{"}"}` two of them
    {"**"}Word lists:** `__colour__` becomes a word from this server's list “colour”, if it has one; `/wildcards` shows all of them
    {"**"}Flags:** `--ar 16:9`, `--seed 5`, `--steps 30`, `--n 4`, `--model …` say the same as the options
    {"**"}No special meaning:** a backslash before `{"{"}`, `__name__` or `--word` leaves it as you wrote it

    The same words, seed and settings make the same picture again.
help-buttons =
    {"**"}U1 – U4:** that picture, larger
    {"**"}V1 – V4:** others that look like it
    {"**"}{ button-again }:** new ones from the same words
    {"**"}{ button-edit }:** change words, size, style or checkpoint first
    {"**"}{ button-more }:** everything else, for a picture or for all of them
    {"**"}{ button-cancel }:** while it waits or is being made; only GPU time that was used is charged

    They work for as long as the message exists.
help-presets =
    {"**"}Your defaults:** `/settings defaults` is what `/imagine` takes when you leave an option out
    {"**"}Presets:** `/settings save` keeps words and settings under a name, which `/imagine style:` takes; `{"{"}prompt{"}"}` in its words is where yours go
    {"**"}For everybody here:** `/settings share`
    {"**"}What there is:** `/styles`
help-later =
    {"**"}Later:** `/imagine when:` takes `in 2 h`, `22:00`, `tomorrow 8:00`
    {"**"}Your clock:** `/settings timezone`, once
    Pictures that are wanted right away go before these. `/jobs` lists and cancels them.
help-data =
    {"**"}What is kept, and for how long:** `/privacy show`
    {"**"}All of it as a file:** `/privacy export`
    {"**"}Forget it:** `/privacy erase`
    {"**"}Something bad:** { button-more } › { button-report } under a picture, or press and hold its message, then Apps
help-admin =
    {"**"}The line and the GPUs:** `/admin overview`, `workers`, `pause`, `drain`, `quarantine`
    {"**"}Jobs:** `/admin cancel`, `bump`, `clear`, `failed`, `requeue`
    {"**"}Who, where, what:** `/admin channels`, `roles`, `rules`, `words`, `checkpoints`, `limits`
    {"**"}Word lists for prompts:** `/admin wildcards`
    {"**"}What was done:** `/admin audit`

me-waiting = **Waiting:** { $count }{ $most ->
        [0] {""}
       *[other] {" "}of { $most }
    }
me-running = **Being made:** { $count }{ $most ->
        [0] {""}
       *[other] {" "}of { $most } at once
    }
me-gpu = **GPU time today:** { $span }
me-gpu-of = **GPU time today:** { $span } of { $most }; it resets { $reset }
me-cooldown = **Your next one** can be asked for in { $span }
me-cooldown-none = **Your next one** can be asked for at once
me-lane-relax = **Lane:** relax; your pictures are made while nobody in the fast lane waits
made-nothing = **Made in the last 30 days:** nothing yet
made-line = **Made in the last 30 days:** { $pictures ->
        [one] { $pictures } picture
       *[other] { $pictures } pictures
    } in { $span } of GPU time
made-checkpoints = **Most used:** { $names }
made-checkpoint = { $name } ({ $count })
stats-none = 📊 Nothing was made here in the last 30 days.
stats-title = 📊 **This server**
stats-elsewhere = ⚠️ Use this in a server.
