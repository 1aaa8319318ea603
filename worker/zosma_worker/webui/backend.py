"""AUTOMATIC1111's WebUI and its relatives as a back end."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any

from zosma_queue.errors import ErrorKind, QueueUnavailableError
from zosma_queue.fleet import Capabilities
from zosma_queue.request import Request
from zosma_queue.tasks import end, set_within
from zosma_worker.backend import Checked, Notes, Order, Report
from zosma_worker.errors import (
    BadAnswer,
    WebUIBroken,
    WebUIBusy,
    WebUICut,
    WebUIError,
    WebUILacks,
    WebUINotSetUp,
    WebUIRefused,
    WebUIUnreachable,
)
from zosma_worker.settings import Address
from zosma_worker.timeouts import Timeouts
from zosma_worker.webui.answers import NO_ROUTE
from zosma_worker.webui.client import Client
from zosma_worker.webui.flavours import Flavour
from zosma_worker.webui.foreign_work import ForeignWork
from zosma_worker.webui.own_options import OwnOptions
from zosma_worker.webui.payload import Part, Payload
from zosma_worker.webui.pictures import verify_all
from zosma_worker.webui.probe import Probed, loaded_of, probe
from zosma_worker.webui.watch import Watch

#: An answer is read after this at the latest, whoever wants it.
UNWANTED_S = 1.0
#: An interrupt does nothing while a model loads, so it is repeated.
INTERRUPT_EVERY_S = 1.0
#: A WebUI that was interrupted and is idle each of these times in a row has let go, whether or not it answers.
IDLE_LOOKS = 5
#: A WebUI that answers without an API may still be starting for this long.
STARTING_S = 60.0
#: The next job waits no longer than this for the answer whether the last one was interrupted.
ASKING_S = 1.0
#: Where no next job is looked for yet the pictures go before that question, for so long at most.
ASK_LATER_S = 0.02


@contextlib.asynccontextmanager
async def a1111_backend(address: Address, notes: Notes | None = None) -> AsyncIterator[A1111Backend]:
    """The WebUI at an address. `notes`: of the workers before; None for who makes no jobs."""
    async with Client(address) as client:
        backend = A1111Backend(client, notes)
        try:
            yield backend
        finally:
            await backend.noted()


class A1111Backend:
    """A WebUI that speaks A1111's API, in whichever dialect: a `Backend`."""

    def __init__(self, client: Client, notes: Notes | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._own_options = OwnOptions(client.home, notes)
        self._clock = clock
        self._foreign_work = ForeignWork(client)
        self._probed: Probed | None = None
        self._asking: asyncio.Task[bool] | None = None
        self._noting: asyncio.Task[None] | None = None
        self._lacking: set[str] = set()
        self._has_made_any = False
        self._without_api_since: float | None = None

    @property
    def url(self) -> str:
        """Its address without a login."""
        return self._client.url

    async def probe(self) -> Probed:
        """What it can do and holds; the dialect found is used from now on."""
        try:
            found = await probe(self._client)
        except WebUIError as error:
            self.note_gone()
            raise self._explained(error) from error
        self._without_api_since = None
        try:
            await self._own_options.recall(found.options)
        except QueueUnavailableError as error:
            raise WebUIBusy(f"which of the options of {self.url} are its own is noted in Redis: {error}") from error
        if "txt2img" in self._lacking:
            raise WebUINotSetUp(f"{self.url} has no /sdapi/v1/txt2img: update the WebUI, or check SD_API_HOST")
        about = found.about.model_copy(update=self._lacked(found.about))
        loaded = found.loaded if self._tells_loaded(found.flavour) else None
        self._probed = replace(found, about=about, loaded=loaded, selected=found.loaded)
        return self._probed

    def _tells_loaded(self, flavour: Flavour) -> bool:
        return self._has_made_any or not flavour.loads_late

    def note_made(self, order: Order) -> None:
        """Pictures came: what its options name is in its memory from now on. Nobody waits for Redis here."""
        self._has_made_any = True
        if self._probed:
            self._noting = asyncio.create_task(self._own_options.after(self._probed.flavour.options_set(order)))

    async def noted(self) -> None:
        """Returns once it is noted what the last pictures say of its options, or Redis has shown to be away."""
        if self._noting:
            await self._noting

    def note_ended(self, flavour: Flavour) -> None:
        """A job of ours is over, however it ended."""
        if flavour.tells_of_ended or not flavour.tells_progress:
            self._foreign_work.note_own_end()

    def note_gone(self) -> None:
        """It is away: whatever comes back may be another, and has nothing in its memory."""
        self._lacking.clear()
        self._has_made_any = False

    def _explained(self, error: WebUIError) -> WebUIError:
        """Some open their port seconds before their API: a minute passes before that counts as a mistake."""
        if not isinstance(error, WebUINotSetUp) or error.detail != NO_ROUTE:
            self._without_api_since = None
            return error
        now = self._clock()
        if self._without_api_since is None:
            self._without_api_since = now
        if now - self._without_api_since >= STARTING_S:
            return error
        return WebUIBusy(f"{self.url} answers without an API: wait if it is starting, else start the WebUI with --api")

    def _lacked(self, about: Capabilities) -> dict[str, Any]:
        less: dict[str, Any] = {"enlargers": (), "face_restorers": ()} if "upscale" in self._lacking else {}
        less |= {"interrogators": ()} if "interrogate" in self._lacking else {}
        less |= {"controlnet": about.controlnet.without_detect()} if "detect" in self._lacking else {}
        return {**less, "img2img": False, "inpainting": False} if "img2img" in self._lacking else less

    async def lack(self, request: Request, refusal: WebUIRefused) -> WebUIError:
        """Remembers that the address for this kind of request is missing. The error that its job ends with.

        Raises:
          WebUIError: when everything else is missing too, so that this says nothing.
        """
        await self._client.get("/sdapi/v1/samplers")
        kind, detail = ("txt2img", "")
        if request.upscale:
            kind, detail = ("upscale", "it can't make pictures larger")
        elif request.interrogate:
            kind, detail = ("interrogate", "it can't put pictures into words")
        elif request.detect:
            kind, detail = ("detect", "its ControlNet has no preprocessors to be asked for by themselves")
        elif request.img2img:
            kind, detail = ("img2img", "it can't start from a picture")
        self._lacking.add(kind)
        if kind == "txt2img":
            return WebUINotSetUp(str(refusal), status=refusal.status)
        return WebUILacks(f"{self.url} has no address for {kind}", detail=detail, status=refusal.status)

    async def loaded(self) -> str | None:
        """The checkpoint in its memory, by its options."""
        try:
            options = await self._client.options()
        except WebUIError:
            self.note_gone()
            raise
        if self._probed is None or not self._tells_loaded(self._probed.flavour):
            return None
        checkpoints = self._probed.about.checkpoints
        return checkpoints[0].name if self._probed.flavour.one_checkpoint else loaded_of(options, checkpoints)

    async def foreign_work(self) -> float | None:
        """For how long what it does for others has not moved, in seconds; None: nothing."""
        tells_of_ended = self._probed is not None and self._probed.flavour.tells_of_ended
        return self._foreign_work.still_s if await self._foreign_work.busy(tells_of_ended=tells_of_ended) else None

    async def free_memory(self) -> int | None:
        """Free bytes of CUDA's memory; servers without CUDA, or without the address, don't say."""
        found = await self._client.get_or_none("/sdapi/v1/memory")
        for key in ("cuda", "system", "free"):
            found = found.get(key) if isinstance(found, dict) else None
        return int(found) if isinstance(found, int | float) else None

    async def start(self, order: Order, report: Callable[[Report], None], timeouts: Timeouts) -> A1111Run:
        """Sends an order, once the last one's answer has been asked after: this one clears the flag.

        Raises:
          QueueUnavailableError: when it can't be noted which options it sets.
        """
        if self._probed is None:
            raise WebUIBusy(f"{self.url} has not been looked at")
        if self._asking:
            await asyncio.wait({self._asking}, timeout=ASKING_S)
        await self._own_options.before(self._probed.flavour.options_set(order))
        return A1111Run(self, self._client, self._probed.flavour, order, report, timeouts)

    def ask_whether_interrupted(self, flavour: Flavour, due: asyncio.Event, *, may_skip: bool) -> asyncio.Task[bool]:
        """Asks once it is `due`, or after `ASK_LATER_S`, while no other job has begun: the next one waits for this.

        `may_skip`: a picture was skipped because its sender said so.
        """
        self._asking = asyncio.create_task(self._was_interrupted(flavour, due, may_skip))
        return self._asking

    async def _was_interrupted(self, flavour: Flavour, due: asyncio.Event, may_skip: bool) -> bool:
        """Somebody may have pressed "interrupt" on the WebUI's page: it answers all the same, with half a picture."""
        await set_within(due, ASK_LATER_S)
        progress = None
        if flavour.tells_progress:
            with contextlib.suppress(WebUIError):
                progress = await self._client.progress(image=False)
        # "Skip" ends a picture early as "interrupt" does, and A1111 keeps the flag until its next job begins.
        return progress is not None and (progress.interrupted or (progress.skipped and not may_skip))


class A1111Run:
    """An order on its way through a WebUI: one blocking call for each part, and a watch beside it."""

    def __init__(
        self,
        backend: A1111Backend,
        client: Client,
        flavour: Flavour,
        order: Order,
        report: Callable[[Report], None],
        timeouts: Timeouts,
    ) -> None:
        self._backend = backend
        self._client = client
        self._flavour = flavour
        self._order = order
        self._timeouts = timeouts
        self._payload = Payload(client, flavour, order, order.ratio or 1.0)
        estimate = None if flavour.tells_progress else self._payload.estimate
        told = report if estimate else lambda part: report(self._payload.whole(part))
        self._watch = Watch(client, order.task, told, timeouts, estimate)
        self._has_skipped = False
        self._answers, self._wanted = asyncio.Event(), asyncio.Event()
        if order.waited_for:
            self._wanted.set()
        self._call: asyncio.Task[list[Part]] = asyncio.create_task(self._called())

    @property
    def waited_s(self) -> float:
        """For how long it has waited for somebody else's work."""
        return self._watch.waited_s

    async def answer(self) -> A1111Answer:
        """What the WebUI answers, once it begins to, unless the watch gives it up before.

        Its megabytes come when the pictures are to be looked at, if another order may follow: they would hold that up.
        """
        watching, answers = asyncio.create_task(self._watch.run()), asyncio.create_task(self._answers.wait())
        try:
            await asyncio.wait({self._call, watching, answers}, return_when=asyncio.FIRST_COMPLETED)
            if self._call.done():
                self._call.result()
            elif not self._answers.is_set():
                watching.result()
            self._backend.note_made(self._order)
        except (WebUIUnreachable, WebUICut):
            self._backend.note_gone()
            raise
        finally:
            await end(watching, answers)
            self._backend.note_ended(self._flavour)
        due = asyncio.Event()
        if not self._order.waited_for:
            due.set()
        asked = self._backend.ask_whether_interrupted(self._flavour, due, may_skip=self._has_skipped)
        return A1111Answer(self._client, self._flavour, self._order, self._call, self._wanted, asked, due)

    async def _called(self) -> list[Part]:
        try:
            return await self._payload.run(self._until_wanted)
        except WebUIRefused as refusal:
            # A1111 says 404 of unknown samplers too, in words of its own.
            if refusal.status == 405 or (refusal.status == 404 and isinstance(refusal, WebUINotSetUp)):
                raise await self._backend.lack(self._order.request, refusal) from refusal
            raise

    async def _until_wanted(self) -> None:
        self._answers.set()
        await set_within(self._wanted, UNWANTED_S)

    async def interrupt(self) -> None:
        """Interrupts the WebUI, but never while it runs somebody else's work."""
        if await self._at_work():
            await self._client.interrupt()

    async def skip(self) -> None:
        """Ends the picture at hand, but never one of somebody else's work."""
        if self._flavour.skips and await self._at_work():
            self._has_skipped = True
            await self._client.skip()

    async def _at_work(self) -> bool:
        """Whether the WebUI may be at this order: once it answers, whatever it does is somebody else's."""
        return await self._watch.ours() and not self._answers.is_set()

    async def let_go(self) -> None:
        """Interrupts until the call returns, or until the WebUI is idle and its answer must have got lost."""
        self._payload.stop()
        self._wanted.set()  # the call ends with its answer, whoever looks at it
        if self._call.done():
            await self._calm()
            return
        try:
            await self._end_call()
        finally:
            await self.drop()
        error = None if self._call.cancelled() else self._call.exception()
        if isinstance(error, WebUIUnreachable | WebUICut):
            raise error

    async def drop(self) -> None:
        """Closes the connection."""
        if not self._call.done():
            await end(self._call)

    async def _end_call(self) -> None:
        idle = 0
        while not self._call.done():
            with contextlib.suppress(WebUIError):
                await self.interrupt()
                progress = await self._client.progress(image=False)
                idle = idle + 1 if progress and progress.idle else 0
            if idle >= IDLE_LOOKS:
                return  # it has nothing to do and owes us an answer that got lost on the way
            await asyncio.wait({self._call}, timeout=INTERRUPT_EVERY_S)

    async def _calm(self) -> None:
        """The call has ended, but a connection that broke says nothing of the work: interrupts until it is idle."""
        if self._call.cancelled() or self._call.exception() is None:
            return
        stopped = None
        while True:
            progress = await self._client.progress(image=False)
            if progress is None or progress.idle or stopped not in (None, progress.began):
                return  # what has begun since it was stopped is somebody else's
            if await self._client.holds(self._order.task) is not False:
                stopped = progress.began
                await self._client.interrupt()
            await asyncio.sleep(self._timeouts.poll_s)


class A1111Answer:
    """What a WebUI answered, still as it came."""

    was_loaded: bool | None = None

    def __init__(
        self,
        client: Client,
        flavour: Flavour,
        order: Order,
        coming: asyncio.Task[list[Part]],
        wanted: asyncio.Event,
        interrupted: asyncio.Task[bool],
        due: asyncio.Event,
    ) -> None:
        """`due`: to be set when it is time to ask whether it was `interrupted`."""
        self._client = client
        self._flavour = flavour
        self._order = order
        self._coming = coming
        self._wanted = wanted
        self._interrupted = interrupted
        self._due = due
        self._loop = asyncio.get_running_loop()

    async def checked(self) -> Checked:
        """The pictures, read, and decoded and looked at in a thread; the WebUI is asked whether it was interrupted."""
        self._wanted.set()
        try:
            parts = await self._coming
        except (WebUIUnreachable, WebUICut) as error:
            # It is done with this order, and may be at the next: nothing may be interrupted for this one.
            raise WebUIBroken(f"{self._client.url} broke off in the middle of its answer") from error
        looking = asyncio.create_task(asyncio.to_thread(self._verified, parts))
        looking.add_done_callback(lambda _: self._due.set())
        try:
            interrupted = await self._interrupted
            await asyncio.wait({looking})
            request = self._order.request
            # These needn't clear what a job before them has left.
            if interrupted and not (request.interrogate or request.detect):
                if self._flavour.fails_as_interrupted:
                    looking.result()  # what is wrong with the answer says more, if anything is
                raise BadAnswer(ErrorKind.INTERRUPTED)
            return looking.result()
        finally:
            await end(looking)

    def _verified(self, parts: list[Part]) -> Checked:
        decoded = [replace(part, answer=self._decoded(part)) for part in parts]
        return verify_all(decoded, self._order.checkpoint, self._flavour, self._order.inputs, self._tell)

    def _tell(self, data: Sequence[bytes]) -> None:
        if self._order.on_data:
            self._order.on_data(data)
        self._loop.call_soon_threadsafe(self._due.set)  # behind the pictures

    def _decoded(self, part: Part) -> Any:
        return self._client.decoded_pictures(part.answer)
