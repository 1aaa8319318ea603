"""The tables of `zosma queue`: ids are whole whatever the width."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from zosma_cli import tables
from zosma_queue.policy import Policy

WORKER = "a-machine-with-a-long-name/192.168.100.200:17860/4f2a"
JOB = "01a20d25269c03befd51"
ABOUT = {
    "flavour": "a1111", "version": "v1.10.1", "checkpoints": [{"name": f"checkpoint-{n}"} for n in range(9)],
    "samplers": ["Euler a"], "max_pixels": 2**24,
}  # fmt: skip


def shown(show, what, width=80):
    out = io.StringIO()
    show(what, Console(file=out, width=width))
    return out.getvalue()


def job(**fields):
    names = ("position", "starts_in_s", "error", "request", "worker", "owner", "lane", "runs_on")
    return {**dict.fromkeys(names), "id": JOB, "paused": False, **fields}


def worker(**fields):
    names = ("reason", "checkpoint", "job", "webui", "flavour")
    return {**dict.fromkeys(names), "id": WORKER, "state": "ready", "about": ABOUT, **fields}


QUEUE = {
    "waiting": 1, "delayed": 0, "running": 1, "failed": 0, "undelivered": 0, "oldest_wait_s": 3.0, "paused": [],
    "workers": [worker(job=JOB, checkpoint="a checkpoint with a very long name", reason="paused by an admin")],
}  # fmt: skip
RUNNING = job(
    owner="discord:1234567890123456789/1234567890123456789", lane="fast", worker=WORKER, position=1, starts_in_s=2.0,
    request={"prompt": "a cat in the forest near the sea with a lighthouse", "checkpoint": "dream"},
    error={"text": "the WebUI broke off with an error that takes some words"},
)  # fmt: skip


@pytest.mark.parametrize("width", [20, 80, 200])
@pytest.mark.parametrize(
    ("show", "what", "ids"),
    [
        (tables.show_queue, QUEUE, [WORKER, JOB]),
        (tables.show_workers, QUEUE["workers"], [WORKER, JOB]),
        (tables.show_jobs, [RUNNING], [WORKER, JOB]),
        (tables.show_audit, [{"at_ms": 0, "who": "key:ann", "act": "pause", "target": f"worker:{WORKER}"}], [WORKER]),
    ],
)
def test_ids_are_neither_cut_nor_wrapped(show, what, ids, width):
    text = shown(show, what, width)

    assert all(one in text for one in ids)


def test_a_list_of_waiting_jobs_fits_a_terminal():
    lines = shown(tables.show_jobs, [job(owner="http:local", lane="fast", position=1, starts_in_s=2.0)]).splitlines()

    assert max(map(len, lines)) <= 80


def test_a_column_in_which_nothing_stands_is_left_out():
    assert "reason" not in shown(tables.show_jobs, [job()])
    assert "reason" in shown(tables.show_jobs, [job(error={"text": "out of memory"})])


def test_what_is_paused_is_shown_with_reason_and_way_back():
    pause = {"scope": "checkpoint:my model", "why": "[bad] file", "since_ms": 0}
    text = shown(tables.show_queue, {**QUEUE, "paused": [pause]}, 200)

    assert "Paused: checkpoint:my model ([bad] file) since" in text
    assert "zosma queue resume 'checkpoint:my model'" in text


def test_a_job_that_a_pause_holds_back_is_listed_as_paused():
    assert "paused" in shown(tables.show_jobs, [job(paused=True)])


def test_words_of_members_are_no_markup():
    assert "[red]cat[/red]" in shown(tables.show_jobs, [job(request={"prompt": "[red]cat[/red]"})])


KEY = {
    "name": "sillytavern-on-the-laptop", "state": "active", "scopes": ["submit", "read"], "ends_with": "3f9a",
    "source": "redis", "created_ms": 1, "created_by": "discord:1234567890123456789", "expires_ms": 10**12,
    "last_used_ms": 10**12, "limits": None,
}  # fmt: skip
ACT = {"at_ms": 0, "who": "discord:1234567890123456789", "act": "pause", "target": f"worker:{WORKER}", "value": "warm"}
POLICY = {"discord:role/1234567890123456789": {**Policy().model_dump(), "waiting": 7}}


@pytest.mark.parametrize(
    ("show", "what", "words"),
    [
        (tables.show_queue, QUEUE, "Workers paused by an admin with very long"),
        (tables.show_workers, QUEUE["workers"], "checkpoint-0, a checkpoint v1.10.1 samplers"),
        (tables.show_jobs, [RUNNING], "discord:1234567890123456789/1234567890123456789 forest error"),
        (tables.show_keys, [KEY], "sillytavern-on-the-laptop submit, discord:1234567890123456789 2001-09-09"),
        (tables.show_audit, [ACT], "discord:1234567890123456789 1970-01-01 pause"),
        (tables.show_limits, POLICY, "discord:role/1234567890123456789 waiting fast"),
    ],
)
def test_no_word_is_broken_in_a_terminal_of_80_columns(show, what, words):
    text = shown(show, what)

    assert max(map(len, text.splitlines())) <= 80
    whole = text.replace("│", " ").split()
    assert [word for word in words.split() if word not in whole] == []


def test_a_table_that_has_room_is_one_and_into_a_pipe_each_row_is_a_line():
    assert "┃" in shown(tables.show_workers, QUEUE["workers"], 300)
    [row] = [line for line in shown(tables.show_jobs, [RUNNING], 1000).splitlines() if JOB in line]
    assert WORKER in row
