command-imagine-when = wann
    .description = Später machen, wenn die GPUs frei sind: in 2 Std, 22:00, morgen 8:00
command-settings-timezone = zeitzone
    .description = Deine Zeitzone, für „wann: 22:00“
command-settings-timezone-zone = zone
    .description = Die nächste große Stadt, etwa Europe/Berlin

waiting-scheduled = 🌙 Geplant für { $time } ({ $relative }). Bilder, die sofort gewünscht sind, gehen vor.
jobs-state-scheduled = geplant
settings-timezone = **Deine Zeitzone:** { $zone }, dort ist es jetzt { $clock }
settings-no-timezone = **Deine Zeitzone:** nicht gesetzt; /{ command-settings } { command-settings-timezone } setzt sie

refusal-when-unreadable = „{ $given }“ verstehe ich nicht als Zeit. Bitte zum Beispiel „in 2 Std“, „22:00“, „morgen 8:00“ oder „2026-12-24 18:00“ schreiben.
refusal-when-past = „{ $given }“ ist schon vorbei: bitte eine spätere Zeit wählen.
refusal-when-far = „{ $given }“ ist mehr als { $most } Tage hin: bitte eine frühere Zeit wählen.
refusal-when-left-out = „{ $given }“ gibt es an diesem Tag in deiner Zeitzone nicht, weil die Uhren vorgestellt werden: bitte { $later } wählen.
refusal-when-no-zone = Ich kenne deine Zeitzone nicht und weiß daher nicht, wann „{ $given }“ bei dir ist: bitte einmal mit /{ command-settings } { command-settings-timezone } setzen oder zum Beispiel „in 2 Std“ schreiben.
refusal-no-time-zone = „{ $given }“ ist keine Zeitzone: bitte eine aus der Liste wählen, etwa Europe/Berlin.
