"""Traces: can they be sent, and is somebody there who takes them?"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import httpx2

from zosma_cli.doctor.findings import Finding, ok, warning
from zosma_queue import tracing

PART = "traces"
ANSWER_S = 5.0
#: For a receiver whose certificate isn't every machine's: only the library knows how it is asked then.
_OWN_TLS = ("OTEL_EXPORTER_OTLP_CERTIFICATE", "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE")


async def check(given: Mapping[str, str]) -> AsyncIterator[Finding]:
    """What is wrong with what the environment and `.env` say of them; nothing where they ask for none."""
    if not tracing.wanted(given):
        return
    if why := tracing.why_not(given):
        yield warning(PART, f"they are asked for and not sent: {why}", "or leave OTEL_EXPORTER_OTLP_ENDPOINT out")
        return
    address = tracing.shown(tracing.receiver(given))
    if any(given.get(name) for name in _OWN_TLS):
        yield ok(PART, f"they are sent to {address}, which was not tried")
        return
    headers = {"Content-Type": "application/x-protobuf", **tracing.headers(given)}
    try:
        async with httpx2.AsyncClient(timeout=ANSWER_S) as http:
            # A request without a single span, which every receiver takes.
            answer = await http.post(tracing.receiver(given), content=b"", headers=headers)
        said = "" if answer.is_success else f"answered {answer.status_code}"
    except (httpx2.HTTPError, OSError) as error:
        said = str(error) or type(error).__name__
    if said:
        mend = "start an OTLP receiver there, or correct OTEL_EXPORTER_OTLP_ENDPOINT"
        yield warning(PART, f"{address} takes none: {said}", mend)
    else:
        yield ok(PART, f"{address} takes them")
