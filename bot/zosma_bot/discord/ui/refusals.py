"""Every refusal of the Discord side: its code, the values that go with it, and the words in which it is told.

The queue's own codes are in `zosma_queue.errors.CODES`. The words of both stand in `locale/<language>/*.ftl` as
`refusal-<code>`; a test holds that each has them.
"""

from __future__ import annotations

from collections.abc import Mapping

from zosma_bot.discord.ui import texts
from zosma_bot.discord.ui.language import ENGLISH, Translations, translations_for
from zosma_queue.errors import LimitError, QueueUnavailableError, RequestRefusedError, Value

#: Code → the names of the values that go with it, as in `zosma_queue.errors.CODES`.
CODES: Mapping[str, tuple[str, ...]] = {
    # pictures and what they tell
    "picture-unfetched": ("field",),
    "picture-gone": (),
    "recipe-gone": (),
    "recipe-from-picture": (),
    "prompt-has-option": ("field", "given"),
    # parts painted anew, and pictures that go on beyond their edges
    "mask-shape": ("field", "given", "size"),
    "mask-empty": ("field",),
    "mask-full": ("field",),
    "region-none": (),
    "region-unpainted": (),
    "region-page-gone": (),
    "square-already": (),
    # options
    "compare-twice": ("field",),
    "compare-no-number": ("field", "given"),
    "strength-without-image": ("field",),
    "unreadable-lora": ("field", "given"),
    "no-style": ("field", "name"),
    # what stands in a prompt
    "flag-unknown": ("flag", "known"),
    "flag-foreign": ("flag",),
    "flag-empty": ("flag",),
    "flag-value": ("flag", "given"),
    "flag-bounds": ("flag", "given", "low", "high"),
    "flag-twice": ("flag",),
    "flag-not-here": ("flag",),
    "flag-and-option": ("field",),
    "no-size": ("field", "given"),
    "size-bounds": ("field", "given", "low", "high"),
    "aspect-bounds": ("field", "low", "high"),
    "open-brace": ("field", "given"),
    "too-many-alternatives": ("field", "given", "most"),
    "nested-too-deep": ("field", "most"),
    "drawn-too-long": ("field", "most"),
    "wildcard-loop": ("field", "way"),
    "wildcard-unknown": ("given", "there"),
    "wildcard-none": ("given",),
    "wildcard-name": ("field", "given", "most"),
    "wildcard-empty": ("field",),
    "wildcard-both": ("field",),
    "wildcard-many": ("field", "given", "most"),
    "wildcard-long": ("field", "given", "most"),
    "wildcard-file": ("most",),
    "wildcards-full": ("field", "most"),
    # when
    "when-unreadable": ("given",),
    "when-past": ("given",),
    "when-far": ("given", "most"),
    "when-left-out": ("given", "later"),
    "when-no-zone": ("given",),
    "no-time-zone": ("given",),
    # presets
    "no-preset": ("field", "name"),
    "preset-not-yours": ("field", "name"),
    "presets-full": ("field", "most"),
    "preset-name": ("field", "most"),
    # admins: the fleet and its jobs
    "admin-not-home": ("guild",),
    "admin-no-job": ("given",),
    "admin-not-waiting": ("id",),
    "admin-not-failed": ("id",),
    "admin-nothing-failed": (),
    "admin-ended": ("id",),
    "admin-not-paused": ("scope",),
    "admin-not-quarantined": ("scope",),
    "admin-no-scope": ("given", "there"),
    "admin-no-scopes": (),
    # admins: their server's rules
    "admin-no-limits": (),
    "admin-limits-empty": (),
    "admin-limit-above": ("name", "most"),
    "admin-limit-below": ("name", "least"),
    "admin-limit-lane": (),
    "admin-not-listed": (),
    "admin-listed": (),
    "admin-no-letters": (),
    "admin-buttons-role": (),
    "admin-buttons-whose": (),
    "admin-cannot-post": (),
    "admin-defaults-empty": (),
    "admin-no-styles": (),
    "admin-import-empty": (),
    "admin-import-large": ("most_kb",),
    "admin-import-unfetched": (),
}


def refused(code: str, *, field: str | None = None, **values: Value) -> RequestRefusedError:
    """A refusal of this table. Its own text, for logs, is the English one."""
    english = translations_for(ENGLISH)
    text = english(f"refusal-{code}", **values, field=texts.option_name(english, field or ""))
    return RequestRefusedError(text, code=code, field=field, values=values)


def told(w: Translations, error: RequestRefusedError | QueueUnavailableError) -> str:
    """What a member reads who was refused: why, with options named as Discord shows them, or that the queue is away."""
    if isinstance(error, QueueUnavailableError):
        return queue_away(w)
    name = texts.option_name(w, error.field or "")
    key = _key(error)
    if key in w:
        values = {given: _shown(given, value) for given, value in error.values.items()}
        if isinstance(error, LimitError):
            values["when"] = texts.span(w, error.retry_after_s)
        text = w(key, **(values | {"field": name}))
    else:
        text = texts.plain(error.under(name), 1500) + "."
    return w("refused", reason=texts.capitalised(text))


def queue_away(w: Translations) -> str:
    """That Redis can't serve now, and that nothing is lost."""
    return w("queue-away")


def _key(error: RequestRefusedError) -> str:
    """The catalogue's key: a value that isn't there makes a sentence of its own."""
    key = f"refusal-{error.code}"
    if error.values.get("nearest") == "":
        return f"{key}-none"
    if error.code == "infeasible-lacking" and not error.values.get("name"):
        return f"{key}-ability"
    if error.code == "infeasible-lacking" and not error.values.get("instead"):
        return f"{key}-alone"
    return f"{key}-checkpoint" if error.code.startswith("infeasible-") and error.values.get("checkpoint") else key


def _shown(name: str, value: Value) -> Value:
    """A refusal's value as it is shown: members' words unformatted, pixels without thousands separators."""
    if name in ("side", "width", "height"):
        return str(value)
    return texts.plain(value, 300) if isinstance(value, str) else value
