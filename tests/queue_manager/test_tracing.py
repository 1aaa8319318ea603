"""Traces: switched on by OpenTelemetry's own variables, one for each request, and never worth an outage."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import threading
import time

import pytest

from loopback.otlp import Receiver
from zosma_bot import summoner
from zosma_queue import tracing
from zosma_queue.broker import SlotConsumer
from zosma_queue.calls import Leased
from zosma_queue.messages import decode_message, decode_request, encode_request
from zosma_queue.request import Request

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE = "0af7651916cd43dd8448eb211c80319c"
REQUEST = Request(prompt="a lighthouse")


@pytest.fixture(name="receiver")
async def _receiver():
    async with Receiver() as receiver:
        yield receiver
        # What is still being sent would complain in another test.
        if receiver.open:
            receiver.open.set()
        for last in [one for one in threading.enumerate() if one.name == "last-traces"]:
            await asyncio.to_thread(last.join, 30)


def given(receiver, **more):
    """The variables that ask for traces."""
    return {tracing.ENDPOINT: receiver.url, "OTEL_BSP_SCHEDULE_DELAY": "20", **more}


async def closed(sending):
    """Ends the sending as a process does, but with the receiver in this one's event loop."""
    await asyncio.to_thread(sending.__exit__, None, None, None)


# -- off ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {tracing.ENDPOINT: ""},
        {tracing.ENDPOINT: "http://collector:4318", tracing.EXPORTER: "none"},
        {tracing.ENDPOINT: "http://collector:4318", tracing.DISABLED: "true"},
        {"OTEL_SERVICE_NAME": "zosma"},
    ],
)
def test_nothing_is_traced_unless_it_is_asked_for(variables, caplog):
    with tracing.sent("zosma-bot", variables):
        assert not tracing.on()
        with tracing.begin("/imagine", "server") as first, tracing.span("submit") as second:
            assert first is second  # one object that does nothing
            assert (tracing.traceparent(), tracing.trace_id()) == ("", "")
        assert decode_message(encode_request("j", REQUEST)).options == {}
    assert caplog.records == []


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({tracing.EXPORTER: "console"}, "OTEL_TRACES_EXPORTER='console': must be otlp or none"),
        ({tracing.ENDPOINT: "collector:4318"}, "must look like http://collector:4318"),
        ({tracing.ENDPOINT: "http://collector:99999"}, "must look like http://collector:4318"),
        (
            {tracing.ENDPOINT: "http://collector:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "OTEL_EXPORTER_OTLP_PROTOCOL='grpc': only http/protobuf is spoken, on an OTLP receiver's port 4318",
        ),
    ],
)
def test_what_is_wrong_with_their_settings_is_one_line_and_the_process_goes_on(variables, says, caplog):
    with tracing.sent("zosma-bot", variables):
        assert not tracing.on()
    [line] = [record.getMessage() for record in caplog.records]
    assert line.startswith("traces are off: ")
    assert line.endswith(says)


@pytest.mark.parametrize(
    "wrong",
    [("OTEL_BSP_MAX_QUEUE_SIZE", "1"), ("OTEL_BSP_SCHEDULE_DELAY", "-1")],
)
def test_a_variable_that_the_library_stumbles_over_ends_nothing(wrong, caplog):
    with tracing.sent("zosma-bot", {tracing.ENDPOINT: "http://127.0.0.1:9", **dict([wrong])}):
        assert not tracing.on()
    assert "traces are off: one of the variables OTEL_… is wrong" in caplog.text


def test_what_a_file_says_of_them_is_for_nobody_whom_the_process_starts(monkeypatch, caplog):
    monkeypatch.setattr(tracing, "LAST_S", 0.0)
    monkeypatch.setenv("OTEL_SERVICE_NAME", "mine")
    variables = {tracing.ENDPOINT: "http://me:hidden@127.0.0.1:9", "OTEL_EXPORTER_OTLP_HEADERS": "key=hidden"}
    with caplog.at_level("INFO"), tracing.sent("zosma-bot", {**variables, "OTEL_SERVICE_NAME": "mine"}):
        assert tracing.on()
        ours = {name: value for name, value in os.environ.items() if name.startswith("OTEL_")}
        assert ours == {"OTEL_SERVICE_NAME": "mine"}
        assert not ours.keys() & summoner._environment().keys()
    assert "traces go to http://127.0.0.1:9/v1/traces" in caplog.text
    assert "hidden" not in caplog.text


@pytest.mark.parametrize("header", ["Authorization Bearer hidden", "key=hidden;", "key=hidden%0Ax", "key=hiddenü"])
@pytest.mark.parametrize("name", tracing.HEADERS)
def test_a_header_that_is_none_is_told_without_the_key_in_it(name, header, caplog):
    with tracing.sent("zosma-bot", {tracing.ENDPOINT: "http://127.0.0.1:9", name: header}):
        assert not tracing.on()
    assert f"traces are off: {name}: must look like name=value" in caplog.text
    assert "hidden" not in caplog.text


def test_headers_are_read_as_the_library_reads_them():
    from opentelemetry.util.re import parse_env_headers

    text = " Authorization = Bearer%20a/b+c== , x-scope=Basic d=e,,empty="
    assert tracing.headers({tracing.HEADERS[1]: text}) == parse_env_headers(text, liberal=True)
    assert tracing.headers({tracing.HEADERS[0]: "a=b", tracing.HEADERS[1]: text}) == {"a": "b"}


def test_without_the_extra_it_says_what_to_install(monkeypatch, caplog):
    for name in [name for name in sys.modules if name.startswith("opentelemetry")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with tracing.sent("zosma-bot", {tracing.ENDPOINT: "http://collector:4318"}):
        assert not tracing.on()
    assert 'pip install "zosma[traces]"' in caplog.text


def test_switched_off_a_span_costs_less_than_two_microseconds():
    began, count = time.perf_counter(), 20_000
    for _ in range(count):
        with tracing.span("submit", "producer", {"zosma.job": "j"}):
            pass
    assert (time.perf_counter() - began) / count < 2e-6


# -- on -------------------------------------------------------------------------------------------------------------


async def test_what_goes_on_within_a_part_is_a_part_of_it_and_the_message_carries_it_on(receiver):
    sending = tracing.sent("zosma-bot", given(receiver))
    sending.__enter__()
    with tracing.begin("POST /x", "server", header=PARENT) as first:
        assert tracing.trace_id() == TRACE
        with tracing.span("submit", "producer", {"zosma.job": "j"}):
            body = encode_request("j", REQUEST)
        first.note({"http.response.status_code": 200})
    carried = tracing.of_options(decode_message(body).options)
    with tracing.span("job", "consumer", parent=carried) as job:
        job.fail("oom")
    tracing.past("wait", 1_000.0, 3_500.0, parent=carried)
    with tracing.span("nothing goes on here"), tracing.span("old job", parent=""):
        assert tracing.trace_id() == ""
    await closed(sending)

    parts = {one.name: one for one in receiver.parts}
    assert set(parts) == {"POST /x", "submit", "job", "wait"}
    assert {one.trace for one in receiver.parts} == {TRACE}
    assert parts["POST /x"].parent == PARENT.split("-")[2]
    assert parts["submit"].parent == parts["POST /x"].id
    assert parts["job"].parent == parts["wait"].parent == parts["submit"].id == carried.split("-")[2]
    assert [parts[name].kind for name in ("POST /x", "submit", "job")] == ["server", "producer", "consumer"]
    assert (parts["wait"].began_s, parts["wait"].ended_s) == (1.0, 3.5)
    assert parts["job"].error
    assert parts["job"].about["error.type"] == "oom"
    assert {one.service for one in receiver.parts} == {"zosma-bot"}


async def test_an_error_is_told_by_its_name_for_its_text_may_be_a_members(receiver):
    sending = tracing.sent("zosma-bot", given(receiver, OTEL_SERVICE_NAME="ours"))
    sending.__enter__()
    with pytest.raises(ValueError), tracing.begin("POST /x", "server"):  # noqa: PT011
        raise ValueError("a secret prompt")
    await closed(sending)

    [part] = receiver.parts
    assert (part.service, part.about["error.type"]) == ("ours", "ValueError")
    assert b"secret" not in b"".join(receiver.bodies)


@pytest.mark.parametrize("header", ["", "junk", "00-" + "0" * 32 + "-b7ad6b7169203331-01", "é" * 4000])
async def test_a_header_that_is_no_trace_begins_one(receiver, header):
    sending = tracing.sent("zosma-bot", given(receiver))
    sending.__enter__()
    with tracing.begin("POST /x", "server", header=header):
        assert len(tracing.trace_id()) == 32
    await closed(sending)
    assert [one.parent for one in receiver.parts] == [""]


@pytest.mark.parametrize("began", [None, "noon", [], True, float("nan"), float("inf"), -1, 10**400, 2_000.0])
async def test_a_wait_whose_beginning_can_not_be_has_no_length(receiver, began):
    sending = tracing.sent("zosma-worker", given(receiver))
    sending.__enter__()
    tracing.past("wait", began, 1_000.0, parent=PARENT)
    await closed(sending)
    [part] = receiver.parts
    assert part.ended_s == 1.0
    assert part.began_s in (1.0, 0.001)


@pytest.mark.parametrize("options", [None, [], "x", {"traceparent": 7}, {"traceparent": None}])
def test_what_is_no_trace_in_a_message_is_none(options):
    assert tracing.of_options(options) == ""


def test_a_message_reads_as_before_with_a_trace_in_it_and_a_part_of_a_set_is_in_the_same():
    message = json.loads(encode_request("j", REQUEST.model_copy(update={"count": 4})))
    message["options"] = {"traceparent": PARENT}
    body = json.dumps(message).encode()

    assert decode_request(body).prompt == REQUEST.prompt
    consumer = SlotConsumer(None, "worker", None)
    for leased in (Leased("j", 1, body), Leased("j~2", 1, body, first=2, count=2)):
        assert consumer._decoded(leased, waited_for=False).traceparent == PARENT


# -- a receiver that is no help ---------------------------------------------------------------------------------------


async def test_a_receiver_that_never_answers_holds_nobody_up(receiver, monkeypatch):
    monkeypatch.setattr(tracing, "LAST_S", 0.05)
    receiver.open = asyncio.Event()
    sending = tracing.sent("zosma-bot", given(receiver))
    sending.__enter__()
    began = time.monotonic()
    with tracing.begin("POST /x", "server"):
        pass
    async with asyncio.timeout(60):
        await receiver.heard.wait()  # it is being sent to, and doesn't answer
    for _ in range(5000):  # more than are kept
        with tracing.begin("POST /x", "server"):
            pass
    await closed(sending)
    assert time.monotonic() - began < 5


def test_what_the_library_complains_of_is_said_once_an_hour(caplog, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(logging.getLogger("opentelemetry"), "handlers", [tracing._Told(lambda: clock[0])])
    library = logging.getLogger("opentelemetry.exporter.test")
    for clock[0], status in ((0.0, 503), (5.0, 503), (9.0, 502), (3601.0, 503)):
        library.warning("Transient error %s encountered while exporting span batch", status)
    # A sender that another test has left behind may complain, too, in its thread.
    records = [one for one in caplog.records if one.thread == threading.get_ident()]
    said = [one.getMessage() for one in records if one.name == "zosma_queue.tracing"]
    assert said == ["traces: Transient error 503 encountered while exporting span batch"] * 2
