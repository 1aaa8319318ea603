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
