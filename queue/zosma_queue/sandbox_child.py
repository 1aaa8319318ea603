"""The process in which a sandbox's work is done: `python -m zosma_queue.sandbox_child MEMORY_BYTES CPU_S`.

Reads a line of JSON (`work`, `args`, `sizes`) and so many bytes from standard input, and writes a line (`made` and
`sizes`, or `error`) and its bytes to standard output, until its input ends: with its parent, at the latest.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import warnings
from typing import Any, BinaryIO

from zosma_queue.allocator import give_freed_memory_back

try:
    import resource
except ImportError:  # Windows: the parent's deadline has to do
    resource = None  # type: ignore[assignment]

#: Imports need a few files at once, work none.
FILES_MAX = 32


def main(memory_bytes: int, cpu_s: int) -> None:
    """Does what it is told, piece by piece."""
    # Ctrl-C goes to all processes of a terminal; the parent ends this one when it is time.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    asked, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    limit(memory_bytes)
    give_freed_memory_back()  # it is idle most of the time
    while line := asked.readline():
        head = json.loads(line)
        blobs = [asked.read(size) for size in head["sizes"]]
        limit_time(cpu_s)
        answer(answers, head["work"], head["args"], blobs)
        del blobs


def answer(out: BinaryIO, work: str, args: dict[str, Any], blobs: list[bytes]) -> None:
    """Does one piece of work and writes what came of it."""
    try:
        module, _, name = work.partition(":")
        made, data = getattr(importlib.import_module(module), name)(args, blobs)
        head = {"made": made, "sizes": [len(blob) for blob in data]}
    except Exception as error:
        head, data = {"error": type(error).__name__}, []
    out.write(json.dumps(head).encode() + b"\n")
    for blob in data:
        out.write(blob)
    out.flush()


def limit(memory_bytes: int) -> None:
    """Holds this process to its memory and to a few files, for good; it leaves no core behind."""
    if resource:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES_MAX, FILES_MAX))


def limit_time(cpu_s: int) -> None:
    """Ends this process once it has used so many seconds from now; the kernel kills it, and no decoder can object."""
    if resource:
        used = resource.getrusage(resource.RUSAGE_SELF)
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + cpu_s + 1, hard))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
