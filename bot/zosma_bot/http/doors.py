"""Keeps strange web pages out: a page in somebody's browser can reach this machine, and must not steer the fleet.

Programs send none of the headers that are looked at here: SillyTavern, Open WebUI and other servers, curl, requests.
Browsers send `Origin` and `Sec-Fetch-Site` by themselves, and no page can change or leave them out.
"""

from __future__ import annotations

import http
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from zosma_bot import links
from zosma_bot.http.problems import Handler, Problem
from zosma_queue.hosts import is_loopback

#: Links below it are signed, and opened under the public address of a proxy.
SIGNED_PATHS = (f"{links.PATH}/", f"{links.MASK_PATH}/")
_SAFE = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})
#: How containers call their host. Nobody on the internet can own a name under `.internal`: no page comes from there.
_CONTAINER_HOSTS = frozenset({"host.docker.internal", "host.containers.internal", "gateway.docker.internal"})
#: Origins that only an installed program can have: extensions of browsers, Electron, Tauri, editors.
_PROGRAM_SCHEMES = frozenset(
    {"app", "capacitor", "chrome-extension", "file", "moz-extension", "safari-web-extension", "tauri", "vscode-file",
     "vscode-webview"}
)  # fmt: skip
_PREFLIGHT_AGE_S = 600
#: Headers beside the few that browsers always let a page read.
_READABLE = "ETag, Location, Retry-After"
#: In which proxies say for whom they ask: nginx as people write it, Caddy, Traefik, Cloudflare. And RFC 7239's way.
_FORWARDED_FOR = ("X-Forwarded-For", "X-Real-IP", "CF-Connecting-IP")
_FOR = re.compile(r'\bfor="?([^";,]*)', re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Doors:
    """Which names and pages may be used to come in."""

    hosts: Collection[str] = ()
    """Names beside those of loopback under which this server is called."""
    origins: Collection[str] = ()
    """Origins like `https://lite.koboldai.net` whose pages may use it from a browser."""

    def check(self, request: web.Request, *, any_host: bool = False) -> None:
        """Returns when the request may come in. `any_host`: keys are asked for, and a page that rebinds a name to this
        machine has none.

        Raises:
          Problem: 403 for a name that isn't ours, for what a proxy on this machine hands on from others, and for a
            foreign page that would change something.
        """
        if not any_host and not request.path.startswith(SIGNED_PATHS):
            for host in request.headers.getall(hdrs.HOST, []):
                self._check_host(host)
            if name_in(request.headers.get(hdrs.HOST, "")) not in self.hosts:
                _check_forwarded(request)
        if request.method not in _SAFE and self._is_foreign(request):
            raise Problem(
                http.HTTPStatus.FORBIDDEN, "Forbidden",
                "web pages of other sites may change nothing here: name yours in ZOSMA_CORS_ORIGINS of the bot process",
                hint="send no Origin header, or one that ZOSMA_CORS_ORIGINS names",
            )  # fmt: skip

    def _check_host(self, host: str) -> None:
        name = name_in(host)
        if not (is_loopback(name) or name.endswith(".localhost") or name in _CONTAINER_HOSTS or name in self.hosts):
            raise Problem(
                http.HTTPStatus.FORBIDDEN, "Forbidden",
                f"this server is not called {name[:100]!r}: use localhost, or name it in ZOSMA_ALLOWED_HOSTS of the bot"
                " process", hint="send a Host header with a name that this server has",
            )  # fmt: skip

    def _is_foreign(self, request: web.Request) -> bool:
        """By `Sec-Fetch-Site`, which newer browsers send, else by `Origin`; a request with neither is no page's."""
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is not None and (origin.casefold() in self.origins or origin.partition("://")[0] in _PROGRAM_SCHEMES):
            return False
        site = request.headers.get("Sec-Fetch-Site")
        if site is not None:
            return site not in ("same-origin", "none")
        host = request.headers.get(hdrs.HOST, "").casefold()
        return origin is not None and origin.partition("://")[2].casefold() != host

    def guard(self, any_host: Callable[[], bool]) -> Middleware:
        """Middleware that lets in what may, and nothing else; `any_host` as for `check`, asked each time."""

        @web.middleware
        async def checked(request: web.Request, handler: Handler) -> web.StreamResponse:
            self.check(request, any_host=any_host())
            return await handler(request)

        return checked

    def invite(self) -> Middleware:
        """Middleware that answers what browsers ask before they let a page of `origins` send JSON (CORS)."""

        @web.middleware
        async def asked_first(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.method == hdrs.METH_OPTIONS and self._invited(request):
                return web.Response(status=http.HTTPStatus.NO_CONTENT, headers=_preflight(request))
            return await handler(request)

        return asked_first

    async def note_invited(self, request: web.Request, answer: web.StreamResponse) -> None:
        """For `on_response_prepare`: the headers by which browsers let pages of `origins` read an answer.

        Streams are read long before their handler is through.
        """
        if self.origins:
            answer.headers.add(hdrs.VARY, "Origin")
        if self._invited(request):
            answer.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = request.headers[hdrs.ORIGIN]
            answer.headers[hdrs.ACCESS_CONTROL_ALLOW_CREDENTIALS] = "true"
            answer.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = _READABLE

    def _invited(self, request: web.Request) -> bool:
        return request.headers.get(hdrs.ORIGIN, "").casefold() in self.origins


def _check_forwarded(request: web.Request) -> None:
    """A proxy calls us by our own name, unless it is told not to, and so brings the whole internet in."""
    for address in _asking(request):
        if not (is_loopback(address) or is_loopback(name_in(address))):
            raise Problem(
                http.HTTPStatus.FORBIDDEN, "Forbidden",
                f"this comes through a proxy, from {address[:100]!r}, and without keys only this machine is served:"
                " make one by `zosma keys create NAME --scope admin`", hint="send a key, once there is one",
            )  # fmt: skip


def _asking(request: web.Request) -> Iterator[str]:
    """The addresses for which proxies say that they ask."""
    for name in _FORWARDED_FOR:
        for value in request.headers.getall(name, []):
            yield from (entry.strip() for entry in value.split(","))
    for value in request.headers.getall(hdrs.FORWARDED, []):
        yield from _FOR.findall(value)


def name_in(host: str) -> str:
    """The name in a Host header, without its port: `localhost` of `LOCALHOST.:1324`, `::1` of `[::1]:1324`."""
    if host.startswith("["):
        name, _, port = host[1:].partition("]")
        return name if not port or port.startswith(":") else host
    return host.partition(":")[0].rstrip(".").casefold()


def _preflight(request: web.Request) -> dict[str, str]:
    asked = request.headers.get(hdrs.ACCESS_CONTROL_REQUEST_HEADERS, "")
    headers: dict[str, str] = {
        hdrs.ACCESS_CONTROL_ALLOW_METHODS: "GET, POST, PUT, DELETE",
        hdrs.ACCESS_CONTROL_ALLOW_HEADERS: asked or "Authorization, Content-Type",
        hdrs.ACCESS_CONTROL_MAX_AGE: str(_PREFLIGHT_AGE_S),
    }
    if "Access-Control-Request-Private-Network" in request.headers:
        headers["Access-Control-Allow-Private-Network"] = "true"
    return headers
