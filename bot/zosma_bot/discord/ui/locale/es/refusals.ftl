refusal-missing = { $field }: falta un valor.
refusal-empty-prompt = { $field }: está vacío. Di qué debe mostrar la imagen.
refusal-empty-name = { $field }: está vacío. Pon un nombre o quítalo.
refusal-unknown-field = { $field }: esa opción no existe. Quítala.
refusal-too-long = { $field }: tiene { $given } caracteres y el máximo es { $most }. Acórtalo.
refusal-too-many-items = { $field }: tiene { $given } elementos y el máximo es { $most }.
refusal-out-of-bounds = { $field }: el valor es { $given } y debe estar entre { $low } y { $high }.
refusal-too-many-pixels = La imagen tendría { $width }×{ $height } píxeles y el máximo es de { $most_megapixels } megapíxeles: elige un tamaño menor o reduce { $field }.
refusal-too-many-pictures = Es demasiado para una sola solicitud: pide menos imágenes o imágenes más pequeñas.
refusal-hires-with-picture = { $field }: solo para imágenes creadas a partir de palabras. Quítalo y pide un tamaño mayor.
refusal-upscale-alone = Una ampliación no se combina con nada más: quita las demás opciones.
refusal-options-without-workflow = { $field }: esas opciones son de un workflow. Elige uno o quítalas.
refusal-no-such-option = “{ $given }” no es una opción de este workflow. Quítala o usa una de las que ofrece /{ command-imagine }.
refusal-workflow-not-for-checkpoint = El workflow no es para { $given }. Es para { $nearest }.
refusal-interrogate-alone = Describir una imagen no se combina con nada más: quita las demás opciones.
refusal-uneven-starts = { $field }: el valor es { $given }; con { $starts } imágenes de partida debe ser un múltiplo de ese número.
refusal-compare-alone = Solo se pueden comparar imágenes creadas únicamente a partir de palabras: quita las demás opciones.
refusal-compare-same = Dos de los valores son iguales: para comparar hacen falta valores distintos.
refusal-compare-twice = { $field }: solo al comparar samplers o valores de guidance. Aquí ya se comparan checkpoints.
refusal-compare-count = { $field }: el valor es { $given }; con { $values } valores que comparar debe ser ese mismo número.
refusal-compare-no-number = { $field }: “{ $given }” no es un número. La guidance se compara con números como 5 o 7.5.

refusal-not-base64 = { $field }: no es una imagen.
refusal-address = { $field }: debe ser una imagen, no un enlace.
refusal-too-many-bytes = La imagen tiene { $given } bytes y el máximo es { $most }: envía una más pequeña.
refusal-picture-too-heavy = { $field }: pesa más de { $most_mb } MB. Envía una imagen más pequeña.
refusal-picture-too-large = { $field }: tiene { $given } píxeles y el máximo es de { $most_megapixels } megapíxeles. Envía una imagen más pequeña.
refusal-not-a-picture = { $field }: no es una imagen PNG, JPEG o WebP completa.
refusal-picture-too-slow = { $field }: tarda en decodificarse mucho más de lo que corresponde a su tamaño. Guárdala de nuevo con un programa de imágenes y envía esa versión.
refusal-input-gone = La imagen de partida ya no está guardada: envíala otra vez.
refusal-picture-unfetched = { $field }: no se pudo descargar de Discord. Envíala otra vez.
refusal-recipe-gone = Ya no está guardado cómo se creó esto, y el mensaje no tiene ninguna imagen que lo diga. Usa /{ command-imagine }.
refusal-picture-gone = Esta imagen ya no está guardada, y el mensaje tampoco la tiene.
refusal-strength-without-image = { $field }: indica cuánto se repinta una imagen adjunta. Adjunta una en la opción “{ command-imagine-image }” o quítalo.

refusal-no-worker = Ahora mismo no hay ninguna GPU en línea: inténtalo de nuevo en unos minutos.
refusal-no-worker-yet = Todavía no se ha conectado ninguna GPU. Quien gestiona este bot inicia una con `zosma worker`, en un equipo con una WebUI de Stable Diffusion.
refusal-unknown-name = { $field }: “{ $given }” no existe aquí. Lo más parecido: { $nearest }.
refusal-unknown-name-none = { $field }: “{ $given }” no existe aquí; no hay ninguno.
refusal-upscale-not-possible = Ninguna GPU aquí puede ampliar imágenes.
refusal-interrogate-not-possible = Ninguna GPU aquí puede describir imágenes.
refusal-restore-not-possible = Ninguna GPU aquí tiene { $given } para restaurar rostros.

refusal-limit-stored = El espacio para imágenes de tareas sin terminar está lleno: inténtalo de nuevo en { $when }.

refusal-blocked-word = { $field }: contiene “{ $word }”, y eso está bloqueado aquí. Quítalo.
refusal-checkpoint-not-allowed = El checkpoint “{ $given }” no está permitido aquí: usa { $allowed }.
refusal-no-allowed-checkpoint = Ninguno de los checkpoints permitidos aquí está en línea: { $allowed }.
refusal-over-rule = { $field }: el valor es { $given } y aquí el máximo permitido es { $most }.
refusal-age-restricted = Las imágenes solo se pueden pedir en canales con restricción de edad.
refusal-record-too-large = Esto ocuparía { $given } bytes y el máximo es { $most }: quita algo primero.

refusal-infeasible = Ninguna GPU aquí puede hacer esta combinación.
refusal-infeasible-size = Ninguna GPU aquí crea imágenes tan grandes: el máximo es { $side }x{ $side }; usa un tamaño menor.
refusal-infeasible-size-checkpoint = Ninguna GPU aquí con { $checkpoint } crea imágenes tan grandes: el máximo es { $side }x{ $side }; usa un tamaño menor.

refusal-unknown-scope = “{ $given }” no se puede poner en pausa: elige la cola, un carril, un checkpoint o un worker.
refusal-scope-not-there = “{ $given }” no existe aquí. Disponible: { $known }
refusal-ambiguous-scope = “{ $given }” puede ser cualquiera de estos, elige uno: { $known }
refusal-unknown-policy-name = “{ $given }” no es un nombre para el que se puedan fijar límites: elige un rol.
refusal-unknown-state = “{ $given }” no es un estado cuyas tareas se puedan listar: { $known }
refusal-id-taken = Este identificador pertenece a una tarea que pedía otra cosa.

refusal-infeasible-lacking = Ninguna GPU aquí ofrece { $name } ({ $kind }). Disponible: { $instead }
refusal-infeasible-lacking-checkpoint = Ninguna GPU aquí ofrece { $name } ({ $kind }) junto con { $checkpoint }. Disponible: { $instead }
refusal-infeasible-lacking-ability = Ninguna GPU aquí puede hacer esto: { $kind }.
refusal-infeasible-lacking-alone = Ninguna GPU aquí puede hacer esto: { $name } ({ $kind }). Quítalo.
refusal-unreadable-lora = { $field }: “{ $given }” no se entiende. Escribe nombre o nombre:0.8, separados por comas.
refusal-recipe-from-picture = Esto se creó a partir de otra imagen, que ya no está guardada. Usa /{ command-imagine } con esa imagen.
refusal-prompt-has-option = El prompt contiene “{ $given }”, que Discord tomaría por el nombre de una opción. Escribe el comando a mano o usa “{ button-edit }”.
parameters-left-out = ℹ️ También se creó con { $names }, que aquí ningún comando puede pedir, así que saldrá distinta.
