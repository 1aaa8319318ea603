"""A picture made larger and painted anew in pieces: what A1111's scripts of that kind take, and what they will do.

Number, size and pieces are known beforehand, so that limits, costs and checks hold as for any other request.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

#: A1111's names for the scripts.
SD_UPSCALE, ULTIMATE_SD_UPSCALE = "SD upscale", "Ultimate SD upscale"
#: Of `UltimateSDUpscale.seams_fix_type`.
NO_SEAMS, BANDS, HALF_TILES, HALF_TILES_AND_CORNERS = range(4)
#: Of `UltimateSDUpscale.redraw_mode`: the tiles are left as they are.
NO_REDRAW = 2
#: Ultimate SD upscale works, and scales, in steps of this.
_GRID_PX = 64

_Upscaler = Annotated[str, StringConstraints(min_length=1, max_length=200)]


@dataclass(frozen=True)
class Pieces:
    """So many of one size that are painted, one after the other."""

    number: int
    width: int
    height: int
    denoising_strength: float


class SDUpscale(BaseModel):
    """The picture to start from is made larger by an upscaler, then painted anew in tiles of the request's width and
    height, which overlap: A1111's script of that name."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    upscaler: _Upscaler
    scale_factor: float = Field(2.0, ge=1.0, le=4.0)
    overlap: int = Field(64, ge=0, le=256)
    """Pixels that neighbouring tiles have in common."""
    source_width: int = Field(0, ge=0, le=16_384)
    """0: nobody has looked at the picture yet."""
    source_height: int = Field(0, ge=0, le=16_384)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels of the finished picture; a WebUI may cut it to whole latents."""
        return int(self.source_width * self.scale_factor), int(self.source_height * self.scale_factor)

    @property
    def sized_by(self) -> str:
        """The field that says how large it becomes."""
        return "scale_factor"

    def pieces(self, width: int, height: int, denoising_strength: float) -> list[Pieces]:
        """What is painted of one picture with tiles of this size, which must be larger than the overlap."""
        sides = zip(self.size, (width, height), strict=True)
        across, down = (max(math.ceil((side - self.overlap) / (tile - self.overlap)), 1) for side, tile in sides)
        return [Pieces(across * down, width, height, denoising_strength)]


class UltimateSDUpscale(BaseModel):
    """The picture to start from is made larger, then painted anew in tiles of the request's width and height, each with
    what is around it, and at wish their seams once more: the script of that name, an extension of A1111's."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    upscaler: _Upscaler | None = None
    """None: it is only resized."""
    scale_factor: float = Field(2.0, ge=1.0, le=16.0)
    """Sides come out as the next multiples of 64."""
    target_width: int = Field(0, ge=0, le=8192)
    """With `target_height`: the finished size instead of `scale_factor`."""
    target_height: int = Field(0, ge=0, le=8192)
    redraw_mode: int = Field(0, ge=0, le=NO_REDRAW)
    """0: the tiles row by row, 1: as on a chessboard, 2: none."""
    mask_blur: int = Field(8, ge=0, le=64)
    padding: int = Field(32, ge=0, le=512)
    """Pixels around a tile that are seen with it."""
    seams_fix_type: int = Field(NO_SEAMS, ge=NO_SEAMS, le=HALF_TILES_AND_CORNERS)
    """0: none, 1: in bands, 2: in tiles moved by half, 3: and where these cross."""
    seams_fix_width: int = Field(64, ge=8, le=128)
    """Of a band."""
    seams_fix_denoise: float = Field(0.35, ge=0.0, le=1.0)
    seams_fix_mask_blur: int = Field(4, ge=0, le=64)
    seams_fix_padding: int = Field(16, ge=0, le=128)
    source_width: int = Field(0, ge=0, le=16_384)
    """0: nobody has looked at the picture yet."""
    source_height: int = Field(0, ge=0, le=16_384)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels of the finished picture."""
        if self.target_width and self.target_height:
            return self.target_width, self.target_height
        return _on_grid(self.source_width * self.scale_factor), _on_grid(self.source_height * self.scale_factor)

    @property
    def sized_by(self) -> str:
        """The field that says how large it becomes."""
        return "target_width" if self.target_width and self.target_height else "scale_factor"

    def pieces(self, width: int, height: int, denoising_strength: float) -> list[Pieces]:
        """What is painted of one picture with tiles of this size."""
        wide, high = self.size
        columns, rows = max(math.ceil(wide / width), 1), max(math.ceil(high / height), 1)
        found = []
        if self.redraw_mode != NO_REDRAW:
            seen = _on_grid(width + self.padding), _on_grid(height + self.padding)
            found.append(Pieces(columns * rows, *seen, denoising_strength))
        if self.seams_fix_type == BANDS:
            across = self.seams_fix_width + 2 * self.seams_fix_padding
            found.append(Pieces(columns - 1, across, high, self.seams_fix_denoise))
            found.append(Pieces(rows - 1, wide, across, self.seams_fix_denoise))
        elif self.seams_fix_type != NO_SEAMS:
            halves = rows * (columns - 1) + (rows - 1) * columns
            corners = (rows - 1) * (columns - 1) if self.seams_fix_type == HALF_TILES_AND_CORNERS else 0
            found.append(Pieces(halves + corners, width, height, self.seams_fix_denoise))
        return [one for one in found if one.number]


def _on_grid(side: float) -> int:
    return math.ceil(side / _GRID_PX) * _GRID_PX
