"""Each fault that can be ordered, as a client sees it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable

import aiohttp
import numpy as np
import pytest

from webui.client import SMALL, Client, Pause, image, within
from zosma_webui.app import WebUI, serve
from zosma_webui.faults import FAULTS

Start = Callable[..., Awaitable[Client]]


async def test_every_fault_is_listed_with_a_line_about_it(webui: Client) -> None:
    listing = await webui.get("/zosma/faults")
    assert listing["active"] == []
    assert set(listing["known"]) == set(FAULTS)
    assert all(text and "\n" not in text for text in listing["known"].values())


async def test_a_fault_hits_as_many_generations_as_ordered(webui: Client) -> None:
    await webui.fault("empty", times=2)
    counts = [len((await webui.draw())["images"]) for _ in range(3)]
    assert counts == [0, 0, 1]
    assert (await webui.get("/zosma/faults"))["active"][0].items() >= {"fault": "empty", "times": 0, "hits": 2}.items()


async def test_a_fault_without_a_count_lasts_until_it_is_taken_back(webui: Client) -> None:
    await webui.fault("empty")
    assert [len((await webui.draw())["images"]) for _ in range(2)] == [0, 0]
    assert (await webui.call("DELETE", "/zosma/faults"))[1]["active"] == []
    assert len((await webui.draw())["images"]) == 1


@pytest.mark.parametrize(
    "order",
    [{"fault": "nope"}, {"fault": "oom", "nope": 1}, {"fault": "oom", "times": 0}, {"fault": "slow", "factor": 0}],
)
async def test_an_order_that_makes_no_sense_is_422(webui: Client, order: dict[str, object]) -> None:
    assert (await webui.call("POST", "/zosma/faults", order))[0] == 422
    assert (await webui.get("/zosma/faults"))["active"] == []


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [("oom", "OutOfMemoryError", "CUDA out of memory"), ("nan", "NansException", "A tensor with all NaNs")],
)
async def test_the_gpus_own_failures_come_in_a1111s_body(webui: Client, fault: str, error: str, words: str) -> None:
    await webui.fault(fault, times=1)
    status, body = await webui.fails()
    assert (status, body["error"], body["detail"], body["body"]) == (500, error, "", "")
    assert body["errors"].startswith(words)
    await webui.draw()


async def test_a_failure_comes_in_mid_job_at_the_step_ordered(start: Start) -> None:
    sleeps = Pause()
    client = await start(sleep=sleeps)
    await client.fault("oom", at=0.75)
    await client.fails()
    assert len(sleeps.slept) == 3


async def test_an_error_page_is_html(webui: Client) -> None:
    await webui.fault("http-500-html", times=1)
    async with webui.session.post("/sdapi/v1/txt2img", json=SMALL) as response:
        assert (response.status, response.content_type) == (500, "text/html")


async def test_rubbish_is_200_and_no_json(webui: Client) -> None:
    await webui.fault("rubbish", times=1)
    status, body = await webui.fails()
    assert (status, isinstance(body, str)) == (200, True)


async def test_black_images_are_black_and_of_the_size_asked(webui: Client) -> None:
    await webui.fault("black", times=1)
    picture = image((await webui.draw())["images"][0])
    assert (picture.size, np.asarray(picture).max()) == ((64, 64), 0)
    assert np.asarray(image((await webui.draw())["images"][0])).max() > 100


async def test_undecodable_images_are_base64_of_something_else(webui: Client) -> None:
    await webui.fault("undecodable", times=1)
    images = (await webui.draw(n_iter=2))["images"]
    assert len(images) == 2
    with pytest.raises(OSError, match="cannot identify image"):
        image(images[0])


async def test_the_wrong_checkpoint_is_used_and_named(start: Start) -> None:
    sleeps = Pause()
    client = await start(load_seconds=30.0, sleep=sleeps)
    await client.fault("wrong-checkpoint", times=1)
    answer = await client.draw(override_settings={"sd_model_checkpoint": "realistic"})
    assert answer["info"]["sd_model_name"] == "dreamscape"
    assert "Model: dreamscape, " in answer["info"]["infotexts"][0]
    assert 30.0 not in sleeps.slept


@pytest.mark.parametrize(("by", "count"), [(-1, 2), (-9, 0), (2, 5)])
async def test_the_count_is_wrong_by_as_many_as_ordered(webui: Client, by: int, count: int) -> None:
    await webui.fault("wrong-count", times=1, by=by)
    answer = await webui.draw(batch_size=3)
    assert (len(answer["images"]), len(answer["info"]["all_seeds"])) == (count, 3)


async def test_the_size_is_wrong_but_info_keeps_the_one_asked(webui: Client) -> None:
    await webui.fault("wrong-size", times=1)
    answer = await webui.draw()
    assert (image(answer["images"][0]).size, answer["info"]["width"]) == ((32, 32), 64)


async def test_slow_steps_take_longer(start: Start) -> None:
    sleeps = Pause()
    client = await start(step_seconds=0.5, sleep=sleeps)
    await client.fault("slow", times=1, factor=20)
    await client.draw()
    assert sleeps.slept == [10.0] * 4


async def hanging(client: Client) -> asyncio.Task[dict[str, object]]:
    """A job that has come to its standstill after half its steps."""
    job = client.later()
    while (await client.progress())["state"]["sampling_step"] < 2:
        pass
    return job


async def test_a_hanging_job_stands_still_until_it_is_interrupted(webui: Client) -> None:
    await webui.fault("hang", times=1)
    job = await hanging(webui)
    for _ in range(20):
        assert (await webui.progress())["state"]["sampling_step"] == 2
    await webui.post("/sdapi/v1/interrupt")
    assert len((await within(5, job))["images"]) == 1


async def test_a_job_that_ignores_interrupts_hangs_until_the_faults_are_taken_back(webui: Client) -> None:
    await webui.fault("hang", times=1, ignore_interrupt=True)
    job = await hanging(webui)
    await webui.post("/sdapi/v1/interrupt")
    for _ in range(20):
        assert (await webui.progress())["state"]["job_count"] == 1
    assert not job.done()
    await webui.call("DELETE", "/zosma/faults")
    await within(5, job)


async def test_a_server_goes_down_while_a_job_hangs() -> None:
    async with serve(WebUI(["m"], step_seconds=0)) as url:
        client = Client(url)
        await client.fault("hang", ignore_interrupt=True)
        job = await hanging(client)
    with pytest.raises(aiohttp.ClientError):
        await within(5, job)
    await client.session.close()


async def test_a_cut_connection_has_no_answer_but_the_job_runs_on(start: Start) -> None:
    sleeps = Pause()
    client = await start(sleep=sleeps)
    await client.fault("cut", times=1)
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.draw()
    await client.draw()
    assert len(sleeps.slept) == 8


async def test_a_slow_start_refuses_everything_but_the_control_address(webui: Client) -> None:
    await webui.fault("slow-start", seconds=3600)
    status, body = await webui.call("GET", "/sdapi/v1/progress")
    assert (status, "<html>" in body) == (503, True)
    assert (await webui.fails())[0] == 503
    assert (await webui.get("/zosma/faults"))["active"][0]["fault"] == "slow-start"
    await webui.call("DELETE", "/zosma/faults")
    await webui.draw()
    await webui.fault("slow-start", seconds=0)
    await webui.draw()


async def test_a_crash_inside_a_test_drops_all_connections_and_closes_the_port(webui: Client) -> None:
    await webui.fault("crash")
    with pytest.raises(aiohttp.ClientConnectionError):
        await webui.draw()
    with pytest.raises(aiohttp.ClientConnectorError):
        await webui.progress()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
async def test_a_crash_of_the_real_process_ends_it_with_status_1() -> None:
    process = await spawn()
    client = Client(await where(process))
    try:
        await client.fault("crash", at=0)
        with pytest.raises(aiohttp.ClientConnectionError):
            await client.draw()
        assert await within(10, process.wait()) == 1
    finally:
        await client.session.close()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
async def test_the_process_says_where_it_listens_and_ends_on_sigterm() -> None:
    process = await spawn()
    client = Client(await where(process))
    try:
        assert await client.get("/internal/ping") == {}
    finally:
        await client.session.close()
        process.terminate()
    assert await within(10, process.wait()) == 0


async def test_a_port_that_is_taken_is_an_os_error() -> None:
    async with serve(WebUI(["m"])) as url:
        with pytest.raises(OSError, match="address already in use"):
            async with serve(WebUI(["m"]), port=int(url.rsplit(":", 1)[1])):
                pass


async def spawn() -> asyncio.subprocess.Process:
    """The built-in WebUI as a process of its own, with its stdout to read."""
    code = "from zosma_webui.main import run; run('127.0.0.1', 0, ['one', 'two'], 0.0, 0.0)"
    return await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)


async def where(process: asyncio.subprocess.Process) -> str:
    """The address in the one line that the process prints."""
    assert process.stdout is not None
    line = (await within(15, process.stdout.readline())).decode()
    assert "models: one, two" in line
    return str(line.split(": ")[0])
