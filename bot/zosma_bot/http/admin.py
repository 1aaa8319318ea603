"""`/api/v1/admin/*`: what `zosma queue` does. Every act is written down under the name of the caller's key."""

from __future__ import annotations

import http
from dataclasses import asdict
from typing import Any

from aiohttp import web

from zosma_bot.http.auth import CALLER
from zosma_bot.http.bodies import read_object
from zosma_bot.http.problems import Handler, Problem
from zosma_bot.http.queries import limit_of
from zosma_bot.http.views import admin_job_view, standing, worker_view
from zosma_queue.client import Queue
from zosma_queue.job import State

BASE = "/api/v1/admin"
LIST_LIMIT, LIST_MAX = 100, 1_000


class AdminApi:
    """The handlers, over one queue. `auth.needed_scope` keeps everybody out who is no admin."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._admin = queue.admin

    def routes(self) -> list[web.RouteDef]:
        """The routes of the admin API."""
        table: list[tuple[str, str, Handler]] = [
            ("GET", "/jobs", self.jobs),
            ("GET", "/jobs/{id}", self.job),
            ("GET", "/jobs/{id}/images/{index:[0-9]{1,3}}", self.image),
            ("POST", "/jobs/{id}/cancel", self.cancel),
            ("POST", "/jobs/{id}/bump", self.bump),
            ("POST", "/jobs/{id}/retry", self.retry),
            ("POST", "/purge", self.purge),
            ("POST", "/clear", self.clear),
            ("GET", "/pauses", self.pauses),
            ("POST", "/pause", self.pause),
            ("POST", "/resume", self.resume),
            ("GET", "/workers", self.workers),
            ("GET", "/limits", self.limits),
            ("PUT", "/limits/{name}", self.set_limits),
            ("DELETE", "/limits/{name}", self.drop_limits),
            ("GET", "/rules", self.rules),
            ("PUT", "/rules", self.set_rules),
            ("GET", "/stats", self.stats),
            ("GET", "/audit", self.audit),
            ("GET", "/audit/chain", self.audit_chain),
        ]
        return [web.route(method, BASE + path, handler) for method, path, handler in table]

    async def jobs(self, request: web.Request) -> web.Response:
        """Jobs in the state that `state` names, waiting ones as they will run; with `scope`, the running ones of it."""
        wanted = request.query.get("state", State.WAITING)
        try:
            state = State(wanted)
        except ValueError:
            raise _unprocessable(f"state {wanted[:60]!r} is none: use one of {', '.join(State)}", "state") from None
        scope = request.query.get("scope")
        if scope is None:
            found = await self._admin.jobs(state, limit=_limit(request))
        elif state is State.RUNNING:
            found = (await self._admin.running(scope))[: _limit(request)]
        else:
            raise _unprocessable("scope goes with state=running alone", "scope")
        if state is State.WAITING:
            found = await self._queue.in_order(found)
        return web.json_response([admin_job_view(job, *await standing(self._queue, job)) for job in found])

    async def job(self, request: web.Request) -> web.Response:
        """A job, whoever has asked for it."""
        job = await self._queue.job(request.match_info["id"])
        if job is None:
            raise _not_found()
        return web.json_response(admin_job_view(job, *await standing(self._queue, job)))

    async def image(self, request: web.Request) -> web.Response:
        """One picture of anybody's job, as the WebUI made it. That somebody has looked is written down."""
        job = await self._queue.job(request.match_info["id"])
        if job is None:
            raise _not_found()
        index, images = int(request.match_info["index"]), await self._queue.pictures(job)
        image = images[index] if index < len(images) else None
        if image is None or job.result is None:
            raise Problem(http.HTTPStatus.NOT_FOUND, "NotFound", "no such picture, or no longer stored")
        await self._admin.note(_who(request), "pictures", job.id)
        return web.Response(body=image, content_type=f"image/{job.result.pictures[index].format}")

    async def cancel(self, request: web.Request) -> web.Response:
        """Cancels anybody's job; 409 when it had ended."""
        outcome = await self._admin.cancel(_who(request), request.match_info["id"])
        if outcome == "unknown":
            raise _not_found()
        if outcome in ("done", "failed"):
            raise Problem(http.HTTPStatus.CONFLICT, "Ended", f"the job is {outcome} already")
        return web.json_response({"id": request.match_info["id"], "state": outcome})

    async def bump(self, request: web.Request) -> web.Response:
        """Moves a waiting job before everybody's."""
        if not await self._admin.bump(_who(request), request.match_info["id"]):
            await self._exists(request)
            raise Problem(http.HTTPStatus.CONFLICT, "NotWaiting", "the job does not wait")
        return web.json_response({"id": request.match_info["id"], "bumped": True})

    async def retry(self, request: web.Request) -> web.Response:
        """Gives a failed job a new life."""
        if not await self._admin.retry(_who(request), request.match_info["id"]):
            await self._exists(request)
            raise Problem(http.HTTPStatus.CONFLICT, "NotFailed", "the job has not failed for good")
        return web.json_response({"id": request.match_info["id"], "state": State.WAITING})

    async def _exists(self, request: web.Request) -> None:
        if await self._queue.job(request.match_info["id"]) is None:
            raise _not_found()

    async def purge(self, request: web.Request) -> web.Response:
        """Forgets the failed jobs in `ids`, or all."""
        ids = (await read_object(request)).get("ids")
        if ids is not None and not (isinstance(ids, list) and all(isinstance(one, str) for one in ids)):
            raise _unprocessable("ids must be a list of job ids; leave it out for all failed jobs", "ids")
        return web.json_response({"purged": await self._admin.purge(_who(request), ids)})

    async def clear(self, request: web.Request) -> web.Response:
        """Cancels every job of `owner`."""
        owner = await _text(request, "owner")
        return web.json_response({"cancelled": await self._admin.clear(_who(request), owner)})

    async def pauses(self, _: web.Request) -> web.Response:
        """What is paused, since when, by whom and why."""
        return web.json_response([asdict(pause) for pause in await self._admin.pauses()])

    async def pause(self, request: web.Request) -> web.Response:
        """Hands out no more jobs of `scope`."""
        body = await read_object(request)
        scope, why = await self._admin.resolve_scope(str(body.get("scope", ""))), str(body.get("why") or "")
        return web.json_response({"scope": scope, "changed": await self._admin.pause(_who(request), scope, why)})

    async def resume(self, request: web.Request) -> web.Response:
        """Lets the paused `scope` go on."""
        scope = await self._admin.resolve_paused(await _text(request, "scope"))
        return web.json_response({"scope": scope, "changed": await self._admin.resume(_who(request), scope)})

    async def workers(self, _: web.Request) -> web.Response:
        """The workers with all they say about themselves."""
        workers = await self._queue.workers()
        return web.json_response(
            [{**worker_view(one), "about": one.about.model_dump() if one.about else None} for one in workers]
        )

    async def limits(self, _: web.Request) -> web.Response:
        """Role or key → policy."""
        return web.json_response({name: one.model_dump() for name, one in (await self._admin.policies()).items()})

    async def set_limits(self, request: web.Request) -> web.Response:
        """Sets one policy; fields left out have no limit."""
        name = request.match_info["name"]
        policy = await self._admin.set_policy(_who(request), name, await read_object(request))
        return web.json_response(policy.model_dump())

    async def drop_limits(self, request: web.Request) -> web.Response:
        """Drops one policy."""
        name = request.match_info["name"]
        return web.json_response({"name": name, "changed": await self._admin.drop_policy(_who(request), name)})

    async def rules(self, _: web.Request) -> web.Response:
        """What is allowed to everybody, on every way into the queue."""
        return web.json_response((await self._admin.rules()).model_dump(mode="json"))

    async def set_rules(self, request: web.Request) -> web.Response:
        """Sets what is allowed to everybody; fields left out allow everything."""
        rules = await self._admin.set_rules(_who(request), "", await read_object(request))
        return web.json_response(rules.model_dump(mode="json"))

    async def stats(self, _: web.Request) -> web.Response:
        """Counters since the beginning, and how forecasts turned out."""
        accuracy = await self._admin.accuracy()
        return web.json_response({**await self._admin.stats(), "forecast": asdict(accuracy)})

    async def audit(self, request: web.Request) -> web.Response:
        """The newest acts of admins."""
        return web.json_response([asdict(act) for act in await self._admin.audit(limit=_limit(request))])

    async def audit_chain(self, _: web.Request) -> web.Response:
        """The whole audit trail with its hashes, oldest first, and the head: for whoever verifies or keeps it."""
        return web.json_response(asdict(await self._admin.audit_chain()))


def _who(request: web.Request) -> str:
    return request[CALLER].owner


def _limit(request: web.Request) -> int:
    return limit_of(request, default=LIST_LIMIT, most=LIST_MAX)


async def _text(request: web.Request, field: str) -> str:
    value: Any = (await read_object(request)).get(field)
    if not isinstance(value, str) or not value:
        raise _unprocessable(f"{field} is missing", field)
    return value


def _unprocessable(text: str, field: str) -> Problem:
    return Problem(http.HTTPStatus.UNPROCESSABLE_ENTITY, "ValidationError", text, field=field)


def _not_found() -> Problem:
    return Problem(http.HTTPStatus.NOT_FOUND, "NotFound", "no such job")
