"""`/api/v1/admin/*`: what `zosma queue` does. Every act is written down under the name of the caller's key."""

from __future__ import annotations

import http
from dataclasses import asdict
from typing import Annotated, Any, Literal, get_args

from aiohttp import web
from pydantic import Field

from zosma_bot.http.auth import CALLER
from zosma_bot.http.bodies import read_object
from zosma_bot.http.described import (
    INDEX,
    INDEX_PATTERN,
    JOB_ID,
    PICTURE_MEDIA,
    Answer,
    Endpoint,
    Method,
    Parameter,
    routes_of,
)
from zosma_bot.http.models import (
    ActView,
    AdminJobView,
    AdminWorkerView,
    Bumped,
    Cancelled,
    Cleared,
    LimitsDropped,
    Owner,
    PauseAdminView,
    PauseRequest,
    Purged,
    PurgeIds,
    ResumeRequest,
    Retried,
    ScopeChanged,
)
from zosma_bot.http.problems import Handler, Problem
from zosma_bot.http.queries import limit_of
from zosma_bot.http.submitting import read_model
from zosma_bot.http.views import admin_job_view, standing, worker_view
from zosma_queue.client import Queue
from zosma_queue.job import State
from zosma_queue.moderation import ContentRules
from zosma_queue.policy import Policy

BASE = "/api/v1/admin"
LIST_LIMIT, LIST_MAX = 100, 1_000
_Limit = Annotated[int, Field(ge=1, le=LIST_MAX)]
#: States whose jobs are listed.
ListedState = Literal["waiting", "delayed", "running", "failed"]
LISTED: tuple[str, ...] = get_args(ListedState)


class AdminApi:
    """The handlers, over one queue. `auth.needed_scope` keeps everybody out who is no admin."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._admin = queue.admin

    def routes(self) -> list[web.RouteDef]:
        """The routes of the admin API."""
        return routes_of(self.endpoints())

    def endpoints(self) -> list[Endpoint]:
        """What it answers to."""
        return [*self._of_jobs(), *self._of_fleet(), *self._of_rules()]

    def _endpoint(
        self,
        method: Method,
        path: str,
        handler: Handler,
        name: str,
        told: str,
        model: Any,
        *parameters: Parameter,
        body: Any = None,
        problems: tuple[int, ...] = (),
    ) -> Endpoint:
        return Endpoint(
            method=method, path=BASE + path, handler=handler, name=name, told=told, group="Admin",
            scope="admin", parameters=parameters, body=body, problems=problems,
            answers={200: Answer(told="Done." if method != "GET" else "It.", model=model)},
        )  # fmt: skip

    def _of_jobs(self) -> list[Endpoint]:
        state = Parameter(name="state", told=f"{', '.join(LISTED)}; waiting if left out.", type=ListedState)
        scope = Parameter(name="scope", told="With `state=running`: only what runs in this scope.")
        limit = Parameter(name="limit", told=f"Entries; {LIST_LIMIT} if left out.", type=_Limit)
        make = self._endpoint
        return [
            make("GET", "/jobs", self.jobs, "adminListJobs", "List everybody's jobs, waiting ones as they will run",
                 list[AdminJobView], state, scope, limit, problems=(422,)),
            make("GET", "/jobs/{id}", self.job, "adminGetJob", "A job, whoever has asked for it", AdminJobView, JOB_ID,
                 problems=(404,)),
            Endpoint(
                method="GET", path=BASE + "/jobs/{id}/images/{index}", handler=self.image, name="adminGetImage",
                group="Admin", scope="admin", told="A picture of anybody's job, as the WebUI made it",
                more="That you have looked is written down in the audit trail.", parameters=(JOB_ID, INDEX),
                patterns=INDEX_PATTERN, problems=(404,),
                answers={200: Answer(told="The picture.", media=PICTURE_MEDIA)},
            ),
            make("POST", "/jobs/{id}/cancel", self.cancel, "adminCancelJob", "Cancel anybody's job", Cancelled, JOB_ID,
                 problems=(404, 409)),
            make("POST", "/jobs/{id}/bump", self.bump, "adminBumpJob", "Move a waiting job before everybody's", Bumped,
                 JOB_ID, problems=(404, 409)),
            make("POST", "/jobs/{id}/retry", self.retry, "adminRetryJob", "Give a failed job a new life, under its id",
                 Retried, JOB_ID, problems=(404, 409)),
            make("POST", "/purge", self.purge, "adminPurgeJobs", "Forget failed jobs", Purged, body=PurgeIds),
            make("POST", "/clear", self.clear, "adminClearOwner", "Cancel every job of an owner", Cleared, body=Owner),
        ]  # fmt: skip

    def _of_fleet(self) -> list[Endpoint]:
        make = self._endpoint
        return [
            make("GET", "/pauses", self.pauses, "adminListPauses", "What is paused, since when, by whom and why",
                 list[PauseAdminView]),
            make("POST", "/pause", self.pause, "adminPause", "Hand out no more jobs of a scope; what runs goes on",
                 ScopeChanged, body=PauseRequest),
            make("POST", "/resume", self.resume, "adminResume", "Let a scope go on", ScopeChanged, body=ResumeRequest),
            make("GET", "/workers", self.workers, "adminListWorkers", "The workers with all they say about themselves",
                 list[AdminWorkerView]),
        ]  # fmt: skip

    def _of_rules(self) -> list[Endpoint]:
        name = Parameter(
            name="name", where="path", told="`default`, `role:ID`, `key:NAME`, or an owner as jobs show it."
        )
        limit = Parameter(name="limit", told=f"Entries; {LIST_LIMIT} if left out.", type=_Limit)
        make = self._endpoint
        return [
            make("GET", "/limits", self.limits, "adminListLimits", "Limits by role, key or owner", dict[str, Policy]),
            make("PUT", "/limits/{name}", self.set_limits, "adminSetLimits",
                 "Set the limits of a role, key or owner; fields left out have none", Policy, name, body=Policy),
            make("DELETE", "/limits/{name}", self.drop_limits, "adminDropLimits", "Drop the limits of a role, key or"
                 " owner", LimitsDropped, name),
            make("GET", "/rules", self.rules, "adminGetRules", "What is allowed to everybody", ContentRules),
            make("PUT", "/rules", self.set_rules, "adminSetRules",
                 "Set what is allowed to everybody; fields left out allow everything", ContentRules, body=ContentRules),
            make("GET", "/stats", self.stats, "adminGetStats", "Counters since the beginning, and how forecasts turned"
                 " out", dict[str, Any]),
            make("GET", "/audit", self.audit, "adminListActs", "The newest acts of admins", list[ActView], limit,
                 problems=(422,)),
            make("GET", "/audit/chain", self.audit_chain, "adminGetAuditChain",
                 "The whole audit trail with its hashes", dict[str, Any]),
        ]  # fmt: skip

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
        index = int(request.match_info["index"])
        image = await self._queue.picture(job, index)
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
        ids = (await read_model(request, PurgeIds)).ids
        return web.json_response({"purged": await self._admin.purge(_who(request), ids)})

    async def clear(self, request: web.Request) -> web.Response:
        """Cancels every job of `owner`."""
        owner = (await read_model(request, Owner)).owner
        return web.json_response({"cancelled": await self._admin.clear(_who(request), owner)})

    async def pauses(self, _: web.Request) -> web.Response:
        """What is paused, since when, by whom and why."""
        return web.json_response([asdict(pause) for pause in await self._admin.pauses()])

    async def pause(self, request: web.Request) -> web.Response:
        """Hands out no more jobs of `scope`."""
        asked = await read_model(request, PauseRequest)
        scope = await self._admin.resolve_scope(asked.scope)
        changed = await self._admin.pause(_who(request), scope, asked.why or "")
        return web.json_response({"scope": scope, "changed": changed})

    async def resume(self, request: web.Request) -> web.Response:
        """Lets the paused `scope` go on."""
        scope = await self._admin.resolve_paused((await read_model(request, ResumeRequest)).scope)
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


def _unprocessable(text: str, field: str) -> Problem:
    return Problem(http.HTTPStatus.UNPROCESSABLE_ENTITY, "ValidationError", text, field=field)


def _not_found() -> Problem:
    return Problem(http.HTTPStatus.NOT_FOUND, "NotFound", "no such job")
