refused = ⚠️ { $reason }
quoted = « { $text } »
queue-away = ⚠️ La file d’attente est injoignable pour le moment : rien n’a été lancé. Réessaie dans une minute.
restarting = ⚠️ Le bot est en train de redémarrer. Réessaie dans 30 secondes.
never-queued = ⚠️ Le bot a été interrompu avant que ta demande n’arrive dans la file : rien n’a été lancé. Refais ta demande.
not-permitted = ⚠️ Il faut la permission « Gérer le serveur » pour faire ça.
guilds-only = ⚠️ Ça ne marche que sur un serveur, pas en message privé.
outdated = ⚠️ Cette commande a changé. Recharge Discord (Ctrl+R) et réessaie.
discord-away = ⚠️ Discord a des soucis en ce moment. Réessaie dans une minute.
unexpected = ⚠️ Quelque chose s’est mal passé de notre côté. C’est noté, tu peux réessayer.

depth-waiting = **{ $count }** en attente
depth-waiting-since = **{ $count }** { $count ->
    [one] en attente depuis { $span }
   *[other] en attente, la plus ancienne depuis { $span }
    }
depth-running = **{ $count }** en cours
depth-delayed = **{ $count }** pour plus tard : à l’heure prévue ou à réessayer
depth-failed = **{ $count }** en échec ces 30 derniers jours
depth-undelivered = **{ $count }** { $count ->
    [one] terminée, pas encore affichée
   *[other] terminées, pas encore affichées
    }
worker-free = 🟢 libre
    .count = 🟢 { $count } { $count ->
    [one] libre
   *[other] libres
    }
worker-held = ⏸️ ne prend pas de tâches
    .count = ⏸️ { $count } en pause
worker-busy = 🔵 occupé
    .count = 🔵 { $count } { $count ->
    [one] occupé
   *[other] occupés
    }
worker-away = 🔴 indisponible
    .count = 🔴 { $count } { $count ->
    [one] indisponible
   *[other] indisponibles
    }
worker-nothing-loaded = aucun checkpoint chargé
worker-job = tâche { $id }
workers-none = Aucun worker n’a donné signe de vie ces dix dernières secondes.
workers-more = … et { $count } { $count ->
    [one] autre
   *[other] autres
    }
queue-paused = ⏸️ Mise en pause par un admin : { $scopes }
