"""The documents that belong into a backup, and what each of them must look like (zosma_queue/backup.py)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from zosma_bot.discord.state import member_settings, server_settings, wildcards
from zosma_bot.discord.state.member_settings import MemberSettings, check_presets
from zosma_bot.http import choices
from zosma_queue.backup import Kind

_ID = re.compile(r"[1-9][0-9]{0,19}")
_OWNER_MAX_CHARS = 200


def _id(document_id: str) -> None:
    if not _ID.fullmatch(document_id):
        raise ValueError("it must stand under a number that Discord has given")


def _server(document_id: str, fields: dict[str, Any]) -> None:
    _id(document_id)
    server_settings.parse_server_settings(fields)


def _member(document_id: str, fields: dict[str, Any]) -> None:
    _id(document_id)
    check_presets(MemberSettings.model_validate(fields).presets)


def _shared(document_id: str, presets: dict[str, Any]) -> None:
    _id(document_id)
    for name, one in presets.items():
        if not isinstance(one, dict):
            raise TypeError(f"the preset {name[:60]!r} must be an object")
    check_presets(presets)


def _names(document_id: str, lists: dict[str, Any]) -> None:
    _id(document_id)
    for name, count in lists.items():
        wildcards.checked_name(name)
        if isinstance(count, bool) or not isinstance(count, int):
            raise TypeError(f"the list {name[:60]!r} must have its number of entries")


def _list(document_id: str, fields: dict[str, Any]) -> None:
    guild_id, _, name = document_id.partition(":")
    _id(guild_id)
    wildcards.checked_name(name)
    entries = fields["entries"]
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        raise TypeError("entries must be a list of texts")
    wildcards.checked_entries(entries)


def _chosen(owner: str, fields: dict[str, Any]) -> None:
    if not 0 < len(owner) <= _OWNER_MAX_CHARS:
        raise ValueError("it must stand under an owner's name")
    choices.Chosen.model_validate(fields)


KINDS: Mapping[str, Kind] = {
    server_settings.KIND: Kind(_server),
    member_settings.MEMBER: Kind(_member),
    member_settings.SHARED: Kind(_shared),
    wildcards.NAMES: Kind(_names),
    wildcards.LIST: Kind(_list),
    choices.KIND: Kind(_chosen, ttl_s=choices.KEPT_S),
}
