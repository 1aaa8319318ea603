"""`.env` and the environment: what is misspelled, given twice, or wrong."""

from __future__ import annotations

import difflib
import logging
import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from zosma_cli.doctor.findings import Finding, off, ok, warning, wrong
from zosma_queue import tracing
from zosma_queue.env import HOW_TO_WRITE, exported, lines_of
from zosma_queue.errors import SettingsError
from zosma_queue.settings import Settings, aliases_of, read
from zosma_queue.terminal import visible

log = logging.getLogger(__name__)

PART = "settings"
#: Where each process has its settings.
_KINDS = (
    ("zosma_bot.settings", "BotSettings"),
    ("zosma_worker.settings", "WorkerSettings"),
    ("zosma_cli.up", "UpSettings"),
)
#: What no process reads as a setting of its own: the command line's options, `compose.yaml`, the images, OpenTelemetry.
_OTHERS = frozenset(
    {"ZOSMA_SERVER", "ZOSMA_API_KEY", "ZOSMA_IMAGE", "ZOSMA_PUBLISH", "VALKEY_BOT_PASSWORD", "VALKEY_WORKER_PASSWORD",
     "VALKEY_MAXMEMORY", "VALKEY_PUBLISH", "PROMETHEUS_KEY", "GRAFANA_PASSWORD", "GRAFANA_PUBLISH",
     tracing.ENDPOINT, tracing.TRACES_ENDPOINT, tracing.EXPORTER, "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_SERVICE_NAME",
     "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"}
)  # fmt: skip
#: Names that begin so are meant for us.
_OURS = ("ZOSMA_", "DISCORD_", "SD_", "REDIS_", "RESULTS_", "VALKEY_", "BOT_")
#: Of two names for one thing, the first is used.
_TWICE = (("DISCORD_TOKEN", "BOT_TOKEN"), ("REDIS_URL", "REDIS_ADDR"))


def kinds(of: Iterable[tuple[str, str]] = _KINDS) -> list[type[Settings]]:
    """The settings of the processes that can run here: an image has only one of them."""
    found: list[type[Settings]] = []
    for module, name in of:
        with suppress(ModuleNotFoundError):
            found.append(getattr(import_module(module), name))
    return found


def known_names(of: Iterable[type[Settings]]) -> frozenset[str]:
    """Every variable that means something to us."""
    fields = [field for kind in of for field in kind.model_fields.values()]
    return _OTHERS | {alias for field in fields for alias in aliases_of(field.validation_alias)}


def check(env_file: Path, given: Mapping[str, str]) -> Iterator[Finding]:
    """What is wrong with a file and the environment; `given` is all that they set."""
    here = kinds()
    yield from _file(env_file)
    if len(here) == len(_KINDS):  # else nobody knows what the others' are called
        yield from _names(env_file, known_names(here))
    for first, second in _TWICE:
        if given.get(first) and given.get(second) and given[first] != given[second]:
            yield warning(PART, f"{first} and {second} are both set; {first} is used", f"leave {second} out")
    errors = {str(error): None for kind in here if isinstance(found := read(kind, given), list) for error in found}
    for error in errors:
        yield wrong(PART, error)
    if not errors:
        yield ok(PART, "every value can be read")


def _file(env_file: Path) -> Iterator[Finding]:
    if not env_file.exists():
        yield off(PART, f"there is no {env_file} here", "cp .env.example .env, or set variables in the environment")
        return
    for line in lines_of(env_file):
        if line.name is None:
            yield wrong(PART, f"{env_file}, line {line.number} can't be read", HOW_TO_WRITE)
    names = Counter(line.name for line in lines_of(env_file) if line.name)
    for name, times in names.items():
        if times > 1:
            yield warning(PART, f"{env_file} sets {name} {times} times; the last one counts", "keep one of them")
    if os.name == "posix" and env_file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        yield warning(PART, f"others on this machine may read {env_file}, which holds secrets", f"chmod 600 {env_file}")


def _names(env_file: Path, known: frozenset[str]) -> Iterator[Finding]:
    for name, near in _unknown(env_file, known):
        if near:
            yield wrong(PART, f"{name} is no setting, so it does nothing", f"write {near}")
        elif name.startswith(_OURS):
            yield warning(PART, f"{name} is no setting, so it does nothing", "leave it out; .env.example has them all")


def _unknown(env_file: Path, known: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Names that mean nothing to us, each with the one that may be meant, or ''."""
    written = {line.name for line in lines_of(env_file) if line.name}
    for name in sorted(written | {name for name in exported() if name.startswith(_OURS)}):
        if name not in known:
            # OpenTelemetry has many more names, much alike.
            cutoff = 0.93 if name.startswith(tracing.PREFIX) else 0.8
            near = difflib.get_close_matches(name.upper(), known, n=1, cutoff=cutoff)
            yield name, near[0] if near else ""


def say_misspelled(env_file: Path = Path(".env")) -> None:
    """A warning for each name that is nearly one of a setting: what it sets is not set."""
    here = kinds(_KINDS[:2])  # the third knows no others, and takes long to import
    for name, near in _unknown(env_file, known_names(here)):
        if near and len(here) == len(_KINDS[:2]):
            log.warning("%s is no setting, so it does nothing: write %s", visible(name), near)


def unreadable(env_file: Path) -> Finding | None:
    """Why the file can't be read at all."""
    try:
        lines_of(env_file)
    except SettingsError as error:
        return wrong(PART, str(error))
    return None
