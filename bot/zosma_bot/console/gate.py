"""Who looks at the page, and whether what they send is theirs: sessions, CSRF tokens, and errors as pages.

A session is a random token in a cookie that no script reads and no other site's request carries. Redis keeps its
digest beside the id of the key that opened it, so signing out ends it everywhere, and so does taking the key away.
Where no keys are asked for, everybody who reaches loopback is the local user, and the token of their forms is the
installation's.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import http
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import hdrs, web

from zosma_bot.console.forms import Form, read_form
from zosma_bot.console.render import Renderer, query, redirect
from zosma_bot.http.auth import allowed
from zosma_bot.http.key_ring import LOCAL, Caller, KeyRing
from zosma_bot.http.problems import RETRY_AFTER_S, Problem, problem_of
from zosma_queue.api_keys import KeyScope
from zosma_queue.client import Queue
from zosma_queue.errors import RequestRefusedError

log = logging.getLogger(__name__)

SIGN_IN = "/console/sign-in"
COOKIE = "zosma_session"
THEME_COOKIE = "zosma_theme"
THEMES = ("light", "dark")
SESSION_S = 7 * 24 * 3600
#: The kind of document that a session is.
_SESSION = "console-session"
_TOKEN_BYTES = 32
_TOKEN_MAX_CHARS = 100
#: Says that a script asks, which puts a part of a page in the place of an old one.
PART = "X-Part"
CSRF_FIELD = "csrf"
_PATH_MAX_CHARS = 500
_WRONG_KEY = "This key is not known here. Check that all of it was pasted."
_BLIND_KEY = "This key may ask for pictures and see none: it lacks the scope read, which an admin can give it."
_PHRASES = {404: "There is no such page.", 405: "This address takes no such request."}


@dataclass(frozen=True)
class Visitor:
    """Who looks at a page."""

    caller: Caller
    csrf: str
    """Goes with everything that changes something."""
    theme: str
    """`light`, `dark`, or '' for the system's."""
    path: str
    """Of the page that is looked at."""

    @property
    def is_admin(self) -> bool:
        """True for those who may see and steer everything."""
        return self.caller.is_admin

    @property
    def may_submit(self) -> bool:
        """False for those who may only look."""
        return self.caller.may(KeyScope.SUBMIT)

    @property
    def owner(self) -> str:
        """Whose jobs are the visitor's."""
        return self.caller.owner

    @property
    def signed_in(self) -> bool:
        """True when they came with a key, and may sign out."""
        return bool(self.caller.key_id)


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
View = Callable[[web.Request, Visitor], Awaitable[web.StreamResponse]]
Change = Callable[[web.Request, Visitor, Form], Awaitable[web.StreamResponse]]


async def _viewed(view: View, visitor: Visitor, request: web.Request) -> web.StreamResponse:
    return await view(request, visitor)


class Gate:
    """Lets visitors in, and turns what goes wrong into pages."""

    def __init__(self, queue: Queue, ring: KeyRing, renderer: Renderer) -> None:
        self._queue = queue
        self._ring = ring
        self._renderer = renderer
        self._secret: bytes | None = None

    # -- for views ----------------------------------------------------------------------------------------------

    def sees(self, view: View, *, admin: bool = False, to_the_end: bool = False) -> Handler:
        """The handler of what only shows something; `admin`: to admins alone.

        With `to_the_end` whoever is signed in is answered whatever their key's scopes are, also when it is taken away
        meanwhile.
        """

        async def handler(request: web.Request) -> web.StreamResponse:
            visitor: Visitor | None = None
            try:
                visitor = await self.visitor(request)
                if visitor is None:
                    return self._to_sign_in(request)
                _check_admin(visitor, admin)
                if to_the_end:
                    return await view(request, visitor)
                return await allowed(request, functools.partial(_viewed, view, visitor), visitor.caller)
            except Exception as error:
                return self._failed(request, visitor, error)

        return handler

    def changes(self, change: Change, *, admin: bool = False, confirm: str = "", to_the_end: bool = False) -> Handler:
        """The handler of a form: only with its page's token. `confirm` is a question that the sender is asked first."""

        async def checked(request: web.Request, visitor: Visitor) -> web.StreamResponse:
            form = await read_form(request)
            _check_token(visitor, form.get(CSRF_FIELD, ""))
            if confirm and form.get("confirmed") != "1":
                return self._renderer.answer(
                    "confirm.html", visitor=visitor, question=confirm, fields=form.pairs(), action=request.path_qs
                )
            return await change(request, visitor, form)

        return self.sees(checked, admin=admin, to_the_end=to_the_end)

    # -- sessions -----------------------------------------------------------------------------------------------

    async def visitor(self, request: web.Request) -> Visitor | None:
        """Who sent a request; None for nobody that is known, or any more.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        theme = _theme(request)
        await self._ring.refresh()
        if not self._ring.required:
            self._secret = self._secret or await self._queue.secret()
            return Visitor(LOCAL, _csrf(self._secret), theme, request.path)
        token = request.cookies.get(COOKIE, "")
        if not 0 < len(token) <= _TOKEN_MAX_CHARS:
            return None
        session = await self._queue.documents.get(_SESSION, _digest(token))
        caller = await self._ring.caller(str(session["key"])) if session and "key" in session else None
        if caller is None:
            return None
        return Visitor(caller, _csrf(token.encode(errors="replace")), theme, request.path)

    def routes(self) -> list[web.RouteDef]:
        """The routes of signing in and out."""
        return [
            web.get(SIGN_IN, self.ask),
            web.post(SIGN_IN, self.sign_in),
            web.post("/console/sign-out", self.changes(self.sign_out, to_the_end=True)),
            web.get("/console/me", self.sees(self.me)),
        ]

    async def ask(self, request: web.Request) -> web.StreamResponse:
        """The form that asks for a key."""
        try:
            if await self.visitor(request):
                return redirect(own_path(request.query.get("next", "")))
            return self._form(request, request.query.get("next", ""))
        except Exception as error:
            return self._failed(request, None, error)

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        """Opens a session with a key. Slowed down for who tries many, as everywhere (wicket.py)."""
        try:
            form = await read_form(request)
            target = own_path(form.get("next", ""))
            try:
                caller = await self._ring.authenticate(form.get("key", "").strip(), remote=request.remote)
            except Problem as problem:
                if problem.status != http.HTTPStatus.UNAUTHORIZED:
                    raise
                return self._form(request, target, _WRONG_KEY)
            if not caller.may(KeyScope.READ):
                return self._form(request, target, _BLIND_KEY)
            token = secrets.token_urlsafe(_TOKEN_BYTES)
            opened = {"key": caller.key_id, "at": int(time.time())}
            await self._queue.documents.put(_SESSION, _digest(token), opened, ttl_s=SESSION_S)
            log.info("%s signed in on the page", caller.owner)
            answer = redirect(target)
            answer.set_cookie(
                COOKIE, token, max_age=SESSION_S, httponly=True, samesite="Strict", secure=is_https(request)
            )
        except Exception as error:
            return self._failed(request, None, error)
        return answer

    async def sign_out(self, request: web.Request, _: Visitor, __: Form) -> web.StreamResponse:
        """Ends the session."""
        await self._queue.documents.drop(_SESSION, _digest(request.cookies.get(COOKIE, "")))
        answer = redirect(SIGN_IN if self._ring.required else "/")
        answer.del_cookie(COOKIE, samesite="Strict", httponly=True, secure=is_https(request))
        return answer

    async def me(self, _: web.Request, __: Visitor) -> web.StreamResponse:
        """204 for who is signed in: a link from another site brings no cookie along, the page's own request does."""
        return web.Response(status=http.HTTPStatus.NO_CONTENT)

    def _form(self, request: web.Request, target: str, wrong: str = "") -> web.Response:
        status = http.HTTPStatus.UNAUTHORIZED if wrong else http.HTTPStatus.OK
        return self._renderer.answer(
            "sign-in.html", status=status, target=own_path(target), wrong=wrong, theme=_theme(request),
        )  # fmt: skip

    def _to_sign_in(self, request: web.Request) -> web.Response:
        if request.method not in (hdrs.METH_GET, hdrs.METH_HEAD) or PART in request.headers or not _wants_page(request):
            return self._renderer.answer(
                "problem-part.html", status=http.HTTPStatus.UNAUTHORIZED,
                text="You are signed out. Reload the page to sign in again.",
            )  # fmt: skip
        return redirect(query(SIGN_IN, next=request.path_qs if request.path != "/" else None))

    def _failed(self, request: web.Request, visitor: Visitor | None, error: Exception) -> web.StreamResponse:
        if isinstance(error, web.HTTPException):
            status, text = error.status, _PHRASES.get(error.status, http.HTTPStatus(error.status).phrase)
        else:
            problem = problem_of(error)
            if problem is None:
                log.exception("%s %s failed", request.method, request.path)
                problem = Problem(500, "InternalError", "an error of this server; it is in its log")
            status, text = problem.status, problem.detail
        text = text[:1].upper() + text[1:]
        if PART in request.headers:
            answer = self._renderer.answer("problem-part.html", status=status, text=text)
        else:
            theme = visitor.theme if visitor else _theme(request)
            answer = self._renderer.answer(
                "problem.html", status=status, text=text, code=status, visitor=visitor, theme=theme
            )
        if isinstance(error, RequestRefusedError) and error.field and error.field.isascii():
            answer.headers["X-Field"] = error.field[:100]
        if status == http.HTTPStatus.SERVICE_UNAVAILABLE:
            answer.headers[hdrs.RETRY_AFTER] = str(RETRY_AFTER_S)
        return answer


def _theme(request: web.Request) -> str:
    theme = request.cookies.get(THEME_COOKIE, "")
    return theme if theme in THEMES else ""


def is_https(request: web.Request) -> bool:
    """True when the browser speaks TLS, to us or to a proxy in front of us."""
    return request.secure or request.headers.get("X-Forwarded-Proto", "").partition(",")[0].strip() == "https"


def _check_admin(visitor: Visitor, admin: bool) -> None:
    if admin and not visitor.is_admin:
        raise Problem(http.HTTPStatus.FORBIDDEN, "Forbidden", "This is for admins alone, and your key is no admin's.")


def _check_token(visitor: Visitor, given: str) -> None:
    if not hmac.compare_digest(visitor.csrf.encode(), given.encode(errors="replace")):
        raise Problem(
            http.HTTPStatus.FORBIDDEN, "Forbidden", "This form is from an older page: reload it and try again."
        )


def _csrf(token: bytes) -> str:
    return hmac.new(token, b"console csrf", hashlib.sha256).hexdigest()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def own_path(target: str) -> str:
    """A path of this server, for a redirect; '/' for whatever could lead elsewhere."""
    plain = target.isascii() and target.isprintable() and len(target) <= _PATH_MAX_CHARS
    is_own = target.startswith("/") and not target.startswith("//") and "\\" not in target
    return target if plain and is_own and not target.startswith(SIGN_IN) else "/"


def _wants_page(request: web.Request) -> bool:
    """False for pictures and event streams, which can do nothing with a page."""
    return request.headers.get("Sec-Fetch-Dest", "document") in ("document", "empty")
