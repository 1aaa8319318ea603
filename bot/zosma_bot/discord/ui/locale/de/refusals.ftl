refusal-missing = { $field } fehlt.
refusal-empty-prompt = { $field } ist leer: Was soll das Bild zeigen?
refusal-empty-name = { $field } ist leer: bitte einen Namen angeben oder weglassen.
refusal-unknown-field = { $field } gibt es nicht: bitte weglassen.
refusal-too-long = { $field } hat { $given } Zeichen, höchstens { $most } sind möglich: bitte kürzen.
refusal-too-many-items = { $field } hat { $given } Einträge, höchstens { $most } sind möglich.
refusal-out-of-bounds = { $field } ist { $given }: möglich ist { $low } bis { $high }.
refusal-too-many-pixels = Das Bild hätte { $width }×{ $height } Pixel, höchstens { $most_megapixels } Megapixel sind möglich: bitte eine kleinere Größe oder ein kleineres { $field }.
refusal-too-many-pictures = Das ist zu viel auf einmal: bitte weniger oder kleinere Bilder.
refusal-hires-with-picture = { $field } gehört zu Bildern aus Worten allein: bitte weglassen und eine größere Größe angeben.
refusal-upscale-alone = Beim Vergrößern geht nichts anderes mit: bitte die übrigen Optionen weglassen.
refusal-options-without-workflow = { $field }: gehört zu einem Workflow. Bitte einen wählen oder weglassen.
refusal-no-such-option = „{ $given }“ ist keine Option dieses Workflows. Bitte weglassen oder eine nehmen, die /imagine vorschlägt.
refusal-workflow-not-for-checkpoint = Der Workflow ist nicht für { $given }. Er ist für { $nearest }.
refusal-interrogate-alone = Beim Beschreiben eines Bildes geht nichts anderes mit: bitte die übrigen Optionen weglassen.
refusal-uneven-starts = { $field } ist { $given }: Bei { $starts } Ausgangsbildern muss es ein Vielfaches davon sein.
refusal-compare-alone = Nur Bilder, die allein aus Worten entstehen, lassen sich vergleichen: bitte die übrigen Optionen weglassen.
refusal-compare-same = Zwei der Werte sind gleich: Ein Vergleich braucht verschiedene.
refusal-compare-twice = { $field } passt zum Vergleich von Samplern oder Guidance-Werten: Checkpoints werden ja schon verglichen.
refusal-compare-count = { $field } ist { $given }: Bei { $values } Werten zum Vergleichen müssen es so viele sein.
refusal-compare-no-number = { $field } „{ $given }“ ist keine Zahl: Guidance wird mit Zahlen wie 5 oder 7.5 verglichen.

refusal-not-base64 = { $field } ist kein Bild.
refusal-address = { $field } muss ein Bild sein, keine Adresse.
refusal-too-many-bytes = Das Bild hat { $given } Bytes, höchstens { $most } sind möglich: bitte ein kleineres schicken.
refusal-picture-too-heavy = { $field } ist größer als { $most_mb } MB: bitte ein kleineres Bild schicken.
refusal-picture-too-large = { $field } hat { $given } Pixel, höchstens { $most_megapixels } Megapixel sind möglich: bitte ein kleineres Bild schicken.
refusal-not-a-picture = { $field } ist kein vollständiges Bild in PNG, JPEG oder WebP.
refusal-picture-too-slow = { $field } zu entpacken dauert viel länger, als es bei einem Bild dieser Größe darf. Bitte in einem Bildprogramm neu speichern und das schicken.
refusal-input-gone = Das Ausgangsbild ist nicht mehr gespeichert: bitte noch einmal schicken.
refusal-picture-unfetched = { $field } ließ sich von Discord nicht abholen: bitte noch einmal schicken.
refusal-recipe-gone = Wie das entstand, ist nicht mehr gespeichert, und die Nachricht hat kein Bild, das es sagt. Bitte /{ command-imagine } benutzen.
refusal-picture-gone = Dieses Bild ist nicht mehr gespeichert, und die Nachricht hat es auch nicht.
refusal-strength-without-image = { $field } sagt, wie viel von einem angehängten Bild neu gemalt wird: bitte eins als Startbild anhängen oder weglassen.

refusal-no-worker = Gerade ist keine GPU da: bitte in ein paar Minuten noch einmal versuchen.
refusal-no-worker-yet = Noch war keine GPU verbunden. Wer diesen Bot betreibt, startet eine mit `zosma worker`, auf einem Rechner mit einer Stable-Diffusion-WebUI.
refusal-unknown-name = { $field } „{ $given }“ ist hier nicht bekannt, am ähnlichsten: { $nearest }.
refusal-unknown-name-none = { $field } „{ $given }“ ist hier nicht bekannt, es gibt keinen.
refusal-upscale-not-possible = Keine GPU hier kann Bilder vergrößern.
refusal-interrogate-not-possible = Keine GPU hier kann Bilder in Worte fassen.
refusal-restore-not-possible = Keine GPU hier hat { $given }, um Gesichter auszubessern.

refusal-limit-stored = Der Speicher für Bilder offener Aufträge ist voll: bitte in { $when } noch einmal versuchen.

refusal-blocked-word = { $field } enthält „{ $word }“, das hier gesperrt ist. Lass es weg.
refusal-checkpoint-not-allowed = Der Checkpoint „{ $given }“ ist hier nicht erlaubt: möglich sind { $allowed }.
refusal-no-allowed-checkpoint = Von den hier erlaubten Checkpoints ist keiner da: { $allowed }.
refusal-over-rule = { $field } ist { $given }, erlaubt ist hier höchstens { $most }.
refusal-age-restricted = Bilder gibt es nur in Kanälen mit Altersbeschränkung.
refusal-record-too-large = Das wären { $given } Bytes, höchstens { $most } sind möglich: bitte zuerst etwas entfernen.

refusal-infeasible = Keine GPU hier kann diese Zusammenstellung.
refusal-infeasible-size = Keine GPU hier macht so große Bilder: höchstens { $side }x{ $side }, bitte kleiner.
refusal-infeasible-size-checkpoint = Keine GPU hier mit { $checkpoint } macht so große Bilder: höchstens { $side }x{ $side }, bitte kleiner.

refusal-unknown-scope = „{ $given }“ lässt sich nicht anhalten: möglich sind die Schlange, eine Spur, ein Checkpoint oder ein Worker.
refusal-scope-not-there = „{ $given }“ gibt es nicht. Es gibt: { $known }
refusal-ambiguous-scope = „{ $given }“ kann jedes davon sein, bitte eins wählen: { $known }
refusal-unknown-policy-name = Für „{ $given }“ lassen sich keine Grenzen setzen: bitte eine Rolle wählen.
refusal-unknown-state = „{ $given }“ ist kein Zustand, dessen Aufträge aufgelistet werden: { $known }
refusal-id-taken = Diese Kennung gehört zu einem Auftrag, der etwas anderes wollte.

refusal-infeasible-lacking = Keine GPU hier bietet { $name } ({ $kind }). Es gibt: { $instead }
refusal-infeasible-lacking-checkpoint = Keine GPU hier bietet { $name } ({ $kind }) zusammen mit { $checkpoint }. Es gibt: { $instead }
refusal-infeasible-lacking-ability = Keine GPU hier kann das: { $kind }.
refusal-infeasible-lacking-alone = Keine GPU hier kann das: { $name } ({ $kind }). Bitte weglassen.
refusal-unreadable-lora = { $field } „{ $given }“ ist nicht lesbar: bitte Name oder Name:0.8, mit Kommas dazwischen.
refusal-recipe-from-picture = Das entstand aus einem anderen Bild, das nicht mehr gespeichert ist. Bitte /{ command-imagine } mit diesem Bild benutzen.
refusal-prompt-has-option = Im Prompt steht „{ $given }“, was Discord für den Namen einer Option hielte. Bitte den Befehl selbst tippen oder „{ button-edit }“ benutzen.
parameters-left-out = ℹ️ Es entstand auch mit { $names }, und das kann hier kein Befehl verlangen: Es wird also anders.
