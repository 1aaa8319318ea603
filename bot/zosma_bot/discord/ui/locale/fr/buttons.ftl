button-cancel = Annuler
button-try-again = Réessayer
button-again = Relancer
button-edit = Modifier
button-missing = { $count ->
    [one] Générer l’image { $first }
   *[other] Générer les images { $first } à { $last }
    }
button-checkpoint = Autre checkpoint
button-parameters = Paramètres
button-send = Me l’envoyer
button-report = Signaler
button-delete = Supprimer
button-upscale = Upscaler
button-upscale-short = U{ $number }
button-vary-subtle = Varier
button-vary-subtle-short = V{ $number }
button-more = Plus…
button-vary-strong = Varier fortement
    .hint = Des images qui ne lui ressemblent que de loin
button-region = Retoucher une zone
    .hint = Tu choisis la zone et tu dis ce qui doit s’y trouver
button-zoom-out = Zoom arrière 1,5×
    .hint = L’image est prolongée tout autour
button-zoom-out-far = Zoom arrière 2×
    .hint = L’image est prolongée bien plus loin tout autour
button-pan-left = Étendre vers la gauche
button-pan-right = Étendre vers la droite
button-pan-up = Étendre vers le haut
button-pan-down = Étendre vers le bas
button-square = Rendre carrée
    .hint = Les petits côtés sont rallongés
more-ask = Que veux-tu en faire ?
more-choose = Choisir
more-picture = Image { $number }
menu-gone = ⚠️ Ce menu date de plus d’un jour. Appuie à nouveau sur « { button-more } » sous l’image.

credit = { $deed } par { $member }, d’après une image de { $owner }
credit-own = { $deed } par { $member }
deed-again = Nouvel essai
deed-variation = Variante
deed-upscale = Upscale
deed-edit = Modification
deed-checkpoint = Version avec un autre checkpoint
deed-region = Retouche d’une zone
deed-zoom = Zoom arrière
deed-pan = Extension
deed-square = Version carrée

button-unknown = ⚠️ Ce bouton vient d’une autre version du bot et ne fonctionne plus. Utilise plutôt une commande, par exemple /{ command-imagine }.
button-foreign = ⚠️ Ce bouton se rapporte à quelque chose que tu ne peux pas utiliser ici.
button-not-yours = ⚠️ Seuls { $member } et les modérateurs du serveur peuvent utiliser ce bouton ici. Pour ta propre image, utilise /{ command-imagine }.
recipe-gone = ⚠️ On ne sait plus comment cette image a été créée : ce n’est plus enregistré, et le message n’a pas d’image qui l’indique. Utilise /{ command-imagine }.
cancel-asked = ✋ Arrêt en cours.
cancel-done = ✋ Annulé.
cancel-ended = ⚠️ C’est déjà terminé, il n’y a rien à annuler.
cancel-gone = ⚠️ La file ne connaît plus cette tâche, il n’y a rien à annuler.
deleted = 🗑️ Supprimé.
deleted-before = ⚠️ Ce message n’existe déjà plus.
delete-refused = ⚠️ Discord ne me laisse pas supprimer ce message. Un modérateur peut le faire.
sent-privately = 📨 Envoyé en message privé.
send-refused = ⚠️ Je ne peux pas t’envoyer de message privé. Autorise-les dans les paramètres de confidentialité du serveur (Messages privés), puis appuie à nouveau.
send-explicit = ⚠️ Discord prend cette image pour un contenu explicite et ne me laisse pas te l’envoyer en message privé.
parameters-shown = 📋 Sous forme de commande :
parameters-like = 📋 Sous forme de commande, pour des images similaires :
parameters-from-picture = ℹ️ Elle a été créée à partir d’une autre image, aucune commande ne peut donc la refaire.
parameters-again = « { button-again } », sous l’image, le permet pendant un jour.
parameters-enlarged = ℹ️ La commande refait l’image telle qu’elle était avant d’être agrandie.
parameters-no-command = ℹ️ Sous forme de commande, ce serait refusé : { $why }
parameters-none = ⚠️ Cette image n’indique pas comment elle a été créée.
parameters-text = Sous forme de texte :
checkpoint-ask = 🧩 Quel checkpoint ?
checkpoint-none = ⚠️ Aucun autre checkpoint n’est en ligne pour le moment.
edit-title = Modifier et relancer
edit-prompt = Prompt
edit-negative = Prompt négatif
edit-checkpoint = Checkpoint
edit-style = Style
edit-size = Taille
edit-as-it-is = sans changement
edit-same-checkpoint = le même : { $checkpoint }
edit-any-checkpoint = celui qu’un GPU a déjà chargé
edit-same-size = la même : { $size }
report-title = Signaler cette image
report-why = Quel est le problème ?
report-thanks = 🚩 Merci. Les modérateurs ont été prévenus.
report-nowhere = 🚩 Merci. C’est noté pour les admins du serveur, qui n’ont pas défini de salon pour les signalements.
report-head = 🚩 { $member } signale une image de { $owner } : { $link }
report-because = > { $why }
report-delete = Supprimer l’image
report-dismiss = Ignorer
report-dismissed = ✅ Ignoré par { $member }.
report-deleted = 🗑️ Supprimé par { $member }.

loaded-now = déjà chargé
load-time = environ { $span } de chargement
on-workers = { $count ->
    [one] { $count } worker
   *[other] { $count } workers
    }

rule-channels = ⚠️ Ici, on ne peut demander des images que dans { $channels }.
rule-roles = ⚠️ Ici, il faut un de ces rôles pour demander des images : { $roles }
door-server = ⚠️ Ce serveur ne fait pas partie de ceux où ce bot fonctionne.
door-off = ⚠️ Ce bot n’accepte aucune demande en message privé. Fais-la sur un serveur où il est présent.
door-members = ⚠️ En message privé, ce bot ne répond qu’aux membres de ses propres serveurs, et tu n’es sur aucun d’eux.
rule-age = ⚠️ Ici, on ne peut demander des images que dans les salons soumis à une limite d’âge.

shape-square = carré
shape-portrait = portrait
shape-landscape = paysage
shape-wide = large
shape-tall = haut
