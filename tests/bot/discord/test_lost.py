"""When Redis has lost everything: messages that wait for an end that can't come any more get one."""

from __future__ import annotations

import stat

import pytest

from zosma_bot.discord.state.open_messages import FILE, SPARE_LINES, OpenMessages
from zosma_bot.discord.state.reply_record import Reply

LOST = "⚠️ This was lost when the queue lost its data. Please ask again."
SMALL = {"prompt": "a cat", "width": 64, "height": 64}
REPLY = Reply(application_id=1, token="secret", token_created_ms=5, channel_id=2, user_id=3, message_id=4)


@pytest.fixture(name="settings")
def _settings(bot, tmp_path):
    return bot.settings(data_dir=tmp_path / "zosma")


async def waiting(server, ann, **options):
    asked = await server.slash(ann, "imagine", SMALL | options)
    await asked.wait_for(lambda shown: "in line" in shown.text.lower())
    return asked


async def nothing_open(client, until):
    async def is_so():
        return not client.deliveries._tools.open_messages.ids()

    await until(is_so)


async def test_a_bot_that_lives_on_tells_who_waits(server, bot, worker, ann, raw):
    await bot.start(look_every_s=0.05)
    asked = await waiting(server, ann)
    raw.flushall()

    shown = await asked.wait_for(lambda shown: LOST in shown.text)
    assert not shown.components
    assert len(server.messages()) == 1


@pytest.mark.parametrize("private", [False, True])
async def test_after_a_restart_of_both_who_waits_is_told_once(server, bot, worker, ann, raw, settings, until, private):
    await bot.start(settings)
    asked = await waiting(server, ann, private=private)
    await bot.close()
    raw.flushall()

    client = await bot.start(settings)
    await asked.wait_for(lambda shown: LOST in shown.text)
    await nothing_open(client, until)
    assert len(server.messages()) == 1
    assert OpenMessages(settings.data_dir).ids() == []


async def test_what_has_its_end_is_left_as_it_is(server, bot, worker, ann, queue, raw, settings, until):
    client = await bot.start(settings)
    asked = await waiting(server, ann)
    made = await worker.finish(await worker.take())
    await asked.wait_for(lambda shown: shown.files)
    await nothing_open(client, until)
    await bot.close()
    raw.flushall()

    client = await bot.start(settings)
    await client.deliveries.sync()
    assert [file.data for file in asked.message.files] == made


async def test_what_another_process_has_shown_is_forgotten(server, bot, worker, ann, queue, settings, until):
    await bot.start(settings)
    await waiting(server, ann)
    await bot.close()
    leased = await worker.take()
    await worker.finish(leased)
    await queue.mark_delivered(await queue.job(leased.id))
    edits = len(server.requests_to("PATCH", "/messages/"))

    client = await bot.start(settings)
    await nothing_open(client, until)
    assert len(server.requests_to("PATCH", "/messages/")) == edits


async def test_a_lost_job_waits_for_discord(server, bot, worker, ann, raw):
    async def at_once(_):
        pass

    await bot.start(look_every_s=0.05, sleep=at_once)
    asked = await waiting(server, ann)
    server.fail_next("PATCH", "/messages/", 503, times=3)
    raw.flushall()
    await asked.wait_for(lambda shown: LOST in shown.text)


# -- the file ---------------------------------------------------------------------------------------------------


def test_the_file_outlives_the_process_and_is_its_owners_alone(tmp_path):
    before = OpenMessages(tmp_path / "new")
    before.note("a", REPLY)
    before.note("b", REPLY)
    before.forget("a")

    after = OpenMessages(tmp_path / "new")
    assert after.ids() == ["b"]
    assert after.find("b") == REPLY
    assert stat.S_IMODE((tmp_path / "new" / FILE).stat().st_mode) == 0o600


def test_torn_and_foreign_lines_are_passed_over(tmp_path):
    OpenMessages(tmp_path).note("a", REPLY)
    with (tmp_path / FILE).open("ab") as file:
        file.write(b"[" * 100_000 + b"\n")
        file.write(
            b'[]\n7\n\xff\n{"job": "c", "reply": {"kind": "telegram"}}\n{"job": "d", "reply": "x"}\n{"job": "b", "re'
        )

    assert OpenMessages(tmp_path).ids() == ["a"]


def test_the_file_does_not_grow_for_ever(tmp_path):
    known = OpenMessages(tmp_path)
    known.note("stays", REPLY)
    for number in range(SPARE_LINES):
        known.note(f"job-{number}", REPLY)
        known.forget(f"job-{number}")

    assert len((tmp_path / FILE).read_text().splitlines()) <= SPARE_LINES + 2
    assert OpenMessages(tmp_path).ids() == ["stays"]


def test_a_folder_that_cannot_be_used_is_said_and_done_without(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    known = OpenMessages(tmp_path / "file")
    known.note("a", REPLY)

    assert known.ids() == ["a"]
    assert [record.getMessage() for record in caplog.records] == [
        "ZOSMA_DATA_DIR: open messages are remembered in memory only: File exists"
    ]
