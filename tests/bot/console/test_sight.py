"""Who sees what: one's own jobs, others', private ones; and what strangers write, which is text and nothing else."""

from __future__ import annotations

import json

import pytest

from zosma_bot.http.views import public_name
from zosma_queue import calls
from zosma_queue.client import Sender
from zosma_queue.errors import ErrorKind
from zosma_queue.fleet import Trust, WorkerState
from zosma_queue.request import parse_request

from .conftest import ANN, BOB, MAX

SECRET = "a secret garden"
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'{{7*7}}</textarea>"


def reply(**changes):
    """Where the answer to a job of Discord goes, with the fields that the page looks at."""
    return json.dumps({"kind": "discord", "guild_id": 1, "private": False, "spoiler": False, "blocked": []} | changes)


MEMBER = Sender(owner="discord:1/11", group="discord:1")


async def asked(queue, sender, prompt=SECRET, **more):
    return await queue.submit(parse_request({"prompt": prompt}), sender, **more)


def key(name):
    return Sender(owner=f"key:{name}", group=f"key:{name}")


async def done(queue, worker, sender, prompt=SECRET, **more):
    job_id = await asked(queue, sender, prompt, **more)
    await worker.finish(await worker.take())
    return job_id


async def test_others_see_that_a_job_waits_and_nothing_of_it(visit, queue, worker):
    job_id = await asked(queue, key("bob"))
    page = await visit(ANN)
    shown = await page.get("/console/queue")

    assert "somebody else" in shown
    for hidden in (SECRET, job_id, "bob"):
        assert hidden not in shown
    await page.get(f"/console/jobs/{job_id}", status=404)
    for act in ("cancel", "again"):
        await page.post(f"/console/jobs/{job_id}/{act}", status=404, confirmed="1")
    assert SECRET not in await page.get(f"/?again={job_id}")


async def test_its_owner_and_admins_see_it(visit, queue, worker):
    job_id = await asked(queue, key("bob"))
    for who, name in ((BOB, "you"), (MAX, "bob")):
        page = await visit(who)
        shown = await page.get("/console/queue")
        assert SECRET in shown
        assert name in shown
        assert SECRET in await page.get(f"/console/jobs/{job_id}")


async def test_members_of_discord_have_their_names_for_admins_alone(visit, queue, worker):
    await asked(queue, MEMBER, reply=reply())
    assert "Ann of Discord" in await (await visit(MAX)).get("/console/queue")
    shown = await (await visit(BOB)).get("/console/queue")
    assert "Ann of Discord" not in shown
    assert "discord:1" not in shown


@pytest.mark.parametrize(
    "answer", [reply(private=True), reply(guild_id=None), reply(spoiler=True), reply(blocked=[0]), "junk", "{}", ""]
)
async def test_what_was_asked_for_in_private_not_even_an_admin_sees(visit, queue, worker, answer):
    job_id = await done(queue, worker, MEMBER, reply=answer)
    page = await visit(MAX)

    assert SECRET not in await page.get("/console/gallery?of=all")
    shown = await page.get(f"/console/jobs/{job_id}")
    assert SECRET not in shown
    assert "their owner" in shown
    await page.get(f"/console/jobs/{job_id}/images/0", status=404)
    await page.post(f"/console/jobs/{job_id}/again", status=404)
    assert SECRET not in await page.get(f"/?again={job_id}")


async def test_a_preview_of_a_private_job_is_its_owner_s_alone(visit, queue, worker):
    job_id = await asked(queue, MEMBER, reply=reply(private=True))
    await worker.progress(await worker.take(), 0.5, preview=worker.draw(parse_request({"prompt": "a"}), 1, "", ""))
    page = await visit(MAX)

    for path in ("/console/queue", "/console/fleet"):
        assert SECRET not in await page.get(path)
    await page.get(f"/console/jobs/{job_id}/preview", status=404)


async def test_a_picture_is_its_owner_s_and_in_public_admins(visit, queue, worker):
    own, public = await done(queue, worker, key("bob")), await done(queue, worker, MEMBER, reply=reply())
    boss, bob, ann = await visit(MAX), await visit(BOB), await visit(ANN)

    for page, job_id, status in (
        (bob, own, 200), (boss, own, 200), (ann, own, 404), (boss, public, 200), (bob, public, 404),
    ):  # fmt: skip
        async with page.session.get(f"/console/jobs/{job_id}/images/0") as answer:
            assert answer.status == status
            if status == 200:
                assert answer.content_type == "image/png"
                assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
                assert "private" in answer.headers["Cache-Control"]
    assert own in await bob.get("/console/gallery")
    assert public not in await bob.get("/console/gallery?of=all")
    assert public in await boss.get("/console/gallery?of=all")


async def test_inner_addresses_and_a_webui_s_words_are_for_admins(visit, queue, worker):
    await worker.beat(WorkerState.AWAY, reason="http://10.0.0.9:7860 refused", trust=Trust.QUARANTINED)
    boss, ann = await visit(MAX), await visit(ANN)

    assert "10.0.0.9" in await boss.get("/console/fleet")
    shown = await ann.get("/console/fleet")
    assert public_name(worker.name) in shown
    assert "Quarantined" in shown
    for hidden in ("10.0.0.9", worker.name, "gpu:7860"):
        assert hidden not in shown


async def test_why_a_job_failed_members_are_told_in_our_words(visit, queue, worker):
    job_id = await asked(queue, key("bob"))
    leased = await worker.take()
    await worker.settle(leased, calls.fail(ErrorKind.WEBUI_BROKEN, "http://10.0.0.9:7860 said: stack of it"))

    shown = await (await visit(BOB)).get(f"/console/jobs/{job_id}")
    assert ErrorKind.WEBUI_BROKEN.sentence in shown
    assert "10.0.0.9" not in shown
    assert "10.0.0.9" in await (await visit(MAX)).get("/console/failed")
    assert job_id not in await (await visit(ANN)).get("/console/failed")


async def test_what_strangers_write_is_text(page, queue, worker):
    """In every place where a prompt, a name or an error can stand."""
    about = worker.about.model_copy(
        update={"webui": HOSTILE, "flavour": HOSTILE, "version": HOSTILE, "samplers": (HOSTILE,), "loras": (HOSTILE,)}
    )
    worker.loaded = HOSTILE
    await worker.beat(about=about)
    local = Sender(owner="http:local", group="http:local")
    ended = await done(queue, worker, local, HOSTILE)
    failed = await asked(queue, Sender(owner=f"key:{HOSTILE}", group="g"), HOSTILE)
    await worker.settle(await worker.take(), calls.fail(ErrorKind.WEBUI_BROKEN, HOSTILE))
    running = await asked(queue, local, HOSTILE)
    await worker.progress(await worker.take(), 0.5)
    waiting = await asked(queue, local, HOSTILE)
    await queue.admin.pause(HOSTILE, "queue", HOSTILE)
    await queue.admin.note(HOSTILE, HOSTILE, HOSTILE, part=HOSTILE, value=HOSTILE)

    paths = [
        "/",
        f"/?again={ended}",
        "/console/queue",
        "/console/fleet",
        "/console/gallery",
        "/console/gallery?of=all",
        "/console/failed",
        "/console/admin",
        f"/console/admin?limits={HOSTILE}",
        "/console/history",
        "/console/strip",
    ]
    for path in [*paths, *(f"/console/jobs/{one}" for one in (ended, failed, running, waiting))]:
        shown = await page.get(path)
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown
        assert "49" not in shown.partition("{{")[2][:0]
        assert "</textarea></textarea>" not in shown
    assert "&lt;script&gt;" in await page.get("/console/queue")


async def test_what_a_script_gets_wrong_is_text_too(page, queue, worker):
    answer = await page.post("/console/jobs", status=422, prompt="a", checkpoint=HOSTILE)
    assert "<script>" not in answer.replace('<script type="module"', "")


async def test_every_answer_has_a_policy_by_which_only_our_own_scripts_run(page):
    for path in ("/", "/console/queue", "/console/none", "/console/sign-in", "/console/jobs/none"):
        async with page.session.get(path, allow_redirects=False) as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
    async with page.session.get("/") as answer:
        text = await answer.text()
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert " style=" not in text
        assert " onclick" not in text
        assert "//" not in text.replace('href="https://', "").replace("http://www.w3.org", "").partition("<body")[0]
