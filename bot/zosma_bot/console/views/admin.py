"""`/console/admin`: pauses, limits and the audit trail; for admins."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from zosma_bot.console import forms
from zosma_bot.console.forms import Form
from zosma_bot.console.gate import Visitor
from zosma_bot.console.parts import Parts
from zosma_queue.needs import Lane
from zosma_queue.policy import LIMITS
from zosma_queue.scopes import scopes_there

PATH = "/console/admin"
ACTS = 100
WHY_MAX_CHARS = 200


class Administration:
    """The handlers, over the parts."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def page(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """What is paused, who may what, and who did what."""
        now, admin = await self._parts.board.now(), self._parts.queue.admin
        names = {pause.who: self._parts.sights.name_of(visitor, pause.who) for pause in now.pauses}
        acts = await admin.audit(limit=ACTS)
        names |= {act.who: self._parts.sights.name_of(visitor, act.who) for act in acts}
        pauses = await admin.pauses()
        paused = {pause.scope for pause in pauses}
        return await self._parts.page(
            request, visitor, "admin.html", part="part-admin.html", pauses=pauses, acts=acts, names=names,
            scopes=[scope for scope in scopes_there(now.workers) if scope not in paused],
            policies=sorted((await admin.policies()).items()), limits=LIMITS, lanes=list(Lane),
            edited=request.query.get("limits", ""), stats=await admin.stats(), accuracy=await admin.accuracy(),
        )  # fmt: skip

    async def pause(self, request: web.Request, visitor: Visitor, form: Form) -> web.StreamResponse:
        """Hands out no more jobs of a scope."""
        admin, why = self._parts.queue.admin, form.get("why", "").strip()[:WHY_MAX_CHARS]
        scope = await admin.resolve_scope(form.get("scope", ""))
        changed = await admin.pause(visitor.owner, scope, why)
        return self._parts.done(request, f"{scope} is paused." if changed else f"{scope} was paused already.", PATH)

    async def resume(self, request: web.Request, visitor: Visitor, form: Form) -> web.StreamResponse:
        """Goes on with a scope."""
        scope = await self._parts.queue.admin.resolve_paused(form.get("scope", ""))
        await self._parts.queue.admin.resume(visitor.owner, scope)
        return self._parts.done(request, f"{scope} goes on.", form.get("back", PATH))

    async def set_limits(self, request: web.Request, visitor: Visitor, form: Form) -> web.StreamResponse:
        """Sets what a role or key may do; what is left empty has no limit."""
        given: dict[str, Any] = {"lane": form.get("lane") or Lane.FAST}
        for limit in LIMITS:
            value = forms.real(form, limit.name)
            if value is not None:
                given[limit.name] = int(value) if isinstance(value, float) and value.is_integer() else value
        name = form.get("name", "").strip()
        await self._parts.queue.admin.set_policy(visitor.owner, name, given)
        return self._parts.done(request, f"Limits of {name} are set.", PATH)

    async def drop_limits(self, request: web.Request, visitor: Visitor, form: Form) -> web.StreamResponse:
        """Whoever had these limits has the default's again."""
        await self._parts.queue.admin.drop_policy(visitor.owner, form.get("name", ""))
        return self._parts.done(request, "These limits are gone.", PATH)


def routes(parts: Parts) -> list[web.RouteDef]:
    """What admins do."""
    view, changes = Administration(parts), parts.gate.changes
    return [
        web.get(PATH, parts.gate.sees(view.page, admin=True)),
        web.post(PATH + "/pause", changes(view.pause, admin=True, confirm="Pause this? What runs finishes.")),
        web.post(PATH + "/resume", changes(view.resume, admin=True)),
        web.post(PATH + "/limits", changes(view.set_limits, admin=True)),
        web.post(PATH + "/limits/drop", changes(view.drop_limits, admin=True, confirm="Drop these limits?")),
    ]
