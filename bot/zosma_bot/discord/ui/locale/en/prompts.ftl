# What may stand in a prompt: flags, alternatives, lists of words.

refusal-unknown-tag = { $field } has { $given }, which would be left out of the picture without a word. A LoRA is written <lora:name:0.8>.

refusal-flag-unknown = { $flag } isn't an option here. There are: { $known }. To have it in the prompt as it is, write a backslash before it: \{ $flag }
refusal-flag-foreign = { $flag } is Midjourney's and means nothing here: leave it out.
refusal-flag-empty = { $flag } needs a value behind it.
refusal-flag-value = { $flag } is “{ $given }”: it must be a number.
refusal-flag-bounds = { $flag } is { $given }: it must be between { $low } and { $high }.
refusal-flag-twice = { $flag } says again what another flag has said: leave one of them out.
refusal-flag-not-here = { $flag } can't be used here: the picture keeps its size and styles. Leave it out.
parameters-drawn = ℹ️ The words of each picture are drawn from this server's lists: if one of them has changed since, other words come out.
refusal-flag-and-option = { $field } is given twice, as an option and as a flag in the prompt: leave one of them out.

refusal-no-size = “{ $given }” isn't a size: choose one of the list, or write 768x512 or 16:9.
refusal-size-bounds = { $field } is { $given }: each side must have { $low } to { $high } pixels.
refusal-aspect-bounds = { $field } would make a side shorter than { $low } or longer than { $high } pixels: choose another one.

refusal-open-brace = In { $field } the brace in “{ $given }” is not closed. To have it in the prompt as it is, write a backslash before it: \\{"{"}
refusal-too-many-alternatives = { $field } has { $given } alternatives, at most { $most } are possible. More of them belong in a list that admins of this server can make.
refusal-nested-too-deep = { $field } has alternatives inside alternatives more than { $most } times: make it simpler.
refusal-drawn-too-long = { $field } becomes longer than { $most } characters once its alternatives are drawn: make it shorter.
refusal-wildcard-loop = Word lists can't lead back to themselves: { $way }
refusal-wildcard-unknown = There is no list \_\_{ $given }\_\_ here. There are: { $there }. /wildcards shows them all. To have it in the prompt as it is, write a backslash before it: \\\_\_{ $given }\_\_
refusal-wildcard-none = There is no list \_\_{ $given }\_\_ here, nor any other. Admins of this server can make some. To have it in the prompt as it is, write a backslash before it: \\\_\_{ $given }\_\_

command-wildcards = wildcards
    .description = This server's word lists: __name__ in a prompt becomes a word from one
command-wildcards-name = name
    .description = Show this one in full
wildcards-none = There are no lists here yet. An admin of this server makes one with /admin wildcards set.
wildcards-listed =
    {"**"}Lists of this server.** In a prompt, { $example } stands for one of its entries, drawn for each picture.
    { $names }
wildcards-named = `__{ $name }__` ({ $count })
wildcards-one = 🎲 **{ $name }**, { $count ->
        [one] { $count } entry
       *[other] { $count } entries
    }

command-admin-wildcards = wildcards
    .description = Word lists for prompts: __name__
command-admin-wildcards-set = set
    .description = Make a list, or put another in its place
command-admin-wildcards-set-name = name
    .description = What stands between the underscores: colour for __colour__
command-admin-wildcards-set-entries = entries
    .description = Its entries, with | between them
command-admin-wildcards-set-file = file
    .description = A text file, an entry a line
command-admin-wildcards-remove = remove
    .description = Delete a list
command-admin-wildcards-remove-name = name
    .description = Which one
option-entries = entries
option-name = name
option-file = file
admin-wildcard-set = 🎲 `__{ $name }__` has { $count ->
        [one] { $count } entry
       *[other] { $count } entries
    } now.
admin-wildcard-removed = 🗑️ `__{ $name }__` is deleted. Prompts that draw from it are refused from now on.
refusal-wildcard-name = “{ $given }” can't be a list's name: letters, digits, - and /, at most { $most } characters.
refusal-wildcard-empty = { $field } are missing: give some with | between them, or a text file with one a line.
refusal-wildcard-both = { $field } are given twice, as words and as a file: leave one of them out.
refusal-wildcard-many = The list has { $given } entries, at most { $most } are possible.
refusal-wildcard-long = The entry “{ $given }” is longer than { $most } characters: shorten it.
refusal-wildcard-file = The file can't be read: send a text file (UTF-8) of at most { $most } bytes.
refusal-wildcards-full = There are { $most } lists already: delete one first.
