command-compare = comparar
    .description = Un prompt con varios checkpoints, samplers o valores de guidance, lado a lado
command-compare-prompt = prompt
    .description = { command-imagine-prompt.description }
command-compare-by = por
    .description = Qué ajuste cambia de una imagen a otra
command-compare-first = primero
    .description = Su primer valor: un checkpoint, un sampler o un número para guidance
command-compare-second = segundo
    .description = Su segundo valor
command-compare-third = tercero
    .description = Su tercer valor
command-compare-fourth = cuarto
    .description = Su cuarto valor
command-compare-negative = negativo
    .description = { command-imagine-negative.description }
command-compare-checkpoint = checkpoint
    .description = El checkpoint para todas, salvo que se comparen checkpoints
command-compare-size = tamaño
    .description = El tamaño de cada imagen
command-compare-steps = pasos
    .description = Cuántos pasos
command-compare-seed = semilla
    .description = La semilla (seed) de todas; al azar si no la indicas
command-compare-private = privado
    .description = Solo la ves tú
compare-checkpoint = checkpoint
compare-sampler = sampler
compare-guidance = guidance

command-upscale = ampliar
    .description = Ampliar una imagen sin repintar nada
command-upscale-image = imagen
    .description = La imagen
command-upscale-scale = factor
    .description = Cuántas veces más grande; 2 si no lo indicas
command-upscale-upscaler = upscaler
    .description = El upscaler; el mejor disponible si no lo indicas
command-upscale-private = privado
    .description = Solo la ves tú

command-describe = describir
    .description = Cómo se creó una imagen, o qué muestra, en palabras
command-describe-image = imagen
    .description = La imagen

button-remake = Crearla de nuevo
described-none = ⚠️ Esta imagen no dice cómo se creó, y ninguna GPU aquí puede describirla.
described-words = 👁️ Lo que ve en ella un modelo en una GPU:
button-imagine-words = Crear una imagen con estas palabras
parameters-file = 📋 Es demasiado largo para un mensaje, así que está en el archivo.
described-gone = ⚠️ Esto tiene más de una semana y ya no está guardado. Usa /{ command-describe } otra vez.

command-jobs = tareas
    .description = Lo que has pedido aquí y qué ha sido de ello

button-refresh = Actualizar
button-pick-up = Mostrar las imágenes
jobs-none = No has pedido nada aquí en los últimos días. /{ command-imagine } crea una imagen.
jobs-page = Página { $page }
jobs-choose = Elige una para ver más
jobs-done = ✅ { $count ->
    [one] { $count } imagen
   *[other] { $count } imágenes
    }
jobs-described = ✅ Terminada: imagen descrita
jobs-uncollected = 📥 { $count ->
    [one] { $count } imagen te espera aquí: Discord no me dejó mostrarla en ningún otro sitio
   *[other] { $count } imágenes te esperan aquí: Discord no me dejó mostrarlas en ningún otro sitio
    }
jobs-failed = ⚠️ Fallida
jobs-cancelled = ✋ Cancelada
jobs-unreadable = una solicitud que no se puede leer
jobs-state-waiting = en cola
jobs-state-delayed = para reintentar
jobs-state-running = en curso
jobs-state-done = terminada
jobs-state-failed = fallida
jobs-state-cancelled = cancelada
jobs-asked = pedida { $time }
jobs-link = [Ir al mensaje]({ $link })
jobs-forgotten = ⚠️ Esta tarea ya no está guardada.
jobs-pictures-gone = ⚠️ Las imágenes de esta tarea ya no están guardadas. “{ button-edit }” crea otras de la misma manera.

command-use-this-picture = Usar esta imagen
use-title = Imágenes nuevas a partir de esta
use-strength = Cuánto se repinta
use-strength-of = { $percent } %
use-count = Cuántas
use-pictures = { $count ->
    [one] { $count } imagen
   *[other] { $count } imágenes
    }
use-which = Qué imagen
use-left-out = No disponible aquí: { $names }
use-none = ⚠️ Este mensaje no tiene ninguna imagen.
use-embed = ⚠️ Esta imagen solo se muestra aquí, Discord no la guarda. Guárdala y adjúntala a /{ command-imagine } en la opción “{ command-imagine-image }”.
use-too-late = ⚠️ Este formulario ha estado abierto más de un día y Discord ya no da la imagen en ese enlace. Elige otra vez “{ command-use-this-picture }”.

queue-depth = **{ $waiting }** en espera, **{ $running }** en curso
queue-yours = Tuyas:
queue-none-of-yours = Ninguna de tus imágenes está en espera ni en curso.
queue-more-of-yours = … y { $count } más tuyas
queue-no-gpus = Ahora mismo no hay ninguna GPU en línea.
queue-last-gpu = Ahora mismo no hay ninguna GPU en línea; la última estuvo aquí { $time }.
queue-gpus = { $count } GPU:{" "}

command-settings = ajustes
    .description = Tus valores predeterminados y tus presets
command-settings-show = ver
    .description = Tus ajustes y presets
command-settings-private = privado
    .description = Si tus imágenes solo las ves tú, salvo que indiques otra cosa
command-settings-private-on = activado
    .description = Sí: solo tú
command-settings-reset = restablecer
    .description = Borrar tus valores predeterminados
command-settings-reset-what = cuál
    .description = Cuál; todos si no lo indicas
command-settings-remove = eliminar
    .description = Eliminar un preset tuyo
command-settings-remove-name = nombre
    .description = Qué preset
command-settings-share = compartir
    .description = Permitir que todos en este servidor usen un preset tuyo
command-settings-share-name = nombre
    .description = Qué preset
command-settings-unshare = dejar-de-compartir
    .description = Retirar un preset compartido
command-settings-unshare-name = nombre
    .description = Qué preset
command-settings-defaults = predeterminados
    .description = Lo que usa /{ command-imagine } cuando no lo indicas
command-settings-defaults-negative = { command-imagine-negative }
    .description = { command-imagine-negative.description }
command-settings-defaults-size = { command-imagine-size }
    .description = { command-imagine-size.description }
command-settings-defaults-width = { command-imagine-width }
    .description = { command-imagine-width.description }
command-settings-defaults-height = { command-imagine-height }
    .description = { command-imagine-height.description }
command-settings-defaults-count = { command-imagine-count }
    .description = { command-imagine-count.description }
command-settings-defaults-checkpoint = { command-imagine-checkpoint }
    .description = { command-imagine-checkpoint.description }
command-settings-defaults-style = { command-imagine-style }
    .description = { command-imagine-style.description }
command-settings-defaults-sampler = { command-imagine-sampler }
    .description = { command-imagine-sampler.description }
command-settings-defaults-scheduler = { command-imagine-scheduler }
    .description = { command-imagine-scheduler.description }
command-settings-defaults-steps = { command-imagine-steps }
    .description = { command-imagine-steps.description }
command-settings-defaults-guidance = { command-imagine-guidance }
    .description = { command-imagine-guidance.description }
command-settings-defaults-hires = { command-imagine-hires }
    .description = { command-imagine-hires.description }
command-settings-save = guardar
    .description = Guardar palabras y ajustes como preset, para la opción “estilo” de /{ command-imagine }
command-settings-save-name = nombre
    .description = Cómo llamarlo
command-settings-save-prompt = { command-imagine-prompt }
    .description = { command-imagine-prompt.description }
command-settings-save-negative = { command-imagine-negative }
    .description = { command-imagine-negative.description }
command-settings-save-size = { command-imagine-size }
    .description = { command-imagine-size.description }
command-settings-save-width = { command-imagine-width }
    .description = { command-imagine-width.description }
command-settings-save-height = { command-imagine-height }
    .description = { command-imagine-height.description }
command-settings-save-count = { command-imagine-count }
    .description = { command-imagine-count.description }
command-settings-save-checkpoint = { command-imagine-checkpoint }
    .description = { command-imagine-checkpoint.description }
command-settings-save-style = { command-imagine-style }
    .description = { command-imagine-style.description }
command-settings-save-lora = { command-imagine-lora }
    .description = { command-imagine-lora.description }
command-settings-save-sampler = { command-imagine-sampler }
    .description = { command-imagine-sampler.description }
command-settings-save-scheduler = { command-imagine-scheduler }
    .description = { command-imagine-scheduler.description }
command-settings-save-steps = { command-imagine-steps }
    .description = { command-imagine-steps.description }
command-settings-save-guidance = { command-imagine-guidance }
    .description = { command-imagine-guidance.description }
command-settings-save-hires = { command-imagine-hires }
    .description = { command-imagine-hires.description }

option-size = tamaño
settings-none = nada
settings-defaults = **Tus valores predeterminados:** { $values }
settings-private-on = **Tus imágenes:** solo las ves tú, salvo que indiques otra cosa
settings-private-off = **Tus imágenes:** aquí las ve todo el mundo, salvo que indiques otra cosa
settings-presets = **Tus presets:** { $names }
settings-shared = **Presets de este servidor:** { $names }
settings-nothing-given = ⚠️ No has indicado nada: elige al menos una opción.
preset-saved = 💾 **{ $name }** se guardó: { $values }
preset-removed = 🗑️ **{ $name }** se eliminó. Si lo compartiste con un servidor, la copia sigue allí hasta /{ command-settings } { command-settings-unshare }.
preset-shared = 🤝 Ahora todos en este servidor pueden usar **{ $name }**.
preset-unshared = 🗑️ **{ $name }** ya no se comparte aquí.
refusal-no-preset = no hay ningún preset “{ $name }”.
refusal-preset-not-yours = otra persona ha compartido aquí un preset “{ $name }”; solo su dueño y los moderadores pueden cambiarlo.
refusal-presets-full = ya hay { $most } presets: elimina uno primero.
refusal-preset-name = un preset necesita un nombre de 1 a { $most } caracteres.

command-styles = estilos
    .description = Lo que puedes elegir aquí como estilo y lo que hay detrás
command-styles-name = nombre
    .description = Mostrar este entero

styles-yours = **Tus presets:** { $names }
styles-shared = **Presets de este servidor:** { $names }
styles-webui = **Estilos de las WebUI:** { $names }
styles-more = … y { $count } más: escribe parte del nombre
styles-one = 🎨 **{ $name }**
refusal-no-style = aquí no hay ningún estilo ni preset “{ $name }”.

command-privacy = privacidad
    .description = Lo que se guarda sobre ti: verlo, llevártelo, borrarlo
command-privacy-show = ver
    .description = Qué se guarda y por cuánto tiempo
command-privacy-export = exportar
    .description = Todo lo que se guarda sobre ti, en un archivo
command-privacy-erase = borrar
    .description = Borrar todo lo que se guarda sobre ti

privacy-shown =
    {"**"}Qué se guarda sobre ti y por cuánto tiempo**
    • Lo que pides (palabras, ajustes, semillas), cuándo y qué ha sido de ello: como máximo { $job_days } días después de terminar.
    • Las imágenes: como máximo { $picture_hours } horas y, normalmente, { $shown_minutes } minutos después de mostrarse. En Discord siguen hasta que se elimina su mensaje.
    • Una imagen de partida que envíes: { $input_hours } horas o hasta que termine su tarea; si no se usa, { $unused_minutes } minutos.
    • Adónde va la respuesta (canal, mensaje, tu ID de Discord, idioma): como máximo { $job_days } días.
    • Lo que /{ command-describe } ha leído de una imagen: { $recipe_days } días. Un formulario de “{ command-use-this-picture }” o un menú de “{ button-more }”: { $form_hours } horas. Una máscara que pintes en una página, con una copia pequeña de la imagen: { $mask_hours } horas.
    • Tus ajustes y presets: hasta que los cambies o los borres. Lo que compartes con un servidor: hasta que se retire.
    • Cuánto has creado cada día, para /{ command-me }: { $made_days } días.
    • Cuánto tiempo de GPU has usado hoy: dos días, para los límites. Borrarlo no te lo devuelve.
    • Si reportas una imagen o gestionas la cola como admin: tu ID de Discord, qué hiciste y cuándo, sin palabras de prompts, entre las entradas más recientes (unas 10 000).
    Los prompts no se escriben en ningún registro. Las GPU saben qué crear, no para quién.
    Los mensajes e imágenes en Discord los guarda Discord.
    /{ command-privacy } { command-privacy-export } te lo da todo, /{ command-privacy } { command-privacy-erase } lo borra.
privacy-exported = 📦 Esto es lo que se guarda sobre ti de este servidor y de los mensajes directos conmigo. Para otros servidores, usa el comando allí.
privacy-too-large = ⚠️ El archivo pesa demasiado para Discord aquí. Pídeselo a quien gestiona este bot.
privacy-ask =
    🧹 ¿Borrar todo lo que se guarda sobre ti? Es decir, lo que has pedido **en este servidor y en mensajes directos conmigo**, con sus imágenes, tus ajustes y tus presets, también los que has compartido aquí. Lo que está en espera o en curso se cancela, y los mensajes se eliminan donde Discord me lo permite. No se puede deshacer.
    Los reportes que los moderadores han recibido de ti o sobre ti siguen en su canal hasta que los eliminen.
    Lo que has pedido en otros servidores se queda: usa el comando allí también.
privacy-erase-button = Borrar todo
privacy-keep-button = Conservar todo
privacy-kept = No se borró nada.
privacy-erasing = 🧹 Borrando…
privacy-erased =
    🧹 Borrado: { $jobs ->
        [one] { $jobs } tarea
       *[other] { $jobs } tareas
    } ({ $cancelled ->
        [one] { $cancelled } de ellas cancelada
       *[other] { $cancelled } de ellas canceladas
    }), { $pictures ->
        [one] { $pictures } imagen guardada
       *[other] { $pictures } imágenes guardadas
    }, tus ajustes y tus presets. { $messages ->
        [one] Se eliminó { $messages } mensaje.
       *[other] Se eliminaron { $messages } mensajes.
    }
privacy-left = { $left ->
        [one] ⚠️ No se pudo eliminar { $left } mensaje, porque ahí Discord no me lo permite. Puedes hacerlo tú o un moderador.
       *[other] ⚠️ No se pudieron eliminar { $left } mensajes, porque ahí Discord no me lo permite. Puedes hacerlo tú o un moderador.
    }
privacy-stays-audit = • El registro de auditoría aún contiene tu ID de Discord en { $acts ->
        [one] { $acts } entrada
       *[other] { $acts } entradas
    }, la más antigua del { $since }: lo que hacen los admins debe poder rastrearse. Desaparecen cuando se han escrito unas 10 000 más recientes.
privacy-stays-counted = • El tiempo de GPU que has usado y tu cooldown cuentan para tus límites hasta el { $until }.
privacy-stays-elsewhere = • { $jobs ->
        [one] Queda { $jobs } tarea tuya
       *[other] Quedan { $jobs } tareas tuyas
    } de { $servers ->
        [one] otro servidor
       *[other] otros { $servers } servidores
    } sin borrar: usa el comando allí también. Por sí solas se olvidan como máximo 30 días después de terminar.
privacy-stays-limits = • Un admin ha fijado límites para tu ID de Discord; se mantienen hasta que un admin los quite.
privacy-broke-off = ⚠️ Ahora mismo no se puede acceder a la cola, así que no se borró todo. Usa /{ command-privacy } { command-privacy-erase } otra vez en un minuto.
