"""What stands in the log: one line an event, for people or for programs, and what stays as it is once an hour."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import subprocess
import sys

import pytest

from zosma_queue import hourly, logs
from zosma_queue.hourly import Hourly

DISCORD_TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcdE." + "x" * 38
ADDRESS = "https://discord.com/api/v10/webhooks/1234/aW50ZXJhY3Rpb246MTIzNDU2Nzg5MDEyMzQ1Njc4/messages/@original"


def written(write, *, as_text):
    """The lines that a logger's calls make."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logs.formatter(as_text=as_text))
    log = logging.Logger("zosma_test")
    log.addHandler(handler)
    write(log)
    return out.getvalue().splitlines()


def event(write):
    """The one event of a program's log."""
    (line,) = written(write, as_text=False)
    return json.loads(line)


# -- fields ------------------------------------------------------------------------------------------------------


def test_a_program_reads_one_object_an_event():
    found = event(lambda log: log.info("job %s: done", "j1", extra={"job": "j1", "seconds": 3.25, "worker": "gpu"}))
    assert found.pop("at").endswith("Z")
    assert found == {
        "level": "info", "logger": "zosma_test", "event": "job j1: done", "job": "j1", "seconds": 3.25, "worker": "gpu",
    }  # fmt: skip
    assert list(event(lambda log: log.info("done"))) == ["at", "level", "logger", "event"]


def test_people_read_no_field_that_the_words_say_already():
    (line,) = written(lambda log: log.info("job j1: done", extra={"job": "j1", "seconds": 3.25}), as_text=True)
    assert line.partition(" INFO    ")[2] == "zosma_test: job j1: done seconds=3.25"


async def test_all_that_is_said_within_a_job_names_it_also_in_its_tasks_and_nowhere_else():
    found = []

    async def deep(log):
        found.append(event(lambda _: log.info("deep")))

    def say(log):
        log.info("deep")

    async def inner():
        return event(say)

    with logs.about(job="j1", attempt=2):
        task = asyncio.create_task(inner())
    outside = event(say)
    assert (await task)["job"] == "j1"
    assert "job" not in outside


def test_a_process_s_own_fields_stand_in_each_of_its_events():
    logs.always(worker="box/10.0.0.1:7860/1")
    assert event(lambda log: log.info("ready"))["worker"] == "box/10.0.0.1:7860/1"


# -- strangers' words --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_text", [True, False])
def test_whatever_is_said_an_event_is_one_line_without_a_control(as_text):
    said = "a\nb \x1b[2J \x9b1A \u202e \x7f \ud800"
    (line,) = written(lambda log: log.warning("the WebUI said %s", said, extra={"reason": said}), as_text=as_text)
    assert not [char for char in line if ord(char) < 32 or 0x7F <= ord(char) < 0xA0 or char in "\u202e\ud800"]
    if not as_text:
        assert json.loads(line)["reason"] == said


def failing(log):
    try:
        raise ValueError("x\nWARNING forged \x1b[2J")
    except ValueError:
        log.exception("broke")


def test_a_traceback_is_a_field_for_programs():
    found = event(failing)
    assert found["event"] == "broke"
    assert found["exception"].startswith("Traceback")
    assert "ValueError: x\nWARNING forged" in found["exception"]


@pytest.mark.parametrize("as_text", [True, False])
@pytest.mark.parametrize(
    ("said", "secret"),
    [
        (f"PATCH {ADDRESS} responded with 429", "aW50ZXJhY3Rpb246"),
        (f"Authorization: Bot {DISCORD_TOKEN}", "xxxx"),
        ("redis://:hunter2@10.0.0.5:6379/0 is away", "hunter2"),
        ("http://ann:hunter2@gpu:7860 answered 500", "hunter2"),
    ],
)
def test_a_library_that_says_a_secret_says_it_to_nobody(as_text, said, secret):
    def write(log):
        log.warning("%s", said, extra={"address": said})
        try:
            raise OSError(said)
        except OSError:
            log.exception("broke")

    lines = "\n".join(written(write, as_text=as_text))
    assert secret not in lines
    assert "…" in lines or "\\u2026" in lines


# -- processes ---------------------------------------------------------------------------------------------------

SAYS = """
import logging, warnings
from zosma_queue import logs
from zosma_queue.settings import LogSettings, load
logs.set_up(load(LogSettings, env_file=None).log_format)
logging.getLogger("zosma_queue.x").info("ours")
logging.getLogger("discord.gateway").info("not said")
logging.getLogger("dramatiq.worker").warning("a library's %s", "words")
warnings.warn("a warning\\nof two lines", stacklevel=1)
"""


def ran(**env):
    done = subprocess.run([sys.executable, "-c", SAYS], env=env, capture_output=True, text=True, check=True)
    return done.stderr.splitlines()


def test_in_a_pipe_it_is_json_of_all_loggers_alike():
    first, second, third = map(json.loads, ran())
    assert (first["logger"], first["event"]) == ("zosma_queue.x", "ours")
    assert (second["logger"], second["level"], second["event"]) == ("dramatiq.worker", "warning", "a library's words")
    assert third["logger"] == "py.warnings"
    assert "a warning\nof two lines" in third["event"]


@pytest.mark.parametrize("env", [{"ZOSMA_LOG_FORMAT": "text"}, {logs.FOR_PEOPLE: "1"}])
def test_text_is_asked_for_or_passed_on_to_people(env):
    lines = ran(**env)
    assert len(lines) == 3
    assert lines[0].endswith("INFO    zosma_queue.x: ours")
    assert "\x1b" not in "".join(lines)


def test_json_is_had_also_where_people_would_read():
    assert [json.loads(line)["level"] for line in ran(ZOSMA_LOG_FORMAT="json", **{logs.FOR_PEOPLE: "1"})] == [
        "info", "warning", "warning",
    ]  # fmt: skip


# -- once an hour ------------------------------------------------------------------------------------------------


def test_what_stays_as_it_is_is_said_once_then_every_hour():
    now = 0.0
    said = Hourly(clock=lambda: now)

    assert [said.due("gone"), said.due("gone")] == [True, False]
    now = 3599.0
    assert not said.due("gone")
    now = 3600.0
    assert [said.due("gone"), said.due("gone"), said.due("black")] == [True, False, True]
    said.forget()
    assert said.due("black")


def test_two_states_that_come_by_turns_are_said_once_each_and_numbers_make_no_new_one():
    said = Hourly(clock=lambda: 0.0)
    assert [said.due(f"{what} after {number} s") for number in range(3) for what in ("refused", "no answer")] == [
        True, True, False, False, False, False,
    ]  # fmt: skip


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(hourly, "REMEMBERED", 3)
    said = Hourly(clock=lambda: 0.0)
    assert all(said.due(name) for name in "abcd")
    assert [said.due("d"), said.due("a")] == [False, True]
