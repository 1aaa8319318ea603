"""`/api/v1/admin/keys`: what `zosma keys` does. A key stands in the answer that makes it, and nowhere else."""

from __future__ import annotations

import builtins
import http
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import hdrs, web

from zosma_bot.http.auth import CALLER
from zosma_bot.http.bodies import read_object
from zosma_bot.http.described import Answer, Endpoint, Method, Parameter, routes_of
from zosma_bot.http.key_ring import KeyRing
from zosma_bot.http.models import KeysForgotten, KeyView, MadeKey
from zosma_bot.http.problems import Handler, Problem
from zosma_bot.key_admin import KeyAdmin, NewKeyFields, RotateFields
from zosma_queue.client import Queue
from zosma_queue.errors import KeyRefusedError

KEYS = "/api/v1/admin/keys"
#: What a refusal is to a client, where it isn't a conflict with what there is.
_STATUS = {"no-such-key": http.HTTPStatus.NOT_FOUND, "bad-name": http.HTTPStatus.UNPROCESSABLE_ENTITY}
#: Nobody on the way keeps an answer with a key in it.
_NAME = Parameter(name="name", where="path", told="The key's name.")
_SECRET = {hdrs.CACHE_CONTROL: "no-store"}


class KeysApi:
    """The handlers, over one queue. `auth.needed_scope` keeps everybody out who is no admin."""

    def __init__(self, queue: Queue, ring: KeyRing) -> None:
        self._admin = KeyAdmin(queue, ring.environment)
        self._ring = ring

    def routes(self) -> list[web.RouteDef]:
        """The routes of the keys."""
        return routes_of(self.endpoints())

    def endpoints(self) -> builtins.list[Endpoint]:
        """What it answers to."""

        def make(
            method: Method, path: str, handler: Handler, name: str, told: str, answer: Any, *, status: int = 200,
            body: Any = None, problems: tuple[int, ...] = (),
        ) -> Endpoint:  # fmt: skip
            return Endpoint(
                method=method, path=KEYS + path, handler=handler, name=name, told=told, group="Admin", scope="admin",
                parameters=(_NAME,) if path else (), body=body, problems=problems,
                answers={status: Answer(told="Done.", model=answer)},
            )  # fmt: skip

        return [
            make("GET", "", self.list, "adminListKeys", "All API keys, never the keys themselves",
                 builtins.list[KeyView]),
            make("POST", "", self.create, "adminCreateKey", "Make a key, which is shown in this answer alone", MadeKey,
                 status=201, body=NewKeyFields, problems=(409,)),
            make("DELETE", "", self.forget_all, "adminForgetKeys", "Forget all keys, where nobody needs one then",
                 KeysForgotten, problems=(409,)),
            make("POST", "/{name}/rotate", self.rotate, "adminRotateKey", "A new key in the place of a name's old one",
                 MadeKey, body=RotateFields, problems=(404, 409)),
            make("DELETE", "/{name}", self.revoke, "adminRevokeKey", "Take a key away for good", KeyView,
                 problems=(404, 409, 422)),
        ]  # fmt: skip

    async def list(self, _: web.Request) -> web.Response:
        """All keys, those of the environment too, with their limits and when they were last used."""
        return web.json_response(await self._admin.list())

    async def create(self, request: web.Request) -> web.Response:
        """201 with a new key: the only answer in which it stands."""
        fields = await read_object(request)
        self._ring.let_finish()  # the first key ends the right of whoever makes it
        with _refusals():
            made = await self._admin.create(request[CALLER].owner, fields)
        await self._ring.refresh(at_once=True)
        return web.json_response(made, status=http.HTTPStatus.CREATED, headers=_SECRET)

    async def rotate(self, request: web.Request) -> web.Response:
        """A new key for a name, in place of the old one."""
        fields = await read_object(request)
        self._ring.let_finish()
        with _refusals():
            made = await self._admin.rotate(request[CALLER].owner, request.match_info["name"], fields)
        await self._ring.refresh(at_once=True)
        return web.json_response(made, headers=_SECRET)

    async def revoke(self, request: web.Request) -> web.Response:
        """Takes a key away for good; what is being answered by right of it ends."""
        self._ring.let_finish()
        with _refusals():
            revoked = await self._admin.revoke(request[CALLER].owner, request.match_info["name"])
        await self._ring.refresh(at_once=True)
        return web.json_response(revoked)

    async def forget_all(self, request: web.Request) -> web.Response:
        """Forgets all keys. Where only this machine gets here nobody needs one then; elsewhere it is refused."""
        if not self._ring.may_open:
            raise Problem(
                http.HTTPStatus.CONFLICT, "Conflict",
                "other machines get here, or ZOSMA_API_KEYS is set: a key is always asked for. Revoke single ones",
            )  # fmt: skip
        forgotten = await self._admin.forget_all(request[CALLER].owner)
        self._ring.opened()
        await self._ring.refresh(at_once=True)
        return web.json_response(forgotten)


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except KeyRefusedError as error:
        status = _STATUS.get(error.code, http.HTTPStatus.CONFLICT)
        raise Problem(status, "KeyRefused", str(error), field=error.field, code=f"key-{error.code}") from None
