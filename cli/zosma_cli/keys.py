"""`zosma keys …`: who may call the HTTP API, and what for."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from zosma_cli.options import LOCAL_SERVER, Key, Server
from zosma_cli.queue import AsJson, Show, run, say, show_answer
from zosma_cli.tables import show_keys, show_new_key
from zosma_queue.api_keys import KeyScope
from zosma_queue.errors import SettingsError
from zosma_queue.policy import LIMITS, with_limits

if TYPE_CHECKING:  # a machine that only works has no HTTP client
    from zosma_bot.key_admin import KeyAdmin
    from zosma_cli.client import Client

app = typer.Typer(help="Make, list and take away API keys.", no_args_is_help=True)

#: Who did it, in the audit trail, where nobody's key was asked for.
OPERATOR = "cli:local"
_UNIT_S = {"m": 60, "h": 3600, "d": 86_400}

Name = Annotated[str, typer.Argument(help="Whose key it is: letters, digits, '.', '_' and '-'.", show_default=False)]
Scopes = Annotated[
    list[KeyScope] | None,
    typer.Option("--scope", help="What it is for; several: repeat. admin is for everything.", show_default=False),
]
Expires = Annotated[str | None, typer.Option(help="When it ends by itself, like 90d, 12h or 30m.", show_default=False)]
ThroughRedis = Annotated[
    bool,
    typer.Option(
        "--redis",
        help="Write to Redis itself (REDIS_URL), not through the bot: for the first key of a bot that other machines"
        " reach, and when no admin's key is left.",
    ),
]

ThroughBot = Callable[["Client"], Awaitable[Any]]
ByItself = Callable[["KeyAdmin"], Awaitable[Any]]


@app.command()
@with_limits(
    lambda limit: Annotated[limit.type | None, typer.Option(min=0, help=limit.help, show_default=False)], defaults=False
)
def create(
    name: Name,
    scope: Scopes = None,
    expires: Expires = None,
    lane: Annotated[str | None, typer.Option(help="fast or relax.", show_default=False)] = None,
    server: Server = LOCAL_SERVER,
    key: Key = None,
    redis: ThroughRedis = False,
    as_json: AsJson = False,
    **options: float | None,
) -> None:
    """Make a key and show it, this once. Without --scope it is for submit and read, without --expires for ever.

    From the first key on, which must be for admin, every caller needs one. `zosma queue limits key:NAME` changes its
    limits later.
    """
    given = {"lane": lane, **{limit.name: options[limit.option] for limit in LIMITS}}
    limits = {field: value for field, value in given.items() if value is not None}
    fields = {"name": name, **_fields(scope, expires), **({"limits": limits} if limits else {})}
    _run(
        server, key, redis, lambda bot: bot.admin("POST", "keys", fields),
        lambda keys: keys.create(OPERATOR, fields), show_new_key, as_json=as_json,
    )  # fmt: skip


@app.command("list")
def list_keys(
    server: Server = LOCAL_SERVER, key: Key = None, redis: ThroughRedis = False, as_json: AsJson = False
) -> None:
    """List the keys: what they are for, their limits, when they end and when they were last used."""
    _run(server, key, redis, lambda bot: bot.admin("GET", "keys"), lambda keys: keys.list(), show_keys, as_json=as_json)


@app.command()
def rotate(
    name: Name,
    overlap: Annotated[
        str | None, typer.Option(help="How long the old key goes on, like 1h. Left out: it ends.", show_default=False)
    ] = None,
    scope: Scopes = None,
    expires: Expires = None,
    server: Server = LOCAL_SERVER,
    key: Key = None,
    redis: ThroughRedis = False,
    as_json: AsJson = False,
) -> None:
    """Give a name a new key in place of the old one, and show it, this once; also after the old one was revoked.

    Without --scope and --expires it is for the same, and for as long, as the old one was.
    """
    fields = {**_fields(scope, expires), **({"overlap_s": _seconds("--overlap", overlap)} if overlap else {})}
    _run(
        server, key, redis, lambda bot: bot.admin("POST", f"keys/{quote(name, safe='')}/rotate", fields),
        lambda keys: keys.rotate(OPERATOR, name, fields), show_new_key, as_json=as_json,
    )  # fmt: skip


@app.command()
def revoke(
    name: Name, server: Server = LOCAL_SERVER, key: Key = None, redis: ThroughRedis = False, as_json: AsJson = False
) -> None:
    """Take a key away for good, within a second. With --redis the last admin's too; a key is asked for all the same."""
    _run(
        server, key, redis, lambda bot: bot.admin("DELETE", f"keys/{quote(name, safe='')}"),
        lambda keys: keys.revoke(OPERATOR, name, also_last=True), say(f"the key {name} is revoked"), as_json=as_json,
    )  # fmt: skip


@app.command("forget-all")
def forget_all(server: Server = LOCAL_SERVER, key: Key = None, as_json: AsJson = False) -> None:
    """Forget all keys, so that nobody needs one: only for a bot that no other machine reaches."""
    run(
        server, key, lambda bot: bot.admin("DELETE", "keys"),
        say(lambda answer: f"{answer['forgotten']} keys forgotten: everybody on this machine may call now"),
        as_json=as_json,
    )  # fmt: skip


def _run(
    server: str,
    key: str | None,
    redis: bool,
    through_bot: ThroughBot,
    by_itself: ByItself,
    show: Show,
    *,
    as_json: bool,
) -> None:
    if redis:
        show_answer(_in_redis(by_itself), show, as_json=as_json)
    else:
        run(server, key, through_bot, show, as_json=as_json)


async def _in_redis(ask: ByItself) -> Any:
    from zosma_bot.key_admin import KeyAdmin, scopes_of_environment
    from zosma_bot.settings import BotSettings
    from zosma_queue.client import Queue
    from zosma_queue.settings import load

    settings = load(BotSettings)
    if settings.redis is None:
        raise SettingsError("REDIS_URL is not set: name the Redis that the bot uses, like redis://127.0.0.1:6379/0")
    async with Queue(settings.redis) as queue:
        return await ask(KeyAdmin(queue, scopes_of_environment(settings.api_keys.values(), settings.admins)))


def _fields(scope: list[KeyScope] | None, expires: str | None) -> dict[str, Any]:
    scopes = {"scopes": [str(one) for one in scope]} if scope else {}
    return {**scopes, **({"expires_s": _seconds("--expires", expires)} if expires else {})}


def _seconds(option: str, given: str) -> int:
    match = re.fullmatch(r"([1-9][0-9]{0,8})([mhd])", given.strip())
    if not match:
        raise SettingsError(f"{option} {given!r} is wrong: it must look like 30m, 12h or 90d")
    return int(match[1]) * _UNIT_S[match[2]]
