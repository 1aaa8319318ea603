command-imagine-when = quand
    .description = La créer plus tard, quand les GPU sont libres : dans 2 h, 22:00, demain 8:00
command-settings-timezone = fuseau
    .description = Ton fuseau horaire, pour « quand : 22:00 »
command-settings-timezone-zone = zone
    .description = La grande ville la plus proche, par exemple Europe/Paris

waiting-scheduled = 🌙 Prévu pour { $time } ({ $relative }), après ceux qui veulent leurs images tout de suite.
jobs-state-scheduled = prévue
settings-timezone = **Ton fuseau horaire :** { $zone }, où il est { $clock }
settings-no-timezone = **Ton fuseau horaire :** pas défini ; /{ command-settings } { command-settings-timezone } le définit

refusal-when-unreadable = « { $given } » : je ne comprends pas ce moment. Écris dans 2 h, 22:00, demain 8:00 ou 2026-12-24 18:00.
refusal-when-past = « { $given } » est déjà passé : choisis un moment plus tard.
refusal-when-far = « { $given } » est dans plus de { $most } jours : choisis un moment plus proche.
refusal-when-left-out = « { $given } » n’existe pas cette nuit-là, à cause du passage à l’heure d’été : choisis { $later }.
refusal-when-no-zone = Pour savoir quand « { $given } » tombe pour toi, il me faut ton fuseau horaire : définis-le une fois avec /{ command-settings } { command-settings-timezone }, ou écris dans 2 h.
refusal-no-time-zone = « { $given } » n’est pas un fuseau horaire : choisis-en un dans la liste, par exemple Europe/Paris.
