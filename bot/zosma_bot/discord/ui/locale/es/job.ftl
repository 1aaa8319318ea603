span-tenths = { NUMBER($value, minimumFractionDigits: 1, maximumFractionDigits: 1) } s
span-seconds = { $value } s
span-minutes = { $value } min
span-hours = { NUMBER($value, minimumFractionDigits: 1, maximumFractionDigits: 1) } h

asked-without = **sin** { $negative }
asked-upscale = una imagen ampliada ×{ $scale }
asked-upscale-too = ampliada ×{ $scale }
asked-interrogate = ¿Qué muestra esta imagen?
asked-compare = comparación por { $what }: { $values }
alt-upscale = una imagen ampliada

waiting = 🕓 En cola
waiting-next = 🕓 Siguiente en la cola · { $when }
waiting-place = 🕓 Puesto { $place } en la cola · { $when }
waiting-soon = empieza en un momento
waiting-until = empieza { $time }
waiting-nobody = 🕓 Ahora mismo no hay ninguna GPU en línea para esto; empezará en cuanto vuelva una.
waiting-gpu = 🕓 Esperando una GPU; la última estuvo aquí { $time }. Empezará en cuanto vuelva una.
waiting-paused = ⏸️ Un admin puso esto en pausa por ahora; conserva su puesto en la cola.
waiting-paused-because = ⏸️ Un admin puso esto en pausa por ahora: { $reason }. Conserva su puesto en la cola.
waiting-limit = 🕓 En cola · ya tienes en curso el máximo de tareas a la vez; esta podrá empezar cuando termine una de ellas.
waiting-again = 🕓 Una GPU tuvo un problema con esto; se reintentará en un momento.

starting = 🎨 Empezando: la GPU se está preparando
cancelling = ✋ Deteniendo…
running = 🎨 { $bar } { $percent } %
running-left = quedan { $span }
running-estimated = (estimado)
running-made = { $made } de { $count } { $count ->
    [one] terminada
   *[other] terminadas
    }
missing = { $count ->
    [one] No se pudo crear { $count } de las { $total } imágenes.
   *[other] No se pudieron crear { $count } de las { $total } imágenes.
    }

cancelled = ✋ Cancelado.
cancelled-by-member = ✋ Cancelado por { $who }.
cancelled-by-admin = ✋ Cancelado por un admin.
cancelled-because = Motivo: { $reason }.
cancelled-free = No se descontó nada.
cancelled-paid = Se descuenta el tiempo de GPU usado hasta ese momento: { $span }.
removed-cancelled = ✋ La moderación eliminó el mensaje en { $channel }, así que la tarea se canceló.
removed-ended = ✋ La moderación eliminó el mensaje en { $channel }, así que el resultado no se publica.
lost = ⚠️ Esto se perdió cuando la cola perdió sus datos. Vuelve a pedirlo.
gone-all = ⚠️ Las imágenes esperaron demasiado a Discord y ya no están guardadas. Vuelve a pedirlas.
gone-some = ⚠️ { $missing ->
    [one] { $missing } de las { $total } imágenes ya no está guardada.
   *[other] { $missing } de las { $total } imágenes ya no están guardadas.
    }
too-large = ⚠️ Las imágenes pesan demasiado para Discord aquí. Pide un tamaño menor o menos imágenes a la vez.
files-refused = ⚠️ No puedo adjuntar archivos en este canal, así que el resultado llega por mensaje directo o espera en /{ command-jobs }. Un admin puede permitirlo: permiso “Adjuntar archivos”.

failed = ⚠️ Algo falló de nuestro lado. Inténtalo de nuevo en un minuto.
other-kind = ℹ️ Se terminó en una GPU con otro software que el del principio, así que su semilla da una imagen distinta.
    .some = ℹ️ Algunas de estas imágenes se crearon en una GPU con otro software que el de las primeras, así que sus semillas dan imágenes distintas.

failed-refused = ⚠️ { $detail }. Prueba con otros ajustes.
failed-oom = ⚠️ La GPU se quedó sin memoria. Prueba con un tamaño menor o menos imágenes a la vez.
failed-nan = ⚠️ El checkpoint no dio ninguna imagen válida (NaN). Prueba con otro checkpoint, tamaño o sampler.
failed-black = ⚠️ Solo salió negro. Prueba con otro prompt, checkpoint o semilla.
failed-wrong-checkpoint = ⚠️ Ninguna GPU pudo cargar este checkpoint. Prueba con otro.
failed-checkpoint-unusable = ⚠️ El archivo de este checkpoint no se puede cargar. Prueba con otro checkpoint.
failed-nodes-missing = ⚠️ A la GPU le falta una parte del workflow que esto necesita. Prueba con otro checkpoint o pregunta a un admin.
failed-wrong-sampler = ⚠️ Ninguna GPU pudo usar este sampler. Prueba con otro.
failed-wrong-vae = ⚠️ Ninguna GPU pudo usar este VAE. Prueba con otro.
failed-wrong-size = ⚠️ Las imágenes salieron con un tamaño distinto al pedido. Prueba con otro tamaño.
failed-wrong-count = ⚠️ Salieron menos imágenes de las pedidas. Prueba con menos a la vez.
failed-empty = { failed-webui-broken }
failed-no-words = ⚠️ Ninguna GPU pudo describir esta imagen. Inténtalo más tarde: la primera vez, puede que una WebUI todavía esté descargando lo que necesita.
failed-no-room = ⚠️ La cola no tiene sitio para estas imágenes. Prueba con menos o más pequeñas.
failed-webui-broken = ⚠️ La WebUI de Stable Diffusion falló, incluso al reintentarlo. Prueba con otros ajustes, o más tarde.
failed-webui-hung = ⚠️ La WebUI de Stable Diffusion se bloqueó a mitad de la imagen. Prueba con un tamaño menor o menos pasos.
failed-webui-died = ⚠️ La WebUI de Stable Diffusion se cayó en cada intento. Prueba con un tamaño menor o menos imágenes a la vez.
failed-webui-away = ⚠️ La WebUI de Stable Diffusion se desconectó y no volvió a tiempo. Inténtalo más tarde.
failed-webui-sick = ⚠️ La WebUI de Stable Diffusion tiene problemas ahora mismo. Inténtalo más tarde o con otros ajustes.
failed-interrupted = ⚠️ Alguien detuvo la WebUI de Stable Diffusion a mitad de la imagen. Inténtalo de nuevo.
failed-internal = { failed }
failed-worker-lost = ⚠️ Las GPU que trabajaban en esto se cayeron una tras otra, así que se abandonó. Prueba con un tamaño menor o pide a un admin que revise las GPU.
failed-no-worker = ⚠️ Ninguna GPU capaz de hacer esto volvió a tiempo. Inténtalo más tarde o con otro checkpoint.
failed-no-gpu = ⚠️ En todo ese tiempo no volvió ninguna GPU, así que se abandonó. Pídelo de nuevo cuando haya una en línea.
failed-undecodable = ⚠️ No se pudo leer el resultado. Envía el comando otra vez.

job-mark = tarea { $id }
seeds = { $count ->
    [one] semilla { $seeds }
   *[other] semillas { $seeds }
    }
steps = { $count ->
    [one] { $count } paso
   *[other] { $count } pasos
    }
guidance = guidance { $value }
meant-for = para { $member }

originals = { $count ->
    [one] {"["}original](<{ $links }>)
   *[other] originales: { $links }
    }
originals-singles = Con “{ button-more }” y luego “{ button-send }” recibes cada imagen por separado, durante 15 minutos.
originals-kept = { $count ->
    [one] Discord no acepta archivos tan grandes como esta imagen. Un admin puede recuperar el original durante un día con su número: { $id }
   *[other] Discord no acepta archivos tan grandes como estas imágenes. Un admin puede recuperar los originales durante un día con su número: { $id }
    }
hidden-one = ⚠️ La imagen no se muestra: el filtro de imágenes de este servidor la rechaza.
hidden-all = ⚠️ Las imágenes no se muestran: el filtro de imágenes de este servidor las rechaza.
hidden-some = ⚠️ { $blocked ->
    [one] { $blocked } de las { $total } imágenes no se muestra: el filtro de imágenes de este servidor la rechaza.
   *[other] { $blocked } de las { $total } imágenes no se muestran: el filtro de imágenes de este servidor las rechaza.
    }
hidden-because = ({ $reasons })
shrunk = Se comprimió para que quepa en Discord (WebP, calidad { $quality }).
shrunk-smaller = Se redujo para que quepa en Discord (al { $percent } % del ancho, WebP, calidad { $quality }).
