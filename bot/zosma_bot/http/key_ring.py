"""Which API keys count here: those in the process's environment, and those in Redis as they were a second ago.

Where there is no key at all, everybody who reaches loopback may do everything. The first key ends that at once, without
a restart; that the last one is gone doesn't bring it back, only `zosma keys forget-all` does.
"""

from __future__ import annotations

import asyncio
import http
import logging
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from aiohttp import web

from zosma_bot.http.problems import Problem
from zosma_bot.http.wicket import Wicket
from zosma_bot.key_admin import scopes_of_environment
from zosma_bot.settings import BotSettings
from zosma_queue.api_keys import EVERYTHING, USED_WITHIN_MS, ApiKey, ApiKeys, KeyScope, KnownKeys, digest_of
from zosma_queue.client import Sender
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.hourly import Hourly
from zosma_queue.tasks import end

log = logging.getLogger(__name__)

#: A key that is taken away stops within this time, also one by whose right an answer is under way.
KEYS_AGE_S = 1.0
#: Characters of a digest by which a session or an open answer names its key.
ID_CHARS = 32


@dataclass(frozen=True, kw_only=True)
class Caller(Sender):
    """Who calls, and what they may do."""

    name: str
    """The key's; `local` where no key is asked for."""
    scopes: frozenset[KeyScope]
    key_id: str = ""
    """Names the key without being it, for `KeyRing.caller`; '' where no key is asked for."""

    @property
    def is_admin(self) -> bool:
        """True for those who may see and steer everything."""
        return KeyScope.ADMIN in self.scopes

    def may(self, scope: KeyScope) -> bool:
        """True when the scope is among theirs; an admin has all."""
        return self.is_admin or scope in self.scopes


#: Everybody, where there are no keys: then only this machine can call.
LOCAL = Caller(owner="http:local", group="http:local", name="local", scopes=EVERYTHING)


@dataclass(eq=False)
class _Open:
    """An answer that is under way by right of a key."""

    caller: Caller
    task: asyncio.Task[object]
    revoked: bool = False


class KeyRing:
    """The keys that are taken. Run `beside` the application."""

    def __init__(
        self,
        stored: ApiKeys,
        environment: Mapping[str, str],
        admins: Collection[str] = (),
        *,
        only_loopback: bool = True,
        wicket: Wicket | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`environment` maps key → name, `admins` are names in it; `only_loopback`: no other machine gets here."""
        self._stored = stored
        self._only_loopback = only_loopback
        self._wicket = wicket or Wicket()
        self._clock = clock
        self.environment = scopes_of_environment(environment.values(), admins)
        """Name → scopes, for the keys that the environment gives."""
        self._environment = {
            digest_of(key): _caller(name, self.environment[name], digest_of(key)) for key, name in environment.items()
        }
        self._digests: dict[str, ApiKey] = {}
        self._ids = _ids(self._environment)
        self._known: KnownKeys | None = None
        self._read_at = self._tried_at = float("-inf")
        self._why_not: QueueUnavailableError | None = None
        self._reading = asyncio.Lock()
        self._seen = False
        self._used: dict[str, int] = {}
        self._open: set[_Open] = set()

    # -- whether ------------------------------------------------------------------------------------------------

    @property
    def required(self) -> bool:
        """True when callers need a key. Also while nobody knows yet: then nothing is answered."""
        return bool(self._environment) or not self._only_loopback or self._seen or self._known is None

    @property
    def may_open(self) -> bool:
        """True where no key need be asked for, because no other machine gets here."""
        return self._only_loopback and not self._environment

    def opened(self) -> None:
        """An admin has forgotten all keys: from now on none is asked for, where that may be."""
        self._seen = False

    # -- who ----------------------------------------------------------------------------------------------------

    async def authenticate(self, key: str, *, name: str | None = None, remote: str | None = None) -> Caller:
        """Whose key it is; with `name`, only that person's. `remote` is the address that it came from.

        Raises:
          Problem: 401 for a wrong key, told after a pause where many came from; 429 when too many wait for that.
          QueueUnavailableError: when nobody can say, because Redis has not answered since the start.
        """
        await self.refresh()
        found = await self._wicket.judge(remote, (name, key), self._holder)
        if found is None:
            self._check_read()
            raise self._wrong()
        await self._note_used(found)
        return found

    async def caller(self, key_id: str) -> Caller | None:
        """Who holds the key with this `Caller.key_id`; None once it is revoked or over.

        Raises:
          QueueUnavailableError: when nobody can say, because Redis has not answered since the start.
        """
        await self.refresh()
        found = self._by_id(key_id)
        if found is None:
            self._check_read()
        return found

    def _wrong(self) -> Problem:
        if not self._environment and self._known is not None and not self._known.keys:
            return Problem(
                http.HTTPStatus.UNAUTHORIZED, "HTTPException",
                "there is no key yet: make one with `zosma keys create NAME --scope admin --redis` where the bot runs",
            )  # fmt: skip
        return Problem(http.HTTPStatus.UNAUTHORIZED, "HTTPException", "Incorrect username or password")

    def _holder(self, given: tuple[str | None, str]) -> Caller | None:
        """Whose key was given. It is found by its hash: no time that this takes tells anything of a key."""
        name, key = given
        found = self._by_digest(digest_of(key))
        return found if found and name in (None, found.name) else None

    def _by_digest(self, digest: str) -> Caller | None:
        one = self._digests.get(digest)
        if one and one.grants(digest, self._now_ms()):
            return _caller(one.name, one.scopes, digest)
        return self._environment.get(digest)

    def _by_id(self, key_id: str) -> Caller | None:
        return self._by_digest(self._ids.get(key_id, ""))

    def _now_ms(self) -> int:
        """Redis's clock, as far as it is known."""
        return self._known.now_ms + int((self._clock() - self._read_at) * 1000) if self._known else 0

    async def _note_used(self, caller: Caller) -> None:
        now_ms = self._now_ms()
        if self._known is not None and now_ms - self._used.get(caller.name, 0) >= USED_WITHIN_MS:
            self._used[caller.name] = now_ms
            with suppress(QueueUnavailableError):
                await self._stored.note_used(caller.name, now_ms)

    # -- as they are now ----------------------------------------------------------------------------------------

    async def refresh(self, *, at_once: bool = False) -> None:
        """Reads the keys, unless that was within a second; ends answers to whom may no longer have them.

        While Redis is away the keys are those that it told last.

        Raises:
          QueueUnavailableError: when it hasn't told any since the start, and the environment has none either.
        """
        if at_once or not (self._is_fresh() or (self._known and self._reading.locked())):
            async with self._reading:
                if at_once or not self._is_fresh():
                    await self._read()
        if not self._environment:
            self._check_read()

    def _is_fresh(self) -> bool:
        return self._clock() - self._tried_at < KEYS_AGE_S

    def _check_read(self) -> None:
        """Raises what Redis said, when it hasn't told the keys since the start."""
        if self._known is None and self._why_not:
            raise self._why_not.with_traceback(None)

    async def _read(self) -> None:
        try:
            known = await self._stored.known()
        except QueueUnavailableError as error:
            self._why_not = error
            self._tried_at = self._clock()
            return
        if known.are_there and not self.required:
            log.warning("there are API keys now: from here on every caller needs one")
        self._known, self._seen = known, self._seen or known.are_there
        self._digests = {digest: one for one in known.keys.values() for digest in one.digests}
        self._ids = _ids((*self._environment, *self._digests))
        self._read_at = self._tried_at = self._clock()
        for one in list(self._open):
            # Who takes their own key away, or makes the first, is told that it worked.
            if self._has_lost(one.caller) and one.task is not asyncio.current_task():
                one.revoked = True
                one.task.cancel()

    def _has_lost(self, caller: Caller) -> bool:
        """True when a caller may not do now what they might when their answer began."""
        if not caller.key_id:
            return self.required
        now = self._by_id(caller.key_id)
        return now is None or not caller.scopes <= now.scopes

    @contextmanager
    def answering(self, caller: Caller) -> Iterator[None]:
        """Breaks off what runs inside when the caller's key is taken away or loses a scope, or one is needed now.

        Raises:
          Problem: 401 when that happened.
        """
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("answers are given by a task")
        entry = _Open(caller, task)
        self._open.add(entry)
        try:
            yield
        except asyncio.CancelledError:
            if not entry.revoked or task.uncancel():
                raise
            raise Problem(http.HTTPStatus.UNAUTHORIZED, "HTTPException", "your key was taken away meanwhile") from None
        finally:
            self._open.discard(entry)

    def let_finish(self) -> None:
        """The answer under way is given whatever becomes of its caller's key: it is what changes that."""
        task = asyncio.current_task()
        self._open = {one for one in self._open if one.task is not task}

    def beside(self) -> Callable[[web.Application], AsyncIterator[None]]:
        """For `cleanup_ctx`: reads the keys once a second, also while nobody asks."""

        async def run(_: web.Application) -> AsyncIterator[None]:
            with suppress(QueueUnavailableError):
                await self.refresh()
            reading = asyncio.create_task(self._run())
            yield
            await end(reading)

        return run

    async def _run(self) -> None:
        said = Hourly()
        while True:
            await asyncio.sleep(KEYS_AGE_S)
            try:
                await self.refresh()
            except QueueUnavailableError:
                continue
            except Exception as error:
                if said.due(f"{type(error).__name__}: {error}"):
                    log.exception("API keys: can't be read")


def _ids(digests: Iterable[str]) -> dict[str, str]:
    return {digest[:ID_CHARS]: digest for digest in digests}


def sender_named(name: str) -> Sender:
    """Who the jobs of a key's holder are charged to."""
    return Sender(owner=f"key:{name}", group=f"key:{name}")


def _caller(name: str, scopes: Collection[KeyScope], digest: str) -> Caller:
    sender = sender_named(name)
    return Caller(owner=sender.owner, group=sender.group, name=name, scopes=frozenset(scopes), key_id=digest[:ID_CHARS])


async def say_if_nobody_may_call(stored: ApiKeys, settings: BotSettings) -> None:
    """One warning when other machines reach the server and there is no key yet: until there is one it answers 401.

    Discord needs none of it, so the process runs all the same.
    """
    if settings.only_loopback or settings.api_keys:
        return
    with suppress(QueueUnavailableError):
        if not (await stored.known()).keys:
            log.warning(
                "ZOSMA_HOST=%s: other machines reach the HTTP API, and nobody has a key, so all it answers is 401. Make"
                " one with `zosma keys create NAME --scope admin --redis` (in a container: docker exec -it … zosma …),"
                " or set ZOSMA_API_KEYS",
                settings.host,
            )
