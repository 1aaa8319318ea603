"""How a verb's script is put together: its own file, and what it uses of the parts (`lua/_*.lua`).

Redis runs all of a script's text at each call, and keeps nothing from one call to the next. A hundred and fifty
functions declared there take longer than what a small verb does, leave garbage whose collection holds up later calls,
and come near the 200 variables that Lua allows. So what the parts declare is made when a call first uses it: names
become places in one table, `LIB`, that makes what is not there yet. What does that for five functions:

    if n < 3 then if n < 2 then it = function(key, field) … end else … end else … end

and `tag(K.tags, 'v')` is `LIB[1]('{zosma}:tags', 'v')`.

Names of Redis keys are written into the script: `P` is the prefix, `K.needs` what `keys.NEEDS` says.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from zosma_queue import keys

#: What verbs are put together from, besides their own files.
PARTS = (
    "_common", "_versions", "_workers", "_order", "_index", "_join", "_line", "_fleet", "_series", "_speed",
    "_pictures", "_sets", "_ends", "_take", "_settle", "_inputs", "_adopt",
)  # fmt: skip
_TEXT = r"""(?:"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')"""
_COMMENT = re.compile(rf"({_TEXT})|[ \t]*--[^\n]*")
#: Of a Lua text: what is left alone (texts, and fields as in `job.seq` and `{seq = 1}`), keys, and names.
_TOKEN = re.compile(rf"{_TEXT}|(?<!\.)[.:]\w+|\bK\.(?P<key>\w+)|\b(?P<name>[A-Za-z_]\w*)\b(?!\s*=(?!=))")
#: All that stands outside of functions in a part are declarations, of one name each.
_DECLARATION = re.compile(r"local (?P<function>function )?(?P<name>\w+)(?: = |(?=\())")
#: What is no table and calls nothing may be written wherever it is used.
_PLAIN = re.compile(r"[^{(]*")


class AssemblyError(Exception):
    """The Lua files don't fit together; the text says where."""


def read(name: str) -> str:
    """One of the files in `lua/`, without its comments."""
    return _bare((resources.files("zosma_queue") / "lua" / f"{name}.lua").read_text("utf-8"))


def _bare(text: str) -> str:
    return _COMMENT.sub(lambda found: found[1] or "", text).strip() + "\n"


@functools.cache
def library() -> Mapping[str, str]:
    """All that verbs may use: each name with the Lua expression that it stands for.

    Raises:
      AssemblyError: when a part has something besides declarations of one name each, or a name is declared twice.
    """
    found: dict[str, str] = {}
    for part in PARTS:
        for one in filter(None, re.split(r"^(?=local )", read(part), flags=re.MULTILINE)):
            declared = _DECLARATION.match(one)
            if declared is None:
                raise AssemblyError(f"{part}.lua: not the declaration of one name: {one.splitlines()[0]}")
            if declared["name"] in found:
                raise AssemblyError(f"{part}.lua: {declared['name']} is declared for the second time")
            found[declared["name"]] = (declared["function"] or "").strip() + one[declared.end() :].strip()
    return found


@dataclass(frozen=True)
class _Piece:
    """A Lua text, cut where it uses a name of the library: `words[0] names[0] words[1] names[1] … words[-1]`."""

    words: tuple[str, ...]
    names: tuple[str, ...]

    def written(self, instead: Mapping[str, str]) -> str:
        """The text, with something else for each of the names."""
        return "".join(
            [self.words[0], *(instead[name] + after for name, after in zip(self.names, self.words[1:], strict=True))]
        )


def _cut(text: str) -> _Piece:
    words, names, at = [""], list[str](), 0
    for token in _TOKEN.finditer(text):
        words[-1] += text[at : token.start()]
        at = token.end()
        if token["key"]:
            words[-1] += f"'{_key(token['key'])}'"
        elif token["name"] == "P":
            words[-1] += f"'{keys.PREFIX}'"
        elif token["name"] in library():
            names.append(token["name"])
            words.append("")
        else:
            words[-1] += token[0]
    words[-1] += text[at:]
    return _Piece(tuple(words), tuple(names))


def _key(name: str) -> str:
    key = getattr(keys, name.upper(), None)
    if not isinstance(key, str):
        raise AssemblyError(f"K.{name}: keys.py has no {name.upper()}")
    return key


@functools.cache
def _declared(name: str) -> _Piece:
    return _cut(library()[name])


def assembled(text: str) -> str:
    """A script with what it uses of the library.

    Raises:
      AssemblyError: when it names a Redis key that keys.py doesn't have.
    """
    script = _cut(_bare(text))
    instead: dict[str, str] = {}
    made: list[str] = []
    for name in _used(script):
        if _PLAIN.fullmatch(library()[name]):
            instead[name] = f"({_declared(name).written(instead)})"
        else:
            made.append(name)
            instead[name] = f"LIB[{len(made)}]"
    own = script.written(instead)
    if not made:
        return own
    # Room for all of them at once: a table that grows is copied each time.
    return (
        f"local LIB = {{{'nil,' * len(made)}}}\nsetmetatable(LIB, {{__index = function(lib, n)\nlocal it\n"
        f"{_choice([_declared(name).written(instead) for name in made], 1)}lib[n] = it\nreturn it\nend}})\n{own}"
    )


def _choice(made: list[str], first: int) -> str:
    """Lua that makes the one of number `n`, which it finds by halves."""
    if len(made) == 1:
        return f"it = {made[0]}\n"
    half = len(made) // 2
    low, high = _choice(made[:half], first), _choice(made[half:], first + half)
    return f"if n < {first + half} then\n{low}else\n{high}end\n"


def _used(script: _Piece) -> list[str]:
    """What a script uses of the library, and what that uses in its turn; in the order of the library."""
    seen: set[str] = set()
    new = set(script.names)
    while new:
        seen |= new
        new = {used for name in new for used in _declared(name).names} - seen
    return [name for name in library() if name in seen]
