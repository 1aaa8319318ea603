"""The bot process and what it stands on: its address, its port, its version, its folder."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp

from zosma_bot.settings import BotSettings
from zosma_cli.doctor.findings import Finding, off, ok, warning, wrong
from zosma_cli.stack import check_free
from zosma_queue.errors import SettingsError

PART = "bot"
ASK_S = 5.0
#: The journal of open messages, and what `zosma up` keeps of its Valkey.
LEAST_BYTES = 1_000_000_000


async def check(settings: BotSettings) -> AsyncIterator[Finding]:
    """What there is to say about a bot process with these settings on this machine."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ASK_S)) as http:
        yield await _listening(http, settings)
        if settings.public_url:
            yield await _public(http, settings.public_url)
    for finding in (*_commands(settings), *_disk(settings.data_dir)):
        yield finding


async def _listening(http: aiohttp.ClientSession, settings: BotSettings) -> Finding:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    address = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
    health = await _json(http, f"{address}/healthz")
    if health is None:
        try:
            check_free(settings.host, settings.port)
        except SettingsError as error:
            return wrong(PART, str(error))
        return off(PART, f"none runs here; {settings.host}:{settings.port} is free", "zosma bot, or zosma up")
    if health.get("status") != "ok":
        return wrong(PART, f"{address} is answered by another program", "stop it, or choose another ZOSMA_PORT")
    ready = await _json(http, f"{address}/readyz") or {}
    if ready.get("status") != "ok":
        why = ready.get("pictures") or ready.get("redis", "it does not say why")
        return wrong(PART, f"{address} is up and not ready: {why}")
    ours, theirs = importlib.metadata.version("zosma"), health.get("version")
    if theirs != ours:
        return warning(PART, f"{address} runs version {theirs}, this command is {ours}", "restart the bot")
    if unreadable := health.get("unreadable"):
        return warning(
            PART, f"{address} is ready, and has skipped what it could not read in Redis: {json.dumps(unreadable)}",
            "its log says which; a worker or a neighbour on this Redis wrote it",
        )  # fmt: skip
    if faults := health.get("faults"):
        return warning(PART, f"{address} is ready; parts of it broke down and went on: {json.dumps(faults)}")
    return ok(PART, f"{address} is ready, version {ours}, {ready.get('workers_ready', 0)} workers ready")


async def _public(http: aiohttp.ClientSession, url: str) -> Finding:
    try:
        # Not a link that was ever signed: our own refusal is the sign that the proxy leads here.
        async with http.get(f"{url}/pictures/doctor/0") as answer:
            if answer.status == 403 and "link" in await answer.text():
                return ok("links", f"{url} leads to this bot's pictures")
            told = f"answers {answer.status}"
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        told = f"can't be reached ({getattr(error, 'strerror', None) or 'no answer'})"
    return warning("links", f"ZOSMA_PUBLIC_URL={url} {told}", "have the proxy lead /pictures/ to the bot's port")


async def _json(http: aiohttp.ClientSession, url: str) -> dict[str, Any] | None:
    """What is answered there; {} for what isn't ours, None when nobody listens."""
    try:
        async with http.get(url) as answer:
            found = await answer.json(content_type=None)
            return found if isinstance(found, dict) else {}
    except (aiohttp.ClientConnectorError, TimeoutError):
        return None
    except (aiohttp.ClientError, ValueError):
        return {}


def _commands(settings: BotSettings) -> Iterator[Finding]:
    """Programs that the bot is to run and can't."""
    named = {"ZOSMA_WAKE_COMMAND": settings.wake_command, "ZOSMA_IDLE_COMMAND": settings.idle_command}
    for variable, command in named.items():
        if command and not shutil.which(command[0]):
            yield wrong(
                PART, f"{variable} names {command[0]}, which is no program on this machine",
                "install it, or write its whole path",
            )  # fmt: skip


def _disk(folder: Path | None) -> Iterator[Finding]:
    if folder is None:
        yield off("disk", "ZOSMA_DATA_DIR is not set: after a loss of all that Redis holds, waiting messages stay open")
        return
    place = folder.expanduser()
    there = next(parent for parent in (place, *place.parents) if parent.exists())
    if not os.access(there, os.W_OK) or not there.is_dir():
        yield wrong("disk", f"ZOSMA_DATA_DIR={place}: can't write there", "choose another folder, or chown it")
        return
    free = shutil.disk_usage(there).free
    if free < LEAST_BYTES:
        yield warning("disk", f"{place}: only {free // 1_000_000:,} MB are free")
    else:
        yield ok("disk", f"{place}: {free // 1_000_000_000:,} GB free")
