command-admin = admin
    .description = Warteschlange, GPUs und Regeln dieses Servers ansehen und steuern
command-admin-overview = überblick
    .description = Wie voll die Schlange ist, nach Spur, Checkpoint, Mitglied und Worker; was angehalten ist
command-admin-workers = worker
    .description = Jeder Worker: Zustand, WebUI, Checkpoint, Auftrag und warum er keinen annimmt
command-admin-failed = gescheitert
    .description = Endgültig gescheiterte Aufträge und warum
command-admin-audit = protokoll
    .description = Was Admins getan haben
command-admin-pause = anhalten
    .description = Keine Aufträge mehr vergeben, ganz oder zum Teil; laufende werden noch fertig
command-admin-pause-scope = was
    .description = Was angehalten wird
command-admin-pause-why = grund
    .description = Grund; Mitglieder lesen ihn
command-admin-resume = fortsetzen
    .description = Mit Angehaltenem weitermachen
command-admin-resume-scope = was
    .description = Womit
command-admin-drain = leerlaufen
    .description = Einen Worker oder Checkpoint leerlaufen lassen
command-admin-drain-scope = was
    .description = Worker oder Checkpoint
command-admin-quarantine = quarantäne
    .description = Einem Worker keine Aufträge mehr geben, weil du ihm nicht traust
command-admin-quarantine-worker = worker
    .description = Welchem
command-admin-release = freigeben
    .description = Einem Worker wieder trauen; ein kranker wird sofort geprüft
command-admin-release-worker = worker
    .description = Welchem
command-admin-bump = vorziehen
    .description = Einen wartenden Auftrag vor alle anderen setzen
command-admin-bump-job = auftrag
    .description = Seine Kennung
command-admin-cancel = abbrechen
    .description = Einen wartenden oder laufenden Auftrag abbrechen
command-admin-cancel-job = auftrag
    .description = Seine Kennung
command-admin-clear = räumen
    .description = Alle Aufträge eines Mitglieds dieses Servers abbrechen
command-admin-clear-member = mitglied
    .description = Wessen
command-admin-requeue = neu-einreihen
    .description = Gescheiterten Aufträgen ein neues Leben geben
command-admin-requeue-job = auftrag
    .description = Seine Kennung, oder alle

scope-queue = die ganze Schlange
scope-lane = Spur { $name }
scope-checkpoint = Checkpoint { $name }
scope-worker = Worker { $name }
lane-fast = schnell
lane-relax = gemütlich
state-waiting = wartet
state-delayed = verschoben
state-running = läuft
state-done = fertig
state-failed = gescheitert
state-cancelled = abgebrochen
why-quarantine = Quarantäne
why-drain = läuft leer

admin-lanes = Spuren
admin-checkpoints = Checkpoints
admin-members = Mitglieder
admin-workers = Worker
admin-any-checkpoint = beliebiger Checkpoint
admin-all = alle
admin-counts = { $name }: **{ $waiting }** { $waiting ->
    [one] wartet
   *[other] warten
    }, **{ $running }** in Arbeit
admin-more = … und { $count } weitere
admin-pause-line = ⏸️ { $scope }: angehalten von { $who } { $since }
admin-sick = 🤒 von selbst in Quarantäne; `/{ command-admin } { command-admin-release }` lässt ihn sofort prüfen
admin-failed-line = { $id } { $who } { $when }: { $reason }
admin-failed-none = Kein Auftrag ist gescheitert.
admin-audit-line = { $when } { $who } **{ $act }** { $target }
audit-here = dieser Server
admin-audit-none = Noch ist nichts getan worden.

act-pause = hielt an:
act-drain = ließ leerlaufen:
act-quarantine = setzte in Quarantäne:
act-resume = setzte fort:
act-try = ließ prüfen:
act-bump = zog vor:
act-cancel = brach ab:
act-clear = räumte:
act-retry = reihte neu ein:
act-purge = vergaß:
act-limits = setzte Grenzen:
act-report = meldete:
act-report-delete = löschte eine gemeldete Nachricht:
act-report-dismiss = verwarf eine Meldung:
act-pictures = holte die Bilder von
act-rules = setzte Regeln:

moderators-only = ⚠️ Das dürfen nur Moderatoren (Recht „Nachrichten verwalten“ oder „Server verwalten“).
admin-yes = Ja, ausführen
admin-no = Nein
admin-left = 👌 Es ist nichts geschehen.
admin-too-late = ⚠️ Diese Frage ist nicht mehr offen: Sie wurde beantwortet oder ist älter als 15 Minuten. Bitte den Befehl noch einmal geben.
admin-not-asked = ⚠️ Das kann nur beantworten, wer gefragt wurde.
admin-unsure = ⚠️ Die Warteschlange antwortete mittendrin nicht mehr. Bitte mit /{ command-admin } { command-admin-overview } nachsehen, ob es geschehen ist, und den Befehl sonst noch einmal geben.
ask-pause-queue = ⏸️ **Die ganze Schlange anhalten?** Kein Worker bekommt mehr einen Auftrag, auf keinem Server, bis `/{ command-admin } { command-admin-resume }`. { $waiting ->
    [one] { $waiting } Auftrag wartet und behält
   *[other] { $waiting } Aufträge warten und behalten
    } den Platz; { $running ->
    [0] gerade läuft dort nichts.
    [one] { $running } laufender wird noch fertig.
   *[other] { $running } laufende werden noch fertig.
    }
ask-drain = 🚰 **{ $scope } leerlaufen lassen?** Dort werden keine Aufträge mehr vergeben bis `/{ command-admin } { command-admin-resume }`; { $running ->
    [0] gerade läuft dort nichts.
    [one] { $running } laufender wird noch fertig.
   *[other] { $running } laufende werden noch fertig.
    }
ask-quarantine = 🤒 **{ $scope } in Quarantäne schicken?** Er bekommt keine Aufträge mehr bis `/{ command-admin } { command-admin-release }`; { $running ->
    [0] gerade läuft dort nichts.
    [one] { $running } laufender wird noch fertig.
   *[other] { $running } laufende werden noch fertig.
    }
ask-clear = 🧹 **Alle Aufträge von { $member } auf diesem Server abbrechen?** In der Schlange: { $waiting }, in Arbeit: { $running }, dazu die, die später noch einmal versucht werden. Das lässt sich nicht rückgängig machen.
ask-requeue-fleet = 🔁 **{ $count ->
    [one] Dem { $count } gescheiterten Auftrag
   *[other] Allen { $count } gescheiterten Aufträgen
    } ein neues Leben geben?** Das sind die Aufträge aller Server. Jeder wird von vorn versucht.
ask-requeue-server = 🔁 **{ $count ->
    [one] Dem { $count } gescheiterten Auftrag
   *[other] Allen { $count } gescheiterten Aufträgen
    } dieses Servers ein neues Leben geben?** Jeder wird von vorn versucht.

admin-paused = ⏸️ { $scope }: angehalten. { $running ->
    [0] Dort läuft nichts.
    [one] { $running } Auftrag läuft dort noch und wird fertig.
   *[other] { $running } Aufträge laufen dort noch und werden fertig.
    } Weiter geht es mit `/{ command-admin } { command-admin-resume }`.
admin-resumed = ▶️ { $scope }: Es geht weiter.
admin-draining = 🚰 { $scope }: bekommt keine Aufträge mehr. { $running ->
    [one] { $running } Auftrag läuft dort noch und wird fertig.
   *[other] { $running } Aufträge laufen dort noch und werden fertig.
    } Weiter geht es mit `/{ command-admin } { command-admin-resume }`.
admin-drained = 🚰 { $scope }: leergelaufen. Dort läuft nichts, und bis `/{ command-admin } { command-admin-resume }` kommt nichts dazu.
admin-quarantined = 🤒 { $scope }: in Quarantäne bis `/{ command-admin } { command-admin-release }`.
admin-released = ▶️ { $scope } nimmt wieder Aufträge an.
admin-tried-now = ▶️ { $scope }: nicht (mehr) von einem Admin angehalten, und die WebUI wird sofort geprüft; geht das gut, nimmt er wieder Aufträge an.
admin-bumped = ⏫ Auftrag `{ $id }` ist als Nächster dran.
admin-cancelled = ✋ Auftrag `{ $id }` ist abgebrochen.
admin-cancelling = ✋ Auftrag `{ $id }` wird beendet.
admin-cleared = 🧹 { $count ->
    [0] { $member } hatte hier keinen Auftrag, der sich abbrechen ließ.
    [one] { $count } Auftrag von { $member } ist abgebrochen.
   *[other] { $count } Aufträge von { $member } sind abgebrochen.
    }
admin-requeued = 🔁 Auftrag `{ $id }` wartet wieder.
admin-requeued-all = 🔁 { $count ->
    [one] { $count } Auftrag wartet wieder.
   *[other] { $count } Aufträge warten wieder.
    }

refusal-admin-not-home = das steuert die ganze Flotte und steht den Admins dieses Servers nicht zu. Der Betreiber des Bots kann es erlauben: `ZOSMA_HOME_GUILDS={ $guild }` setzen und den Bot neu starten.
refusal-admin-no-job = hier gibt es keinen Auftrag { $given }; vielleicht ist er schon vergessen.
refusal-admin-not-waiting = Auftrag { $id } wartet nicht, also ist nichts vorzuziehen.
refusal-admin-not-failed = Auftrag { $id } ist nicht gescheitert, also ist nichts neu einzureihen.
refusal-admin-nothing-failed = kein Auftrag ist gescheitert, also ist nichts neu einzureihen.
refusal-admin-ended = Auftrag { $id } ist schon zu Ende.
refusal-admin-not-paused = { $scope }: nicht angehalten.
refusal-admin-not-quarantined = { $scope }: nicht in Quarantäne.
refusal-admin-no-scope = „{ $given }“ ist nicht bekannt; es gibt: { $there }.
refusal-admin-no-scopes = so etwas ist gerade nicht da.

command-admin-channels = kanäle
    .description = Wo man um Bilder bitten kann
command-admin-channels-allow = erlauben
    .description = Einen Kanal erlauben; andere sind dann zu
command-admin-channels-allow-channel = kanal
    .description = Welchen
command-admin-channels-remove = entfernen
    .description = Einen Kanal von der Liste nehmen
command-admin-channels-remove-channel = kanal
    .description = Welchen
command-admin-channels-list = liste
    .description = Die Liste zeigen
command-admin-roles = rollen
    .description = Wer um Bilder bitten kann
command-admin-roles-allow = erlauben
    .description = Eine Rolle erlauben; ohne eine geht es dann nicht mehr
command-admin-roles-allow-role = rolle
    .description = Welche
command-admin-roles-remove = entfernen
    .description = Eine Rolle von der Liste nehmen
command-admin-roles-remove-role = rolle
    .description = Welche
command-admin-roles-list = liste
    .description = Die Liste zeigen
command-admin-rules = regeln
    .description = Weitere Regeln dieses Servers
command-admin-rules-buttons = knöpfe
    .description = Wer die Knöpfe an den Bildern eines Mitglieds benutzen kann
command-admin-rules-buttons-who = wer
    .description = Zusätzlich zum Mitglied und zur Moderation
command-admin-rules-buttons-role = rolle
    .description = Noch eine Rolle, die das kann
command-admin-rules-age-restricted = altersbeschränkt
    .description = Bilder nur in altersbeschränkten Kanälen
command-admin-rules-age-restricted-switch = schalter
    .description = An oder aus
command-admin-rules-age-restricted-everybody = alle
    .description = Für alle, auch auf anderen Servern, in DMs und für Programme; nur auf dem Server des Betreibers
command-admin-rules-sizes = größen
    .description = Wie viel ein Auftrag verlangen darf
command-admin-rules-sizes-count = anzahl
    .description = Höchstens so viele Bilder; 0: keine Grenze
command-admin-rules-sizes-steps = schritte
    .description = Höchstens so viele Schritte; 0: keine Grenze
command-admin-rules-sizes-side = seite
    .description = Längste Seite in Pixeln; 0: keine Grenze
command-admin-rules-sizes-everybody = alle
    .description = Für alle, auch auf anderen Servern, in DMs und für Programme; nur auf dem Server des Betreibers
command-admin-rules-spoiler = spoiler
    .description = Bilder verdeckt zeigen
command-admin-rules-spoiler-when = wann
    .description = Wann
command-admin-rules-grid = raster
    .description = Einen Satz als ein Bild zeigen
command-admin-rules-grid-switch = schalter
    .description = An oder aus
command-admin-rules-reports = meldungen
    .description = Wo Moderatoren gemeldete Bilder sehen
command-admin-rules-reports-channel = kanal
    .description = Ohne einen stehen Meldungen nur im Protokoll
command-admin-rules-retention = aufbewahrung
    .description = Wie lange Prompts und Parameter beendeter Aufträge bleiben
command-admin-rules-retention-days = tage
    .description = Bis zu 30
command-admin-defaults = vorgaben
    .description = Was ein Befehl bekommt, der es weglässt
command-admin-defaults-set = setzen
    .description = Vorgaben setzen; Weggelassenes bleibt
command-admin-defaults-set-channel = kanal
    .description = Nur für diesen Kanal
command-admin-defaults-set-checkpoint = checkpoint
    .description = Das Modell
command-admin-defaults-set-style = stil
    .description = Ein Stil oder eine hier geteilte Vorlage
command-admin-defaults-set-negative = negativ
    .description = Was Bilder nicht zeigen sollen
command-admin-defaults-clear = leeren
    .description = Die Vorgaben leeren
command-admin-defaults-clear-channel = kanal
    .description = Nur die dieses Kanals

switch-on = an
switch-off = aus
spoiler-never = nie
spoiler-always = immer
spoiler-outside-age-restricted = außerhalb altersbeschränkter Kanäle
who-owner = sonst niemand
who-anyone = alle
who-roles = Rollen

channels-only = 📍 Um Bilder bitten kann man nur in diesen Kanälen: { $shown }
channels-all = 📍 Um Bilder bitten kann man in jedem Kanal.
roles-only = 👥 Um Bilder bitten können nur Mitglieder mit einer dieser Rollen: { $shown }
roles-all = 👥 Alle können um Bilder bitten.
reports-here = 🚩 Gemeldete Bilder werden hier gezeigt, mit Knöpfen für Moderatoren.

rules-channels = **Kanäle:** { $shown }
rules-roles = **Rollen:** { $shown }
rules-buttons = **Knöpfe an den Bildern eines Mitglieds, zusätzlich zu ihm und der Moderation:** { $shown }
rules-age = **Nur altersbeschränkte Kanäle:** { $shown }
rules-spoiler = **Verdeckt:** { $shown }
rules-for-all = 🌐 **Für alle, auf jedem Weg:**
rules-sizes = **Höchstens Bilder:** { $count } · **Schritte:** { $steps } · **längste Seite:** { $side }
rules-no-limit = keine Grenze
rules-grid = **Ein Satz als ein Bild:** { $shown }
rules-reports = **Meldungen gehen nach:** { $shown }
rules-retention = **Prompts und Parameter bleiben:** { $days ->
    [one] { $days } Tag
   *[other] { $days } Tage
    }
rules-words = **Gesperrte Wörter:** { $count }
rules-checkpoints = **Checkpoints:** { $shown }
rules-defaults = **Vorgaben:** { $shown }
rules-defaults-in = **Vorgaben in { $channel }:** { $shown }
rules-everywhere = alle
rules-everybody = alle
rules-all = alle
rules-off = nirgendwohin
rules-none = keine
default-checkpoint = Checkpoint { $value }
default-style = Stil { $value }
default-negative = ohne { $value }

refusal-admin-not-listed = das steht nicht auf der Liste.
refusal-admin-buttons-role = eine Rolle kann nur mit „Rollen“ genannt werden.
refusal-admin-buttons-whose = welche Rolle? Nenne eine dazu.
refusal-admin-cannot-post = in diesem Kanal kann ich nicht schreiben. Gib mir dort die Rechte Kanal ansehen, Nachrichten senden, Dateien anhängen und Links einbetten, und versuche es noch einmal.
refusal-admin-defaults-empty = nenne Checkpoint, Stil oder negativen Prompt; /{ command-admin } { command-admin-defaults } { command-admin-defaults-clear } leert sie.
refusal-admin-no-styles = gerade gibt es weder Stile noch geteilte Vorlagen.

command-admin-words = wörter
    .description = Wörter, die Prompts hier nicht haben dürfen
command-admin-words-add = hinzufügen
    .description = Ein Wort oder eine Wendung sperren
command-admin-words-add-word = wort
    .description = In jeder Schreibweise; Wort* ist jedes, das so beginnt
command-admin-words-add-everybody = alle
    .description = Für alle, auch auf anderen Servern, in DMs und für Programme; nur auf dem Server des Betreibers
command-admin-words-remove = entfernen
    .description = Es wieder erlauben
command-admin-words-remove-word = wort
    .description = Welches
command-admin-words-remove-everybody = alle
    .description = Für alle, auch auf anderen Servern, in DMs und für Programme; nur auf dem Server des Betreibers
command-admin-words-list = liste
    .description = Die gesperrten Wörter zeigen
command-admin-words-list-everybody = alle
    .description = Für alle, auch auf anderen Servern, in DMs und für Programme; nur auf dem Server des Betreibers
command-admin-checkpoints = checkpoints
    .description = Checkpoints, die hier benutzt werden können
command-admin-checkpoints-allow = erlauben
    .description = Einen erlauben; andere sind dann zu
command-admin-checkpoints-allow-checkpoint = checkpoint
    .description = Welchen
command-admin-checkpoints-allow-everybody = alle
    .description = Für alle, auch auf anderen Servern, in DMs und für Programme; nur auf dem Server des Betreibers
command-admin-checkpoints-remove = entfernen
    .description = Einen von der Liste nehmen
command-admin-checkpoints-remove-checkpoint = checkpoint
    .description = Welchen
command-admin-checkpoints-remove-everybody = alle
    .description = Für alle, auch auf anderen Servern, in DMs und für Programme; nur auf dem Server des Betreibers
command-admin-checkpoints-list = liste
    .description = Die Liste zeigen
command-admin-checkpoints-list-everybody = alle
    .description = Für alle, auch auf anderen Servern, in DMs und für Programme; nur auf dem Server des Betreibers
command-admin-rules-show = zeigen
    .description = Alle Regeln dieses Servers zeigen
command-admin-rules-export = exportieren
    .description = Regeln, Wörter, Checkpoints und Grenzen als Datei
command-admin-rules-import = importieren
    .description = So eine Datei an ihre Stelle setzen
command-admin-rules-import-file = datei
    .description = Wie der Export sie gibt

act-import = importierte Regeln:
words-blocked = 🚫 In Prompts hier gesperrt:
words-none = Hier ist kein Wort gesperrt.
checkpoints-only = 🧩 Nur diese Checkpoints können hier benutzt werden: { $shown }
checkpoints-all = 🧩 Jeder Checkpoint kann hier benutzt werden.
export-here = 📦 Regeln, gesperrte Wörter, erlaubte Checkpoints und Grenzen der Rollen dieses Servers. `/{ command-admin } { command-admin-rules } { command-admin-rules-import }` nimmt sie wieder.
import-wrong = ⚠️ Nichts wurde geändert. In dieser Datei:
    { $problems }
import-unknown = so einen Teil gibt es nicht; es gibt { $there }
import-version = muss { $version } sein
import-no-text = Sie ist kein Text (UTF-8).
import-no-json = Sie ist kein JSON: Zeile { $line }, Spalte { $column } ansehen.
import-no-object = muss ein JSON-Objekt sein, in geschweiften Klammern
import-no-channel = dieser Server hat keinen Kanal { $id }
import-no-role = dieser Server hat keine Rolle { $id }
import-rules = alle Regeln
import-words = { $count ->
    [one] { $count } gesperrtes Wort
   *[other] { $count } gesperrte Wörter
    }
import-checkpoints = { $count ->
    [0] jeder Checkpoint erlaubt
    [one] { $count } erlaubter Checkpoint
   *[other] { $count } erlaubte Checkpoints
    }
import-sizes = wie viel auf einmal geht
import-limits = { $count ->
    [0] keine Grenzen für Rollen
    [one] Grenzen für { $count } Rolle
   *[other] Grenzen für { $count } Rollen
    }
ask-import = 📦 **Die Datei an die Stelle der eigenen Regeln setzen?** Darin: { $parts }. Was jetzt gilt, wird überschrieben; vorher exportieren, wenn du es vielleicht zurückhaben willst.
import-done = 📦 Getan: Die Regeln der Datei gelten jetzt hier. `/{ command-admin } { command-admin-rules } { command-admin-rules-show }` zeigt sie.

refusal-bad-rule = das lässt sich nicht aufnehmen. { $problem }.
refusal-admin-no-letters = darin ist kein Buchstabe und keine Ziffer, es würde also nichts gesperrt.
refusal-admin-listed = das steht schon auf der Liste.
refusal-admin-import-empty = diese Datei sagt nichts: Sie hat weder Regeln noch Wörter, Checkpoints oder Grenzen.
refusal-admin-import-large = diese Datei ist zu groß: Höchstens { $most_kb } KB sind möglich.
refusal-admin-import-unfetched = die Datei ließ sich nicht von Discord holen. Schick sie noch einmal.

admin-private-job = (privat)
command-admin-cancel-why = grund
    .description = Warum; wer es bestellt hat, liest das
command-admin-clear-why = grund
    .description = Warum; wer es bestellt hat, liest das
