refusal-missing = { $field } : il manque une valeur.
refusal-empty-prompt = { $field } : c’est vide. Dis ce que l’image doit montrer.
refusal-empty-name = { $field } : c’est vide. Donne un nom, ou n’en mets pas.
refusal-unknown-field = { $field } : cette option n’existe pas. Retire-la.
refusal-too-long = { $field } : { $given } caractères, { $most } au maximum. Raccourcis le texte.
refusal-too-many-items = { $field } : { $given } éléments, { $most } au maximum.
refusal-out-of-bounds = { $field } : la valeur est { $given }, elle doit être comprise entre { $low } et { $high }.
refusal-too-many-pixels = L’image ferait { $width }×{ $height } pixels, le maximum est de { $most_megapixels } mégapixels : choisis une taille plus petite, ou réduis « { $field } ».
refusal-too-many-pictures = C’est trop pour une seule demande : demande des images moins nombreuses ou plus petites.
refusal-hires-with-picture = { $field } : seulement pour les images créées à partir d’un texte seul. Retire cette option et demande une taille plus grande.
refusal-upscale-alone = Un agrandissement ne se combine avec rien d’autre : retire les autres options.
refusal-options-without-workflow = { $field } : ces options vont avec un workflow. Choisis-en un, ou retire-les.
refusal-no-such-option = « { $given } » n’est pas une option de ce workflow. Retire-la, ou prends-en une que /{ command-imagine } propose.
refusal-workflow-not-for-checkpoint = Ce workflow n’est pas fait pour { $given }. Il est fait pour { $nearest }.
refusal-interrogate-alone = Décrire une image ne se combine avec rien d’autre : retire les autres options.
refusal-uneven-starts = { $field } : la valeur est { $given } ; avec { $starts } images de départ, il faut un multiple de ce nombre.
refusal-compare-alone = On ne peut comparer que des images créées à partir d’un texte seul : retire les autres options.
refusal-compare-same = Deux des valeurs sont identiques : il en faut des différentes pour comparer.
refusal-compare-twice = { $field } : seulement pour comparer des samplers ou des valeurs de guidance. Ici, on compare déjà des checkpoints.
refusal-compare-count = { $field } : la valeur est { $given } ; avec { $values } valeurs à comparer, il en faut autant.
refusal-compare-no-number = { $field } : « { $given } » n’est pas un nombre. La guidance se compare avec des nombres comme 5 ou 7.5.

refusal-not-base64 = { $field } : ce n’est pas une image.
refusal-address = { $field } : il faut une image, pas une adresse.
refusal-too-many-bytes = L’image fait { $given } octets, le maximum est de { $most } : envoie une image plus petite.
refusal-picture-too-heavy = { $field } : plus de { $most_mb } Mo. Envoie une image plus petite.
refusal-picture-too-large = { $field } : { $given } pixels, le maximum est de { $most_megapixels } mégapixels. Envoie une image plus petite.
refusal-not-a-picture = { $field } : ce n’est pas une image PNG, JPEG ou WebP complète.
refusal-picture-too-slow = { $field } : cette image est bien plus longue à décoder que sa taille ne le justifie. Enregistre-la à nouveau avec n’importe quel éditeur d’images et envoie cette version.
refusal-input-gone = L’image de départ n’est plus enregistrée : renvoie-la.
refusal-picture-unfetched = { $field } : impossible de récupérer l’image auprès de Discord. Renvoie-la.
refusal-recipe-gone = On ne sait plus comment cette image a été créée : ce n’est plus enregistré, et le message n’a pas d’image qui l’indique. Utilise /{ command-imagine }.
refusal-picture-gone = Cette image n’est plus enregistrée, et le message ne l’a pas non plus.
refusal-strength-without-image = { $field } : indique à quel point une image jointe est repeinte. Joins-en une avec l’option « { command-imagine-image } », ou retire cette option.

refusal-no-worker = Aucun GPU n’est en ligne pour le moment : réessaie dans quelques minutes.
refusal-no-worker-yet = Aucun GPU n’a encore été connecté. La personne qui fait tourner ce bot en démarre un avec `zosma worker`, sur une machine qui a une WebUI de Stable Diffusion.
refusal-unknown-name = { $field } : « { $given } » n’existe pas ici. Ce qui s’en rapproche le plus : { $nearest }.
refusal-unknown-name-none = { $field } : « { $given } » n’existe pas ici, il n’y en a aucun.
refusal-upscale-not-possible = Aucun GPU ici ne peut agrandir d’images.
refusal-interrogate-not-possible = Aucun GPU ici ne peut décrire d’images.
refusal-restore-not-possible = Aucun GPU ici n’a { $given } pour restaurer les visages.

refusal-limit-stored = L’espace pour les images des tâches non terminées est plein : réessaie dans { $when }.

refusal-blocked-word = { $field } : « { $word } » est bloqué ici. Retire ce mot.
refusal-checkpoint-not-allowed = Le checkpoint « { $given } » n’est pas autorisé ici : prends { $allowed }.
refusal-no-allowed-checkpoint = Aucun des checkpoints autorisés ici n’est en ligne : { $allowed }.
refusal-over-rule = { $field } : la valeur est { $given }, le maximum autorisé ici est { $most }.
refusal-age-restricted = On ne peut demander des images que dans les salons soumis à une limite d’âge.
refusal-record-too-large = Cela prendrait { $given } octets, le maximum est de { $most } : retire d’abord quelque chose.

refusal-infeasible = Aucun GPU ici ne permet cette combinaison.
refusal-infeasible-size = Aucun GPU ici ne crée d’images aussi grandes : le maximum est de { $side }x{ $side }, choisis une taille plus petite.
refusal-infeasible-size-checkpoint = Aucun GPU ici avec { $checkpoint } ne crée d’images aussi grandes : le maximum est de { $side }x{ $side }, choisis une taille plus petite.

refusal-unknown-scope = « { $given } » ne peut pas être mis en pause : choisis la file, une voie, un checkpoint ou un worker.
refusal-scope-not-there = « { $given } » n’existe pas ici. Disponible : { $known }
refusal-ambiguous-scope = « { $given } » peut désigner plusieurs choses, choisis-en une : { $known }
refusal-unknown-policy-name = « { $given } » n’est pas un nom auquel on peut fixer des limites : choisis un rôle.
refusal-unknown-state = « { $given } » n’est pas un état dont on peut lister les tâches : { $known }
refusal-id-taken = Cet identifiant appartient à une tâche qui demandait autre chose.

refusal-infeasible-lacking = Aucun GPU ici ne propose { $name } ({ $kind }). Disponible : { $instead }
refusal-infeasible-lacking-checkpoint = Aucun GPU ici ne propose { $name } ({ $kind }) avec { $checkpoint }. Disponible : { $instead }
refusal-infeasible-lacking-ability = Aucun GPU ici ne sait faire ça : { $kind }.
refusal-infeasible-lacking-alone = Aucun GPU ici ne sait faire ça : { $name } ({ $kind }). Retire-le.
refusal-unreadable-lora = { $field } : « { $given } » est illisible. Écris nom ou nom:0.8, séparés par des virgules.
refusal-recipe-from-picture = Cette image a été créée à partir d’une autre, qui n’est plus enregistrée. Utilise /{ command-imagine } avec cette image.
refusal-prompt-has-option = Le prompt contient « { $given } », que Discord prendrait pour le nom d’une option. Tape la commande toi-même, ou utilise « { button-edit } ».
parameters-left-out = ℹ️ Des réglages qu’aucune commande ne propose ici ont aussi servi ({ $names }) : le résultat sera donc différent.
