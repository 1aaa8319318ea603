"""`make chaos`: orders come in, everything is killed again and again, and a ledger says what became of each order.

    PYTHONPATH=tests uv run python -m chaos --seconds 300 --every 3 --seed 7

Prints the table of docs/reliability.md, and ends with 1 when an order was lost, doubled, or shown under another's
words, or when something was left behind. The seed decides which blows fall when; what they hit depends on the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import aiohttp
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from chaos.faults import BUCKET_FAULTS, FAULTS, Blow, plan
from chaos.ledger import Ledger, Order, left_behind, left_in_bucket, picture_says
from chaos.system import System
from loopback.discord.state import Member

MEMBERS = 8
#: Orders a second, of members and of programs.
BY_MEMBERS, BY_PROGRAMS, BLOCKING = 0.8, 0.4, 0.2
QUIET_S = 120.0
#: A program that is not answered asks again, under the same Idempotency-Key, for this long.
PATIENCE_S = 90.0
AGAIN_S = 0.5
#: Of each part's log, when something is wrong.
LINES_SHOWN = 60
#: How Redis is asked in between: it may be down or standing still.
ONCE = {"socket_timeout": 0.2, "socket_connect_timeout": 0.2, "retry": Retry(NoBackoff(), 0)}


class Run:
    """One killing spree."""

    def __init__(self, system: System, seed: int) -> None:
        self.ledger = Ledger()
        self._system = system
        self._dice = random.Random(seed + 1)
        self._began = time.time()
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._number = 0
        self._in_flight = 0
        self._orders: set[asyncio.Task[None]] = set()

    async def go(self, blows: list[Blow], seconds: float) -> None:
        """Orders and strikes for that long, then waits until all is quiet."""
        async with asyncio.TaskGroup() as group:
            striking = [group.create_task(self._strike(blow)) for blow in blows]
            members = [self._system.discord.add_member(f"m{number}") for number in range(MEMBERS)]
            ordering = [
                group.create_task(self._order(rate, kind, members))
                for rate, kind in ((BY_MEMBERS, "discord"), (BY_PROGRAMS, "job"), (BLOCKING, "txt2img"))
            ]
            await asyncio.sleep(seconds)
            for task in ordering:
                task.cancel()
            await asyncio.wait(striking) if striking else None
        await asyncio.gather(*self._orders)
        await self._until_quiet()
        await self._close()

    # -- orders -------------------------------------------------------------------------------------------------

    async def _order(self, rate: float, kind: str, members: list[Member]) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            while True:
                await asyncio.sleep(self._dice.expovariate(rate))
                self._number += 1
                order = Order(f"order {self._number:05d} by {kind}", time.time())
                self.ledger.orders.append(order)
                if kind == "discord":
                    await self._by_member(order, self._dice.choice(members))
                else:
                    self._orders.add(asyncio.create_task(self._by_program(order, kind)))

    async def _by_member(self, order: Order, member: Member) -> None:
        order.handle = await self._system.discord.slash(
            member, "imagine", {"prompt": order.prompt, "width": 64, "height": 64, "steps": 1}
        )

    async def _by_program(self, order: Order, kind: str) -> None:
        body = {"prompt": order.prompt, "width": 64, "height": 64, "steps": 1}
        path = "/api/v1/jobs" if kind == "job" else "/sdapi/v1/txt2img"
        order.refused = "nobody answered"
        deadline = time.monotonic() + PATIENCE_S
        async with aiohttp.ClientSession() as session:
            while order.refused and time.monotonic() < deadline:
                try:
                    async with session.post(
                        f"{self._system.url}{path}", json=body, headers={"Idempotency-Key": order.prompt},
                        timeout=aiohttp.ClientTimeout(total=PATIENCE_S),
                    ) as answer:  # fmt: skip
                        told = await answer.json()
                        if answer.status < 300:
                            order.refused = None
                            self._taken(order, told)
                            return
                        order.refused = f"{answer.status}: {told}"
                except (aiohttp.ClientError, TimeoutError, OSError) as error:
                    order.refused = type(error).__name__
                await asyncio.sleep(AGAIN_S)

    def _taken(self, order: Order, told: dict[str, object]) -> None:
        if "images" in told:
            for image in told["images"]:  # type: ignore[attr-defined]
                if picture_says(image) == order.prompt:
                    order.posts += 1
                else:
                    self.ledger.foreign.append(order.prompt)
            order.ended = "picture"
        else:
            order.job_id = str(told["id"])

    # -- blows --------------------------------------------------------------------------------------------------

    async def _strike(self, blow: Blow) -> None:
        await asyncio.sleep(blow.at_s)
        fault = {**FAULTS, **BUCKET_FAULTS}[blow.fault]
        target = f"{fault.target} {blow.which % 3}" if fault.target in ("worker", "webui") else fault.target
        async with self._locks[target]:
            self.ledger.note(blow.fault, time.time(), self._open())
            try:
                await fault.strike(self._system, blow)
            except Exception as error:
                raise RuntimeError(f"{blow} could not be struck") from error

    def _open(self) -> int:
        """Jobs that wait, back off or run; as many as before while Redis can't say."""
        with contextlib.suppress(redis.RedisError), redis.Redis.from_url(self._system.valkey.url, **ONCE) as raw:
            pipe = raw.pipeline()
            for name in ("waiting", "delayed", "leases"):
                pipe.zcard(f"{{zosma}}:{name}")
            self._in_flight = sum(pipe.execute())
        return self._in_flight

    # -- the end ------------------------------------------------------------------------------------------------

    async def _until_quiet(self) -> None:
        """Waits until each order has its end and nothing is open in Redis, or QUIET_S have passed."""
        deadline = time.monotonic() + QUIET_S
        async with aiohttp.ClientSession() as session:
            while time.monotonic() < deadline:
                await asyncio.sleep(1.0)
                self.ledger.read(self._system.discord.messages(self._system.discord.channel))
                for order in self.ledger.lost:
                    if order.job_id:
                        await self._look(session, order)
                if not self.ledger.lost and not left_behind(self._system.valkey.url):
                    return

    async def _look(self, session: aiohttp.ClientSession, order: Order) -> None:
        try:
            async with session.get(f"{self._system.url}/api/v1/jobs/{order.job_id}") as answer:
                job = await answer.json()
            if job.get("state") == "done":
                async with session.get(f"{self._system.url}/api/v1/jobs/{order.job_id}/images/0") as answer:
                    same = picture_says(await answer.read()) == order.prompt
                order.posts, order.ended = 1, "picture"
                if not same:
                    self.ledger.foreign.append(order.prompt)
            elif job.get("state") in ("failed", "cancelled"):
                order.ended = str(job.get("error"))
        except (aiohttp.ClientError, TimeoutError, OSError):
            return

    async def _close(self) -> None:
        self.ledger.left = left_behind(self._system.valkey.url)
        if self._system.bucket:
            objects = await self._system.bucket.objects()
            self.ledger.objects = len(objects)
            self.ledger.left += left_in_bucket(self._system.valkey.url, objects)
            if not objects:
                self.ledger.left.append("no picture at all in the bucket")
        self.ledger.measure_recovery(self._system.discord.messages(self._system.discord.channel))


async def _main(options: argparse.Namespace) -> int:
    folder = Path(options.logs or tempfile.mkdtemp(prefix="zosma-chaos-"))
    faults = {**FAULTS, **BUCKET_FAULTS} if options.bucket else FAULTS
    blows = plan(options.seed, options.seconds, options.every, faults)
    print(f"seed {options.seed}, {len(blows)} blows in {options.seconds:g} s; logs in {folder}", file=sys.stderr)
    async with System(folder, with_bucket=options.bucket) as system:
        run = Run(system, options.seed)
        await run.go(blows, options.seconds)
        violations = system.discord.violations
    print(run.ledger.table())
    for words in run.ledger.named_errors():
        print(f"named error: {words}", file=sys.stderr)
    for words in run.ledger.complaints():
        print(words, file=sys.stderr)
    for violation in violations[:10]:
        print(f"Discord would not have taken: {violation}", file=sys.stderr)
    if not run.ledger.complaints() and not violations:
        return 0
    await asyncio.to_thread(_show_logs, folder)
    return 1


def _show_logs(folder: Path) -> None:
    """The ends of all that the parts have said."""
    for path in sorted(folder.glob("*.log")):
        lines = path.read_text("utf-8", "replace").splitlines()[-LINES_SHOWN:]
        print(f"--- the end of {path.name}", *lines, sep="\n", file=sys.stderr)


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--every", type=float, default=3.0, help="seconds between two blows, on the average")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--bucket", action="store_true", help="pictures lie in a bucket, which is struck as well")
    parser.add_argument("--logs", help="folder for what the parts say and Redis keeps")
    sys.exit(asyncio.run(_main(parser.parse_args())))


if __name__ == "__main__":
    main()
