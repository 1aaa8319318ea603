"""Runs the operator's command that starts a WebUI again."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import Sequence

from zosma_queue.tasks import end

log = logging.getLogger(__name__)

#: A command that takes longer is left to itself: the next canary shows what came of it.
RESTART_S = 120.0
OUTPUT_CHARS = 2000


async def restart(command: Sequence[str]) -> None:
    """Runs the command, without a shell, and logs what it says. Its failure is no error of ours."""
    log.warning("restarts the WebUI: %s", " ".join(command))
    with tempfile.TemporaryFile() as output:  # no pipe: a server that it leaves behind must outlive us
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        except OSError as error:
            log.error("SD_RESTART_COMMAND can't be run (%s): give a program that exists, with its arguments", error)
            return
        ending = asyncio.create_task(process.wait())
        done, _ = await asyncio.wait({ending}, timeout=RESTART_S)
        if not done:
            await end(ending)
        output.seek(0)
        said = output.read().decode(errors="replace").strip()[-OUTPUT_CHARS:]
    how = f"ended with {process.returncode}" if done else f"still runs after {RESTART_S:.0f} s"
    level = logging.ERROR if process.returncode else logging.INFO
    log.log(level, "the restart command %s%s", how, f": {said}" if said else "")
