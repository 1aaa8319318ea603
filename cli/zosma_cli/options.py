"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

LOCAL_SERVER = "http://127.0.0.1:1324"

Server = Annotated[str, typer.Option(help="Address of the bot process.", envvar="ZOSMA_SERVER")]
Key = Annotated[str | None, typer.Option(help="API key, when the server asks for one.", envvar="ZOSMA_API_KEY")]
