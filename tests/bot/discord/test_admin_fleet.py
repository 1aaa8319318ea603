"""`/admin` for the fleet and its jobs, over real sockets, as an admin uses it and reads its answers."""

from __future__ import annotations

import pytest

from loopback.discord.permissions import P
from loopback.played_worker import ABOUT, PlayedWorker
from zosma_bot.settings import BotSettings
from zosma_queue import calls, keys
from zosma_queue.client import Sender
from zosma_queue.errors import SettingsError
from zosma_queue.fleet import Checkpoint, Trust, WorkerState
from zosma_queue.job import State
from zosma_queue.request import parse_request
from zosma_queue.scripts import call
from zosma_queue.settings import load


@pytest.fixture(name="submit")
def _submit(queue, server, ann):
    """Queues a job of ann's, or of somebody else."""

    async def submit(owner=None, group=None, **fields):
        group = group or f"discord:{server.guild.id}"
        sender = Sender(owner=owner or f"{group}/{ann.id}", group=group)
        return await queue.submit(parse_request({"prompt": "a cat"} | fields), sender)

    return submit


@pytest.fixture(name="fail")
def _fail(worker):
    """Lets the next job fail for good."""

    async def fail():
        leased = await worker.take()
        await worker.settle(leased, calls.fail("refused", "no such thing"))
        return leased.id

    return fail


@pytest.fixture(name="stranger")
def _stranger(server, client):
    """The admin of another server in which the bot is as well: now nobody is at home who isn't named."""
    guild = server.add_guild("Elsewhere")
    return server.add_member("stranger", P.MANAGE_GUILD, guild=guild)


@pytest.fixture(name="answer")
def _answer(server):
    """Presses a button of a question and gives what is read then."""

    async def answer(member, asked, which="Yes, do it"):
        pressed = await server.click(member, asked, which)
        await pressed.response()
        shown = await pressed.wait_for(lambda shown: not shown.buttons)
        return shown.text

    return answer


# -- looking ----------------------------------------------------------------------------------------------------


async def test_overview_tells_of_lanes_checkpoints_members_and_workers(
    server, client, worker, admin, ann, said, submit
):
    await submit(checkpoint="dream")
    await submit(checkpoint="anime")
    await submit()
    await worker.take()
    text = (await said(admin, "admin overview")).message.text
    for part in ("**2** waiting", "fast: **2** waiting, **1** running", "anime: **1** waiting, **0** running",
                 f"<@{ann.id}>: **2** waiting", "gpu/played: **0** waiting, **1** running"):  # fmt: skip
        assert part in text


async def test_overview_tells_what_is_paused_by_whom_and_why(server, client, worker, admin, said):
    await said(admin, "admin pause", {"scope": "lane:relax", "why": "power is dear"})
    text = (await said(admin, "admin overview")).message.text
    assert f"Lane relax is paused, by <@{admin.id}>" in text
    assert "power is dear" in text


async def test_workers_tells_of_each_what_it_does_and_why_it_does_nothing(server, client, worker, admin, said, submit):
    job = await submit()
    await worker.take()
    await worker.beat(WorkerState.BUSY)
    text = (await said(admin, "admin workers")).message.text
    assert "busy · a1111 v1.10.1 · dream" in text
    assert job in text

    await worker.beat(WorkerState.AWAY, reason="sick: black pictures; next try in 40 s", trust=Trust.QUARANTINED)
    text = (await said(admin, "admin workers")).message.text
    assert "black pictures" in text
    assert "in quarantine by itself" in text


async def test_failed_lists_dead_jobs_with_their_reasons(server, client, worker, admin, ann, said, submit, fail):
    assert "No job has failed" in (await said(admin, "admin failed")).message.text
    await submit()
    job = await fail()
    text = (await said(admin, "admin failed")).message.text
    for part in (job, f"<@{ann.id}>", "no such thing"):
        assert part in text


async def test_audit_lists_what_was_done(server, client, worker, admin, said):
    await said(admin, "admin pause", {"scope": "lane:relax"})
    text = (await said(admin, "admin audit")).message.text
    assert f"<@{admin.id}> **paused** lane:relax" in text


# -- pausing ----------------------------------------------------------------------------------------------------


async def test_a_checkpoint_is_paused_at_once_and_goes_on(server, client, worker, admin, said, queue):
    text = (await said(admin, "admin pause", {"scope": "checkpoint:dream"})).message.text
    assert "Checkpoint dream is paused. Nothing runs there." in text
    assert [one.scope for one in await queue.admin.pauses()] == ["checkpoint:dream"]

    assert "goes on" in (await said(admin, "admin resume", {"scope": "checkpoint dream"})).message.text
    assert await queue.admin.pauses() == []


async def test_what_can_be_paused_is_offered_in_words(server, client, worker, admin, said):
    offered = await server.autocomplete(admin, "admin pause", focused="scope")
    assert [one["name"] for one in offered] == [
        "the whole queue", "lane fast", "lane relax", "checkpoint anime", "checkpoint dream", "worker gpu"
    ]  # fmt: skip
    offered = await server.autocomplete(admin, "admin drain", focused="scope", value="drea")
    assert [one["value"] for one in offered] == ["checkpoint:dream"]
    assert await server.autocomplete(admin, "admin resume", focused="scope") == []
    await said(admin, "admin pause", {"scope": "dream"})
    assert [one["value"] for one in await server.autocomplete(admin, "admin resume", focused="scope")] == [
        "checkpoint:dream"
    ]


async def test_what_is_not_known_is_refused_with_what_there_is(server, client, worker, admin, said, queue):
    text = (await said(admin, "admin pause", {"scope": "checkpoint:nope"})).message.text
    assert "“checkpoint:nope” is not known; there are: the whole queue, lane fast" in text
    text = (await said(admin, "admin drain", {"scope": "queue"})).message.text
    assert "there are: worker gpu, checkpoint anime" in text
    text = (await said(admin, "admin resume", {"scope": "lane:fast"})).message.text
    assert "is not paused" in text
    assert await queue.admin.pauses() == []


async def test_pausing_the_queue_asks_first_and_says_what_it_means(
    server, client, worker, admin, said, submit, answer, queue
):
    await submit()
    asked = await said(admin, "admin pause", {"scope": "queue"})
    assert "1 job waits and keeps its place" in asked.message.text
    assert await queue.admin.pauses() == []

    assert "The whole queue is paused" in await answer(admin, asked)
    assert [one.scope for one in await queue.admin.pauses()] == ["queue"]


async def test_no_does_nothing(server, client, worker, admin, said, answer, queue):
    asked = await said(admin, "admin pause", {"scope": "queue"})
    assert "Nothing was done" in await answer(admin, asked, "No")
    assert await queue.admin.pauses() == []


async def test_yes_works_after_a_restart_and_only_once(server, bot, client, worker, admin, said, answer, queue):
    asked = await said(admin, "admin drain", {"scope": "worker:gpu"})
    before = asked.message
    await bot.close()
    await bot.start()
    assert "is drained" in await answer(admin, asked)
    assert [one.why for one in await queue.admin.pauses()] == ["drain"]

    await queue.admin.resume("me", "worker:gpu")
    await bot.close()
    await bot.start()
    # As a client does that hasn't seen the answer yet: the same button again.
    again = server._driver._use(admin, server.world.message(before.id), before.buttons[0] | {"disabled": False}, {})
    await again.response()
    await again.wait_for(lambda shown: "no longer open" in shown.text)
    assert await queue.admin.pauses() == []


async def test_yes_asks_again_for_the_right(server, client, worker, admin, said, queue):
    asked = await said(admin, "admin pause", {"scope": "queue"})
    admin.roles.clear()
    pressed = await server.click(admin, asked, "Yes, do it")
    await pressed.response()
    assert await queue.admin.pauses() == []
    assert "Manage Server" in server.messages()[-1].text


async def test_a_question_is_nobody_elses_to_answer(server, client, worker, admin, said, queue):
    other = server.add_member("other", P.MANAGE_GUILD)
    asked = await said(admin, "admin pause", {"scope": "queue"})
    shown = asked.message
    pressed = server._driver._use(other, server.world.message(shown.id), shown.buttons[0], {})
    await pressed.response()
    assert "Only the admin who was asked" in server.messages()[-1].text
    assert await queue.admin.pauses() == []


@pytest.mark.parametrize(
    "typed",
    ["dream.safetensors", "checkpoint:DREAM.safetensors", "checkpoint:dream.safetensors [fa11e500]", "fa11e500",
     "checkpoint:fa11e500"],
)  # fmt: skip
async def test_a_checkpoint_is_known_by_every_name_that_the_command_line_takes(
    server, client, worker, admin, said, queue, typed
):
    known = Checkpoint(name="dream", title="dream.safetensors [fa11e500]", hash="fa11e500")
    await worker.beat(about=ABOUT.model_copy(update={"checkpoints": (known,)}))
    assert await queue.admin.resolve_scope(f"checkpoint:{typed.removeprefix('checkpoint:')}") == "checkpoint:dream"
    assert "Checkpoint dream is paused" in (await said(admin, "admin pause", {"scope": typed})).message.text


@pytest.mark.parametrize("typed", ["worker:10.0.0.1:7860", "10.0.0.1:7860", "worker:http://10.0.0.1:7860"])
async def test_a_worker_is_known_by_its_webuis_address_as_to_the_command_line(
    server, client, worker, admin, said, queue, typed
):
    await worker.beat(about=ABOUT.model_copy(update={"webui": "http://10.0.0.1:7860"}))
    assert await queue.admin.resolve_scope(f"worker:{typed.removeprefix('worker:')}") == "worker:gpu"
    assert "Worker gpu is paused" in (await said(admin, "admin pause", {"scope": typed})).message.text
    assert "goes on" in (await said(admin, "admin resume", {"scope": typed})).message.text


async def test_an_address_that_several_workers_have_is_answered_with_their_names(
    server, client, worker, admin, said, queue, raw
):
    for name in ("gpu1/localhost:7860/4f2a", "gpu2/localhost:7860/11aa"):
        call(raw, calls.beat(name, WorkerState.READY, loaded=None, pixels=1, about=ABOUT))
    text = (await said(admin, "admin pause", {"scope": "worker:localhost:7860"})).message.text
    assert "may be any of these" in text
    assert "gpu1/localhost" in text
    assert await queue.admin.pauses() == []


async def test_draining_a_checkpoint_counts_a_job_that_runs_on_it_because_it_is_loaded(
    server, client, worker, admin, said, submit, answer
):
    await submit()
    await worker.take()
    asked = await said(admin, "admin drain", {"scope": "checkpoint:dream"})
    assert "1 running one finishes" in asked.message.text
    assert "is drained" not in await answer(admin, asked)


# -- quarantine -------------------------------------------------------------------------------------------------


async def test_a_worker_is_put_into_quarantine_and_released(server, client, worker, admin, said, answer, queue, submit):
    asked = await said(admin, "admin quarantine", {"worker": "gpu/played"})
    assert "Put worker gpu into quarantine?" in asked.message.text
    assert "until `/admin release`" in await answer(admin, asked)
    [pause] = await queue.admin.pauses()
    assert (pause.scope, pause.why) == ("worker:gpu", "quarantine")
    assert "quarantine" in (await said(admin, "admin workers")).message.text
    offered = await server.autocomplete(admin, "admin release", focused="worker")
    assert [one["value"] for one in offered] == ["worker:gpu"]

    assert "takes jobs again" in (await said(admin, "admin release", {"worker": "gpu"})).message.text
    assert await queue.admin.pauses() == []
    assert "is not in quarantine" in (await said(admin, "admin release", {"worker": "gpu"})).message.text


async def test_a_worker_that_is_sick_by_itself_is_told_to_try_now(server, client, worker, admin, said, raw):
    await worker.beat(WorkerState.AWAY, reason="sick: black pictures; next try in 300 s", trust=Trust.QUARANTINED)
    text = (await said(admin, "admin release", {"worker": "gpu"})).message.text
    assert "tried at once" in text
    assert raw.get(keys.try_now(worker.name)) == f"discord:{admin.id}".encode()


# -- jobs -------------------------------------------------------------------------------------------------------


async def test_a_waiting_job_is_bumped_and_cancelled(server, client, worker, admin, said, submit, queue):
    await submit()
    last = await submit()
    offered = await server.autocomplete(admin, "admin bump", focused="job", value=last)
    assert offered[0]["value"] == last
    assert "a cat" not in offered[0]["name"]
    assert "goes next" in (await said(admin, "admin bump", {"job": last})).message.text
    assert (await worker.take()).id == last
    assert "doesn't wait" in (await said(admin, "admin bump", {"job": last})).message.text

    assert "is being stopped" in (await said(admin, "admin cancel", {"job": last})).message.text
    [other] = await queue.admin.jobs(State.WAITING)
    assert "is cancelled" in (await said(admin, "admin cancel", {"job": other.id})).message.text
    assert "has ended already" in (await said(admin, "admin cancel", {"job": other.id})).message.text
    assert "There is no job nope" in (await said(admin, "admin cancel", {"job": "nope"})).message.text


async def test_a_member_is_cleared(server, client, worker, admin, ann, said, answer, submit, queue):
    await submit()
    await submit()
    kept = await submit(owner=f"discord:{server.guild.id}/1")
    asked = await said(admin, "admin clear", {"member": ann})
    assert f"Cancel all jobs of <@{ann.id}>" in asked.message.text
    assert "2 waiting and 0 running" in asked.message.text
    assert f"2 jobs of <@{ann.id}> are cancelled" in await answer(admin, asked)
    assert [job.id for job in await queue.admin.jobs(State.WAITING)] == [kept]


async def test_failed_jobs_are_requeued_one_or_all(server, client, worker, admin, said, answer, submit, fail, queue):
    assert "no job has failed" in (await said(admin, "admin requeue", {"job": "all"})).message.text.lower()
    for _ in range(3):
        await submit()
        await fail()
    offered = await server.autocomplete(admin, "admin requeue", focused="job")
    assert offered[0]["value"] == "all"
    assert len(offered) == 4

    one = offered[1]["value"]
    assert "waits again" in (await said(admin, "admin requeue", {"job": one})).message.text
    assert "hasn't failed" in (await said(admin, "admin requeue", {"job": one})).message.text
    asked = await said(admin, "admin requeue", {"job": "all"})
    assert "all 2 failed jobs a new life?" in asked.message.text
    assert "2 jobs wait again" in await answer(admin, asked)
    assert len(await queue.admin.jobs(State.WAITING)) == 3


# -- several servers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("admin pause", {"scope": "queue"}),
        ("admin resume", {"scope": "queue"}),
        ("admin drain", {"scope": "worker:gpu"}),
        ("admin quarantine", {"worker": "gpu"}),
        ("admin release", {"worker": "gpu"}),
        ("admin bump", {"job": "x"}),
    ],
)
async def test_in_several_servers_nobody_steers_the_fleet_until_the_owner_names_one(
    server, client, worker, admin, stranger, said, command, options
):
    for one in (admin, stranger):
        text = (await said(one, command, options)).message.text
        assert f"`ZOSMA_HOME_GUILDS={one.guild.id}`" in text


async def test_the_owners_server_steers_the_fleet_and_others_do_not(server, bot, worker, queue, admin, said):
    await bot.start(bot.settings(home_guilds=str(server.guild.id)))
    stranger = server.add_member("stranger", P.MANAGE_GUILD, guild=server.add_guild("Elsewhere"))
    assert "is paused" in (await said(admin, "admin pause", {"scope": "lane:fast"})).message.text
    assert "ZOSMA_HOME_GUILDS" in (await said(stranger, "admin resume", {"scope": "lane:fast"})).message.text


async def test_a_strange_admin_sees_and_touches_only_his_own_servers_jobs(
    server, client, worker, ann, stranger, said, answer, submit, fail, queue
):
    await submit()
    dead = await fail()
    busy = await submit()
    await worker.take()
    await worker.beat(WorkerState.BUSY)
    await queue.admin.note("discord:1", "cancel", busy)
    group = f"discord:{stranger.guild.id}"
    own = await submit(owner=f"{group}/5", group=group)

    for command in ("overview", "workers", "failed", "audit"):
        text = (await said(stranger, f"admin {command}")).message.text
        for secret in (dead, busy, str(ann.id)):
            assert secret not in text, command
    for command, job in (("cancel", busy), ("requeue", dead)):
        text = (await said(stranger, f"admin {command}", {"job": job})).message.text
        assert f"no job {job} here" in text
        assert job not in str(await server.autocomplete(stranger, f"admin {command}", focused="job"))
    assert "no job has failed" in (await said(stranger, "admin requeue", {"job": "all"})).message.text.lower()

    assert "is cancelled" in (await said(stranger, "admin cancel", {"job": own})).message.text
    assert own in (await said(stranger, "admin audit")).message.text
    own = await submit(owner=f"{group}/{ann.id}", group=group)
    asked = await said(stranger, "admin clear", {"member": ann})
    assert "1 job of" in await answer(stranger, asked)
    assert (await queue.job(busy)).state is State.RUNNING


async def test_other_servers_see_workers_by_name_and_never_their_addresses(
    server, bot, redis_url, queue, ann, said, stranger
):
    await bot.close()
    await bot.start(bot.settings(home_guilds=str(server.guild.id)))
    far = PlayedWorker(redis_url, "box.lan/10.0.0.3:7860/ab12")
    far.about = far.about.model_copy(update={"webui": "http://10.0.0.3:7860"})
    async with far:
        group = f"discord:{stranger.guild.id}"
        for prompt in ("fails", "runs"):
            await queue.submit(parse_request({"prompt": prompt}), Sender(owner=f"{group}/{stranger.id}", group=group))
        error = "http://10.0.0.3:7860 hangs, so does 10.0.0.9:1"
        await far.settle(await far.take(), calls.fail("webui-hung", error))
        await far.take()
        await queue.admin.pause("boss", "worker:10.0.0.3:7860", "10.0.0.3:7860 is hot")
        await far.beat(WorkerState.AWAY, reason="http://10.0.0.3:7860 does not answer")

        for command in ("overview", "workers", "failed"):
            text = (await said(stranger, f"admin {command}")).message.text
            assert "10.0.0" not in text, command
            assert "box.lan" not in text, command
            assert "gpu1" in text, command
        assert await server.autocomplete(stranger, "admin pause", focused="scope", value="") == []
        for member in (ann, stranger):
            asked = await server.slash(member, "queue")
            await asked.response()
            assert "worker gpu1" in asked.message.text
            assert "10.0.0" not in asked.message.text


@pytest.mark.parametrize("value", ["my server", "12,x", "-5", "0", "99999999999999999999", "²"])
def test_an_id_that_is_none_ends_the_bot_with_the_fix(value, monkeypatch):
    monkeypatch.setenv("ZOSMA_HOME_GUILDS", value)
    with pytest.raises(SettingsError, match=r"^ZOSMA_HOME_GUILDS=.* is wrong: .* is no server's id: .*Copy Server ID"):
        load(BotSettings, env_file=None)


def test_several_home_servers_stand_with_commas_between(monkeypatch):
    monkeypatch.setenv("ZOSMA_HOME_GUILDS", "12, 345")
    assert load(BotSettings, env_file=None).homes == {12, 345}
