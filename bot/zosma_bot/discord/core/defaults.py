"""What is asked for beyond what was said: presets and styles, and the defaults of member, channel and server."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import discord

from zosma_bot.discord.core.drawing import shaped, templated
from zosma_bot.discord.core.permissions import channel_ids
from zosma_bot.discord.core.services import CHECKS_S, Services
from zosma_bot.discord.core.validation import still_offered
from zosma_bot.discord.state.member_settings import Fields, MemberSettings, with_preset
from zosma_queue.errors import QueueUnavailableError, RequestRefusedError

#: Said for a style or a negative prompt, it is none, whatever is set as the default.
NOTHING = "-"


@dataclass(frozen=True)
class CompleteRequest:
    """A whole request's fields, and who sees what comes of it."""

    fields: Fields
    private: bool


async def complete(
    services: Services, interaction: discord.Interaction[Any], given: Fields, style: str | None, private: bool | None
) -> CompleteRequest:
    """What was said, over a preset, over the member's defaults, over the channel's and the server's.

    `given` may have `aspect` in the place of a size.

    Raises:
      RequestRefusedError: when the style is neither a preset nor one of the WebUIs'.
      QueueUnavailableError: when Redis doesn't answer in time.
    """
    typed = set(given)
    member, shared = await services.background.within(CHECKS_S, _records(services, interaction))
    here = (await services.settings_here(interaction)).defaults_in(_channel(interaction))
    defaults = await still_offered(services, interaction, member.defaults)
    usual = defaults.pop("style", None) or here.get("style")
    if style == NOTHING:
        pass
    elif style:
        given = await _styled(services, given, style, member.presets, shared)
    elif usual:
        with contextlib.suppress(RequestRefusedError):  # it is gone since it was set, and nobody has said it now
            given = await _styled(services, given, str(usual), member.presets, shared)
    if "aspect" in given:
        given = shaped(given, {**defaults, **given})
    if "width" in given or "height" in given:  # half a default size would distort what was said
        defaults = {name: value for name, value in defaults.items() if name not in ("width", "height")}
    fields = defaults | given
    if "checkpoint" in here and "checkpoint" not in fields:
        fields["checkpoint"] = here["checkpoint"]
    fields = await services.suited(interaction, fields)
    facts = (await services.catalogue()).facts_for(fields)
    if "negative" in here and "negative_prompt" not in fields and (facts is None or facts.negative):
        fields["negative_prompt"] = here["negative"]
    if fields.get("img2img") and "hires" not in typed:  # what was typed is refused, and not left out in silence
        fields.pop("hires", None)
    return CompleteRequest(templated(fields), member.private if private is None else private)


async def usual_fields(services: Services, interaction: discord.Interaction[Any]) -> Fields:
    """The defaults of the member and of this channel that a command gets which leaves them out, `style` among them.

    Raises:
      QueueUnavailableError: when Redis doesn't answer in time.
    """
    member = await services.background.within(CHECKS_S, services.member_settings.of(interaction.user.id))
    here = (await services.settings_here(interaction)).defaults_in(_channel(interaction))
    negative = {"negative_prompt": here.pop("negative")} if "negative" in here else {}
    return here | negative | member.defaults


async def wants_private(services: Services, interaction: discord.Interaction[Any], private: bool | None) -> bool:
    """True when only the member shall see it: as they say, else as they have set it.

    Raises:
      QueueUnavailableError: when Redis doesn't answer in time.
    """
    if private is not None:
        return private
    return (await services.background.within(CHECKS_S, services.member_settings.of(interaction.user.id))).private


async def with_style(services: Services, interaction: discord.Interaction[Any], given: Fields, style: str) -> Fields:
    """What was said, with a preset or a style of the WebUIs beneath it.

    Raises:
      RequestRefusedError: when it is neither.
      QueueUnavailableError: when Redis doesn't answer in time.
    """
    member, shared = await services.background.within(CHECKS_S, _records(services, interaction))
    return await _styled(services, given, style, member.presets, shared)


async def style_names(services: Services, interaction: discord.Interaction[Any]) -> list[str]:
    """All that an option `style` takes here: own presets, the server's, the WebUIs' styles."""
    try:
        member, shared = await services.background.within(CHECKS_S, _records(services, interaction))
    except QueueUnavailableError:
        return []
    webuis = [style.name for style in (await services.catalogue()).styles]
    return list(dict.fromkeys([*member.presets, *shared, *webuis]))


async def _records(
    services: Services, interaction: discord.Interaction[Any]
) -> tuple[MemberSettings, dict[str, Fields]]:
    return await services.member_settings.of(interaction.user.id), await services.member_settings.shared(
        interaction.guild_id
    )


async def preset_of(services: Services, interaction: discord.Interaction[Any], style: str) -> Fields:
    """The fields of a preset; for a style of the WebUIs its name in `styles`.

    Raises:
      RequestRefusedError: when it is neither.
      QueueUnavailableError: when Redis doesn't answer in time.
    """
    member, shared = await services.background.within(CHECKS_S, _records(services, interaction))
    return await _preset(services, style, member.presets, shared)


async def _styled(
    services: Services, given: Fields, style: str, mine: dict[str, Fields], shared: dict[str, Fields]
) -> Fields:
    return with_preset(given, await _preset(services, style, mine, shared))


async def _preset(services: Services, style: str, mine: dict[str, Fields], shared: dict[str, Fields]) -> Fields:
    wanted = style.strip().casefold()
    for presets in (mine, shared):
        for name, preset in presets.items():
            if name.casefold() == wanted:
                return preset
    known = [one.name for one in (await services.catalogue()).styles]
    for name in known:
        if name.strip().casefold() == wanted:
            return {"styles": [name]}
    names = list(dict.fromkeys([*mine, *shared, *known]))
    offer = f": there are {', '.join(names[:5])}" if names else ": there are none"
    raise RequestRefusedError(
        detail=f"{style[:60]!r} is not known here{offer}",
        field="style",
        code="unknown-name",
        values={"given": style[:60], "nearest": ", ".join(names[:5])},
    )


def _channel(interaction: discord.Interaction[Any]) -> int | None:
    """The channel whose defaults count: a thread has those of the channel it hangs on."""
    parent = getattr(interaction.channel, "parent_id", None)
    return parent if parent in channel_ids(interaction) else interaction.channel_id
