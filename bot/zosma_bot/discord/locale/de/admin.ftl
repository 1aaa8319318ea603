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
    .description = Keine Aufträge mehr vergeben, ganz oder zum Teil; laufende enden in Ruhe
command-admin-pause-scope = was
    .description = Was angehalten wird
command-admin-pause-why = grund
    .description = Grund, für alle, die nachsehen
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
admin-counts = { $name }: **{ $waiting }** warten, **{ $running }** in Arbeit
admin-more = … und { $count } weitere
admin-pause-line = ⏸️ { $scope }: angehalten von { $who } { $since }
admin-sick = 🤒 von selbst in Quarantäne; `/admin release` lässt ihn sofort prüfen
admin-failed-line = { $id } { $who } { $when }: { $reason }
admin-failed-none = Kein Auftrag ist gescheitert.
admin-audit-line = { $when } { $who } **{ $act }** { $target }
admin-audit-none = Noch ist nichts getan worden.

act-pause = hielt an:
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
act-rules = setzte Regeln:

admin-yes = Ja, so machen
admin-no = Nein
admin-left = 👌 Es ist nichts geschehen.
admin-too-late = ⚠️ Diese Frage ist nicht mehr offen: Sie wurde beantwortet oder ist älter als 15 Minuten. Bitte den Befehl noch einmal geben.
admin-not-asked = ⚠️ Das kann nur beantworten, wer gefragt wurde.
admin-unsure = ⚠️ Die Warteschlange antwortete mittendrin nicht mehr. Bitte mit /admin overview nachsehen, ob es geschehen ist, und den Befehl sonst noch einmal geben.
ask-pause-queue = ⏸️ **Die ganze Schlange anhalten?** Kein Worker bekommt mehr einen Auftrag, auf keinem Server, bis `/admin resume`. { $waiting ->
    [one] { $waiting } Auftrag wartet und behält
   *[other] { $waiting } Aufträge warten und behalten
    } den Platz; { $running ->
    [one] { $running } laufender endet
   *[other] { $running } laufende enden
    } in Ruhe.
ask-drain = 🚰 **{ $scope } leerlaufen lassen?** Dort werden keine Aufträge mehr vergeben bis `/admin resume`; { $running ->
    [one] { $running } laufender endet
   *[other] { $running } laufende enden
    } in Ruhe.
ask-quarantine = 🤒 **{ $scope } in Quarantäne schicken?** Er bekommt keine Aufträge mehr bis `/admin release`; { $running ->
    [one] { $running } laufender endet
   *[other] { $running } laufende enden
    } in Ruhe.
ask-clear = 🧹 **Alle Aufträge von { $member } auf diesem Server abbrechen?** { $waiting } warten, { $running } laufen gerade, dazu die, die später noch einmal versucht werden. Das lässt sich nicht rückgängig machen.
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
    [one] { $running } Auftrag läuft dort noch und endet in Ruhe.
   *[other] { $running } Aufträge laufen dort noch und enden in Ruhe.
    } Weiter geht es mit `/admin resume`.
admin-resumed = ▶️ { $scope }: Es geht weiter.
admin-draining = 🚰 { $scope }: bekommt keine Aufträge mehr. { $running ->
    [one] { $running } Auftrag läuft dort noch und endet in Ruhe.
   *[other] { $running } Aufträge laufen dort noch und enden in Ruhe.
    } Weiter geht es mit `/admin resume`.
admin-drained = 🚰 { $scope }: leergelaufen. Dort läuft nichts, und bis `/admin resume` kommt nichts dazu.
admin-quarantined = 🤒 { $scope }: in Quarantäne bis `/admin release`.
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
