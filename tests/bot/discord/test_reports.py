"""A member reports a picture, moderators decide: the whole way, with a restart of the bot between any two steps."""

from __future__ import annotations

import pytest

from loopback.discord.permissions import P
from loopback.presses import more
from zosma_bot.discord.ui.custom_id import Act


@pytest.fixture(name="modlog")
def _modlog(server):
    """Where reports go; members don't see it."""
    modlog = server.add_channel("modlog")
    modlog.overwrite(server.guild, deny=P.VIEW_CHANNEL)
    modlog.overwrite(server.bot_member, allow=P.VIEW_CHANNEL)
    return modlog


@pytest.fixture(name="moderator")
def _moderator(server, modlog):
    member = server.add_member("moderator", P.MANAGE_MESSAGES)
    modlog.overwrite(member, allow=P.VIEW_CHANNEL)
    return member


@pytest.fixture(name="picture")
async def _picture(server, client, worker, ann):
    """The message with a picture that ann asked for."""
    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})
    await worker.finish(await worker.take())
    return await asked.wait_for(lambda shown: shown.attachments)


@pytest.fixture(name="report")
def _report(server):
    """Reports a picture, and gives what the member reads then."""

    async def report(member, picture, why="not nice"):
        opened = await more(server, member, picture, Act.REPORT)
        await opened.response()
        sent = await server.submit_modal(member, opened, {"why": why})
        return (await sent.wait_for(lambda shown: not shown.thinking)).text

    return report


@pytest.fixture(name="restart")
def _restart(bot):
    async def restart():
        await bot.close()
        await bot.start()

    return restart


@pytest.fixture(name="bob")
def _bob(server):
    return server.add_member("bob")


async def test_a_report_brings_picture_and_buttons_to_the_moderators_who_delete_it(
    server, picture, modlog, moderator, admin, ann, bob, said, report, restart, queue
):
    await said(admin, "admin rules reports", {"channel": modlog})
    await restart()
    assert "moderators have been told" in await report(bob, picture, "it shows *my* face @everyone")
    told = server.messages(modlog)[-1]
    assert f"<@{bob.id}> reports a picture of <@{ann.id}>" in told.text
    assert "\\*my\\* face" in told.text
    assert [one.filename.startswith("SPOILER_") for one in told.attachments] == [True]
    assert told.labels == ["Delete the picture", "Dismiss"]

    await restart()
    pressed = await server.click(moderator, told, "Delete the picture")
    shown = await _decided(pressed)
    assert f"Deleted by <@{moderator.id}>" in shown.text
    assert shown.attachments == ()
    assert server.history(picture)[-1].deleted
    acts = [(one.who, one.act) for one in await queue.admin.audit()]
    assert (f"discord:{bob.id}", "report") in acts
    assert acts[0] == (f"discord:{moderator.id}", "report-delete")


async def _decided(pressed):
    await pressed.response()
    return await pressed.wait_for(lambda shown: not shown.buttons)


async def test_a_report_is_dismissed_and_the_picture_stays(
    server, picture, modlog, moderator, admin, bob, said, report, restart
):
    await said(admin, "admin rules reports", {"channel": modlog})
    await report(bob, picture)
    await restart()
    shown = await _decided(await server.click(moderator, server.messages(modlog)[-1], "Dismiss"))
    assert f"Dismissed by <@{moderator.id}>" in shown.text
    assert not server.history(picture)[-1].deleted


async def test_a_picture_that_is_gone_already_counts_as_deleted(
    server, picture, modlog, moderator, admin, bob, said, report
):
    await said(admin, "admin rules reports", {"channel": modlog})
    await report(bob, picture)
    server.delete_message(picture)
    shown = await _decided(await server.click(moderator, server.messages(modlog)[-1], "Delete the picture"))
    assert "Deleted by" in shown.text


async def test_who_sees_the_channel_and_moderates_nothing_decides_nothing(
    server, picture, modlog, admin, bob, said, report
):
    await said(admin, "admin rules reports", {"channel": modlog})
    await report(bob, picture)
    modlog.overwrite(bob, allow=P.VIEW_CHANNEL)
    for button in ("Delete the picture", "Dismiss"):
        pressed = await server.click(bob, server.messages(modlog)[1], button)
        await pressed.response()
        assert "Manage Messages" in server.messages(modlog)[-1].text
        assert server.messages(modlog)[-1].ephemeral
    assert not server.history(picture)[-1].deleted
    assert server.messages(modlog)[1].labels


@pytest.mark.parametrize("why", ["no right to attach", "too large there", "out of reach"])
async def test_a_report_comes_without_the_picture_where_that_cannot_come(
    server, picture, modlog, admin, bob, said, report, why
):
    await said(admin, "admin rules reports", {"channel": modlog})
    if why == "no right to attach":
        modlog.overwrite(server.bot_member, allow=P.VIEW_CHANNEL, deny=P.ATTACH_FILES)
    elif why == "too large there":
        server.fail_next("POST", rf"^/channels/{modlog.id}/messages$", 413, {"code": 40005, "message": "too large"})
    else:
        del server.world.attachments[picture.attachments[0].id]
    assert "moderators" in await report(bob, picture)
    posted = server.messages(modlog)[-1]
    assert posted.files == ()
    assert "not nice" in posted.content
    assert len(posted.labels) == 2


async def test_a_report_whose_posting_was_not_confirmed_is_posted_once(
    server, picture, modlog, admin, bob, said, report
):
    await said(admin, "admin rules reports", {"channel": modlog})
    server.cut_next("POST", rf"^/channels/{modlog.id}/messages$", after=True)
    assert "moderators" in await report(bob, picture)
    (posted,) = [one for one in server.messages(modlog) if one.labels]
    assert posted.files


async def test_without_a_channel_and_when_it_is_gone_a_report_is_noted(
    server, picture, modlog, admin, bob, ann, said, report, restart, queue
):
    assert "has been noted for the server's admins" in await report(bob, picture)
    await said(admin, "admin rules reports", {"channel": modlog})
    server.remove_channel(modlog)
    await restart()
    assert "has been noted for the server's admins" in await report(ann, picture)
    assert [one.who for one in await queue.admin.audit() if one.act == "report"] == [
        f"discord:{ann.id}", f"discord:{bob.id}"
    ]  # fmt: skip
    assert "reported" in (await said(admin, "admin audit")).message.text
