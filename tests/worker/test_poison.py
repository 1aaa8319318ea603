"""One member's jobs that no healthy WebUI can do, beside another's that any can: who is to blame, and who notices."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from loopback.flavours import SDCppWebUI
from loopback.fleet import HASTY, until
from loopback.webui import ScriptedWebUI, Turn, encoded, picture, pictures, status
from zosma_queue.errors import RequestRefusedError
from zosma_queue.fleet import Trust, WorkerState
from zosma_queue.job import State
from zosma_worker import outcomes
from zosma_worker.circuit_breaker import Pauses
from zosma_worker.timeouts import Timeouts

BROKEN = status(500, {"error": "RuntimeError", "errors": "mat1 and mat2 shapes cannot be multiplied"})
BLACK = pictures(lambda answer: answer.update(images=[encoded(picture(64, 64, None))]))
#: A canary is due in a while, so that a sick WebUI would be seen.
SLOW = Timeouts(poll_s=0.03, pauses=Pauses(first_s=30.0))


class Allergic(ScriptedWebUI):
    """A healthy WebUI that one kind of prompt doesn't agree with."""

    def __init__(self, poison=BROKEN) -> None:
        super().__init__()
        self.poison = poison

    async def usual(self, turn: Turn) -> web.StreamResponse:
        return await (self.poison if "poison" in turn.body["prompt"] else pictures())(turn)


@pytest.fixture(name="three")
async def _three():
    async with Allergic() as one, Allergic() as two, Allergic() as three:
        yield [one, two, three]


@pytest.mark.parametrize("poison", [BROKEN, BLACK], ids=["a LoRA that doesn't fit", "a censor"])
async def test_six_poisoned_jobs_on_three_gpus_take_no_gpu_from_anybody(poison, three, join, ann, caplog):
    for webui in three:
        webui.poison = poison
        await join(webui, timeouts=SLOW)
    bad = [await ann.asks(prompt="poison", seed=seed) for seed in range(6)]

    good = []
    for seed in range(30):
        good.append(await ann.asks(owner="bob", seed=seed))  # raises when no worker is there
        assert {one.trust for one in await ann.queue.workers()} == {Trust.TRUSTED}
        await asyncio.sleep(0)

    assert {(await ann.gets(job)).state for job in good} == {State.DONE}
    ends = [await ann.gets(job) for job in bad]
    assert {(job.state, job.failures <= 3) for job in ends} == {(State.FAILED, True)}
    assert "takes no jobs: sick" not in caplog.text


async def test_poisoned_jobs_on_the_only_gpu_fail_and_another_members_are_made(join, ann, caplog):
    async with Allergic() as webui:
        await join(webui, timeouts=SLOW)
        bad = [await ann.asks(prompt="poison", seed=seed) for seed in range(4)]
        good = [await ann.asks(owner="bob", seed=seed) for seed in range(10)]

        assert {(await ann.gets(job)).state for job in good} == {State.DONE}
        assert {(await ann.gets(job)).state for job in bad} == {State.FAILED}
        assert "takes no jobs: sick" not in caplog.text


async def test_one_members_jobs_alone_are_told_from_a_broken_webui_by_a_canary(join, ann):
    async with Allergic() as webui:
        await join(webui, timeouts=SLOW)
        bad = [await ann.asks(prompt="poison", seed=seed) for seed in range(2)]
        ends = [await ann.gets(job) for job in bad]

        assert [(job.state, job.error_kind) for job in ends] == [(State.FAILED, "webui-broken")] * 2
        assert len(webui.canaries) == 1
        assert (await ann.worker(WorkerState.READY)).reason is None


async def test_a_webui_whose_canary_goes_wrong_too_is_sick_although_one_member_asked(webui, join, ann, monkeypatch):
    monkeypatch.setattr(
        outcomes, "BACKOFF_MS", 60_000
    )  # the first job's second try must not come before the second job
    await join(webui, timeouts=SLOW)
    webui.script(BROKEN, BROKEN)
    webui.script_canaries(BROKEN)
    for seed in range(2):
        await ann.asks(seed=seed)

    away = await ann.worker(WorkerState.AWAY)

    assert away.trust is Trust.QUARANTINED
    assert len(webui.jobs) == 2


async def test_a_webui_that_fails_everybody_is_out_after_two_members_jobs(webui, join, ann, monkeypatch):
    monkeypatch.setattr(outcomes, "BACKOFF_MS", 60_000)
    await join(webui, timeouts=SLOW)
    webui.script(*[BROKEN] * 9)
    jobs = [await ann.asks(owner=owner) for owner in ("ann", "bob", "carol")]

    away = await ann.worker(WorkerState.AWAY)

    assert away.trust is Trust.QUARANTINED
    assert len(webui.jobs) == 2
    assert sorted([(await ann.job(job)).failures for job in jobs]) == [0, 0, 1]


async def test_two_members_with_the_same_lora_do_not_condemn_a_webui_that_draws_everything_else(join, ann, caplog):
    async with Allergic() as webui:
        webui.special["/sdapi/v1/loras"] = _poisoned_lora
        await join(webui, timeouts=SLOW)
        bad = [await ann.asks(owner=owner, prompt="<lora:poison:1>") for owner in ("ann", "bob")]

        assert {(await ann.gets(job)).state for job in bad} == {State.FAILED}
        assert (await ann.gets(await ann.asks(owner="bob"))).state is State.DONE
        assert "takes no jobs: sick" not in caplog.text


async def _poisoned_lora(request: web.Request) -> web.StreamResponse:
    return web.json_response([{"name": "poison", "alias": "poison"}])


async def test_after_the_canary_the_guilty_job_does_not_decide_but_the_next_members_does(join, ann):
    async with Allergic() as webui:
        await join(webui, timeouts=HASTY)
        webui.script(BROKEN, BROKEN)
        bad = await ann.asks(prompt="poison")
        once = await ann.asks(owner="bob")

        assert (await ann.gets(once)).state is State.DONE
        assert (await ann.gets(bad)).state is State.FAILED

        async def trusted():
            [worker] = await ann.queue.workers()
            return worker.trust is Trust.TRUSTED

        await until(trusted)
        assert len(webui.canaries) <= 2  # the pause before the second would have been twice as long, and so on


async def test_what_fails_on_two_webuis_that_draw_for_others_ends_with_its_reason(join, ann):
    async with Allergic() as one, Allergic() as two:
        for webui in (one, two):
            await join(webui, timeouts=SLOW)
        while not (one.jobs and two.jobs):
            for job in [await ann.asks(owner="bob", seed=seed) for seed in range(4)]:
                await ann.gets(job)
        before = len(one.jobs) + len(two.jobs)

        job = await ann.gets(await ann.asks(prompt="poison"))

        assert (job.state, job.failures, job.error_kind) == (State.FAILED, 2, "webui-broken")
        assert len(one.jobs) + len(two.jobs) == before + 2
        assert "broke off" in job.error


# -- what a WebUI can't do at all -------------------------------------------------------------------------------


async def _missing(request: web.Request) -> web.StreamResponse:
    return web.Response(status=404)


async def _not_allowed(request: web.Request) -> web.StreamResponse:
    return web.json_response({"detail": "Method Not Allowed"}, status=405)


@pytest.mark.parametrize("missing", [_missing, _not_allowed], ids=["404", "405"])
async def test_an_upscale_that_a_webui_has_no_address_for_is_refused_once_and_no_longer_offered(
    missing, webui, join, ann, queue, caplog
):
    webui.special["/sdapi/v1/extra-single-image"] = missing
    await join(webui, timeouts=SLOW)
    fields = {"upscale": {"image": await queue.keep_input(picture(64, 64, 3)), "source_width": 64, "source_height": 64}}

    job = await ann.gets(await ann.asks(prompt="", **fields))

    assert (job.state, job.error_kind, job.attempt) == (State.FAILED, "refused", 1)
    assert job.error == "the WebUI refused the request: it can't make pictures larger"
    with pytest.raises(RequestRefusedError, match="upscale is not possible"):
        await ann.asks(prompt="", **fields)
    assert [(await ann.gets(await ann.asks(owner="bob"))).state for _ in range(3)] == [State.DONE] * 3
    assert "takes no jobs" not in caplog.text


async def test_img2img_is_no_longer_offered_where_its_address_is_missing(webui, join, ann, queue):
    webui.special["/sdapi/v1/img2img"] = _missing
    await join(webui, timeouts=SLOW)

    job = await ann.gets(await ann.asks(img2img={"image": await queue.keep_input(picture(64, 64, 3))}))

    assert (job.state, job.error_kind, job.attempt) == (State.FAILED, "refused", 1)
    [worker] = await ann.queue.workers()
    assert (worker.about.img2img, worker.about.inpainting, worker.state) == (False, False, WorkerState.READY)


async def test_a_webui_without_txt2img_takes_no_jobs_and_says_so(webui, join, ann):
    webui.special["/sdapi/v1/txt2img"] = _missing
    await join(webui, timeouts=SLOW)
    job_id = await ann.asks()

    async def told():
        return "has no /sdapi/v1/txt2img" in ((await ann.queue.workers())[0].reason or "")

    await until(told)
    assert (await ann.job(job_id)).state is State.WAITING


async def test_a_small_server_that_lists_upscalers_offers_them_for_the_second_pass_alone(join, ann):
    async with SDCppWebUI() as webui:
        about = (await join(webui)).about

        assert (about.upscalers, about.enlargers) == (("Lanczos",), ())


async def test_a_job_that_sends_its_webui_away_each_time_goes_round_in_no_circle(join, ann):
    async with Allergic(status(503, {"detail": "busy"})) as webui:
        await join(webui)
        bad = await ann.asks(prompt="poison")

        job = await ann.gets(bad)

        assert (job.state, job.error_kind, job.failures) == (State.FAILED, "webui-away", 3)
        assert job.error == "its WebUI went away each time it was tried"
        assert len(webui.jobs) == outcomes.MAX_AWAY + 3
        await ann.worker(WorkerState.READY)
        assert (await ann.gets(await ann.asks(owner="bob"))).state is State.DONE
