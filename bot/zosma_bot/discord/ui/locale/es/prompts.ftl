refusal-unknown-tag = { $field }: contiene { $given }, que quedaría fuera de la imagen sin avisar. Un LoRA se escribe <lora:nombre:0.8>.

refusal-flag-unknown = { $flag } no es una opción aquí. Disponible: { $known }. Para que aparezca tal cual en el prompt, pon una barra invertida delante: \{ $flag }
refusal-flag-foreign = { $flag } es de Midjourney y aquí no significa nada: quítalo.
refusal-flag-empty = Después de { $flag } falta un valor.
refusal-flag-value = { $flag }: “{ $given }” no es un número, y debe serlo.
refusal-flag-bounds = { $flag }: el valor es { $given } y debe estar entre { $low } y { $high }.
refusal-flag-twice = { $flag } repite algo que ya está indicado: quita uno de los dos.
refusal-flag-not-here = { $flag } no sirve aquí: la imagen conserva su tamaño y sus estilos. Quítalo.
parameters-drawn = ℹ️ Las palabras de cada imagen salen al azar de las listas de este servidor: si alguna ha cambiado desde entonces, saldrán otras.
refusal-flag-and-option = { $field }: está dos veces, como opción y en el prompt. Quita una de las dos.

refusal-no-size = “{ $given }” no es un tamaño: elige uno de la lista o escribe 768x512 o 16:9.
refusal-size-bounds = { $field }: es { $given } y cada lado debe tener entre { $low } y { $high } píxeles.
refusal-aspect-bounds = { $field }: un lado tendría menos de { $low } o más de { $high } píxeles. Elige otra proporción.

refusal-open-brace = { $field }: la llave de “{ $given }” no se cierra. Para que aparezca tal cual en el prompt, pon una barra invertida delante: \\{"{"}
refusal-too-many-alternatives = { $field }: tiene { $given } alternativas y el máximo es { $most }. Si necesitas más, van en una lista, que los admins de este servidor pueden crear.
refusal-nested-too-deep = { $field }: tiene alternativas dentro de alternativas en más de { $most } niveles. Simplifícalo.
refusal-drawn-too-long = { $field }: pasa de { $most } caracteres una vez elegidas las alternativas. Acórtalo.
refusal-wildcard-loop = Una lista de palabras no puede llevar de vuelta a sí misma: { $way }
refusal-wildcard-unknown = Aquí no hay ninguna lista \_\_{ $given }\_\_. Las que hay: { $there }. /{ command-wildcards } las muestra todas. Para que aparezca tal cual en el prompt, pon una barra invertida delante: \\\_\_{ $given }\_\_
refusal-wildcard-none = Aquí no hay ninguna lista \_\_{ $given }\_\_, ni ninguna otra. Los admins de este servidor pueden crearlas. Para que aparezca tal cual en el prompt, pon una barra invertida delante: \\\_\_{ $given }\_\_

command-wildcards = wildcards
    .description = Las listas de palabras de este servidor: __nombre__ en un prompt se convierte en una de ellas
command-wildcards-name = nombre
    .description = Mostrar esta entera
wildcards-none = Aquí todavía no hay listas. Un admin de este servidor las crea con /{ command-admin } { command-admin-wildcards } { command-admin-wildcards-set }.
wildcards-listed =
    {"**"}Listas de este servidor.** En un prompt, { $example } se cambia por uno de sus elementos, al azar para cada imagen.
    { $names }
wildcards-named = `__{ $name }__` ({ $count })
wildcards-one = 🎲 **{ $name }**, { $count ->
        [one] { $count } elemento
       *[other] { $count } elementos
    }

command-admin-wildcards = wildcards
    .description = Listas de palabras para los prompts: __nombre__
command-admin-wildcards-set = definir
    .description = Crear una lista o reemplazarla por otra
command-admin-wildcards-set-name = nombre
    .description = Lo que va entre los guiones bajos: color para __color__
command-admin-wildcards-set-entries = elementos
    .description = Sus elementos, separados por |
command-admin-wildcards-set-file = archivo
    .description = Un archivo de texto, un elemento por línea
command-admin-wildcards-remove = quitar
    .description = Eliminar una lista
command-admin-wildcards-remove-name = nombre
    .description = Cuál
option-entries = elementos
option-name = nombre
option-file = archivo
admin-wildcard-set = 🎲 `__{ $name }__` tiene ahora { $count ->
        [one] { $count } elemento
       *[other] { $count } elementos
    }.
admin-wildcard-removed = 🗑️ `__{ $name }__` se eliminó. Desde ahora se rechazan los prompts que la usan.
refusal-wildcard-name = “{ $given }” no puede ser el nombre de una lista: letras, números, - y /, { $most } caracteres como máximo.
refusal-wildcard-empty = { $field }: no hay ninguno. Pon algunos separados por |, o un archivo de texto con uno por línea.
refusal-wildcard-both = { $field }: están dos veces, como palabras y como archivo. Quita una de las dos.
refusal-wildcard-many = La lista tiene { $given } elementos y el máximo es { $most }.
refusal-wildcard-long = El elemento “{ $given }” tiene más de { $most } caracteres: acórtalo.
refusal-wildcard-file = No se puede leer el archivo: envía un archivo de texto (UTF-8) de { $most } bytes como máximo.
refusal-wildcards-full = Ya hay { $most } listas: elimina una primero.
