refusal-unknown-tag = { $field } : { $given } serait ignoré sans avertissement. Un LoRA s’écrit <lora:nom:0.8>.

refusal-flag-unknown = { $flag } n’est pas une option ici. Options possibles : { $known }. Pour l’avoir tel quel dans le prompt, mets un antislash devant : \{ $flag }
refusal-flag-foreign = { $flag } vient de Midjourney et ne veut rien dire ici : retire-le.
refusal-flag-empty = { $flag } : il manque une valeur derrière.
refusal-flag-value = { $flag } : « { $given } » n’est pas un nombre, il en faut un.
refusal-flag-bounds = { $flag } : la valeur est { $given }, elle doit être comprise entre { $low } et { $high }.
refusal-flag-twice = { $flag } répète ce qui est déjà indiqué : garde seulement l’un des deux.
refusal-flag-not-here = { $flag } n’a pas sa place ici : l’image garde sa taille et ses styles. Retire-le.
parameters-drawn = ℹ️ Les mots de chaque image sont tirés au sort dans les listes de ce serveur : si l’une d’elles a changé depuis, d’autres mots sortiront.
refusal-flag-and-option = { $field } : indiqué deux fois, en option et dans le prompt. Garde seulement l’un des deux.

refusal-no-size = « { $given } » n’est pas une taille : choisis-en une dans la liste, ou écris 768x512 ou 16:9.
refusal-size-bounds = { $field } : c’est { $given }, or chaque côté doit faire entre { $low } et { $high } pixels.
refusal-aspect-bounds = { $field } : un côté ferait moins de { $low } ou plus de { $high } pixels. Choisis un autre format.

refusal-open-brace = { $field } : l’accolade de « { $given } » n’est pas refermée. Pour l’avoir telle quelle dans le prompt, mets un antislash devant : \\{"{"}
refusal-too-many-alternatives = { $field } : { $given } alternatives, { $most } au maximum. Au-delà, il faut une liste, que les admins de ce serveur peuvent créer.
refusal-nested-too-deep = { $field } : des alternatives dans des alternatives sur plus de { $most } niveaux. Simplifie.
refusal-drawn-too-long = { $field } : plus de { $most } caractères une fois les alternatives tirées au sort. Raccourcis le texte.
refusal-wildcard-loop = Une liste de mots ne peut pas renvoyer à elle-même : { $way }
refusal-wildcard-unknown = Il n’y a pas de liste \_\_{ $given }\_\_ ici. Listes disponibles : { $there }. /{ command-wildcards } les montre toutes. Pour l’avoir tel quel dans le prompt, mets un antislash devant : \\\_\_{ $given }\_\_
refusal-wildcard-none = Il n’y a pas de liste \_\_{ $given }\_\_ ici, ni aucune autre. Les admins de ce serveur peuvent en créer. Pour l’avoir tel quel dans le prompt, mets un antislash devant : \\\_\_{ $given }\_\_

command-wildcards = wildcards
    .description = Les listes de mots de ce serveur : __nom__ dans un prompt devient un de leurs mots
command-wildcards-name = nom
    .description = Afficher cette liste en entier
wildcards-none = Il n’y a pas encore de listes ici. Un admin de ce serveur peut en créer une avec /{ command-admin } { command-admin-wildcards } { command-admin-wildcards-set }.
wildcards-listed =
    {"**"}Listes de ce serveur.** Dans un prompt, { $example } est remplacé par un élément de la liste, tiré au sort pour chaque image.
    { $names }
wildcards-named = `__{ $name }__` ({ $count })
wildcards-one = 🎲 **{ $name }**, { $count ->
        [one] { $count } élément
       *[other] { $count } éléments
    }

command-admin-wildcards = wildcards
    .description = Listes de mots pour les prompts : __nom__
command-admin-wildcards-set = définir
    .description = Créer une liste ou en remplacer une
command-admin-wildcards-set-name = nom
    .description = Ce qui va entre les tirets bas : couleur pour __couleur__
command-admin-wildcards-set-entries = éléments
    .description = Ses éléments, séparés par |
command-admin-wildcards-set-file = fichier
    .description = Un fichier texte, un élément par ligne
command-admin-wildcards-remove = retirer
    .description = Supprimer une liste
command-admin-wildcards-remove-name = nom
    .description = Laquelle
option-entries = éléments
option-name = nom
option-file = fichier
admin-wildcard-set = 🎲 `__{ $name }__` a maintenant { $count ->
        [one] { $count } élément
       *[other] { $count } éléments
    }.
admin-wildcard-removed = 🗑️ `__{ $name }__` a été supprimée. Les prompts qui y piochent sont désormais refusés.
refusal-wildcard-name = « { $given } » ne peut pas être le nom d’une liste : lettres, chiffres, - et /, { $most } caractères au maximum.
refusal-wildcard-empty = { $field } : il n’y en a pas. Donnes-en, séparés par |, ou un fichier texte avec un élément par ligne.
refusal-wildcard-both = { $field } : indiqués deux fois, en mots et dans un fichier. Garde seulement l’un des deux.
refusal-wildcard-many = La liste a { $given } éléments, le maximum est de { $most }.
refusal-wildcard-long = L’élément « { $given } » fait plus de { $most } caractères : raccourcis-le.
refusal-wildcard-file = Le fichier est illisible : envoie un fichier texte (UTF-8) de { $most } octets au maximum.
refusal-wildcards-full = Il y a déjà { $most } listes : supprimes-en une d’abord.
