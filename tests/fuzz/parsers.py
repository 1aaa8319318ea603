"""Every parser of strangers' text and bytes: what it is fed with, and by which errors it may refuse."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st
from PIL import Image

from fuzz.strategies import (
    IMG2IMG_BODIES,
    JSON,
    LISTINGS,
    OBJECTS,
    PICTURES,
    TEXTS,
    TXT2IMG_BODIES,
    UPSCALE_BODIES,
    VALUES,
    Strategy,
    pictures_like,
    spoilt,
    spoilt_hash,
)
from loopback.played_worker import ABOUT
from loopback.webui import good_answer
from zosma.errors import UnreadableAnswerError
from zosma.errors import ZosmaError as ClientError
from zosma.feed import Feed, Views
from zosma.models import JobView, decode
from zosma_bot.classifier import verdict_of
from zosma_bot.discord.core import alternatives
from zosma_bot.discord.core.moments import read_moment
from zosma_bot.discord.core.options import with_loras
from zosma_bot.discord.core.prompt_flags import read_flags
from zosma_bot.discord.core.sizes import size_fields
from zosma_bot.discord.features.admin.server_file import Reader
from zosma_bot.discord.state.member_settings import decode_member, decode_shared
from zosma_bot.discord.state.reply_record import Reply
from zosma_bot.discord.state.server_settings import decode_server
from zosma_bot.discord.ui.custom_id import CustomId, OfJob
from zosma_bot.discord.ui.language import translations_for
from zosma_bot.http.a1111_answers import echo, info, progress_view
from zosma_bot.http.a1111_fields import IMG2IMG, TXT2IMG, UPSCALE, read_fields
from zosma_bot.http.auth import credentials
from zosma_bot.http.bodies import parse_bounded
from zosma_bot.http.choices import decode_choices
from zosma_bot.http.doors import name_in
from zosma_bot.http.lists import parameters_of
from zosma_bot.http.translate import img2img_fields, txt2img_fields, upscale_fields
from zosma_bot.http.views import admin_job_view
from zosma_bot.links import verify as verify_link
from zosma_queue import calls, infotext
from zosma_queue.api_keys import digest_of
from zosma_queue.audit import BrokenChainError, Chain
from zosma_queue.audit import verify as verify_chain
from zosma_queue.catalogue import Catalogue
from zosma_queue.controlnet import ControlNet
from zosma_queue.embeddings import marked_in, without_marks
from zosma_queue.errors import PoisonMessageError, RequestRefusedError
from zosma_queue.events import decode_event
from zosma_queue.fleet import Capabilities, Checkpoint, WorkerInfo, WorkerState
from zosma_queue.job import Job, Result
from zosma_queue.messages import decode_message, decode_request, encode_request
from zosma_queue.moderation import ContentRules, parse_rules
from zosma_queue.needs import Needs, needs_of
from zosma_queue.nodes import parse_nodes
from zosma_queue.picture_headers import TooManyParts, check_parts, format_of
from zosma_queue.policy import checked_name, parse_policy
from zosma_queue.request import parse_request
from zosma_queue.scopes import resolve
from zosma_queue.terminal import visible, visible_all
from zosma_queue.unreadable import READING, models_of
from zosma_queue.words import WordFinder
from zosma_worker import comfyui
from zosma_worker.bounds import bounded_json, shortened
from zosma_worker.comfyui.client import Client as ComfyUIClient
from zosma_worker.comfyui.client import pictures_in
from zosma_worker.comfyui.failures import error_of as comfyui_error
from zosma_worker.comfyui.failures import failure as comfyui_failure
from zosma_worker.comfyui.lists import read_lists
from zosma_worker.comfyui.node_info import read_nodes
from zosma_worker.comfyui.recipes import Library
from zosma_worker.comfyui.workflow import WorkflowError, parse_workflow
from zosma_worker.errors import BadAnswer, WebUIError
from zosma_worker.infotext import with_exif_infotext, with_infotext
from zosma_worker.webui.answers import error_of
from zosma_worker.webui.client import Client, progress_of
from zosma_worker.webui.controlnet import detected, read_controlnet
from zosma_worker.webui.flavours import A1111, Forge, KoboldCpp, ReForge, SDCpp, SDNext
from zosma_worker.webui.pictures import verify as verify_answer
from zosma_worker.webui.probe import probe


class Parser(NamedTuple):
    """What reads something that strangers wrote."""

    fed: Strategy
    read: Callable[[Any], object]
    refusals: tuple[type[Exception], ...] = ()


REQUEST = parse_request({"prompt": "a cat", "width": 64, "height": 64, "seed": 5})
CATALOGUE = Catalogue.of(
    [WorkerInfo(id="gpu/a/1", state=WorkerState.READY, loaded="dream", job=None, seen_ms=0, about=ABOUT)]
)
#: Bytes of a header as aiohttp keeps them: what is no UTF-8 as half characters of its own.
_HEADERS = TEXTS.map(lambda text: text.encode("utf-8", "replace").decode()) | st.binary(max_size=200).map(
    lambda data: data.decode("utf-8", "surrogateescape")
)


# -- what the bot hears from other programs -------------------------------------------------------------------------


def _a1111(body: dict[str, Any]) -> None:
    """As a handler of /sdapi reads a body that `parse_bounded` let pass."""
    told = CATALOGUE.samplers, [style.name for style in CATALOGUE.styles]
    chosen = {"checkpoint": "dream", "clip_skip": None, "vae": None, "sampler": told[0][0], "styles": told[1]}
    fields = txt2img_fields(read_fields(body, TXT2IMG), chosen)
    needs_of(CATALOGUE.resolve(parse_request(fields, worded=False)).pinned())


def _img2img(body: dict[str, Any]) -> None:
    fields = img2img_fields(read_fields(body, IMG2IMG))
    if isinstance(fields["img2img"].get("image"), str):
        fields["img2img"]["image"] = "0" * 20
    needs_of(parse_request(fields, worded=False).pinned())


def _upscale(body: dict[str, Any]) -> None:
    fields = upscale_fields(read_fields(body, UPSCALE))
    fields["upscale"] |= {"image": "0" * 20, "source_width": 64, "source_height": 64}
    needs_of(parse_request(fields, worded=False).pinned())


def _key(header: str) -> None:
    given = credentials(header)
    if given:
        digest_of(given[1])


def _file(data: bytes) -> None:
    Reader(translations_for("en"), None).read(data, {})


def _reply(text: str) -> None:
    found = Reply.parse(text)
    if found:
        json.loads(found.model_dump_json())
        found.token_works(0.0)
        found.words("button-cancel")


REPLY = {
    "kind": "discord", "application_id": 1, "token": "t", "token_created_ms": 1, "channel_id": 2, "guild_id": 3,
    "user_id": 4, "message_id": None, "upload_limit": 10, "locale": "de", "posting_since_ms": None, "private": False,
    "spoiler": False, "grid": False, "blocked": [0], "removed": False, "uncollected": False,
}  # fmt: skip
SERVER_FILE = {
    "zosma": 1, "rules": {"channels": ["5"], "defaults": {"given": {"style": "misty"}}}, "words": ["gore", "blood*"],
    "checkpoints": ["dream"], "limits": {"77": {"waiting": 3, "weight": 2.0}},
}  # fmt: skip
MEMBER = {"defaults": {"width": 512}, "presets": {"mine": {"prompt": "a cat"}}, "private": True}
SHARED = {"ours": {"prompt": "a cat", "by": 7}}

# -- what lies in Redis, where workers may write --------------------------------------------------------------------

RESULT = Result(
    pictures=(), attempt=1, checkpoint="dream", sampler="Euler a", worker="gpu/a/1", gpu_seconds=1.5, info={"seed": 5}
).model_dump(mode="json") | {
    "pictures": [{"index": 0, "format": "png", "width": 64, "height": 64, "bytes": 9, "seed": 5, "parameters": "a cat"}]
}
_NEEDS = json.loads(needs_of(REQUEST).to_json()) | {"checkpoint": "dream", "avoid": "gpu/a"}
_MESSAGE = json.loads(encode_request("j", REQUEST))
_JOB = {
    b"state": b"done", b"owner": b"key:a", b"group": b"key:a", b"cost": b"1.5", b"created": b"1", b"class": b"fast|x",
    b"message": encode_request("j", REQUEST), b"attempt": b"1", b"failures": b"0", b"lost": b"0", b"started": b"1",
    b"finished": b"2", b"run_at": b"0", b"worker": b"gpu/a/1", b"runs_on": b"dream", b"progress": b"0.5", b"eta": b"1",
    b"estimated": b"1", b"paid": b"0.5", b"error_kind": b"internal", b"error": b"why",
    b"result": json.dumps(RESULT).encode(),
}  # fmt: skip
_WORKER = {
    b"state": b"ready", b"loaded": b"dream", b"job": b"j", b"seen": b"1", b"pixels": b"4194304", b"reason": b"",
    b"trust": b"trusted", b"about": ABOUT.model_dump_json().encode(),
}  # fmt: skip


def _job(fields: dict[bytes, bytes]) -> None:
    """A record that `readable` would skip, or one that everything can be made of that is shown of a job."""
    try:
        job = Job.from_hash("j", fields)
    except READING:
        return
    shown = [admin_job_view(job), progress_view(job, None, None, False), echo({}, TXT2IMG, job)]
    json.dumps(shown, allow_nan=False)
    if job.result:
        json.dumps(info(job.result, {}, job.request))


def _worker(fields: dict[bytes, bytes]) -> None:
    try:
        worker = WorkerInfo.from_hash("gpu/a/1", fields)
    except READING:
        return
    catalogue = Catalogue.of([worker])
    if worker.about:
        worker.about.tokens()
    if catalogue.ready:
        catalogue.resolve(REQUEST)


def _chain(entries: list[dict[str, Any]], head: dict[str, Any]) -> None:
    told = [{str(name): str(value) for name, value in one.items()} for one in entries]
    verify_chain(Chain(entries=told, head={str(name): str(value) for name, value in head.items()}), "1:a")


def _rules(found: dict[bytes, bytes]) -> None:
    """One that can't be read takes nothing away from the others."""
    known = models_of("rules", ContentRules, {b"group": b'{"steps": 30}', **found})
    if known["group"].steps != 30:
        raise AssertionError("another group's rules are gone")


# -- what a worker hears from its WebUI -----------------------------------------------------------------------------

DREAM = Checkpoint(name="dream", title="dream.safetensors [0123456789]", hash="0123456789")
_ASKED = {"prompt": "a cat", "width": 64, "height": 64, "steps": 20, "seed": 5, "n_iter": 1, "batch_size": 1}
_ANSWER = good_answer(_ASKED, "dream")
_INFO = json.loads(_ANSWER["info"]) | {"all_subseeds": [7], "sampler_name": "Euler", "sd_vae_name": "soft.safetensors"}


def _answered(answer: dict[str, Any]) -> None:
    """As a driver makes a result of an answer's bytes."""
    checked = verify_answer(bounded_json(json.dumps(answer).encode(), 10_000), REQUEST, DREAM, A1111())
    result = Result(
        pictures=checked.pictures,
        attempt=1,
        checkpoint="dream",
        sampler=str(checked.info["sampler_name"]),
        worker="gpu/a/1",
        gpu_seconds=1.0,
        info=checked.info,
    )
    calls.done(result)


def _jpeg() -> bytes:
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "a cat"
    Image.new("RGB", (8, 8)).save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()


def _plain_jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "JPEG")
    return buffer.getvalue()


class _Told(Client):
    """A WebUI that says to each read what it was given to say, or what a good one does."""

    def __init__(self, options: Any, told: dict[str, Any]) -> None:
        self.url = "http://gpu:7860"
        self.home: dict[str, Any] = {}
        self._options = options
        self._said = told

    async def get(self, path: str) -> Any:
        return shortened(self._said.get(path.rpartition("/")[2], _GOOD.get(path.rpartition("/")[2])))

    async def get_or_none(self, path: str) -> Any:
        return await self.get(path)

    async def takes_posts(self, path: str) -> bool:
        return path.rpartition("/")[2] in self._said

    async def options(self) -> dict[str, Any]:
        return self._options if isinstance(self._options, dict) else {}


_GOOD: dict[str, Any] = {
    "sd-models": [{"title": "dream.safetensors [0123456789]", "model_name": "dream", "hash": "0123456789"}],
    "samplers": [{"name": "Euler", "aliases": [], "options": {}}],
}
_LISTS = (
    "sd-models", "samplers", "schedulers", "upscalers", "latent-upscale-modes", "loras", "prompt-styles", "script-info",
    "sd-vae", "version", "scripts", "face-restorers", "interrogate", "capabilities", "sd-modules", "upscale-modes",
    "embeddings",
)  # fmt: skip
_OPTIONS = st.dictionaries(
    st.sampled_from(("forge_preset", "sd_model_checkpoint", "sd_vae", "forge_additional_modules", "zosma_stand_in")),
    VALUES,
)


def _probed(options: Any, told: dict[str, Any]) -> None:
    found = asyncio.run(probe(_Told(options, told)))
    found.about.tokens()
    Capabilities.model_validate_json(found.about.model_dump_json())
    needs_of(REQUEST)


def _lists(flavour: type[Any]) -> Callable[[dict[str, Any]], None]:
    """The lists of a WebUI that is known to be of this kind."""

    def read(told: dict[str, Any]) -> None:
        kind = flavour()
        asyncio.run(kind.read_lists(_Told({}, told)))
        kind.about("http://gpu:7860", "gpu", (DREAM,)).tokens()

    return read


_CONTROLNET = {
    "model_list": {"model_list": ["None", "canny [abc]"]},
    "module_list": {
        "module_list": ["none", "canny"],
        "module_detail": {
            "canny": {"model_free": False, "sliders": [{"name": "a", "value": 1, "min": 0, "max": 2, "step": 1}, None]}
        },
    },
    "module_list?alias_names=true": {"module_list": ["none", "canny edges"]},
    "control_types": {
        "control_types": {
            "Canny": {"module_list": ["canny"], "model_list": [], "default_option": "canny", "default_model": "None"}
        }
    },
    "version": {"version": 3},
    "detect": {},
    "units": 4,
}
_DETECTED = {"images": ["x"], "info": "Success", "poses": [{"people": [{"pose_keypoints_2d": [1.0, 2.5, 1e300]}]}]}
_ULTIMATE = [None, 512, 512, 8, 32, 64, 0.35, 32, 1, False, 0, False, 8, 3, 2, 2048, 2048, 2.0]


def _controlnet(options: dict[str, Any], told: dict[str, Any]) -> None:
    given = {**options, "control_net_unit_count": told["units"]} if "units" in told else options
    found = asyncio.run(read_controlnet(_Told({}, told), ["ControlNet"], given))
    more = {"scripts": ("controlnet",), "controlnet_modules": found.modules, "controlnet": found.about}
    about = ABOUT.model_copy(update=more)
    about.tokens()
    read = Capabilities.model_validate_json(about.model_dump_json())
    json.dumps([ControlNet.joined([read.controlnet, found.about]).model_dump()], allow_nan=False)


def _detected(answer: Any) -> None:
    _, pose = detected(answer)
    json.dumps(pose, allow_nan=False)


def _embeddings(names: list[str], text: str) -> None:
    known = dict.fromkeys(names, 768)
    catalogue = replace(CATALOGUE, embeddings=tuple(names), uneven_embeddings=known)
    request = parse_request({"prompt": "a cat", "negative_prompt": text})
    catalogue.embeddings_for(catalogue.resolve(request))
    if set(marked_in(without_marks(text))) > set(marked_in(text)):
        raise AssertionError("a mark was made by taking one out")


_PROGRESS = {"progress": 0.5, "eta_relative": 1.0, "state": {"job_count": 1, "job": "task"}, "current_image": None}


def _progressed(found: dict[str, Any]) -> None:
    made = progress_of(found)
    if not 0 <= made.fraction <= 1:
        raise AssertionError(f"{made.fraction} of the work is done")


# -- what a worker hears from a ComfyUI -----------------------------------------------------------------------------

_COMFYUI = {
    "system": {"comfyui_version": "0.3.75"},
    "devices": [{"vram_free": 1}],
    "queue_running": [[0, "p", {"1": {"class_type": "KSampler", "inputs": {}}}, {}, []]],
    "queue_pending": [],
    "p": {
        "prompt": [0, "p", {}, {}, []],
        "outputs": {"9": {"images": [{"filename": "a.png", "subfolder": "", "type": "output"}]}},
        "status": {"status_str": "success", "messages": [["execution_start", {"timestamp": 5}]]},
    },
}
_NODES = {
    "KSampler": {
        "input": {"required": {"steps": ["INT", {"min": 1, "max": 100}], "sampler_name": [["euler"], {}]}},
        "output": ["LATENT"],
        "output_node": False,
    },
    "CheckpointLoaderSimple": {"input": {"required": {"ckpt_name": ["COMBO", {"options": ["dream.safetensors"]}]}}},
}
_WORKFLOW = json.loads((Path(comfyui.__file__).parent / "workflows" / "sd15.json").read_text("utf-8"))


class _ToldComfyUI(ComfyUIClient):
    """A ComfyUI that answers everything with one thing."""

    def __init__(self, said: Any) -> None:
        self.url = "http://gpu:8188"
        self._said = said

    async def _get(self, path: str) -> Any:
        return self._said


def _comfyui(said: Any) -> None:
    async def ask() -> None:
        client = _ToldComfyUI(said)
        for question in (client.stats, client.queue, client.newest, client.embeddings):
            with contextlib.suppress(WebUIError):
                await question()
        await client.header("checkpoints", "dream.safetensors")
        entry = await client.entry("p")
        if entry:
            _ = entry.at_ms, entry.told("execution_success"), [pictures_in(one) for one in entry.outputs.values()]

    asyncio.run(ask())


def _nodes(found: Any) -> None:
    nodes = read_nodes(found)
    read_lists(nodes, ("bad-hands",))
    Library().bound(nodes)


# -- what a program hears from the server ---------------------------------------------------------------------------

_VIEW = {
    "id": "j", "state": "done", "position": None, "starts_in_s": 1.0, "progress": 0.5, "attempt": 1, "error": None,
    "result": {"checkpoint": "dream", "sampler": "Euler a", "gpu_seconds": 1.5, "images": []},
}  # fmt: skip


def _fed(event: tuple[str, bytes]) -> None:
    name, data = event
    views, known = Views(), json.dumps({"job": "j", "view": _VIEW})
    for kind, text in (("state", known), (name, data.decode("utf-8", "replace")), (name, known)):
        if found := Feed().take(kind, text, "", None):
            views.take(found)


PARSERS: dict[str, Parser] = {
    # of members and their files
    "infotext: fields": Parser(TEXTS, infotext.request_fields),
    "infotext: words": Parser(TEXTS, infotext.words),
    "infotext: pairs": Parser(TEXTS, infotext.pairs),
    "infotext: not asked for": Parser(TEXTS, infotext.not_asked_for),
    "infotext: start picture": Parser(TEXTS, infotext.starts_from_picture),
    "infotext: png-info": Parser(TEXTS, lambda text: json.dumps(parameters_of(text))),
    "a picture's parts": Parser(PICTURES, check_parts, (TooManyParts,)),
    "a picture's format": Parser(PICTURES, format_of),
    "LoRAs as typed": Parser(TEXTS, lambda text: with_loras("a cat", text), (RequestRefusedError,)),
    "names as typed": Parser(
        st.builds(lambda **given: given, checkpoint=TEXTS, sampler=TEXTS, scheduler=TEXTS, styles=st.lists(TEXTS)),
        lambda given: CATALOGUE.resolve(parse_request({"prompt": "a cat", **given})),
        (RequestRefusedError,),
    ),
    "embeddings as typed": Parser(
        st.tuples(st.lists(TEXTS, max_size=4), TEXTS), lambda two: _embeddings(*two), (RequestRefusedError,)
    ),
    "scripts' arguments": Parser(
        spoilt({"script_name": "Ultimate SD upscale", "script_args": _ULTIMATE, "init_images": ["x"]}),
        _img2img,
        (RequestRefusedError,),
    ),
    "blocked words": Parser(st.tuples(st.lists(TEXTS, max_size=4), TEXTS), lambda two: WordFinder(two[0]).find(two[1])),
    "a server's file": Parser(JSON | spoilt(SERVER_FILE).map(lambda one: json.dumps(one).encode()), _file),
    "a prompt's flags": Parser(TEXTS, read_flags, (RequestRefusedError,)),
    "a prompt's alternatives": Parser(TEXTS, alternatives.parse, (RequestRefusedError,)),
    "a size as typed": Parser(TEXTS, size_fields, (RequestRefusedError,)),
    "a time as typed": Parser(
        TEXTS | st.from_regex(r"in [0-9]{1,25} (days|h|min|weeks|s)", fullmatch=True),
        lambda text: read_moment(text, datetime(2026, 11, 30, tzinfo=UTC), "Europe/Berlin"),
        (RequestRefusedError,),
    ),
    "a custom_id": Parser(TEXTS, lambda text: (found := CustomId.parse(text)) and OfJob.parse(found)),
    "a scope": Parser(TEXTS, lambda text: resolve(text, ()), (RequestRefusedError,)),
    "whose limits": Parser(TEXTS, checked_name, (RequestRefusedError,)),
    # of other programs
    "a JSON body": Parser(JSON, lambda data: parse_bounded(bytearray(data)), (ValueError,)),
    "a request": Parser(OBJECTS, parse_request, (RequestRefusedError,)),
    "txt2img": Parser(TXT2IMG_BODIES, _a1111, (RequestRefusedError,)),
    "img2img": Parser(IMG2IMG_BODIES, _img2img, (RequestRefusedError,)),
    "extra-single-image": Parser(UPSCALE_BODIES, _upscale, (RequestRefusedError,)),
    "rules": Parser(OBJECTS, parse_rules, (RequestRefusedError,)),
    "limits": Parser(OBJECTS, parse_policy, (RequestRefusedError,)),
    "an Authorization": Parser(_HEADERS, _key),
    "a Host": Parser(TEXTS, name_in),
    "a signed link": Parser(st.tuples(TEXTS, TEXTS), lambda two: verify_link(b"secret", "job", 0, *two)),
    "a classifier's verdict": Parser(VALUES | OBJECTS, verdict_of, (ValueError,)),
    # of Redis
    "a message of the queue": Parser(
        JSON | spoilt(_MESSAGE).map(lambda one: json.dumps(one).encode()), decode_request, (PoisonMessageError,)
    ),
    "a leased message": Parser(
        JSON | st.just(b"[" * 100_000) | st.just(b'"' + b"9" * 5000), decode_message, (PoisonMessageError,)
    ),
    "a job's hash": Parser(spoilt_hash(_JOB), _job),
    "a job's result": Parser(spoilt(RESULT).map(lambda one: {**_JOB, b"result": json.dumps(one).encode()}), _job),
    "a worker's hash": Parser(spoilt_hash(_WORKER), _worker, (RequestRefusedError,)),
    "what a worker says of itself": Parser(
        spoilt(ABOUT.model_dump(mode="json")).map(lambda one: {**_WORKER, b"about": json.dumps(one).encode()}),
        _worker,
        (RequestRefusedError,),
    ),
    "a job's needs": Parser(JSON | spoilt(_NEEDS).map(json.dumps), Needs.from_json, READING),
    "an event": Parser(JSON, decode_event),
    "what was leased": Parser(
        st.tuples(
            JSON | spoilt(["job", 1, "owner", 2, 1, "dream"]).map(lambda one: json.dumps(one).encode()), st.binary()
        ).map(b"\n".join)
        | st.binary(),
        calls.leased_in,
    ),
    "stored rules": Parser(st.dictionaries(st.binary(max_size=20), JSON), _rules),
    "a server's record": Parser(OBJECTS | spoilt(SERVER_FILE["rules"]), decode_server),
    "a member's record": Parser(OBJECTS | spoilt(MEMBER), decode_member),
    "a server's shared presets": Parser(OBJECTS | spoilt(SHARED), decode_shared),
    "what a caller has chosen": Parser(OBJECTS, decode_choices),
    "where an answer goes": Parser(
        JSON.map(lambda data: data.decode("utf-8", "replace")) | spoilt(REPLY).map(json.dumps), _reply
    ),
    "an audit trail": Parser(
        st.tuples(st.lists(OBJECTS, max_size=4), OBJECTS), lambda two: _chain(*two), (BrokenChainError,)
    ),
    "a Redis URL": Parser(TEXTS.map(lambda text: f"redis+sentinel://{text}"), parse_nodes, (ValueError,)),
    # of WebUIs
    "a WebUI": Parser(
        st.tuples(_OPTIONS, st.dictionaries(st.sampled_from(_LISTS), LISTINGS)),
        lambda two: _probed(*two),
        (WebUIError,),
    ),
    **{
        f"lists of {kind.name}": Parser(st.dictionaries(st.sampled_from(_LISTS), LISTINGS), _lists(kind), (WebUIError,))
        for kind in (A1111, Forge, ReForge, SDNext, SDCpp, KoboldCpp)
    },
    "a ControlNet": Parser(st.tuples(_OPTIONS, spoilt(_CONTROLNET)), lambda two: _controlnet(*two), (WebUIError,)),
    "what a preprocessor has seen": Parser(spoilt(_DETECTED) | OBJECTS, _detected, (BadAnswer, WebUIError)),
    "a WebUI's progress": Parser(OBJECTS | spoilt(_PROGRESS), _progressed),
    "a WebUI's error": Parser(st.tuples(st.integers(100, 599), JSON), lambda two: error_of("http://w", *two)),
    "a WebUI's JSON": Parser(JSON, lambda data: shortened(bounded_json(data, 1000)), (ValueError,)),
    "a WebUI's pictures": Parser(spoilt(_ANSWER), _answered, (BadAnswer,)),
    "a WebUI's info": Parser(spoilt(_INFO).map(lambda told: {**_ANSWER, "info": told}), _answered, (BadAnswer,)),
    "infotext into a PNG": Parser(PICTURES, lambda data: with_infotext(data, "a cat"), (ValueError,)),
    "infotext into a JPEG": Parser(
        PICTURES | pictures_like(_jpeg()) | pictures_like(_plain_jpeg()),
        lambda data: with_exif_infotext(data, "a cat"),
        (ValueError,),
    ),
    "a ComfyUI": Parser(LISTINGS | spoilt(_COMFYUI), _comfyui, (WebUIError,)),
    "a ComfyUI's nodes": Parser(VALUES | spoilt(_NODES), _nodes),
    "a ComfyUI's failure": Parser(OBJECTS, lambda told: comfyui_failure("http://c", told)),
    "a ComfyUI's error": Parser(st.tuples(st.integers(100, 599), JSON), lambda two: comfyui_error("http://c", *two)),
    "a workflow": Parser(
        JSON | spoilt(_WORKFLOW).map(lambda one: json.dumps(one).encode()),
        lambda data: parse_workflow("mine", data),
        (WorkflowError,),
    ),
    # of the server, in its client
    "a job in the client": Parser(
        OBJECTS | spoilt(_VIEW), lambda data: decode(JobView, data), (UnreadableAnswerError,)
    ),
    "an event in the client": Parser(
        st.tuples(st.sampled_from(("state", "place", "progress", "preview", "end")), JSON), _fed, (ClientError,)
    ),
    # for terminals
    "a terminal": Parser(TEXTS, visible),
    "an answer for a terminal": Parser(VALUES, visible_all),
}
