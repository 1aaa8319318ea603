command-help = hilfe
    .description = Wie man diesen Bot benutzt
command-help-topic = thema
    .description = Worüber du etwas wissen willst
command-me = ich
    .description = Was dir noch bleibt, wo du stehst und wie viel du gemacht hast
command-stats = statistik
    .description = Was dieser Server in den letzten 30 Tagen gemacht hat

help-topic-start = erste Schritte
help-topic-prompts = Prompts
help-topic-buttons = Knöpfe unter einem Bild
help-topic-presets = Voreinstellungen und Vorlagen
help-topic-later = später und nachts
help-topic-data = meine Daten
help-topic-admin = für Admins

help-start =
    {"**"}Ein Bild aus Worten:** `/{ command-imagine } { command-imagine-prompt }:ein Leuchtturm am Abend`
    {"**"}Aus einem anderen Bild:** die Option `{ command-imagine-image }`, oder eine Nachricht gedrückt halten (am Computer: Rechtsklick), dann Apps › { command-use-this-picture }
    {"**"}Größer:** `/{ command-upscale }` oder der Knopf unter einem Bild
    {"**"}Wie eins entstand:** `/{ command-describe }`
    {"**"}Wo deine Bilder sind:** `/{ command-queue }` zeigt die Schlange, `/{ command-jobs }` alle deine Aufträge, `/{ command-me }`, was dir noch bleibt
    {"**"}Nur du siehst es:** die Option `{ command-imagine-private }` oder `/{ command-settings } { command-settings-private }`

    Alles Weitere hat ein eigenes Thema: `/{ command-help } { command-help-topic }:`
help-prompts =
    {"**"}Größe:** eine aus der Liste, `768x512` oder eine Form wie `16:9`
    {"**"}Was es nicht zeigen soll:** die Option `{ command-imagine-negative }` oder `--no …` im Prompt
    {"**"}Betonen:** `(rot:1.3)` mehr, `(rot:0.7)` weniger
    {"**"}LoRA:** die Option `{ command-imagine-lora }` oder `<lora:name:0.8>` im Prompt
    {"**"}Auswahl:** `{"{"}rot|blau{"}"}` ist eins davon, für jedes Bild neu gelost; `{"{"}3::rot|blau{"}"}` rot dreimal so oft; `{"{"}2$$a|b|c{"}"}` zwei davon
    {"**"}Wortlisten:** `__farbe__` wird zu einem Wort aus der Liste „farbe“ dieses Servers, wenn er eine hat; `/{ command-wildcards }` zeigt alle
    {"**"}Kürzel:** `--ar 16:9`, `--seed 5`, `--steps 30`, `--n 4`, `--model …` sagen dasselbe wie die Optionen
    {"**"}Ohne Sonderbedeutung:** ein Rückstrich vor `{"{"}`, `__name__` oder `--wort` lässt es, wie du es geschrieben hast

    Gleiche Worte, gleicher Seed und gleiche Einstellungen ergeben wieder dasselbe Bild.
help-buttons =
    {"**"}U1 – U4:** dieses Bild, größer
    {"**"}V1 – V4:** andere, die ihm ähneln
    {"**"}{ button-again }:** neue aus denselben Worten
    {"**"}{ button-edit }:** erst Worte, Größe, Stil oder Checkpoint ändern
    {"**"}{ button-more }:** alles andere, für ein Bild oder für alle
    {"**"}{ button-cancel }:** solange es wartet oder gemacht wird; nur verbrauchte GPU-Zeit wird angerechnet

    Sie gehen, solange es die Nachricht gibt.
help-presets =
    {"**"}Deine Voreinstellungen:** `/{ command-settings } { command-settings-defaults }` ist, was `/{ command-imagine }` nimmt, wenn du eine Option weglässt
    {"**"}Vorlagen:** `/{ command-settings } { command-settings-save }` merkt sich Worte und Einstellungen unter einem Namen, den `/{ command-imagine } { command-imagine-style }:` nimmt; `{"{"}prompt{"}"}` in den Worten ist der Platz für deine
    {"**"}Für alle hier:** `/{ command-settings } { command-settings-share }`
    {"**"}Was es gibt:** `/{ command-styles }`
help-later =
    {"**"}Später:** `/{ command-imagine } { command-imagine-when }:` nimmt `in 2 Std`, `22:00`, `morgen 8:00`
    {"**"}Deine Uhr:** `/{ command-settings } { command-settings-timezone }`, einmal
    Bilder, die sofort gewünscht sind, gehen vor. `/{ command-jobs }` zeigt sie und bricht sie ab.
help-data =
    {"**"}Was behalten wird, und wie lange:** `/{ command-privacy } { command-privacy-show }`
    {"**"}Alles als Datei:** `/{ command-privacy } { command-privacy-export }`
    {"**"}Vergessen:** `/{ command-privacy } { command-privacy-erase }`
    {"**"}Etwas Schlimmes:** { button-more } › { button-report } unter einem Bild, oder seine Nachricht gedrückt halten, dann Apps
help-admin =
    {"**"}Schlange und GPUs:** `/admin { command-admin-overview }`, `{ command-admin-workers }`, `{ command-admin-pause }`, `{ command-admin-drain }`, `{ command-admin-quarantine }`
    {"**"}Aufträge:** `/admin { command-admin-cancel }`, `{ command-admin-bump }`, `{ command-admin-clear }`, `{ command-admin-failed }`, `{ command-admin-requeue }`
    {"**"}Wer, wo, was:** `/admin { command-admin-channels }`, `{ command-admin-roles }`, `{ command-admin-rules }`, `{ command-admin-words }`, `{ command-admin-checkpoints }`, `{ command-admin-limits }`
    {"**"}Wortlisten für Prompts:** `/admin { command-admin-wildcards }`
    {"**"}Was getan wurde:** `/admin { command-admin-audit }`

me-waiting = **Warten:** { $count }{ $most ->
        [0] {""}
       *[other] {" "}von { $most }
    }
me-running = **In Arbeit:** { $count }{ $most ->
        [0] {""}
       *[other] {" "}von { $most } zugleich
    }
me-gpu = **GPU-Zeit heute:** { $span }
me-gpu-of = **GPU-Zeit heute:** { $span } von { $most }; neu gezählt wird { $reset }
me-cooldown = **Dein nächstes** geht in { $span }
me-cooldown-none = **Dein nächstes** geht sofort
me-lane-relax = **Spur:** gemütlich; deine Bilder sind dran, solange auf der schnellen niemand wartet
made-nothing = **In den letzten 30 Tagen gemacht:** noch nichts
made-line = **In den letzten 30 Tagen gemacht:** { $pictures ->
        [one] { $pictures } Bild
       *[other] { $pictures } Bilder
    } in { $span } GPU-Zeit
made-checkpoints = **Am meisten benutzt:** { $names }
made-checkpoint = { $name } ({ $count })
stats-none = 📊 Hier wurde in den letzten 30 Tagen nichts gemacht.
stats-title = 📊 **Dieser Server**
stats-elsewhere = ⚠️ Bitte auf einem Server benutzen.
