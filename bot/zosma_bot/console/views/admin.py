"""`/console/admin`: pauses, limits, rules and the audit trail; for admins."""

from __future__ import annotations

import hashlib
import http
import re
from typing import Any

from aiohttp import web

from zosma_bot.console import forms
from zosma_bot.console.forms import Form
from zosma_bot.console.gate import Visitor
from zosma_bot.console.parts import Parts
from zosma_bot.http.problems import Problem
from zosma_queue.errors import RequestRefusedError
from zosma_queue.moderation import ContentRules
from zosma_queue.needs import Lane
from zosma_queue.policy import LIMITS
from zosma_queue.request import COUNT_MAX, SIDE_MAX_PX, STEPS_MAX
from zosma_queue.scopes import scopes_there

PATH = "/console/admin"
ACTS = 100
WHY_MAX_CHARS = 200
#: How a group is called that may have rules of its own: a server of Discord's, or whoever has an API key.
_GROUP = re.compile(r"discord:[0-9]{1,20}|key:[A-Za-z0-9._-]{1,64}|http:local|dramatiq")
#: Of a rule that is a number: its name, what it is called, the most that it may be.
AMOUNTS = (("count", "Pictures", COUNT_MAX), ("steps", "Steps", STEPS_MAX), ("side", "Longest side", SIDE_MAX_PX))


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
        rules = {"": ContentRules()} | await admin.rules_by_group()
        group = request.query.get("rules")
        ruled = rules.get(group, ContentRules()) if group is not None else None
        checkpoints = [one.name for one in (await self._parts.board.catalogue()).checkpoints]
        return await self._parts.page(
            request, visitor, "admin.html", part="part-admin.html", pauses=pauses, acts=acts, names=names,
            scopes=[scope for scope in scopes_there(now.workers) if scope not in paused],
            policies=sorted((await admin.policies()).items()), limits=LIMITS, lanes=list(Lane),
            edited=request.query.get("limits", ""), stats=await admin.stats(), accuracy=await admin.accuracy(),
            rules=sorted(rules.items()), group=group, ruled=ruled, state=ruled and _state(ruled), amounts=AMOUNTS,
            checkpoints=list(dict.fromkeys([*checkpoints, *(ruled.checkpoints if ruled else ())])),
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

    async def set_rules(self, request: web.Request, visitor: Visitor, form: Form) -> web.StreamResponse:
        """Sets what is allowed to everybody, or in a group; what is left empty allows everything."""
        admin, group = self._parts.queue.admin, form.get("group", "").strip()
        if group and not _GROUP.fullmatch(group):
            raise RequestRefusedError(
                f"{group[:60]!r} is nobody's: leave it empty for everybody, or write discord:SERVER (the server's id)"
                " or key:NAME (an API key's name)",
                code="unknown-policy-name", field="group", values={"given": group[:60]},
            )  # fmt: skip
        if form.get("was", "") not in ("", _state(await admin.rules(group))):
            raise Problem(
                http.HTTPStatus.CONFLICT, "Changed", "Somebody has changed these rules since this form was opened."
                " Reload the page, and change what is there now.",
            )  # fmt: skip
        given: dict[str, Any] = {
            "blocked": [word for line in form.get("blocked", "").splitlines() if (word := line.strip())],
            "checkpoints": [name for name in form.all("checkpoints") if name],
            "age_restricted": form.get("age_restricted") == "1",
        }
        given |= {name: value for name, *_ in AMOUNTS if (value := forms.whole(form, name)) is not None}
        await admin.set_rules(visitor.owner, group, given)
        return self._parts.done(request, f"The rules {f'of {group}' if group else 'for everybody'} are set.", PATH)


def _state(rules: ContentRules) -> str:
    """Tells rules from those that they were changed to."""
    return hashlib.sha256(rules.model_dump_json().encode()).hexdigest()[:16]


def routes(parts: Parts) -> list[web.RouteDef]:
    """What admins do."""
    view, changes = Administration(parts), parts.gate.changes
    return [
        web.get(PATH, parts.gate.sees(view.page, admin=True)),
        web.post(PATH + "/pause", changes(view.pause, admin=True, confirm="Pause this? What runs finishes.")),
        web.post(PATH + "/resume", changes(view.resume, admin=True)),
        web.post(
            PATH + "/limits", changes(view.set_limits, admin=True, confirm="Set these limits? They hold at once.")
        ),
        web.post(PATH + "/limits/drop", changes(view.drop_limits, admin=True, confirm="Drop these limits?")),
        web.post(PATH + "/rules", changes(view.set_rules, admin=True, confirm="Set these rules? They hold at once.")),
    ]
