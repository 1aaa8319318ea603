"""The client for programs without asyncio. `aio.py` is the same with `await`; what both share does no I/O."""

from __future__ import annotations

import ssl
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing, suppress
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

_LOOK_EVERY_S = 0.5


class Client:
    """Calls one server. Close it with `with`, or `close`."""

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
        self._http = httpx2.Client(**self._connection.options)

    @property
    def server(self) -> str:
        """The server's address."""
        return self._connection.server

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes its lines."""
        self._http.close()

    def __repr__(self) -> str:
        return f"<Client of {self.server}>"

    # -- jobs ---------------------------------------------------------------------------------------------------

    def submit(self, prompt: str = "", *, idempotency_key: str | None = None, **fields: Unpack[RequestFields]) -> Job:
        """Asks for pictures, like `zosma.submit("a cat", width=768)`. Upscales need no prompt.

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
        return Job(self, self._send(calls.submit(prompt, fields, idempotency_key)))

    def job(self, job_id: str) -> Job:
        """A job of the caller's that was submitted before.

        Raises:
          NotFoundError: when the caller has no such job, or it has been forgotten.
        """
        return Job(self, self._send(calls.job(job_id)))

    def jobs(self, state: State | Iterable[State] | None = None, *, page_size: int = 50) -> Iterator[Job]:
        """The caller's jobs, newest first, in one state or several: `for job in zosma.jobs("done")`.

        Asks for `page_size` of them at a time, 200 at most, as they are wanted.
        """
        states = state if state is None or isinstance(state, str) else tuple(state)
        cursor: str | None = None
        while True:
            page = self._send(calls.jobs(states, page_size, cursor))
            for view in page.jobs:
                yield Job(self, view)
            cursor = page.next
            if cursor is None:
                return

    def events(self) -> Iterator[Update]:
        """What happens to all jobs of the caller's, without end: those that are open first.

        When the line breaks it is taken up again, and what has ended meanwhile is told.

        Raises:
          UnreachableError: when the server stays away for longer than `retry_for_s`.
        """
        views = Views()
        with closing(self._events(None)) as events:
            for event in events:
                update = None
                with suppress(NotFoundError):  # one of them was erased
                    update = views.take(event)
                if update is not None:
                    yield update

    # -- the fleet ----------------------------------------------------------------------------------------------

    def estimate(self, prompt: str = "", **fields: Unpack[RequestFields]) -> Estimate:
        """What `submit` would cost with the same fields, when it would be done, and why it would be refused."""
        return self._send(calls.estimate(prompt, fields))

    def catalogue(self) -> Catalogue:
        """What can be asked for: checkpoints, samplers, LoRAs, …"""
        return self._send(calls.catalogue())

    def workers(self) -> list[Worker]:
        """The GPUs."""
        return self._send(calls.workers())

    def queue(self) -> Queue:
        """How full the queue is."""
        return self._send(calls.queue())

    def request(self, method: str, path: str, json: Any = None, *, params: Mapping[str, str] | None = None) -> Any:
        """Calls what has no method here, like the admin API; the answer's decoded JSON.

        Raises:
          ProblemError: when the server refuses.
          UnreachableError: when no answer came.
        """
        return self._send(calls.anything(method, path, json, params))

    # -- sending ------------------------------------------------------------------------------------------------

    def _send(self, call: Call[T]) -> T:
        patience = Patience(self._connection.retry_for_s)
        while True:
            try:
                return call.result(self._answer(call))
            except ZosmaError as error:
                pause_s = patience.wait_s(error, repeatable=call.repeatable, reached=self._reached)
            time.sleep(pause_s)

    def _answer(self, call: Call[Any]) -> Answer:
        try:
            answer = self._http.request(
                call.method, call.path, json=call.json, params=call.params or None, headers=dict(call.headers)
            )
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise self._connection.error_of(error) from error
        self._reached = True
        return Answer(answer.status_code, answer.headers, answer.content)

    def _events(self, job_id: str | None) -> Generator[Event]:
        """A job's events until it has ended, or those of all jobs; over any number of lines."""
        feed, patience = Feed(), Patience(self._connection.retry_for_s)
        while not feed.is_over:
            lost: ZosmaError = UnreachableError(f"{self.server} has ended the event stream")
            try:
                with closing(self._line(calls.events_path(job_id), feed)) as line:
                    for event in line:  # noqa: UP028 - line by line as aio.py
                        yield event
            except ZosmaError as error:
                lost = error
            if feed.lost():
                patience.renew()
            if not feed.is_over:
                time.sleep(patience.wait_s(lost, least_s=feed.retry_s))

    def _line(self, path: str, feed: Feed) -> Generator[Event]:
        """What one line brings of a stream."""
        timeout = self._connection.stream_timeout
        try:
            with self._http.stream("GET", path, headers=feed.headers, timeout=timeout) as answer:
                if answer.status_code >= calls.BAD_REQUEST:
                    raise problem_of(answer.status_code, answer.headers, answer.read())
                if feed.begins(answer.status_code):
                    for sent in httpx2.EventSource(answer):
                        if event := feed.take(sent.event, sent.data, sent.id, sent.retry):
                            yield event
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise self._connection.error_of(error) from error


class Job:
    """A job of the caller's. `for update in job` tells how it goes; `job.pictures()` has its pictures."""

    def __init__(self, client: Client, view: JobView) -> None:
        self._client = client
        self._view = view

    @property
    def id(self) -> str:
        """By which `Client.job` finds it again."""
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
        return f"<Job {self.id} {self.state}>"

    def refresh(self) -> JobView:
        """Asks how it stands now.

        Raises:
          NotFoundError: when it has been forgotten.
        """
        self._view = self._client._send(calls.job(self.id))
        return self._view

    def __iter__(self) -> Iterator[Update]:
        return self._updates()

    def _updates(self) -> Generator[Update]:
        views = Views()
        if not self.ended:
            with closing(self._client._events(self.id)) as events:
                for event in events:
                    if (update := views.take(event)) is not None:
                        self._view = update.job
                        yield update
                        if update.kind == "end":
                            return
            self.refresh()
        yield Update(kind="end", job=self._view)

    def wait(self, timeout: float | None = None) -> Self:
        """Waits until it has ended, however it does; for `timeout` seconds at most. It goes on if that is too short.

        Raises:
          TimeoutError: when it hasn't ended by then.
          NotFoundError: when it has been forgotten.
          UnreachableError: when the server stays away for longer than the client's `retry_for_s`.
        """
        if timeout is None:
            with closing(self._updates()) as updates:
                for _ in updates:
                    pass
            return self
        # Nothing can break off a read of the stream without a second thread.
        until = time.monotonic() + timeout
        while not self.refresh().ended:
            left_s = until - time.monotonic()
            if left_s <= 0:
                raise TimeoutError(f"the job {self.id} has not ended within {timeout:g} s")
            time.sleep(min(_LOOK_EVERY_S, left_s))
        return self

    def pictures(
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
        self.wait(timeout)
        check_done(self._view)
        made = self._view.result.images if self._view.result else []
        return [
            self._client._send(calls.picture(self.id, index, of, size=size, format=format))
            for index, of in enumerate(made)
        ]

    def preview(self) -> bytes | None:
        """The picture so far, while it runs; None when there is none."""
        try:
            return self._client._send(calls.preview(self.id))
        except NotFoundError:
            return None

    def cancel(self) -> Literal["cancelled", "cancelling"]:
        """Cancels it. `cancelling`: its GPU is told to stop, and the end comes in a moment.

        Raises:
          ConflictError: when it had ended.
        """
        return (self._client._send(calls.cancel(self.id))).state

    def retry(self, *, idempotency_key: str | None = None) -> Job:
        """A new job that asks for the same with the same seed, for one that failed or was cancelled.

        Raises:
          ConflictError: when this one neither failed nor was cancelled.
          LimitError: when that would be more than the caller may ask for.
        """
        return Job(self._client, self._client._send(calls.retry(self.id, idempotency_key)))
