"""Moments as people write them: "in 2 h", "22:00", "tomorrow 8:30", "2026-12-24 18:00"; in all of our languages.

Words of all languages are known whatever the member's own is, for many a Discord is not in the language of its chats.
"""

from __future__ import annotations

import re
import unicodedata
import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import discord

from zosma_bot.discord.core.services import CHECKS_S, Services
from zosma_bot.discord.ui.language import ENGLISH, translations_of
from zosma_bot.discord.ui.refusals import refused

#: Nobody remembers what they wanted longer ago than that.
AHEAD_MAX = timedelta(days=7)
_UNITS = {
    "minutes": ("m", "min", "mins", "minute", "minutes", "minuten", "minuto", "minutos"),
    "hours": ("h", "hr", "hrs", "hs", "hour", "hours", "std", "stunde", "stunden", "heure", "heures", "hora", "horas"),
    "days": ("d", "j", "day", "days", "tag", "tage", "tagen", "jour", "jours", "día", "días", "dia", "dias"),
}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words}
_SPAN = re.compile(r"(\d{1,5}(?:[.,]\d{1,2})?)\s*([^\W\d_]+)\.?")
_BEFORE_SPAN = re.compile(r"(?:in|dans|en|dentro de)\s+")
_BETWEEN_SPANS = re.compile(r"\b(?:and|und|et|y)\b|[\s,]")
_DAYS = {
    "today": 0, "tonight": 0, "heute": 0, "heute abend": 0, "aujourd'hui": 0, "ce soir": 0, "hoy": 0, "esta noche": 0,
    "tomorrow": 1, "morgen": 1, "demain": 1, "mañana": 1, "manana": 1,
    "übermorgen": 2, "après-demain": 2, "apres-demain": 2, "pasado mañana": 2,
}  # fmt: skip
#: Where a bare "22h" is what the clock shows, not a time to wait; and where 24/12 is in December.
_CLOCK_IN_H = frozenset(("fr", "es"))
_ON_A_CLOCK = frozenset(("h", "hs", "heure", "heures"))
_AT = r"(?:(?:at|um|à|a las?)\s+)?"
_MOMENT = re.compile(
    rf"{_AT}(?:(?P<day>{'|'.join(sorted(map(re.escape, _DAYS), key=len, reverse=True))}"
    r"|\d{4}-\d{1,2}-\d{1,2}|\d{1,2}\.\d{1,2}\.(?:\d{4})?|\d{1,2}/\d{1,2}(?:/\d{4})?)[\s,]+)?"
    rf"{_AT}(?P<hour>\d{{1,2}})(?:(?:[:.]|\s?h\s?)(?P<minute>\d{{2}}))?"
    r"\s*(?P<half>[ap]\.?\s?m\.?|uhr|heures?|horas|hs?\.?)?"
)


async def moment_of(services: Services, interaction: discord.Interaction[Any], text: str | None) -> datetime | None:
    """The moment that a member means, in UTC; None for no text.

    Raises:
      RequestRefusedError: as `read_moment` does.
      QueueUnavailableError: when Redis doesn't answer in time.
    """
    if text is None:
        return None
    member = await services.background.within(CHECKS_S, services.member_settings.of(interaction.user.id))
    now = datetime.fromtimestamp(services.now(), UTC)
    return read_moment(text, now, member.timezone, translations_of(interaction).language)


def time_zones() -> list[str]:
    """The names of all time zones that are places, and UTC."""
    return ["UTC", *sorted(name for name in zoneinfo.available_timezones() if "/" in name and "Etc/" not in name)]


def find_time_zone(text: str) -> str:
    """The time zone that a name or the end of one means: `Europe/Berlin`, `berlin`.

    Raises:
      RequestRefusedError: when it is none.
    """
    wanted = text.strip().casefold().replace(" ", "_")
    for name in time_zones():
        if wanted in (name.casefold(), name.rpartition("/")[2].casefold()):
            return name
    raise refused("no-time-zone", given=text[:60])


def read_moment(text: str, now: datetime, zone: str | None, language: str = ENGLISH) -> datetime:
    """The moment in UTC that somebody in a time zone means. A time without a day is the next one that comes.

    `now` has UTC as its time zone. `language` decides what can be read in two ways only: "22h" and 24/12.

    Raises:
      RequestRefusedError: when it can't be read, is past or too far off, or no clock shows it; or the zone is needed
        and unknown.
    """
    plain = " ".join(unicodedata.normalize("NFC", text).casefold().replace("’", "'").split())
    found = _span(plain, now, by_clock=language in _CLOCK_IN_H)
    if found is None:
        found = _on_the_clock(plain, text, now, zone, slashes=language in _CLOCK_IN_H)
    if found <= now:
        raise refused("when-past", given=text[:40])
    if found - now > AHEAD_MAX:
        raise refused("when-far", given=text[:40], most=AHEAD_MAX.days)
    return found


def _span(plain: str, now: datetime, *, by_clock: bool) -> datetime | None:
    """ "in 1 h 30 min", with or without "in"; None for something else. `by_clock`: "22h" alone is a time of day."""
    rest = _BEFORE_SPAN.sub("", plain, count=1) if _BEFORE_SPAN.match(plain) else plain
    parts = [(float(one[1].replace(",", ".")), _UNIT_OF.get(one[2])) for one in _SPAN.finditer(rest)]
    if not parts or _BETWEEN_SPANS.sub("", _SPAN.sub("", rest)) or any(unit is None for _, unit in parts):
        return None
    if (
        by_clock
        and rest == plain
        and (only := _SPAN.fullmatch(plain))
        and only[2] in _ON_A_CLOCK
        and "," not in only[1]
    ):
        return None
    return now + min(sum((timedelta(**{unit: value}) for value, unit in parts if unit), timedelta()), 2 * AHEAD_MAX)


def _on_the_clock(plain: str, text: str, now: datetime, zone: str | None, *, slashes: bool) -> datetime:
    found = _MOMENT.fullmatch(plain)
    hour = _hour(found) if found else None
    if found is None or hour is None or int(found["minute"] or 0) > 59:
        raise refused("when-unreadable", given=text[:40])
    if zone is None:
        raise refused("when-no-zone", given=text[:40])
    there = zoneinfo.ZoneInfo(zone)
    clock = time(hour, int(found["minute"] or 0))
    today = now.astimezone(there).date()
    if found["day"]:
        day = _day(found["day"], today) if slashes or "/" not in found["day"] else None
        if day is None:
            raise refused("when-unreadable", given=text[:40])
        return _moment(day, clock, there, now, text)
    next_one = _moment(today, clock, there, now, text)
    return next_one if next_one > now else _moment(today + timedelta(days=1), clock, there, now, text)


def _hour(found: re.Match[str]) -> int | None:
    """0 to 23; None when no clock shows it, or a bare number stands there alone."""
    hour, half = int(found["hour"]), re.sub(r"[.\s]", "", found["half"] or "")
    if half in ("am", "pm"):
        return hour % 12 + (12 if half == "pm" else 0) if 1 <= hour <= 12 else None
    return hour if hour < 24 and (half or found["minute"]) else None


def _day(text: str, today: date) -> date | None:
    if text in _DAYS:
        return today + timedelta(days=_DAYS[text])
    try:
        if "-" in text:
            year, month, day = map(int, text.split("-"))
            return date(year, month, day)
        numbers = [int(part) for part in re.split("[./]", text) if part]
        return date(numbers[2] if len(numbers) > 2 else today.year, numbers[1], numbers[0])
    except ValueError:
        return None


def _moment(day: date, clock: time, there: zoneinfo.ZoneInfo, now: datetime, text: str) -> datetime:
    """When clocks there show this; of two such moments, in the night in which they go back, the first that comes.

    Raises:
      RequestRefusedError: when they never do: it falls into the hour that is left out in spring.
    """
    first, second = (datetime.combine(day, clock, there).replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if first.astimezone(there).replace(tzinfo=None) != datetime.combine(day, clock):
        # The clock jumps over it; by how much is the difference between the two readings.
        later = (datetime.combine(day, clock) + abs(first - second)).strftime("%H:%M")
        raise refused("when-left-out", given=text[:40], later=later)
    return first if first > now else second
