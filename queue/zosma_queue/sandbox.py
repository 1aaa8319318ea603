"""Work on strangers' files, in processes that may be killed.

A decoder can't be stopped in a thread, and what it allocates is the process's own. So it runs in a child with limits of
time and memory, which knows no secret and is killed when it takes too long, when nobody waits for it any more, or when
the process ends. Work is a function named as `module:function`, from JSON and bytes to JSON and bytes: nothing that
comes back from a child can be more than data.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from zosma_queue.errors import ZosmaError

#: What a child gets of our environment: where Python finds things, and never a token or an address.
_ENVIRONMENT = (
    "PATH", "PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV", "LANG", "LC_ALL", "LC_CTYPE",
    "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR", "TEMP",
)  # fmt: skip
#: Of what a child says beside the bytes that it made.
HEAD_MAX_BYTES = 4 * 1024 * 1024
#: A child that has done so much makes room for a new one.
JOBS_MAX = 500
#: What reading a child's head raises that a stranger's file has taken over. (`unreadable` would bring Redis along.)
_NO_ANSWER = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)

Answer = tuple[dict[str, Any], list[bytes]]


class SandboxError(ZosmaError):
    """Raised when work took too much time or memory, or broke its process. Its text says which, for logs."""


class WorkFailedError(SandboxError):
    """Raised when the work itself raised something; its process is well."""


@dataclass(frozen=True)
class Limits:
    """Of one piece of work."""

    cpu_s: int = 10
    wall_s: float = 20.0
    """From when a child has begun."""
    memory_bytes: int = 352 * 1024 * 1024
    """Of addresses. The heaviest honest picture, a turned WebP of 4096², needs 310 MB of them."""
    answer_bytes: int = 96 * 1024 * 1024


class _Child:
    """One process; what it reads and writes is described in `sandbox_child`."""

    def __init__(self, limits: Limits) -> None:
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        self._limits = limits
        self.jobs = 0
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "zosma_queue.sandbox_child", str(limits.memory_bytes), str(limits.cpu_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )

    def ask(self, work: str, args: dict[str, Any], blobs: Sequence[bytes]) -> Answer:
        """What the work makes of it. Raises SandboxError, OSError or ValueError, and is of no use any more then."""
        self.jobs += 1
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise TypeError("started without pipes")
        head = json.dumps({"work": work, "args": args, "sizes": [len(blob) for blob in blobs]})
        stdin.write(head.encode() + b"\n")
        for blob in blobs:
            stdin.write(blob)
        stdin.flush()
        line = stdout.readline(HEAD_MAX_BYTES)
        if not line.endswith(b"\n"):
            raise SandboxError("took too much time or memory")
        said = json.loads(line)
        if "error" in said:
            kind = SandboxError if said["error"] == MemoryError.__name__ else WorkFailedError
            raise kind(f"failed: {str(said['error'])[:200]}")
        sizes = [int(size) for size in said["sizes"]]
        if sum(sizes) > self._limits.answer_bytes or min(sizes, default=0) < 0:
            raise SandboxError("made too much")
        made = [stdout.read(size) for size in sizes]
        if [len(blob) for blob in made] != sizes:
            raise SandboxError("took too much time or memory")
        return dict(said["made"]), made

    @property
    def is_alive(self) -> bool:
        """False once it has ended."""
        return self._process.poll() is None

    def kill(self) -> None:
        """Ends it, whatever it does."""
        self._process.kill()

    def close(self) -> None:
        """Ends it and waits for its end."""
        self.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                if pipe:
                    pipe.close()


class _Job:
    """Work that may be given up while it waits or runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self.given_up = False

    def runs_in(self, child: _Child | None) -> None:
        with self._lock:
            self._child = child
            if child and self.given_up:
                child.kill()

    def give_up(self) -> None:
        with self._lock:
            self.given_up = True
            if self._child:
                self._child.kill()


class Sandbox:
    """A few children, started when they are first needed. May be used from any thread and any event loop."""

    def __init__(self, name: str, limits: Limits, *, size: int = 2) -> None:
        self._limits = limits
        self._threads = ThreadPoolExecutor(size, thread_name_prefix=f"sandbox-{name}")
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        self._jobs: set[_Job] = set()
        self._turns: weakref.WeakValueDictionary[tuple[int, str], asyncio.Lock] = weakref.WeakValueDictionary()
        _OPEN.add(self)

    async def run(self, work: str, args: dict[str, Any], blobs: Sequence[bytes] = (), *, who: str = "") -> Answer:
        """What the function `work` (`module:function`) makes of `args` and `blobs`. One at a time for each `who`.

        A caller that is cancelled takes the work along.

        Raises:
          SandboxError: when it takes more than its limits allow, or fails.
        """
        async with self._turn(who):
            job = _Job()
            try:
                return await asyncio.get_running_loop().run_in_executor(
                    self._threads, self._done, job, work, args, blobs
                )
            except asyncio.CancelledError:
                job.give_up()
                raise

    def call(self, work: str, args: dict[str, Any], blobs: Sequence[bytes] = ()) -> Answer:
        """As `run`, for threads: blocks this one."""
        return self._threads.submit(self._done, _Job(), work, args, blobs).result()

    def call_all(
        self, work: str, asked: Sequence[tuple[dict[str, Any], Sequence[bytes]]]
    ) -> list[Answer | SandboxError]:
        """As `call` for each (args, blobs), as many at once as there are children: the answer or error of each."""
        doing = [self._threads.submit(self._done, _Job(), work, args, blobs) for args, blobs in asked]
        answers: list[Answer | SandboxError] = []
        for one in doing:
            try:
                answers.append(one.result())
            except SandboxError as error:
                answers.append(error)
        return answers

    def close(self) -> None:
        """Kills what runs and what is idle. It may be used again afterwards."""
        with self._lock:
            jobs, idle, self._idle = list(self._jobs), self._idle, []
        for job in jobs:
            job.give_up()
        for child in idle:
            child.close()

    @contextlib.asynccontextmanager
    async def _turn(self, who: str) -> AsyncIterator[None]:
        if not who:
            yield
            return
        key = (id(asyncio.get_running_loop()), who)
        lock = self._turns.get(key) or asyncio.Lock()
        self._turns[key] = lock
        async with lock:
            yield

    def _done(self, job: _Job, work: str, args: dict[str, Any], blobs: Sequence[bytes]) -> Answer:
        with self._lock:
            self._jobs.add(job)
        try:
            if job.given_up:
                raise SandboxError("was given up")
            return self._in_child(job, work, args, blobs)
        finally:
            with self._lock:
                self._jobs.discard(job)

    def _in_child(self, job: _Job, work: str, args: dict[str, Any], blobs: Sequence[bytes]) -> Answer:
        child, well = self._taken(), False
        job.runs_in(child)
        deadline = threading.Timer(self._limits.wall_s, child.kill)
        deadline.daemon = True
        deadline.start()
        try:
            answer = child.ask(work, args, blobs)
            well = True
            return answer
        except WorkFailedError:
            well = True
            raise
        except (OSError, *_NO_ANSWER) as error:
            raise SandboxError("broke its process") from error
        finally:
            deadline.cancel()
            job.runs_in(None)
            if well:
                self._given_back(child)
            else:
                child.close()

    def _taken(self) -> _Child:
        with self._lock:
            while self._idle:
                child = self._idle.pop()
                if child.is_alive:  # else its deadline came with its answer
                    return child
        return _Child(self._limits)

    def _given_back(self, child: _Child) -> None:
        if child.jobs >= JOBS_MAX:
            child.close()
            return
        with self._lock:
            self._idle.append(child)


#: All that there are in this process.
_OPEN: weakref.WeakSet[Sandbox] = weakref.WeakSet()


@atexit.register
def close_all() -> None:
    """Kills what runs in any sandbox of this process, and what is idle."""
    for sandbox in list(_OPEN):
        sandbox.close()
