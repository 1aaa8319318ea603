refusal-unknown-tag = { $field } enthält { $given }, was ohne ein Wort aus dem Bild wegfiele. Ein LoRA schreibt man <lora:name:0.8>.

refusal-flag-unknown = { $flag } gibt es hier nicht. Möglich sind: { $known }. Soll es so im Prompt stehen, setze einen Rückstrich davor: \{ $flag }
refusal-flag-foreign = { $flag } gehört zu Midjourney und bedeutet hier nichts: bitte weglassen.
refusal-flag-empty = Hinter { $flag } fehlt ein Wert.
refusal-flag-value = { $flag } ist „{ $given }“: es muss eine Zahl sein.
refusal-flag-bounds = { $flag } ist { $given }: möglich ist { $low } bis { $high }.
refusal-flag-twice = { $flag } sagt noch einmal, was schon angegeben ist: bitte eins von beiden weglassen.
refusal-flag-not-here = { $flag } geht hier nicht: das Bild behält Größe und Stile. Bitte weglassen.
parameters-drawn = ℹ️ Die Worte jedes Bilds werden aus Listen dieses Servers gelost: hat sich eine davon geändert, kommen andere heraus.
refusal-flag-and-option = { $field } ist zweimal angegeben, als Option und im Prompt: bitte eins von beiden weglassen.

refusal-no-size = „{ $given }“ ist keine Größe: bitte eine aus der Liste wählen oder 768x512 oder 16:9 schreiben.
refusal-size-bounds = { $field } ist { $given }: jede Seite muss { $low } bis { $high } Pixel haben.
refusal-aspect-bounds = Bei dieser { $field } wäre eine Seite kürzer als { $low } oder länger als { $high } Pixel: bitte eine andere wählen.

refusal-open-brace = Im { $field } fehlt zur Klammer in „{ $given }“ die zweite. Soll sie so im Prompt stehen, setze einen Rückstrich davor: \\{"{"}
refusal-too-many-alternatives = { $field } hat { $given } Möglichkeiten zur Auswahl, höchstens { $most } gehen. Mehr gehören in eine Liste, die Admins dieses Servers anlegen können.
refusal-nested-too-deep = { $field } hat mehr als { $most } Auswahlen ineinander: bitte einfacher schreiben.
refusal-drawn-too-long = { $field } wird länger als { $most } Zeichen, sobald daraus gelost ist: bitte kürzen.
refusal-wildcard-loop = Wortlisten dürfen nicht zu sich selbst zurückführen: { $way }
refusal-wildcard-unknown = Eine Liste \_\_{ $given }\_\_ gibt es hier nicht. Es gibt: { $there }. Alle zeigt /{ command-wildcards }. Soll es so im Prompt stehen, setze einen Rückstrich davor: \\\_\_{ $given }\_\_
refusal-wildcard-none = Eine Liste \_\_{ $given }\_\_ gibt es hier nicht, und auch keine andere. Admins dieses Servers können welche anlegen. Soll es so im Prompt stehen, setze einen Rückstrich davor: \\\_\_{ $given }\_\_

command-wildcards = wortlisten
    .description = Die Wortlisten dieses Servers: __name__ im Prompt wird zu einem Wort daraus
command-wildcards-name = name
    .description = Diese ganz zeigen
wildcards-none = Hier gibt es noch keine Listen. Admins dieses Servers legen sie mit /admin { command-admin-wildcards } { command-admin-wildcards-set } an.
wildcards-listed =
    {"**"}Listen dieses Servers.** Im Prompt steht { $example } für einen ihrer Einträge, für jedes Bild neu gelost.
    { $names }
wildcards-named = `__{ $name }__` ({ $count })
wildcards-one = 🎲 **{ $name }**, { $count ->
        [one] { $count } Eintrag
       *[other] { $count } Einträge
    }

command-admin-wildcards = wortlisten
    .description = Wortlisten für Prompts: __name__
command-admin-wildcards-set = setzen
    .description = Eine Liste anlegen oder durch eine andere ersetzen
command-admin-wildcards-set-name = name
    .description = Was zwischen den Unterstrichen steht: farbe für __farbe__
command-admin-wildcards-set-entries = einträge
    .description = Ihre Einträge, mit | dazwischen
command-admin-wildcards-set-file = datei
    .description = Eine Textdatei, ein Eintrag je Zeile
command-admin-wildcards-remove = entfernen
    .description = Eine Liste löschen
command-admin-wildcards-remove-name = name
    .description = Welche
option-entries = Einträge
option-name = Name
option-file = Datei
admin-wildcard-set = 🎲 `__{ $name }__` hat jetzt { $count ->
        [one] { $count } Eintrag
       *[other] { $count } Einträge
    }.
admin-wildcard-removed = 🗑️ `__{ $name }__` ist gelöscht. Prompts, die daraus losen, werden ab jetzt abgelehnt.
refusal-wildcard-name = „{ $given }“ kann keine Liste heißen: Buchstaben, Ziffern, - und /, höchstens { $most } Zeichen.
refusal-wildcard-empty = { $field } fehlen: bitte welche mit | dazwischen angeben oder eine Textdatei mit einem je Zeile.
refusal-wildcard-both = { $field } sind zweimal da, als Wörter und als Datei: bitte eins von beiden weglassen.
refusal-wildcard-many = Die Liste hat { $given } Einträge, höchstens { $most } sind möglich.
refusal-wildcard-long = Der Eintrag „{ $given }“ ist länger als { $most } Zeichen: bitte kürzen.
refusal-wildcard-file = Die Datei ist nicht lesbar: bitte eine Textdatei (UTF-8) mit höchstens { $most } Bytes schicken.
refusal-wildcards-full = Es gibt schon { $most } Listen: bitte zuerst eine löschen.
