"""Every setting and command, as the code has them: `make reference` writes docs/settings.md and docs/commands.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import typer
from pydantic.fields import FieldInfo
from typer.cli import get_docs_for_click

from zosma_bot.settings import BotSettings
from zosma_cli import later
from zosma_cli.main import app
from zosma_cli.up import UpSettings
from zosma_queue.settings import Settings, Span, aliases_of
from zosma_worker.settings import WorkerSettings

DOCS = Path(__file__).parent.parent / "docs"
#: Heading, what is said below it, and whose settings follow.
SECTIONS: tuple[tuple[str, str, type[Settings]], ...] = (
    ("Every process", "Where the queue is.", Settings),
    ("The bot", "Read by `zosma bot` and `zosma up`.", BotSettings),
    ("A worker", "Read by `zosma worker` and `zosma up`.", WorkerSettings),
    ("zosma up", "Read by `zosma up` alone.", UpSettings),
)
#: What no process reads as a setting of its own: the command line's options, `compose.yaml`, the images, OpenTelemetry.
OTHERS = {
    "ZOSMA_SERVER": "Address of the bot process, for commands that ask it and for the Python client.",
    "ZOSMA_API_KEY": "API key that those send.",
    "ZOSMA_IMAGE": "Set by the images: what they are.",
    "ZOSMA_PUBLISH": "`compose.yaml`: where port 1324 is published, `127.0.0.1:1324` unless it says otherwise.",
    "VALKEY_BOT_PASSWORD": "`compose.yaml`: the bot's password for Valkey, letters and digits.",
    "VALKEY_WORKER_PASSWORD": "`compose.yaml`: the workers' password for Valkey, letters and digits.",
    "VALKEY_MAXMEMORY": "`compose.yaml`: what Valkey may take, `2gb` unless it says otherwise.",
    "VALKEY_PUBLISH": "`compose.yaml`: where Valkey is published for workers elsewhere: your VPN's address.",
    "PROMETHEUS_KEY": "`compose.yaml`: the key by which Prometheus reads `/metrics`, 16 letters and digits or more.",
    "GRAFANA_PASSWORD": "`compose.yaml`: the password of Grafana's admin.",
    "GRAFANA_PUBLISH": "`compose.yaml`: where Grafana is published, `127.0.0.1:3000` unless it says otherwise.",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "Where [traces](operations.md#traces) go: `http://collector:4318`. Not set: none are"
    " made.",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "The same with its path, `http://collector:4318/v1/traces`.",
    "OTEL_EXPORTER_OTLP_HEADERS": "Headers that its receiver wants: `name=value`, several with commas between.",
    "OTEL_TRACES_EXPORTER": "`otlp`, or `none` for no traces.",
    "OTEL_TRACES_SAMPLER": "Which of them are kept, like `parentbased_traceidratio`. Not set: all.",
    "OTEL_TRACES_SAMPLER_ARG": "What belongs to it: `0.1` for a tenth.",
    "OTEL_SERVICE_NAME": "What the process is called in them: `zosma-bot` or `zosma-worker` unless it says otherwise.",
}
#: How a field is marked whose seconds are written like 24h.
SPAN = get_args(Span)[1]
_WRITTEN = "<!-- Written by `make reference` from the code: change it there. -->\n\n"


def settings_page() -> str:
    """docs/settings.md.

    Raises:
      RuntimeError: for a setting of which the code doesn't say what it means.
    """
    parts = [
        "# Settings\n\n",
        _WRITTEN,
        "All of them are environment variables, and may stand in a file `.env` in the folder where a process starts,\n"
        "one `NAME=value` a line. The environment wins over the file, an empty value counts as not set. A wrong value\n"
        "ends the start with one line that says what to write; [`zosma doctor`](commands.md#zosma-doctor) checks all\n"
        "of them, also for misspelt names. `.env.example` has them in the order in which people need them.\n",
    ]
    told: set[str] = set()
    for heading, words, kind in SECTIONS:
        fields = {name: field for name, field in kind.model_fields.items() if name not in told or kind is UpSettings}
        if kind is UpSettings:
            fields = {name: field for name, field in fields.items() if name not in Settings.model_fields}
        told |= set(fields)
        parts.append(f"\n## {heading}\n\n{words}\n\n| variable | default | meaning |\n|---|---|---|\n")
        parts.extend(_row(name, field) for name, field in fields.items())
    parts.append("\n## Commands, images, compose.yaml\n\n| variable | meaning |\n|---|---|\n")
    parts.extend(f"| `{name}` | {words} |\n" for name, words in OTHERS.items())
    return "".join(parts)


def _row(name: str, field: FieldInfo) -> str:
    if not field.description:
        raise RuntimeError(f"{name} has no docstring below it that says what it means")
    names = aliases_of(field.validation_alias) or [name.upper()]
    shown = " or ".join(f"`{one}`" for one in names)
    meaning = " ".join(field.description.split()).replace("|", "\\|")
    return f"| {shown} | {_default(field)} | {meaning} |\n"


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is None or value == ():
        return ""
    if isinstance(value, bool):
        return "`on`" if value else "`off`"
    if SPAN in field.metadata:
        return f"`{value // 3600}h`" if value % 3600 == 0 else f"`{value // 60}m`"
    return f"`{int(value) if isinstance(value, float) and value.is_integer() else value}`"


def commands_page() -> str:
    """docs/commands.md."""
    command: Any = typer.main.get_command(app)
    command.commands |= {name: later.loaded(name) for name in later.COMMANDS}
    text = get_docs_for_click(
        obj=command, ctx=typer.Context(command, info_name="zosma"), name="zosma", title="Commands"
    )
    text = re.sub(r"<list\[(\w+)\]>", r"<\1>, may be repeated", text)
    text = re.sub(r"<(int|float) range>", r"<\1>", text)
    text = re.sub(r"^\* `--help`: .*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"\*\*Options\*\*:\n\n(?=\n|#|\*\*|\Z)", "", text)
    text = text.replace("```console\n$ ", "```text\n")
    text = "\n".join(_full_lists(text.splitlines(), command))
    text = re.sub(r"\n{3,}", "\n\n", text)
    head, _, rest = text.partition("\n\n")
    return f"{head}\n\n{_WRITTEN}{rest.rstrip()}\n"


def _full_lists(lines: list[str], command: Any) -> Iterator[str]:
    """The lines, with lists of commands that say all of the first sentence and lead to the rest."""
    here, path = command, ["zosma"]
    for line in lines:
        if heading := re.fullmatch(r"#+ `(zosma.*)`", line):
            here, path = command, heading[1].split()
            for word in path[1:]:
                here = here.commands[word]
        listed = re.fullmatch(r"\* `([a-z-]+)`: .*", line)
        if listed and listed[1] in getattr(here, "commands", {}):
            name = listed[1]
            yield f"* [`{name}`](#{'-'.join([*path, name])}): {here.commands[name].get_short_help_str(limit=300)}"
        else:
            yield line


PAGES = {"settings.md": settings_page, "commands.md": commands_page}


def main() -> None:
    """Writes both."""
    for name, made in PAGES.items():
        (DOCS / name).write_text(made(), "utf-8")


if __name__ == "__main__":
    main()
