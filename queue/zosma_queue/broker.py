"""Dramatiq's broker over the Lua verbs.

Dramatiq keeps actors, middleware, worker threads and signals. The order, the leases and the retries are ours: a job
leaves Redis only when a worker's slot is free, and what becomes of it is one `settle`.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, Protocol

import redis
from dramatiq import Broker, Consumer, Message, MessageProxy
from dramatiq.errors import QueueNotFound
from dramatiq.middleware import CurrentMessage

from zosma_queue import calls, keys, tracing
from zosma_queue.admission import check_admitted
from zosma_queue.calls import Accepted, Admission, Leased, NewJob, Outcome
from zosma_queue.catalogue import Catalogue
from zosma_queue.client import Sender
from zosma_queue.connections import worker_client
from zosma_queue.cost import predict_gpu_seconds
from zosma_queue.errors import ErrorKind, PoisonMessageError, QueueUnavailableError, RequestRefusedError
from zosma_queue.hourly import Hourly
from zosma_queue.job import State
from zosma_queue.messages import decode_message, request_for, request_of
from zosma_queue.moderation import ContentRules, held_to
from zosma_queue.needs import needs_of
from zosma_queue.request import Request
from zosma_queue.rulebook import Rulebook, read_rulebook_now
from zosma_queue.scripts import call, redis_errors
from zosma_queue.workers import read_workers_now

log = logging.getLogger(__name__)

#: An idle worker blocks on its wake list for this long, then looks again: the net under the sweep, which wakes somebody
#: where a token was lost.
BLOCK_S = 2.5
#: While Redis is away it is asked again this often.
AWAY_S = 0.5
#: Who a message is charged to when its producer names nobody.
ANONYMOUS = Sender(owner="dramatiq", group="dramatiq")


class Delivery(MessageProxy):
    """A leased job on its way through Dramatiq. The actor, or a middleware, leaves its outcome here."""

    def __init__(self, message: Message[Any], leased: Leased, request: Request, *, waited_for: bool) -> None:
        super().__init__(message)
        self.request = request
        """What is to be made, as the message has it."""
        self.job_id = leased.id
        self.attempt = leased.attempt
        self.owner = leased.owner
        self.outcome: Outcome | None = None
        self.was_waited_for = waited_for
        """Its worker had nothing to do before: there may well be nothing after it."""
        self.taken_at = time.monotonic()
        self.traceparent = tracing.of_options(message.options)
        """The trace that the job is a part of; '' for none."""


def current_delivery() -> Delivery:
    """The delivery that the calling actor was started for."""
    delivery = CurrentMessage.get_current_message()
    if not isinstance(delivery, Delivery):
        raise TypeError("no delivery: this must be called by an actor that ZosmaBroker started")
    return delivery


class Slot(Protocol):
    """The one place in a worker process where a job can run. Called from Dramatiq's threads."""

    def take(self, timeout_s: float) -> bool:
        """Waits up to so long for the slot; True when it is now the caller's, for one delivery."""

    def give_back(self) -> None:
        """There was no job for it."""

    def found_nothing(self) -> None:
        """No job that this worker may do waits in this moment."""

    def wants_next(self, delivery: Delivery) -> bool:
        """Whether it is free as soon as this one is settled, so that another may be fetched with it."""

    def settled(self, delivery: Delivery) -> None:
        """A delivery has been settled. Another may have been taken before that."""


class ZosmaBroker(Broker):
    """A Dramatiq broker with one queue, whose order is made in Redis.

    Parameters:
      url: Redis URL.
      worker: this worker's id; None for a process that only sends.
      slot: where its jobs run; needed with `worker`.
      token: a secret of this worker's, without which nobody renews or settles what it fetches.
    """

    def __init__(self, url: str, *, worker: str | None = None, slot: Slot | None = None, token: str = "") -> None:
        super().__init__(middleware=[CurrentMessage()])
        self.queues: dict[str, None] = {}
        self.client = worker_client(url)
        self.worker = worker
        self.slot = slot
        self._token = token
        self._rulebook: Rulebook | None = None

    def declare_queue(self, queue_name: str) -> None:
        """Makes a queue known to Dramatiq; Redis needs no preparation."""
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues[queue_name] = None
            self.emit_after("declare_queue", queue_name)

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        """Sends a job. Options `owner` and `group` say who it is charged to.

        Needs the bot's rights in Redis: a worker's user may not read the rules that it is held to.

        Raises:
          PoisonMessageError: when it carries no valid request.
          NoWorkerError, InfeasibleError, LimitError: when it isn't taken.
          BlockedError, RequestRefusedError: when the rules for everybody, or its group's, don't allow it.
          QueueUnavailableError: when Redis doesn't answer.
        """
        group = message.options.get("group", ANONYMOUS.group)
        asked = request_of(message).pinned()
        request = self._as_allowed(asked, group)
        message = _carrying(message, request)
        self.emit_before("enqueue", message, delay)
        while (admission := self._offer(message, request, group, delay)).answer is Accepted.STALE:
            self._rulebook = None
            request = self._as_allowed(asked, group)
            message = _carrying(message, request)
        check_admitted(admission)
        self.emit_after("enqueue", message, delay)
        return message

    def _offer(self, message: Message[Any], request: Request, group: str, delay: int | None) -> Admission:
        job = NewJob(
            id=message.message_id,
            message=message.encode(),
            owner=message.options.get("owner", ANONYMOUS.owner),
            group=group,
            needs=needs_of(request),
            cost=predict_gpu_seconds(request),
            delay_ms=delay or 0,
            rules_version=self._rulebook.version if self._rulebook else b"",
        )
        return call(self.client, calls.enqueue(job))

    def _as_allowed(self, request: Request, group: str) -> Request:
        """The request as the rules allow it, in the fleet's own names. With no rules, as it is.

        Who is refused by rules that may have changed is judged once more, by those of now.
        """
        known, self._rulebook = self._rulebook, read_rulebook_now(self.client, self._rulebook)
        try:
            return self._held_to(self._rulebook.rules_for(group), request)
        except RequestRefusedError:
            if self._rulebook is not known:
                raise
        self._rulebook = read_rulebook_now(self.client, None)
        return self._held_to(self._rulebook.rules_for(group), request)

    def _held_to(self, rules: Sequence[ContentRules], request: Request) -> Request:
        if not rules:
            return request
        workers = read_workers_now(self.client)
        catalogue = Catalogue.of(workers)
        return held_to(rules, catalogue.resolve(request), catalogue, workers)

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 1000) -> Consumer:
        """A consumer for this process's slot. `prefetch` is ignored: a busy worker holds nothing back.

        Raises:
          QueueNotFound: when the queue was never declared.
        """
        if queue_name not in self.queues:
            raise QueueNotFound(queue_name)  # type: ignore[no-untyped-call]
        if self.worker is None or self.slot is None:
            raise TypeError("this broker only sends: give it a worker id and a slot to consume")
        return SlotConsumer(self.client, self.worker, self.slot, self._token)

    def close(self) -> None:
        """Closes the connections."""
        self.client.close()


class SlotConsumer(Consumer):
    """Takes one job at a time, when the slot is free."""

    def __init__(self, client: redis.Redis, worker: str, slot: Slot, token: str = "") -> None:
        self._client = client
        self._worker = worker
        self._slot = slot
        self._token = token
        self._said = Hourly()
        self._fetched: deque[calls.Next] = deque()  # with a settle, for the slot that it made free
        self._idle = False  # it found nothing the last time; a job may be handed to it between two looks

    def __next__(self) -> Delivery | None:
        if not self._slot.take(BLOCK_S):
            self._put_back()
            return None
        delivery = None
        try:
            delivery = self._next()
            self._said.forget()
        except QueueUnavailableError as error:
            self._wait_for_redis(error)
        finally:
            if delivery is None:
                self._slot.give_back()
        return delivery

    def _next(self) -> Delivery | None:
        leased, waited = self._fetched.popleft().leased if self._fetched else self._fetch(), self._idle
        if leased is None:
            self._slot.found_nothing()
            leased, waited = self._wait(), True
        self._idle = leased is None
        return self._decoded(leased, waited_for=waited) if leased else None

    def _wait(self) -> Leased | None:
        """What it is handed, or has fetched once it was woken; None when neither came in time."""
        handed = keys.handed(self._worker)
        with redis_errors():
            found: Any = self._client.blpop([handed, keys.wake(self._worker)], timeout=BLOCK_S)
        if not found:
            return None
        return calls.leased_in(found[1]) if found[0] == handed.encode() else self._fetch()

    def _fetch(self) -> Leased | None:
        return call(self._client, calls.fetch(self._worker, token=self._token, waits=True))

    def _decoded(self, leased: Leased, *, waited_for: bool) -> Delivery | None:
        """The delivery, or None after setting aside a body that nobody can read."""
        try:
            message = decode_message(leased.body)
            request = request_for(message, first=leased.first, count=leased.count, checkpoint=leased.checkpoint)
            if leased.count:
                fields = request.model_dump(mode="json", exclude_defaults=True)
                message = message.copy(message_id=leased.id, args=(), kwargs={"request": fields})
        except PoisonMessageError as error:
            log.error("job %s set aside: %s", leased.id, error, extra={"job": leased.id})
            outcome = calls.fail(ErrorKind.UNDECODABLE, str(error))
            call(self._client, calls.settle(leased.id, leased.attempt, outcome, token=self._token))
            return None
        return Delivery(message, leased, request, waited_for=waited_for)

    def ack(self, message: MessageProxy) -> None:
        """Settles a delivery with the outcome its actor left."""
        self._settle(message, "the actor left no outcome")

    def nack(self, message: MessageProxy) -> None:
        """Settles a delivery that Dramatiq rejected."""
        self._settle(message, "rejected by the worker")

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Puts jobs that never began back to their place."""
        for message in messages:
            if isinstance(message, Delivery):
                message.outcome = calls.RELEASE
                self._settle(message, "", last=True)

    def close(self) -> None:
        """Puts back what was fetched and will not begin."""
        self._put_back()

    def _put_back(self) -> None:
        while self._fetched:
            if leased := self._fetched.popleft().leased:
                with suppress(QueueUnavailableError):  # its lease runs out
                    call(self._client, calls.settle(leased.id, leased.attempt, calls.RELEASE, token=self._token))

    def _settle(self, message: MessageProxy, fallback: str, *, last: bool = False) -> None:
        if not isinstance(message, Delivery):
            raise TypeError(f"not one of our deliveries: {message!r}")
        outcome = message.outcome or calls.fail(ErrorKind.INTERNAL, fallback)
        fetches = not last and self._slot.wants_next(message)
        try:
            while True:
                # A finished job must not be dropped because Redis restarts just now: only a signal ends this.
                try:
                    state = self._settled(message, outcome, fetches=fetches)
                    break
                except QueueUnavailableError as error:
                    if error.code == "WRONGTYPE":  # this job's own key is junk: the sweep has it now
                        log.error("job %s can't be settled: %s", message.job_id, error, extra={"job": message.job_id})
                        return
                    if not fetches:
                        self._wait_for_redis(error)
                    fetches = False  # a full Redis gives no job, and lets one end
        finally:
            self._slot.settled(message)
        self._said.forget()
        with tracing.within(message.traceparent):
            _log_settled(message, outcome, state)

    def _settled(self, delivery: Delivery, outcome: Outcome, *, fetches: bool) -> State | None:
        job, attempt, token = delivery.job_id, delivery.attempt, self._token
        if not fetches:
            return call(self._client, calls.settle(job, attempt, outcome, token=token))
        both = calls.settle_and_fetch(job, attempt, outcome, self._worker, token=token, waits=True)
        state, following = call(self._client, both)
        if following:
            self._fetched.append(following)
        return state

    def _wait_for_redis(self, error: QueueUnavailableError) -> None:
        if self._said.due(str(error)):
            log.warning("%s; trying again every %.1f s", error, AWAY_S)
        time.sleep(AWAY_S)


def _carrying(message: Message[Any], request: Request) -> Message[Any]:
    return message.copy(args=(), kwargs={"request": request.model_dump(mode="json", exclude_defaults=True)})


def _log_settled(delivery: Delivery, outcome: Outcome, state: State | None) -> None:
    seconds = round(time.monotonic() - delivery.taken_at, 2)
    log.info(
        "job %s attempt %d %.2f s: %s%s",
        delivery.job_id,
        delivery.attempt,
        seconds,
        state or "lost its lease, nothing written",
        f" ({outcome.kind}: {outcome.text})" if outcome.kind else "",
        extra={"job": delivery.job_id, "attempt": delivery.attempt, "seconds": seconds, "state": state or "stale"},
    )
