command-admin = admin
    .description = Ver y manejar la cola, las GPU y las reglas de este servidor
command-admin-overview = resumen
    .description = Cómo está la cola por carril, checkpoint, miembro y worker; qué está en pausa
command-admin-workers = workers
    .description = Cada worker: estado, WebUI, checkpoint, tarea y por qué no acepta ninguna
command-admin-failed = fallidas
    .description = Las tareas que han fallado definitivamente y por qué
command-admin-audit = auditoría
    .description = Lo que han hecho los admins
command-admin-pause = pausar
    .description = Dejar de repartir tareas, todas o una parte; las que están en curso terminan
command-admin-pause-scope = qué
    .description = Qué poner en pausa
command-admin-pause-why = motivo
    .description = El motivo; los miembros lo leerán
command-admin-resume = reanudar
    .description = Continuar con lo que está en pausa
command-admin-resume-scope = qué
    .description = Qué continúa
command-admin-drain = drenar
    .description = Dejar que un worker o un checkpoint termine sus tareas y no darle más
command-admin-drain-scope = qué
    .description = Worker o checkpoint
command-admin-quarantine = cuarentena
    .description = No dar más tareas a un worker en el que no confías
command-admin-quarantine-worker = worker
    .description = Cuál
command-admin-release = liberar
    .description = Volver a confiar en un worker; si tiene problemas, se prueba enseguida
command-admin-release-worker = worker
    .description = Cuál
command-admin-bump = priorizar
    .description = Poner una tarea en espera al principio de la cola
command-admin-bump-job = tarea
    .description = Su identificador
command-admin-cancel = cancelar
    .description = Cancelar una tarea, en espera o en curso
command-admin-cancel-job = tarea
    .description = Su identificador
command-admin-clear = cancelar-todas
    .description = Cancelar todas las tareas de un miembro de este servidor
command-admin-clear-member = miembro
    .description = De quién
command-admin-requeue = reintentar
    .description = Intentar de nuevo tareas fallidas
command-admin-requeue-job = tarea
    .description = Su identificador, o todas

scope-queue = toda la cola
scope-lane = carril { $name }
scope-checkpoint = checkpoint { $name }
scope-worker = worker { $name }
lane-fast = rápido
lane-relax = relax
state-waiting = en espera
state-delayed = aplazada
state-running = en curso
state-done = terminada
state-failed = fallida
state-cancelled = cancelada
why-quarantine = cuarentena
why-drain = se está drenando

admin-lanes = Carriles
admin-checkpoints = Checkpoints
admin-members = Miembros
admin-workers = Workers
admin-any-checkpoint = cualquier checkpoint
admin-all = todas
admin-counts = { $name }: **{ $waiting }** en espera, **{ $running }** en curso
admin-more = … y { $count } más
admin-pause-line = ⏸️ { $scope }: en pausa, por { $who } { $since }
admin-sick = 🤒 se puso en cuarentena por sí mismo; `/{ command-admin } { command-admin-release }` hace que se pruebe enseguida
admin-failed-line = { $id } { $who } { $when }: { $reason }
admin-failed-none = No ha fallado ninguna tarea.
admin-audit-line = { $when } { $who } **{ $act }** { $target }
audit-here = este servidor
admin-audit-none = Todavía no se ha hecho nada.

act-pause = pausó
act-drain = drenó
act-quarantine = puso en cuarentena
act-resume = reanudó
act-try = mandó probar
act-bump = priorizó
act-cancel = canceló
act-clear = canceló todas las tareas de
act-retry = reintentó
act-purge = purgó
act-limits = fijó límites de
act-report = reportó
act-report-delete = eliminó un mensaje reportado
act-report-dismiss = descartó un reporte
act-pictures = recuperó las imágenes de
act-rules = fijó reglas de

moderators-only = ⚠️ Solo para moderadores (permiso “Gestionar mensajes” o “Gestionar servidor”).
admin-yes = Sí, hazlo
admin-no = No
admin-left = 👌 No se hizo nada.
admin-too-late = ⚠️ Esta pregunta ya no está abierta: ya se respondió o tiene más de 15 minutos. Usa el comando otra vez.
admin-not-asked = ⚠️ Solo puede responder el admin al que se le preguntó.
admin-unsure = ⚠️ La cola dejó de responder a mitad de la operación. Comprueba con /{ command-admin } { command-admin-overview } si se hizo y, si no, usa el comando otra vez.
ask-pause-queue = ⏸️ **¿Poner toda la cola en pausa?** Ningún worker recibe otra tarea, en ningún servidor, hasta `/{ command-admin } { command-admin-resume }`. { $waiting ->
    [one] { $waiting } tarea espera y conserva su puesto
   *[other] { $waiting } tareas esperan y conservan su puesto
    }; { $running ->
    [0] ahora no hay nada en curso.
    [one] la tarea en curso termina.
   *[other] las { $running } tareas en curso terminan.
    }
ask-drain = 🚰 **¿Drenar { $scope }?** No recibe más tareas hasta `/{ command-admin } { command-admin-resume }`; { $running ->
    [0] ahora no hay nada en curso ahí.
    [one] la tarea en curso termina.
   *[other] las { $running } tareas en curso terminan.
    }
ask-quarantine = 🤒 **¿Poner { $scope } en cuarentena?** No recibe más tareas hasta `/{ command-admin } { command-admin-release }`; { $running ->
    [0] ahora no hay nada en curso ahí.
    [one] la tarea en curso termina.
   *[other] las { $running } tareas en curso terminan.
    }
ask-clear = 🧹 **¿Cancelar todas las tareas de { $member } en este servidor?** { $waiting } en espera y { $running } en curso ahora, y las que se iban a reintentar más tarde. No se puede deshacer.
ask-requeue-fleet = 🔁 **¿Reintentar { $count ->
    [one] la tarea fallida
   *[other] las { $count } tareas fallidas
    } de todos los servidores?** Cada una empieza desde cero.
ask-requeue-server = 🔁 **¿Reintentar { $count ->
    [one] la tarea fallida
   *[other] las { $count } tareas fallidas
    } de este servidor?** Cada una empieza desde cero.

admin-paused = ⏸️ En pausa: { $scope }. { $running ->
    [0] Ahí no hay nada en curso.
    [one] Ahí sigue { $running } tarea en curso, que termina.
   *[other] Ahí siguen { $running } tareas en curso, que terminan.
    } Se reanuda con `/{ command-admin } { command-admin-resume }`.
admin-resumed = ▶️ Reanudado: { $scope }.
admin-draining = 🚰 { $scope }: no recibe más tareas. { $running ->
    [one] Ahí sigue { $running } tarea en curso, que termina.
   *[other] Ahí siguen { $running } tareas en curso, que terminan.
    } Se reanuda con `/{ command-admin } { command-admin-resume }`.
admin-drained = 🚰 { $scope }: drenado. Ahí no hay nada en curso, y no recibe más tareas hasta `/{ command-admin } { command-admin-resume }`.
admin-quarantined = 🤒 { $scope }: en cuarentena hasta `/{ command-admin } { command-admin-release }`.
admin-released = ▶️ { $scope }: vuelve a aceptar tareas.
admin-tried-now = ▶️ { $scope }: ya no hay ninguna pausa de un admin, y su WebUI se prueba enseguida; si va bien, vuelve a aceptar tareas.
admin-bumped = ⏫ La tarea `{ $id }` es la siguiente.
admin-cancelled = ✋ La tarea `{ $id }` se canceló.
admin-cancelling = ✋ La tarea `{ $id }` se está deteniendo.
admin-cleared = 🧹 { $count ->
    [0] { $member } no tenía aquí ninguna tarea que se pudiera cancelar.
    [one] Se canceló { $count } tarea de { $member }.
   *[other] Se cancelaron { $count } tareas de { $member }.
    }
admin-requeued = 🔁 La tarea `{ $id }` espera otra vez.
admin-requeued-all = 🔁 { $count ->
    [one] { $count } tarea espera otra vez.
   *[other] { $count } tareas esperan otra vez.
    }

refusal-admin-not-home = esto maneja toda la flota, y eso no les corresponde a los admins de este servidor. El propietario del bot puede permitirlo poniendo `ZOSMA_HOME_GUILDS={ $guild }` y reiniciando el bot.
refusal-admin-no-job = aquí no hay ninguna tarea { $given }; puede que ya se haya olvidado.
refusal-admin-not-waiting = la tarea { $id } no está en espera, así que no hay nada que priorizar.
refusal-admin-not-failed = la tarea { $id } no ha fallado, así que no hay nada que reintentar.
refusal-admin-nothing-failed = no ha fallado ninguna tarea, así que no hay nada que reintentar.
refusal-admin-ended = la tarea { $id } ya ha terminado.
refusal-admin-not-paused = { $scope }: no está en pausa.
refusal-admin-not-quarantined = { $scope }: no está en cuarentena.
refusal-admin-no-scope = “{ $given }” no existe; disponible: { $there }.
refusal-admin-no-scopes = ahora mismo no hay nada de ese tipo.

command-admin-channels = canales
    .description = Dónde se pueden pedir imágenes
command-admin-channels-allow = permitir
    .description = Permitir un canal; los demás quedan cerrados
command-admin-channels-allow-channel = canal
    .description = Cuál
command-admin-channels-remove = quitar
    .description = Quitar un canal de la lista
command-admin-channels-remove-channel = canal
    .description = Cuál
command-admin-channels-list = lista
    .description = Mostrar la lista
command-admin-roles = roles
    .description = Quién puede pedir imágenes
command-admin-roles-allow = permitir
    .description = Permitir un rol; se rechaza a los miembros sin ninguno de la lista
command-admin-roles-allow-role = rol
    .description = Cuál
command-admin-roles-remove = quitar
    .description = Quitar un rol de la lista
command-admin-roles-remove-role = rol
    .description = Cuál
command-admin-roles-list = lista
    .description = Mostrar la lista
command-admin-rules = reglas
    .description = Las demás reglas de este servidor
command-admin-rules-buttons = botones
    .description = Quién puede usar los botones de las imágenes de un miembro
command-admin-rules-buttons-who = quién
    .description = Además del miembro y los moderadores
command-admin-rules-buttons-role = rol
    .description = Un rol más que puede usarlos
command-admin-rules-age-restricted = restricción-de-edad
    .description = Imágenes solo en canales con restricción de edad
command-admin-rules-age-restricted-switch = estado
    .description = Activado o desactivado
command-admin-rules-age-restricted-everybody = todos
    .description = Para todos, también en otros servidores, MD y programas; solo en el servidor del propietario
command-admin-rules-sizes = tamaños
    .description = Cuánto se puede pedir de una vez
command-admin-rules-sizes-count = cantidad
    .description = Máximo de imágenes; 0: sin límite
command-admin-rules-sizes-steps = pasos
    .description = Máximo de pasos; 0: sin límite
command-admin-rules-sizes-side = lado
    .description = Lado más largo en píxeles; 0: sin límite
command-admin-rules-sizes-everybody = todos
    .description = Para todos, también en otros servidores, MD y programas; solo en el servidor del propietario
command-admin-rules-spoiler = spoiler
    .description = Publicar las imágenes como spoiler
command-admin-rules-spoiler-when = cuándo
    .description = Cuándo
command-admin-rules-grid = cuadrícula
    .description = Mostrar una serie como una sola imagen
command-admin-rules-grid-switch = estado
    .description = Activado o desactivado
command-admin-rules-reports = reportes
    .description = Dónde se muestran a los moderadores las imágenes reportadas
command-admin-rules-reports-channel = canal
    .description = Sin canal, los reportes solo se anotan en la auditoría
command-admin-rules-retention = retención
    .description = Cuánto tiempo se guardan los prompts y parámetros de las tareas terminadas
command-admin-rules-retention-days = días
    .description = Hasta 30
command-admin-defaults = predeterminados
    .description = Lo que se usa cuando un comando no lo indica
command-admin-defaults-set = definir
    .description = Definir valores predeterminados; lo que no indiques queda igual
command-admin-defaults-set-channel = canal
    .description = Solo para este canal
command-admin-defaults-set-checkpoint = checkpoint
    .description = El modelo
command-admin-defaults-set-style = estilo
    .description = Un estilo o un preset compartido en este servidor
command-admin-defaults-set-negative = negativo
    .description = Lo que las imágenes no deben mostrar
command-admin-defaults-clear = borrar
    .description = Borrar los valores predeterminados
command-admin-defaults-clear-channel = canal
    .description = Solo los de este canal

switch-on = activado
switch-off = desactivado
spoiler-never = nunca
spoiler-always = siempre
spoiler-outside-age-restricted = fuera de los canales con restricción de edad
who-owner = nadie más
who-anyone = cualquiera
who-roles = roles

channels-only = 📍 Las imágenes solo se pueden pedir en estos canales: { $shown }
channels-all = 📍 Las imágenes se pueden pedir en todos los canales.
roles-only = 👥 Solo pueden pedir imágenes los miembros con uno de estos roles: { $shown }
roles-all = 👥 Todos pueden pedir imágenes.
reports-here = 🚩 Las imágenes reportadas se mostrarán aquí, con botones para los moderadores.

rules-channels = **Canales:** { $shown }
rules-roles = **Roles:** { $shown }
rules-buttons = **Botones de las imágenes de un miembro, además de él y los moderadores:** { $shown }
rules-age = **Solo canales con restricción de edad:** { $shown }
rules-spoiler = **Spoilers:** { $shown }
rules-for-all = 🌐 **Para todos y por cualquier vía:**
rules-sizes = **Máximo de imágenes:** { $count } · **pasos:** { $steps } · **lado más largo:** { $side }
rules-no-limit = sin límite
rules-grid = **Una serie como una sola imagen:** { $shown }
rules-reports = **Los reportes van a:** { $shown }
rules-retention = **Los prompts y parámetros se guardan:** { $days ->
    [one] { $days } día
   *[other] { $days } días
    }
rules-words = **Palabras bloqueadas:** { $count }
rules-checkpoints = **Checkpoints:** { $shown }
rules-defaults = **Valores predeterminados:** { $shown }
rules-defaults-in = **Valores predeterminados en { $channel }:** { $shown }
rules-everywhere = todos
rules-everybody = todos
rules-all = todos
rules-off = ningún sitio
rules-none = ninguno
default-checkpoint = checkpoint { $value }
default-style = estilo { $value }
default-negative = sin { $value }

refusal-admin-not-listed = eso no está en la lista.
refusal-admin-buttons-role = solo se puede indicar un rol con “{ who-roles }”.
refusal-admin-buttons-whose = ¿Qué rol? Indica también uno.
refusal-admin-cannot-post = no puedo escribir en ese canal. Dame ahí los permisos Ver canal, Enviar mensajes, Adjuntar archivos e Insertar enlaces, e inténtalo de nuevo.
refusal-admin-defaults-empty = indica un checkpoint, un estilo o un prompt negativo; /{ command-admin } { command-admin-defaults } { command-admin-defaults-clear } los borra.
refusal-admin-no-styles = ahora mismo no hay ningún estilo ni preset compartido.

command-admin-words = palabras
    .description = Palabras que los prompts no pueden contener aquí
command-admin-words-add = añadir
    .description = Bloquear una palabra o expresión
command-admin-words-add-word = palabra
    .description = Escrita de cualquier forma; palabra* son todas las que empiezan así
command-admin-words-add-everybody = todos
    .description = Para todos, también en otros servidores, MD y programas; solo en el servidor del propietario
command-admin-words-remove = quitar
    .description = Volver a permitirla
command-admin-words-remove-word = palabra
    .description = Cuál
command-admin-words-remove-everybody = todos
    .description = Para todos, también en otros servidores, MD y programas; solo en el servidor del propietario
command-admin-words-list = lista
    .description = Mostrar las palabras bloqueadas
command-admin-words-list-everybody = todos
    .description = Para todos, también en otros servidores, MD y programas; solo en el servidor del propietario
command-admin-checkpoints = checkpoints
    .description = Los checkpoints que se pueden usar aquí
command-admin-checkpoints-allow = permitir
    .description = Permitir uno; los demás quedan cerrados
command-admin-checkpoints-allow-checkpoint = checkpoint
    .description = Cuál
command-admin-checkpoints-allow-everybody = todos
    .description = Para todos, también en otros servidores, MD y programas; solo en el servidor del propietario
command-admin-checkpoints-remove = quitar
    .description = Quitar uno de la lista
command-admin-checkpoints-remove-checkpoint = checkpoint
    .description = Cuál
command-admin-checkpoints-remove-everybody = todos
    .description = Para todos, también en otros servidores, MD y programas; solo en el servidor del propietario
command-admin-checkpoints-list = lista
    .description = Mostrar la lista
command-admin-checkpoints-list-everybody = todos
    .description = Para todos, también en otros servidores, MD y programas; solo en el servidor del propietario
command-admin-rules-show = ver
    .description = Mostrar todas las reglas de este servidor
command-admin-rules-export = exportar
    .description = Reglas, palabras, checkpoints y límites en un archivo
command-admin-rules-import = importar
    .description = Reemplazarlos por un archivo así
command-admin-rules-import-file = archivo
    .description = Tal como lo da “exportar”

act-import = importó las reglas de
words-blocked = 🚫 Bloqueadas aquí en los prompts:
words-none = Aquí no hay ninguna palabra bloqueada.
checkpoints-only = 🧩 Aquí solo se pueden usar estos checkpoints: { $shown }
checkpoints-all = 🧩 Aquí se pueden usar todos los checkpoints.
export-here = 📦 Las reglas, las palabras bloqueadas, los checkpoints permitidos y los límites de los roles de este servidor. `/{ command-admin } { command-admin-rules } { command-admin-rules-import }` los recupera.
import-wrong = ⚠️ No se cambió nada. En este archivo:
    { $problems }
import-unknown = esa parte no existe; puede haber { $there }
import-version = debe ser { $version }
import-no-text = No es un archivo de texto (UTF-8).
import-no-json = No es JSON: mira la línea { $line }, columna { $column }.
import-no-object = debe ser un objeto JSON, entre llaves
import-no-channel = este servidor no tiene ningún canal { $id }
import-no-role = este servidor no tiene ningún rol { $id }
import-rules = todas las reglas
import-words = { $count ->
    [one] { $count } palabra bloqueada
   *[other] { $count } palabras bloqueadas
    }
import-checkpoints = { $count ->
    [0] checkpoints sin restricción
    [one] { $count } checkpoint permitido
   *[other] { $count } checkpoints permitidos
    }
import-sizes = cuánto se puede pedir de una vez
import-limits = { $count ->
    [0] ningún límite de roles
    [one] los límites de { $count } rol
   *[other] los límites de { $count } roles
    }
ask-import = 📦 **¿Reemplazar las reglas de este servidor por las del archivo?** Contiene: { $parts }. Lo que hay ahora se sobrescribe; expórtalo antes si quizá lo quieras recuperar.
import-done = 📦 Hecho: las reglas del archivo ya son las de este servidor. `/{ command-admin } { command-admin-rules } { command-admin-rules-show }` las muestra.

refusal-bad-rule = esto no se puede guardar. { $problem }.
refusal-admin-no-letters = aquí no hay ni letras ni números, así que no se bloquearía nada.
refusal-admin-listed = eso ya está en la lista.
refusal-admin-import-empty = este archivo está vacío: no tiene ni reglas, ni palabras, ni checkpoints, ni límites.
refusal-admin-import-large = este archivo pesa demasiado: { $most_kb } KB como máximo.
refusal-admin-import-unfetched = no se pudo descargar el archivo de Discord. Envíalo otra vez.

admin-private-job = (privada)
command-admin-cancel-why = motivo
    .description = Por qué; lo lee el miembro
command-admin-clear-why = motivo
    .description = Por qué; lo lee el miembro
