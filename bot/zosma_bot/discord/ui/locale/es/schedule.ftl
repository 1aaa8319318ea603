command-imagine-when = cuándo
    .description = Crearla más tarde, cuando las GPU estén libres: en 2 h, 22:00, mañana 8:00
command-settings-timezone = zona-horaria
    .description = Tu zona horaria, para “cuándo: 22:00”
command-settings-timezone-zone = zona
    .description = La ciudad más cercana, como Europe/Madrid o America/Mexico_City

waiting-scheduled = 🌙 Programada para el { $time } ({ $relative }). Las imágenes que se piden para ya van primero.
jobs-state-scheduled = programada
settings-timezone = **Tu zona horaria:** { $zone } (hora actual: { $clock })
settings-no-timezone = **Tu zona horaria:** sin definir; se define con /{ command-settings } { command-settings-timezone }

refusal-when-unreadable = No entiendo “{ $given }” como momento. Escribe por ejemplo “en 2 h”, “22:00”, “mañana 8:00” o “2026-12-24 18:00”.
refusal-when-past = “{ $given }” ya ha pasado: elige un momento posterior.
refusal-when-far = Para “{ $given }” faltan más de { $most } días: elige un momento más cercano.
refusal-when-left-out = “{ $given }” no existe ese día en tu zona horaria, porque se adelanta la hora: elige { $later }.
refusal-when-no-zone = No conozco tu zona horaria, así que no sé cuándo es “{ $given }” para ti: defínela una vez con /{ command-settings } { command-settings-timezone }, o escribe por ejemplo “en 2 h”.
refusal-no-time-zone = “{ $given }” no es una zona horaria: elige una de la lista, como Europe/Madrid.
