"""The part of a trace that an HTTP request is: the first one, or the next one of its client's."""

from __future__ import annotations

from aiohttp import hdrs, web

from zosma_bot.http.problems import Handler
from zosma_queue import tracing


@web.middleware
async def traced(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Begins a trace for what may become a job: every POST of somebody who may call. Looking is in none."""
    if request.method != hdrs.METH_POST:
        return await handler(request)
    resource = request.match_info.route.resource
    path = resource.canonical if resource else "unknown"
    about = {"http.request.method": request.method, "http.route": path}
    header = request.headers.get(tracing.TRACEPARENT, "")
    with tracing.begin(f"{request.method} {path}", "server", about, header=header) as span:
        answer = await handler(request)
        span.note({"http.response.status_code": answer.status})
        return answer
