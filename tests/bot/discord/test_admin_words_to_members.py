"""What admins and members read of each other's doings: who, what and why."""

from __future__ import annotations

import pytest

from zosma_queue.job import State


async def ask(server, member, prompt="a cat", until="in line", **options):
    asked = await server.slash(member, "imagine", {"prompt": prompt, **options})
    await asked.wait_for(lambda shown: until in shown.text)
    return asked


async def test_a_cancelled_job_says_by_whom_and_why(server, client, worker, ann, admin, said, queue):
    asked = await ask(server, ann)
    (job_id,) = await queue.open_jobs()
    await said(admin, "admin cancel", {"job": job_id, "why": "the GPU is needed for the talk"})
    shown = await asked.wait_for(lambda shown: "Cancelled" in shown.text)
    assert f"Cancelled by <@{admin.id}>. Reason: the GPU is needed for the talk. Nothing was charged" in shown.text

    trail = await said(admin, "admin audit")
    assert f"**cancelled** {job_id}: the GPU is needed for the talk" in trail.message.text


async def test_all_of_a_members_jobs_are_cancelled_with_a_reason(server, client, worker, ann, admin, said, queue):
    asked = await ask(server, ann)
    question = await said(admin, "admin clear", {"member": ann, "why": "enough for today"})
    await server.click(admin, question.message, "Yes, do it")
    shown = await asked.wait_for(lambda shown: "Cancelled" in shown.text)
    assert "Reason: enough for today." in shown.text


@pytest.mark.parametrize(
    ("command", "options", "audited"),
    [
        ("admin drain", {"scope": "worker:gpu"}, "drained"),
        ("admin quarantine", {"worker": "gpu/played"}, "put into quarantine"),
        ("admin pause", {"scope": "checkpoint anime", "why": "it draws green faces"}, "paused"),
    ],
)
async def test_the_audit_says_drained_and_quarantined_and_the_reason(
    server, client, worker, admin, said, until, command, options, audited
):
    async def trail():
        text = (await said(admin, "admin audit")).message.text
        return text if audited in text else None

    question = await said(admin, command, options)
    if command != "admin pause":
        await server.click(admin, question.message, "Yes, do it")
    (line,) = (await until(trail, 30)).splitlines()
    assert f"**{audited}**" in line
    assert line.endswith(": it draws green faces") is (command == "admin pause")


async def test_choices_of_jobs_name_the_member_and_the_words(server, client, worker, ann, admin, queue):
    await ask(server, ann, "a lighthouse at dusk")
    (job_id,) = await queue.open_jobs()
    for command in ("admin bump", "admin cancel"):
        offered = await server.autocomplete(admin, command, focused="job")
        assert offered == [{"name": f"Ann: a lighthouse at dusk · waiting · {job_id}", "value": job_id}]
        by_words = await server.autocomplete(admin, command, focused="job", value="lighthouse")
        assert [one["value"] for one in by_words] == [job_id]
    assert all(len(one["name"]) <= 100 for one in offered)


async def test_what_only_its_member_sees_stays_so_in_choices(server, client, worker, ann, admin):
    await ask(server, ann, "my secret", private=True)
    (one,) = await server.autocomplete(admin, "admin cancel", focused="job")
    assert one["name"].startswith("Ann: (private) · waiting · ")


async def test_a_pause_tells_waiting_members_its_reason(server, bot, worker, ann, queue):
    await bot.start(look_every_s=0.05)
    asked = await ask(server, ann, checkpoint="anime")
    await queue.admin.pause("discord:1", "checkpoint:anime", "new drivers until 18:00")
    await asked.wait_for(lambda shown: "paused this for now: new drivers until 18:00. It keeps its place" in shown.text)
    listed = await server.slash(ann, "jobs")
    await listed.response()
    assert "new drivers until 18:00" in listed.message.text
    await queue.admin.resume("discord:1", "checkpoint:anime")
    await asked.wait_for(lambda shown: "Next in line" in shown.text)


async def test_a_pause_of_ours_gives_members_no_word_of_ours(server, bot, worker, ann, queue):
    await bot.start(look_every_s=0.05)
    asked = await ask(server, ann, checkpoint="anime")
    await queue.admin.pause("discord:1", "checkpoint:anime", "drain")
    shown = await asked.wait_for(lambda shown: "An admin has paused this for now" in shown.text)
    assert "drain" not in shown.text


async def test_a_member_at_their_running_limit_reads_that(server, bot, worker, ann, queue):
    await bot.start(look_every_s=0.05)
    await queue.admin.set_policy("discord:1", "default", {"running": 1})
    await ask(server, ann, "first")
    leased = await worker.take()
    second = await ask(server, ann, "second", until="as many running as you may at once")
    listed = await server.slash(ann, "jobs")
    await listed.response()
    assert "as many running as you may at once" in listed.message.text
    assert "starts in a moment" not in listed.message.text

    await worker.finish(leased)
    await second.wait_for(lambda shown: "Next in line" in shown.text)
    assert (await queue.job((await worker.take()).id)).state is State.RUNNING
