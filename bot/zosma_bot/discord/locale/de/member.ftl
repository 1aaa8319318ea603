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
    .description = Wie ein Bild entstand, wenn es das sagt
command-describe-image = bild
    .description = Das Bild

button-remake = Genau so noch einmal
parameters-file = 📋 Das ist zu lang für eine Nachricht, deshalb steht es in der Datei.
described-gone = ⚠️ Das ist mehr als eine Woche her und nicht mehr gespeichert. Bitte noch einmal /describe benutzen.

command-jobs = aufträge
    .description = Was du hier bestellt hast und was daraus geworden ist

button-refresh = Neu laden
button-pick-up = Bilder zeigen
jobs-none = In den letzten Tagen hast du hier nichts bestellt. /imagine macht ein Bild.
jobs-choose = Einen Auftrag genauer ansehen
jobs-done = ✅ { $count ->
    [one] { $count } Bild
   *[other] { $count } Bilder
    }
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
use-none = ⚠️ Diese Nachricht hat kein Bild.
use-embed = ⚠️ Dieses Bild wird hier nur gezeigt und liegt nicht bei Discord. Bitte speichern und bei /imagine als „vorlage“ anhängen.
use-too-late = ⚠️ Dieses Formular war mehr als einen Tag offen, und Discord gibt das Bild unter dieser Adresse nicht mehr heraus. Bitte noch einmal „Dieses Bild benutzen“ wählen.

queue-depth = **{ $waiting }** warten, **{ $running }** in Arbeit
queue-yours = Deine:
queue-none-of-yours = Keiner davon ist von dir.
queue-more-of-yours = … und { $count } weitere von dir
queue-no-gpus = Gerade ist keine GPU da.
queue-gpus = { $count ->
    [one] { $count } GPU
   *[other] { $count } GPUs
    }:{" "}
