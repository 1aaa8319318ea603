button-cancel = Cancelar
button-try-again = Reintentar
button-again = Otra vez
button-edit = Editar
button-missing = { $count ->
    [one] Crear la imagen { $first }
   *[other] Crear las imágenes { $first }–{ $last }
    }
button-checkpoint = Otro checkpoint
button-parameters = Parámetros
button-send = Enviármela
button-report = Reportar
button-delete = Eliminar
button-upscale = Ampliar
button-upscale-short = U{ $number }
button-vary-subtle = Variar
button-vary-subtle-short = V{ $number }
button-more = Más…
button-vary-strong = Variar mucho
    .hint = Imágenes que solo se le parecen un poco
button-region = Cambiar una zona
    .hint = La eliges y dices qué debe haber ahí
button-zoom-out = Alejar 1,5×
    .hint = La imagen continúa por todos lados
button-zoom-out-far = Alejar 2×
    .hint = La imagen continúa mucho más por todos lados
button-pan-left = Extender a la izquierda
button-pan-right = Extender a la derecha
button-pan-up = Extender hacia arriba
button-pan-down = Extender hacia abajo
button-square = Hacerla cuadrada
    .hint = Se extienden los lados cortos
more-ask = ¿Qué quieres hacer con ella?
more-choose = Elige
more-picture = Imagen { $number }
menu-gone = ⚠️ Este menú tiene más de un día. Pulsa otra vez “{ button-more }” debajo de la imagen.

credit = { $member } · { $deed } de la imagen de { $owner }
credit-own = { $member } · { $deed }
deed-again = nuevo intento
deed-variation = variación
deed-upscale = ampliación
deed-edit = edición
deed-checkpoint = versión con otro checkpoint
deed-region = cambio de una zona
deed-zoom = zoom out
deed-pan = extensión
deed-square = versión cuadrada

button-unknown = ⚠️ Este botón es de otra versión del bot y ya no funciona. Usa un comando en su lugar, por ejemplo /{ command-imagine }.
button-foreign = ⚠️ Este botón pertenece a algo que no puedes usar aquí.
button-not-yours = ⚠️ Aquí solo { $member } y los moderadores del servidor pueden usar este botón. Para una imagen tuya, usa /{ command-imagine }.
recipe-gone = ⚠️ Ya no está guardado cómo se creó esto, y el mensaje no tiene ninguna imagen que lo diga. Usa /{ command-imagine }.
cancel-asked = ✋ Se está deteniendo.
cancel-done = ✋ Cancelado.
cancel-ended = ⚠️ Esto ya ha terminado, así que no hay nada que cancelar.
cancel-gone = ⚠️ La cola ya no tiene esta tarea, así que no hay nada que cancelar.
deleted = 🗑️ Eliminado.
deleted-before = ⚠️ Este mensaje ya no existe.
delete-refused = ⚠️ Discord no me deja eliminar este mensaje. Un moderador sí puede.
sent-privately = 📨 Enviado por mensaje directo.
send-refused = ⚠️ No puedo enviarte mensajes directos. Permítelos en los ajustes de privacidad del servidor (Mensajes directos) y pulsa otra vez.
send-explicit = ⚠️ Discord considera explícita esta imagen y no me deja enviártela por mensaje directo.
parameters-shown = 📋 Como comando:
parameters-like = 📋 Como comando, para imágenes parecidas:
parameters-from-picture = ℹ️ Se creó a partir de otra imagen, así que ningún comando puede repetirla.
parameters-again = El botón “{ button-again }” que tiene debajo sí puede, durante un día.
parameters-enlarged = ℹ️ El comando crea la imagen tal como era antes de ampliarla.
parameters-no-command = ℹ️ Como comando se rechazaría: { $why }
parameters-none = ⚠️ Esta imagen no dice cómo se creó.
parameters-text = Como texto:
checkpoint-ask = 🧩 ¿Qué checkpoint?
checkpoint-none = ⚠️ Ahora mismo no hay ningún otro checkpoint en línea.
edit-title = Editar y crear de nuevo
edit-prompt = Prompt
edit-negative = Prompt negativo
edit-checkpoint = Checkpoint
edit-style = Estilo
edit-size = Tamaño
edit-as-it-is = sin cambios
edit-same-checkpoint = el mismo: { $checkpoint }
edit-any-checkpoint = el que una GPU ya tenga cargado
edit-same-size = el mismo: { $size }
report-title = Reportar esta imagen
report-why = ¿Qué problema tiene?
report-thanks = 🚩 Gracias. Los moderadores ya están avisados.
report-nowhere = 🚩 Gracias. Queda anotado para los admins del servidor, que no han elegido un canal para los reportes.
report-head = 🚩 { $member } reporta una imagen de { $owner }: { $link }
report-because = > { $why }
report-delete = Eliminar la imagen
report-dismiss = Descartar
report-dismissed = ✅ Descartado por { $member }.
report-deleted = 🗑️ Eliminado por { $member }.

loaded-now = ya cargado
load-time = aprox. { $span } de carga
on-workers = { $count ->
    [one] { $count } worker
   *[other] { $count } workers
    }

rule-channels = ⚠️ Aquí las imágenes se pueden pedir en { $channels }.
rule-roles = ⚠️ Aquí solo pueden pedir imágenes los miembros con uno de estos roles: { $roles }
door-server = ⚠️ Este servidor no está entre los que atiende este bot.
door-off = ⚠️ Este bot no acepta nada por mensaje directo. Pídelo en un servidor en el que esté.
door-members = ⚠️ Por mensaje directo, este bot solo atiende a los miembros de sus servidores, y no estás en ninguno de ellos.
rule-age = ⚠️ Aquí las imágenes solo se pueden pedir en canales con restricción de edad.

shape-square = cuadrado
shape-portrait = vertical
shape-landscape = horizontal
shape-wide = panorámico
shape-tall = vertical alargado
