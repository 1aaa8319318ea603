span-tenths = { NUMBER($value, minimumFractionDigits: 1, maximumFractionDigits: 1) } s
span-seconds = { $value } s
span-minutes = { $value } min
span-hours = { NUMBER($value, minimumFractionDigits: 1, maximumFractionDigits: 1) } h

asked-without = **ohne** { $negative }
asked-upscale = ein Bild { $scale }-mal so groß
asked-upscale-too = { $scale }-mal so groß gemacht
asked-interrogate = Was ist auf diesem Bild zu sehen?
asked-compare = verglichen nach { $what }: { $values }
alt-upscale = ein vergrößertes Bild

waiting = 🕓 In der Schlange
waiting-next = 🕓 Als Nächstes dran · { $when }
waiting-place = 🕓 Platz { $place } in der Schlange · { $when }
waiting-soon = beginnt gleich
waiting-until = beginnt { $time }
waiting-nobody = 🕓 Dafür ist gerade keine GPU da; es beginnt, sobald eine zurückkommt.
waiting-gpu = 🕓 Wartet auf eine GPU; die letzte war { $time } da. Es beginnt, sobald eine zurückkommt.
waiting-paused = ⏸️ Die Verwaltung hat das angehalten; der Platz in der Schlange bleibt erhalten.
waiting-paused-because = ⏸️ Die Verwaltung hat das angehalten: { $reason }. Der Platz in der Schlange bleibt erhalten.
waiting-limit = 🕓 In der Schlange · so viele, wie du gleichzeitig darfst, laufen schon; es kann beginnen, sobald eins davon fertig ist.
waiting-again = 🕓 Eine GPU hatte damit ein Problem; gleich folgt ein neuer Versuch.

starting = 🎨 Beginnt: Die GPU macht sich bereit
cancelling = ✋ Wird angehalten …
running = 🎨 { $bar } { $percent } %
running-left = noch { $span }
running-estimated = (geschätzt)
running-made = { $made } von { $count } fertig
missing = { $count ->
    [one] { $count } von { $total } Bildern ging nicht.
   *[other] { $count } von { $total } Bildern gingen nicht.
    }

cancelled = ✋ Abgebrochen.
cancelled-by-member = ✋ Abgebrochen von { $who }.
cancelled-by-admin = ✋ Von der Verwaltung abgebrochen.
cancelled-because = Grund: { $reason }.
cancelled-free = Es wurde nichts angerechnet.
cancelled-paid = Angerechnet wird die GPU-Zeit bis dahin: { $span }.
removed-cancelled = ✋ Die Nachricht dazu in { $channel } wurde von der Moderation gelöscht; deshalb wurde abgebrochen.
removed-ended = ✋ Die Nachricht dazu in { $channel } wurde von der Moderation gelöscht; das Ergebnis wird nicht gepostet.
lost = ⚠️ Das ging verloren, als die Warteschlange ihre Daten verlor. Bitte noch einmal anfordern.
gone-all = ⚠️ Die Bilder haben zu lange auf Discord gewartet und sind nicht mehr gespeichert. Bitte noch einmal anfordern.
gone-some = ⚠️ { $missing } von { $total } Bildern sind nicht mehr gespeichert.
too-large = ⚠️ Die Bilder sind für Discord hier zu groß. Bitte kleiner oder weniger auf einmal anfordern.
files-refused = ⚠️ In diesem Kanal darf ich keine Dateien anhängen; das Ergebnis kommt als Direktnachricht oder wartet in /{ command-jobs }. Die Verwaltung kann es erlauben: Berechtigung „Dateien anhängen“.

failed = ⚠️ Bei uns ist etwas schiefgegangen. Bitte in einer Minute noch einmal versuchen.
other-kind = ℹ️ Das wurde auf einer GPU mit anderer Software fertig, als es begonnen wurde; daher ergibt der Seed ein anderes Bild.
    .some = ℹ️ Einige dieser Bilder entstanden auf einer GPU mit anderer Software als die ersten; daher ergeben ihre Seeds andere Bilder.

failed-refused = ⚠️ { $detail }. Bitte andere Einstellungen versuchen.
failed-oom = ⚠️ Der Speicher der GPU hat nicht gereicht. Bitte kleiner oder weniger Bilder auf einmal versuchen.
failed-nan = ⚠️ Der Checkpoint hat kein gültiges Bild ergeben (NaN). Bitte anderen Checkpoint, andere Größe oder anderen Sampler versuchen.
failed-black = ⚠️ Es kam nur Schwarz heraus. Bitte anderen Prompt, Checkpoint oder Seed versuchen.
failed-wrong-checkpoint = ⚠️ Keine GPU konnte diesen Checkpoint laden. Bitte einen anderen versuchen.
failed-checkpoint-unusable = ⚠️ Die Datei dieses Checkpoints lässt sich nicht laden. Bitte einen anderen Checkpoint versuchen.
failed-nodes-missing = ⚠️ Auf der GPU fehlt ein Teil des Workflows, den das braucht. Bitte einen anderen Checkpoint versuchen oder die Verwaltung fragen.
failed-wrong-sampler = ⚠️ Keine GPU konnte diesen Sampler benutzen. Bitte einen anderen versuchen.
failed-wrong-vae = ⚠️ Keine GPU konnte dieses VAE benutzen. Bitte ein anderes versuchen.
failed-wrong-size = ⚠️ Die Bilder kamen in einer anderen Größe heraus als verlangt. Bitte eine andere Größe versuchen.
failed-wrong-count = ⚠️ Es kamen weniger Bilder heraus als verlangt. Bitte weniger auf einmal versuchen.
failed-empty = { failed-webui-broken }
failed-no-words = ⚠️ Keine GPU hat Worte für dieses Bild gefunden. Bitte später noch einmal versuchen: Beim ersten Mal lädt eine WebUI vielleicht noch, was sie dafür braucht.
failed-no-room = ⚠️ In der Warteschlange ist kein Platz für diese Bilder. Bitte weniger oder kleinere versuchen.
failed-webui-broken = ⚠️ Die Stable-Diffusion-WebUI ist daran gescheitert, auch beim zweiten Versuch. Bitte andere Einstellungen versuchen, oder später.
failed-webui-hung = ⚠️ Die Stable-Diffusion-WebUI blieb mitten im Bild stehen. Bitte kleiner oder mit weniger Schritten versuchen.
failed-webui-died = ⚠️ Die Stable-Diffusion-WebUI ist bei jedem Versuch abgestürzt. Bitte kleiner oder weniger auf einmal versuchen.
failed-webui-away = ⚠️ Die Stable-Diffusion-WebUI war weg und kam nicht rechtzeitig zurück. Bitte später noch einmal versuchen.
failed-webui-sick = ⚠️ Der Stable-Diffusion-WebUI geht es gerade nicht gut. Bitte später oder mit anderen Einstellungen versuchen.
failed-interrupted = ⚠️ Jemand hat die Stable-Diffusion-WebUI mitten im Bild angehalten. Bitte noch einmal versuchen.
failed-internal = { failed }
failed-worker-lost = ⚠️ Die GPUs sind daran nacheinander ausgefallen, deshalb wurde aufgegeben. Bitte kleiner versuchen, oder die Verwaltung bitten, nach den GPUs zu sehen.
failed-no-worker = ⚠️ Keine GPU, die das kann, kam rechtzeitig zurück. Bitte später oder mit einem anderen Checkpoint versuchen.
failed-no-gpu = ⚠️ In all der Zeit kam keine GPU zurück, darum wurde das aufgegeben. Bitte noch einmal fragen, sobald eine da ist.
failed-undecodable = ⚠️ Was herauskam, war nicht lesbar. Bitte den Befehl noch einmal senden.

job-mark = Auftrag { $id }
seeds = { $count ->
    [one] Seed { $seeds }
   *[other] Seeds { $seeds }
    }
steps = { $count ->
    [one] { $count } Schritt
   *[other] { $count } Schritte
    }
guidance = Guidance { $value }
meant-for = für { $member }

shrunk = Für Discord komprimiert (WebP, Qualität { $quality }).
shrunk-smaller = Für Discord verkleinert (auf { $percent } % der Breite, WebP, Qualität { $quality }).
originals = { $count ->
    [one] {"["}Original](<{ $links }>)
   *[other] Originale: { $links }
    }
originals-singles = „{ button-more }“, „{ button-send }“ gibt dir jedes Bild einzeln, 15 Minuten lang.
originals-kept = { $count ->
    [one] So groß, wie dieses Bild entstand, nimmt Discord keine Datei. Die Verwaltung kann das Original einen Tag lang holen, unter der Nummer { $id }
   *[other] So groß, wie diese Bilder entstanden, nimmt Discord keine Dateien. Die Verwaltung kann die Originale einen Tag lang holen, unter der Nummer { $id }
    }
hidden-one = ⚠️ Das Bild wird nicht gezeigt: Die Bildprüfung dieses Servers lehnt es ab.
hidden-all = ⚠️ Die Bilder werden nicht gezeigt: Die Bildprüfung dieses Servers lehnt sie ab.
hidden-some = ⚠️ { $blocked } von { $total } Bildern werden nicht gezeigt: Die Bildprüfung dieses Servers lehnt sie ab.
hidden-because = ({ $reasons })
