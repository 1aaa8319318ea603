# Pictures that are to be made later, and time zones.

command-imagine-when = when
    .description = Make it later, when the GPUs are free: in 2 h, 22:00, tomorrow 8:00
command-settings-timezone = timezone
    .description = Your time zone, for “when: 22:00”
command-settings-timezone-zone = zone
    .description = The city nearest to you, like Europe/Berlin

waiting-scheduled = 🌙 Scheduled for { $time } ({ $relative }). Pictures that are wanted right away go first.
jobs-state-scheduled = scheduled
settings-timezone = **Your time zone:** { $zone }, where it is { $clock } now
settings-no-timezone = **Your time zone:** not set; /settings timezone sets it

refusal-when-unreadable = I don't understand “{ $given }” as a time. Write for example “in 2 h”, “22:00”, “tomorrow 8:00” or “2026-12-24 18:00”.
refusal-when-past = “{ $given }” has already passed: choose a later time.
refusal-when-far = “{ $given }” is more than { $most } days away: choose an earlier time.
refusal-when-left-out = At that date there is no “{ $given }” in your time zone, because the clocks go forward then: choose { $later }.
refusal-when-no-zone = I don't know your time zone, so I can't tell when “{ $given }” is for you: set it once with /settings timezone, or write for example “in 2 h”.
refusal-no-time-zone = “{ $given }” isn't a time zone: choose one of the list, like Europe/Berlin.
