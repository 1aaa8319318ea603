"""What the pages show and what their forms do, as a browser without scripts has it."""

from __future__ import annotations

import asyncio
import html
import io
import re
import shlex
import sys

import aiohttp
import pytest
from PIL import Image

from loopback.played_worker import PlayedWorker, png
from zosma_bot.console.forms import FORM_MAX_BYTES, Form
from zosma_bot.console.plots import plots, totals
from zosma_bot.console.render import bound, duration, short
from zosma_bot.console.views.create import fields_of
from zosma_bot.http.app import make_app, serve
from zosma_bot.hub import Hub
from zosma_queue import calls
from zosma_queue.catalogue import Catalogue
from zosma_queue.client import Queue, Sender
from zosma_queue.errors import ErrorKind
from zosma_queue.fleet import Trust, WorkerState
from zosma_queue.job import State
from zosma_queue.moderation import ContentRules
from zosma_queue.policy import Policy
from zosma_queue.request import INPUT_MAX_BYTES, parse_request
from zosma_queue.series import Span, Step

from .conftest import MAX, Page

LOCAL = Sender(owner="http:local", group="http:local")


async def asked(queue, prompt="a cat", **fields):
    return await queue.submit(parse_request({"prompt": prompt, **fields}), LOCAL)


# -- asking for pictures -------------------------------------------------------------------------------------------


async def test_every_option_of_the_box_is_asked_for(page, queue, worker):
    where = await page.post(
        "/console/jobs", prompt="a cat", negative_prompt="a dog", width="640", height="448", steps="12",
        cfg_scale="5,5", sampler="Euler a", scheduler="Karras", seed="7", count="2", checkpoint="anime",
        vae="soft.safetensors", styles="misty", hires_scale="1.5",
    )  # fmt: skip
    request = (await queue.job(where.rpartition("/")[2])).request

    assert request.model_dump(exclude_none=True, exclude_defaults=True) == {
        "prompt": "a cat", "negative_prompt": "a dog", "width": 640, "height": 448, "steps": 12, "cfg_scale": 5.5,
        "sampler": "Euler a", "scheduler": "Karras", "seed": 7, "count": 2, "checkpoint": "anime",
        "vae": "soft.safetensors", "styles": ("misty",), "hires": {"scale": 1.5, "upscaler": "Latent"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("shape", "side", "size"),
    [
        ("square", "512", (512, 512)),
        ("portrait", "768", (640, 960)),
        ("wide", "1024", (1344, 768)),
        ("", "", (512, 512)),
    ],
)
def test_a_shape_and_a_size_make_width_and_height(shape, side, size):
    form = Form()
    form.add("shape", shape)
    form.add("side", side)
    fields = fields_of(form, Catalogue())
    assert (fields["width"], fields["height"]) == size


async def test_a_picture_to_start_from_is_sent_along(page, queue, worker):
    data = aiohttp.FormData({"csrf": await page.token(), "prompt": "a cat", "denoising_strength": "0.4"})
    data.add_field("picture", png(5), filename="cat.png", content_type="image/png")
    async with page.session.post("/console/jobs", data=data, allow_redirects=False) as answer:
        assert answer.status == 303, await answer.text()
        job = await queue.job(answer.headers["Location"].rpartition("/")[2])
    assert job.request.img2img.denoising_strength == 0.4


@pytest.mark.parametrize(
    ("fields", "told", "field"),
    [
        ({"prompt": "  "}, "prompt is empty", "prompt"),
        ({"steps": "999"}, "steps is 999: it must be", "steps"),
        ({"width": "wide"}, "width", "width"),
        ({"checkpoint": "nobody"}, "checkpoint &#39;nobody&#39; is not known here", "checkpoint"),
        ({"seed": "9" * 17}, "seed", "seed"),
    ],
)
async def test_what_is_wrong_is_said_with_its_field(page, worker, fields, told, field):
    data = {"csrf": await page.token(), "prompt": "a cat", **fields}
    async with page.session.post("/console/jobs", data=data, headers={"X-Part": "1"}) as answer:
        assert answer.status == 422
        assert answer.headers["X-Field"] == field
        assert told.lower() in (await answer.text()).lower()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"prompt": "a cat"}, "of GPU time · begins at once, done in about"),
        ({}, "of GPU time · begins at once"),  # nothing typed yet
        ({"prompt": "a cat", "picture": "chosen", "denoising_strength": "0.5"}, "begins at once"),
        ({"prompt": "a cat", "steps": "999"}, "Steps is 999"),
        ({"prompt": "a cat", "checkpoint": "nowhere"}, "nowhere"),
    ],
)
async def test_what_the_form_would_cost_is_told_and_nothing_kept(page, queue, worker, fields, told):
    shown = html.unescape(re.sub(r"<[^>]+>", "", await page.post("/console/estimate", status=200, **fields)))
    assert told in " ".join(shown.split())
    assert (await queue.depth()).waiting == 0
    assert await queue.jobs_of("http:local") == []


async def test_an_estimate_knows_the_line_and_who_can_make_it(page, queue, worker, redis_url):
    async with PlayedWorker(redis_url, "gpu/other") as other:
        other.about = other.about.model_copy(update={"checkpoints": other.about.checkpoints[:1]})
        await other.beat()
        for one in (worker, other):
            await asked(queue)
            await one.take()
        await asked(queue)
        shown = " ".join((await page.post("/console/estimate", status=200, prompt="a cat", checkpoint="anime")).split())
    assert "ahead: begins in about" in shown
    assert "1 of 2 GPUs can make it" in shown


async def test_an_estimate_of_what_a_pause_holds_says_so(page, queue, worker):
    await queue.admin.pause("cli", "queue", "")
    assert "until an admin" in await page.post("/console/estimate", status=200, prompt="a cat")


async def test_whoever_is_at_a_limit_reads_so_and_is_counted_as_refused_by_nobody(page, queue, worker):
    await queue.admin.set_policy("cli", "default", {"waiting": 1})
    await asked(queue)
    for _ in range(3):
        assert "as many jobs waiting as you may" in await page.post("/console/estimate", status=200, prompt="a cat")
    assert (await queue.admin.stats()).get("refused", 0) == 0
    assert sum(span.refused for span in await queue.series(Step.MINUTE, 2)) == 0


async def test_a_limit_holds_on_the_page_too(page, queue, worker):
    await queue.admin.set_policy("cli", "default", Policy(waiting=1).model_dump())
    await page.post("/console/jobs", prompt="a cat")
    assert "as many jobs waiting as you may" in await page.post("/console/jobs", status=429, prompt="another")


@pytest.mark.parametrize("body", [b"\xff=\xff", b"csrf=%ff", b"a" * (FORM_MAX_BYTES + 1), b"&".join([b"a=1"] * 200)])
async def test_a_broken_or_endless_form_is_refused(page, body):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with page.session.post("/console/jobs", data=body, headers=headers) as answer:
        assert answer.status in (400, 403, 413)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b"nothing of the kind"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nbroken off'),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nno name\r\n--x--"),
    ],
)
async def test_what_is_no_form_is_refused(page, kind, body):
    async with page.session.post("/console/jobs", data=body, headers={"Content-Type": kind}) as answer:
        assert answer.status in (400, 403, 415), await answer.text()


async def test_a_picture_that_is_too_heavy_is_refused_before_it_is_read_whole(page):
    data = aiohttp.FormData({"csrf": await page.token(), "prompt": "a cat"})
    data.add_field("picture", io.BytesIO(b"x" * (INPUT_MAX_BYTES + 300_000)), filename="cat.png")
    async with page.session.post("/console/jobs", data=data) as answer:
        assert answer.status == 413
        assert "12 MB" in await answer.text()


async def test_again_fills_the_box_with_what_the_job_asked_for(page, queue, worker):
    job_id = await asked(queue, "a lighthouse", steps=33, width=640, checkpoint="anime", seed=77)
    shown = await page.get(f"/?again={job_id}")

    assert ">a lighthouse</textarea>" in shown
    for name, value in (("steps", "33"), ("width", "640"), ("seed", "77")):
        assert re.search(rf'name="{name}"[^>]* value="{value}"', shown)
    assert '<option value="anime" selected>' in shown


async def test_what_runs_is_shown_also_to_who_has_hundreds_in_line(page, queue, worker):
    await asked(queue, "the oldest one")
    await worker.take()
    for number in range(30):
        await asked(queue, f"newer {number}")
    shown = await page.get("/", headers={"X-Part": "1"})
    assert "the oldest one" in shown
    assert "<small>31</small>" in shown


# -- jobs ----------------------------------------------------------------------------------------------------------


async def test_a_waiting_job_is_cancelled_once_asked(page, queue, worker):
    job_id = await asked(queue)
    assert "Cancel this job?" in await page.post(f"/console/jobs/{job_id}/cancel", status=200)
    assert (await queue.job(job_id)).state is State.WAITING
    await page.post(f"/console/jobs/{job_id}/cancel", confirmed="1")
    assert (await queue.job(job_id)).state is State.CANCELLED


async def test_a_job_that_has_ended_is_not_cancelled(page, queue, worker):
    job_id = await asked(queue)
    await worker.finish(await worker.take())
    await page.post(f"/console/jobs/{job_id}/cancel", status=409, confirmed="1")


async def test_a_failed_job_is_tried_again_with_the_same_seed_and_replayed(page, queue, worker):
    job_id = await asked(queue, seed=5)
    await worker.settle(await worker.take(), calls.fail(ErrorKind.OUT_OF_MEMORY))
    assert ErrorKind.OUT_OF_MEMORY.sentence in await page.get("/console/failed")

    await page.post(f"/console/jobs/{job_id}/again")
    newest = (await queue.jobs_of(LOCAL.owner))[0]
    assert newest.id != job_id
    assert newest.request.seed == 5

    await page.post(f"/console/jobs/{job_id}/replay")
    assert (await queue.job(job_id)).state is State.WAITING
    await page.post(f"/console/jobs/{job_id}/replay", status=409)
    assert [act.act for act in await queue.admin.audit()] == ["retry"]


async def test_a_finished_job_shows_its_pictures_and_how_they_were_made(page, queue, worker):
    job_id = await asked(queue, count=2, seed=41)
    await worker.finish(await worker.take())
    shown = await page.get(f"/console/jobs/{job_id}")

    assert shown.count("<figure>") == 2
    assert "Seed 42" in shown
    assert "Model: dream" in shown
    await page.get(f"/console/jobs/{job_id}/images/2", status=404)


async def test_pictures_that_are_gone_are_said_to_be(page, queue, worker, raw):
    job_id = await asked(queue)
    await worker.finish(await worker.take())
    for key in raw.keys("*image*"):
        raw.delete(key)
    await page.get(f"/console/jobs/{job_id}/images/0", status=404)


# -- the queue -----------------------------------------------------------------------------------------------------


async def test_the_queue_is_shown_as_it_will_run_page_by_page(page, queue, worker):
    for number in range(60):
        await asked(queue, f"prompt {number:02}")
    first, second = await page.get("/console/queue"), await page.get("/console/queue?from=50")

    assert re.findall(r"prompt \d\d</a>", first) == [f"prompt {number:02}</a>" for number in range(50)]
    assert re.findall(r"prompt \d\d</a>", second) == [f"prompt {number:02}</a>" for number in range(50, 60)]
    assert "Next in line" in first
    assert "50 jobs ahead" in second
    assert "1 to 50 of 60" in first


@pytest.mark.parametrize("given", ["-1", "x", "9" * 30, "²", "99999"])
async def test_a_strange_place_to_begin_at_is_no_error(page, worker, given):
    await page.get(f"/console/queue?from={given}")


async def test_why_a_job_waits_is_told(page, queue, worker):
    await asked(queue, checkpoint="anime")
    await queue.admin.pause("cli", "checkpoint:anime", "it is being replaced")
    assert "Paused by an admin (checkpoint anime): it is being replaced" in await page.get("/console/queue")

    await queue.admin.resume("cli", "checkpoint:anime")
    await worker.beat(about=worker.about.model_copy(update={"checkpoints": worker.about.checkpoints[:1]}))
    await queue.in_order([])  # takes a new look
    assert "No GPU here" in await page.get("/console/queue")

    await worker.beat(WorkerState.AWAY, reason="down")
    assert "No GPU is online" in await page.get("/console/queue")


async def test_who_has_as_many_running_as_they_may_is_told_so(page, queue, worker):
    await queue.admin.set_policy("cli", "default", {"running": 1})
    await asked(queue, "runs")
    await worker.take()
    await asked(queue, "waits")
    assert "As many jobs of its owner run as may at once" in await page.get("/console/queue")
    assert "As many jobs of its owner run as may at once" in await page.get("/")


async def test_a_job_that_is_put_off_says_until_when(page, queue, worker):
    await queue.submit(parse_request({"prompt": "later"}), LOCAL, delay_ms=7_200_000)
    assert "Scheduled, begins in 2 h" in await page.get("/console/queue")


async def test_an_admin_lets_a_job_go_next_and_clears_an_owner(page, queue, worker):
    await asked(queue, "first")
    second = await asked(queue, "second")
    await page.post(f"/console/jobs/{second}/bump")
    await queue.in_order([])  # takes a new look
    shown = await page.get("/console/queue")
    assert shown.index("second</a>") < shown.index("first</a>")

    await page.post("/console/queue/clear", owner=LOCAL.owner, confirmed="1")
    assert "Nobody waits" in await page.get("/console/queue")


# -- the fleet -----------------------------------------------------------------------------------------------------


async def test_a_gpu_shows_what_it_is_what_it_does_and_how_well(page, queue, worker):
    await asked(queue, "done before")
    await worker.finish(await worker.take())
    await asked(queue, "went wrong")
    await worker.settle(await worker.take(), calls.fail(ErrorKind.WEBUI_BROKEN))
    await asked(queue, "being drawn")
    await worker.progress(await worker.take(), 0.25)
    shown = await page.get("/console/fleet")

    for text in ("a1111 v1.10.1", "dream", "being drawn", "Drawing", "a picture"):
        assert text in shown
    assert re.search(r"<dt>Done</dt><dd>1<", shown)
    assert re.search(r'<dt>Faults</dt><dd class="bad">1<', shown)


async def test_a_quarantined_gpu_is_first_and_can_be_tried(page, queue, worker):
    await worker.beat(WorkerState.AWAY, reason="black pictures", trust=Trust.QUARANTINED)
    shown = await page.get("/console/fleet")
    assert "Quarantined" in shown
    assert "black pictures" in shown

    await page.post("/console/fleet/try", worker=worker.name)
    assert [(act.act, act.target) for act in await queue.admin.audit()] == [("try", worker.name)]


# -- admins --------------------------------------------------------------------------------------------------------


async def test_pauses_limits_and_the_audit(page, queue, worker):
    await page.post("/console/admin/pause", scope="lane:relax", why="later", confirmed="1")
    await page.post(
        "/console/admin/limits", name="key:ann", waiting="3", running="", weight="2", lane="relax", confirmed="1"
    )
    shown = await page.get("/console/admin")

    assert "lane:relax" in shown
    assert "later" in shown
    policy = (await queue.admin.policies())["key:ann"]
    assert (policy.waiting, policy.running, policy.weight, policy.lane) == (3, 0, 2, "relax")
    assert 'value="3"' in await page.get("/console/admin?limits=key:ann")

    await page.post("/console/admin/resume", scope="lane:relax")
    await page.post("/console/admin/limits/drop", name="key:ann", confirmed="1")
    assert await queue.pauses() == ()
    assert "key:ann" not in await queue.admin.policies()
    assert {act.act for act in await queue.admin.audit()} == {"pause", "resume", "limits"}


async def test_rules_are_set_for_everybody_and_for_a_server_after_a_question(page, queue, worker):
    asked_first = await page.post("/console/admin/rules", status=200, blocked="kitten\npuppy*", count="2")
    assert "Set these rules?" in asked_first
    assert "kitten\npuppy*" in html.unescape(asked_first)
    assert await queue.admin.rules() == ContentRules()

    await page.post(
        "/console/admin/rules", blocked=" kitten \n\npuppy*\n", count="2", steps="", side="1024", checkpoints="dream",
        age_restricted="1", confirmed="1",
    )  # fmt: skip
    await page.post("/console/admin/rules", group="discord:1", steps="30", confirmed="1")
    assert await queue.admin.rules() == ContentRules(
        blocked=("kitten", "puppy*"), count=2, side=1024, checkpoints=("dream",), age_restricted=True
    )
    assert await queue.admin.rules("discord:1") == ContentRules(steps=30)
    acts = [(act.who, act.act, act.target) for act in await queue.admin.audit()]
    assert acts == [("http:local", "rules", "discord:1"), ("http:local", "rules", "everybody")]

    shown = await page.get("/console/admin?rules=")
    assert "kitten\npuppy*</textarea>" in shown
    assert "<option selected>dream</option>" in shown
    assert "kitten" not in await page.get("/console/admin")  # nobody reads them who didn't ask
    assert "kitten" in await page.post("/console/jobs", status=422, prompt="a kitten")

    await page.post("/console/admin/rules", confirmed="1")
    assert await queue.admin.rules() == ContentRules()


async def test_rules_that_somebody_else_has_changed_meanwhile_are_not_written_over(page, queue, worker):
    was = re.search(r'name="was" value="([0-9a-f]{16})"', await page.get("/console/admin?rules="))[1]
    await queue.admin.set_rules("cli", "", {"blocked": ["kitten"]})
    told = await page.post("/console/admin/rules", status=409, was=was, count="2", confirmed="1")
    assert "Somebody has changed these rules" in told
    assert await queue.admin.rules() == ContentRules(blocked=("kitten",))


@pytest.mark.parametrize(
    ("path", "fields", "told"),
    [
        ("rules", {"confirmed": "1", "blocked": "..."}, "is no word"),
        ("rules", {"confirmed": "1", "count": "9999"}, "count"),
        ("rules", {"confirmed": "1", "side": "wide"}, "side"),
        ("rules", {"confirmed": "1", "group": "somebody"}, "leave it empty for everybody"),
        ("pause", {"scope": "worker:nobody", "confirmed": "1"}, "is not there"),
        ("resume", {"scope": "lane:none"}, "is none"),
        ("limits", {"name": "somebody", "confirmed": "1"}, "can be nobody"),
        ("limits", {"name": "default", "waiting": "-1", "confirmed": "1"}, "waiting"),
        ("limits", {"name": "default", "weight": "heavy", "confirmed": "1"}, "weight"),
    ],
)
async def test_what_an_admin_gets_wrong_is_said(page, worker, path, fields, told):
    assert told in (await page.post(f"/console/admin/{path}", status=422, **fields)).lower()


async def test_a_fleet_that_is_away_is_said_on_every_page_and_beside_what_waits_for_it(redis_url, worker):
    async with Queue(redis_url, wait_for_gpu_s=3600) as queue:
        app = make_app(queue, Hub(queue), {})
        async with serve(app, "127.0.0.1", 0) as url, aiohttp.ClientSession(url) as session:
            page = Page(session)
            assert "No GPU is here" not in await page.get("/")
            await queue.note_fleet()
            await worker.leave()
            await asked(queue, "a lighthouse")

            assert re.search(
                r"the last one was here <time [^>]+>[^<]+</time>. What is asked for waits", await page.get("/")
            )
            assert "Waits for a GPU" in await page.get("/console/queue")
            assert "nobody knows yet when one comes" in await page.post("/console/estimate", 200, prompt="a cat")
            assert '<option value="dream"' in await page.get("/")


async def test_a_paused_queue_is_said_on_every_page(page, queue, worker):
    await queue.admin.pause("cli", "queue", "we move house")
    for path in ("/", "/console/gallery", "/console/history"):
        assert "we move house" in await page.get(path)


# -- the rest ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("over", ["hour", "day", "week", "quarter", "none"])
async def test_the_plots_have_a_table_each_with_the_same_numbers(page, queue, worker, over):
    for _ in range(3):
        await asked(queue)
        await worker.finish(await worker.take())
    await queue.sweep()
    shown = await page.get(f"/console/history?over={over}")

    table = shown.partition("Jobs that ended, by")[2].partition("</table>")[0]
    rows = re.findall(r"<tr><th scope=\"row\">.*?</tr>", table)
    assert len(rows) == {"hour": 60, "week": 168, "quarter": 90}.get(over, 96)
    assert '<td class="num">3</td>' in rows[-1]
    assert "3 pictures" in shown


def test_a_plot_says_in_words_and_shapes_what_its_numbers_are():
    spans = [
        Span(start_s=0, seconds=60, done=3, failed=1, pictures=4, samples=6, ready=6, busy=3, alive=6),
        Span(start_s=60, seconds=60),
        Span(start_s=120, seconds=60, done=1, samples=6, ready=6, alive=6, faults={"webui-hung": 1}),
    ]
    throughput, waits, use, _, faults = plots(spans)
    assert throughput.told == "4 pictures; of the jobs that ended, 1 failed."
    assert [box.height for box in throughput.boxes] == [75, 25, 25]
    assert waits.is_empty
    assert use.paths(use.lines[0]) == "M0 50 L1 50 M2 100 L3 100"  # nobody looked in the second minute
    assert not use.is_empty
    assert faults.told == "1 try went wrong, most often: the WebUI stopped in the middle of the picture."
    assert [total.value for total in totals(spans)] == ["4", "–", "25 %", "1"]


async def test_with_redis_away_the_page_says_so(page, raw, monkeypatch, queue):
    from zosma_queue.errors import QueueUnavailableError

    async def away():
        raise QueueUnavailableError("Redis can't be reached")

    monkeypatch.setattr(queue, "secret", away)
    async with page.session.get("/console/queue") as answer:
        assert answer.status == 503
        assert answer.headers["Retry-After"]
        assert "The queue is away" in await answer.text()


async def test_a_page_that_is_not_there_is_a_page(page):
    assert "There is no such page" in await page.get("/console/nothing", status=404)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "–"), (0, "0 s"), (0.4, "under 1 s"), (9.6, "10 s"), (75, "75 s"), (120, "2 min"), (3600, "1 h"),
     (7500, "2 h 5 min"), (86400 * 3, "3 days"), (float("inf"), "–")],
)  # fmt: skip
def test_times_are_said_as_people_say_them(seconds, words):
    assert duration(seconds) == words


def test_within_and_about_are_never_followed_by_under():
    assert [bound(seconds) for seconds in (None, 0, 0.4, 2.4)] == ["–", "0 s", "1 s", "2 s"]


def test_a_long_text_is_cut_to_one_line():
    assert short("a\n b  c", 10) == "a b c"
    assert short("abcdefghij k", 10) == "abcdefghi…"


async def test_files_are_kept_by_browsers_for_as_long_as_they_are_the_same(page):
    url = re.search(r'src="(/console/static/[^"]+/console\.js)"', await page.get("/"))[1]
    async with page.session.get(url) as answer:
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Content-Encoding"] == "gzip"
    await page.get("/console/static/0000000000/console.js", status=404)
    await page.get("/console/static/x/..%2f..%2fgate.py", status=404)


async def test_what_programs_are_told_to_send_is_answered(page, worker, address):
    """The lines for curl, run."""
    shown = await page.get("/console/connect")
    assert address in shown
    lines = html.unescape(re.search(r'id="curl-lines"[^>]*>(.*?)</pre>', shown, re.S)[1])
    command = [word for word in shlex.split(lines.partition("| python3")[0]) if word.strip()]
    running = await asyncio.create_subprocess_exec(*command, "-s", stdout=asyncio.subprocess.PIPE)
    await worker.finish(await worker.take())
    told, _ = await running.communicate()
    assert b'"images"' in told


async def test_the_lines_for_python_make_a_picture(page, worker, tmp_path):
    """As they stand on the page, run by a Python of its own."""
    shown = await page.get("/console/connect")
    lines = html.unescape(re.search(r'id="python-lines"[^>]*>(.*?)</pre>', shown, re.S)[1])
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-c", lines, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=tmp_path
    )
    made = await worker.finish(await worker.take())
    told, wrong = await running.communicate()
    assert wrong == b""
    assert b"done" in told
    assert [file.read_bytes() for file in tmp_path.iterdir()] == made


# -- keys ----------------------------------------------------------------------------------------------------------


async def test_a_key_is_made_shown_once_and_taken_away(visit, queue):
    page = await visit(MAX)
    shown = await page.post("/console/keys", status=200, name="sillytavern", scopes="submit", days="30")
    made = re.search(r'id="made-key"[^>]*>(zosma_[^<]+)<', shown)[1]
    assert made not in await page.get("/console/keys")
    key = (await queue.api_keys.known()).keys["sillytavern"]
    assert key.scopes == {"submit"}
    assert key.expires_ms - key.created_ms == 30 * 86_400_000

    again = await page.post("/console/keys/rotate", status=200, name="sillytavern", confirmed="1")
    assert made not in again
    assert "zosma_" in again
    await page.post("/console/keys/revoke", name="sillytavern", confirmed="1")
    assert "Revoked" in await page.get("/console/keys")
    assert [act.act for act in await queue.admin.audit()] == ["key-revoke", "key-rotate", "key-create"]


@pytest.mark.parametrize(
    ("fields", "status", "told"),
    [
        ({"name": "two words", "scopes": "read"}, 409, "can&#39;t be a key"),
        ({"name": "x"}, 422, "scopes"),
        ({"name": "x", "scopes": "all"}, 422, "scopes"),
        ({"name": "x", "scopes": "read", "days": "soon"}, 422, "expires_s"),
        ({"name": "max", "scopes": "read"}, 409, "ZOSMA_API_KEYS"),
    ],
)
async def test_a_key_that_can_not_be_made_is_refused_in_words(visit, fields, status, told):
    page = await visit(MAX)
    assert told.lower() in (await page.post("/console/keys", status=status, **fields)).lower()


async def test_the_first_key_of_an_open_server_is_shown_before_it_closes(page, queue):
    shown = await page.post("/console/keys", status=200, name="boss", scopes="admin")
    assert 'id="made-key"' in shown
    await page.get("/console/keys", status=303)


# -- pictures ------------------------------------------------------------------------------------------------------


async def test_small_pictures_are_small_and_of_a_kind_that_the_browser_takes(page, queue, worker):
    job_id = await asked(queue, width=1024, height=1024)
    worker.draw = lambda request, seed, checkpoint, parameters: png(seed, (1024, 1024), parameters)
    await worker.finish(await worker.take())
    path = f"/console/jobs/{job_id}/images/0"
    for accept, kind in (("image/webp,*/*", "image/webp"), ("image/png", "image/png")):
        async with page.session.get(f"{path}?size=s", headers={"Accept": accept}) as answer:
            assert answer.content_type == kind
            assert Image.open(io.BytesIO(await answer.read())).size == (512, 512)
    async with page.session.get(path, headers={"Accept": "image/webp"}) as answer:
        assert answer.content_type == "image/png"  # the original, as it was made
