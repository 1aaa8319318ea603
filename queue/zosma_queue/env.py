"""Where settings come from: the environment, and a file `.env` beside it."""

from __future__ import annotations

import io
import os
import re
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from zosma_queue.errors import SettingsError

#: Windows' editors begin UTF-8 with a mark, which would become a part of the first name.
_ENCODING = "utf-8-sig"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
HOW_TO_WRITE = "write NAME=value, with quotation marks in pairs and around the whole value"


@dataclass(frozen=True)
class Line:
    """A line of the file that sets something, or that nobody can read."""

    number: int
    """From 1."""
    name: str | None
    """None: it can't be read."""


def in_file(path: Path) -> dict[str, str]:
    """name → value in a file in the form of `.env`; nothing when there is no file.

    Raises:
      SettingsError: when it can't be opened, or is no UTF-8.
    """
    found = dotenv_values(stream=io.StringIO(_text(path)))
    return {name: value for name, value in found.items() if value is not None}


def lines_of(path: Path) -> list[Line]:
    """The file's lines that set something, or were meant to.

    Raises:
      SettingsError: as `in_file` does.
    """
    lines = []
    for binding in parse_stream(io.StringIO(_text(path))):
        written = binding.original.string
        blank = written[: len(written) - len(written.lstrip())].count("\n")
        is_name = binding.key is None or _NAME.fullmatch(binding.key)
        broken = binding.error or not is_name or (binding.key is not None and binding.value is None)
        if broken or binding.key is not None:
            lines.append(Line(binding.original.line + blank, None if broken else binding.key))
    return lines


def check_readable(path: Path) -> None:
    """Returns when every line of the file sets something or says nothing: one that is passed over is a setting lost.

    Raises:
      SettingsError: for the first that doesn't, by its number; what it holds may be a secret.
    """
    for line in lines_of(path):
        if line.name is None:
            raise SettingsError(f"{path}, line {line.number} can't be read: {HOW_TO_WRITE}")


def exported() -> dict[str, str]:
    """The environment, its values as they were meant: `docker run --env-file` keeps quotes and Windows line ends."""
    return {name: _unquoted(value) for name, value in os.environ.items()}


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode(_ENCODING)
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is not UTF-8: save it with that encoding") from None
    except OSError as error:
        raise SettingsError(f"{path} can't be read ({error.strerror or error})") from None


def _unquoted(value: str) -> str:
    value = value.strip()
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
