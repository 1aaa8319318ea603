span-tenths = { NUMBER($value, minimumFractionDigits: 1, maximumFractionDigits: 1) } s
span-seconds = { $value } s
span-minutes = { $value } min
span-hours = { NUMBER($value, minimumFractionDigits: 1, maximumFractionDigits: 1) } h

asked-without = **sans** { $negative }
asked-upscale = une image agrandie { $scale } fois
asked-upscale-too = agrandie { $scale } fois
asked-interrogate = Que montre cette image ?
asked-compare = comparaison par { $what } : { $values }
alt-upscale = une image agrandie

waiting = 🕓 Dans la file
waiting-next = 🕓 En tête de file · { $when }
waiting-place = 🕓 { $place }e dans la file · { $when }
waiting-soon = début dans un instant
waiting-until = début { $time }
waiting-nobody = 🕓 Aucun GPU n’est disponible pour ça en ce moment ; ça commencera dès qu’un GPU reviendra.
waiting-gpu = 🕓 En attente d’un GPU ; le dernier était là { $time }. Ça commencera dès qu’un GPU reviendra.
waiting-paused = ⏸️ Un admin a mis ça en pause pour l’instant ; ta place dans la file est gardée.
waiting-paused-because = ⏸️ Un admin a mis ça en pause pour l’instant : { $reason }. Ta place dans la file est gardée.
waiting-limit = 🕓 Dans la file · tu as déjà le maximum de tâches en cours ; celle-ci pourra commencer quand l’une d’elles sera terminée.
waiting-again = 🕓 Un GPU a eu un problème ; nouvel essai dans un instant.

starting = 🎨 Ça commence : le GPU se prépare
cancelling = ✋ Arrêt en cours…
running = 🎨 { $bar } { $percent } %
running-left = encore { $span }
running-estimated = (estimation)
running-made = { $made } sur { $count } { $made ->
    [one] terminée
   *[other] terminées
    }
missing = { $count ->
    [one] { $count } image sur { $total } n’a pas pu être créée.
   *[other] { $count } images sur { $total } n’ont pas pu être créées.
    }

cancelled = ✋ Annulé.
cancelled-by-member = ✋ Annulé par { $who }.
cancelled-by-admin = ✋ Annulé par un admin.
cancelled-because = Raison : { $reason }.
cancelled-free = Rien n’a été décompté.
cancelled-paid = Le temps GPU déjà utilisé est décompté : { $span }.
removed-cancelled = ✋ La modération a supprimé le message dans { $channel }, la tâche a donc été annulée.
removed-ended = ✋ La modération a supprimé le message dans { $channel }, le résultat n’est donc pas publié.
lost = ⚠️ Cette demande a été perdue quand la file a perdu ses données. Refais ta demande.
gone-all = ⚠️ Les images ont attendu Discord trop longtemps et ne sont plus enregistrées. Refais ta demande.
gone-some = ⚠️ { $missing ->
    [one] { $missing } image sur { $total } n’est plus enregistrée.
   *[other] { $missing } images sur { $total } ne sont plus enregistrées.
    }
too-large = ⚠️ Les images sont trop lourdes pour Discord ici. Demande une taille plus petite ou moins d’images à la fois.
files-refused = ⚠️ Je ne peux pas joindre de fichiers dans ce salon : le résultat arrive en message privé, ou attend dans /{ command-jobs }. Un admin peut l’autoriser : permission « Joindre des fichiers ».

failed = ⚠️ Quelque chose s’est mal passé de notre côté. Réessaie dans une minute.
other-kind = ℹ️ L’image a été terminée sur un GPU dont le logiciel n’est pas celui du début : sa seed donne donc une image différente.
    .some = ℹ️ Certaines de ces images viennent d’un GPU dont le logiciel n’est pas celui des premières : leurs seeds donnent donc des images différentes.

failed-refused = ⚠️ { $detail }. Essaie d’autres réglages.
failed-oom = ⚠️ Le GPU n’a pas assez de mémoire. Essaie une taille plus petite ou moins d’images à la fois.
failed-nan = ⚠️ Le checkpoint n’a pas donné d’image valide (NaN). Essaie un autre checkpoint, une autre taille ou un autre sampler.
failed-black = ⚠️ Il n’en est sorti que du noir. Essaie un autre prompt, un autre checkpoint ou une autre seed.
failed-wrong-checkpoint = ⚠️ Aucun GPU n’a pu charger ce checkpoint. Essaies-en un autre.
failed-checkpoint-unusable = ⚠️ Le fichier de ce checkpoint ne peut pas être chargé. Essaie un autre checkpoint.
failed-nodes-missing = ⚠️ Il manque au GPU une partie du workflow nécessaire. Essaie un autre checkpoint, ou demande à un admin.
failed-wrong-sampler = ⚠️ Aucun GPU n’a pu utiliser ce sampler. Essaies-en un autre.
failed-wrong-vae = ⚠️ Aucun GPU n’a pu utiliser ce VAE. Essaies-en un autre.
failed-wrong-size = ⚠️ Les images sont sorties dans une autre taille que celle demandée. Essaie une autre taille.
failed-wrong-count = ⚠️ Il est sorti moins d’images que demandé. Essaies-en moins à la fois.
failed-empty = { failed-webui-broken }
failed-no-words = ⚠️ Aucun GPU n’a réussi à décrire cette image. Réessaie plus tard : la première fois, une WebUI télécharge parfois encore ce qu’il lui faut pour ça.
failed-no-room = ⚠️ La file d’attente n’a pas de place pour ces images. Essaies-en moins, ou de plus petites.
failed-webui-broken = ⚠️ La WebUI de Stable Diffusion a échoué, même après un nouvel essai. Essaie d’autres réglages, ou plus tard.
failed-webui-hung = ⚠️ La WebUI de Stable Diffusion s’est bloquée en pleine image. Essaie une taille plus petite ou moins d’étapes.
failed-webui-died = ⚠️ La WebUI de Stable Diffusion a planté à chaque essai. Essaie une taille plus petite ou moins d’images à la fois.
failed-webui-away = ⚠️ La WebUI de Stable Diffusion a disparu et n’est pas revenue à temps. Réessaie plus tard.
failed-webui-sick = ⚠️ La WebUI de Stable Diffusion a des problèmes en ce moment. Réessaie plus tard, ou avec d’autres réglages.
failed-interrupted = ⚠️ Quelqu’un a arrêté la WebUI de Stable Diffusion en pleine image. Réessaie.
failed-internal = { failed }
failed-worker-lost = ⚠️ Les GPU qui s’en occupaient sont tombés en panne l’un après l’autre, la tâche a donc été abandonnée. Essaie une taille plus petite, ou demande à un admin de vérifier les GPU.
failed-no-worker = ⚠️ Aucun GPU capable de faire ça n’est revenu à temps. Réessaie plus tard ou avec un autre checkpoint.
failed-no-gpu = ⚠️ Aucun GPU n’est revenu pendant tout ce temps, la demande a donc été abandonnée. Refais-la quand un GPU sera en ligne.
failed-undecodable = ⚠️ Le résultat était illisible. Renvoie la commande.

job-mark = tâche { $id }
seeds = { $count ->
    [one] seed { $seeds }
   *[other] seeds { $seeds }
    }
steps = { $count ->
    [one] { $count } étape
   *[other] { $count } étapes
    }
guidance = guidance { $value }
meant-for = pour { $member }

originals = { $count ->
    [one] {"["}original](<{ $links }>)
   *[other] originaux : { $links }
    }
originals-singles = « { button-more } », puis « { button-send } » : tu reçois chaque image séparément, pendant 15 minutes encore.
originals-kept = { $count ->
    [one] Cette image est trop lourde pour être affichée telle quelle sur Discord. Un admin peut récupérer l’original pendant un jour, grâce à son numéro : { $id }
   *[other] Ces images sont trop lourdes pour être affichées telles quelles sur Discord. Un admin peut récupérer les originaux pendant un jour, grâce à leur numéro : { $id }
    }
hidden-one = ⚠️ L’image n’est pas affichée : le filtre d’images de ce serveur la bloque.
hidden-all = ⚠️ Les images ne sont pas affichées : le filtre d’images de ce serveur les bloque.
hidden-some = ⚠️ { $blocked ->
    [one] { $blocked } image sur { $total } n’est pas affichée : le filtre d’images de ce serveur la bloque.
   *[other] { $blocked } images sur { $total } ne sont pas affichées : le filtre d’images de ce serveur les bloque.
    }
hidden-because = ({ $reasons })
shrunk = Compression pour passer sur Discord (WebP, qualité { $quality }).
shrunk-smaller = Taille réduite pour passer sur Discord (largeur ramenée à { $percent } %, WebP, qualité { $quality }).
