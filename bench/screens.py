"""What members and admins see, as pictures in docs/screens: the real bot in the Discord on loopback, drawn in Discord's
dark look. The pictures are painted by the built-in WebUI's own brush; workers are played, so that each moment holds
still.

Needs Chromium and a font with emoji (Debian: chromium, fonts-noto-color-emoji).

PYTHONPATH=tests uv run python bench/screens.py [name …]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import re
import tempfile
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from PIL import Image, ImageFilter
from PIL.PngImagePlugin import PngInfo

from drawing import Artist, photograph
from loopback.discord.handle import InteractionHandle
from loopback.discord.permissions import P
from loopback.discord.server import DiscordServer
from loopback.discord.shown import Shown
from loopback.discord.state import Member, Upload
from loopback.fleet import until
from loopback.played_worker import ABOUT, PlayedWorker
from zosma_bot.discord.client import ZosmaClient, run_discord
from zosma_bot.discord.ui.custom_id import Act
from zosma_bot.discord.ui.language import translations_for
from zosma_bot.discord.ui.router import TWICE_S
from zosma_bot.forecaster import Forecaster
from zosma_bot.hub import Hub
from zosma_bot.links import Links
from zosma_bot.settings import BotSettings
from zosma_cli.valkey import PrivateValkey
from zosma_queue import calls, keys
from zosma_queue.calls import Leased
from zosma_queue.client import Queue
from zosma_queue.fleet import Capabilities, Checkpoint, Style, WorkerState
from zosma_queue.messages import decode_request
from zosma_queue.request import Request
from zosma_queue.tasks import end
from zosma_webui.painting import Motif, emerge, paint

FOLDER = Path(__file__).parent.parent / "docs" / "screens"
BEAT_S = 2.0
#: Drawn when none is named: those that the page shows.
SHOWN = set(re.findall(r"\(screens/([\w-]+)\.png\)", (FOLDER.parent / "discord.md").read_text("utf-8")))

CHECKPOINTS = tuple(
    Checkpoint(name=name, title=f"{name}.safetensors [{number * 11:010x}]", hash=f"{number * 11:010x}")
    for number, name in enumerate(("dreamshaper_8", "juggernautXL_v9", "animagineXL_3.1"), start=1)
)
STYLES = (
    Style(name="misty", prompt="{prompt}, morning mist, soft light"),
    Style(name="oil painting", prompt="oil painting of {prompt}, visible brush strokes", negative_prompt="photo"),
    Style(name="pixel art", prompt="pixel art, {prompt}, 16 bit"),
)
LIGHTHOUSE = {
    "prompt": "a lighthouse at dusk, waves, stars", "negative": "people, text", "seed": 4217, "steps": 24,
    "size": "landscape 768×512",
}  # fmt: skip


class Painter(PlayedWorker):
    """A played worker whose pictures are worth a look."""

    state = WorkerState.READY
    reason = ""
    asleep = False

    def offers(self) -> Capabilities:
        place = self.name.partition("/")[0]
        return ABOUT.model_copy(
            update={"webui": f"http://{place}:7860", "host": place, "checkpoints": CHECKPOINTS, "styles": STYLES}
        )

    async def beat(self, *_: Any, **__: Any) -> None:
        await super().beat(self.state, self.offers(), self.reason)

    async def live(self) -> None:
        while True:
            if not self.asleep:
                await self.beat()
            await asyncio.sleep(BEAT_S)

    async def sleeps(self) -> None:
        """Its machine is switched off."""
        self.asleep = True
        await self.leave()

    def draw(self, request: Request, seed: int, checkpoint: str, parameters: str) -> bytes:
        told, out = PngInfo(), io.BytesIO()
        told.add_text("parameters", parameters)
        self._made(request, seed, checkpoint).save(out, "PNG", pnginfo=told)
        return out.getvalue()

    def _made(self, request: Request, seed: int, checkpoint: str) -> Image.Image:
        """The picture, on the one that it starts from where there is one."""
        if request.upscale:
            return self._input(request.upscale.image).resize(request.output_size)
        made = picture(request, seed, checkpoint)
        if request.img2img is None or request.img2img.mask is None:
            return made
        soft = (
            self._input(request.img2img.mask).convert("L").filter(ImageFilter.GaussianBlur(request.img2img.mask_blur))
        )
        return Image.composite(made, self._input(request.img2img.image), soft)

    def _input(self, name: str) -> Image.Image:
        return Image.open(io.BytesIO(self.inputs[name])).convert("RGB")

    async def half(self, leased: Leased, done: float = 0.72, eta_s: float = 3.0) -> None:
        """Reports progress with a preview."""
        request, out = decode_request(leased.body), io.BytesIO()
        small = picture(request, request.seed, self.loaded).resize((384, 256))
        emerge(small, done, request.seed).save(out, "JPEG", quality=80)
        await self.progress(leased, done, eta_s=eta_s, preview=out.getvalue())


def picture(request: Request, seed: int, checkpoint: str) -> Image.Image:
    width, height = request.output_size
    motif = Motif(request.prompt, request.negative_prompt, seed, width, height, checkpoint, steps=request.steps)
    return paint(motif)


async def answer(handle: InteractionHandle) -> Shown:
    """What is read after a command, press or form, once it has been worked on."""
    await handle.response()
    async with asyncio.timeout(10):
        while True:
            # A refusal of a public command takes the place of its deferred answer as a message of its own.
            own = handle.message if handle.message and not _is_source(handle) else None
            found = handle.followups or ([own] if own else [])
            if found and not found[-1].thinking:
                return found[-1]
            await asyncio.sleep(0.02)


def _is_source(handle: InteractionHandle) -> bool:
    """True when the answer so far is the message whose button was pressed."""
    source = handle.interaction.source
    return source is not None and handle.message is not None and handle.message.id == source.id


class Screens:
    """Plays the scenes, one after the other, and keeps what is to be drawn."""

    def __init__(self, server: DiscordServer, queue: Queue, one: Painter, two: Painter, links: Links) -> None:
        self.server, self.queue, self.one, self.two, self.links = server, queue, one, two, links
        self.pages: dict[str, str] = {}
        self.ann = server.add_member("Ann")
        self.bob = server.add_member("Bob")
        self.eva = server.add_member("Eva")
        self.eva.locale = "de"
        self.mia = server.add_member("Mia", P.MANAGE_GUILD)
        self.max = server.add_member("Max", P.MANAGE_GUILD)
        self.max.locale = "de"
        self.lea, self.ines = server.add_member("Léa", P.MANAGE_GUILD), server.add_member("Inés", P.MANAGE_GUILD)
        self.lea.locale, self.ines.locale = "fr", "es-ES"

    def keep(self, name: str, shown: Shown, who: Member, call: str = "", *, opened: bool = False) -> None:
        artist = Artist(self.server.world, who.locale[:2])
        self.pages[name] = artist.message(shown, call=(who.name, call) if call else None, opened=opened)

    async def asks(self, who: Member, **options: Any) -> InteractionHandle:
        return await self.server.slash(who, "imagine", LIGHTHOUSE | options)

    async def says(self, name: str, who: Member, command: str, call: str = "", **options: Any) -> Shown:
        """The answer to a command, kept under a name."""
        handle = await self.server.slash(who, command, options)
        shown = await answer(handle)
        self.keep(name, shown, who, call or f"/{command}")
        return shown

    async def presses(self, name: str, who: Member, message: Shown, button: str, *, opened: bool = False) -> Shown:
        shown = await answer(await self.server.click(who, message, button))
        self.keep(name, shown, who, opened=opened)
        return shown

    async def chooses(self, name: str, who: Member, menu: Shown, act: Act, *, opened: bool = False) -> Shown:
        """What comes of an act in the menu behind "More…", kept under a name."""
        shown = await answer(await self.server.select(who, menu, menu.selects[-1]["custom_id"], [act]))
        self.keep(name, shown, who, opened=opened)
        return shown

    async def form(self, name: str, who: Member, message: Shown, button: str) -> None:
        ack = await (await self.server.click(who, message, button)).response()
        self.pages[name] = Artist(self.server.world, who.locale[:2]).modal(ack.data)

    async def rules_are(self, rule: str, **options: Any) -> None:
        await answer(await self.server.slash(self.mia, f"admin rules {rule}", options))

    # -- scenes ---------------------------------------------------------------------------------------------

    async def done(self) -> None:
        """One picture, and what its buttons answer. Also teaches the forecast how fast the GPUs are."""
        await self._finished("done", self.ann, "/imagine")
        message = self.finished
        menu = await self.presses("more", self.ann, message, "More…", opened=True)
        await self.chooses("parameters", self.ann, menu, Act.PARAMETERS)
        await self.chooses("checkpoint", self.ann, menu, Act.CHECKPOINT, opened=True)
        await self.form("edit", self.ann, message, "Edit")
        others = await self.presses("more-others", self.bob, message, "More…", opened=True)
        reported = await self.server.select(self.bob, others, others.selects[-1]["custom_id"], [Act.REPORT])
        self.pages["report"] = Artist(self.server.world).modal((await reported.response()).data)
        await self.presses("not-yours", self.bob, message, "Again")
        await self._larger(message)
        await self._region(message)
        made = Upload("lighthouse.png", message.files[0].data)
        await self.says("describe", self.ann, "describe", "/describe", image=made)
        await self._small()

    async def _small(self) -> None:
        """A picture that Discord doesn't take as it is, with a public address and without."""
        most, self.server.settings.upload_limit = self.server.settings.upload_limit, 80_000
        await self._finished("compressed", self.ann, "/imagine")
        self.links._base_url, address = None, self.links._base_url
        await self._finished("compressed-kept", self.ann, "/imagine")
        self.links._base_url, self.server.settings.upload_limit = address, most

    async def _larger(self, message: Shown) -> None:
        pressed = await self.server.click(self.ann, message, "Upscale")
        await self.one.finish(await self.one.take())
        larger = await pressed.wait_for(lambda shown: bool(shown.attachments))
        self.keep("upscaled", larger, self.ann)
        menu = await answer(await self.server.click(self.ann, larger, "More…"))
        await self.chooses("upscaled-parameters", self.ann, menu, Act.PARAMETERS)

    async def _region(self, message: Shown) -> None:
        """The form for a part, the way to the page, and what comes of these and of zooming out."""
        await asyncio.sleep(TWICE_S)  # Ann has pressed it before: at once again would be a double click
        menu = await answer(await self.server.click(self.ann, message, "More…"))
        pressed = await self.server.select(self.ann, menu, menu.selects[-1]["custom_id"], [Act.REGION])
        self.pages["region"] = Artist(self.server.world).modal((await pressed.response()).data)
        sent = await self.server.submit_modal(self.ann, pressed, {"region": "paint", "prompt": "a storm"})
        self.keep("region-paint", await sent.wait_for(lambda shown: not shown.thinking), self.ann)
        sent = await self.server.submit_modal(self.ann, pressed, {"region": "sky", "prompt": "a storm, lightning"})
        await self.one.finish(await self.one.take())
        self.keep("region-done", await sent.wait_for(lambda shown: bool(shown.attachments)), self.ann)
        await self.rules_are("buttons", who="anyone")
        menu = await answer(await self.server.click(self.bob, message, "More…"))
        zoomed = await self.server.select(self.bob, menu, menu.selects[-1]["custom_id"], [Act.ZOOM_OUT])
        await self.one.finish(await self.one.take())
        self.keep("zoomed-out", await zoomed.wait_for(lambda shown: bool(shown.attachments)), self.bob)
        await self.rules_are("buttons", who="owner")
        wrong = await self.server.submit_modal(self.ann, pressed, {"prompt": "a storm"})
        self.keep("region-none", await answer(wrong), self.ann)

    async def _finished(self, name: str, who: Member, call: str, **options: Any) -> None:
        handle = await self.asks(who, **options)
        await self.one.finish(await self.one.take())
        self.finished = await handle.wait_for(lambda shown: bool(shown.attachments))
        self.keep(name, self.finished, who, call)

    async def sets(self) -> None:
        await self._finished("done-set", self.ann, "/imagine", count=4, prompt="a cat in a forest, morning fog")
        await self.rules_are("grid", switch="on")
        menu = await answer(await self.server.click(self.ann, self.finished, "More…"))
        self.keep("more-set", menu, self.ann)
        await self._finished("done-grid", self.ann, "/imagine", count=4, prompt="a mountain lake at sunrise")
        await self.rules_are("grid", switch="off")

    async def shared_set(self) -> None:
        """A set that two GPUs make, while it fills, and when a part of it fails; a comparison; a picture in words."""

        async def both_rest() -> bool:
            return bool(await self.queue._redis.zcard(keys.IDLE) == 2)

        async def idle() -> list[tuple[Painter, Leased]]:
            taking = [asyncio.create_task(one.take()) for one in (self.one, self.two)]
            await until(both_rest)
            self.fills = await self.asks(self.ann, count=4, checkpoint="dreamshaper_8")
            taken = zip((self.one, self.two), await asyncio.gather(*taking), strict=True)
            return sorted(taken, key=lambda one: one[1].first)

        loaded, self.two.loaded = self.two.loaded, "dreamshaper_8"
        await self.two.beat()
        for failing in (False, True):
            (first, first_part), (second, second_part) = await idle()
            await second.progress(second_part, 0.4, eta_s=6.0)
            await first.finish(first_part)
            shown = await self.fills.wait_for(
                lambda shown: "of 4 made" in shown.text and bool(shown.embeds[0].get("image"))
            )
            if not failing:
                self.keep("set-fills", shown, self.ann, "/imagine")
                await second.finish(second_part)
                await self.fills.wait_for(lambda shown: "Again" in shown.labels)
                continue
            await second.settle(second_part, calls.fail("black", "no"))
            shown = await self.fills.wait_for(lambda shown: "Again" in shown.labels)
            self.keep("set-missing", shown, self.ann, "/imagine")
        self.two.loaded = loaded
        await self.two.beat()

    async def compared(self) -> None:
        values = {"by": "checkpoint", "first": "dreamshaper_8", "second": "animagineXL_3.1", "third": "juggernautXL_v9"}
        given = {name: LIGHTHOUSE[name] for name in ("prompt", "negative", "seed", "size")}
        handle = await self.server.slash(self.ann, "compare", given | values)
        for _ in range(3):
            await self.one.finish(await self.one.take())
        shown = await handle.wait_for(lambda shown: "Again" in shown.labels)
        self.keep("compare", shown, self.ann, "/compare")

    async def in_words(self) -> None:
        out = io.BytesIO()
        Image.new("RGB", (256, 256), (60, 110, 160)).save(out, "PNG")
        for name, who, call in (
            ("describe-words", self.ann, "/describe"),
            ("de-beschreiben", self.eva, "/beschreiben"),
        ):
            handle = await self.server.slash(who, "describe", {"image": Upload("harbour.png", out.getvalue())})
            await self.one.finish(await self.one.take())
            self.keep(name, await handle.wait_for(lambda shown: bool(shown.buttons) and "```" in shown.text), who, call)

    async def german_set(self) -> None:
        await self._finished("de-done", self.eva, "/bild", count=2, prompt="ein Leuchtturm am Abend, lighthouse, dusk",
                             negative="Menschen, Schrift")  # fmt: skip
        menu = await self.presses("de-mehr", self.eva, self.finished, "Mehr …", opened=True)
        pressed = await self.server.select(self.eva, menu, menu.selects[-1]["custom_id"], [Act.REGION])
        self.pages["de-region"] = Artist(self.server.world, "de").modal((await pressed.response()).data)
        varied = await self.server.click(self.eva, self.finished, "V1")
        await self.one.finish(await self.one.take())
        self.keep("de-variante", await varied.wait_for(lambda shown: bool(shown.attachments)), self.eva)

    async def french(self) -> None:
        await self._abroad(self.lea, "un phare au crépuscule, lighthouse, dusk", "personnes, texte")

    async def spanish(self) -> None:
        await self._abroad(self.ines, "un faro al atardecer, lighthouse, dusk", "personas, texto")

    async def _abroad(self, who: Member, prompt: str, negative: str) -> None:
        """A picture, its menu, its forms, and what the commands say, in a language; named by it and the command."""
        language = who.locale[:2]
        w = translations_for(language)
        name, server = f"{language}-{{}}".format, self.server
        await self._finished(
            name("imagine"), who, f"/{w('command-imagine')}", count=2, prompt=prompt, negative=negative
        )
        made = self.finished
        menu = await self.presses(name("more"), who, made, w("button-more"), opened=True)
        pressed = await server.select(who, menu, menu.selects[-1]["custom_id"], [Act.REGION])
        self.pages[name("region")] = Artist(server.world, language).modal((await pressed.response()).data)
        await self.chooses(name("parameters"), who, menu, Act.PARAMETERS)
        await self.form(name("edit"), who, made, w("button-edit"))
        varied = await server.click(who, made, "V1")
        await self.one.finish(await self.one.take())
        self.keep(name("vary"), await varied.wait_for(lambda shown: bool(shown.attachments)), who)
        await self.says(name("refused"), who, "imagine", f"/{w('command-imagine')}", prompt="a __color__ cat")
        for command in ("queue", "jobs", "me", "settings show", "privacy erase", "admin overview", "admin rules show"):
            words = command.split()
            keys = (f"command-{'-'.join(words[: end + 1])}" for end in range(len(words)))
            await self.says(name(command.replace(" ", "-")), who, command, "/" + " ".join(w(key) for key in keys))
        for topic in ("start", "prompts"):
            call = f"/{w('command-help')} {w('command-help-topic')}:{w(f'help-topic-{topic}')}"
            await self.says(name(f"help-{topic}"), who, "help", call, topic=topic)

    async def life(self) -> None:
        """From the line to a preview, and the ends that are no pictures; the queue as members and admins see it."""
        # Pictures that are played are done at once, and forecasts have learned that.
        await self.queue._redis.delete(keys.ACCURACY)
        taken = []
        for number, worker in enumerate((self.one, self.two)):
            await self.asks(self.bob, prompt=f"a castle on a hill, {number}", count=2)
            taken.append(await worker.take())
            await worker.half(taken[-1], 0.1 + 0.2 * number, 31 - 8 * number)
            worker.state = WorkerState.BUSY
            await worker.beat()
        for other in ("Cid", "Dee"):
            await self.asks(self.server.add_member(other), prompt=f"a ship in a storm, {other}")
        await self.asks(self.bob, prompt="a ship in a storm", checkpoint="animagineXL_3.1", count=4)
        first = await self.asks(self.ann)
        german = await self.asks(self.eva, prompt="ein Fuchs im Schnee, fox, snow", negative="Menschen")
        await asyncio.sleep(6)  # the forecaster notes what it thinks of them, the message is told
        await self.one.half(taken[0], 0.15, 29)
        await self.two.half(taken[1], 0.35, 20)
        waits = await first.wait_for(lambda shown: "<t:" in shown.text)
        self.keep("waiting", waits, self.ann, "/imagine")
        await self.says("queue", self.ann, "queue")
        await self.says("admin-queue", self.mia, "queue")
        await self.says("admin-overview", self.mia, "admin overview")
        await self.says("admin-workers", self.mia, "admin workers")
        await self.says("de-warteschlange", self.eva, "queue", "/warteschlange")
        await self.says("confirm", self.mia, "admin pause", "/admin pause scope:the whole queue", scope="queue")
        await self.says("de-bestaetigen", self.max, "admin clear", "/admin räumen mitglied:@Bob", member=self.bob)
        self.keep("de-wartet", german.history[-1], self.eva, "/bild")
        await self._runs(first, taken[0])

    async def _runs(self, first: InteractionHandle, taken: Leased) -> None:
        await self.one.finish(taken)
        while (leased := await self.one.take()).id not in first.message.buttons[0]["custom_id"]:
            await self.one.finish(leased)
        await self.one.half(leased)
        runs = await first.wait_for(lambda shown: bool(shown.embeds and shown.embeds[0].get("image")))
        self.keep("running", runs, self.ann, "/imagine")
        await self.one.settle(leased, calls.fail("oom", "CUDA out of memory"))
        failed = await first.wait_for(lambda shown: "memory" in shown.text)
        self.keep("failed", failed, self.ann, "/imagine")
        stopped = await self.asks(self.ann, prompt="a dragon over a city at night")
        await self.server.click(self.ann, await stopped.wait_for(lambda shown: bool(shown.buttons)), "Cancel")
        self.keep("cancelled", await stopped.wait_for(lambda shown: "✋ C" in shown.text), self.ann, "/imagine")
        jobs = await self.server.slash(self.ann, "jobs")
        self.keep("jobs", await answer(jobs), self.ann, "/jobs")
        await self.says("de-auftraege", self.eva, "jobs", "/aufträge")

    async def refusals(self) -> None:
        await self.server.slash(self.mia, "admin words add", {"word": "blood*"})
        await self.says("refused", self.ann, "imagine", "/imagine", **LIGHTHOUSE | {"checkpoint": "dreamshapr"})
        await self.says("refused-word", self.ann, "imagine", "/imagine", prompt="a bloody battle")

    async def settings(self) -> None:
        given = {"size": "portrait 512×768", "steps": 30, "negative": "text"}
        await answer(await self.server.slash(self.ann, "settings defaults", given))
        save = {"name": "foggy", "prompt": "{prompt}, fog, soft light", "checkpoint": "dreamshaper_8", "guidance": 5.5}
        await answer(await self.server.slash(self.ann, "settings save", save))
        await answer(await self.server.slash(self.ann, "settings share", {"name": "foggy"}))
        await self.says("settings", self.ann, "settings show")
        await self.says("styles", self.bob, "styles")
        await self.says("privacy", self.ann, "privacy show")
        await self.says("de-datenschutz", self.eva, "privacy show", "/datenschutz zeigen")
        await self.says("privacy-erase", self.ann, "privacy erase")

    async def drawn(self) -> None:
        """Alternatives and lists of words, and what is refused of a prompt."""
        colours = {"name": "colour", "entries": "red|blue|golden|white"}
        await answer(await self.server.slash(self.mia, "admin wildcards set", colours))
        prompt = "a __colour__ {sailing boat|steam ship} at sea, {dawn|dusk}"
        await self._finished("drawn", self.ann, f"/imagine prompt:{prompt}", prompt=prompt, count=4)
        await self.says("wildcards", self.bob, "wildcards")
        await self.says("refused-list", self.bob, "imagine", "/imagine", prompt="a __color__ cat")
        await self.says("refused-flag", self.bob, "imagine", "/imagine", prompt="a cat --stylize 250")

    async def later(self) -> None:
        """A picture for later, one's own standing, the server's, and help."""
        await answer(await self.server.slash(self.ann, "settings timezone", {"zone": "Berlin"}))
        handle = await self.asks(self.ann, count=4, when="in 5 h")
        shown = await handle.wait_for(lambda shown: "🌙" in shown.text)
        self.keep("scheduled", shown, self.ann, "/imagine when:in 5 h")
        await self.says("refused-when", self.ann, "imagine", "/imagine", **LIGHTHOUSE | {"when": "today 0:01"})
        await self.queue.admin.set_policy("screens", "default", {"waiting": 10, "running": 1, "daily_gpu_s": 1800})
        await self.says("me", self.ann, "me")
        await self.says("stats", self.ann, "stats")
        await self.says("help", self.ann, "help")
        await self.says("help-prompts", self.ann, "help", "/help topic:prompts", topic="prompts")
        await self.says("de-hilfe", self.eva, "help", "/hilfe thema:Prompts", topic="prompts")
        await self.says("de-ich", self.eva, "me", "/ich")

    async def limits(self) -> None:
        """What a waiting job says of a limit and of a pause, and what an admin is offered and a member told."""
        first = await self.asks(self.bob, prompt="a harbour")
        await first.wait_for(lambda shown: "in line" in shown.text)
        leased = await self.one.take()
        second = await self.asks(self.bob, prompt="a harbour in the fog")
        limit = await second.wait_for(lambda shown: "as many running" in shown.text, timeout=20)
        self.keep("at-limit", limit, self.bob, "/imagine")
        await self.queue.admin.pause("discord:1", "queue", "new drivers until 18:00")
        paused = await second.wait_for(lambda shown: "new drivers" in shown.text, timeout=20)
        self.keep("paused", paused, self.bob, "/imagine")
        choices = await self.server.autocomplete(self.mia, "admin cancel", focused="job", value="")
        typed = "/admin cancel <span>job |</span>"
        self.pages["admin-choices"] = Artist.autocomplete(typed, "job", choices)
        why = {"job": leased.id, "why": "the GPU is needed for the talk"}
        await answer(await self.server.slash(self.mia, "admin cancel", why))
        await self.one.settle(leased, calls.cancelled())
        stopped = await first.wait_for(lambda shown: "Reason" in shown.text)
        self.keep("cancelled-by-admin", stopped, self.bob, "/imagine")
        await self.queue.admin.resume("discord:1", "queue")
        await self.queue.admin.drop_policy("screens", "default")
        await self.one.finish(await self.one.take())
        deleted = await self.asks(self.bob, prompt="a harbour at night")
        leased = await self.one.take()
        self.server.delete_message(await deleted.wait_for(lambda shown: bool(shown.buttons)))
        await self.one.half(leased)

        async def is_cancelled() -> bool:
            job = await self.queue.job(leased.id)
            return bool(job and job.cancelling)

        await until(is_cancelled)
        await self.one.settle(leased, calls.cancelled())
        self.keep("moderated", await deleted.wait_for_followup(), self.bob)

    async def rules(self) -> None:
        await self.rules_are("reports", channel=self.server.add_channel("reports"))
        await self.server.slash(self.mia, "admin channels allow", {"channel": self.server.channel})
        given = {"checkpoint": "dreamshaper_8", "negative": "text, watermark"}
        await self.server.slash(self.mia, "admin defaults set", given)
        artists = self.server.add_role("artists")
        await self.rules_are("buttons", who="roles", role=artists)
        await self.server.slash(self.mia, "admin limits set", {"role": artists, "waiting": 10, "weight": 2.0})
        await asyncio.sleep(1)
        await self.says("admin-rules", self.mia, "admin rules show")
        await self.says("de-regeln", self.max, "admin rules show", "/admin regeln zeigen")
        await self.says("admin-audit", self.mia, "admin audit")

    async def nobody(self) -> None:
        """Both GPUs have gone, and somebody asks all the same; then the queue loses all that it had."""
        await self.queue.note_fleet()
        await asyncio.gather(self.one.sleeps(), self.two.sleeps())
        asked = await self.asks(self.bob)
        self.keep("no-gpu", await asked.wait_for(lambda shown: "Waits for a GPU" in shown.text), self.bob, "/imagine")
        await self.queue._redis.flushall()
        self.keep("lost", await asked.wait_for(lambda shown: "was lost" in shown.text), self.bob, "/imagine")

    async def offers(self) -> None:
        choices = await self.server.autocomplete(self.ann, "imagine", focused="checkpoint", value="")
        typed = "/imagine <span>prompt a lighthouse at dusk</span><span>checkpoint |</span>"
        self.pages["autocomplete"] = Artist.autocomplete(typed, "checkpoint", choices)

    async def play(self) -> None:
        for scene in (self.done, self.offers, self.sets, self.shared_set, self.compared, self.in_words, self.german_set,
                      self.french, self.spanish, self.refusals, self.drawn, self.later, self.limits, self.life,
                      self.settings, self.rules, self.nobody):  # fmt: skip
            print(scene.__name__, flush=True)
            await scene()


@contextlib.asynccontextmanager
async def system(folder: Path) -> AsyncIterator[Screens]:
    """The bot at work between a Discord, a Valkey and two played workers."""
    async with contextlib.AsyncExitStack() as stack:
        redis = stack.enter_context(PrivateValkey(folder, durable=False)).url
        queue = await stack.enter_async_context(Queue(redis, wait_for_gpu_s=24 * 3600))
        server = await stack.enter_async_context(DiscordServer())
        hub = Hub(queue)
        one = await stack.enter_async_context(Painter(redis, "gpu1/7860", "dreamshaper_8"))
        two = await stack.enter_async_context(Painter(redis, "gpu2/7860", "juggernautXL_v9"))
        one.gpu_seconds = two.gpu_seconds = 7.4
        settings = BotSettings.model_validate({
            "discord_token": server.token, "discord_api_url": server.api_url,
            "discord_gateway_url": server.gateway_url, "public_url": "https://pictures.example.org",
        })  # fmt: skip

        clients: list[ZosmaClient] = []

        def make(**needed: Any) -> ZosmaClient:
            clients.append(ZosmaClient(**needed, edit_every_s=0.0))
            return clients[-1]

        running = [hub.run(), Forecaster(queue).run(), one.live(), two.live()]
        tasks = [asyncio.create_task(one) for one in running]
        await hub.live.wait()
        tasks.append(asyncio.create_task(run_discord(settings, queue, hub, make_client=make)))
        try:
            await server.wait_connected()
            yield Screens(server, queue, one, two, clients[0].services.links)
            for wrong in server.violations:
                print(f"against Discord's description: {wrong}")
        finally:
            for task in reversed(tasks):
                await end(task)


async def played() -> dict[str, str]:
    """Each screen's page."""
    with tempfile.TemporaryDirectory() as folder:
        async with system(Path(folder)) as screens:
            await screens.play()
            return screens.pages


def main() -> None:
    """Plays everything, and draws the screens that were named, or all."""
    parser = argparse.ArgumentParser(prog="screens", description="Draw what members and admins see")
    parser.add_argument("names", nargs="*", help="screens to draw; those on the page without")
    wanted = parser.parse_args().names
    pages = asyncio.run(played())
    FOLDER.mkdir(exist_ok=True)
    chosen = {name: page for name, page in pages.items() if name in (wanted or SHOWN)}
    with ThreadPoolExecutor(2) as pool:
        sizes = list(pool.map(lambda name: photograph(chosen[name], FOLDER / f"{name}.png"), chosen))
    for name, size in zip(chosen, sizes, strict=True):
        print(f"{name:20} {size / 1000:5.0f} kB")
    print(f"{sum(sizes) / 1000:.0f} kB in {FOLDER}")


if __name__ == "__main__":
    main()
