"""What members read: pure functions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zosma_bot.discord.core.scopes import find_scope, scope_name
from zosma_bot.discord.delivery import render
from zosma_bot.discord.ui import refusals, texts
from zosma_bot.discord.ui.card import Colour
from zosma_bot.discord.ui.custom_id import OfJob
from zosma_bot.discord.ui.language import translations_for
from zosma_queue.errors import RequestRefusedError
from zosma_queue.forecast import Place
from zosma_queue.job import Job, Picture, Result, State
from zosma_queue.messages import encode_request
from zosma_queue.request import parse_request

EN, DE = translations_for("en-US"), translations_for("de")
OF = OfJob("job-1", 7)


def going_on(found: Job, **facts):
    return render.going_on(
        EN, found, OF, **({"place": None, "starts_at": None, "capable": True, "preview": None} | facts)
    )


def job(state: State, **facts) -> Job:
    request = parse_request({"prompt": "a cat", "seed": 1, **facts.pop("request", {})})
    fields = {b"state": state.encode(), b"message": encode_request("job-1", request)}
    return replace(Job.from_hash("job-1", fields), **facts)


def place(position: int, starts_in_s: float = 0.0) -> Place:
    return Place(position=position, starts_in_s=starts_in_s, ends_in_s=starts_in_s + 4, raw_ends_in_s=starts_in_s + 4)


def result(*seeds: int, **facts) -> Result:
    pictures = tuple(
        Picture(index=index, format="jpeg", width=64, height=96, bytes=1, seed=seed, parameters="p")
        for index, seed in enumerate(seeds)
    )
    made = {"attempt": 1, "checkpoint": "dream", "sampler": "Euler a", "worker": "w", "gpu_seconds": 12.34, "info": {}}
    return Result(pictures=pictures, **made | facts)


@pytest.mark.parametrize(
    ("number", "word"),
    [(1, "Next"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"), (21, "21st"),
     (112, "112th")],
)  # fmt: skip
def test_ordinals_end_as_in_english(number, word):
    assert texts.waiting(EN, place(number), None) == f"🕓 {word} in line · starts in a moment"


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (89, "89 s"), (600, "10 min"), (7200, "2.0 h")],
)
def test_times_are_coarser_the_longer_they_are(value, words):
    assert texts.seconds(EN, value) == words


def test_a_start_is_told_as_a_time_that_discord_counts_down():
    assert texts.waiting(EN, place(1, 31), 1700000031) == "🕓 Next in line · starts <t:1700000031:R>"


def test_german_is_german():
    assert texts.waiting(DE, place(3), None) == "🕓 Platz 3 in der Schlange · beginnt gleich"
    assert texts.seconds(DE, 1.5) == "1,5 s"
    assert texts.failed(DE, "oom", None).startswith("⚠️ Der Speicher der GPU")


@pytest.mark.parametrize("text", ["- list", "# heading", "> quote", "+ list", "-# small"])
def test_nothing_is_formatted_at_the_start_of_a_line(text):
    assert texts.plain(text, 100) == "\\" + text


def test_a_long_prompt_is_cut_and_its_lines_are_joined():
    assert texts.plain("a\n b\r\n\tc", 100) == "a b c"
    assert texts.plain("x" * 50, 10) == "x" * 9 + "…"


def test_a_backslash_before_a_bracket_frees_no_link():
    assert texts.plain("\\[a](http://b)", 100) == "\\\\\\[a](http\\://b)"


def test_the_longest_request_fits_into_a_message():
    fields = {"prompt": "*" * 4000, "negative_prompt": "_" * 4000}
    card = going_on(job(State.WAITING, request=fields), place=place(3))
    assert card.embed().description.endswith("3rd in line · starts in a moment")


@pytest.mark.parametrize(("progress", "cells"), [(0.0, 0), (0.5, 6), (1.0, 12), (1.7, 12)])
def test_the_bar_is_as_full_as_the_picture(progress, cells):
    assert texts.bar(progress) == "▰" * cells + "▱" * (12 - cells)


def test_seeds_in_a_row_are_told_as_a_range():
    assert texts.seeds(EN, result(5).pictures) == "seed 5"
    assert texts.seeds(EN, result(5, 6, 7).pictures) == "seeds 5–7"
    assert texts.seeds(EN, result(5, 9).pictures) == "seeds 5, 9"


def test_parameters_say_all_that_makes_the_picture_again():
    line = texts.parameters(EN, job(State.DONE).request, result(5, scheduler="Karras"))
    assert line == "seed 5 · 64×96 · 20 steps · guidance 7 · Euler a Karras · dream · 12 s"


def test_a_refusal_names_the_option_and_not_the_field():
    error = RequestRefusedError(detail="is 99: it must be between 0 and 30", field="cfg_scale")
    assert refusals.told(EN, error) == "⚠️ Guidance is 99: it must be between 0 and 30."


def test_an_unknown_kind_of_failure_has_words_too():
    assert "our side" in texts.failed(EN, "never-heard-of", "/etc/passwd")
    assert "passwd" not in texts.failed(EN, "never-heard-of", "/etc/passwd")


def test_a_refusal_by_the_webui_is_quoted():
    assert texts.failed(EN, "refused", "the WebUI refused: no *lora*") == (
        "⚠️ The WebUI refused: no \\*lora\\*. Try other settings."
    )


# -- cards ------------------------------------------------------------------------------------------------------


def test_a_finished_job_shows_its_pictures_with_a_description_for_screen_readers():
    card = render.ended(EN, job(State.DONE, result=result(5, 6)), OF, [b"one", b"two"])
    assert [one.name for one in card.pictures] == ["zosma-job-1-1.jpg", "zosma-job-1-2.jpg"]
    assert [one.description for one in card.pictures] == ["a cat", "a cat"]
    assert card.colour is Colour.DONE


def test_pictures_that_are_all_gone_make_a_failure():
    card = render.ended(EN, job(State.DONE, result=result(5)), OF, [None])
    assert card.colour is Colour.FAILED
    assert "no longer stored" in card.text
    assert "job job-1" in card.footer


def test_a_running_job_that_is_told_to_stop_says_so():
    card = going_on(job(State.RUNNING, progress=0.5, cancelling=True))
    assert "Stopping" in card.text


def test_a_job_whose_request_cannot_be_read_still_has_a_card():
    broken = replace(job(State.FAILED, error_kind="undecodable"), request=None)
    assert "could not be read" in render.ended(EN, broken, OF, []).text


def test_a_preview_is_named_by_what_it_is():
    for data, name in [(b"\x89PNG\r\n\x1a\n", "png"), (b"RIFF....WEBP", "webp"), (b"\xff\xd8\xff", "jpg")]:
        card = going_on(job(State.RUNNING, progress=0.5), preview=data)
        assert card.preview.name == f"zosma-preview.{name}"
        assert card.embed().image.url == f"attachment://zosma-preview.{name}"


def test_a_command_to_copy_is_named_as_the_members_discord_names_it():
    fields = {"prompt": "a cat", "width": 64, "height": 96, "steps": 20, "cfg_scale": 7.0, "hires": {"scale": 1.5}}
    english = "/imagine prompt:a cat width:64 height:96 steps:20 guidance:7 hires:1.5 seed:3"
    assert texts.command_for(EN, fields, 3) == english
    assert texts.command_for(DE, fields, 3).startswith("/bild prompt:a cat breite:64 höhe:96 schritte:20")


def test_one_that_waits_is_told_in_the_singular():
    assert DE("depth-waiting", count=1) == "**1** wartet"
    assert DE("depth-waiting", count=2) == "**2** warten"
    assert "1 job waits and keeps its place" in EN("ask-pause-queue", waiting=1, running=0)
    assert "2 jobs wait and keep their places" in EN("ask-pause-queue", waiting=2, running=0)


def test_lanes_are_translated_wherever_they_are_named():
    assert (scope_name(EN, "lane:relax"), scope_name(DE, "lane:relax")) == ("lane relax", "Spur gemütlich")
    assert find_scope(DE, "Spur gemütlich", ["queue", "lane:relax"]) == "lane:relax"
    assert find_scope(DE, "relax", ["queue", "lane:relax"]) == "lane:relax"


def test_a_question_about_an_idle_worker_counts_no_zero_jobs():
    assert EN("ask-drain", scope="worker gpu", running=0).endswith("; nothing runs there now.")
    assert EN("ask-drain", scope="worker gpu", running=1).endswith("; 1 running one finishes.")


def test_a_deed_that_only_a_later_version_knows_is_not_named():
    assert texts.credit(EN, "animation", 1, 2) == ""
    assert texts.credit(EN, "zoom", 1, 2) == "-# <@1>'s zoomed-out version of <@2>'s picture\n"
