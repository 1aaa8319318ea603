"""Work on strangers' files is done in processes that are killed when they take too much."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

import pytest

from zosma_queue.sandbox import Limits, Sandbox, SandboxError, WorkFailedError

WORK = "loopback.sandbox_work:"


@pytest.fixture
def sandbox(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", ":".join(sys.path))
    monkeypatch.setenv("DISCORD_TOKEN", "secret")
    box = Sandbox("test", Limits(cpu_s=2, wall_s=5.0, memory_bytes=256 << 20, answer_bytes=32 << 20))
    yield box
    box.close()


async def pid_of(sandbox):
    made, _ = await sandbox.run(f"{WORK}turned", {"say": ""}, [])
    return made["pid"]


async def test_json_and_bytes_go_in_and_come_out(sandbox):
    made, blobs = await sandbox.run(f"{WORK}turned", {"say": "ö\n"}, [b"abc", b"", b"\n"])
    assert (made["said"], blobs) == ("ö\n", [b"cba", b"", b"\n"])


async def test_it_knows_no_secret(sandbox):
    made, _ = await sandbox.run(f"{WORK}turned", {"say": ""}, [])
    assert "DISCORD_TOKEN" not in made["env"]


async def test_one_process_does_one_piece_of_work_after_the_other(sandbox):
    assert await pid_of(sandbox) == await pid_of(sandbox)


@pytest.mark.parametrize("work", ["spins", "sleeps", "grows", "dies", "raises", "shouts", "unknown"])
async def test_what_takes_too_much_or_breaks_is_one_error_and_the_next_is_well(sandbox, work):
    began = time.monotonic()
    with pytest.raises(SandboxError) as error:
        await sandbox.run(f"{WORK}{work}", {}, [])
    assert time.monotonic() - began < 15
    assert "member" not in str(error.value)
    assert (await sandbox.run(f"{WORK}turned", {"say": "well"}, []))[0]["said"] == "well"


async def test_work_that_fails_costs_no_process(sandbox):
    pid = await pid_of(sandbox)
    with pytest.raises(WorkFailedError):
        await sandbox.run(f"{WORK}raises", {}, [])
    assert await pid_of(sandbox) == pid


async def test_the_loop_goes_on_meanwhile(sandbox):
    work = asyncio.create_task(sandbox.run(f"{WORK}spins", {}, []))
    busiest, turns = 0.0, 0
    while not work.done():
        began = time.thread_time()  # of a loaded machine's clock the others take their share
        await asyncio.sleep(0.01)
        busiest, turns = max(busiest, time.thread_time() - began), turns + 1
    assert busiest < 0.25
    assert turns > 10
    with pytest.raises(SandboxError):
        await work


async def test_nobody_waits_for_what_is_given_up(sandbox):
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await sandbox.run(f"{WORK}sleeps", {}, [], who="ann")
    await pid_of(sandbox)
    assert time.monotonic() - began < 4


async def test_one_at_a_time_for_each_person(sandbox, tmp_path):
    path = tmp_path / "marks"
    work = [sandbox.run(f"{WORK}holds", {"path": str(path)}, [], who="ann") for _ in range(4)]
    await asyncio.gather(*work)
    assert path.read_text() == "()()()()"


async def test_others_go_beside_them(sandbox):
    hostile = [asyncio.create_task(sandbox.run(f"{WORK}sleeps", {}, [], who="ann")) for _ in range(6)]
    began = time.monotonic()
    await sandbox.run(f"{WORK}turned", {"say": ""}, [], who="bob")
    assert time.monotonic() - began < 4
    sandbox.close()
    for task in hostile:
        task.cancel()
    await asyncio.gather(*hostile, return_exceptions=True)


def test_closing_ends_what_runs(sandbox):
    program = (
        "import threading, time\n"
        "from zosma_queue.sandbox import Limits, Sandbox\n"
        "box = Sandbox('x', Limits())\n"
        f"threading.Thread(target=box.call, args=('{WORK}sleeps', {{}}), daemon=True).start()\n"
        "time.sleep(1.0)\n"
        "box.close()\n"
    )
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30, capture_output=True)
    assert time.monotonic() - began < 10
