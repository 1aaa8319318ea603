"""How long a killed worker's job is nobody's: from `kill -9` until it waits again, swept by a worker and by a bot.

uv run python bench/killed.py [times]
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from figures import note
from idle import start
from zosma_cli.valkey import PrivateValkey
from zosma_queue.client import Queue, Sender
from zosma_queue.job import Job, State
from zosma_queue.request import parse_request

WEBUI = "127.0.0.1:47863"


async def until(queue: Queue, job_id: str, state: State) -> Job:
    """The job once it is in this state."""
    async with asyncio.timeout(60):
        while (job := await queue.job(job_id)) is None or job.state is not state:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return job


async def once(queue: Queue, env: dict[str, str]) -> float:
    """Seconds until the job of a worker that was killed waits again."""
    worker = start(env, "worker")
    try:
        async with asyncio.timeout(60):
            while not (await queue.catalogue()).ready:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        request = parse_request({"prompt": "a lake", "steps": 150, "width": 2048, "height": 2048})
        job_id = await queue.submit(request, Sender(owner="bench", group="bench"))
        await until(queue, job_id, State.RUNNING)
        await asyncio.sleep(1.2)
        worker.kill()
        began = time.monotonic()
        await until(queue, job_id, State.WAITING)
        took = time.monotonic() - began
        await queue.cancel(job_id)
        return took
    finally:
        worker.kill()
        worker.wait()


async def measure(url: str, times: int) -> None:
    """Prints a line with a bot, and one where only workers are there to sweep."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("ZOSMA", "SD_", "REDIS", "DISC"))}
    env |= {"REDIS_URL": url, "ZOSMA_PORT": "0", "SD_API_HOST": f"http://{WEBUI}", "ZOSMA_BENCHMARK": "false"}
    webui = start(env, "webui", "--port", WEBUI.rpartition(":")[2])
    other = start({**env, "SD_API_HOST": "http://127.0.0.1:9"}, "worker")  # it has no WebUI, and can sweep
    processes: list[subprocess.Popen[bytes]] = [webui, other]
    try:
        async with Queue(url) as queue:
            for name in ("one worker that is left", "a bot"):
                if name == "a bot":
                    processes.append(start(env, "bot"))
                    await asyncio.sleep(8)
                took = sorted([await once(queue, env) for _ in range(times)])
                print(
                    f"swept by {name}: {took[0]:.2f} to {took[-1]:.2f} s, median {took[len(took) // 2]:.2f} s",
                    flush=True,
                )
                note(f"killed, swept by {name}: worst, s", took[-1])
    finally:
        for process in processes:
            process.kill()
            process.wait()


def main() -> None:
    """Kills so often."""
    times = int((sys.argv[1:] or ["5"])[0])
    with tempfile.TemporaryDirectory() as folder, PrivateValkey(Path(folder), durable=False) as server:
        asyncio.run(measure(server.url, times))


if __name__ == "__main__":
    main()
