"""`zosma demo`: one picture through the whole system, with nothing installed and nothing left behind."""

from __future__ import annotations

import tempfile
from pathlib import Path

from rich.console import Console

from zosma_cli.imagine import make, prepare
from zosma_cli.stack import Plan, running
from zosma_queue.errors import ZosmaError
from zosma_queue.request import parse_request

#: Variables of a real installation that must not reach the demo.
_BLANK = ("DISCORD_TOKEN", "BOT_TOKEN", "REDIS_ADDR", "REDIS_PASSWORD", "SD_API_AUTH", "ZOSMA_API_KEYS")


async def run(prompt: str, out: Path) -> None:
    """Makes the picture of `zosma demo`.

    Raises:
      RequestRefusedError: when the prompt is none.
      ZosmaError: when a part doesn't start; the text holds the end of its log.
    """
    console = Console()
    fields = parse_request({"prompt": prompt}).model_dump(exclude_defaults=True)
    prepare(out)
    with tempfile.TemporaryDirectory(prefix="zosma-demo-") as folder, (Path(folder) / "log").open("w+b") as log:
        plan = Plan(folder=Path(folder), load_seconds=0.5, env=tuple((name, "") for name in _BLANK))
        try:
            with console.status("starting Valkey, the built-in WebUI, a worker and the bot process …"):
                stack_context = running(plan, log)
                stack = await stack_context.__aenter__()
        except ZosmaError as error:
            log.seek(0)
            raise ZosmaError(f"{error}; its last words: {log.read().decode(errors='replace')[-400:]}") from error
        try:
            await make(fields, stack.address, None, out, console)
        finally:
            await stack_context.__aexit__(None, None, None)
    console.print(
        "[dim]Drawn by the built-in WebUI, a stand-in. `zosma init`: from here to real GPUs and Discord.[/dim]"
    )
