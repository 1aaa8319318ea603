command-compare = comparer
    .description = Un prompt avec plusieurs checkpoints, samplers ou valeurs de guidance, côte à côte
command-compare-prompt = prompt
    .description = { command-imagine-prompt.description }
command-compare-by = critère
    .description = Le réglage qui change d’une image à l’autre
command-compare-first = premier
    .description = Sa première valeur : un checkpoint, un sampler ou un nombre pour guidance
command-compare-second = deuxième
    .description = Sa deuxième valeur
command-compare-third = troisième
    .description = Sa troisième valeur
command-compare-fourth = quatrième
    .description = Sa quatrième valeur
command-compare-negative = négatif
    .description = { command-imagine-negative.description }
command-compare-checkpoint = checkpoint
    .description = Le checkpoint pour toutes les images, sauf si on compare des checkpoints
command-compare-size = taille
    .description = La taille de chaque image
command-compare-steps = étapes
    .description = Combien d’étapes
command-compare-seed = seed
    .description = La seed commune à toutes les images ; aléatoire si tu n’en donnes pas
command-compare-private = privé
    .description = L’image n’est visible que par toi
compare-checkpoint = checkpoint
compare-sampler = sampler
compare-guidance = guidance

command-upscale = upscale
    .description = Agrandir une image sans rien repeindre
command-upscale-image = image
    .description = L’image
command-upscale-scale = facteur
    .description = Combien de fois plus grande ; 2 si tu n’indiques rien
command-upscale-upscaler = upscaler
    .description = L’upscaler ; sinon, le meilleur disponible
command-upscale-private = privé
    .description = L’image n’est visible que par toi

command-describe = décrire
    .description = Comment une image a été créée, ou ce qu’elle montre, en mots
command-describe-image = image
    .description = L’image

button-remake = La refaire
described-none = ⚠️ Cette image n’indique pas comment elle a été créée, et aucun GPU ici ne peut la décrire.
described-words = 👁️ Ce qu’un modèle sur un GPU y voit :
button-imagine-words = Créer une image avec ces mots
parameters-file = 📋 C’est trop long pour un message, tout est donc dans le fichier.
described-gone = ⚠️ Ça date de plus d’une semaine et ce n’est plus enregistré. Utilise à nouveau /{ command-describe }.

command-jobs = tâches
    .description = Ce que tu as demandé ici, et ce que c’est devenu

button-refresh = Actualiser
button-pick-up = Afficher les images
jobs-none = Tu n’as rien demandé ici ces derniers jours. /{ command-imagine } crée une image.
jobs-page = Page { $page }
jobs-choose = Choisis-en une pour en voir plus
jobs-done = ✅ { $count ->
    [one] { $count } image
   *[other] { $count } images
    }
jobs-described = ✅ Terminé : image décrite
jobs-uncollected = 📥 { $count ->
    [one] { $count } image t’attend ici : Discord ne m’a laissé l’afficher nulle part ailleurs
   *[other] { $count } images t’attendent ici : Discord ne m’a laissé les afficher nulle part ailleurs
    }
jobs-failed = ⚠️ Échec
jobs-cancelled = ✋ Annulée
jobs-unreadable = une demande illisible
jobs-state-waiting = dans la file
jobs-state-delayed = à réessayer
jobs-state-running = en cours
jobs-state-done = terminée
jobs-state-failed = en échec
jobs-state-cancelled = annulée
jobs-asked = demandée { $time }
jobs-link = [Aller au message]({ $link })
jobs-forgotten = ⚠️ Cette tâche n’est plus enregistrée.
jobs-pictures-gone = ⚠️ Les images de cette tâche ne sont plus enregistrées. « { button-edit } » en crée de nouvelles de la même façon.

command-use-this-picture = Utiliser cette image
use-title = Nouvelles images à partir de celle-ci
use-strength = À quel point elle est repeinte
use-strength-of = { $percent } %
use-count = Combien
use-pictures = { $count ->
    [one] { $count } image
   *[other] { $count } images
    }
use-which = Quelle image
use-left-out = Pas disponible ici : { $names }
use-none = ⚠️ Ce message n’a pas d’image.
use-embed = ⚠️ Cette image est seulement affichée ici, elle n’est pas stockée par Discord. Enregistre-la, puis joins-la à /{ command-imagine } avec l’option « { command-imagine-image } ».
use-too-late = ⚠️ Ce formulaire est resté ouvert plus d’un jour, et Discord ne donne plus l’image à cette adresse. Choisis à nouveau « { command-use-this-picture } ».

queue-depth = **{ $waiting }** en attente, **{ $running }** en cours
queue-yours = Les tiennes :
queue-none-of-yours = Aucune de tes images n’est en attente ou en cours.
queue-more-of-yours = … et { $count } { $count ->
    [one] autre
   *[other] autres
    } à toi
queue-no-gpus = Aucun GPU n’est en ligne pour le moment.
queue-last-gpu = Aucun GPU n’est en ligne pour le moment ; le dernier était là { $time }.
queue-gpus = { $count } GPU :{" "}

command-settings = réglages
    .description = Tes réglages par défaut et tes presets
command-settings-show = voir
    .description = Tes réglages et tes presets
command-settings-private = privé
    .description = Tes images ne sont visibles que par toi, sauf indication contraire
command-settings-private-on = activé
    .description = Oui : visibles par toi seulement
command-settings-reset = réinitialiser
    .description = Oublier tes réglages par défaut
command-settings-reset-what = lequel
    .description = Lequel ; tous si tu n’indiques rien
command-settings-remove = supprimer
    .description = Supprimer un de tes presets
command-settings-remove-name = nom
    .description = Quel preset
command-settings-share = partager
    .description = Laisser tous les membres de ce serveur utiliser un de tes presets
command-settings-share-name = nom
    .description = Quel preset
command-settings-unshare = ne-plus-partager
    .description = Ne plus partager un preset
command-settings-unshare-name = nom
    .description = Quel preset
command-settings-defaults = par-défaut
    .description = Ce que /{ command-imagine } prend quand tu n’indiques rien
command-settings-defaults-negative = { command-imagine-negative }
    .description = { command-imagine-negative.description }
command-settings-defaults-size = { command-imagine-size }
    .description = { command-imagine-size.description }
command-settings-defaults-width = { command-imagine-width }
    .description = { command-imagine-width.description }
command-settings-defaults-height = { command-imagine-height }
    .description = { command-imagine-height.description }
command-settings-defaults-count = { command-imagine-count }
    .description = { command-imagine-count.description }
command-settings-defaults-checkpoint = { command-imagine-checkpoint }
    .description = { command-imagine-checkpoint.description }
command-settings-defaults-style = { command-imagine-style }
    .description = { command-imagine-style.description }
command-settings-defaults-sampler = { command-imagine-sampler }
    .description = { command-imagine-sampler.description }
command-settings-defaults-scheduler = { command-imagine-scheduler }
    .description = { command-imagine-scheduler.description }
command-settings-defaults-steps = { command-imagine-steps }
    .description = { command-imagine-steps.description }
command-settings-defaults-guidance = { command-imagine-guidance }
    .description = { command-imagine-guidance.description }
command-settings-defaults-hires = { command-imagine-hires }
    .description = { command-imagine-hires.description }
command-settings-save = enregistrer
    .description = Garder des mots et des réglages comme preset, pour l’option « style » de /{ command-imagine }
command-settings-save-name = nom
    .description = Comment l’appeler
command-settings-save-prompt = { command-imagine-prompt }
    .description = { command-imagine-prompt.description }
command-settings-save-negative = { command-imagine-negative }
    .description = { command-imagine-negative.description }
command-settings-save-size = { command-imagine-size }
    .description = { command-imagine-size.description }
command-settings-save-width = { command-imagine-width }
    .description = { command-imagine-width.description }
command-settings-save-height = { command-imagine-height }
    .description = { command-imagine-height.description }
command-settings-save-count = { command-imagine-count }
    .description = { command-imagine-count.description }
command-settings-save-checkpoint = { command-imagine-checkpoint }
    .description = { command-imagine-checkpoint.description }
command-settings-save-style = { command-imagine-style }
    .description = { command-imagine-style.description }
command-settings-save-lora = { command-imagine-lora }
    .description = { command-imagine-lora.description }
command-settings-save-sampler = { command-imagine-sampler }
    .description = { command-imagine-sampler.description }
command-settings-save-scheduler = { command-imagine-scheduler }
    .description = { command-imagine-scheduler.description }
command-settings-save-steps = { command-imagine-steps }
    .description = { command-imagine-steps.description }
command-settings-save-guidance = { command-imagine-guidance }
    .description = { command-imagine-guidance.description }
command-settings-save-hires = { command-imagine-hires }
    .description = { command-imagine-hires.description }

option-size = taille
settings-none = rien
settings-defaults = **Tes réglages par défaut :** { $values }
settings-private-on = **Tes images :** visibles par toi seulement, sauf indication contraire
settings-private-off = **Tes images :** visibles par tout le monde ici, sauf indication contraire
settings-presets = **Tes presets :** { $names }
settings-shared = **Presets de ce serveur :** { $names }
settings-nothing-given = ⚠️ Tu n’as rien indiqué : choisis au moins une option.
preset-saved = 💾 **{ $name }** est enregistré : { $values }
preset-removed = 🗑️ **{ $name }** est supprimé. Si tu l’as partagé avec un serveur, la copie y reste jusqu’à ce que tu utilises /{ command-settings } { command-settings-unshare }.
preset-shared = 🤝 Tout le monde sur ce serveur peut maintenant utiliser **{ $name }**.
preset-unshared = 🗑️ **{ $name }** n’est plus partagé ici.
refusal-no-preset = il n’y a pas de preset « { $name } ».
refusal-preset-not-yours = quelqu’un d’autre a partagé un preset « { $name } » ici ; seuls son propriétaire et les modérateurs peuvent le modifier.
refusal-presets-full = il y a déjà { $most } presets : supprimes-en un d’abord.
refusal-preset-name = un preset doit avoir un nom de 1 à { $most } caractères.

command-styles = styles
    .description = Ce que tu peux choisir comme style ici, et ce qu’il y a derrière
command-styles-name = nom
    .description = Afficher celui-ci en entier

styles-yours = **Tes presets :** { $names }
styles-shared = **Presets de ce serveur :** { $names }
styles-webui = **Styles des WebUI :** { $names }
styles-more = … et { $count } { $count ->
    [one] autre
   *[other] autres
    } : tape une partie du nom
styles-one = 🎨 **{ $name }**
refusal-no-style = il n’y a pas de style ni de preset « { $name } » ici.

command-privacy = confidentialité
    .description = Tes données conservées ici : les voir, les récupérer, les effacer
command-privacy-show = voir
    .description = Ce qui est conservé, et combien de temps
command-privacy-export = exporter
    .description = Tout ce qui est conservé à ton sujet, dans un fichier
command-privacy-erase = effacer
    .description = Effacer tout ce qui te concerne

privacy-shown =
    {"**"}Ce qui est conservé à ton sujet, et combien de temps**
    • Ce que tu demandes (mots, réglages, seeds), quand, et ce que c’est devenu : au plus { $job_days } jours après la fin.
    • Les images : au plus { $picture_hours } heures, et en général { $shown_minutes } minutes après leur affichage. Sur Discord, elles restent jusqu’à la suppression de leur message.
    • Une image de départ que tu envoies : { $input_hours } heures, ou jusqu’à la fin de sa tâche ; si elle ne sert à rien, { $unused_minutes } minutes.
    • Où va la réponse (salon, message, ton identifiant Discord, langue) : au plus { $job_days } jours.
    • Ce que /{ command-describe } a lu dans une image : { $recipe_days } jours. Un formulaire de « { command-use-this-picture } » ou un menu de « { button-more } » : { $form_hours } heures. Un masque que tu peins sur une page, avec une petite copie de l’image : { $mask_hours } heures.
    • Tes réglages et tes presets : jusqu’à ce que tu les changes ou les effaces. Ce que tu partages avec un serveur : jusqu’à ce que ce soit retiré.
    • Combien tu as créé chaque jour, pour /{ command-me } : { $made_days } jours.
    • Ton temps GPU utilisé aujourd’hui : deux jours, pour les limites. Tout effacer ne te le rend pas.
    • Si tu signales une image ou gères la file en tant qu’admin : ton identifiant Discord, ce que tu as fait et quand, sans les mots des prompts, parmi les entrées les plus récentes (environ 10 000).
    Les prompts ne sont écrits dans aucun log. Les GPU savent quoi créer, mais pas pour qui.
    Les messages et les images sur Discord sont conservés par Discord.
    /{ command-privacy } { command-privacy-export } te donne tout, /{ command-privacy } { command-privacy-erase } efface tout.
privacy-exported = 📦 Voici ce qui est conservé à ton sujet pour ce serveur et les messages privés avec moi. Pour les autres serveurs, utilise la commande là-bas.
privacy-too-large = ⚠️ Le fichier est trop lourd pour Discord ici. Demande-le à la personne qui gère ce bot.
privacy-ask =
    🧹 Effacer tout ce qui est conservé à ton sujet ? Cela comprend ce que tu as demandé **sur ce serveur et en message privé avec moi**, avec les images, tes réglages et tes presets, y compris ceux que tu as partagés ici. Ce qui est en attente ou en cours est annulé, et les messages sont supprimés là où Discord me laisse faire. C’est définitif.
    Les signalements que les modérateurs ont reçus de toi ou à ton sujet restent dans leur salon jusqu’à ce qu’ils les suppriment.
    Ce que tu as demandé sur d’autres serveurs reste : utilise la commande là-bas aussi.
privacy-erase-button = Tout effacer
privacy-keep-button = Tout garder
privacy-kept = Rien n’a été effacé.
privacy-erasing = 🧹 Effacement en cours…
privacy-erased =
    🧹 Effacé : { $jobs ->
        [one] { $jobs } tâche
       *[other] { $jobs } tâches
    } ({ $cancelled ->
        [one] dont { $cancelled } annulée
       *[other] dont { $cancelled } annulées
    }), { $pictures ->
        [one] { $pictures } image enregistrée
       *[other] { $pictures } images enregistrées
    }, tes réglages et tes presets. { $messages ->
        [one] { $messages } message a été supprimé.
       *[other] { $messages } messages ont été supprimés.
    }
privacy-left = { $left ->
        [one] ⚠️ { $left } message n’a pas pu être supprimé, car Discord ne m’y autorise pas. Tu peux le faire, un modérateur aussi.
       *[other] ⚠️ { $left } messages n’ont pas pu être supprimés, car Discord ne m’y autorise pas. Tu peux le faire, un modérateur aussi.
    }
privacy-stays-audit = • Le journal d’audit contient encore ton identifiant Discord dans { $acts ->
        [one] { $acts } entrée, qui date du { $since }
       *[other] { $acts } entrées, dont la plus ancienne date du { $since }
    } : ce que font les admins doit rester traçable. Ça disparaît une fois qu’environ 10 000 entrées plus récentes ont été écrites.
privacy-stays-counted = • Ton temps GPU utilisé et ton délai d’attente comptent pour tes limites jusqu’au { $until }.
privacy-stays-elsewhere = • { $jobs ->
        [one] { $jobs } tâche
       *[other] { $jobs } tâches
    } de { $servers ->
        [one] { $servers } autre serveur
       *[other] { $servers } autres serveurs
    } { $jobs ->
        [one] n’est pas effacée
       *[other] ne sont pas effacées
    } : utilise la commande là-bas aussi. Sinon, l’effacement se fait tout seul, au plus tard 30 jours après la fin.
privacy-stays-limits = • Un admin a défini des limites pour ton identifiant Discord ; elles restent jusqu’à ce qu’un admin les retire.
privacy-broke-off = ⚠️ La file est injoignable pour le moment, tout n’a donc pas été effacé. Utilise à nouveau /{ command-privacy } { command-privacy-erase } dans une minute.
