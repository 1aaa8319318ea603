"""The checks, one after the other, and what of them is printed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from zosma_cli.doctor import settings_check, traces_check
from zosma_cli.doctor.findings import Finding, Verdict, off
from zosma_queue.settings import Settings, given_in, read
from zosma_queue.terminal import visible, visible_all

_SIGNS = {
    Verdict.OK: "[green]✓[/]", Verdict.OFF: "[dim]·[/]", Verdict.WARNING: "[yellow]![/]", Verdict.WRONG: "[red]✗[/]"
}  # fmt: skip
_WORKER = "WorkerSettings"
#: What bot and worker both have.
_OF_BOTH = ("redis_check", "results_check")
#: (part, module, the settings that it looks at). A worker's machine has no module of the bot, and the other way round.
_CHECKS = (
    ("Redis", "redis_check", "BotSettings"),
    ("pictures", "results_check", "BotSettings"),
    ("WebUI", "webui_check", _WORKER),
    ("Discord", "discord_check", "BotSettings"),
    ("bot", "server_check", "BotSettings"),
)
Check = Callable[[Settings], AsyncIterator[Finding]]
#: So wide is the column of parts.
_PART = 9


async def examine(env_file: Path) -> AsyncIterator[Finding]:
    """Everything that there is to say, part by part. What can't be read at all is the only finding then."""
    if broken := settings_check.unreadable(env_file):
        yield broken
        return
    given = given_in(env_file)
    for finding in settings_check.check(env_file, given):
        yield finding
    here = {kind.__name__: read(kind, given) for kind in settings_check.kinds()}
    for part, module, kind in _CHECKS:
        settings = here.get(kind) or here.get(_WORKER)
        if isinstance(settings, list):  # said above
            continue
        try:
            if settings is None or (kind not in here and module not in _OF_BOTH):
                raise ModuleNotFoundError
            check: Check = import_module(f"zosma_cli.doctor.{module}").check
        except ModuleNotFoundError:
            yield off(part, "not looked at: what it takes is not installed on this machine")
            continue
        async for finding in check(settings):
            yield finding
    async for finding in traces_check.check(given):
        yield finding


async def run(*, as_json: bool, console: Console, env_file: Path = Path(".env")) -> bool:
    """Prints what was found; True when nothing is wrong."""
    found = []
    async for finding in examine(env_file):
        found.append(finding)
        if not as_json:
            _show(finding, console)
    wrong = sum(one.verdict is Verdict.WRONG for one in found)
    warnings = sum(one.verdict is Verdict.WARNING for one in found)
    if as_json:
        console.file.write(json.dumps(visible_all([asdict(one) for one in found]), indent=2) + "\n")
    else:
        console.print(_summary(wrong, warnings), highlight=False)
    return not wrong


def _show(finding: Finding, console: Console) -> None:
    text = escape(visible(" ".join(finding.text.split())))
    mend = f"[dim]→[/] {escape(visible(finding.mend))}" if finding.mend else ""
    if not console.is_terminal:  # a line each, for grep
        line = f"{_SIGNS[finding.verdict]} {finding.part.ljust(_PART)} {text} {mend}"
        console.print(line.rstrip(), highlight=False, soft_wrap=True)
        return
    table = Table.grid(padding=(0, 1))
    table.add_column(width=1)
    table.add_column(width=_PART, style="bold")
    table.add_column(overflow="fold")
    table.add_row(_SIGNS[finding.verdict], finding.part, text)
    if mend:
        table.add_row("", "", mend)
    console.print(table, highlight=False)


def _summary(wrong: int, warnings: int) -> str:
    if wrong:
        return f"\n[red]{_many(wrong, 'thing is', 'things are')} wrong[/]" + (
            f", {_many(warnings, 'warning', 'warnings')}." if warnings else "."
        )
    if warnings:
        return f"\n[yellow]It works; {_many(warnings, 'warning', 'warnings')}.[/]"
    return "\n[green]All is well.[/]"


def _many(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"
