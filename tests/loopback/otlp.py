"""A receiver of traces: OTLP over HTTP, as an OpenTelemetry collector takes it on port 4318."""

from __future__ import annotations

import asyncio
import gzip
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status


@dataclass(frozen=True)
class Part:
    """A span, with what is compared in tests."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    kind: str
    began_s: float
    ended_s: float
    about: dict[str, Any]
    error: bool


class Receiver:
    """Keeps all spans. Started by `async with`."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.bodies: list[bytes] = []
        self.answer = 200
        self.open: asyncio.Event | None = None
        """Set to an event: answers nothing before that is set."""
        self.heard = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._url = ""

    @property
    def url(self) -> str:
        """What OTEL_EXPORTER_OTLP_ENDPOINT is set to."""
        return self._url

    def trace(self, trace: str) -> list[Part]:
        """Its parts, in the order in which they began."""
        return sorted((one for one in self.parts if one.trace == trace), key=lambda one: one.began_s)

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.add_routes([web.post("/v1/traces", self._take)])
        self._runner = web.AppRunner(app, shutdown_timeout=0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._url = "http://{}:{}".format(*self._runner.addresses[0])
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.open:
            self.open.set()
        if self._runner:
            await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        assert request.content_type == "application/x-protobuf"
        body = await request.read()
        self.heard.set()
        if self.open:
            await self.open.wait()
        if self.answer != 200:
            return web.Response(status=self.answer)
        if body[:2] == b"\x1f\x8b":
            body = gzip.decompress(body)
        self.bodies.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = _values(resource.resource.attributes)["service.name"]
            for scope in resource.scope_spans:
                self.parts.extend(_part(service, span) for span in scope.spans)
        return web.Response(content_type="application/x-protobuf")


def _values(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


def _part(service: str, span: Span) -> Part:
    return Part(
        service=service, name=span.name, trace=span.trace_id.hex(), id=span.span_id.hex(),
        parent=span.parent_span_id.hex(), kind=Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        began_s=span.start_time_unix_nano / 1e9, ended_s=span.end_time_unix_nano / 1e9,
        about=_values(span.attributes), error=span.status.code == Status.STATUS_CODE_ERROR,
    )  # fmt: skip
