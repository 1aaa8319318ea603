"""Finished pictures: whether the bucket that RESULTS_URL names is there, and lets this machine's process use it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

from zosma_cli.doctor.findings import Finding, ok, what_and_mend, wrong
from zosma_queue.errors import SettingsError, StoreRefusesError, StoreUnavailableError
from zosma_queue.s3_pictures import S3Pictures
from zosma_queue.settings import Settings

PART = "pictures"


async def check(settings: Settings) -> AsyncIterator[Finding]:
    """What there is to say about the bucket of these settings; nothing where there is none."""
    bucket = settings.results
    if bucket is None:
        return
    reads = type(settings).__name__ != "WorkerSettings"  # a worker's key need not, and a bot's may be elsewhere
    try:
        pictures = S3Pictures(bucket)
        began = time.perf_counter()
        await pictures.check_writing()
        if reads:
            await pictures.check_reading()
        took_ms = (time.perf_counter() - began) * 1000
    except (SettingsError, StoreRefusesError) as error:
        yield wrong(PART, *what_and_mend(str(error)))
    except StoreUnavailableError as error:
        yield wrong(PART, str(error), "start it, or correct the endpoint in RESULTS_URL")
    else:
        yield ok(
            PART, f"{bucket.shown} can be {'read and ' if reads else ''}written; to see that took {took_ms:.0f} ms"
        )
