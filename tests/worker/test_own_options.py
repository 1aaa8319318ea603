"""What an operator has set in a WebUI stays theirs, whatever jobs set and whenever their worker dies."""

from __future__ import annotations

import json

import pytest

from loopback.flavours import A1111WebUI, ForgeWebUI
from zosma_queue import keys
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.request import parse_request
from zosma_queue.worker_queue import RedisWorkerQueue
from zosma_worker.backend import Order
from zosma_worker.errors import WebUIBusy
from zosma_worker.timeouts import Timeouts
from zosma_worker.webui.backend import a1111_backend
from zosma_worker.webui.own_options import NOTES_MAX_BYTES, OwnOptions

DELTA = "eta_noise_seed_delta"


class Kept:
    """Notes that outlive whoever writes them, and can be away."""

    def __init__(self):
        self.data = b""
        self.writes = 0
        self.away = False

    async def read_notes(self):
        self._asked()
        return self.data

    async def write_notes(self, data):
        self._asked()
        self.data = data
        self.writes += 1

    def _asked(self):
        if self.away:
            raise QueueUnavailableError("Redis is away")


@pytest.fixture(name="kept")
def _kept():
    return Kept()


def asked(**fields):
    return parse_request({"prompt": "a cat", "width": 64, "height": 64, "steps": 1, "seed": 7, **fields})


def setting(**options):
    return asked(a1111={"override_settings": options})


async def makes(webui, notes, *requests, dies=False):
    """A worker's back end that makes these, and dies with the last one answered and nothing said of it."""
    async with a1111_backend(webui.address, notes) as backend:
        checkpoint = (await backend.probe()).about.checkpoints[0]
        for number, request in enumerate(requests, 1):
            order = Order(request=request, checkpoint=checkpoint, task=f"task(x-{number})")
            run = await backend.start(order, lambda report: None, Timeouts())
            if dies and number == len(requests):
                notes.away = True
            answer = await run.answer()
            await answer.checked()
            notes.away = False


@pytest.fixture(name="a1111")
async def _a1111():
    async with A1111WebUI() as webui:
        yield webui


@pytest.mark.parametrize("dies", [False, True])
async def test_the_next_worker_puts_an_option_back_that_a_job_has_set(a1111, kept, dies):
    await makes(a1111, kept, asked(), setting(**{DELTA: 31337}), dies=dies)
    assert a1111.options[DELTA] == 31337

    await makes(a1111, kept, asked())

    assert a1111.options[DELTA] == 7
    assert kept.data == b""


async def test_whichever_of_two_jobs_was_the_last_that_the_webui_has_seen(a1111, kept):
    await makes(a1111, kept, setting(**{DELTA: 1}), setting(**{DELTA: 2}), setting(**{DELTA: 1}))
    noted = OwnOptions({}, kept)
    await noted.recall(a1111.options)
    await noted.before({DELTA: 3})  # and dies before it is sent
    assert a1111.options[DELTA] == 1

    await makes(a1111, kept, asked())

    assert a1111.options[DELTA] == 7


async def test_what_the_operator_sets_after_a_worker_died_is_theirs(a1111, kept):
    await makes(a1111, kept, setting(**{DELTA: 31337}), dies=True)
    a1111.options[DELTA] = 99

    await makes(a1111, kept, setting(**{DELTA: 5}), asked())

    assert a1111.options[DELTA] == 99


async def test_what_an_operator_sets_later_is_theirs_though_a_job_had_set_the_same_once(a1111, kept):
    await makes(a1111, kept, setting(**{DELTA: 31337}), dies=True)
    a1111.options[DELTA] = 7  # it was started anew
    await makes(a1111, kept, asked())
    a1111.options[DELTA] = 31337

    await makes(a1111, kept, setting(**{DELTA: 5}), asked())

    assert a1111.options[DELTA] == 31337


async def test_what_is_known_again_counts_though_redis_is_full(kept, monkeypatch):
    async def full(data):
        raise QueueUnavailableError("Redis is full", code="OOM")

    kept.data, home = json.dumps({DELTA: {"own": 7, "set": [31337]}}).encode(), {}
    monkeypatch.setattr(kept, "write_notes", full)

    await OwnOptions(home, kept).recall({DELTA: 31337})

    assert home == {DELTA: 7}


async def test_a_webui_that_tells_no_options_now_may_still_have_a_jobs(kept):
    kept.data = before = json.dumps({DELTA: {"own": 7, "set": [31337]}}).encode()

    await OwnOptions({}, kept).recall({})

    assert kept.data == before


async def test_a_vae_that_a_member_chose_is_not_the_operators(a1111, kept):
    await makes(a1111, kept, asked(vae="soft.safetensors"), dies=True)
    assert a1111.options["sd_vae"] == "soft.safetensors"

    await makes(a1111, kept, asked())

    assert a1111.options["sd_vae"] == "Automatic"


async def test_forges_modules_are_the_same_by_name_and_by_path(kept):
    async with ForgeWebUI() as forge:
        own = forge.options["forge_additional_modules"]
        await makes(forge, kept, asked(vae="soft.safetensors"), dies=True)
        forge.options["forge_additional_modules"] = ["/models/VAE/soft.safetensors"]  # as it tells what it was told

        await makes(forge, kept, asked())

        assert forge.options["forge_additional_modules"] == own


async def test_jobs_that_set_nothing_note_nothing_and_one_value_is_noted_once(a1111, kept):
    await makes(a1111, kept, asked(), asked(seed=8))
    assert kept.writes == 0

    await makes(a1111, kept, *(setting(**{DELTA: 31337}) for _ in range(3)))

    assert kept.writes == 1


async def test_what_the_next_job_sets_stays_noted_when_the_last_one_is_answered_after_it_was_sent(kept):
    own = OwnOptions({DELTA: 7}, kept)
    for value in (5, 7, 9):
        await own.before({DELTA: value})

    await own.after({DELTA: 7})

    home = {}
    await OwnOptions(home, kept).recall({DELTA: 9})
    assert home == {DELTA: 7}


async def test_nothing_is_sent_that_can_not_be_noted(a1111, kept):
    async with a1111_backend(a1111.address, kept) as backend:
        checkpoint = (await backend.probe()).about.checkpoints[0]
        order = Order(request=setting(**{DELTA: 5}), checkpoint=checkpoint, task="task(x-1)")
        kept.away = True
        with pytest.raises(QueueUnavailableError):
            await backend.start(order, lambda report: None, Timeouts())

    assert a1111.jobs == []


async def test_a_webui_is_not_used_before_it_is_known_what_is_the_operators(a1111, kept):
    kept.away = True
    async with a1111_backend(a1111.address, kept) as backend:
        with pytest.raises(WebUIBusy, match="noted in Redis"):
            await backend.probe()
        kept.away = False
        await backend.probe()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"[" * 100_000, id="deep"),
        b"\xff", b"[]", b"5", b'{"eta_noise_seed_delta": 5}', b'{"outdir_samples": {"own": "/srv", "set": [31337]}}',
        b'{"eta_noise_seed_delta": {"own": "/srv", "set": [31337]}}', b'{"eta_noise_seed_delta": {"set": [31337]}}',
        b'{"eta_noise_seed_delta": {"own": 7, "set": 31337}}', b'{"randn_source": {"own": "CPU", "set": [null]}}',
        b'{"sd_vae": {"own": {}, "set": ["Automatic"]}, "forge_additional_modules": {"own": [5], "set": [null]}}',
    ],
)  # fmt: skip
async def test_junk_in_the_notes_is_nobodys_option(kept, data):
    kept.data, home = data, {}

    await OwnOptions(home, kept).recall({DELTA: 31337, "sd_vae": "Automatic", "outdir_samples": 31337})

    assert home == {}


async def test_a_webui_that_tells_options_of_any_length_fills_no_redis(kept, caplog):
    own = OwnOptions({"randn_source": "x" * NOTES_MAX_BYTES}, kept)

    await own.before({"randn_source": "CPU"})

    assert kept.writes == 0
    assert "too long to be noted" in caplog.text


async def test_notes_lie_beside_the_webuis_address_for_a_while(redis_url, raw):
    async with RedisWorkerQueue(redis_url, "host/gpu:1/ab12") as queue:
        assert await queue.read_notes() == b""
        await queue.write_notes(json.dumps({"a": 1}).encode())
    async with RedisWorkerQueue(redis_url, "host/gpu:1/cd34") as queue:
        assert await queue.read_notes() == b'{"a": 1}'
        assert 0 < raw.ttl(keys.notes("host/gpu:1")) <= 90 * 24 * 3600
        await queue.write_notes(b"")
        assert not raw.exists(keys.notes("host/gpu:1"))
        raw.hset(keys.notes("host/gpu:1"), "junk", "junk")
        assert await queue.read_notes() == b""
        await queue.write_notes(b"{}")
        assert await queue.read_notes() == b"{}"
