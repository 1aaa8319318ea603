"""When a picture shall be made, as people write it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from zosma_bot.discord.core.moments import find_time_zone, read_moment, time_zones
from zosma_queue.errors import RequestRefusedError

#: 19:30 in Berlin, 13:30 in New York.
NOW = datetime(2026, 11, 30, 18, 30, tzinfo=UTC)
BERLIN = "Europe/Berlin"


def at(text, now=NOW, zone=BERLIN):
    return read_moment(text, now, zone).strftime("%m-%d %H:%M")


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("in 2 h", "11-30 20:30"), ("2h", "11-30 20:30"), ("in 90 min", "11-30 20:00"),
        ("in 1 h 30 min", "11-30 20:00"),
        ("In 1,5 Stunden", "11-30 20:00"), ("in 2 Std.", "11-30 20:30"), ("in 3 days", "12-03 18:30"),
        ("in 1 hour and 5 minutes", "11-30 19:35"), ("in 2 Tagen", "12-02 18:30"),
        ("22:00", "11-30 21:00"), ("22 Uhr", "11-30 21:00"), ("10pm", "11-30 21:00"), ("10:15 PM", "11-30 21:15"),
        ("um 22:00", "11-30 21:00"), ("at 22:00", "11-30 21:00"), ("12am", "11-30 23:00"), ("12 pm", "12-01 11:00"),
        ("19:00", "12-01 18:00"),  # today it is past
        ("tomorrow 8:30", "12-01 07:30"), ("morgen um 8 Uhr", "12-01 07:00"), ("tonight 23:00", "11-30 22:00"),
        ("2026-12-02 09:00", "12-02 08:00"), ("2.12. 9:00", "12-02 08:00"), ("02.12.2026, 09:00", "12-02 08:00"),
    ],
)  # fmt: skip
def test_moments_are_read_as_people_write_them(text, utc):
    assert at(text) == utc


@pytest.mark.parametrize(
    ("language", "text", "utc"),
    [
        ("fr", "dans 2 h", "11-30 20:30"), ("fr", "dans 1 heure et 30 minutes", "11-30 20:00"),
        ("fr", "dans 2 jours", "12-02 18:30"), ("fr", "dans 2 j", "12-02 18:30"),
        ("fr", "22h", "11-30 21:00"), ("fr", "22 h 30", "11-30 21:30"), ("fr", "à 22h30", "11-30 21:30"),
        ("fr", "22 heures", "11-30 21:00"), ("fr", "demain à 8h", "12-01 07:00"), ("fr", "demain 8:00", "12-01 07:00"),
        ("fr", "ce soir 23h", "11-30 22:00"), ("fr", "aujourd’hui à 23:00", "11-30 22:00"),
        ("fr", "après-demain 8h", "12-02 07:00"), ("fr", "2/12 9h", "12-02 08:00"),
        ("fr", "02/12/2026 à 9h05", "12-02 08:05"), ("fr", "1,5 h", "11-30 20:00"),
        ("es", "en 2 h", "11-30 20:30"), ("es", "dentro de 1 hora y 30 minutos", "11-30 20:00"),
        ("es", "2 horas", "11-30 20:30"), ("es", "en 2 días", "12-02 18:30"),
        ("es", "22h", "11-30 21:00"), ("es", "a las 22:00", "11-30 21:00"), ("es", "a la 1:00", "12-01 00:00"),
        ("es", "10 p. m.", "11-30 21:00"), ("es", "mañana a las 8:30", "12-01 07:30"),
        ("es", "pasado mañana 8:00", "12-02 07:00"), ("es", "hoy 23:00 hs", "11-30 22:00"),
        ("es", "esta noche a las 23 horas", "11-30 22:00"), ("es", "2/12/2026, 9:00", "12-02 08:00"),
        ("en", "demain 8:00", "12-01 07:00"),  # whatever the Discord's own language is
    ],
)  # fmt: skip
def test_french_and_spanish_moments_are_read_too(language, text, utc):
    assert read_moment(text, NOW, BERLIN, language).strftime("%m-%d %H:%M") == utc


def test_what_reads_in_two_ways_is_read_as_the_language_does():
    assert at("22h") == "12-01 16:30"
    with pytest.raises(RequestRefusedError) as refused:
        at("2/12 9:00")  # the second of December, or the twelfth of February
    assert refused.value.code == "when-unreadable"


def test_a_span_needs_no_time_zone_and_a_clock_does():
    assert at("in 2 h", zone=None) == "11-30 20:30"
    with pytest.raises(RequestRefusedError) as refused:
        at("22:00", zone=None)
    assert refused.value.code == "when-no-zone"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("today 8:00", "when-past"), ("2026-11-29 22:00", "when-past"), ("in 0 min", "when-past"),
        ("in 8 days", "when-far"), ("in 99999 days", "when-far"), ("2027-01-01 08:00", "when-far"),
        ("soon", "when-unreadable"), ("22", "when-unreadable"), ("25:00", "when-unreadable"),
        ("22:75", "when-unreadable"), ("13pm", "when-unreadable"), ("in 2 fortnights", "when-unreadable"),
        ("2026-13-01 8:00", "when-unreadable"), ("someday 8:00", "when-unreadable"), ("", "when-unreadable"),
    ],
)  # fmt: skip
def test_each_mistake_has_a_refusal_of_its_own(text, code):
    with pytest.raises(RequestRefusedError) as refused:
        at(text)
    assert refused.value.code == code


def test_an_hour_that_is_left_out_in_spring_is_refused_and_the_next_one_named():
    eve = datetime(2027, 3, 27, 20, 0, tzinfo=UTC)
    with pytest.raises(RequestRefusedError) as refused:
        at("02:30", now=eve)
    assert (refused.value.code, refused.value.values["later"]) == ("when-left-out", "03:30")
    assert at("03:30", now=eve) == "03-28 01:30"
    assert at("22:00", now=eve) == "03-27 21:00"
    assert at("tomorrow 22:00", now=eve) == "03-28 20:00"


def test_an_hour_that_comes_twice_in_autumn_is_the_next_of_the_two():
    assert at("02:30", now=datetime(2026, 10, 24, 20, 0, tzinfo=UTC)) == "10-25 00:30"
    assert at("02:30", now=datetime(2026, 10, 25, 0, 45, tzinfo=UTC)) == "10-25 01:30"
    assert at("02:30", now=datetime(2026, 10, 25, 1, 45, tzinfo=UTC)) == "10-26 01:30"


def test_a_span_is_the_same_length_across_a_change_of_clocks():
    assert at("in 8 h", now=datetime(2027, 3, 27, 20, 0, tzinfo=UTC)) == "03-28 04:00"


def test_time_zones_are_found_by_name_and_by_city():
    assert find_time_zone("europe/berlin") == find_time_zone("Berlin") == BERLIN
    assert find_time_zone("new york") == "America/New_York"
    assert find_time_zone("utc") == "UTC"
    assert BERLIN in time_zones()
    with pytest.raises(RequestRefusedError):
        find_time_zone("Middle-earth")
