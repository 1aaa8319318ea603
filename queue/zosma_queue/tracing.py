"""One trace of each request: from who asked, through the queue, to the GPU and back to them.

Off unless an OTLP receiver is named by OpenTelemetry's own variables, and the extra `traces` is installed; off, a span
is one shared object that does nothing. What goes out names jobs, workers and outcomes, never what members write or who
they are. The context travels with the job, in its message, as W3C's `traceparent`.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import unquote, urlsplit

from zosma_queue.hourly import Hourly

if TYPE_CHECKING:
    from types import TracebackType

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

log = logging.getLogger(__name__)

#: A part of a trace is what a server, a client, … does: OpenTelemetry's kinds of spans.
Kind = Literal["internal", "server", "client", "producer", "consumer"]
About = Mapping[str, str | int | float]

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
EXPORTER = "OTEL_TRACES_EXPORTER"
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
PROTOCOL = "http/protobuf"
HEADERS = ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS")
#: One header, in what the library takes for one: it logs all others, and headers hold keys.
_HEADER = re.compile(r"([!#-'*+\-.0-9A-Z^-z|~]+)\s*=\s*([ !#-+\--:<-\[\]-~]*)")
DISABLED = "OTEL_SDK_DISABLED"
INSTALL = 'pip install "zosma[traces]"'
#: Names that begin so are OpenTelemetry's.
PREFIX = "OTEL_"
#: What is not sent yet when a process ends has this long.
LAST_S = 2.0
#: The key of W3C's trace context, in HTTP's headers and in a message's options.
TRACEPARENT = "traceparent"

_tracer: Tracer | None = None


class Span:
    """A part of a trace, as a context manager. This one does nothing: traces are off."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None

    def note(self, about: About) -> None:
        """More about it."""

    def fail(self, why: str) -> None:
        """It went wrong, of a kind with this name."""


_OFF = Span()


class _Kept(Span):
    """One that is sent."""

    def __init__(self, tracer: Tracer, name: str, kind: Kind, about: About, context: Context | None) -> None:
        from opentelemetry.trace import SpanKind

        # Not as an exception's text: that may have a member's words.
        self._opened = tracer.start_as_current_span(
            name, context, SpanKind[kind.upper()], dict(about), record_exception=False, set_status_on_exception=False
        )

    def __enter__(self) -> Self:
        self._span = self._opened.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            self.fail(str(getattr(error, "code", "") or type(error).__name__))
        self._opened.__exit__(kind, error, traceback)

    def note(self, about: About) -> None:
        self._span.set_attributes(dict(about))

    def fail(self, why: str) -> None:
        from opentelemetry.trace import StatusCode

        self._span.set_attribute("error.type", why)
        self._span.set_status(StatusCode.ERROR, why)


def on() -> bool:
    """True when traces are sent."""
    return _tracer is not None


def begin(name: str, kind: Kind, about: About | None = None, *, header: str = "") -> Span:
    """The first part of a trace, for as long as the block lasts. `header`: whose caller has begun one brings it."""
    return _OFF if _tracer is None else _Kept(_tracer, name, kind, about or {}, _context(header))


def span(name: str, kind: Kind = "internal", about: About | None = None, *, parent: str | None = None) -> Span:
    """A part of the trace that is going on here, for as long as the block lasts. None is begun where none goes on.

    `parent`: the `traceparent` of what it is a part of instead; '' for one of which nothing is sent.
    """
    if _tracer is None or not (trace_id() if parent is None else parent):
        return _OFF
    return _Kept(_tracer, name, kind, about or {}, None if parent is None else _context(parent))


def past(name: str, began_ms: Any, ended_ms: float, *, parent: str, about: About | None = None) -> None:
    """Tells of a part that is over, between two moments in ms since 1970. Nothing with parent ''.

    Its beginning may be anything: it stands in a message, or is another machine's, whose clock is ahead.
    """
    if _tracer is None or not parent:
        return
    if not isinstance(began_ms, int | float) or not 0 <= began_ms <= ended_ms:
        began_ms = ended_ms
    told = _tracer.start_span(name, _context(parent), attributes=about, start_time=int(began_ms * 1e6))
    told.end(int(ended_ms * 1e6))


@contextmanager
def within(parent: str) -> Iterator[None]:
    """Has log lines in the block name the trace of a `traceparent`. Nothing with ''."""
    if _tracer is None or not parent:
        yield
        return
    from opentelemetry import context

    token = context.attach(_context(parent))
    try:
        yield
    finally:
        context.detach(token)


def traceparent() -> str:
    """What is going on here, as W3C's trace context; '' for nothing."""
    if _tracer is None:
        return ""
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get(TRACEPARENT, "")


def trace_id() -> str:
    """The id of the trace that is going on here, 32 hex digits; '' for none."""
    if _tracer is None:
        return ""
    from opentelemetry import trace

    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else ""


def _context(parent: str) -> Context:
    """That of a `traceparent`; an empty one where it is none, as others' headers may be."""
    from opentelemetry.context import Context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({TRACEPARENT: parent}, Context())


# -- switching it on ------------------------------------------------------------------------------------------------


def wanted(given: Mapping[str, str]) -> bool:
    """True when the variables ask for traces."""
    if given.get(DISABLED, "").strip().casefold() == "true" or given.get(EXPORTER, "").strip().casefold() == "none":
        return False
    return any(given.get(name) for name in (ENDPOINT, TRACES_ENDPOINT, EXPORTER))


def receiver(given: Mapping[str, str]) -> str:
    """Where they are posted."""
    base = given.get(ENDPOINT) or "http://localhost:4318"
    return given.get(TRACES_ENDPOINT) or f"{base.rstrip('/')}/v1/traces"


def headers(given: Mapping[str, str]) -> dict[str, str]:
    """What each of the requests has besides; {} where `why_not` has something to say of it."""
    return _headers_in(next(filter(None, map(given.get, HEADERS)), "")) or {}


def _headers_in(text: str) -> dict[str, str] | None:
    """The headers of a variable; None when one of them is none, or could not be sent."""
    found = {}
    for one in filter(None, map(str.strip, text.split(","))):
        header = _HEADER.fullmatch(one)
        value = unquote(header[2]).strip() if header else ""
        if header is None or not value.isascii() or not value.isprintable():
            return None
        found[header[1].lower()] = value
    return found


def shown(url: str) -> str:
    """An address without its login, fit for a log."""
    scheme, mark, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    return f"{scheme}{mark}{place.rpartition('@')[2]}{slash}{path}"


def why_not(given: Mapping[str, str]) -> str:
    """Why traces that are asked for can't be sent, and what to write instead; '' when they can."""
    if (exporter := given.get(EXPORTER, "otlp").strip().casefold()) not in ("otlp", ""):
        return f"{EXPORTER}={exporter!r}: must be otlp or none"
    for name in PROTOCOLS:
        if (given.get(name) or PROTOCOL).strip() != PROTOCOL:
            return f"{name}={given[name]!r}: only {PROTOCOL} is spoken, on an OTLP receiver's port 4318"
    for name in (TRACES_ENDPOINT, ENDPOINT):
        if given.get(name) and not _is_address(given[name]):
            return f"{name}={shown(given[name])!r}: must look like http://collector:4318"
    for name in HEADERS:
        if _headers_in(given.get(name, "")) is None:
            return f"{name}: must look like name=value,name=value, with %xx for what is no letter or digit"
    try:
        import opentelemetry.exporter.otlp.proto.http
        import opentelemetry.sdk.trace  # noqa: F401
    except ModuleNotFoundError as missing:
        return f"{missing.name} is not installed: {INSTALL}"
    return ""


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


@contextmanager
def sent(service: str, given: Mapping[str, str]) -> Iterator[None]:
    """Sends this process's spans for as long as the block lasts, if `given`, the environment and `.env`, asks for it.

    Traces are never worth an outage: what is wrong with their settings is a warning, a receiver that is away costs
    spans alone, and at the end there are `LAST_S` seconds for the rest of them.
    """
    if not wanted(given):
        yield
    elif wrong := why_not(given):
        log.warning("traces are off: %s", wrong)
        yield
    else:
        provider = _begun(service, given)
        try:
            yield
        finally:
            if provider:
                _end(provider)


def _begun(service: str, given: Mapping[str, str]) -> TracerProvider | None:
    """What sends spans from now on; None, and a warning, where one of the library's many variables is wrong."""
    theirs = {name: value for name, value in given.items() if name.startswith(PREFIX)}
    before = {name: os.environ.get(name) for name in theirs}
    # It reads them there, once. Nobody whom this process starts is to find those of `.env`: some hold a secret.
    os.environ.update(theirs)
    try:
        provider = _begin(service, metadata.version("zosma"))
    except Exception as error:
        log.warning("traces are off: one of the variables %s… is wrong: %s", PREFIX, error)
        return None
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    log.info("traces go to %s", shown(receiver(given)))
    return provider


def _begin(service: str, version: str) -> TracerProvider:
    global _tracer
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    library = logging.getLogger("opentelemetry")
    library.propagate = False
    library.handlers = [_Told()]
    ours = {"service.name": service, "service.version": version}
    provider = TracerProvider(
        resource=Resource.create({**ours, **OTELResourceDetector().detect().attributes}), shutdown_on_exit=False
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _tracer = provider.get_tracer("zosma", version)
    return provider


def _end(provider: TracerProvider) -> None:
    global _tracer
    _tracer = None
    # In a thread of its own: the library would wait half a minute for a receiver that doesn't answer.
    last = threading.Thread(target=provider.shutdown, daemon=True, name="last-traces")
    last.start()
    last.join(LAST_S)


class _Told(logging.Handler):
    """What the library complains of, once and then hourly: a receiver may be away for a night."""

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        super().__init__(logging.WARNING)
        self._said = Hourly(clock)

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if self._said.due(text):
            log.warning("traces: %s", text)


def now_ms() -> float:
    """This machine's clock."""
    return time.time() * 1000


def of_options(options: Any) -> str:
    """The `traceparent` among a message's options; '' for none."""
    found = options.get(TRACEPARENT) if isinstance(options, dict) else None
    return found if isinstance(found, str) else ""
