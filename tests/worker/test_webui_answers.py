"""What error answers mean, in all their shapes."""

from __future__ import annotations

import json

import pytest

from zosma_worker.errors import (
    NotANumber,
    OutOfMemory,
    WebUIBroken,
    WebUIBusy,
    WebUINotSetUp,
    WebUIRefused,
)
from zosma_worker.outcomes import fit_for_members
from zosma_worker.webui.answers import detail_of, error_of

URL = "http://gpu:7860"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"detail": "Sampler not found"}, "Sampler not found"),
        ({"detail": [{"loc": ["body", "steps"], "msg": "not an integer", "type": "x"}]}, "steps: not an integer"),
        ({"detail": {"msg": "bad input", "type": "bad_input"}}, "bad input"),
        ({"error": "RuntimeError", "detail": "", "body": "", "errors": "could not\nfind it"}, "could not find it"),
        ({"error": "KeyError", "detail": "", "body": "", "message": "'x'"}, "'x'"),
        ({"error": "server_error", "message": "prompt required"}, "prompt required"),
        ({"error": "empty body"}, "empty body"),
        ({}, ""),
        (None, ""),
        ([1], ""),
    ],
)
def test_the_words_of_each_error_shape(body, text):
    assert detail_of(body) == text


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (500, {"error": "OutOfMemoryError", "errors": "CUDA out of memory. Tried"}, OutOfMemory),
        (500, {"error": "RuntimeError", "message": "HIP out of memory"}, OutOfMemory),
        (500, {"error": "NansException", "errors": "A tensor with all NaNs was produced in VAE"}, NotANumber),
        (500, {"detail": "boom"}, WebUIBroken),
        (500, "<html>", WebUIBroken),
        (500, "torch.OutOfMemoryError: CUDA out of memory. Tried", OutOfMemory),
        (500, json.dumps("HIP out of memory"), OutOfMemory),
        (413, "<html><title>413 Request Entity Too Large</title></html>", WebUIRefused),
        (429, {"detail": "Too many requests"}, WebUIBusy),
        (502, "", WebUIBroken),
        (503, {"detail": {"msg": "Server is busy", "type": "service_unavailable"}}, WebUIBusy),
        (422, {"detail": "Script 'x' not found"}, WebUIRefused),
        (401, {"detail": "Not authenticated"}, WebUINotSetUp),
        (404, {"detail": "Not Found"}, WebUINotSetUp),
        (404, "<html>nginx</html>", WebUINotSetUp),
        (302, "", WebUINotSetUp),
        (501, "<title>Error response</title>", WebUINotSetUp),
    ],
)
def test_the_kind_of_each_error_answer(status, body, kind):
    content = body if isinstance(body, str) else json.dumps(body)

    assert type(error_of(URL, status, content.encode())) is kind


@pytest.mark.parametrize(
    ("status", "body", "fix"),
    [
        (401, b"", "SD_API_AUTH=user:password"),
        (404, b'{"detail":"Not Found"}', "--api"),
        (404, b"", "SD_API_HOST"),
        (504, b"<html>", "let it wait longer"),
    ],
)
def test_what_an_operator_can_mend_comes_with_its_fix(status, body, fix):
    assert fix in str(error_of(URL, status, body))


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (502, "<html><head><title>502 Bad\nGateway</title></head><body>nginx</body></html>", "(502): 502 Bad Gateway"),
        (500, "Internal Server Error", "(500): Internal Server Error"),
        (500, "<p>caf&eacute;</p>\x00", "(500): café"),
        (500, json.dumps("'NoneType' object is not iterable"), "(500): 'NoneType' object is not iterable"),
        (500, "", "(500): no reason given"),
        (404, "404 page not found", "(it answers 404: 404 page not found)"),
        (413, "<title>413</title>", "client_max_body_size"),
    ],
)
def test_what_pages_and_plain_words_say_is_told_to_the_operator(status, body, text):
    assert text in str(error_of(URL, status, body.encode()))


def test_a_picture_too_large_for_a_proxy_is_told_to_who_sent_it():
    error = error_of(URL, 413, b"")

    assert isinstance(error, WebUIRefused)
    assert error.detail.endswith("send a smaller one")
    assert fit_for_members(error.detail)
