"""A finished picture's bytes, and what is known of it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

_SUFFIXES = {"jpeg": "jpg"}


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One picture. Width and height are those of the original, also of a smaller one."""

    data: bytes = field(repr=False)
    """The file's bytes."""
    format: str
    """png, jpeg or webp."""
    job_id: str
    index: int
    """Which of the job's pictures, from 0."""
    width: int
    height: int
    seed: int
    parameters: str = field(repr=False)
    """How it was made, as A1111 writes it into its pictures."""

    @property
    def suffix(self) -> str:
        """That of its file's name: `.png`, `.jpg` or `.webp`."""
        return f".{_SUFFIXES.get(self.format, self.format)}"

    def save(self, path: str | os.PathLike[str] = ".") -> Path:
        """Writes it to a file and returns where that is; in a folder it is named after job, number and seed.

        Without a suffix the path gets that of the format. What was there is written over.

        Raises:
          OSError: when it can't be written.
        """
        target = Path(path)
        if target.is_dir():
            target /= f"{self.job_id}-{self.index}-{self.seed}{self.suffix}"
        elif not target.suffix:
            target = target.with_name(target.name + self.suffix)
        target.write_bytes(self.data)
        return target

    def to_pil(self) -> Image:
        """The picture for Pillow.

        Raises:
          ImportError: when Pillow isn't installed.
        """
        from PIL import Image

        return Image.open(BytesIO(self.data))
