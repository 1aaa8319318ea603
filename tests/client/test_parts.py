"""What both clients share, and what does no I/O."""

from __future__ import annotations

import dataclasses
import datetime
import os
import subprocess
import sys
import typing
from contextlib import nullcontext

import pytest

import zosma
from zosma import calls, fields, models
from zosma.errors import NotFoundError, UnavailableError, UnreachableError, UnreadableAnswerError, problem_of
from zosma.feed import Event, Feed, Views
from zosma.models import JobView, decode
from zosma.patience import FIRST_S, MOST_S, Patience
from zosma_bot.http import models as served
from zosma_queue.request import Compare, Detect, Hires, Img2Img, Interrogate, Request, Upscale
from zosma_queue.tiles import SDUpscale, UltimateSDUpscale

VIEW = {
    "id": "1", "state": "waiting", "position": 1, "starts_in_s": 2, "ends_in_s": 3.5, "paused": False, "progress": None,
    "eta_s": None, "estimated": False, "attempt": 0, "worker": None, "request": {"prompt": "a cat"}, "error": None,
}  # fmt: skip


def event(name, **data):
    return Event(name, {"job": "1", **data})


# -- the same on both sides -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (models.JobView, served.JobView),
        (models.ImageView, served.ImageView),
        (models.Result, served.ResultView),
        (models.JobFailure, served.JobError),
        (models.Estimate, served.EstimateView),
        (models.Catalogue, served.CatalogueView),
        (models.Checkpoint, served.CheckpointView),
        (models.Scheduler, served.SchedulerView),
        (models.Workflow, served.WorkflowView),
        (models.WorkflowOption, served.WorkflowOptionView),
        (models.Worker, served.PublicWorker),
        (models.Pause, served.PauseView),
        (models.Page, served.JobList),
    ],
)
def test_the_client_knows_every_field_that_the_server_tells(ours, theirs):
    assert {field.name for field in dataclasses.fields(ours)} == set(theirs.model_fields)


def test_the_queue_is_told_without_its_workers_which_have_a_call_of_their_own():
    assert {field.name for field in dataclasses.fields(models.Queue)} == set(served.QueueView.model_fields) - {
        "workers"
    }


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (fields.RequestFields, {*Request.model_fields, *served.SubmitOptions.model_fields} - {"prompt"}),
        (fields.Hires, set(Hires.model_fields)),
        (fields.Img2Img, set(Img2Img.model_fields)),
        (fields.Upscale, set(Upscale.model_fields) - {"source_width", "source_height"}),
        (fields.SDUpscale, set(SDUpscale.model_fields) - {"source_width", "source_height"}),
        (fields.UltimateSDUpscale, set(UltimateSDUpscale.model_fields) - {"source_width", "source_height"}),
        (fields.Detect, set(Detect.model_fields) - {"source_width", "source_height"}),
        (fields.Interrogate, set(Interrogate.model_fields)),
        (fields.Compare, set(Compare.model_fields)),
    ],
)
def test_every_field_that_can_be_asked_for_is_a_typed_keyword(ours, theirs):
    assert set(typing.get_type_hints(ours)) == theirs


def test_everything_that_is_promised_is_there_and_documented():
    assert set(zosma.__all__) <= set(vars(zosma))
    for one in (zosma.Client, zosma.AsyncClient, zosma.Job, zosma.AsyncJob):
        for name, method in vars(one).items():
            assert name.startswith("_") or method.__doc__, (one, name)


def test_importing_it_loads_nothing_of_the_system():
    code = (
        "import sys, zosma;"
        "unwanted = {'aiohttp', 'discord', 'dramatiq', 'PIL', 'pydantic', 'redis', 'rich', 'typer'};"
        "print(sorted(name for name in {one.split('.')[0] for one in sys.modules}"
        " if name in unwanted or name.startswith('zosma_')))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": ""}
    )
    assert found.stdout.strip() == "[]"


# -- answers --------------------------------------------------------------------------------------------------------


def test_fields_that_a_newer_server_tells_are_left_out():
    view = decode(JobView, {**VIEW, "mood": "good", "state": "dreaming"})

    assert (view.state, view.starts_in_s, view.ended) == ("dreaming", 2.0, False)
    assert isinstance(view.starts_in_s, float)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"id": 5}, r"JobView\.id is no str"),
        ({"attempt": True}, r"JobView\.attempt is no int"),
        ({"progress": "half"}, r"JobView\.progress is no float"),
        ({"progress": 10**400}, r"JobView\.progress is too large"),
        ({"request": []}, r"JobView\.request is no dict"),
        ({"result": {"checkpoint": "a", "sampler": "b", "gpu_seconds": 1, "images": [5]}}, r"images\[\] is no object"),
        ({"error": {"kind": "oom"}}, r"JobView\.error\.text is missing"),
    ],
)
def test_what_does_not_fit_is_named(change, says):
    with pytest.raises(UnreadableAnswerError, match=says):
        decode(JobView, {**VIEW, **change})


@pytest.mark.parametrize("data", [None, [], "x", 5, {}])
def test_what_is_no_job_is_said(data):
    with pytest.raises(UnreadableAnswerError):
        decode(JobView, data)


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (502, b"<html>", UnavailableError, "bad-gateway"),
        (503, b'{"code": "queue-busy", "detail": "busy"}', UnavailableError, "queue-busy"),
        (404, b"[" * 100_000, NotFoundError, "not-found"),
        (404, b'{"detail": [1], "code": 5}', NotFoundError, "not-found"),
        (418, b"", zosma.ProblemError, "i'm-a-teapot"),
        (599, b"", zosma.ProblemError, "error"),
    ],
)
def test_whatever_says_no_is_a_problem(status, body, kind, code):
    problem = problem_of(status, {}, body)

    assert (type(problem), problem.code, problem.status) == (kind, code, status)
    assert str(problem)


def test_only_seconds_are_believed_as_retry_after():
    assert problem_of(503, {"retry-after": "7"}, b"").retry_after_s == 7.0
    assert problem_of(503, {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, b"").retry_after_s is None


# -- trying again ---------------------------------------------------------------------------------------------------


class Time:
    now = 1000.0

    def __call__(self):
        return self.now


def test_pauses_grow_until_the_time_is_up():
    time = Time()
    patience = Patience(60, clock=time, chance=lambda: 1.0)
    pauses = []

    def all_pauses():
        while True:
            pauses.append(patience.wait_s(UnreachableError("away")))
            time.now += pauses[-1]

    with pytest.raises(UnreachableError):
        all_pauses()

    assert pauses[:4] == [FIRST_S, 0.5, 1.0, 2.0]
    assert max(pauses) == MOST_S
    assert 50 < sum(pauses) <= 60


def test_what_the_server_says_of_when_to_come_again_is_kept_to():
    error = problem_of(503, {"retry-after": "10"}, b'{"code": "queue-unavailable"}')

    assert Patience(60, chance=lambda: 1.0).wait_s(error) == 10.0
    with pytest.raises(UnavailableError):
        Patience(5).wait_s(error)


def test_once_it_worked_the_patience_is_new():
    time = Time()
    patience = Patience(10, clock=time, chance=lambda: 1.0)
    time.now += 9.9
    with pytest.raises(UnreachableError):
        patience.wait_s(UnreachableError("away"))
    patience.renew()
    assert patience.wait_s(UnreachableError("away")) == FIRST_S


@pytest.mark.parametrize(
    ("error", "repeatable", "again"),
    [
        (UnreachableError("x"), True, True),
        (UnreachableError("x"), False, False),
        (UnreachableError("x", sent=False), False, True),
        (problem_of(502, {}, b""), True, True),
        (problem_of(503, {}, b'{"code": "no-worker"}'), True, False),
        (problem_of(503, {}, b'{"code": "queue-refuses"}'), True, False),
        (problem_of(429, {"retry-after": "1"}, b""), True, False),
        (problem_of(500, {}, b""), True, False),
        (UnreadableAnswerError("x"), True, False),
    ],
)
def test_only_what_passes_by_itself_is_tried_again_and_only_what_does_no_harm(error, repeatable, again):
    with nullcontext() if again else pytest.raises(type(error)):
        Patience(60).wait_s(error, repeatable=repeatable)


def test_a_server_that_never_answered_is_not_waited_for_where_nobody_listens():
    with pytest.raises(UnreachableError):
        Patience(60).wait_s(UnreachableError("x", sent=False), reached=False)
    assert Patience(60).wait_s(UnreachableError("x", sent=True), reached=False) > 0


# -- events ---------------------------------------------------------------------------------------------------------


def test_a_stream_is_taken_up_where_it_was_left():
    feed = Feed()
    assert feed.headers == {"Accept": "text/event-stream"}
    assert feed.take("message", "", "17", 50) is None
    assert feed.take("end", '{"job": "1", "view": null}', "18", None) == Event("end", {"job": "1", "view": None})

    assert feed.headers["Last-Event-ID"] == "18"
    assert feed.retry_s == 0.05


@pytest.mark.parametrize("data", ["{", "[]", '{"job": 5}', "{}", "[" * 100_000])
def test_an_event_that_cannot_be_read_is_said(data):
    with pytest.raises(UnreadableAnswerError, match="an event of the server"):
        Feed().take("state", data, "", None)


def test_events_that_a_newer_server_tells_are_passed_over():
    assert Feed().take("mood", '{"job": "1"}', "", None) is None


def test_what_is_known_is_not_told_twice():
    views = Views()
    done = {**VIEW, "state": "done"}

    assert views.take(event("progress", progress=0.1, eta_s=None, estimated=False)) is None  # of what nobody knows
    assert views.take(event("state", view=VIEW)) is not None
    assert views.take(event("state", view=VIEW)) is None
    moved = views.take(event("place", position=None, starts_in_s=None, ends_in_s=None, paused=True))
    assert moved is not None
    assert (moved.job.paused, moved.position) == (True, None)
    assert [views.take(event("preview", url="/x")) is None for _ in range(2)] == [False, False]
    assert [views.take(event("end", view=done)) is None for _ in range(2)] == [False, True]
    assert views.take(event("state", view=VIEW)) is not None  # an admin gave it a new life
    assert views.take(event("end", view=done)) is not None


def test_a_job_that_was_forgotten_is_an_error():
    with pytest.raises(NotFoundError, match="no longer known"):
        Views().take(event("end", view=None))


# -- requests -------------------------------------------------------------------------------------------------------


def test_each_submit_has_a_key_of_its_own_unless_one_is_given():
    keys = [calls.submit("a cat", {}).headers["Idempotency-Key"] for _ in range(2)]

    assert len(set(keys)) == 2
    assert calls.submit("a cat", {}, "mine").headers["Idempotency-Key"] == "mine"


def test_moments_and_webhooks_may_be_given_as_python_has_them():
    moment = datetime.datetime(2026, 12, 24, 18, tzinfo=datetime.UTC)
    body = fields.body_of("a cat", {"not_before": moment, "webhook": "https://example.org/hook"})

    assert datetime.datetime.fromisoformat(body["not_before"]) == moment
    assert body["webhook"] == {"url": "https://example.org/hook"}


def test_every_picture_of_a_request_travels_as_base64():
    body = fields.body_of("", {"interrogate": {"image": b"one"}})
    assert body == {"interrogate": {"image": "b25l"}}
    body = fields.body_of("a cat", {"img2img": {"image": b"one", "more_images": [b"one", "b25l"], "mask_blur": 4}})
    assert body["img2img"] == {"image": "b25l", "more_images": ["b25l", "b25l"], "mask_blur": 4}
    with pytest.raises(TypeError, match=r"img2img\.more_images\.1 is a int"):
        fields.body_of("a cat", {"img2img": {"image": b"one", "more_images": [b"one", 5]}})


def test_an_id_cannot_lead_elsewhere():
    assert calls.job("../admin/keys?x").path == "/api/v1/jobs/..%2Fadmin%2Fkeys%3Fx"
