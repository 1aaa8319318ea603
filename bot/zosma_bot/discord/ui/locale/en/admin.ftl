# /admin: names and descriptions as Discord lists them (100 characters each, 8000 in all), then what it answers.

command-admin = admin
    .description = See and steer the queue, the GPUs and this server's rules
command-admin-overview = overview
    .description = How full the queue is, by lane, checkpoint, member and worker; what is paused
command-admin-workers = workers
    .description = Each worker: state, WebUI, checkpoint, job, and why it takes none
command-admin-failed = failed
    .description = Jobs that failed for good, and why
command-admin-audit = audit
    .description = What admins did
command-admin-pause = pause
    .description = Hand out no more jobs, of everything or a part; running ones finish
command-admin-pause-scope = scope
    .description = What to pause
command-admin-pause-why = why
    .description = The reason; members read it
command-admin-resume = resume
    .description = Go on with what is paused
command-admin-resume-scope = scope
    .description = What goes on
command-admin-drain = drain
    .description = Let a worker or checkpoint finish its jobs, and give it no more
command-admin-drain-scope = scope
    .description = Worker or checkpoint
command-admin-quarantine = quarantine
    .description = Give a worker no more jobs because you don't trust it
command-admin-quarantine-worker = worker
    .description = Which
command-admin-release = release
    .description = Trust a worker again; a sick one is tried at once
command-admin-release-worker = worker
    .description = Which
command-admin-bump = bump
    .description = Move a waiting job to the front
command-admin-bump-job = job
    .description = Its id
command-admin-cancel = cancel
    .description = Cancel a job, waiting or running
command-admin-cancel-job = job
    .description = Its id
command-admin-clear = clear
    .description = Cancel all jobs of a member of this server
command-admin-clear-member = member
    .description = Whose
command-admin-requeue = requeue
    .description = Try failed jobs again
command-admin-requeue-job = job
    .description = Its id, or all

scope-queue = the whole queue
scope-lane = lane { $name }
scope-checkpoint = checkpoint { $name }
scope-worker = worker { $name }
lane-fast = fast
lane-relax = relax
state-waiting = waiting
state-delayed = put off
state-running = running
state-done = done
state-failed = failed
state-cancelled = cancelled
why-quarantine = quarantine
why-drain = is being drained

admin-lanes = Lanes
admin-checkpoints = Checkpoints
admin-members = Members
admin-workers = Workers
admin-any-checkpoint = any checkpoint
admin-all = all
admin-counts = { $name }: **{ $waiting }** waiting, **{ $running }** running
admin-more = … and { $count } more
admin-pause-line = ⏸️ { $scope } is paused, by { $who } { $since }
admin-sick = 🤒 in quarantine by itself; `/admin release` has it tried at once
admin-failed-line = { $id } { $who } { $when }: { $reason }
admin-failed-none = No job has failed.
admin-audit-line = { $when } { $who } **{ $act }** { $target }
audit-here = this server
admin-audit-none = Nothing was done yet.

act-pause = paused
act-drain = drained
act-quarantine = put into quarantine
act-resume = resumed
act-try = asked for a new try of
act-bump = bumped
act-cancel = cancelled
act-clear = cleared
act-retry = requeued
act-purge = purged
act-limits = set limits of
act-report = reported
act-report-delete = deleted a reported message
act-report-dismiss = dismissed a report
act-pictures = fetched the pictures of
act-rules = set rules of

moderators-only = ⚠️ Only moderators (permission “Manage Messages” or “Manage Server”) may use this.
admin-yes = Yes, do it
admin-no = No
admin-left = 👌 Nothing was done.
admin-too-late = ⚠️ This question is no longer open: it was answered, or is older than 15 minutes. Use the command again.
admin-not-asked = ⚠️ Only the admin who was asked can answer this.
admin-unsure = ⚠️ The queue stopped answering in the middle. Please check /admin overview to see whether it was done, and use the command again if not.
ask-pause-queue = ⏸️ **Pause the whole queue?** No worker gets another job, in any server, until `/admin resume`. { $waiting ->
    [one] { $waiting } job waits and keeps its place
   *[other] { $waiting } jobs wait and keep their places
    }; { $running ->
    [0] nothing runs there now.
    [one] { $running } running one finishes.
   *[other] { $running } running ones finish.
    }
ask-drain = 🚰 **Drain { $scope }?** It gets no more jobs until `/admin resume`; { $running ->
    [0] nothing runs there now.
    [one] { $running } running one finishes.
   *[other] { $running } running ones finish.
    }
ask-quarantine = 🤒 **Put { $scope } into quarantine?** It gets no more jobs until `/admin release`; { $running ->
    [0] nothing runs there now.
    [one] { $running } running one finishes.
   *[other] { $running } running ones finish.
    }
ask-clear = 🧹 **Cancel all jobs of { $member } in this server?** { $waiting } waiting and { $running } running now, and those to be tried again later. That can't be undone.
ask-requeue-fleet = 🔁 **Give { $count ->
    [one] the { $count } failed job
   *[other] all { $count } failed jobs
    } a new life?** These are the jobs of all servers. Each is tried again from the beginning.
ask-requeue-server = 🔁 **Give { $count ->
    [one] the { $count } failed job
   *[other] all { $count } failed jobs
    } of this server a new life?** Each is tried again from the beginning.

admin-paused = ⏸️ { $scope } is paused. { $running ->
    [0] Nothing runs there.
    [one] { $running } job still runs there and finishes.
   *[other] { $running } jobs still run there and finish.
    } It goes on with `/admin resume`.
admin-resumed = ▶️ { $scope } goes on.
admin-draining = 🚰 { $scope } gets no more jobs. { $running ->
    [one] { $running } job still runs there and finishes.
   *[other] { $running } jobs still run there and finish.
    } It goes on with `/admin resume`.
admin-drained = 🚰 { $scope } is drained: nothing runs there, and it gets no more jobs until `/admin resume`.
admin-quarantined = 🤒 { $scope } is in quarantine until `/admin release`.
admin-released = ▶️ { $scope } takes jobs again.
admin-tried-now = ▶️ { $scope } is not paused by an admin (any more), and its WebUI is tried at once; it takes jobs again when that goes well.
admin-bumped = ⏫ Job `{ $id }` goes next.
admin-cancelled = ✋ Job `{ $id }` is cancelled.
admin-cancelling = ✋ Job `{ $id }` is being stopped.
admin-cleared = 🧹 { $count ->
    [0] { $member } had no job here that could be cancelled.
    [one] { $count } job of { $member } is cancelled.
   *[other] { $count } jobs of { $member } are cancelled.
    }
admin-requeued = 🔁 Job `{ $id }` waits again.
admin-requeued-all = 🔁 { $count ->
    [one] { $count } job waits again.
   *[other] { $count } jobs wait again.
    }

refusal-admin-not-home = this steers the whole fleet, and that is not for the admins of this server. The bot's owner can allow it by setting `ZOSMA_HOME_GUILDS={ $guild }` and starting the bot again.
refusal-admin-no-job = there is no job { $given } here; it may have been forgotten.
refusal-admin-not-waiting = job { $id } doesn't wait, so there is nothing to move.
refusal-admin-not-failed = job { $id } hasn't failed, so there is nothing to requeue.
refusal-admin-nothing-failed = no job has failed, so there is nothing to requeue.
refusal-admin-ended = job { $id } has ended already.
refusal-admin-not-paused = { $scope } is not paused.
refusal-admin-not-quarantined = { $scope } is not in quarantine.
refusal-admin-no-scope = “{ $given }” is not known; there are: { $there }.
refusal-admin-no-scopes = nothing of that kind is there right now.

# Limits and rules.

command-admin-channels = channels
    .description = Where pictures can be asked for
command-admin-channels-allow = allow
    .description = Allow a channel; all others are then closed
command-admin-channels-allow-channel = channel
    .description = Which
command-admin-channels-remove = remove
    .description = Take a channel off the list
command-admin-channels-remove-channel = channel
    .description = Which
command-admin-channels-list = list
    .description = Show the list
command-admin-roles = roles
    .description = Who can ask for pictures
command-admin-roles-allow = allow
    .description = Allow a role; members without one are then refused
command-admin-roles-allow-role = role
    .description = Which
command-admin-roles-remove = remove
    .description = Take a role off the list
command-admin-roles-remove-role = role
    .description = Which
command-admin-roles-list = list
    .description = Show the list
command-admin-rules = rules
    .description = This server's other rules
command-admin-rules-buttons = buttons
    .description = Who can use the buttons of a member's pictures
command-admin-rules-buttons-who = who
    .description = Besides the member and moderators
command-admin-rules-buttons-role = role
    .description = One more role that can
command-admin-rules-age-restricted = age-restricted
    .description = Pictures in age-restricted channels only
command-admin-rules-age-restricted-switch = switch
    .description = On or off
command-admin-rules-age-restricted-everybody = everybody
    .description = For everybody, also in other servers, DMs and programs; only in the bot owner's server
command-admin-rules-sizes = sizes
    .description = How much one request may ask for
command-admin-rules-sizes-count = count
    .description = Most pictures; 0: no limit
command-admin-rules-sizes-steps = steps
    .description = Most steps; 0: no limit
command-admin-rules-sizes-side = side
    .description = Longest side in pixels; 0: no limit
command-admin-rules-sizes-everybody = everybody
    .description = For everybody, also in other servers, DMs and programs; only in the bot owner's server
command-admin-rules-spoiler = spoiler
    .description = Post pictures as spoilers
command-admin-rules-spoiler-when = when
    .description = When
command-admin-rules-grid = grid
    .description = Show a set as one picture
command-admin-rules-grid-switch = switch
    .description = On or off
command-admin-rules-reports = reports
    .description = Where reported pictures are shown to moderators
command-admin-rules-reports-channel = channel
    .description = Without one, reports are noted in the audit only
command-admin-rules-retention = retention
    .description = How long prompts and parameters of ended jobs are kept
command-admin-rules-retention-days = days
    .description = Up to 30
command-admin-defaults = defaults
    .description = What is used when a command leaves it out
command-admin-defaults-set = set
    .description = Set defaults; what is left out stays as it is
command-admin-defaults-set-channel = channel
    .description = For this channel only
command-admin-defaults-set-checkpoint = checkpoint
    .description = The model
command-admin-defaults-set-style = style
    .description = A style or a preset that this server shares
command-admin-defaults-set-negative = negative
    .description = What pictures must not show
command-admin-defaults-clear = clear
    .description = Clear the defaults
command-admin-defaults-clear-channel = channel
    .description = Of this channel only

switch-on = on
switch-off = off
spoiler-never = never
spoiler-always = always
spoiler-outside-age-restricted = outside age-restricted channels
who-owner = nobody else
who-anyone = anyone
who-roles = roles

channels-only = 📍 Pictures can be asked for in these channels only: { $shown }
channels-all = 📍 Pictures can be asked for in every channel.
roles-only = 👥 Only members with one of these roles can ask for pictures: { $shown }
roles-all = 👥 Everybody can ask for pictures.
reports-here = 🚩 Reported pictures will be shown here, with buttons for moderators.

rules-channels = **Channels:** { $shown }
rules-roles = **Roles:** { $shown }
rules-buttons = **Buttons of a member's pictures, besides the member and moderators:** { $shown }
rules-age = **Age-restricted channels only:** { $shown }
rules-spoiler = **Spoilers:** { $shown }
rules-for-all = 🌐 **For everybody, on every way in:**
rules-sizes = **Most pictures:** { $count } · **steps:** { $steps } · **longest side:** { $side }
rules-no-limit = no limit
rules-grid = **A set as one picture:** { $shown }
rules-reports = **Reports go to:** { $shown }
rules-retention = **Prompts and parameters are kept for:** { $days ->
    [one] { $days } day
   *[other] { $days } days
    }
rules-words = **Blocked words:** { $count }
rules-checkpoints = **Checkpoints:** { $shown }
rules-defaults = **Defaults:** { $shown }
rules-defaults-in = **Defaults in { $channel }:** { $shown }
rules-everywhere = all
rules-everybody = all
rules-all = all
rules-off = nowhere
rules-none = none
default-checkpoint = checkpoint { $value }
default-style = style { $value }
default-negative = without { $value }

refusal-admin-not-listed = that is not on the list.
refusal-admin-buttons-role = a role can be named with “roles” only.
refusal-admin-buttons-whose = which role? Name one as well.
refusal-admin-cannot-post = I can't write in that channel. Give me the permissions View Channel, Send Messages, Attach Files and Embed Links there, and try again.
refusal-admin-defaults-empty = name a checkpoint, style or negative prompt; /admin defaults clear takes them away.
refusal-admin-no-styles = there is no style or shared preset right now.

# Words, checkpoints, and the rules as a file.

command-admin-words = words
    .description = Words that prompts must not have here
command-admin-words-add = add
    .description = Block a word or phrase
command-admin-words-add-word = word
    .description = In any spelling; word* is every word that begins with it
command-admin-words-add-everybody = everybody
    .description = For everybody, also in other servers, DMs and programs; only in the bot owner's server
command-admin-words-remove = remove
    .description = Allow it again
command-admin-words-remove-word = word
    .description = Which
command-admin-words-remove-everybody = everybody
    .description = For everybody, also in other servers, DMs and programs; only in the bot owner's server
command-admin-words-list = list
    .description = Show the blocked words
command-admin-words-list-everybody = everybody
    .description = For everybody, also in other servers, DMs and programs; only in the bot owner's server
command-admin-checkpoints = checkpoints
    .description = Checkpoints that can be used here
command-admin-checkpoints-allow = allow
    .description = Allow one; all others are then closed
command-admin-checkpoints-allow-checkpoint = checkpoint
    .description = Which
command-admin-checkpoints-allow-everybody = everybody
    .description = For everybody, also in other servers, DMs and programs; only in the bot owner's server
command-admin-checkpoints-remove = remove
    .description = Take one off the list
command-admin-checkpoints-remove-checkpoint = checkpoint
    .description = Which
command-admin-checkpoints-remove-everybody = everybody
    .description = For everybody, also in other servers, DMs and programs; only in the bot owner's server
command-admin-checkpoints-list = list
    .description = Show the list
command-admin-checkpoints-list-everybody = everybody
    .description = For everybody, also in other servers, DMs and programs; only in the bot owner's server
command-admin-rules-show = show
    .description = Show all of this server's rules
command-admin-rules-export = export
    .description = Rules, words, checkpoints and limits as a file
command-admin-rules-import = import
    .description = Replace them with such a file
command-admin-rules-import-file = file
    .description = As export gives it

act-import = imported the rules of
words-blocked = 🚫 Blocked in prompts here:
words-none = No word is blocked here.
checkpoints-only = 🧩 Only these checkpoints can be used here: { $shown }
checkpoints-all = 🧩 Every checkpoint can be used here.
export-here = 📦 This server's rules, blocked words, allowed checkpoints and its roles' limits. `/admin rules import` takes it back.
import-wrong = ⚠️ Nothing was changed. In this file:
    { $problems }
import-unknown = no such part; there are { $there }
import-version = must be { $version }
import-no-text = It isn't a text file (UTF-8).
import-no-json = It isn't JSON: look at line { $line }, column { $column }.
import-no-object = must be a JSON object, in curly brackets
import-no-channel = this server has no channel { $id }
import-no-role = this server has no role { $id }
import-rules = all rules
import-words = { $count ->
    [one] { $count } blocked word
   *[other] { $count } blocked words
    }
import-checkpoints = { $count ->
    [0] every checkpoint allowed
    [one] { $count } allowed checkpoint
   *[other] { $count } allowed checkpoints
    }
import-sizes = how much may be asked for at once
import-limits = { $count ->
    [0] no limits of roles
    [one] limits of { $count } role
   *[other] limits of { $count } roles
    }
ask-import = 📦 **Put the file in the place of this server's own?** It has: { $parts }. What is there now is overwritten; export it first if you may want it back.
import-done = 📦 Done: the file's rules are this server's now. `/admin rules show` shows them.

refusal-bad-rule = this can't be kept. { $problem }.
refusal-admin-no-letters = this has no letter or digit, so nothing would be blocked.
refusal-admin-listed = that is on the list already.
refusal-admin-import-empty = this file is empty: it has neither rules, words, checkpoints nor limits.
refusal-admin-import-large = this file is too large: at most { $most_kb } KB are possible.
refusal-admin-import-unfetched = the file could not be fetched from Discord. Send it again.

admin-private-job = (private)
command-admin-cancel-why = why
    .description = Why; its member reads it
command-admin-clear-why = why
    .description = Why; its member reads it
