"""What this version leaves in Redis, as a file that later versions must be able to read: `make records`.

Runs bot, worker and the built-in WebUI, has them do one thing of each kind, and writes down every key. With another
version's packages on PYTHONPATH those of that version.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import redis

from zosma_cli.processes import free_port
from zosma_cli.valkey import PrivateValkey

RECORDS = Path(__file__).parent.parent / "tests" / "records"
KEY = "a-key-of-an-operator"
WAIT_S = 60
SMALL = {"width": 64, "height": 64, "steps": 4}
_READ: dict[str, Callable[[Any, bytes], Any]] = {
    "string": lambda client, key: client.get(key),
    "hash": lambda client, key: client.hgetall(key),
    "set": lambda client, key: sorted(client.smembers(key)),
    "zset": lambda client, key: client.zrange(key, 0, -1, withscores=True),
    "list": lambda client, key: client.lrange(key, 0, -1),
    "stream": lambda client, key: client.xrange(key),
}


@contextmanager
def running(folder: str, *arguments: str, **env: str) -> Iterator[None]:
    """A command of ours, for as long as the block runs."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ZOSMA_", "REDIS_", "SD_"))}
    process = subprocess.Popen([sys.executable, "-m", "zosma_cli", *arguments], cwd=folder, env=clean | env)
    try:
        yield
    finally:
        process.terminate()
        process.wait(WAIT_S)


def until(look: Callable[[], Any]) -> Any:
    """The first answer that is true."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        try:
            if found := look():
                return found
        except httpx2.TransportError:
            pass
        time.sleep(0.1)
    raise SystemExit("nothing happened for a minute")


def live(http: httpx2.Client, webui: str) -> dict[str, str]:
    """One thing of each kind; what each job is → its id."""

    def ask(method: str, path: str, **body: Any) -> Any:
        answer = http.request(method, path, json=body or None)
        if answer.is_error:
            raise SystemExit(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None

    def submit(**fields: Any) -> str:
        return str(ask("POST", "/api/v1/jobs", **SMALL, **fields)["id"])

    def state(job: str) -> str:
        return str(ask("GET", f"/api/v1/jobs/{job}")["state"])

    def until_it_is(job: str, *states: str) -> None:
        until(lambda: state(job) in states)

    def fail() -> None:
        httpx2.post(f"{webui}/zosma/faults", json={"fault": "oom", "times": 1}).raise_for_status()

    until(lambda: "ready" in http.get("/api/v1/workers").text)
    done = submit(prompt="done", negative_prompt="rain", seed=7, sampler="Euler a", scheduler="Karras")
    until_it_is(done, "done")
    picture = base64.b64encode(http.get(f"/api/v1/jobs/{done}/images/0").content).decode()
    fail()
    failed = submit(prompt="failed")
    until_it_is(failed, "delayed", "waiting")
    fail()
    until_it_is(failed, "failed")
    ask("PUT", "/api/v1/admin/limits/default", waiting=50, running=3, daily_gpu_s=3600)
    ask("PUT", "/api/v1/admin/limits/role:123", weight=3, lane="relax")
    ask("PUT", "/api/v1/admin/rules", blocked=["gore*"], side=1024)
    ask("POST", "/api/v1/admin/keys", name="website", scopes=["submit"], limits={"weight": 2})
    ask("POST", "/api/v1/admin/pause", scope="checkpoint:anime", why="for the records")
    ask("POST", "/api/v1/admin/pause", scope="queue", why="for the records")
    cancelled = submit(prompt="cancelled")
    ask("DELETE", f"/api/v1/jobs/{cancelled}")
    return {
        "done": done,
        "failed": failed,
        "cancelled": cancelled,
        "waiting": submit(prompt="waiting", count=2, seed=11, cfg_scale=6.5, hires={"scale": 2}),
        "from-a-picture": submit(prompt="waiting", img2img={"image": picture, "denoising_strength": 0.4}),
        "delayed": submit(prompt="delayed", delay_s=20 * 86_400, webhook={"url": "https://example.org/hook"}),
    }


def text(value: Any) -> Any:
    """What JSON can hold: bytes as text, or where they are none as base64."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {key.decode(): text(one) for key, one in value.items()}
    return [text(one) for one in value] if isinstance(value, list | tuple) else value


def main() -> None:
    """Writes the file."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as parts:
        valkey = parts.enter_context(PrivateValkey(Path(folder) / "valkey", durable=False))
        webui, port = f"http://127.0.0.1:{free_port()}", free_port()
        parts.enter_context(running(folder, "webui", "--port", webui.rpartition(":")[2], "--load-seconds", "0"))
        keys = {"ZOSMA_API_KEYS": f"me:{KEY}", "ZOSMA_ADMINS": "me"}
        parts.enter_context(running(folder, "bot", REDIS_URL=valkey.url, ZOSMA_PORT=str(port), **keys))
        with running(folder, "worker", "--webui", webui, REDIS_URL=valkey.url):
            headers = {"Authorization": f"Bearer {KEY}"}
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as http:
                jobs = live(http, webui)
                about = http.get("/healthz").json()["version"]
                with redis.Redis.from_url(valkey.url) as client:
                    records = {
                        key.decode(): {"type": kind, "value": text(_READ[kind](client, key))}
                        for key in sorted(client.scan_iter(count=1000))
                        if (kind := client.type(key).decode())
                    }
    told = {"version": about, "jobs": jobs, "records": records}
    (RECORDS / f"{about}.json").write_text(
        json.dumps(told, indent=1, ensure_ascii=False, sort_keys=True) + "\n", "utf-8"
    )


if __name__ == "__main__":
    main()
