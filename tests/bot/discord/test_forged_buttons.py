"""Buttons with somebody else's job id in them, on a server that doesn't check what is pressed."""

from __future__ import annotations

import pytest

from loopback.discord.permissions import P
from loopback.discord.state import Upload
from loopback.played_worker import png
from zosma_bot.discord.ui.custom_id import Act, CustomId, OfJob
from zosma_queue.client import Sender
from zosma_queue.job import State
from zosma_queue.request import parse_request

SECRET = "a sunflower that nobody may see"


@pytest.fixture(name="bob")
def _bob(server):
    """Knows the id of a job that isn't his, and has every right that a member can have, but no moderator's."""
    return server.add_member("bob")


@pytest.fixture(name="bobs")
async def _bobs(server, client, worker, bob):
    """A message that bob may press buttons on: a picture of his own."""
    asked = await server.slash(bob, "imagine", {"prompt": "mine", "width": 64, "height": 64})
    await worker.finish(await worker.take())
    await asked.wait_for(lambda shown: shown.attachments)
    return asked


async def private_job(server, queue, worker, ann):
    """What ann asked for so that she alone sees it; running."""
    await server.slash(ann, "imagine", {"prompt": SECRET, "private": True})
    return (await worker.take()).id


async def in_another_channel(server, queue, worker, ann):
    """What ann asked for in a channel that bob doesn't see; running."""
    hidden = server.add_channel("hidden")
    await server.slash(ann, "imagine", {"prompt": SECRET}, channel=hidden)
    return (await worker.take()).id


async def in_another_server(server, queue, worker, ann):
    """What somebody asked for in another server; running."""
    elsewhere = server.add_member("ann", guild=server.add_guild("Elsewhere"))
    await server.slash(elsewhere, "imagine", {"prompt": SECRET})
    return (await worker.take()).id


async def by_http(server, queue, worker, ann):
    """What a key's holder asked for; running."""
    await queue.submit(parse_request({"prompt": SECRET}), Sender(owner="key:website", group="key:website"))
    return (await worker.take()).id


JOBS = (private_job, in_another_channel, in_another_server, by_http)


def said(server, bob, pressed):
    """All that bob can read of what became of his press: the answer, its form, and what was sent to him."""
    read = [*pressed.followups, *server.messages(server.dm(bob)), *([pressed.message] if pressed.message else [])]
    ack = str(pressed.interaction.ack.data) if pressed.interaction.ack else ""
    return ack + "".join(f"{one.text} {[file.data for file in one.files]}" for one in read)


@pytest.mark.parametrize("claimed", ["bob", "ann"])
@pytest.mark.parametrize("whose", JOBS, ids=lambda whose: whose.__name__)
async def test_no_act_gives_anything(whose, claimed, server, client, worker, queue, ann, bob, bobs, until):
    job_id = await whose(server, queue, worker, ann)
    owner = bob.id if claimed == "bob" else ann.id
    for act in Act:
        pressed = await server.press(bob, bobs, OfJob(job_id, owner, 1).custom_id(act), values=[job_id])
        await pressed.response()

        async def answered(pressed=pressed):
            return not (pressed.message and pressed.message.thinking)

        await until(answered)
        assert SECRET not in said(server, bob, pressed), act
        job = await queue.job(job_id)
        assert (job.state, job.cancelling) == (State.RUNNING, False), act
        assert await queue.open_jobs() == [job_id], act


async def test_a_job_of_ones_own_deletes_nobody_elses_message(server, client, worker, queue, ann, bob, bobs):
    asked = await server.slash(ann, "imagine", {"prompt": "anns"})
    await worker.finish(await worker.take())
    shown = await asked.wait_for(lambda shown: shown.attachments)
    (bobs_job,) = [job.id for job in await queue.jobs_of(f"discord:{server.guild.id}/{bob.id}")]

    pressed = await server.press(bob, shown, OfJob(bobs_job, bob.id).custom_id(Act.DELETE))
    await pressed.response()

    assert "something that you can't use here" in pressed.message.text
    assert not server.history(shown)[-1].deleted


async def test_a_forgotten_jobs_message_is_deleted_only_by_who_asked_for_it(
    server, client, worker, raw, ann, bob, queue
):
    asked = await server.slash(ann, "imagine", {"prompt": "anns"})
    leased = await worker.take()
    await worker.finish(leased)
    shown = await asked.wait_for(lambda shown: shown.attachments)
    raw.flushall()

    pressed = await server.press(bob, shown, OfJob(leased.id, bob.id).custom_id(Act.DELETE))
    await pressed.response()
    assert not server.history(shown)[-1].deleted

    pressed = await server.press(ann, shown, OfJob(leased.id, ann.id).custom_id(Act.DELETE))
    await server.world.changes.until(lambda: server.history(shown)[-1].deleted or None, 10.0, lambda: repr(pressed))


async def test_a_report_names_the_true_owner_whatever_the_button_says(
    server, client, worker, queue, ann, bob, admin, said
):
    reports = server.add_channel("reports")
    await said(admin, "admin rules reports", {"channel": reports})
    asked = await server.slash(ann, "imagine", {"prompt": "anns"})
    leased = await worker.take()
    await worker.finish(leased)
    shown = await asked.wait_for(lambda shown: shown.attachments)

    form = await server.press(bob, shown, OfJob(leased.id, admin.id).custom_id(Act.REPORT))
    await form.response()
    await server.submit_modal(bob, form, {"why": ""})
    report = await server.wait_for_message(reports, lambda one: "🚩" in one.text and one.components)
    assert f"<@{ann.id}>" in report.content
    assert f"<@{admin.id}>" not in report.content


async def test_a_moderators_delete_reaches_only_what_its_report_is_about(server, client, worker, ann, bob):
    elsewhere = server.add_guild("Elsewhere")
    other = server.world.add_channel(elsewhere, "their-pictures")
    theirs = server.say(server.add_member("cid", guild=elsewhere), "theirs", channel=other)
    asked = await server.slash(ann, "imagine", {"prompt": "anns"})
    await worker.finish(await worker.take())
    shown = await asked.wait_for(lambda shown: shown.attachments)
    moderator = server.add_member("moderator", P.MANAGE_MESSAGES)

    forged = str(CustomId(Act.REPORT_REMOVE, (str(other.id), str(theirs.id))))
    pressed = await server.press(moderator, shown, forged)
    await pressed.response()

    assert not server.history(theirs)[-1].deleted
    assert not server.requests_to("DELETE", "^/channels/")


async def test_what_was_kept_of_a_described_picture_is_its_members_alone(
    server, client, worker, queue, raw, ann, bob, bobs
):
    parameters = f"{SECRET}\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 64x64, Model: dream"
    upload = Upload("made.png", png(1, parameters=parameters))
    described = await server.slash(ann, "describe", {"image": upload})
    await described.wait_for(lambda shown: SECRET in shown.text)
    (key,) = [name.decode().rpartition(":")[2] for name in raw.keys("bot:*record:recipe:*")]

    for act in (Act.REMAKE, Act.EDIT, Act.PARAMETERS, Act.AGAIN):
        pressed = await server.press(bob, bobs, OfJob(key, bob.id).custom_id(act))
        await pressed.response()
        assert "something that you can't use here" in (pressed.followups or [pressed.message])[-1].text
    assert await queue.open_jobs() == []


async def test_an_admins_question_is_answered_by_that_admin_only(server, client, worker, queue, ann, admin, said, raw):
    asked = await said(admin, "admin clear", {"member": ann})
    (key,) = [name.decode().rpartition(":")[2] for name in raw.keys("bot:*record:question:*")]
    other = server.add_member("other", P.MANAGE_GUILD)

    public = await server.slash(ann, "imagine", {"prompt": "anns"})
    await worker.take()
    shown = await public.wait_for(lambda shown: not shown.thinking)
    pressed = await server.press(other, shown, str(CustomId(Act.ADMIN_YES, (str(other.id), key))))
    await pressed.response()

    job_id = (await queue.open_jobs())[0]
    assert not (await queue.job(job_id)).cancelling
    assert asked.message
