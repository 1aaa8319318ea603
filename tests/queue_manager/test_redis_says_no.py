"""A real Valkey, brought into each state in which it says no."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from loopback.old_redis import REDIS_5, REDIS_6, old_redis
from loopback.played_worker import PlayedWorker
from zosma_cli.valkey import PrivateValkey
from zosma_queue import calls, keys
from zosma_queue.client import Queue, Sender
from zosma_queue.connections import check_login
from zosma_queue.errors import NoWorkerError, QueueRefusesError, QueueUnavailableError, SettingsError
from zosma_queue.job import State
from zosma_queue.redis_says import code_of, said
from zosma_queue.request import parse_request
from zosma_queue.scripts import call
from zosma_queue.settings import Settings, load
from zosma_queue.tasks import Survivor

ANN = Sender(owner="key:ann", group="key")


@pytest.fixture(name="own", scope="module")
def _own(tmp_path_factory):
    """A Valkey that a test may spoil, and must mend."""
    with PrivateValkey(tmp_path_factory.mktemp("own"), durable=False) as server:
        yield server


@pytest.fixture(name="admin")
def _admin(own):
    with redis.Redis.from_url(own.url) as client:
        client.flushall()
        yield client


@contextmanager
def config(admin, name, value, before):
    admin.config_set(name, value)
    try:
        yield
    finally:
        admin.config_set(name, before)


@contextmanager
def full(admin):
    with config(admin, "maxmemory", "1", "0"):
        yield


@contextmanager
def without_replicas(admin):
    with config(admin, "min-replicas-to-write", "1", "0"):
        yield


@contextmanager
def a_replica(admin):
    admin.execute_command("REPLICAOF", "127.0.0.1", "1")
    try:
        yield
    finally:
        admin.execute_command("REPLICAOF", "NO", "ONE")


@contextmanager
def a_replica_without_primary(admin):
    with config(admin, "replica-serve-stale-data", "no", "yes"), a_replica(admin):
        yield


def _is_busy(admin):
    try:
        return not admin.ping()
    except redis.ResponseError as error:
        return code_of(error) == "BUSY"


@contextmanager
def busy(admin):
    with config(admin, "busy-reply-threshold", "10", "5000"):
        its = admin.connection_pool.connection_kwargs
        url = f"redis://:{its['password']}@127.0.0.1:{its['port']}/0"

        def loop():
            with redis.Redis.from_url(url) as other, pytest.raises(redis.ResponseError, match="killed"):
                other.eval("while true do end", 0)

        looping = threading.Thread(target=loop)
        looping.start()
        try:
            while not _is_busy(admin):
                pass
            yield
        finally:
            admin.script_kill()
            looping.join()


@contextmanager
def no_disk(admin):
    folder = admin.config_get("dir")["dir"]
    blocker = Path(folder) / "dump.rdb"
    blocker.unlink(missing_ok=True)
    blocker.mkdir()
    admin.config_set("save", "3600 1")
    try:
        admin.bgsave()
        while admin.info("persistence")["rdb_bgsave_in_progress"]:
            pass
        assert admin.info("persistence")["rdb_last_bgsave_status"] == "err"
        yield
    finally:
        blocker.rmdir()
        admin.config_set("save", "")
        admin.bgsave()
        while admin.info("persistence")["rdb_bgsave_in_progress"]:
            pass
        blocker.unlink()


STATES = {
    "OOM": full, "NOREPLICAS": without_replicas, "READONLY": a_replica, "MASTERDOWN": a_replica_without_primary,
    "BUSY": busy, "MISCONF": no_disk,
}  # fmt: skip


@pytest.mark.parametrize("code", STATES)
async def test_a_submit_says_not_now_with_what_redis_said_and_is_taken_afterwards(code, own, admin):
    async with Queue(own.url) as queue, PlayedWorker(own.url):
        with STATES[code](admin):
            for attempt in (queue.check_writable(), queue.submit(parse_request({"prompt": "a cat"}), ANN)):
                with pytest.raises(QueueUnavailableError) as raised:
                    await attempt
                # A replica that has lost its primary says one thing to who reads and another to who writes.
                assert raised.value.code == code or (code, raised.value.code) == ("MASTERDOWN", "READONLY")
                assert not isinstance(raised.value, QueueRefusesError)

        await queue.check_writable()
        assert await queue.job(await queue.submit(parse_request({"prompt": "a cat"}), ANN))


def test_what_is_shown_has_no_word_of_the_command(own, admin):
    with full(admin):
        pipe = admin.pipeline()
        pipe.set("key", "a secret prompt OOM")
        with pytest.raises(redis.ResponseError, match="secret") as raised:
            pipe.execute()

    assert code_of(raised.value) == "OOM"
    assert "secret" not in said(raised.value)


@pytest.mark.parametrize("user", [">pw ~none:* +@all", ">other ~* +@all"], ids=["NOPERM", "WRONGPASS"])
async def test_what_never_works_is_told_from_what_passes(user, own, admin, request):
    admin.execute_command("ACL", "SETUSER", "gpu", "reset", "on", *user.split())
    try:
        async with Queue(own.url_for("gpu", "pw")) as queue:
            with pytest.raises(QueueRefusesError) as raised:
                await queue.sweep()
    finally:
        admin.execute_command("ACL", "DELUSER", "gpu")

    assert raised.value.code == request.node.callspec.id


async def test_a_key_of_another_type_never_works(own, admin):
    admin.rpush(keys.PAUSED, "junk")
    async with Queue(own.url) as queue:
        with pytest.raises(QueueRefusesError, match="something else") as raised:
            await queue.admin.pause("ann", "queue")

    assert raised.value.code == "WRONGTYPE"


def test_an_error_of_ours_stays_what_it_is():
    assert code_of(redis.ResponseError("ERR wrong number of arguments for 'get' command")) == ""


@pytest.mark.parametrize(
    "text",
    ["ERR Error running script (call to f_1): @user_script:1: -OOM command not allowed when used memory > 'maxmemory'.",
     "ERR Error running script (call to f_1): @user_script: 1: OOM command not allowed.",
     "EXECABORT Transaction discarded because of: OOM command not allowed"],
)  # fmt: skip
def test_older_servers_wrap_the_code_and_it_is_found(text):
    assert code_of(redis.ResponseError(text)) == "OOM"


@pytest.mark.parametrize("what", ["run this command or subcommand", "access at least one of the keys mentioned"])
def test_what_a_scripts_user_may_not_is_known_by_the_words_of_redis_7_0(what):
    text = f"ERR The user executing the script can't {what} script: 605, on @user_script:1."

    assert code_of(redis.ResponseError(text)) == "NOPERM"


def test_what_a_scripts_user_may_not_is_a_refusal_of_this_server_too(raw, worker_url):
    with redis.Redis.from_url(worker_url) as as_worker, pytest.raises(QueueRefusesError) as refused:
        call(as_worker, calls.pause("admin", "queue"))

    assert refused.value.code == "NOPERM"


@pytest.mark.parametrize("answers", [REDIS_5, REDIS_6], ids=["5", "6"])
async def test_one_that_is_too_old_ends_a_start_with_what_to_do_and_later_is_told_so(answers):
    with old_redis(answers) as url:
        with pytest.raises(SettingsError, match="older than Redis 7: update it, or take Valkey"):
            check_login(load(Settings, {"REDIS_URL": url}, env_file=None))
        async with Queue(url) as queue:
            with pytest.raises(QueueRefusesError, match="older than Redis 7"):
                await queue.sweep()


def test_a_number_of_a_database_that_the_server_has_not_got_is_one_line(own):
    url = f"{own.url.removesuffix('/0')}/99"

    with pytest.raises(SettingsError, match=r"REDIS_URL: .* refuses us \(DB index is out of range\): end it with /0"):
        check_login(load(Settings, {"REDIS_URL": url}, env_file=None))


async def test_while_redis_is_full_what_is_done_is_delivered_and_what_runs_keeps_its_lease(own, admin):
    async with Queue(own.url) as queue, PlayedWorker(own.url) as worker:
        ids = [await queue.submit(parse_request({"prompt": "a cat"}), ANN) for _ in range(2)]
        await worker.finish(await worker.take())
        running = await worker.take()
        with full(admin):
            done = await queue.job(ids[0])
            await queue.mark_delivered(done)
            await queue.sweep()
            await worker.beat()
            lease = await worker.progress(running, 0.5)

        assert await queue.undelivered() == []
        assert lease is calls.Lease.OK
        assert (await queue.job(ids[1])).state is State.RUNNING


@pytest.mark.parametrize("refusing", [full, without_replicas, a_replica])
async def test_that_no_worker_could_say_it_is_there_is_redis_fault(refusing, own, admin):
    async with Queue(own.url) as queue:
        with refusing(admin), pytest.raises(QueueUnavailableError):
            await queue.submit(parse_request({"prompt": "a cat"}), ANN)
        with pytest.raises(NoWorkerError):
            await queue.submit(parse_request({"prompt": "a cat"}), ANN)


async def test_a_settle_is_taken_while_redis_is_full(own, admin):
    async with Queue(own.url) as queue, PlayedWorker(own.url) as worker:
        await queue.submit(parse_request({"prompt": "a cat"}), ANN)
        leased = await worker.take()
        with full(admin):
            assert await worker.settle(leased, calls.fail("webui", "it burned")) is State.FAILED


def test_a_wait_that_an_operator_ends_is_no_mistake_of_ours(own, admin):
    with redis.Redis.from_url(own.url, single_connection_client=True) as waiting:
        number = waiting.client_id()
        found = []

        def wait():
            try:
                waiting.blpop("nothing", 30)
            except redis.ResponseError as error:
                found.append(code_of(error))

        thread = threading.Thread(target=wait)
        thread.start()
        while not admin.execute_command("CLIENT", "UNBLOCK", number, "ERROR"):
            pass
        thread.join()

    assert found == ["UNBLOCKED"]


@pytest.mark.parametrize("query", ["decode_responses=True", "foo=1", "db=x", "ssl_ca_certs=/ca.pem", "socket_timeout="])
def test_an_option_in_the_address_that_would_break_us_is_one_line(query):
    with pytest.raises(SettingsError) as raised:
        load(Settings, {"REDIS_URL": f"redis://127.0.0.1:6379/0?{query}"}, env_file=None)

    assert f" has ?{query.partition('=')[0]}" in str(raised.value)
    assert "\n" not in str(raised.value)


async def test_a_loop_that_breaks_down_begins_again_is_named_once_and_counted(caplog):
    tries = []

    async def loop():
        tries.append(1)
        if len(tries) < 4:
            raise ValueError("junk")

    async def at_once(_):
        pass

    survivor = Survivor(sleep=at_once)
    await survivor.run("sweep", loop)

    assert survivor.faults == {"sweep": 3}
    assert caplog.text.count("sweep broke down") == 1


async def test_a_loop_with_a_wrong_setting_ends():
    async def loop():
        raise SettingsError("no")

    with pytest.raises(SettingsError):
        await Survivor().run("sweep", loop)
