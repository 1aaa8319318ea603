"""What buttons, menus and forms carry: everything that is needed to act on them, so that none of them ever dies.

Discord gives a `custom_id` back unchanged for as long as the message exists, whatever became of the bot meanwhile. The
version in front lets a later Zosma understand what an earlier one has posted.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

VERSION = "z1"
MAX_CHARS = 100

#: Names what is kept of a message while a menu of it is open.
_KEY = re.compile(r"[0-9a-f]{20}")
_FORM = re.compile(rf"{VERSION}:([a-z-]+)((?::[^:]*)*)")


class Act(enum.StrEnum):
    """What a button, menu or form does: the second part of its custom_id.

    Written into messages for ever: never give one a new meaning, never use one again that is gone.
    """

    # Under a picture.
    UPSCALE = "up"
    VARY_SUBTLE = "vs"
    VARY_STRONG = "vb"
    AGAIN = "re"
    EDIT = "ed"
    CHECKPOINT = "ck"
    PARAMETERS = "pa"
    SEND = "dm"
    DELETE = "de"
    CANCEL = "ca"
    REPORT = "rp"
    MISSING = "mi"
    MORE = "mo"
    REGION = "rg"
    ZOOM_OUT = "zo"
    ZOOM_OUT_FAR = "zf"
    PAN_LEFT = "pl"
    PAN_RIGHT = "pr"
    PAN_UP = "pu"
    PAN_DOWN = "pd"
    SQUARE = "sq"
    # What these open.
    MORE_ACT = "ma"
    MORE_PICTURE = "mp"
    REGION_FORM = "gf"
    REGION_PAINTED = "gp"
    EDIT_FORM = "ef"
    CHOOSE_CHECKPOINT = "cs"
    # A report, and what moderators do with it.
    REPORT_FORM = "rf"
    REPORT_REMOVE = "rx"
    REPORT_DISMISS = "ro"
    # `/jobs`.
    JOBS_REFRESH = "jr"
    JOBS_MENU = "jm"
    JOBS_LOOK = "jl"
    JOBS_PICK_UP = "jp"
    JOBS_RETRY = "jt"
    # `/privacy erase`.
    ERASE = "pe"
    KEEP = "pk"
    # An admin's confirmation.
    ADMIN_YES = "ay"
    ADMIN_NO = "an"
    # "Use this picture" and `/describe`.
    USE_PICTURE_FORM = "uf"
    REMAKE = "rm"
    IMAGINE_WORDS = "iw"


@dataclass(frozen=True)
class CustomId:
    """A custom_id taken apart: what is to be done, and to what."""

    act: str
    args: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = ":".join((VERSION, self.act, *self.args))
        if len(text) > MAX_CHARS or _FORM.fullmatch(text) is None or any(":" in arg for arg in self.args):
            raise ValueError(f"{text!r} can't be a custom_id: keep long or free words in a record, and its key here")
        return text

    @classmethod
    def parse(cls, text: str) -> CustomId | None:
        """The same again; None when it is none of ours."""
        found = _FORM.fullmatch(text)
        return cls(found[1], tuple(found[2].split(":")[1:])) if found else None


@dataclass(frozen=True)
class OfJob:
    """The arguments of a job's buttons."""

    job_id: str
    owner: int
    """Discord's id of the member whose job it is: known even when the queue has forgotten the job."""
    number: int = 0
    """1 for the first picture; 0 for the whole set."""
    menu: str = ""
    """Under which key the message is remembered that a menu or form was opened for; '' on that message itself."""

    def custom_id(self, act: str) -> str:
        """The custom_id of a button."""
        return str(CustomId(act, self.args))

    @property
    def args(self) -> tuple[str, ...]:
        """The arguments as a custom_id has them."""
        args = (self.job_id, str(self.owner), str(self.number))
        return (*args, self.menu) if self.menu else args

    @classmethod
    def parse(cls, custom_id: CustomId) -> OfJob | None:
        """From a pressed button; None when the arguments are no job's."""
        match custom_id.args:
            case (job_id, owner, number, *menu) if job_id.isalnum() and owner.isdecimal() and number.isdecimal():
                if not menu:
                    return cls(job_id, int(owner), int(number))
                if len(menu) == 1 and _KEY.fullmatch(menu[0]):
                    return cls(job_id, int(owner), int(number), menu[0])
        return None
