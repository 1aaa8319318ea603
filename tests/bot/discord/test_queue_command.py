"""`/queue` over real sockets."""

from __future__ import annotations

from zosma_queue.client import Sender
from zosma_queue.fleet import Trust, WorkerState
from zosma_queue.request import parse_request


async def test_an_admin_sees_the_queue_and_the_gpus(server, client, worker, admin, queue):
    for _ in range(2):
        await queue.submit(parse_request({"prompt": "a cat"}), Sender(owner="a", group="g"))
    leased = await worker.take()
    await worker.beat(WorkerState.BUSY)
    await worker.progress(leased, 0.4)

    asked = await server.slash(admin, "queue")
    await asked.response()
    assert asked.message.ephemeral
    for part in ("**1** waiting", "**1** running", "gpu:7860", "a1111 v1.10.1", "dream", "busy", "40 %"):
        assert part in asked.message.text


async def test_an_admin_sees_why_a_gpu_is_away(server, client, worker, admin):
    await worker.beat(WorkerState.AWAY, reason="the WebUI does not answer")

    asked = await server.slash(admin, "queue")
    await asked.response()
    assert "away · the WebUI does not answer" in asked.message.text


async def test_an_empty_fleet_is_said_to_be_empty(server, client, admin):
    asked = await server.slash(admin, "queue")
    await asked.response()
    assert "No worker has shown a sign of life" in asked.message.text


async def shown(server, member, **where):
    asked = await server.slash(member, "queue", **where)
    await asked.response()
    assert asked.message.ephemeral
    return asked.message.text


async def imagine(server, member, words, **where):
    asked = await server.slash(member, "imagine", {"prompt": "a cat", "width": 64, "height": 64}, **where)
    await asked.wait_for(lambda message: words in message.text)


async def test_a_member_sees_his_places_and_the_gpus_in_short(server, client, worker, ann, queue):
    bob = server.add_member("bob")
    await imagine(server, bob, "Next in line")
    await imagine(server, ann, "2nd in line")
    await worker.beat(WorkerState.BUSY)

    text = await shown(server, ann)
    assert text.splitlines() == [
        "**2** waiting, **0** running", "Yours:", "🕓 2nd in line · starts in a moment · a cat", "1 GPU: 🔵 1 busy",
    ]  # fmt: skip
    assert "gpu:7860" not in text


async def test_a_start_that_is_far_off_is_told_as_a_time_that_counts_down(server, client, worker, ann, queue):
    heavy = {"prompt": "a", "width": 2048, "height": 2048, "steps": 150, "count": 4}
    await queue.submit(parse_request(heavy), Sender(owner="a", group="g"))
    await imagine(server, ann, "in line")
    await worker.take()
    assert "starts <t:" in await shown(server, ann)


async def test_who_waits_for_nothing_is_told_so_and_that_no_gpu_is_there(server, client, ann):
    ann.locale = "de"
    assert (await shown(server, ann)).splitlines() == [
        "**0** warten, **0** in Arbeit", "Von dir wartet und läuft gerade nichts.", "Gerade ist keine GPU da.",
    ]  # fmt: skip


async def test_an_admin_sees_his_own_jobs_too(server, client, worker, admin):
    await imagine(server, admin, "in line")
    text = await shown(server, admin)
    assert "gpu:7860" in text
    assert "Next in line" in text


async def test_in_direct_messages_an_admin_is_a_member_like_others(server, client, worker, admin):
    await imagine(server, admin, "in line", dm=True)
    text = await shown(server, admin, dm=True)
    assert "Next in line" in text
    assert "gpu:7860" not in text


async def test_redis_away_is_told(server, client, worker, admin, valkey_asleep):
    async with valkey_asleep():
        asked = await server.slash(admin, "queue")
        await asked.response()
    assert "queue can't be reached" in asked.message.text


async def test_everybody_sees_what_is_paused(server, client, worker, ann, queue):
    await queue.admin.pause("boss", "queue", "dinner")
    asked = await server.slash(ann, "queue", {})
    await asked.response()
    assert "Paused by an admin: the whole queue" in asked.message.text


async def test_a_waiting_job_says_that_it_is_paused(server, client, worker, ann, queue):
    await queue.admin.pause("boss", "queue", "dinner")
    asked = await server.slash(ann, "imagine", {"prompt": "a cat", "width": 64, "height": 64})
    await asked.wait_for(lambda shown: "An admin has paused this" in shown.text)


async def test_members_read_why_something_is_paused_and_a_held_gpu_is_not_free(server, client, worker, ann, queue):
    await queue.admin.pause("boss", "worker:gpu", "new fan")
    text = await shown(server, ann)
    assert "worker gpu1 (new fan)" in text
    assert "1 on hold" in text
    assert "free" not in text
    await queue.admin.resume("boss", "worker:gpu")
    await worker.beat(trust=Trust.QUARANTINED)
    assert "1 on hold" in await shown(server, ann)
