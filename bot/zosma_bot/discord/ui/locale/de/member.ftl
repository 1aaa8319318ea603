command-compare = vergleichen
    .description = Ein Prompt mit mehreren Checkpoints, Samplern oder Guidance-Werten, nebeneinander
command-compare-prompt = prompt
    .description = { command-imagine-prompt.description }
command-compare-by = wonach
    .description = Welche Einstellung sich von Bild zu Bild unterscheidet
command-compare-first = erster
    .description = Ihr erster Wert: ein Checkpoint, ein Sampler oder eine Zahl für Guidance
command-compare-second = zweiter
    .description = Ihr zweiter Wert
command-compare-third = dritter
    .description = Ihr dritter Wert
command-compare-fourth = vierter
    .description = Ihr vierter Wert
command-compare-negative = negativ
    .description = { command-imagine-negative.description }
command-compare-checkpoint = checkpoint
    .description = Der Checkpoint für alle, wenn nicht Checkpoints verglichen werden
command-compare-size = größe
    .description = Die Größe jedes Bildes
command-compare-steps = schritte
    .description = Wie viele Schritte
command-compare-seed = seed
    .description = Der Seed für alle; ohne Angabe zufällig
command-compare-private = privat
    .description = Nur du siehst es
compare-checkpoint = Checkpoint
compare-sampler = Sampler
compare-guidance = Guidance

command-upscale = vergrößern
    .description = Ein Bild größer machen, ohne etwas neu zu malen
command-upscale-image = bild
    .description = Das Bild
command-upscale-scale = faktor
    .description = Wie viele Male so groß; ohne Angabe 2
command-upscale-upscaler = upscaler
    .description = Womit; ohne Angabe mit dem besten, den es gibt
command-upscale-private = privat
    .description = Nur du siehst es

command-describe = beschreiben
    .description = Wie ein Bild entstand, oder in Worten, was darauf zu sehen ist
command-describe-image = bild
    .description = Das Bild

button-remake = Genau so noch einmal
described-none = ⚠️ Dieses Bild sagt nicht, wie es entstand, und keine GPU hier kann es in Worte fassen.
described-words = 👁️ Was ein Modell auf einer GPU darin sieht:
button-imagine-words = Ein Bild aus diesen Worten machen
parameters-file = 📋 Das ist zu lang für eine Nachricht, deshalb steht es in der Datei.
described-gone = ⚠️ Das ist mehr als eine Woche her und nicht mehr gespeichert. Bitte noch einmal /{ command-describe } benutzen.

command-jobs = aufträge
    .description = Was du hier bestellt hast und was daraus geworden ist

button-refresh = Neu laden
button-pick-up = Bilder zeigen
jobs-none = In den letzten Tagen hast du hier nichts bestellt. /{ command-imagine } macht ein Bild.
jobs-page = Seite { $page }
jobs-choose = Einen Auftrag genauer ansehen
jobs-done = ✅ { $count ->
    [one] { $count } Bild
   *[other] { $count } Bilder
    }
jobs-described = ✅ Fertig: in Worte gefasst
jobs-uncollected = 📥 { $count ->
    [one] { $count } Bild wartet
   *[other] { $count } Bilder warten
    } hier auf dich: Discord ließ mich es nirgends sonst zeigen
jobs-failed = ⚠️ Gescheitert
jobs-cancelled = ✋ Abgebrochen
jobs-unreadable = ein Auftrag, der sich nicht lesen lässt
jobs-state-waiting = in der Schlange
jobs-state-delayed = wird noch einmal versucht
jobs-state-running = in Arbeit
jobs-state-done = fertig
jobs-state-failed = gescheitert
jobs-state-cancelled = abgebrochen
jobs-asked = bestellt { $time }
jobs-link = [Zur Nachricht]({ $link })
jobs-forgotten = ⚠️ Dieser Auftrag ist nicht mehr gespeichert.
jobs-pictures-gone = ⚠️ Die Bilder dieses Auftrags sind nicht mehr gespeichert. „Bearbeiten“ macht auf die gleiche Weise neue.

command-use-this-picture = Dieses Bild benutzen
use-title = Neue Bilder aus diesem
use-strength = Wie viel neu gemalt wird
use-strength-of = { $percent } %
use-count = Wie viele
use-pictures = { $count ->
    [one] { $count } Bild
   *[other] { $count } Bilder
    }
use-which = Welches Bild
use-left-out = Gibt es hier nicht: { $names }
use-none = ⚠️ Diese Nachricht hat kein Bild.
use-embed = ⚠️ Dieses Bild wird hier nur gezeigt und liegt nicht bei Discord. Bitte speichern und bei /{ command-imagine } als „{ command-imagine-image }“ anhängen.
use-too-late = ⚠️ Dieses Formular war mehr als einen Tag offen, und Discord gibt das Bild unter dieser Adresse nicht mehr heraus. Bitte noch einmal „Dieses Bild benutzen“ wählen.

queue-depth = **{ $waiting }** { $waiting ->
    [one] wartet
   *[other] warten
    }, **{ $running }** in Arbeit
queue-yours = Deine:
queue-none-of-yours = Von dir wartet und läuft gerade nichts.
queue-more-of-yours = … und { $count } weitere von dir
queue-no-gpus = Gerade ist keine GPU da.
queue-last-gpu = Gerade ist keine GPU da; die letzte war { $time } da.
queue-gpus = { $count ->
    [one] { $count } GPU
   *[other] { $count } GPUs
    }:{" "}

command-settings = einstellungen
    .description = Deine eigenen Vorgaben und Vorlagen
command-settings-show = zeigen
    .description = Deine Einstellungen und Vorlagen
command-settings-private = privat
    .description = Ob nur du deine Bilder siehst, wenn du nichts anderes sagst
command-settings-private-on = an
    .description = Ja: nur du
command-settings-reset = vergessen
    .description = Deine Vorgaben vergessen
command-settings-reset-what = was
    .description = Welche; ohne Angabe alle
command-settings-remove = löschen
    .description = Eine deiner Vorlagen löschen
command-settings-remove-name = name
    .description = Welche Vorlage
command-settings-share = teilen
    .description = Alle auf diesem Server eine deiner Vorlagen benutzen lassen
command-settings-share-name = name
    .description = Welche Vorlage
command-settings-unshare = nicht-teilen
    .description = Eine geteilte Vorlage wieder wegnehmen
command-settings-unshare-name = name
    .description = Welche Vorlage
command-settings-defaults = vorgaben
    .description = Was /{ command-imagine } nimmt, wenn du es nicht sagst
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
command-settings-save = speichern
    .description = Worte und Einstellungen als Vorlage behalten, für „stil“ bei /{ command-imagine }
command-settings-save-name = name
    .description = Wie sie heißen soll
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

option-size = Größe
settings-none = nichts
settings-defaults = **Deine Vorgaben:** { $values }
settings-private-on = **Deine Bilder:** Nur du siehst sie, wenn du nichts anderes sagst
settings-private-off = **Deine Bilder:** Alle hier sehen sie, wenn du nichts anderes sagst
settings-presets = **Deine Vorlagen:** { $names }
settings-shared = **Vorlagen dieses Servers:** { $names }
settings-nothing-given = ⚠️ Es war nichts angegeben: Bitte mindestens eine Option wählen.
preset-saved = 💾 **{ $name }** ist gespeichert: { $values }
preset-removed = 🗑️ **{ $name }** ist gelöscht. Wo du sie geteilt hast, bleibt sie, bis du sie mit „/{ command-settings } { command-settings-unshare }“ wegnimmst.
preset-shared = 🤝 Alle auf diesem Server können jetzt **{ $name }** benutzen.
preset-unshared = 🗑️ **{ $name }** ist hier nicht mehr geteilt.
refusal-no-preset = eine Vorlage „{ $name }“ gibt es nicht.
refusal-preset-not-yours = jemand anderes hat hier eine Vorlage „{ $name }“ geteilt; nur er und die Moderation können sie ändern.
refusal-presets-full = es sind schon { $most } Vorlagen: Bitte erst eine löschen.
refusal-preset-name = eine Vorlage braucht einen Namen mit 1 bis { $most } Zeichen.

command-styles = stile
    .description = Was du hier als Stil wählen kannst und was dahinter steht
command-styles-name = name
    .description = Diesen ganz zeigen

styles-yours = **Deine Vorlagen:** { $names }
styles-shared = **Vorlagen dieses Servers:** { $names }
styles-webui = **Stile der WebUIs:** { $names }
styles-more = … und { $count } weitere: Teil des Namens tippen
styles-one = 🎨 **{ $name }**
refusal-no-style = einen Stil oder eine Vorlage „{ $name }“ gibt es hier nicht.

command-privacy = datenschutz
    .description = Was von dir gespeichert ist: ansehen, mitnehmen, löschen
command-privacy-show = zeigen
    .description = Was gespeichert wird und wie lange
command-privacy-export = mitnehmen
    .description = Alles, was von dir gespeichert ist, als Datei
command-privacy-erase = löschen
    .description = Alles über dich vergessen

privacy-shown =
    {"**"}Was von dir gespeichert wird und wie lange**
    • Was du bestellst (Worte, Einstellungen, Seeds), wann, und was daraus wurde: höchstens { $job_days } Tage nach dem Ende.
    • Die Bilder: höchstens { $picture_hours } Stunden, meist { $shown_minutes } Minuten, nachdem sie gezeigt wurden. In Discord bleiben sie, bis ihre Nachricht gelöscht wird.
    • Ein Bild, von dem du ausgehst: { $input_hours } Stunden, oder bis der Auftrag zu Ende ist; wenn nichts daraus wird, { $unused_minutes } Minuten.
    • Wohin die Antwort geht (Kanal, Nachricht, deine Discord-Kennung, Sprache): höchstens { $job_days } Tage.
    • Was /{ command-describe } aus einem Bild gelesen hat: { $recipe_days } Tage. Ein Formular von „Dieses Bild benutzen“ oder ein Menü von „Mehr …“: { $form_hours } Stunden. Eine Maske, die du auf einer Seite malst, mit einer kleinen Kopie des Bildes: { $mask_hours } Stunden.
    • Deine Einstellungen und Vorlagen: bis du sie änderst oder löschst. Was du mit einem Server teilst: bis es weggenommen wird.
    • Wie viel du an einem Tag gemacht hast, für /{ command-me }: { $made_days } Tage.
    • Wie viel GPU-Zeit du heute verbraucht hast: zwei Tage, für Grenzwerte. Löschen nimmt das nicht zurück.
    • Wenn du ein Bild meldest oder die Warteschlange verwaltest: deine Discord-Kennung, was du getan hast und wann, ohne Worte aus Prompts, unter den neuesten Einträgen (etwa 10.000).
    Prompts stehen in keinem Protokoll. Die GPUs erfahren, was zu machen ist, nicht für wen.
    Nachrichten und Bilder in Discord speichert Discord.
    „/{ command-privacy } { command-privacy-export }“ gibt dir alles, „/{ command-privacy } { command-privacy-erase }“ vergisst es.
privacy-exported = 📦 Das ist von dir gespeichert, auf diesem Server und aus Direktnachrichten mit mir. Auf anderen Servern bitte den Befehl dort benutzen.
privacy-too-large = ⚠️ Die Datei ist hier zu groß für Discord. Bitte frag den danach, der diesen Bot betreibt.
privacy-ask =
    🧹 Alles löschen, was von dir gespeichert ist? Das ist, was du **auf diesem Server und in Direktnachrichten mit mir** bestellt hast, mit den Bildern, deine Einstellungen und deine Vorlagen, auch die hier geteilten. Was wartet oder läuft, wird abgebrochen, und Nachrichten werden gelöscht, wo Discord mich lässt. Das lässt sich nicht rückgängig machen.
    Meldungen von dir oder über dich bleiben bei der Moderation, bis sie dort gelöscht werden.
    Was du auf anderen Servern bestellt hast, bleibt: Bitte den Befehl auch dort benutzen.
privacy-erase-button = Alles löschen
privacy-keep-button = Behalten
privacy-kept = Es wurde nichts gelöscht.
privacy-erasing = 🧹 Wird gelöscht …
privacy-erased =
    🧹 Gelöscht: { $jobs ->
        [one] { $jobs } Auftrag
       *[other] { $jobs } Aufträge
    } ({ $cancelled } davon abgebrochen), { $pictures ->
        [one] { $pictures } gespeichertes Bild
       *[other] { $pictures } gespeicherte Bilder
    }, deine Einstellungen und Vorlagen. { $messages ->
        [one] { $messages } Nachricht wurde gelöscht.
       *[other] { $messages } Nachrichten wurden gelöscht.
    }
privacy-left = { $left ->
        [one] ⚠️ { $left } Nachricht ließ sich nicht löschen, weil Discord mich dort nicht lässt. Du oder die Moderation kann es.
       *[other] ⚠️ { $left } Nachrichten ließen sich nicht löschen, weil Discord mich dort nicht lässt. Du oder die Moderation kann es.
    }
privacy-stays-audit = • Im Protokoll der Verwaltung steht deine Discord-ID noch in { $acts ->
        [one] { $acts } Eintrag
       *[other] { $acts } Einträgen
    }, der älteste vom { $since }: Was verwaltet wurde, muss nachvollziehbar bleiben. Sie verschwinden nach etwa 10.000 neueren Einträgen.
privacy-stays-counted = • Deine verbrauchte GPU-Zeit und deine Wartezeit zählen für deine Grenzen noch bis { $until }.
privacy-stays-elsewhere = • { $jobs ->
        [one] { $jobs } Auftrag bleibt, den du
       *[other] { $jobs } Aufträge bleiben, die du
    } { $servers ->
        [one] auf { $servers } anderen Server
       *[other] auf { $servers } anderen Servern
    } gegeben hast: bitte den Befehl auch dort benutzen. Von selbst werden sie höchstens 30 Tage nach ihrem Ende vergessen.
privacy-stays-limits = • Für deine Discord-ID sind eigene Grenzen eingestellt; sie bleiben, bis die Verwaltung sie aufhebt.
privacy-broke-off = ⚠️ Die Warteschlange ist gerade nicht erreichbar, deshalb wurde nicht alles gelöscht. Bitte in einer Minute noch einmal „/{ command-privacy } { command-privacy-erase }“ benutzen.
