command-help = ayuda
    .description = Cómo se usa este bot
command-help-topic = tema
    .description = Lo que quieres saber
command-me = yo
    .description = Lo que te queda, en qué puesto vas y cuánto has creado
command-stats = estadísticas
    .description = Lo que ha creado este servidor en los últimos 30 días

help-topic-start = para empezar
help-topic-prompts = prompts
help-topic-buttons = los botones debajo de una imagen
help-topic-presets = valores predeterminados y presets
help-topic-later = más tarde y de noche
help-topic-data = mis datos
help-topic-admin = para admins

help-start =
    {"**"}Una imagen a partir de palabras:** `/{ command-imagine } { command-imagine-prompt }:un faro al atardecer`
    {"**"}A partir de otra imagen:** la opción `{ command-imagine-image }`, o mantén pulsado un mensaje (clic derecho en el PC), luego Aplicaciones › { command-use-this-picture }
    {"**"}Más grande:** `/{ command-upscale }`, o el botón debajo de una imagen
    {"**"}Cómo se creó una:** `/{ command-describe }`
    {"**"}Dónde están tus imágenes:** `/{ command-queue }` para la cola, `/{ command-jobs }` para todo lo que has pedido, `/{ command-me }` para lo que te queda
    {"**"}Solo la ves tú:** la opción `{ command-imagine-private }`, o `/{ command-settings } { command-settings-private }`

    Todo lo demás tiene su propio tema: `/{ command-help } { command-help-topic }:`
help-prompts =
    {"**"}Tamaño:** uno de la lista, `768x512`, o una proporción como `16:9`
    {"**"}Lo que no debe mostrar:** la opción `{ command-imagine-negative }`, o `--no …` en el prompt
    {"**"}Énfasis:** `(rojo:1.3)` más, `(rojo:0.7)` menos
    {"**"}LoRA:** la opción `{ command-imagine-lora }`, o `<lora:nombre:0.8>` en el prompt
    {"**"}Alternativas:** `{"{"}rojo|azul{"}"}` es una de las dos, al azar para cada imagen; `{"{"}3::rojo|azul{"}"}` rojo sale el triple de veces; `{"{"}2$$a|b|c{"}"}` dos de ellas
    {"**"}Listas de palabras:** `__color__` se convierte en una palabra de la lista “color” de este servidor, si la tiene; `/{ command-wildcards }` muestra todas
    {"**"}Parámetros en el prompt:** `--ar 16:9`, `--seed 5`, `--steps 30`, `--n 4`, `--model …` equivalen a las opciones
    {"**"}Sin significado especial:** una barra invertida delante de `{"{"}`, `__nombre__` o `--palabra` lo deja como lo escribiste

    Con las mismas palabras, la misma semilla y los mismos ajustes sale otra vez la misma imagen.
help-buttons =
    {"**"}U1 – U4:** esa imagen, más grande
    {"**"}V1 – V4:** otras que se le parecen
    {"**"}{ button-again }:** nuevas con las mismas palabras
    {"**"}{ button-edit }:** cambiar antes las palabras, el tamaño, el estilo o el checkpoint
    {"**"}{ button-more }:** todo lo demás, para una imagen o para todas
    {"**"}{ button-cancel }:** mientras espera o se está creando; solo se descuenta el tiempo de GPU usado

    Funcionan mientras exista el mensaje.
help-presets =
    {"**"}Tus valores predeterminados:** `/{ command-settings } { command-settings-defaults }` es lo que usa `/{ command-imagine }` cuando no pones una opción
    {"**"}Presets:** `/{ command-settings } { command-settings-save }` guarda palabras y ajustes con un nombre, que se usa en `/{ command-imagine } { command-imagine-style }:`; `{"{"}prompt{"}"}` marca el sitio de tus palabras
    {"**"}Para todos aquí:** `/{ command-settings } { command-settings-share }`
    {"**"}Los que hay:** `/{ command-styles }`
help-later =
    {"**"}Más tarde:** `/{ command-imagine } { command-imagine-when }:` acepta `en 2 h`, `22:00`, `mañana 8:00`
    {"**"}Tu zona horaria:** `/{ command-settings } { command-settings-timezone }`, una sola vez
    Se crean después de todas las que se piden para ya. `/{ command-jobs }` las muestra y permite cancelarlas.
help-data =
    {"**"}Qué se guarda y por cuánto tiempo:** `/{ command-privacy } { command-privacy-show }`
    {"**"}Todo en un archivo:** `/{ command-privacy } { command-privacy-export }`
    {"**"}Borrarlo:** `/{ command-privacy } { command-privacy-erase }`
    {"**"}Algo inapropiado:** { button-more } › { button-report } debajo de una imagen, o mantén pulsado su mensaje, luego Aplicaciones
help-admin =
    {"**"}La cola y las GPU:** `/{ command-admin } { command-admin-overview }`, `{ command-admin-workers }`, `{ command-admin-pause }`, `{ command-admin-drain }`, `{ command-admin-quarantine }`
    {"**"}Tareas:** `/{ command-admin } { command-admin-cancel }`, `{ command-admin-bump }`, `{ command-admin-clear }`, `{ command-admin-failed }`, `{ command-admin-requeue }`
    {"**"}Quién, dónde, qué:** `/{ command-admin } { command-admin-channels }`, `{ command-admin-roles }`, `{ command-admin-rules }`, `{ command-admin-words }`, `{ command-admin-checkpoints }`, `{ command-admin-limits }`
    {"**"}Listas para los prompts:** `/{ command-admin } { command-admin-wildcards }`
    {"**"}Lo que se ha hecho:** `/{ command-admin } { command-admin-audit }`

me-waiting = **En espera:** { $count }{ $most ->
        [0] {""}
       *[other] {" "}de { $most }
    }
me-running = **En curso:** { $count }{ $most ->
        [0] {""}
       *[other] {" "}de { $most } a la vez
    }
me-gpu = **Tiempo de GPU hoy:** { $span }
me-gpu-of = **Tiempo de GPU hoy:** { $span } de { $most }; vuelve a cero { $reset }
me-cooldown = **Tu próxima imagen** se puede pedir dentro de { $span }
me-cooldown-none = **Tu próxima imagen** se puede pedir ya
me-lane-relax = **Carril:** relax; tus imágenes avanzan mientras nadie espera en el carril rápido
made-nothing = **Creado en los últimos 30 días:** nada todavía
made-line = **Creado en los últimos 30 días:** { $pictures ->
        [one] { $pictures } imagen
        [many] { $pictures } de imágenes
       *[other] { $pictures } imágenes
    } en { $span } de GPU
made-checkpoints = **Los más usados:** { $names }
made-checkpoint = { $name } ({ $count })
stats-none = 📊 Aquí no se ha creado nada en los últimos 30 días.
stats-title = 📊 **Este servidor**
stats-elsewhere = ⚠️ Úsalo en un servidor.
