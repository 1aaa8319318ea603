"""The WebUIs in SD_API_HOST: there, with an API, and what they can do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from zosma_cli.doctor.findings import Finding, off, ok, what_and_mend, wrong
from zosma_worker.backends import open_backend
from zosma_worker.errors import WebUIError, WebUIUnreachable
from zosma_worker.settings import Address, WorkerSettings

PART = "WebUI"
#: A WebUI that is loading answers late.
PROBE_S = 30.0


async def check(settings: WorkerSettings) -> AsyncIterator[Finding]:
    """What there is to say about each of them."""
    if not settings.webuis:
        yield off(PART, "SD_API_HOST is not set: `zosma up` brings one that draws on the CPU; a worker alone needs one")
    for address in settings.webuis:
        yield await _one(address, settings.workflows)


async def _one(address: Address, workflows: Path | None) -> Finding:
    try:
        async with asyncio.timeout(PROBE_S), open_backend(address, workflows=workflows) as backend:
            about = (await backend.probe()).about
    except WebUIUnreachable as error:
        return wrong(PART, str(error), "start it with --api, or correct SD_API_HOST")
    except WebUIError as error:
        return wrong(PART, *what_and_mend(str(error)))
    except TimeoutError:
        return wrong(PART, f"{address.url} didn't answer within {PROBE_S:.0f} s", "look whether it still loads")
    can = [f"{len(about.checkpoints)} checkpoints", f"{len(about.samplers)} samplers"]
    can += [f"{len(about.loras)} LoRAs"] if about.loras else []
    lacks = {
        "img2img": about.img2img,
        "inpainting": about.inpainting,
        "hires": about.hires,
        "upscaling": about.enlargers,
    }
    can += [name for name, has in lacks.items() if has]
    text = f"{address.url}: {about.flavour} {about.version or ''}".rstrip() + f", {', '.join(can)}"
    return ok(PART, text)
