"""The page's own files: styles, scripts, icon. Held in memory, and served from a folder that is named by what is in all
of them: browsers keep them, and a script that imports its neighbour gets the one that it was written with.

The styles stand in every page instead: nothing can be painted before they are there, and to ask for them would take
longer than to send their 5 kB along.
"""

from __future__ import annotations

import base64
import functools
import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from importlib import resources

from aiohttp import hdrs, web

PATH = "/console/static"
#: Of a digest, what stands in an address.
_VERSION_CHARS = 10
_TYPES = {".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class Asset:
    """One file."""

    data: bytes
    zipped: bytes
    content_type: str


class Assets:
    """The files in `static/`."""

    def __init__(self) -> None:
        folder = resources.files("zosma_bot.console") / "static"
        found = {one.name: one.read_bytes() for one in folder.iterdir() if one.is_file()}
        self.styles = found.pop("console.css").decode()
        """What every page has between `<style>` and `</style>`."""
        digest = hashlib.sha256(self.styles.encode()).digest()
        self.styles_hash = f"'sha256-{base64.b64encode(digest).decode()}'"
        """As a content policy names them."""
        self._files = {name: _read(name, data) for name, data in found.items()}
        whole = hashlib.sha256(b"".join(name.encode() + self._files[name].data for name in sorted(self._files)))
        self._version = whole.hexdigest()[:_VERSION_CHARS]

    def url(self, name: str) -> str:
        """Where browsers find a file: another address for another content.

        Raises:
          KeyError: when there is none.
        """
        if name not in self._files:
            raise KeyError(name)
        return f"{PATH}/{self._version}/{name}"

    def routes(self) -> list[web.RouteDef]:
        """The route of the files. Nobody need be signed in for them."""
        return [web.get(PATH + "/{version}/{name}", self.serve)]

    async def serve(self, request: web.Request) -> web.Response:
        """One file. Of an older page's version there is none: what is here now would not fit it."""
        asset = self._files.get(request.match_info["name"])
        if asset is None or request.match_info["version"] != self._version:
            raise web.HTTPNotFound
        headers = {
            hdrs.CACHE_CONTROL: "public, max-age=31536000, immutable",
            hdrs.VARY: hdrs.ACCEPT_ENCODING,
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        data = asset.data
        if "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, ""):
            data = asset.zipped
            headers[hdrs.CONTENT_ENCODING] = "gzip"
        return web.Response(body=data, content_type=asset.content_type, charset="utf-8", headers=headers)


@functools.cache
def the_assets() -> Assets:
    """Those of this process: the same files for every server in it."""
    return Assets()


def _read(name: str, data: bytes) -> Asset:
    ending = name[name.rfind(".") :]
    kind = _TYPES.get(ending) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Asset(data, gzip.compress(data, 9, mtime=0), kind)
