"""The client for asyncio. `sync.py` is the same without `await`; what both share does no I/O."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import aclosing, suppress
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, Unpack

import httpx2

from zosma import calls
from zosma.calls import Answer, Call
from zosma.connection import Connection
from zosma.errors import NotFoundError, UnreachableError, ZosmaError, check_done, problem_of
from zosma.feed import Event, Feed, Views
from zosma.fields import RequestFields
from zosma.models import Catalogue, Estimate, JobFailure, JobView, Queue, Result, State, Update, Worker
from zosma.patience import Patience
from zosma.pictures import Picture

T = TypeVar("T")


class AsyncClient:
    """Calls one server. Close it with `async with`, or `aclose`."""

    def __init__(
        self,
        server: str | None = None,
        *,
        key: str | None = None,
        timeout_s: float = 60.0,
        retry_for_s: float = 60.0,
        verify: ssl.SSLContext | bool = True,
        proxy: str | None = None,
    ) -> None:
        """A client for `server`, like `http://127.0.0.1:1324`; left out: `ZOSMA_SERVER`, else that.

        Args:
          server: the server's address.
          key: the API key; left out: `ZOSMA_API_KEY`, else none is sent.
          timeout_s: seconds for which each single answer is waited for.
          retry_for_s: seconds for which a call is tried again, and a broken event stream taken up again, while the
            server is away; not where it has never answered. 0: not at all.
          verify: the certificates that are trusted, for https; True: the system's.
          proxy: a proxy's address. Those of the environment are not used.

        Raises:
          ValueError: when the address is none, or the key can be none.
        """
        self._reached = False
        self._connection = Connection.to(
            server, key, timeout_s=timeout_s, retry_for_s=retry_for_s, verify=verify, proxy=proxy
        )
        self._http = httpx2.AsyncClient(**self._connection.options)

    @property
    def server(self) -> str:
        """The server's address."""
        return self._connection.server

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes its lines."""
        await self._http.aclose()

    def __repr__(self) -> str:
        return f"<AsyncClient of {self.server}>"

    # -- jobs ---------------------------------------------------------------------------------------------------

    async def submit(
        self, prompt: str = "", *, idempotency_key: str | None = None, **fields: Unpack[RequestFields]
    ) -> AsyncJob:
        """Asks for pictures, like `await zosma.submit("a cat", width=768)`. Upscales need no prompt.

        An answer that is lost on the way makes no second job: each call has a key of its own by which the server knows
        it again. Give an `idempotency_key` to have that also where your program is started anew in between.

        Raises:
          RefusedError: when a field is wrong, or nobody can do it.
          LimitError: when that would be more than the caller may ask for.
          NoWorkerError: when no GPU is ready.
          ProblemError: when the server refuses for another reason.
          UnreachableError: when no answer came.
          OSError: when a picture to start from can't be read.
        """
        return AsyncJob(self, await self._send(calls.submit(prompt, fields, idempotency_key)))

    async def job(self, job_id: str) -> AsyncJob:
        """A job of the caller's that was submitted before.

        Raises:
          NotFoundError: when the caller has no such job, or it has been forgotten.
        """
        return AsyncJob(self, await self._send(calls.job(job_id)))

    async def jobs(
        self, state: State | Iterable[State] | None = None, *, page_size: int = 50
    ) -> AsyncIterator[AsyncJob]:
        """The caller's jobs, newest first, in one state or several: `async for job in zosma.jobs("done")`.

        Asks for `page_size` of them at a time, 200 at most, as they are wanted.
        """
        states = state if state is None or isinstance(state, str) else tuple(state)
        cursor: str | None = None
        while True:
            page = await self._send(calls.jobs(states, page_size, cursor))
            for view in page.jobs:
                yield AsyncJob(self, view)
            cursor = page.next
            if cursor is None:
                return

    async def events(self) -> AsyncIterator[Update]:
        """What happens to all jobs of the caller's, without end: those that are open first.

        When the line breaks it is taken up again, and what has ended meanwhile is told.

        Raises:
          UnreachableError: when the server stays away for longer than `retry_for_s`.
        """
        views = Views()
        async with aclosing(self._events(None)) as events:
            async for event in events:
                update = None
                with suppress(NotFoundError):  # one of them was erased
                    update = views.take(event)
                if update is not None:
                    yield update

    # -- the fleet ----------------------------------------------------------------------------------------------

    async def estimate(self, prompt: str = "", **fields: Unpack[RequestFields]) -> Estimate:
        """What `submit` would cost with the same fields, when it would be done, and why it would be refused."""
        return await self._send(calls.estimate(prompt, fields))

    async def catalogue(self) -> Catalogue:
        """What can be asked for: checkpoints, samplers, LoRAs, …"""
        return await self._send(calls.catalogue())

    async def workers(self) -> list[Worker]:
        """The GPUs."""
        return await self._send(calls.workers())

    async def queue(self) -> Queue:
        """How full the queue is."""
        return await self._send(calls.queue())

    async def request(
        self, method: str, path: str, json: Any = None, *, params: Mapping[str, str] | None = None
    ) -> Any:
        """Calls what has no method here, like the admin API; the answer's decoded JSON.

        Raises:
          ProblemError: when the server refuses.
          UnreachableError: when no answer came.
        """
        return await self._send(calls.anything(method, path, json, params))

    # -- sending ------------------------------------------------------------------------------------------------

    async def _send(self, call: Call[T]) -> T:
        patience = Patience(self._connection.retry_for_s)
        while True:
            try:
                return call.result(await self._answer(call))
            except ZosmaError as error:
                pause_s = patience.wait_s(error, repeatable=call.repeatable, reached=self._reached)
            await asyncio.sleep(pause_s)

    async def _answer(self, call: Call[Any]) -> Answer:
        try:
            answer = await self._http.request(
                call.method, call.path, json=call.json, params=call.params or None, headers=dict(call.headers)
            )
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise self._connection.error_of(error) from error
        self._reached = True
        return Answer(answer.status_code, answer.headers, answer.content)

    async def _events(self, job_id: str | None) -> AsyncGenerator[Event]:
        """A job's events until it has ended, or those of all jobs; over any number of lines."""
        feed, patience = Feed(), Patience(self._connection.retry_for_s)
        while not feed.is_over:
            lost: ZosmaError = UnreachableError(f"{self.server} has ended the event stream")
            try:
                async with aclosing(self._line(calls.events_path(job_id), feed)) as line:
                    async for event in line:
                        yield event
            except ZosmaError as error:
                lost = error
            if feed.lost():
                patience.renew()
            if not feed.is_over:
                await asyncio.sleep(patience.wait_s(lost, least_s=feed.retry_s))

    async def _line(self, path: str, feed: Feed) -> AsyncGenerator[Event]:
        """What one line brings of a stream."""
        timeout = self._connection.stream_timeout
        try:
            async with self._http.stream("GET", path, headers=feed.headers, timeout=timeout) as answer:
                if answer.status_code >= calls.BAD_REQUEST:
                    raise problem_of(answer.status_code, answer.headers, await answer.aread())
                if feed.begins(answer.status_code):
                    async for sent in httpx2.EventSource(answer):
                        if event := feed.take(sent.event, sent.data, sent.id, sent.retry):
                            yield event
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise self._connection.error_of(error) from error


class AsyncJob:
    """A job of the caller's. `async for update in job` tells how it goes; `await job.pictures()` has its pictures."""

    def __init__(self, client: AsyncClient, view: JobView) -> None:
        self._client = client
        self._view = view

    @property
    def id(self) -> str:
        """By which `AsyncClient.job` finds it again."""
        return self._view.id

    @property
    def view(self) -> JobView:
        """All that was last heard of it."""
        return self._view

    @property
    def state(self) -> State:
        """Its state, as it was last heard of."""
        return self._view.state

    @property
    def ended(self) -> bool:
        """True once nothing more will become of it."""
        return self._view.ended

    @property
    def error(self) -> JobFailure | None:
        """Why it failed; None unless it did."""
        return self._view.error

    @property
    def result(self) -> Result | None:
        """What became of it; None until it is done."""
        return self._view.result

    def __repr__(self) -> str:
        return f"<AsyncJob {self.id} {self.state}>"

    async def refresh(self) -> JobView:
        """Asks how it stands now.

        Raises:
          NotFoundError: when it has been forgotten.
        """
        self._view = await self._client._send(calls.job(self.id))
        return self._view

    def __aiter__(self) -> AsyncIterator[Update]:
        return self._updates()

    async def _updates(self) -> AsyncGenerator[Update]:
        views = Views()
        if not self.ended:
            async with aclosing(self._client._events(self.id)) as events:
                async for event in events:
                    if (update := views.take(event)) is not None:
                        self._view = update.job
                        yield update
                        if update.kind == "end":
                            return
            await self.refresh()
        yield Update(kind="end", job=self._view)

    async def wait(self, timeout: float | None = None) -> Self:
        """Waits until it has ended, however it does; for `timeout` seconds at most. It goes on if that is too short.

        Raises:
          TimeoutError: when it hasn't ended by then.
          NotFoundError: when it has been forgotten.
          UnreachableError: when the server stays away for longer than the client's `retry_for_s`.
        """
        async with asyncio.timeout(timeout):
            async with aclosing(self._updates()) as updates:
                async for _ in updates:
                    pass
        return self

    async def pictures(
        self,
        *,
        size: int | None = None,
        format: Literal["png", "jpeg", "webp"] | None = None,  # noqa: A002 - what it is called everywhere
        timeout: float | None = None,
    ) -> list[Picture]:
        """Waits until it has ended, and fetches its pictures: as they were made, unless told otherwise.

        Args:
          size: most pixels on a side; larger ones are made smaller by the server.
          format: what the server is to make of them.
          timeout: seconds for which the end is waited for.

        Raises:
          JobFailedError: when it failed.
          JobCancelledError: when it was cancelled.
          NotFoundError: when its pictures are no longer stored, or it has been forgotten.
          TimeoutError: when it hasn't ended by then.
        """
        await self.wait(timeout)
        check_done(self._view)
        made = self._view.result.images if self._view.result else []
        return [
            await self._client._send(calls.picture(self.id, index, of, size=size, format=format))
            for index, of in enumerate(made)
        ]

    async def preview(self) -> bytes | None:
        """The picture so far, while it runs; None when there is none."""
        try:
            return await self._client._send(calls.preview(self.id))
        except NotFoundError:
            return None

    async def cancel(self) -> Literal["cancelled", "cancelling"]:
        """Cancels it. `cancelling`: its GPU is told to stop, and the end comes in a moment.

        Raises:
          ConflictError: when it had ended.
        """
        return (await self._client._send(calls.cancel(self.id))).state

    async def retry(self, *, idempotency_key: str | None = None) -> AsyncJob:
        """A new job that asks for the same with the same seed, for one that failed or was cancelled.

        Raises:
          ConflictError: when this one neither failed nor was cancelled.
          LimitError: when that would be more than the caller may ask for.
        """
        return AsyncJob(self._client, await self._client._send(calls.retry(self.id, idempotency_key)))
