"""What admins read of their server's rules and limits, put together from the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from zosma_bot.discord.features.admin.role_limits import PREFIX
from zosma_bot.discord.state.server_settings import Defaults, ServerSettings
from zosma_bot.discord.ui import texts
from zosma_bot.discord.ui.language import Translations
from zosma_queue.moderation import ContentRules
from zosma_queue.policy import DEFAULT, LIMITS, Policy, Unit

#: What a message may hold besides the words around it.
LIST_MAX_CHARS = 1900
NAMED = 20


def channels(ids: Sequence[int]) -> str:
    """Channels as Discord shows them."""
    return _some([f"<#{one}>" for one in ids])


def roles(ids: Sequence[int]) -> str:
    """Roles as Discord shows them, without pinging anybody."""
    return _some([f"<@&{one}>" for one in ids])


def words(given: Sequence[str]) -> str:
    """An admin's own words, as they are."""
    return _some([f"`{one.replace('`', chr(39))}`" for one in given])


def _some(shown: list[str]) -> str:
    return " ".join(shown[:NAMED]) + (" …" if len(shown) > NAMED else "")


def listed(w: Translations, lines: Iterable[str], none: str) -> str:
    """Lines in one message; those that don't fit are counted."""
    lines, shown, length = list(lines), [], 0
    for line in lines:
        if length + len(line) > LIST_MAX_CHARS - 60:
            break
        shown.append(line)
        length += len(line) + 1
    if len(shown) < len(lines):
        shown.append(w("admin-more", count=len(lines) - len(shown)))
    return "\n".join(shown) or w(none)


def policy_name(w: Translations, name: str) -> str:
    """Whose limits these are."""
    if name == DEFAULT:
        return w("limits-default")
    role = name.removeprefix(PREFIX)
    return f"<@&{role}>" if name.startswith(PREFIX) and role.isdecimal() else f"`{name.replace('`', chr(39))}`"


def _span(w: Translations, value: float) -> str:
    """A limit as it was set: whole seconds without a fraction."""
    return texts.span(w, value) if value < 60 and value.is_integer() else texts.seconds(w, value)


def policy(w: Translations, name: str, one: Policy) -> str:
    """One policy in a line."""
    parts = []
    for limit in LIMITS:
        value = getattr(one, limit.name)
        if value != limit.default:
            said = {"span": _span(w, value)} if limit.unit is Unit.SECONDS else {"value": value}
            parts.append(w(f"limit-{limit.option}", **said))
    parts.append(w("limit-lane", lane=w(f"lane-{one.lane}")))
    return w("limit-line", name=policy_name(w, name), limits=", ".join(parts))


def rules(w: Translations, found: ServerSettings, held: ContentRules) -> str:
    """All rules of a server."""
    buttons = w(f"who-{found.buttons}")
    if found.buttons == "roles":
        buttons += f": {roles(found.button_roles)}"
    lines = [
        w("rules-channels", shown=channels(found.channels) or w("rules-everywhere")),
        w("rules-roles", shown=roles(found.roles) or w("rules-everybody")),
        w("rules-buttons", shown=buttons),
        w("rules-age", shown=on_off(w, found.age_restricted_only)),
        w("rules-spoiler", shown=w(f"spoiler-{found.spoiler}")),
        w("rules-grid", shown=on_off(w, found.grid)),
        w("rules-reports", shown=f"<#{found.report_channel}>" if found.report_channel else w("rules-off")),
        w("rules-retention", days=found.retention_days),
        w("rules-words", count=len(held.blocked)),
        w("rules-checkpoints", shown=words(held.checkpoints) or w("rules-all")),
        sizes(w, held),
        w("rules-defaults", shown=defaults(w, found.defaults)),
    ]
    lines += [
        w("rules-defaults-in", channel=f"<#{channel}>", shown=defaults(w, one))
        for channel, one in found.channel_defaults.items()
    ]
    return listed(w, lines, "admin-failed-none")


def sizes(w: Translations, found: ContentRules) -> str:
    """How much one request may ask for."""
    limits = {name: getattr(found, name) or w("rules-no-limit") for name in ("count", "steps", "side")}
    return w("rules-sizes", **limits)


def on_off(w: Translations, value: bool) -> str:
    """A switch of the rules, as on or off."""
    return w("switch-on" if value else "switch-off")


def defaults(w: Translations, one: Defaults) -> str:
    """What a command gets that leaves it out."""
    parts = [w(f"default-{name}", value=texts.plain(value, 100)) for name, value in one.given.items()]
    return ", ".join(parts) or w("rules-none")
