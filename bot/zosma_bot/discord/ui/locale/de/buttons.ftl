button-cancel = Abbrechen
button-try-again = Noch einmal versuchen
button-again = Noch einmal
button-edit = Bearbeiten
button-missing = { $count ->
    [one] Bild { $first } machen
   *[other] Bilder { $first }–{ $last } machen
    }
button-checkpoint = Anderer Checkpoint
button-parameters = Parameter
button-send = Mir schicken
button-report = Melden
button-delete = Löschen
button-upscale = Vergrößern
button-upscale-short = U{ $number }
button-vary-subtle = Variante (leicht)
button-vary-subtle-short = V{ $number }
button-vary-strong = Variante (stark)
button-vary-strong-short = V{ $number }+

button-unknown = ⚠️ Dieser Knopf stammt von einer Version des Bots, die mehr konnte als diese. Bitte den Befehl benutzen.
button-foreign = ⚠️ Das gehört zu nichts, was du hier benutzen kannst.
button-not-yours = ⚠️ Diesen Knopf können hier nur { $member } und die Moderation benutzen. Ein eigenes Bild gibt es mit /{ command-imagine }.
recipe-gone = ⚠️ Wie das entstand, ist nicht mehr gespeichert, und die Nachricht hat kein Bild, das es sagt. Bitte /{ command-imagine } benutzen.
cancel-asked = ✋ Es wird angehalten.
cancel-done = ✋ Abgebrochen.
cancel-ended = ⚠️ Das ist schon zu Ende, es gibt nichts abzubrechen.
cancel-gone = ⚠️ Die Warteschlange kennt diesen Auftrag nicht mehr, es gibt nichts abzubrechen.
deleted = 🗑️ Gelöscht.
deleted-before = ⚠️ Diese Nachricht ist schon weg.
delete-refused = ⚠️ Discord lässt mich diese Nachricht nicht löschen. Die Moderation kann es.
sent-privately = 📨 Dir als Direktnachricht geschickt.
send-refused = ⚠️ Ich kann dir keine Direktnachricht schicken. Bitte in den Datenschutz-Einstellungen des Servers erlauben und noch einmal drücken.
parameters-shown = 📋 Als Befehl:
parameters-text = Als Text:
checkpoint-ask = 🧩 Mit welchem Checkpoint?
checkpoint-none = ⚠️ Gerade ist kein anderer Checkpoint da.
edit-title = Bearbeiten und neu machen
edit-prompt = Prompt
edit-negative = Negativer Prompt
edit-checkpoint = Checkpoint
edit-style = Stil
edit-size = Größe
edit-as-it-is = wie es ist
edit-same-checkpoint = derselbe: { $checkpoint }
edit-any-checkpoint = was eine GPU geladen hat
edit-same-size = dieselbe: { $size }
report-title = Dieses Bild melden
report-why = Was stimmt damit nicht?
report-thanks = 🚩 Danke. Die Moderation weiß Bescheid.
report-nowhere = 🚩 Danke. Es ist für die Verwaltung vermerkt; einen Kanal für Meldungen hat sie nicht eingerichtet.
report-head = 🚩 { $member } meldet ein Bild von { $owner }: { $link }
report-because = > { $why }
report-delete = Bild löschen
report-dismiss = Verwerfen
report-dismissed = ✅ Verworfen von { $member }.
report-deleted = 🗑️ Gelöscht von { $member }.

loaded-now = schon geladen
load-time = etwa { $span } Ladezeit
on-workers = { $count ->
    [one] { $count } Worker
   *[other] { $count } Worker
    }

rule-channels = ⚠️ Bilder gibt es hier in { $channels }.
rule-roles = ⚠️ Bilder gibt es hier nur für Mitglieder mit einer dieser Rollen: { $roles }
door-server = ⚠️ Dieser Server gehört nicht zu denen, für die dieser Bot arbeitet.
door-off = ⚠️ In Direktnachrichten nimmt dieser Bot nichts an. Bitte auf einem Server fragen, auf dem er ist.
door-members = ⚠️ In Direktnachrichten arbeitet dieser Bot nur für Mitglieder seiner eigenen Server, und du bist auf keinem davon.
rule-age = ⚠️ Bilder gibt es hier nur in Kanälen mit Altersbeschränkung.

shape-square = Quadrat
shape-portrait = Hochformat
shape-landscape = Querformat
shape-wide = breit
shape-tall = hoch
