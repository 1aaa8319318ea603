command-admin = admin
    .description = Voir et piloter la file, les GPU et les règles de ce serveur
command-admin-overview = aperçu
    .description = État de la file par voie, checkpoint, membre et worker ; ce qui est en pause
command-admin-workers = workers
    .description = Chaque worker : état, WebUI, checkpoint, tâche, et pourquoi il n’en prend pas
command-admin-failed = échecs
    .description = Les tâches définitivement en échec, et pourquoi
command-admin-audit = audit
    .description = Ce que les admins ont fait
command-admin-pause = pause
    .description = Ne plus distribuer de tâches, partout ou en partie ; celles en cours se terminent
command-admin-pause-scope = quoi
    .description = Ce qu’il faut mettre en pause
command-admin-pause-why = raison
    .description = La raison, que les membres liront
command-admin-resume = reprendre
    .description = Reprendre ce qui est en pause
command-admin-resume-scope = quoi
    .description = Ce qui reprend
command-admin-drain = drainer
    .description = Laisser un worker ou un checkpoint finir ses tâches, sans lui en donner d’autres
command-admin-drain-scope = quoi
    .description = Worker ou checkpoint
command-admin-quarantine = quarantaine
    .description = Ne plus donner de tâches à un worker auquel tu ne fais pas confiance
command-admin-quarantine-worker = worker
    .description = Lequel
command-admin-release = libérer
    .description = Refaire confiance à un worker ; s’il a un problème, il est testé tout de suite
command-admin-release-worker = worker
    .description = Lequel
command-admin-bump = prioriser
    .description = Faire passer une tâche en attente en tête de la file
command-admin-bump-job = tâche
    .description = Son identifiant
command-admin-cancel = annuler
    .description = Annuler une tâche, en attente ou en cours
command-admin-cancel-job = tâche
    .description = Son identifiant
command-admin-clear = vider
    .description = Annuler toutes les tâches d’un membre de ce serveur
command-admin-clear-member = membre
    .description = De qui
command-admin-requeue = relancer
    .description = Réessayer des tâches en échec
command-admin-requeue-job = tâche
    .description = Son identifiant, ou toutes

scope-queue = toute la file
scope-lane = la voie { $name }
scope-checkpoint = le checkpoint { $name }
scope-worker = le worker { $name }
lane-fast = rapide
lane-relax = relax
state-waiting = en attente
state-delayed = reportée
state-running = en cours
state-done = terminée
state-failed = en échec
state-cancelled = annulée
why-quarantine = quarantaine
why-drain = en cours de drainage

admin-lanes = Voies
admin-checkpoints = Checkpoints
admin-members = Membres
admin-workers = Workers
admin-any-checkpoint = n’importe quel checkpoint
admin-all = toutes
admin-counts = { $name } : **{ $waiting }** en attente, **{ $running }** en cours
admin-more = … et { $count } { $count ->
    [one] autre
   *[other] autres
    }
admin-pause-line = ⏸️ { $scope } : en pause, par { $who } { $since }
admin-sick = 🤒 s’est mis en quarantaine tout seul ; `/{ command-admin } { command-admin-release }` le fait tester tout de suite
admin-failed-line = { $id } { $who } { $when } : { $reason }
admin-failed-none = Aucune tâche n’est en échec.
admin-audit-line = { $when } { $who } **{ $act }** { $target }
audit-here = ce serveur
admin-audit-none = Rien n’a encore été fait.

act-pause = a mis en pause
act-drain = a drainé
act-quarantine = a mis en quarantaine
act-resume = a repris
act-try = a fait tester
act-bump = a priorisé
act-cancel = a annulé
act-clear = a annulé toutes les tâches de
act-retry = a relancé
act-purge = a purgé
act-limits = a défini des limites :
act-report = a signalé
act-report-delete = a supprimé un message signalé
act-report-dismiss = a ignoré un signalement
act-pictures = a récupéré les images de
act-rules = a défini des règles :

moderators-only = ⚠️ Réservé aux modérateurs (permission « Gérer les messages » ou « Gérer le serveur »).
admin-yes = Oui, vas-y
admin-no = Non
admin-left = 👌 Rien n’a été fait.
admin-too-late = ⚠️ Cette question n’est plus ouverte : elle a déjà reçu une réponse ou a plus de 15 minutes. Relance la commande.
admin-not-asked = ⚠️ Seul l’admin à qui la question a été posée peut y répondre.
admin-unsure = ⚠️ La file a cessé de répondre en plein milieu. Vérifie avec /{ command-admin } { command-admin-overview } si c’est fait ; sinon, relance la commande.
ask-pause-queue = ⏸️ **Mettre toute la file en pause ?** Plus aucun worker ne reçoit de tâche, sur aucun serveur, jusqu’à `/{ command-admin } { command-admin-resume }`. { $waiting ->
    [one] { $waiting } tâche attend et garde sa place
   *[other] { $waiting } tâches attendent et gardent leur place
    } ; { $running ->
    [0] rien n’est en cours pour le moment.
    [one] { $running } en cours se termine.
   *[other] { $running } en cours se terminent.
    }
ask-drain = 🚰 **Drainer { $scope } ?** Aucune nouvelle tâche jusqu’à `/{ command-admin } { command-admin-resume }` ; { $running ->
    [0] rien n’y est en cours pour le moment.
    [one] { $running } en cours se termine.
   *[other] { $running } en cours se terminent.
    }
ask-quarantine = 🤒 **Mettre { $scope } en quarantaine ?** Aucune nouvelle tâche jusqu’à `/{ command-admin } { command-admin-release }` ; { $running ->
    [0] rien n’y est en cours pour le moment.
    [one] { $running } en cours se termine.
   *[other] { $running } en cours se terminent.
    }
ask-clear = 🧹 **Annuler toutes les tâches de { $member } sur ce serveur ?** { $waiting } en attente et { $running } en cours, plus celles à réessayer plus tard. C’est définitif.
ask-requeue-fleet = 🔁 **Relancer { $count ->
    [one] la tâche en échec ({ $count })
   *[other] les { $count } tâches en échec
    } ?** Ce sont celles de tous les serveurs. Chacune repart de zéro.
ask-requeue-server = 🔁 **Relancer { $count ->
    [one] la tâche en échec ({ $count })
   *[other] les { $count } tâches en échec
    } de ce serveur ?** Chacune repart de zéro.

admin-paused = ⏸️ En pause : { $scope }. { $running ->
    [0] Rien n’y est en cours.
    [one] { $running } tâche y est encore en cours et se termine.
   *[other] { $running } tâches y sont encore en cours et se terminent.
    } Pour reprendre : `/{ command-admin } { command-admin-resume }`.
admin-resumed = ▶️ { $scope } : c’est reparti.
admin-draining = 🚰 { $scope } ne reçoit plus de tâches. { $running ->
    [one] { $running } tâche y est encore en cours et se termine.
   *[other] { $running } tâches y sont encore en cours et se terminent.
    } Pour reprendre : `/{ command-admin } { command-admin-resume }`.
admin-drained = 🚰 { $scope } : drainé. Rien n’y est en cours, et il n’y aura pas de nouvelle tâche jusqu’à `/{ command-admin } { command-admin-resume }`.
admin-quarantined = 🤒 { $scope } : en quarantaine jusqu’à `/{ command-admin } { command-admin-release }`.
admin-released = ▶️ { $scope } prend à nouveau des tâches.
admin-tried-now = ▶️ { $scope } : plus aucune pause par un admin, et sa WebUI est testée tout de suite ; si tout va bien, il reprend des tâches.
admin-bumped = ⏫ La tâche `{ $id }` passe en premier.
admin-cancelled = ✋ La tâche `{ $id }` est annulée.
admin-cancelling = ✋ La tâche `{ $id }` est en cours d’arrêt.
admin-cleared = 🧹 { $count ->
    [0] { $member } n’avait aucune tâche à annuler ici.
    [one] { $count } tâche de { $member } est annulée.
   *[other] { $count } tâches de { $member } sont annulées.
    }
admin-requeued = 🔁 La tâche `{ $id }` attend à nouveau.
admin-requeued-all = 🔁 { $count ->
    [one] { $count } tâche attend à nouveau.
   *[other] { $count } tâches attendent à nouveau.
    }

refusal-admin-not-home = cette commande pilote toute la flotte, elle n’est donc pas accessible aux admins de ce serveur. Le propriétaire du bot peut l’autoriser en définissant `ZOSMA_HOME_GUILDS={ $guild }` puis en redémarrant le bot.
refusal-admin-no-job = il n’y a pas de tâche { $given } ici ; elle n’est peut-être plus enregistrée.
refusal-admin-not-waiting = la tâche { $id } n’est pas en attente, il n’y a donc rien à prioriser.
refusal-admin-not-failed = la tâche { $id } n’est pas en échec, il n’y a donc rien à relancer.
refusal-admin-nothing-failed = aucune tâche n’est en échec, il n’y a donc rien à relancer.
refusal-admin-ended = la tâche { $id } est déjà terminée.
refusal-admin-not-paused = { $scope } : pas en pause.
refusal-admin-not-quarantined = { $scope } : pas en quarantaine.
refusal-admin-no-scope = « { $given } » n’existe pas ; disponible : { $there }.
refusal-admin-no-scopes = il n’y a rien de ce genre pour le moment.

command-admin-channels = salons
    .description = Où l’on peut demander des images
command-admin-channels-allow = autoriser
    .description = Autoriser un salon ; tous les autres sont alors fermés
command-admin-channels-allow-channel = salon
    .description = Lequel
command-admin-channels-remove = retirer
    .description = Retirer un salon de la liste
command-admin-channels-remove-channel = salon
    .description = Lequel
command-admin-channels-list = liste
    .description = Afficher la liste
command-admin-roles = rôles
    .description = Qui peut demander des images
command-admin-roles-allow = autoriser
    .description = Autoriser un rôle ; les membres sans rôle autorisé sont alors refusés
command-admin-roles-allow-role = rôle
    .description = Lequel
command-admin-roles-remove = retirer
    .description = Retirer un rôle de la liste
command-admin-roles-remove-role = rôle
    .description = Lequel
command-admin-roles-list = liste
    .description = Afficher la liste
command-admin-rules = règles
    .description = Les autres règles de ce serveur
command-admin-rules-buttons = boutons
    .description = Qui peut utiliser les boutons des images d’un membre
command-admin-rules-buttons-who = qui
    .description = En plus du membre et des modérateurs
command-admin-rules-buttons-role = rôle
    .description = Un rôle de plus, autorisé lui aussi
command-admin-rules-age-restricted = limite-d-âge
    .description = Des images seulement dans les salons soumis à une limite d’âge
command-admin-rules-age-restricted-switch = état
    .description = Activé ou désactivé
command-admin-rules-age-restricted-everybody = partout
    .description = Pour tous, aussi ailleurs (serveurs, MP, programmes) ; seulement sur le serveur du propriétaire
command-admin-rules-sizes = tailles
    .description = Ce qu’une seule demande peut comporter
command-admin-rules-sizes-count = nombre
    .description = Nombre maximum d’images ; 0 : pas de limite
command-admin-rules-sizes-steps = étapes
    .description = Nombre maximum d’étapes ; 0 : pas de limite
command-admin-rules-sizes-side = côté
    .description = Plus grand côté en pixels ; 0 : pas de limite
command-admin-rules-sizes-everybody = partout
    .description = Pour tous, aussi ailleurs (serveurs, MP, programmes) ; seulement sur le serveur du propriétaire
command-admin-rules-spoiler = spoiler
    .description = Publier les images en spoiler
command-admin-rules-spoiler-when = quand
    .description = Quand
command-admin-rules-grid = grille
    .description = Afficher une série en une seule image
command-admin-rules-grid-switch = état
    .description = Activé ou désactivé
command-admin-rules-reports = signalements
    .description = Où les images signalées sont montrées aux modérateurs
command-admin-rules-reports-channel = salon
    .description = Sans salon, les signalements sont seulement notés dans l’audit
command-admin-rules-retention = conservation
    .description = Combien de temps garder prompts et paramètres des tâches terminées
command-admin-rules-retention-days = jours
    .description = Jusqu’à 30
command-admin-defaults = par-défaut
    .description = Ce qui est utilisé quand une commande ne l’indique pas
command-admin-defaults-set = définir
    .description = Définir des valeurs par défaut ; ce qui n’est pas indiqué reste tel quel
command-admin-defaults-set-channel = salon
    .description = Pour ce salon seulement
command-admin-defaults-set-checkpoint = checkpoint
    .description = Le modèle
command-admin-defaults-set-style = style
    .description = Un style, ou un preset partagé sur ce serveur
command-admin-defaults-set-negative = négatif
    .description = Ce que les images ne doivent pas montrer
command-admin-defaults-clear = effacer
    .description = Effacer les valeurs par défaut
command-admin-defaults-clear-channel = salon
    .description = Celles de ce salon seulement

switch-on = activé
switch-off = désactivé
spoiler-never = jamais
spoiler-always = toujours
spoiler-outside-age-restricted = hors des salons soumis à une limite d’âge
who-owner = personne d’autre
who-anyone = tout le monde
who-roles = rôles

channels-only = 📍 On ne peut demander des images que dans ces salons : { $shown }
channels-all = 📍 On peut demander des images dans tous les salons.
roles-only = 👥 Il faut un de ces rôles pour demander des images : { $shown }
roles-all = 👥 Tout le monde peut demander des images.
reports-here = 🚩 Les images signalées seront montrées ici, avec des boutons pour les modérateurs.

rules-channels = **Salons :** { $shown }
rules-roles = **Rôles :** { $shown }
rules-buttons = **Boutons des images d’un membre, en plus du membre et des modérateurs :** { $shown }
rules-age = **Salons soumis à une limite d’âge seulement :** { $shown }
rules-spoiler = **Spoilers :** { $shown }
rules-for-all = 🌐 **Pour tous et quel que soit l’accès :**
rules-sizes = **Images au maximum :** { $count } · **étapes :** { $steps } · **plus grand côté :** { $side }
rules-no-limit = pas de limite
rules-grid = **Une série en une seule image :** { $shown }
rules-reports = **Signalements envoyés vers :** { $shown }
rules-retention = **Prompts et paramètres gardés :** { $days ->
    [one] { $days } jour
   *[other] { $days } jours
    }
rules-words = **Mots bloqués :** { $count }
rules-checkpoints = **Checkpoints :** { $shown }
rules-defaults = **Valeurs par défaut :** { $shown }
rules-defaults-in = **Valeurs par défaut dans { $channel } :** { $shown }
rules-everywhere = tous
rules-everybody = tous
rules-all = tous
rules-off = nulle part
rules-none = aucune
default-checkpoint = checkpoint { $value }
default-style = style { $value }
default-negative = sans { $value }

refusal-admin-not-listed = ce n’est pas dans la liste.
refusal-admin-buttons-role = un rôle ne peut être indiqué qu’avec « { who-roles } ».
refusal-admin-buttons-whose = quel rôle ? Indiques-en un aussi.
refusal-admin-cannot-post = je ne peux pas écrire dans ce salon. Donne-m’y les permissions Voir le salon, Envoyer des messages, Joindre des fichiers et Intégrer des liens, puis réessaie.
refusal-admin-defaults-empty = indique un checkpoint, un style ou un prompt négatif ; /{ command-admin } { command-admin-defaults } { command-admin-defaults-clear } les efface.
refusal-admin-no-styles = il n’y a ni style ni preset partagé pour le moment.

command-admin-words = mots
    .description = Les mots interdits dans les prompts ici
command-admin-words-add = ajouter
    .description = Bloquer un mot ou une expression
command-admin-words-add-word = mot
    .description = Quelle que soit l’orthographe ; mot* : tous ceux qui commencent ainsi
command-admin-words-add-everybody = partout
    .description = Pour tous, aussi ailleurs (serveurs, MP, programmes) ; seulement sur le serveur du propriétaire
command-admin-words-remove = retirer
    .description = L’autoriser à nouveau
command-admin-words-remove-word = mot
    .description = Lequel
command-admin-words-remove-everybody = partout
    .description = Pour tous, aussi ailleurs (serveurs, MP, programmes) ; seulement sur le serveur du propriétaire
command-admin-words-list = liste
    .description = Afficher les mots bloqués
command-admin-words-list-everybody = partout
    .description = Pour tous, aussi ailleurs (serveurs, MP, programmes) ; seulement sur le serveur du propriétaire
command-admin-checkpoints = checkpoints
    .description = Les checkpoints utilisables ici
command-admin-checkpoints-allow = autoriser
    .description = En autoriser un ; tous les autres sont alors fermés
command-admin-checkpoints-allow-checkpoint = checkpoint
    .description = Lequel
command-admin-checkpoints-allow-everybody = partout
    .description = Pour tous, aussi ailleurs (serveurs, MP, programmes) ; seulement sur le serveur du propriétaire
command-admin-checkpoints-remove = retirer
    .description = En retirer un de la liste
command-admin-checkpoints-remove-checkpoint = checkpoint
    .description = Lequel
command-admin-checkpoints-remove-everybody = partout
    .description = Pour tous, aussi ailleurs (serveurs, MP, programmes) ; seulement sur le serveur du propriétaire
command-admin-checkpoints-list = liste
    .description = Afficher la liste
command-admin-checkpoints-list-everybody = partout
    .description = Pour tous, aussi ailleurs (serveurs, MP, programmes) ; seulement sur le serveur du propriétaire
command-admin-rules-show = voir
    .description = Afficher toutes les règles de ce serveur
command-admin-rules-export = exporter
    .description = Règles, mots, checkpoints et limites dans un fichier
command-admin-rules-import = importer
    .description = Les remplacer par le contenu d’un tel fichier
command-admin-rules-import-file = fichier
    .description = Tel que l’export le fournit

act-import = a importé des règles :
words-blocked = 🚫 Mots bloqués dans les prompts ici :
words-none = Aucun mot n’est bloqué ici.
checkpoints-only = 🧩 Seuls ces checkpoints sont utilisables ici : { $shown }
checkpoints-all = 🧩 Tous les checkpoints sont utilisables ici.
export-here = 📦 Les règles, les mots bloqués, les checkpoints autorisés et les limites des rôles de ce serveur. `/{ command-admin } { command-admin-rules } { command-admin-rules-import }` les reprend.
import-wrong = ⚠️ Rien n’a été changé. Dans ce fichier :
    { $problems }
import-unknown = cette partie n’existe pas ; parties possibles : { $there }
import-version = doit être { $version }
import-no-text = Ce n’est pas du texte (UTF-8).
import-no-json = Ce n’est pas du JSON : regarde la ligne { $line }, colonne { $column }.
import-no-object = doit être un objet JSON, entre accolades
import-no-channel = ce serveur n’a pas de salon { $id }
import-no-role = ce serveur n’a pas de rôle { $id }
import-rules = toutes les règles
import-words = { $count ->
    [one] { $count } mot bloqué
   *[other] { $count } mots bloqués
    }
import-checkpoints = { $count ->
    [0] tous les checkpoints autorisés
    [one] { $count } checkpoint autorisé
   *[other] { $count } checkpoints autorisés
    }
import-sizes = combien on peut demander à la fois
import-limits = { $count ->
    [0] pas de limites de rôles
    [one] les limites de { $count } rôle
   *[other] les limites de { $count } rôles
    }
ask-import = 📦 **Remplacer les règles de ce serveur par celles du fichier ?** Il contient : { $parts }. Le contenu actuel sera écrasé ; exporte-le d’abord si tu veux pouvoir le récupérer.
import-done = 📦 C’est fait : les règles du fichier sont maintenant celles de ce serveur. `/{ command-admin } { command-admin-rules } { command-admin-rules-show }` les affiche.

refusal-bad-rule = impossible à enregistrer. { $problem }.
refusal-admin-no-letters = il n’y a là ni lettre ni chiffre, rien ne serait donc bloqué.
refusal-admin-listed = c’est déjà dans la liste.
refusal-admin-import-empty = ce fichier est vide : ni règles, ni mots, ni checkpoints, ni limites.
refusal-admin-import-large = ce fichier est trop lourd : { $most_kb } Ko au maximum.
refusal-admin-import-unfetched = impossible de récupérer le fichier auprès de Discord. Renvoie-le.

admin-private-job = (privé)
command-admin-cancel-why = raison
    .description = Pourquoi ; le membre lira cette raison
command-admin-clear-why = raison
    .description = Pourquoi ; le membre lira cette raison
