"""`zosma export` and `zosma import`: what people have set up, as one file, from Redis and into it."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zosma_queue.errors import SettingsError, ZosmaError
from zosma_queue.terminal import visible

if TYPE_CHECKING:  # a machine that only works has no bot
    from zosma_queue import backup
    from zosma_queue.client import Queue

#: More than a thousand members with presets and word lists have, and less than fills the memory.
FILE_MAX_BYTES = 256 * 1024 * 1024
#: Names that are shown of each kind of change.
NAMES_SHOWN = 8
OPERATOR = "cli:local"
STREAM = "-"

File = Annotated[str, typer.Argument(help="The file; - for standard output or input.", show_default=False)]


def export(
    file: File,
    failed_jobs: Annotated[bool, typer.Option("--failed-jobs", help="Failed jobs too, with their prompts.")] = False,
    no_audit: Annotated[bool, typer.Option("--no-audit", help="Without the audit trail.")] = False,
) -> None:
    """Write what is set up into a file: limits, rules, word lists, hashed API keys, settings and presets.

    Reads the Redis of REDIS_URL; the bot may run. The file has no secrets, but names members: it is yours alone (0600).
    """
    text = asyncio.run(_exported(failed_jobs=failed_jobs, audit=not no_audit))
    if file == STREAM:
        sys.stdout.write(text)
        return
    try:
        _write(Path(file), text.encode())
    except OSError as error:
        raise SettingsError(
            f"{file} can't be written ({error.strerror or error}): name a file in a folder of yours"
        ) from None
    _say(f"{file}: {len(text):,} bytes")


def import_(
    file: File,
    drop: Annotated[
        bool, typer.Option("--replace/--merge", help="Drop what is not in the file; or keep it, which is usual.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    no_audit: Annotated[bool, typer.Option("--no-audit", help="Without the file's audit trail.")] = False,
) -> None:
    """Put a file that `zosma export` has written into the Redis of REDIS_URL. It is checked first, all of it.

    What the file has takes the place of what is there. An API key that is revoked here stays revoked; an audit trail
    comes only where there is none. Start the bot anew afterwards: it keeps members' settings in memory.
    """
    asyncio.run(_imported(_read(file), file, drop=drop, dry_run=dry_run, with_audit=not no_audit))


async def _exported(*, failed_jobs: bool, audit: bool) -> str:
    from zosma_bot.backup_kinds import KINDS

    async with _queue() as queue:
        found = await queue.read_backup(KINDS, failed_jobs=failed_jobs, left_out=lambda text: _say(f"left out: {text}"))
    document = (found if audit else replace(found, audit=None)).to_document()
    return json.dumps(document, indent=1) + "\n"


async def _imported(data: bytes, file: str, *, drop: bool, dry_run: bool, with_audit: bool) -> None:
    from zosma_bot.backup_kinds import KINDS
    from zosma_queue import backup
    from zosma_queue.backup_file import BackupError, parse

    try:
        wanted = parse(data, KINDS, with_audit=with_audit)
    except BackupError as error:
        for problem in error.problems:
            _say(problem)
        raise ZosmaError(f"{file} can't be imported: nothing is changed") from None
    async with _queue() as queue:
        now = await queue.read_backup(
            KINDS, failed_jobs=wanted.failed_jobs is not None, left_out=lambda text: _say(f"stays as it is: {text}")
        )
        then = backup.merged(now, wanted, replace=drop)
        changes = backup.changes(now, then)
        for line in told(changes):
            sys.stdout.write(f"{visible(line)}\n")
        if with_audit and wanted.audit and then.audit is now.audit:
            _say("the audit trail that is here stays; the file's is not imported")
        if dry_run:
            _say("nothing is changed: this was --dry-run")
        elif changes:
            await queue.write_backup(now, then, KINDS, who=OPERATOR, mode="replace" if drop else "merge")
            _say("imported; start the bot anew, if it runs")
        else:
            _say("nothing differs")


def told(changes: list[backup.Change]) -> list[str]:
    """The changes, a line for each section and kind: `limits: 2 new (default, key:website)`."""
    many = Counter((one.section, one.how) for one in changes)
    lines = []
    for (section, how), count in many.items():
        names = [one.name or "everybody" for one in changes if (one.section, one.how) == (section, how)]
        more = ", …" if count > NAMES_SHOWN else ""
        lines.append(f"{section}: {count:,} {how} ({', '.join(names[:NAMES_SHOWN])}{more})")
    return lines


def _queue() -> Queue:
    from zosma_bot.settings import BotSettings
    from zosma_queue.client import Queue
    from zosma_queue.connections import check_login
    from zosma_queue.settings import load

    settings = load(BotSettings)
    if settings.redis is None:
        raise SettingsError("REDIS_URL is not set: name the Redis that the bot uses, like redis://127.0.0.1:6379/0")
    check_login(settings, must_answer=True)
    return Queue(settings.redis)


def _read(file: str) -> bytes:
    try:
        with sys.stdin.buffer if file == STREAM else Path(file).open("rb") as source:
            data = source.read(FILE_MAX_BYTES + 1)
    except OSError as error:
        raise SettingsError(
            f"{file} can't be read ({error.strerror or error}): name a file that `zosma export` wrote"
        ) from None
    if len(data) > FILE_MAX_BYTES:
        raise SettingsError(
            f"{file} has more than {FILE_MAX_BYTES:,} bytes: no export is that large, take another file"
        )
    return data


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, and for its owner alone."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        with suppress(OSError):
            fresh.unlink()
        raise


def _say(text: str) -> None:
    """To whoever runs it; standard output may be the file."""
    sys.stderr.write(f"zosma: {visible(' '.join(text.split()))}\n")
