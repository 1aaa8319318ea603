"""Our Dramatiq broker under Dramatiq's own worker, over a real server."""

from __future__ import annotations

import logging
import threading

import dramatiq
import pytest
from dramatiq import Worker

from zosma_cli.valkey import PrivateValkey
from zosma_queue import calls, keys, rulebook
from zosma_queue.broker import SlotConsumer, ZosmaBroker, current_delivery
from zosma_queue.connections import worker_client
from zosma_queue.errors import NoWorkerError, PoisonMessageError, RequestRefusedError
from zosma_queue.fleet import WorkerState
from zosma_queue.messages import ACTOR, QUEUE
from zosma_queue.moderation import ContentRules
from zosma_queue.request import PIXELS_MAX
from zosma_queue.rulebook import note_change
from zosma_queue.scripts import call
from zosma_worker.handover import Handover

from .conftest import about, result

WAIT_S = 20


class Plant:
    """A Dramatiq worker whose actor does what the test says, one job at a time."""

    def __init__(self, url, name="w1"):
        self.slot = Handover()
        self.broker = ZosmaBroker(url, worker=name, slot=self.slot)
        self.did = []
        self.outcome = lambda delivery: calls.done(result(attempt=delivery.attempt))
        self.may_end = threading.Event()
        self.may_end.set()
        self.settled = threading.Semaphore(0)

        def generate(request):
            delivery = current_delivery()
            self.did.append((delivery.job_id, delivery.attempt, request["prompt"]))
            self.may_end.wait(WAIT_S)
            delivery.outcome = self.outcome(delivery)

        self.actor = dramatiq.actor(generate, broker=self.broker, actor_name=ACTOR, queue_name=QUEUE)
        self.broker.add_middleware(Bell(self.settled))
        self.name = name
        self.worker = Worker(self.broker, worker_threads=1)

    def start(self):
        """Joins the fleet and begins to take jobs."""
        call(
            self.broker.client,
            calls.beat(self.name, WorkerState.READY, loaded=None, pixels=PIXELS_MAX, about=about("dream")),
        )
        self.slot.open()
        self.worker.start()

    def stop(self):
        self.may_end.set()
        self.slot.stop()
        self.worker.stop(timeout=WAIT_S * 1000)
        self.broker.close()


class Bell(dramatiq.Middleware):
    """Rings after each settle."""

    def __init__(self, settled):
        self._settled = settled

    def after_ack(self, broker, message):
        self._settled.release()

    after_nack = after_ack


class Place:
    """A slot whose jobs are ended one after the other; it can be closed meanwhile."""

    def __init__(self):
        self.is_open = True

    def take(self, timeout_s):
        return self.is_open

    def wants_next(self, delivery):
        return True

    def give_back(self):
        pass

    found_nothing = give_back

    def settled(self, delivery):
        pass


@pytest.fixture(name="plant")
def _plant(redis_url):
    plant = Plant(redis_url)
    yield plant
    plant.stop()


def send(plant, prompt="a cat", **options):
    return plant.actor.send_with_options(kwargs={"request": {"prompt": prompt, "seed": 1}}, **options).message_id


def state_of(raw, job):
    return raw.hget(keys.job(job), "state")


def test_an_actor_gets_its_job_and_leaves_the_outcome(plant, raw):
    plant.start()
    job = send(plant, "a lighthouse")

    assert plant.settled.acquire(timeout=WAIT_S)
    assert plant.did == [(job, 1, "a lighthouse")]
    assert state_of(raw, job) == b"done"


def test_a_busy_worker_holds_nothing_that_another_could_start(plant, raw):
    plant.may_end.clear()
    plant.start()
    jobs = [send(plant) for _ in range(4)]
    while not plant.did:
        assert not plant.settled.acquire(timeout=0.01)

    assert raw.zcard(keys.LEASES) == 1
    assert raw.zcard(keys.WAITING) == 3
    plant.may_end.set()
    for _ in jobs:
        assert plant.settled.acquire(timeout=WAIT_S)
    assert [job for job, _, _ in plant.did] == jobs


def test_an_actor_that_leaves_no_outcome_ends_its_job_with_an_error(plant, raw):
    plant.outcome = lambda delivery: None
    plant.start()
    job = send(plant)

    assert plant.settled.acquire(timeout=WAIT_S)
    assert state_of(raw, job) == b"failed"
    assert raw.hget(keys.job(job), "error_kind") == b"internal"


def test_a_message_that_cannot_be_decoded_is_set_aside_and_blocks_nobody(plant, raw, rig):
    rig.now = 0  # the server's own clock, which the plant goes by
    rig.worker("w1")
    poison = rig.submit(job_id="poison")
    raw.hset(keys.job(poison), "message", b"\xff not json")
    good = rig.submit(job_id="good")

    plant.start()
    assert plant.settled.acquire(timeout=WAIT_S)

    assert state_of(raw, good) == b"done"
    assert state_of(raw, poison) == b"failed"
    assert raw.hget(keys.job(poison), "error_kind") == b"undecodable"


def test_a_shut_slot_takes_nothing_until_it_opens(plant, raw):
    plant.start()
    plant.slot.shut()
    assert not plant.slot.take(0.01)
    job = send(plant)
    plant.slot.open()

    assert plant.settled.acquire(timeout=WAIT_S)
    assert state_of(raw, job) == b"done"


def test_a_stopped_slot_finishes_its_job_and_takes_no_other(plant, raw):
    plant.may_end.clear()
    plant.start()
    first, second = send(plant), send(plant)
    while not plant.did:
        assert not plant.settled.acquire(timeout=0.01)
    plant.slot.stop()
    plant.may_end.set()

    assert plant.settled.acquire(timeout=WAIT_S)
    plant.worker.stop()
    assert (state_of(raw, first), state_of(raw, second)) == (b"done", b"waiting")


@pytest.fixture(name="consumer")
def _consumer(redis_url, rig):
    rig.now = 0  # the server's own clock, which a consumer goes by
    rig.worker("w1")
    with worker_client(redis_url) as client:
        yield SlotConsumer(client, "w1", Place())


def ended(consumer):
    """The next delivery, with which nothing went wrong."""
    delivery = next(consumer)
    delivery.outcome = calls.done(result(attempt=delivery.attempt))
    consumer.ack(delivery)
    return delivery.job_id


def test_who_has_nothing_left_to_do_gets_the_next_job_with_the_settle(consumer, rig, raw):
    jobs = [rig.submit() for _ in range(3)]
    first = next(consumer)
    first.outcome = calls.done(result())
    raw.config_resetstat()
    consumer.ack(first)
    second = next(consumer)

    assert raw.info("commandstats")["cmdstat_evalsha"]["calls"] == 1
    assert (second.job_id, second.attempt, second.was_waited_for) == (jobs[1], 1, False)
    assert [state_of(raw, job) for job in jobs] == [b"done", b"running", b"waiting"]


def test_who_got_nothing_with_the_settle_waits_to_be_handed_a_job(consumer, rig, raw):
    rig.submit()
    ended(consumer)
    second = rig.submit()

    assert raw.llen(keys.handed("w1")) == 1
    delivery = next(consumer)
    assert (delivery.job_id, delivery.was_waited_for) == (second, True)


def test_a_slot_that_has_closed_since_the_settle_puts_back_what_came_with_it(consumer, rig, raw):
    jobs = [rig.submit() for _ in range(2)]
    ended(consumer)
    assert state_of(raw, jobs[1]) == b"running"
    consumer._slot.is_open = False

    assert next(consumer) is None
    assert state_of(raw, jobs[1]) == b"waiting"


def test_a_consumer_that_is_closed_puts_back_what_came_with_the_last_settle(consumer, rig, raw):
    jobs = [rig.submit() for _ in range(2)]
    ended(consumer)
    consumer.close()

    assert state_of(raw, jobs[1]) == b"waiting"


def test_a_full_redis_lets_a_job_end_and_gives_no_other(consumer, rig, raw):
    jobs = [rig.submit() for _ in range(2)]
    delivery = next(consumer)
    delivery.outcome = calls.done(result())
    raw.config_set("maxmemory", 1)
    try:
        consumer.ack(delivery)
    finally:
        raw.config_set("maxmemory", 0)

    assert [state_of(raw, job) for job in jobs] == [b"done", b"waiting"]


def test_junk_in_the_job_that_is_next_does_not_keep_the_one_before_from_its_end(consumer, rig, raw):
    jobs = [rig.submit() for _ in range(2)]
    delivery = next(consumer)
    delivery.outcome = calls.done(result())
    raw.hset(keys.job(jobs[1]), "cost", "junk")
    consumer.ack(delivery)

    assert state_of(raw, jobs[0]) == b"done"
    assert raw.hget(keys.job(jobs[0]), "result")


def test_a_job_that_ends_while_redis_is_away_is_settled_when_it_is_back(tmp_path, caplog):
    server = PrivateValkey(tmp_path)
    server.start()
    plant = Plant(server.url)
    plant.may_end.clear()
    plant.start()
    job = send(plant)
    while not plant.did:
        assert not plant.settled.acquire(timeout=0.01)
    server.kill()
    with caplog.at_level(logging.WARNING, "zosma_queue.broker"):
        plant.may_end.set()
        while "trying again" not in caplog.text:
            assert not plant.settled.acquire(timeout=0.01)
    server.start()

    assert plant.settled.acquire(timeout=WAIT_S)
    assert call(plant.broker.client, calls.cancel(job)) == "done"
    assert len(plant.did) == 1
    assert caplog.text.count("trying again") <= 2
    plant.stop()
    server.stop()


def test_a_send_is_refused_when_nobody_is_there(plant):
    with pytest.raises(NoWorkerError):
        send(plant)


def test_a_message_without_a_valid_request_is_refused_at_the_sender(plant):
    with pytest.raises(PoisonMessageError, match="carries no request"):
        plant.actor.send(None)
    with pytest.raises(PoisonMessageError, match="width is 0"):
        plant.actor.send({"prompt": "a cat", "width": 0})


def test_a_delayed_message_waits_in_redis(plant, raw):
    plant.start()
    job = send(plant, delay=60_000)

    assert state_of(raw, job) == b"delayed"
    assert raw.zscore(keys.DELAYED, job) is not None


def test_a_sender_needs_no_slot_but_cannot_consume(redis_url):
    broker = ZosmaBroker(redis_url)
    broker.declare_queue(QUEUE)
    with pytest.raises(TypeError, match="only sends"):
        broker.consume(QUEUE)
    broker.close()


def write_rules(raw, group, **rules):
    pipe = raw.pipeline()
    pipe.hset(keys.RULES, group, ContentRules(**rules).model_dump_json())
    note_change(pipe)
    pipe.execute()


def test_rules_for_everybody_hold_for_what_other_dramatiq_producers_send(plant, raw):
    plant.start()
    write_rules(raw, "", blocked=("gory",), steps=10)
    write_rules(raw, "key:shop", blocked=("blue",))

    for refused, options in (("gory", {}), ("a cat", {}), ("blue", {"group": "key:shop"})):
        with pytest.raises(RequestRefusedError):
            send(plant, refused, **options)
    write_rules(raw, "", blocked=("gory",))
    job = send(plant, "blue")
    assert plant.settled.acquire(timeout=WAIT_S)
    assert state_of(raw, job) == b"done"


def test_rules_are_read_once_until_they_change(plant, raw):
    plant.start()
    send(plant)
    raw.config_resetstat()
    send(plant)
    assert "cmdstat_exec" not in raw.info("commandstats")

    write_rules(raw, "", blocked=("gory",))
    with pytest.raises(RequestRefusedError):
        send(plant, "gory")


def test_rules_of_a_bot_that_notes_no_change_hold_within_half_a_minute(plant, raw, monkeypatch):
    plant.start()
    send(plant)
    raw.hset(keys.RULES, "", ContentRules(blocked=("gory",)).model_dump_json())
    monkeypatch.setattr(rulebook, "TRUSTED_S", 0.0)

    with pytest.raises(RequestRefusedError):
        send(plant, "gory")
