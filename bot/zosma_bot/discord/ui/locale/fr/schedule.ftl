command-imagine-when = quand
    .description = Créer l’image plus tard, quand les GPU sont libres : dans 2 h, 22h, demain 8h
command-settings-timezone = fuseau
    .description = Ton fuseau horaire, pour « quand : 22h »
command-settings-timezone-zone = zone
    .description = La grande ville la plus proche, par exemple Europe/Paris

waiting-scheduled = 🌙 Prévu pour le { $time } ({ $relative }). Les images demandées pour tout de suite passent avant.
jobs-state-scheduled = prévue
settings-timezone = **Ton fuseau horaire :** { $zone }, où il est { $clock }
settings-no-timezone = **Ton fuseau horaire :** pas défini ; /{ command-settings } { command-settings-timezone } le définit

refusal-when-unreadable = Je ne comprends pas « { $given } ». Écris par exemple « dans 2 h », « 22h », « demain 8h » ou « 24/12 18h ».
refusal-when-past = « { $given } » est déjà passé : choisis un moment plus tardif.
refusal-when-far = « { $given } » est dans plus de { $most } jours : choisis un moment plus proche.
refusal-when-left-out = « { $given } » n’existe pas ce jour-là dans ton fuseau horaire, à cause du passage à l’heure d’été : choisis { $later }.
refusal-when-no-zone = Je ne connais pas ton fuseau horaire, donc je ne sais pas quand « { $given } » tombe pour toi : définis-le une fois avec /{ command-settings } { command-settings-timezone }, ou écris par exemple « dans 2 h ».
refusal-no-time-zone = « { $given } » n’est pas un fuseau horaire : choisis-en un dans la liste, par exemple Europe/Paris.
