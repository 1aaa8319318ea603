"""One ComfyUI over HTTP: each address of its API that a worker uses is one method here."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp

from zosma_worker.bounds import MB, READ_MAX_BYTES, number
from zosma_worker.comfyui import failures
from zosma_worker.errors import WebUIBroken, WebUICut, WebUIError, WebUINotSetUp, WebUIRefused, WebUIRubbish
from zosma_worker.wire import READ_TIMEOUT_S, Wire, within

_JSON = {"Content-Type": "application/json"}
#: A description of every node of a server with many extensions has some 10 MB.
_OBJECT_INFO_MAX_BYTES, _OBJECT_INFO_MARKS_MAX = 64 * MB, 4_000_000
#: Larger messages end the connection, and are read from the history.
MESSAGE_MAX_BYTES = 32 * MB
#: A connection is lost when a ping is not answered within half of this. Loading holds a server up for seconds.
HEARTBEAT_S = 30.0


@dataclass(frozen=True)
class Item:
    """A prompt in the server's queue, anybody's."""

    id: str
    graph: dict[str, Any]


@dataclass(frozen=True)
class Queue:
    """The server's queue."""

    running: tuple[Item, ...]
    pending: tuple[Item, ...]

    def has(self, prompt_id: str) -> bool:
        """Whether a prompt runs or waits."""
        return any(one.id == prompt_id for one in (*self.running, *self.pending))

    def runs(self, prompt_id: str) -> bool:
        """Whether it is what runs now."""
        return any(one.id == prompt_id for one in self.running)


@dataclass(frozen=True)
class File:
    """A file that the server has made."""

    filename: str
    subfolder: str
    type: str


@dataclass(frozen=True)
class Entry:
    """How a prompt ended, as the server remembers it."""

    id: str
    graph: dict[str, Any]
    messages: tuple[tuple[str, dict[str, Any]], ...]
    """The events of its end, as they went over the socket."""
    outputs: dict[str, Any]
    succeeded: bool

    @property
    def at_ms(self) -> float:
        """When it ended, by the server's clock; 0 when it doesn't say."""
        return max((number(told.get("timestamp")) or 0.0 for _, told in self.messages), default=0.0)

    def told(self, event: str) -> dict[str, Any] | None:
        """What an event of its end said; None when there was none."""
        return next((told for name, told in self.messages if name == event), None)


class Client(Wire):
    """A ComfyUI. Close it with `async with`. Every method raises a `WebUIError`."""

    def error_of(self, status: int, body: bytes) -> WebUIError:
        """What an answer means that isn't 2xx."""
        return failures.error_of(self.url, status, body)

    # -- what it is ---------------------------------------------------------------------------------------------

    async def stats(self) -> dict[str, Any]:
        """What it says of itself and its devices.

        Raises:
          WebUINotSetUp: when it is no ComfyUI.
        """
        try:
            found = await self._get("/system_stats")
        except WebUICut:
            raise
        except (WebUIRefused, WebUIBroken) as error:
            if isinstance(error, WebUINotSetUp):
                raise
            found = None
        if not (isinstance(found, dict) and isinstance(found.get("system"), dict) and "devices" in found):
            raise WebUINotSetUp(f"{self.url} is not a ComfyUI: check SD_API_HOST")
        return found

    async def object_info(self, node: str = "") -> Any:
        """What its nodes take and give: of one class, or of all."""
        path = f"/object_info/{quote(node, safe='')}" if node else "/object_info"
        raw = await self.send("GET", path, within(60.0), most_bytes=_OBJECT_INFO_MAX_BYTES)
        return await self.read(raw, _OBJECT_INFO_MARKS_MAX)

    async def embeddings(self) -> tuple[str, ...]:
        """Names of its embeddings, without their endings."""
        try:
            found = await self._get("/embeddings")
        except (WebUIRefused, WebUIRubbish):
            return ()
        return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list) else ()

    async def header(self, folder: str, file: str) -> dict[str, Any]:
        """What a file's own header says of it; {} when it says nothing."""
        try:
            found = await self._get(f"/view_metadata/{folder}?{urlencode({'filename': file})}")
        except WebUICut:
            raise
        except (WebUIRefused, WebUIBroken):
            return {}
        return found if isinstance(found, dict) else {}

    # -- prompts ------------------------------------------------------------------------------------------------

    async def submit(self, graph: dict[str, Any], prompt_id: str, client_id: str) -> str:
        """Puts a graph into its queue; the id that it goes by, which older servers choose themselves.

        Raises:
          WebUIRefused, NodesMissing, CheckpointUnusable: when it doesn't take the whole of it.
        """
        body = {"prompt": graph, "prompt_id": prompt_id, "client_id": client_id}
        found = await self._post("/prompt", body)
        if not isinstance(found, dict) or not isinstance(found.get("prompt_id"), str):
            raise WebUIRubbish(f"{self.url} took a prompt without a word about it")
        if found.get("node_errors"):
            # It leaves out what is wrong and runs the rest.
            await self.stop(found["prompt_id"])
            raise failures.refusal(self.url, found)
        return str(found["prompt_id"])

    async def queue(self) -> Queue:
        """What runs and what waits, of everybody."""
        found = await self._get("/queue")
        if not isinstance(found, dict):
            raise WebUIRubbish(f"{self.url} has no queue to show: check SD_API_HOST")
        return Queue(_items(found.get("queue_running")), _items(found.get("queue_pending")))

    async def entry(self, prompt_id: str) -> Entry | None:
        """How a prompt ended; None while it hasn't, and for one that is not known."""
        found = await self._get(f"/history/{quote(prompt_id, safe='')}")
        return _entry(prompt_id, found.get(prompt_id)) if isinstance(found, dict) else None

    async def newest(self) -> Entry | None:
        """The prompt that ended last, anybody's."""
        found = await self._get("/history?max_items=1")
        entries = list(found.items()) if isinstance(found, dict) else []
        return _entry(*entries[-1]) if entries else None

    async def forget(self, prompt_id: str) -> None:
        """Takes a prompt, with its words, out of the history."""
        await self._post("/history", {"delete": [prompt_id]})

    async def stop(self, prompt_id: str) -> bool:
        """Asks once to stop a prompt, whether it waits or runs. False when it does neither.

        It must run before it is interrupted: older servers know no id there, and stop whatever runs, anybody's.
        """
        queue = await self.queue()
        if queue.runs(prompt_id):
            await self._post("/interrupt", {"prompt_id": prompt_id})
        elif queue.has(prompt_id):
            await self._post("/queue", {"delete": [prompt_id]})
        return queue.has(prompt_id)

    # -- files --------------------------------------------------------------------------------------------------

    async def upload(self, name: str, png: bytes) -> str:
        """Stores a picture to start from; what LoadImage calls it."""
        form = aiohttp.FormData()
        form.add_field("image", png, filename=name, content_type="image/png")
        form.add_field("subfolder", "zosma")
        form.add_field("type", "input")
        form.add_field("overwrite", "true")
        found = await self.read(await self.send("POST", "/upload/image", within(READ_TIMEOUT_S * 4), data=form))
        if not isinstance(found, dict) or not isinstance(found.get("name"), str):
            raise WebUIRubbish(f"{self.url} took a picture without a word about it")
        folder = found.get("subfolder")
        return f"{folder}/{found['name']}" if folder else str(found["name"])

    async def view(self, file: File, most_bytes: int) -> bytes:
        """A picture's bytes.

        Raises:
          WebUIRefused: when the file is gone.
        """
        fields = {"filename": file.filename, "subfolder": file.subfolder, "type": file.type}
        return await self.send("GET", f"/view?{urlencode(fields)}", within(READ_TIMEOUT_S * 4), most_bytes=most_bytes)

    async def listen(self, client_id: str) -> aiohttp.ClientWebSocketResponse:
        """A connection over which it tells what becomes of this client's prompts."""
        with self.wire_errors():
            try:
                return await self.session.ws_connect(
                    f"{self.url}/ws?clientId={client_id}",
                    heartbeat=HEARTBEAT_S,
                    max_msg_size=MESSAGE_MAX_BYTES,
                    timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
                )
            except aiohttp.WSServerHandshakeError as error:
                raise WebUIRefused(
                    f"{self.url} opens no WebSocket ({error.status}): let the proxy before it pass /ws",
                    status=error.status,
                ) from None

    # -- the wire -----------------------------------------------------------------------------------------------

    async def _get(self, path: str) -> Any:
        return await self.read(await self.send("GET", path, within(READ_TIMEOUT_S), most_bytes=READ_MAX_BYTES))

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        data = io.BytesIO(json.dumps(body).encode())
        return await self.read(await self.send("POST", path, within(READ_TIMEOUT_S), data=data, headers=_JSON))


def _items(found: Any) -> tuple[Item, ...]:
    """Of `[number, id, graph, extra data, outputs]`, which newer servers make longer."""
    entries = [one for one in found if isinstance(one, list) and len(one) >= 3] if isinstance(found, list) else []
    return tuple(Item(str(one[1]), one[2] if isinstance(one[2], dict) else {}) for one in entries)


def _entry(prompt_id: str, found: Any) -> Entry | None:
    if not isinstance(found, dict):
        return None
    status = found.get("status")
    status = status if isinstance(status, dict) else {}
    told = status.get("messages")
    messages = [
        (str(one[0]), one[1])
        for one in (told if isinstance(told, list) else [])
        if isinstance(one, list) and len(one) == 2 and isinstance(one[1], dict)
    ]
    outputs = found.get("outputs")
    items = _items([found.get("prompt")])
    return Entry(
        id=prompt_id,
        graph=items[0].graph if items else {},
        messages=tuple(messages),
        outputs=outputs if isinstance(outputs, dict) else {},
        succeeded=status.get("status_str") == "success" and status.get("completed") is not False,
    )


def pictures_in(output: Any) -> tuple[File, ...]:
    """The pictures that an output node says it has made."""
    images = output.get("images") if isinstance(output, dict) else None
    return tuple(
        File(one["filename"], str(one.get("subfolder") or ""), str(one.get("type") or "output"))
        for one in (images if isinstance(images, list) else [])
        if isinstance(one, dict) and isinstance(one.get("filename"), str)
    )
