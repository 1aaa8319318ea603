"""`/console/keys`: API keys; for admins. A key stands on the page that makes it, and nowhere else."""

from __future__ import annotations

import http
from typing import Any

from aiohttp import web

from zosma_bot.console import forms
from zosma_bot.console.forms import Form
from zosma_bot.console.gate import Visitor
from zosma_bot.console.parts import Parts
from zosma_bot.http.auth import RING
from zosma_bot.http.problems import Problem
from zosma_bot.key_admin import KeyAdmin
from zosma_queue.api_keys import KeyScope
from zosma_queue.errors import KeyRefusedError

PATH = "/console/keys"
_DAY_S = 86_400
_SCOPES = {
    KeyScope.SUBMIT: "ask for pictures",
    KeyScope.READ: "see its own jobs and how the fleet does",
    KeyScope.ADMIN: "steer everything",
}


class Keys:
    """The handlers, over the parts."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def page(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """All keys, and the form for a new one."""
        return await self._page(request, visitor)

    async def create(self, request: web.Request, visitor: Visitor, form: Form) -> web.StreamResponse:
        """Makes a key, and shows it this once."""
        fields: dict[str, Any] = {"name": form.get("name", "").strip(), "scopes": form.all("scopes")}
        days = forms.real(form, "days")
        if days is not None:
            fields["expires_s"] = days * _DAY_S if isinstance(days, float) else days
        return await self._made(request, visitor, self._admin(request).create(visitor.owner, fields))

    async def rotate(self, request: web.Request, visitor: Visitor, form: Form) -> web.StreamResponse:
        """Gives a name a new key, and shows it this once."""
        rotated = self._admin(request).rotate(visitor.owner, form.get("name", ""), {})
        return await self._made(request, visitor, rotated)

    async def revoke(self, request: web.Request, visitor: Visitor, form: Form) -> web.StreamResponse:
        """Takes a key away for good."""
        name = form.get("name", "")
        try:
            await self._admin(request).revoke(visitor.owner, name)
        except KeyRefusedError as error:
            raise _refused(error) from None
        await request.app[RING].refresh(at_once=True)
        return self._parts.done(request, f"The key {name} is revoked.", PATH)

    def _admin(self, request: web.Request) -> KeyAdmin:
        return KeyAdmin(self._parts.queue, request.app[RING].environment)

    async def _made(self, request: web.Request, visitor: Visitor, making: Any) -> web.StreamResponse:
        try:
            made = await making
        except KeyRefusedError as error:
            raise _refused(error) from None
        await request.app[RING].refresh(at_once=True)
        return await self._page(request, visitor, made=made)

    async def _page(
        self, request: web.Request, visitor: Visitor, made: dict[str, Any] | None = None
    ) -> web.StreamResponse:
        return await self._parts.page(
            request, visitor, "keys.html", part="part-keys.html", keys=await self._admin(request).list(), made=made,
            scopes=_SCOPES, usual=(KeyScope.SUBMIT, KeyScope.READ), is_open=not visitor.signed_in,
        )  # fmt: skip


def _refused(error: KeyRefusedError) -> Problem:
    return Problem(http.HTTPStatus.CONFLICT, "KeyRefused", str(error), field=error.field)


def routes(parts: Parts) -> list[web.RouteDef]:
    """API keys."""
    view, changes = Keys(parts), parts.gate.changes
    again, gone = "Make a new key? The old one ends at once.", "Revoke this key for good?"
    # Of a key that is made the page must be seen, also when it closes an open server, or takes one's own key's place.
    return [
        web.get(PATH, parts.gate.sees(view.page, admin=True)),
        web.post(PATH, changes(view.create, admin=True, to_the_end=True)),
        web.post(PATH + "/rotate", changes(view.rotate, admin=True, to_the_end=True, confirm=again)),
        web.post(PATH + "/revoke", changes(view.revoke, admin=True, to_the_end=True, confirm=gone)),
    ]
