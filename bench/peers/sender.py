"""Sends jobs of one system and measures. Each line of standard input asks for one thing, a line of JSON answers it."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from typing import Any

import redis.asyncio
from systems import System, made

PAUSE_S = 0.03
WAIT_S = 30


class Sender:
    """One system's side of the measure."""

    def __init__(self, system: System, notes: Any) -> None:
        self._system = system
        self._notes = notes
        self._numbers = itertools.count(1)
        self._began_at = time.perf_counter()

    async def _began(self, number: int) -> tuple[float, int]:
        while True:
            found = await self._notes.blpop(["bench:ran"], timeout=WAIT_S)
            if found is None:
                raise TimeoutError("the job did not begin")
            told, began, pid = found[1].decode().split()
            if int(told) == number:
                return float(began), int(pid)

    async def ready(self, most_s: float) -> dict[str, Any]:
        """Returns once a job was done."""
        async with asyncio.timeout(most_s):
            while True:
                number = next(self._numbers)
                try:
                    await self._system.send(number)
                    await self._began(number)
                    return {}
                except Exception:  # a system that wants a worker before it takes a job
                    if time.perf_counter() > self._began_at + most_s:
                        raise
                    await asyncio.sleep(0.1)

    async def dispatch(self, count: int) -> dict[str, Any]:
        """Seconds from the call of send to the job's first line, and to its result, of jobs into an idle system."""
        begun, ended = [], []
        for _ in range(count):
            number = next(self._numbers)
            sent = time.perf_counter()
            handle = await self._system.send(number)
            await self._system.result(handle)
            ended.append(time.perf_counter() - sent)
            began, _ = await self._began(number)
            begun.append(began - sent)
            await asyncio.sleep(PAUSE_S)
        return {"dispatch": begun, "result": ended}

    async def submit(self, count: int) -> dict[str, Any]:
        """Jobs a second that this process sends, one after the other."""
        began = time.perf_counter()
        for _ in range(count):
            await self._system.send(next(self._numbers))
        return {"rate": count / (time.perf_counter() - began)}

    async def drained(self, count: int) -> dict[str, Any]:
        """Jobs a second that began, of what was sent before; the middle four fifths of them."""
        times: list[float] = []
        while len(times) < count:
            found = await self._notes.blpop(["bench:ran"], timeout=WAIT_S)
            if found is None:
                return {"lost": count - len(times)}
            times.append(float(found[1].split()[1]))
        times.sort()
        first, last = count // 10, count * 9 // 10
        return {"rate": (last - first) / (times[last] - times[first])}

    async def hang(self, seconds: float) -> dict[str, Any]:
        """Sends a job that takes so long; the process that has it."""
        number = next(self._numbers)
        await self._system.send(number, seconds)
        self._hanging = number
        _, pid = await self._began(number)
        return {"pid": pid}

    async def again(self, most_s: float) -> dict[str, Any]:
        """Whether the same job begins once more within so long."""
        try:
            async with asyncio.timeout(most_s):
                began, _ = await self._began(self._hanging)
        except TimeoutError:
            return {"began": None}
        return {"began": began}


async def main(name: str) -> None:
    """Answers until its input ends."""
    system = made(name)
    await system.open()
    sender = Sender(system, redis.asyncio.Redis.from_url(system.url, socket_timeout=None))
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        asked = json.loads(line)
        try:
            told = await getattr(sender, asked.pop("do"))(**asked)
        except Exception as error:
            told = {"error": f"{type(error).__name__}: {error}"[:200]}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
