command-help = aide
    .description = Comment utiliser ce bot
command-help-topic = sujet
    .description = Ce que tu veux savoir
command-me = moi
    .description = Ce qu’il te reste, où tu en es et combien tu as créé
command-stats = stats
    .description = Ce que ce serveur a créé ces 30 derniers jours

help-topic-start = pour commencer
help-topic-prompts = les prompts
help-topic-buttons = les boutons sous une image
help-topic-presets = réglages par défaut et presets
help-topic-later = plus tard et la nuit
help-topic-data = mes données
help-topic-admin = pour les admins

help-start =
    {"**"}Une image à partir d’un texte :** `/{ command-imagine } { command-imagine-prompt }:un phare au crépuscule`
    {"**"}À partir d’une autre image :** l’option `{ command-imagine-image }`, ou reste appuyé sur un message (clic droit sur ordinateur), puis Applications › { command-use-this-picture }
    {"**"}En plus grand :** `/{ command-upscale }`, ou le bouton sous une image
    {"**"}Comment une image a été créée :** `/{ command-describe }`
    {"**"}Où en sont tes images :** `/{ command-queue }` pour la file, `/{ command-jobs }` pour toutes tes demandes, `/{ command-me }` pour ce qu’il te reste
    {"**"}Visible par toi seul :** l’option `{ command-imagine-private }`, ou `/{ command-settings } { command-settings-private }`

    Tout le reste a son propre sujet : `/{ command-help } { command-help-topic }:`
help-prompts =
    {"**"}Taille :** une de la liste, `768x512`, ou un format comme `16:9`
    {"**"}Ce que l’image ne doit pas montrer :** l’option `{ command-imagine-negative }`, ou `--no …` dans le prompt
    {"**"}Accentuer :** `(rouge:1.3)` plus, `(rouge:0.7)` moins
    {"**"}LoRA :** l’option `{ command-imagine-lora }`, ou `<lora:nom:0.8>` dans le prompt
    {"**"}Alternatives :** `{"{"}rouge|bleu{"}"}` donne l’un des deux, tiré au sort pour chaque image ; `{"{"}3::rouge|bleu{"}"}` donne rouge trois fois plus souvent ; `{"{"}2$$a|b|c{"}"}` en donne deux
    {"**"}Listes de mots :** `__couleur__` devient un mot de la liste « couleur » de ce serveur, s’il en a une ; `/{ command-wildcards }` les montre toutes
    {"**"}Paramètres dans le prompt :** `--ar 16:9`, `--seed 5`, `--steps 30`, `--n 4`, `--model …` équivalent aux options
    {"**"}Sans sens spécial :** un antislash devant `{"{"}`, `__nom__` ou `--mot` le laisse comme tu l’as écrit

    Les mêmes mots, la même seed et les mêmes réglages redonnent la même image.
help-buttons =
    {"**"}U1 – U4 :** cette image, en plus grand
    {"**"}V1 – V4 :** d’autres qui lui ressemblent
    {"**"}{ button-again } :** de nouvelles avec les mêmes mots
    {"**"}{ button-edit } :** changer d’abord les mots, la taille, le style ou le checkpoint
    {"**"}{ button-more } :** tout le reste, pour une image ou pour toutes
    {"**"}{ button-cancel } :** pendant l’attente ou la création ; seul le temps GPU utilisé est décompté

    Ils marchent tant que le message existe.
help-presets =
    {"**"}Tes réglages par défaut :** `/{ command-settings } { command-settings-defaults }`, c’est ce que `/{ command-imagine }` prend quand tu ne précises pas une option
    {"**"}Presets :** `/{ command-settings } { command-settings-save }` garde des mots et des réglages sous un nom, à donner à `/{ command-imagine } { command-imagine-style }:` ; `{"{"}prompt{"}"}` y marque la place de tes mots
    {"**"}Pour tout le monde ici :** `/{ command-settings } { command-settings-share }`
    {"**"}Ce qu’il y a :** `/{ command-styles }`
help-later =
    {"**"}Plus tard :** `/{ command-imagine } { command-imagine-when }:` accepte `dans 2 h`, `22h`, `demain 8h`
    {"**"}Ton fuseau horaire :** `/{ command-settings } { command-settings-timezone }`, une seule fois
    Les images demandées pour tout de suite passent avant celles-ci. `/{ command-jobs }` les montre et permet de les annuler.
help-data =
    {"**"}Ce qui est conservé, et combien de temps :** `/{ command-privacy } { command-privacy-show }`
    {"**"}Tout, dans un fichier :** `/{ command-privacy } { command-privacy-export }`
    {"**"}Tout effacer :** `/{ command-privacy } { command-privacy-erase }`
    {"**"}Quelque chose de choquant :** { button-more } › { button-report } sous une image, ou reste appuyé sur son message, puis Applications
help-admin =
    {"**"}La file et les GPU :** `/{ command-admin } { command-admin-overview }`, `{ command-admin-workers }`, `{ command-admin-pause }`, `{ command-admin-drain }`, `{ command-admin-quarantine }`
    {"**"}Tâches :** `/{ command-admin } { command-admin-cancel }`, `{ command-admin-bump }`, `{ command-admin-clear }`, `{ command-admin-failed }`, `{ command-admin-requeue }`
    {"**"}Qui, où, quoi :** `/{ command-admin } { command-admin-channels }`, `{ command-admin-roles }`, `{ command-admin-rules }`, `{ command-admin-words }`, `{ command-admin-checkpoints }`, `{ command-admin-limits }`
    {"**"}Listes pour les prompts :** `/{ command-admin } { command-admin-wildcards }`
    {"**"}Ce qui a été fait :** `/{ command-admin } { command-admin-audit }`

me-waiting = **En attente :** { $count }{ $most ->
        [0] {""}
       *[other] {" "}sur { $most }
    }
me-running = **En cours :** { $count }{ $most ->
        [0] {""}
       *[other] {" "}sur { $most } à la fois
    }
me-gpu = **Temps GPU aujourd’hui :** { $span }
me-gpu-of = **Temps GPU aujourd’hui :** { $span } sur { $most } ; remise à zéro { $reset }
me-cooldown = **Ta prochaine demande** est possible dans { $span }
me-cooldown-none = **Ta prochaine demande** est possible tout de suite
me-lane-relax = **Voie :** relax ; tes images avancent quand personne n’attend dans la voie rapide
made-nothing = **Créé ces 30 derniers jours :** rien pour l’instant
made-line = **Créé ces 30 derniers jours :** { $pictures ->
        [one] { $pictures } image
        [many] { $pictures } d’images
       *[other] { $pictures } images
    } en { $span } de temps GPU
made-checkpoints = **Les plus utilisés :** { $names }
made-checkpoint = { $name } ({ $count })
stats-none = 📊 Rien n’a été créé ici ces 30 derniers jours.
stats-title = 📊 **Ce serveur**
stats-elsewhere = ⚠️ À utiliser sur un serveur.
