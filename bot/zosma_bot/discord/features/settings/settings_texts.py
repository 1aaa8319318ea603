"""A member's settings and presets, in words."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable, Mapping
from datetime import datetime

from zosma_bot.discord.state.member_settings import FIELDS, Fields, MemberSettings
from zosma_bot.discord.ui import texts
from zosma_bot.discord.ui.language import Translations

VALUE_MAX_CHARS = 120
NAMES_MAX = 50


def fields_line(w: Translations, fields: Mapping[str, object], limit: int = VALUE_MAX_CHARS) -> str:
    """Fields under the names of the options that set them: "size 512×768 · steps 30"."""
    parts = []
    for name in (*FIELDS, "style"):
        if name in ("width", "height") and {"width", "height"} <= set(fields):
            if name == "width":
                parts.append(f"{w('option-size')} {fields['width']}×{fields['height']}")
        elif fields.get(name) not in (None, "", [], ()):
            value = _value(fields[name], limit)
            # A member's own words would run into those around them.
            shown = w("quoted", text=value) if name in ("prompt", "negative_prompt") else value
            parts.append(f"{texts.option_name(w, name)} {shown}")
    return " · ".join(parts)


def _value(value: object, limit: int) -> str:
    if isinstance(value, dict):
        return f"×{value.get('scale', 2):g}"
    if isinstance(value, list | tuple):
        return texts.plain(", ".join(str(one) for one in value), limit)
    return f"{value:g}" if isinstance(value, float) else texts.plain(str(value), limit)


def time_zone(w: Translations, member: MemberSettings, now_s: float) -> str:
    """Where the member's clock is, and what it shows."""
    if member.timezone is None:
        return w("settings-no-timezone")
    clock = datetime.fromtimestamp(now_s, zoneinfo.ZoneInfo(member.timezone)).strftime("%H:%M")
    return w("settings-timezone", zone=texts.plain(member.timezone, 60), clock=clock)


def settings(w: Translations, member: MemberSettings, shared: Mapping[str, Fields], now_s: float) -> str:
    """All that `/settings show` says."""
    return "\n".join(
        (
            w("settings-defaults", values=fields_line(w, member.defaults) or w("settings-none")),
            w("settings-private-on" if member.private else "settings-private-off"),
            time_zone(w, member, now_s),
            w("settings-presets", names=names(member.presets) or w("settings-none")),
            w("settings-shared", names=names(shared) or w("settings-none")),
        )
    )


def names(some: Iterable[str]) -> str:
    """Names in a row, cut where there are too many."""
    return texts.cut(", ".join(texts.plain(name, 60) for name in some), 900)
