refused = ⚠️ { $reason }
quoted = „{ $text }“
queue-away = ⚠️ Die Warteschlange ist gerade nicht erreichbar, deshalb wurde nichts begonnen. Bitte in einer Minute noch einmal versuchen.
restarting = ⚠️ Der Bot startet gerade neu. Bitte in einer halben Minute noch einmal versuchen.
never-queued = ⚠️ Der Bot wurde unterbrochen, bevor deine Anfrage in der Warteschlange war; es wurde nichts begonnen. Bitte stell sie noch einmal.
not-permitted = ⚠️ Das dürfen nur Mitglieder mit dem Recht „Server verwalten“.
guilds-only = ⚠️ Das geht nur auf einem Server, nicht in Direktnachrichten.
outdated = ⚠️ Dieser Befehl hat sich geändert. Bitte Discord neu laden (Strg+R) und noch einmal versuchen.
discord-away = ⚠️ Discord hat gerade Schwierigkeiten. Bitte in einer Minute noch einmal versuchen.
unexpected = ⚠️ Bei uns ist etwas schiefgegangen. Es ist vermerkt; bitte noch einmal versuchen.

depth-waiting = **{ $count }** { $count ->
    [one] wartet
   *[other] warten
    }
depth-waiting-since = **{ $count }** { $count ->
    [one] wartet
   *[other] warten
    }, der älteste Auftrag seit { $span }
depth-running = **{ $count }** in Arbeit
depth-delayed = **{ $count }** für später: geplant oder zum erneuten Versuch
depth-failed = **{ $count }** in den letzten 30 Tagen gescheitert
depth-undelivered = **{ $count }** fertig, noch nicht gezeigt
worker-free = 🟢 frei
    .count = 🟢 { $count } frei
worker-held = ⏸️ nimmt keine Aufträge
    .count = ⏸️ { $count } angehalten
worker-busy = 🔵 beschäftigt
    .count = 🔵 { $count } beschäftigt
worker-away = 🔴 weg
    .count = 🔴 { $count } weg
worker-nothing-loaded = kein Checkpoint geladen
worker-job = Auftrag { $id }
workers-none = In den letzten zehn Sekunden hat sich kein Worker gemeldet.
workers-more = … und { $count } weitere
queue-paused = ⏸️ Von der Verwaltung angehalten: { $scopes }
