"""Every parser of strangers' text and bytes, fed with whatever Hypothesis comes up with: it answers or refuses by name.

A few examples of each here, always the same; `make fuzz` looks on for as many as FUZZ_EXAMPLES says, always others.
"""

from __future__ import annotations

import contextlib
import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopback.hostile import chunk
from loopback.played_worker import png
from zosma_bot.discord.state.reply_record import Reply
from zosma_bot.discord.ui.custom_id import CustomId, OfJob
from zosma_bot.http.bodies import parse_bounded
from zosma_bot.http.doors import name_in
from zosma_bot.links import verify
from zosma_queue import infotext
from zosma_queue.audit import BrokenChainError, Chain
from zosma_queue.audit import verify as verify_chain
from zosma_queue.errors import PoisonMessageError, RequestRefusedError
from zosma_queue.events import decode_event
from zosma_queue.fleet import Capabilities
from zosma_queue.messages import decode_request
from zosma_queue.moderation import parse_rules
from zosma_queue.nodes import parse_nodes
from zosma_queue.picture_headers import FORMATS, TooManyParts, check_parts, format_of
from zosma_queue.policy import checked_name, parse_policy
from zosma_queue.request import parse_request
from zosma_queue.scopes import resolve
from zosma_queue.terminal import visible, visible_all
from zosma_queue.words import WordFinder
from zosma_worker.bounds import bounded_json, shortened
from zosma_worker.infotext import with_infotext
from zosma_worker.webui.answers import error_of

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
fuzzed = settings(
    max_examples=EXAMPLES or 25,
    derandomize=not EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)

#: What parsers look for, so that more than their first line is reached.
MARKS = (
    "Steps: ",
    "Size: ",
    "512x512",
    "Seed: ",
    "Negative prompt: ",
    "Hires upscale: ",
    '"',
    "\\",
    ",",
    ":",
    "\n",
    "(",
    "<lora:a:1>",
    "{",
    "}",
    "\x1b[2J",
    "\u202e",
    "\ud800",
    "\x00",
    "9" * 400,
    "1e999",
    "nan",
    "-0",
    "worker:",
    "lane:",
    "checkpoint:",
    "role:",
    "redis+sentinel://",
    "redis+cluster://",
    "@",
    "/",
    "[",
    "]",
    "::1",
    "%zz",
    "²",
    "ß",
    "*",
)
TEXTS = st.text(max_size=200) | st.lists(st.sampled_from(MARKS) | st.text(max_size=5), max_size=30).map("".join)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4))
FIELDS = (
    "prompt",
    "negative_prompt",
    "width",
    "height",
    "steps",
    "cfg_scale",
    "seed",
    "sampler",
    "sampler_name",
    "scheduler",
    "count",
    "batch_size",
    "n_iter",
    "styles",
    "checkpoint",
    "hires",
    "enable_hr",
    "hr_scale",
    "hr_upscaler",
    "img2img",
    "init_images",
    "mask",
    "upscale",
    "image",
    "upscaling_resize",
    "override_settings",
    "alwayson_scripts",
    "subseed",
    "denoising_strength",
    "waiting",
    "weight",
    "running",
    "lane",
    "cooldown_s",
    "blocked",
    "checkpoints",
    "side",
    "detail",
    "error",
    "errors",
    "loc",
    "msg",
    "event",
    "id",
    "n",
    "prev",
    "hash",
    "who",
    "act",
    "target",
    "at",
    "args",
    "kwargs",
    "request",
    "webui",
    "flavour",
    "host",
    "samplers",
    "job",
    "attempt",
)
OBJECTS = st.dictionaries(st.sampled_from(FIELDS) | TEXTS, VALUES, max_size=6)
JSON = (VALUES | OBJECTS).map(lambda value: json.dumps(value).encode()) | st.binary(max_size=200)
WHOLE = png(1, parameters="a cat\nSteps: 20")
CHUNKS = st.builds(
    chunk,
    st.sampled_from(
        (b"IHDR", b"IDAT", b"IEND", b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"fcTL", b"ANMF", b"\x00\x00\x00\x00")
    ),
    st.binary(max_size=60) | st.just(b"parameters\x00"),
)
HEADS = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"\xff\xd8\xff\xda\x00\x00",
    b"RIFF\x00\x00\x00\x00WEBP",
    b"GIF89a",
    b"<svg",
    b"",
)
PICTURES = (
    st.builds(
        lambda head, parts, rest: head + b"".join(parts) + rest,
        st.sampled_from(HEADS),
        st.lists(CHUNKS, max_size=6),
        st.binary(max_size=200),
    )
    | st.builds(
        lambda at, put: WHOLE[:at] + put + WHOLE[at + len(put) :], st.integers(0, len(WHOLE)), st.binary(max_size=8)
    )
    | st.integers(0, len(WHOLE)).map(lambda at: WHOLE[:at])
)


def chain_of(entries, head):
    told = [{str(name): str(value) for name, value in one.items()} for one in entries]
    return verify_chain(Chain(entries=told, head={str(name): str(value) for name, value in head.items()}), "1:a")


#: Name → what is fed, the parser, and by which errors it may refuse.
PARSERS = {
    "infotext: fields": (TEXTS, infotext.request_fields, ()),
    "infotext: words": (TEXTS, infotext.words, ()),
    "infotext: pairs": (TEXTS, infotext.pairs, ()),
    "infotext: not asked for": (TEXTS, infotext.not_asked_for, ()),
    "infotext: start picture": (TEXTS, infotext.starts_from_picture, ()),
    "infotext into a PNG": (PICTURES, lambda data: with_infotext(data, "a cat"), (ValueError,)),
    "a picture's parts": (PICTURES, check_parts, (TooManyParts,)),
    "a picture's format": (PICTURES, format_of, ()),
    "a JSON body": (JSON, lambda data: parse_bounded(bytearray(data)), (ValueError,)),
    "a request": (OBJECTS, parse_request, (RequestRefusedError,)),
    "a message of the queue": (JSON, decode_request, (PoisonMessageError,)),
    "an event": (JSON, decode_event, ()),
    "what a worker says of itself": (JSON, Capabilities.model_validate_json, (ValueError,)),
    "rules": (OBJECTS, parse_rules, (RequestRefusedError,)),
    "limits": (OBJECTS, parse_policy, (RequestRefusedError,)),
    "whose limits": (TEXTS, checked_name, (RequestRefusedError,)),
    "a scope": (TEXTS, lambda text: resolve(text, ()), (RequestRefusedError,)),
    "blocked words": (st.tuples(st.lists(TEXTS, max_size=4), TEXTS), lambda two: WordFinder(two[0]).find(two[1]), ()),
    "a custom_id": (TEXTS, lambda text: (found := CustomId.parse(text)) and OfJob.parse(found), ()),
    "where an answer goes": (JSON, lambda data: Reply.parse(data.decode("utf-8", "replace")), ()),
    "a signed link": (st.tuples(TEXTS, TEXTS), lambda two: verify(b"secret", "job", 0, *two), ()),
    "a Host": (TEXTS, name_in, ()),
    "a Redis URL": (TEXTS.map(lambda text: f"redis+sentinel://{text}"), parse_nodes, (ValueError,)),
    "a WebUI's error": (st.tuples(st.integers(100, 599), JSON), lambda two: error_of("http://w", *two), ()),
    "a WebUI's answer": (JSON, lambda data: shortened(bounded_json(data, 1000)), (ValueError,)),
    "an audit trail": (
        st.tuples(st.lists(OBJECTS, max_size=4), OBJECTS),
        lambda two: chain_of(*two),
        (BrokenChainError,),
    ),
    "a terminal": (TEXTS, visible, ()),
    "an answer for a terminal": (VALUES, visible_all, ()),
}


@pytest.mark.parametrize(("strategy", "parser", "refusals"), PARSERS.values(), ids=PARSERS)
def test_whatever_comes_is_answered_or_refused_by_name(strategy, parser, refusals):
    @fuzzed
    @given(strategy)
    def fed(data):
        with contextlib.suppress(*refusals):
            parser(data)

    fed()


@fuzzed
@given(PICTURES)
def test_what_has_a_format_is_one_of_the_closed_list(data):
    found = format_of(data)

    assert found is None or (found in FORMATS and not data.lstrip().startswith((b"<", b"GIF")))


@fuzzed
@given(TEXTS)
def test_nothing_that_steers_a_terminal_is_left(text):
    assert not any(char < " " or "\x7f" <= char <= "\x9f" or char == "\u202e" for char in visible(text))
