"""What no well-meaning client sends, over a real socket: it is told that the mistake is its own, never a 500."""

from __future__ import annotations

import json
import logging
from base64 import b64encode

import pytest

from loopback.raw_client import answered, hung_up, request
from zosma_bot.http.app import make_app, serve

JSON = b"Content-Type: application/json"
ANN = b"Authorization: Bearer ann-key"
JOBS = b"/api/v1/jobs"
ADMIN = b"/api/v1/admin"


@pytest.fixture(name="port")
async def _port(queue, hub):
    async with serve(make_app(queue, hub, {"ann-key": "ann"}, ["ann"]), "127.0.0.1", 0) as url:
        yield int(url.rsplit(":", 1)[1])


def post(target, body, *headers):
    return request("POST", target, ANN, JSON, *headers, body=body if isinstance(body, bytes) else body.encode())


def prompt_with(fields):
    return f'{{"prompt": "a cat", {fields}}}'


HOSTILE = {
    "a Bearer that is no UTF-8": (401, request("GET", JOBS, b"Authorization: Bearer \xff\xfe")),
    "a Basic that is no ASCII": (401, request("GET", JOBS, b"Authorization: Basic \xc3\xa4\xc3\xb6")),
    "a Basic whose words are no UTF-8": (401, request("GET", JOBS, b"Authorization: Basic " + b64encode(b"\xff:\xff"))),
    "a Bearer of other letters": (401, request("GET", JOBS, "Authorization: Bearer schlüssel".encode())),
    "bytes in Idempotency-Key": (400, post(JOBS, '{"prompt": "a"}', b"Idempotency-Key: \xff\xfe")),
    "an empty Idempotency-Key": (400, post(JOBS, '{"prompt": "a"}', b"Idempotency-Key: ")),
    "Infinity": (422, post(JOBS, prompt_with('"cfg_scale": Infinity'))),
    "Infinity to A1111": (422, post(b"/sdapi/v1/txt2img", prompt_with('"n_iter": Infinity'))),
    "NaN": (422, post(JOBS, prompt_with('"delay_s": NaN'))),
    "1e999": (422, post(b"/sdapi/v1/txt2img", prompt_with('"batch_size": 1e999'))),
    "-1e999 in a limit": (422, request("PUT", ADMIN + b"/limits/default", ANN, JSON, body=b'{"weight": -1e999}')),
    "two numbers of 4,000 digits": (
        422, post(b"/sdapi/v1/txt2img", prompt_with(f'"n_iter": {"9" * 4000}, "batch_size": {"9" * 4000}')),
    ),
    "a text of 5,000 digits": (422, post(b"/sdapi/v1/txt2img", prompt_with(f'"n_iter": "{"9" * 5000}"'))),
    "a limit of 5,000 digits": (422, request("GET", ADMIN + b"/jobs?limit=" + b"9" * 5000, ANN)),
    "a picture's number of 5,000 digits": (404, request("GET", JOBS + b"/x/images/" + b"9" * 5000, ANN)),
    "a link's time of 5,000 digits": (
        403, request("GET", b"/pictures/x/0?signature=a&expires=" + b"9" * 5000),
    ),
    "half a character in why": (422, post(ADMIN + b"/pause", r'{"scope": "queue", "why": "\ud800"}')),
    "half a character in owner": (422, post(ADMIN + b"/clear", r'{"owner": "\udfff"}')),
    "half a character in a field's name": (422, post(JOBS, prompt_with(r'"\ud800": 1'))),
    "half a character in a prompt": (422, post(JOBS, r'{"prompt": "a \ud83d cat"}')),
    "half a character in a job's id": (422, post(ADMIN + b"/purge", r'{"ids": ["\ud800"]}')),
    "half a character, twice encoded, in a path": (404, request("GET", JOBS + b"/%ED%A0%80", ANN)),
    "bytes in a path": (400, request("GET", JOBS + b"/\xff\xfe", ANN)),
    "bytes in a query": (400, request("GET", ADMIN + b"/jobs?scope=\xff", ANN)),
    "bytes in a limit's name, kept as written": (200, request("DELETE", ADMIN + b"/limits/%FF%FE", ANN)),
    "bytes in a state": (422, request("GET", ADMIN + b"/jobs?state=%FF", ANN)),
    "bytes in a signature": (403, request("GET", b"/pictures/x/0?expires=9&signature=%FF%00")),
    "a zero byte in a path": (404, request("GET", JOBS + b"/%00", ANN)),
    "a body that is no text": (422, post(JOBS, b"\xff\xfe\xfa")),
    "a body that is no gzip": (400, post(JOBS, b"not gzip", b"Content-Encoding: gzip")),
    "a body in an unknown coding": (400, post(JOBS, b"{}", b"Content-Encoding: br")),
    "an address without end": (400, request("GET", JOBS + b"?a=" + b"a" * 9_000, ANN)),
    "a header without end": (400, request("GET", JOBS, ANN, b"Cookie: " + b"a" * 33_000)),
    "a greeting": (400, b"hello\r\n\r\n"),
    "HTTP/2 unasked": (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "no Host": (400, b"GET /healthz HTTP/1.1\r\n\r\n"),
    "two lengths": (400, post(JOBS, "{}", b"Content-Length: 2")),
    "chunks that are none": (
        400, request("POST", JOBS, ANN, JSON, b"Transfer-Encoding: chunked", body=b"zz\r\n{}\r\n0\r\n\r\n", sized=False)
    ),
    "a content type of bytes": (422, request("POST", JOBS, ANN, b"Content-Type: \xff/\xff", body=b"{}")),
    "objects in one another": (422, post(JOBS, '{"a":' * 2_000 + "1" + "}" * 2_000)),
    "lists in one another": (422, post(JOBS, '{"a":' + "[" * 30_000 + "]" * 30_000 + "}")),
    "lists beyond the parser's depth": (422, post(JOBS, '{"a":' + "[" * 39_000)),
    "a scope that is an object": (422, post(ADMIN + b"/pause", '{"scope": {"a": []}}')),
    "a checkpoint that is a list": (422, post(b"/sdapi/v1/options", '{"sd_model_checkpoint": [[]]}')),
    "overrides that are numbers": (422, post(b"/sdapi/v1/txt2img", prompt_with('"override_settings": 7'))),
    "styles that are numbers": (422, post(b"/sdapi/v1/txt2img", prompt_with('"styles": [1, {}]'))),
    "a picture that is a number": (422, post(b"/sdapi/v1/png-info", '{"image": 7}')),
    "an expectation nobody knows": (417, post(JOBS, "{}", b"Expect: 200-everything")),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_malformed_request_is_its_senders_mistake_and_not_ours(port, worker, caplog, name):
    status, data = HOSTILE[name]
    with caplog.at_level(logging.ERROR):
        got, rest = await answered(port, data)

    assert got == status, rest
    assert [record.getMessage() for record in caplog.records] == []
    said = rest.partition(b"\r\n\r\n")[2]
    assert len(said) < 1_000
    if status not in (200, 417):  # that one alone is aiohttp's own
        assert json.loads(said)["detail"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a body in an unknown coding", b"send it as it is, or as gzip or deflate"),
        ("an address without end", b"the address is longer than 8,190 bytes"),
        ("a header without end", b"a header is longer than 32,768 bytes"),
        ("a greeting", b"this is no request of HTTP/1.1"),
    ],
)
async def test_what_is_no_request_at_all_is_told_why(port, name, said):
    assert said in (await answered(port, HOSTILE[name][1]))[1]


async def test_a_header_may_be_as_long_as_the_cookies_of_all_servers_on_one_machine(port):
    status, _ = await answered(port, request("GET", b"/healthz", b"Cookie: " + b"name=value; " * 2_000))
    assert status == 200


async def test_a_client_that_hangs_up_within_its_body_is_no_error_of_ours(port, caplog):
    with caplog.at_level(logging.ERROR):
        half = request("POST", JOBS, ANN, JSON, b"Content-Length: 900", body=b'{"prompt"', sized=False)
        await hung_up(port, half)
        status, _ = await answered(port, request("GET", b"/healthz"))

    assert status == 200
    assert caplog.records == []
