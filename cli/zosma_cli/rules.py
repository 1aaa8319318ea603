"""`zosma rules`: what everybody may ask for, whatever way they ask, through the bot process's HTTP API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from zosma_cli.options import LOCAL_SERVER, Key, Server
from zosma_cli.queue import AsJson, run
from zosma_cli.tables import show_rules

if TYPE_CHECKING:  # a machine that only works has no HTTP client
    from zosma_cli.client import Client

Names = list[str]


def rules(
    block: Annotated[Names | None, typer.Option(help="Block a word or phrase; word* blocks all that begin so.")] = None,
    unblock: Annotated[Names | None, typer.Option(help="Take a word off the list.")] = None,
    allow: Annotated[
        Names | None, typer.Option(help="Allow a checkpoint; once one is named, only those named are allowed.")
    ] = None,
    disallow: Annotated[Names | None, typer.Option(help="Take a checkpoint off the list of those allowed.")] = None,
    count: Annotated[int | None, typer.Option(min=0, help="Most pictures of one request. 0: no limit.")] = None,
    steps: Annotated[int | None, typer.Option(min=0, help="Most steps. 0: no limit.")] = None,
    side: Annotated[int | None, typer.Option(min=0, help="Longest side in pixels. 0: no limit.")] = None,
    age_restricted: Annotated[
        bool | None, typer.Option(help="On Discord, only in age-restricted channels; not in direct messages.")
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Drop all rules first.")] = False,
    server: Server = LOCAL_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show or change the rules for everybody. They hold on every way: servers, direct messages, HTTP, Dramatiq.

    A Discord server's own rules (`/admin words`, `checkpoints`, `rules`) hold besides.
    """
    single = {"count": count, "steps": steps, "side": side, "age_restricted": age_restricted}
    given = {name: value for name, value in single.items() if value is not None}
    lists = {"blocked": (block or [], unblock or []), "checkpoints": (allow or [], disallow or [])}

    async def ask(client: Client) -> Any:
        known = {} if clear else await client.admin("GET", "rules")
        changed = known | given
        for name, (more, fewer) in lists.items():
            changed[name] = _without([*known.get(name, []), *more], fewer)
        return known if changed == known and not clear else await client.admin("PUT", "rules", changed)

    run(server, key, ask, show_rules, as_json=as_json)


def _without(names: list[str], gone: list[str]) -> list[str]:
    """The names without those that are gone, in whatever case they were typed."""
    dropped = {one.casefold().strip() for one in gone}
    return [one for one in dict.fromkeys(names) if one.casefold() not in dropped]
