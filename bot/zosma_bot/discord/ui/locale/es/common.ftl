refused = ⚠️ { $reason }
quoted = “{ $text }”
queue-away = ⚠️ Ahora mismo no se puede acceder a la cola, así que no se empezó nada. Inténtalo de nuevo en un minuto.
restarting = ⚠️ El bot se está reiniciando. Inténtalo de nuevo en medio minuto.
never-queued = ⚠️ El bot se interrumpió antes de que tu solicitud llegara a la cola, así que no se empezó nada. Envíala otra vez.
not-permitted = ⚠️ Para esto necesitas el permiso “Gestionar servidor”.
guilds-only = ⚠️ Esto solo funciona en un servidor, no en mensajes directos.
outdated = ⚠️ Este comando ha cambiado. Recarga Discord (Ctrl+R) e inténtalo de nuevo.
discord-away = ⚠️ Discord tiene problemas ahora mismo. Inténtalo de nuevo en un minuto.
unexpected = ⚠️ Algo falló de nuestro lado. Queda anotado; inténtalo de nuevo.

depth-waiting = **{ $count }** en espera
depth-waiting-since = **{ $count }** en espera, la más antigua desde hace { $span }
depth-running = **{ $count }** en curso
depth-delayed = **{ $count }** para más tarde: a su hora o para reintentar
depth-failed = **{ $count }** { $count ->
    [one] fallida en los últimos 30 días
   *[other] fallidas en los últimos 30 días
    }
depth-undelivered = **{ $count }** { $count ->
    [one] terminada, aún sin mostrar
   *[other] terminadas, aún sin mostrar
    }
worker-free = 🟢 libre
    .count = 🟢 { $count } { $count ->
    [one] libre
   *[other] libres
    }
worker-held = ⏸️ no acepta tareas
    .count = ⏸️ { $count } en pausa
worker-busy = 🔵 ocupado
    .count = 🔵 { $count } { $count ->
    [one] ocupado
   *[other] ocupados
    }
worker-away = 🔴 desconectado
    .count = 🔴 { $count } { $count ->
    [one] desconectado
   *[other] desconectados
    }
worker-nothing-loaded = ningún checkpoint cargado
worker-job = tarea { $id }
workers-none = Ningún worker dio señales de vida en los últimos diez segundos.
workers-more = … y { $count } más
queue-paused = ⏸️ Pausado por un admin: { $scopes }
