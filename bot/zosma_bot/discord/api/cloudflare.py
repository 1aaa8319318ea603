"""Refusals that are not Discord's word on what was asked for, but that of Cloudflare before it."""

from __future__ import annotations

import discord

#: "Cloudflare is blocking your request." Discord has had hours in which it met whole networks, on any path.
_BLOCKED = 40333


def is_cloudflares(error: discord.HTTPException) -> bool:
    """True for a refusal that says nothing of a token, a channel or a right: it may be asked again.

    What Discord itself forbids has another code.
    """
    return error.status == 403 and error.code in (0, _BLOCKED)
