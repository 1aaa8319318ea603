# Refusals and answers that any command can give.

refused = ⚠️ { $reason }
quoted = “{ $text }”
queue-away = ⚠️ The queue can't be reached right now, so nothing was started. Please try again in a minute.
restarting = ⚠️ The bot is restarting. Please try again in half a minute.
never-queued = ⚠️ The bot was interrupted before your request reached the queue, so nothing was started. Please ask again.
not-permitted = ⚠️ Only members with the permission “Manage Server” may use this.
guilds-only = ⚠️ This works in a server only, not in direct messages.
outdated = ⚠️ This command has changed. Please reload Discord (Ctrl+R) and try again.
discord-away = ⚠️ Discord is having problems right now. Please try again in a minute.
unexpected = ⚠️ Something went wrong on our side. It has been noted; please try again.

# The queue, for everybody and for admins.

depth-waiting = **{ $count }** waiting
depth-waiting-since = **{ $count }** waiting, the oldest for { $span }
depth-running = **{ $count }** running
depth-delayed = **{ $count }** for later: scheduled, or to be tried again
depth-failed = **{ $count }** failed in the last 30 days
depth-undelivered = **{ $count }** finished, not shown yet
worker-free = 🟢 free
    .count = 🟢 { $count } free
worker-held = ⏸️ takes no jobs
    .count = ⏸️ { $count } on hold
worker-busy = 🔵 busy
    .count = 🔵 { $count } busy
worker-away = 🔴 away
    .count = 🔴 { $count } away
worker-nothing-loaded = no checkpoint loaded
worker-job = job { $id }
workers-none = No worker has shown a sign of life in the last ten seconds.
workers-more = … and { $count } more
queue-paused = ⏸️ Paused by an admin: { $scopes }
