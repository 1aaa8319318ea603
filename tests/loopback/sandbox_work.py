"""Work for a sandbox that misbehaves in one way each."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from zosma_queue.sandbox import Answer


def turned(args: dict[str, Any], blobs: list[bytes]) -> Answer:
    """Behaves."""
    print("a library says hello")  # noqa: T201 - that is what it does
    return {"said": args["say"], "pid": os.getpid(), "env": sorted(os.environ)}, [blob[::-1] for blob in blobs]


def spins(_: dict[str, Any], __: list[bytes]) -> Answer:
    """Never ends, and doesn't let go of the interpreter either."""
    return {"sum": sum(range(10**14))}, []


def sleeps(_: dict[str, Any], __: list[bytes]) -> Answer:
    """Never ends, and uses no time of the processor."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(3600)
    return {}, []


def grows(_: dict[str, Any], __: list[bytes]) -> Answer:
    """Takes a gigabyte."""
    return {"size": len(bytearray(1 << 30))}, []


def dies(_: dict[str, Any], __: list[bytes]) -> Answer:
    """Is killed by something else."""
    os.kill(os.getpid(), signal.SIGKILL)
    return {}, []


def raises(_: dict[str, Any], __: list[bytes]) -> Answer:
    """Fails."""
    raise RuntimeError("with a member's words")


def shouts(_: dict[str, Any], __: list[bytes]) -> Answer:
    """Makes more than anybody asked for."""
    return {}, [bytes(64 << 20)]


def holds(args: dict[str, Any], _: list[bytes]) -> Answer:
    """Notes in a file when it begins and when it ends."""
    with open(args["path"], "a") as file:
        file.write("(")
    time.sleep(0.05)
    with open(args["path"], "a") as file:
        file.write(")")
    return {}, []
