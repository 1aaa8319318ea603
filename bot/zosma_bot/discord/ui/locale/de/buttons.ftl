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
button-vary-subtle = Variante
button-vary-subtle-short = V{ $number }
button-more = Mehr …
button-vary-strong = Starke Variante
    .hint = Bilder, die ihm nur noch ähneln
button-region = Einen Teil ändern
    .hint = Ein Teil wird neu gemalt: Du wählst ihn und sagst, was dort sein soll
button-zoom-out = Herauszoomen 1,5×
    .hint = Ringsum wird mehr gemalt
button-zoom-out-far = Herauszoomen 2×
    .hint = Ringsum wird viel mehr gemalt
button-pan-left = Nach links erweitern
button-pan-right = Nach rechts erweitern
button-pan-up = Nach oben erweitern
button-pan-down = Nach unten erweitern
button-square = Quadratisch machen
    .hint = Die kurzen Seiten werden erweitert
more-ask = Was soll damit geschehen?
more-choose = Auswählen
more-picture = Bild { $number }
menu-gone = ⚠️ Dieses Menü ist älter als einen Tag. Bitte noch einmal unter dem Bild auf „{ button-more }“ drücken.

credit = { $deed } von { $member } nach einem Bild von { $owner }
credit-own = { $deed } von { $member }
deed-again = Neuer Versuch
deed-variation = Variante
deed-upscale = Vergrößerung
deed-edit = Bearbeitung
deed-checkpoint = Fassung mit anderem Checkpoint
deed-region = Teilweise Änderung
deed-zoom = Erweiterung ringsum
deed-pan = Erweiterung
deed-square = Quadratische Fassung

button-unknown = ⚠️ Dieser Knopf stammt von einer anderen Version des Bots und geht nicht mehr. Bitte stattdessen einen Befehl benutzen, etwa /{ command-imagine }.
button-foreign = ⚠️ Dieser Knopf gehört zu etwas, das du hier nicht benutzen kannst.
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
send-explicit = ⚠️ Discord hält dieses Bild für anstößig und lässt es mich dir nicht als Direktnachricht schicken.
parameters-shown = 📋 Als Befehl:
parameters-like = 📋 Als Befehl, für ähnliche Bilder:
parameters-from-picture = ℹ️ Es entstand aus einem anderen Bild, deshalb macht es kein Befehl noch einmal.
parameters-again = „{ button-again }“ darunter kann es, einen Tag lang.
parameters-enlarged = ℹ️ Der Befehl macht das Bild, wie es vor dem Vergrößern war.
parameters-no-command = ℹ️ Als Befehl würde es abgelehnt: { $why }
parameters-none = ⚠️ Dieses Bild sagt nicht, wie es entstand.
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
