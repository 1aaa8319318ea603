"""Refusals that are no verdict on what was asked for: Cloudflare's before Discord, and Discord's own "not now"."""

from __future__ import annotations

import discord

#: "Cloudflare is blocking your request." Discord has had hours in which it met whole networks, on any path.
_BLOCKED = 40333
#: What Discord says of itself, by whatever status: a channel or server is written to too much, direct messages are
#: opened too fast, messages or this feature are switched off for the moment, something behind it has too much to do.
_PASSING = frozenset((20028, 20029, 40003, 40004, 40006, 40062, 130000))


def is_not_now(error: discord.HTTPException) -> bool:
    """True for a refusal that says nothing of a token, a channel or a right: it may be asked again.

    What Discord forbids has another code.
    """
    return error.code in _PASSING or (error.status == 403 and error.code in (0, _BLOCKED))
