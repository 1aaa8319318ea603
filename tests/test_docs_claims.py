"""What the pages name is there: commands with their options, settings, figures, paths, Discord's commands, files."""

from __future__ import annotations

import functools
import re
import shlex
from pathlib import Path

import pytest
import typer
from markdown_it import MarkdownIt
from typer._click.exceptions import MissingParameter, UsageError

from zosma_bot.http.app import make_app
from zosma_bot.hub import Hub
from zosma_cli import later
from zosma_cli.doctor.settings_check import kinds, known_names
from zosma_cli.main import app
from zosma_queue.client import Queue

ROOT = Path(__file__).parent.parent
#: The changelog tells of what there was; the page of commands is the command line's own words.
PAGES = [
    *(page for page in sorted((ROOT / "docs").glob("*.md")) if page.stem not in ("changelog", "commands")),
    *(ROOT / name for name in ("README.md", "SECURITY.md", "CONTRIBUTING.md", "client/README.md")),
]
LOCALES = ROOT / "bot/zosma_bot/discord/ui/locale"
#: Paths of other servers, of containers, and what looks like a command and is none of ours.
OTHERS = {
    "/tmp", "/data", "/ws", "/object_info", "/api/extra/version", "/sdcpp/v1/capabilities", "/sdapi",  # noqa: S108
    "/sdapi/v1",
    "/sdapi/v1/version", "/api/v1", "/pictures/", "/me",
}  # fmt: skip


@pytest.fixture(name="page", params=PAGES, ids=lambda page: page.relative_to(ROOT).with_suffix("").as_posix())
def _page(request):
    return request.param


def tokens(page):
    """Everything on a page, what is within a paragraph too."""
    for token in MarkdownIt().enable("table").parse(page.read_text("utf-8")):
        yield token
        yield from token.children or ()


def inline(page):
    """What stands between backticks."""
    return [token.content for token in tokens(page) if token.type == "code_inline"]


def lines(page):
    """The lines that a shell is to be given, without comments."""
    for token in tokens(page):
        if token.type == "fence" and token.info in ("bash", "text"):
            for line in token.content.replace("\\\n", " ").splitlines():
                yield re.sub(r"\s+#.*$", "", line)


# -- the command line ------------------------------------------------------------------------------------------------


@functools.cache
def command_line():
    """Every command, those too that are imported when they are called."""
    whole = typer.main.get_command(app)
    whole.commands |= {name: later.loaded(name) for name in later.COMMANDS}
    return whole


def why_wrong(text, *, mentioned):
    """Why the command line would not take `zosma …`; '' when it would. What is only mentioned may lack arguments."""
    words = shlex.split(re.sub(r"\$\(.*?\)", "X", text).partition(" > ")[0])[1:]
    command, name = command_line(), "zosma"
    try:
        while hasattr(command, "commands") and words and not words[0].startswith("-"):
            name = words.pop(0)
            if name in ("…", "...") and mentioned:
                return ""
            if name not in command.commands:
                return f"no command {name}"
            command = command.commands[name]
        if not (mentioned and hasattr(command, "commands")) and "--help" not in words:
            command.make_context(name, words)
    except MissingParameter as error:
        return "" if mentioned else error.format_message()
    except UsageError as error:
        is_open = mentioned and ("requires an argument" in str(error) or words[-1:] == ["…"])
        return "" if is_open else error.format_message()
    return ""


def test_every_command_on_a_page_is_one_with_such_options(page):
    told = [(line, False) for line in lines(page)] + [(text, True) for text in inline(page)]
    wrong = {}
    for text, mentioned in told:
        text = re.sub(r"^(uv run |docker compose run --rm bot |[A-Z_]+=\S+ )+", "", text)
        if not text.startswith("zosma "):
            continue
        # `create|list|rotate` stands for each of them.
        several = re.search(r"\w+(\|\w+)+", text)
        for one in several[0].split("|") if several else [""]:
            meant = text.replace(several[0], one) if several else text
            if why := why_wrong(meant.partition(" | ")[0], mentioned=mentioned):
                wrong[meant] = why
    assert wrong == {}


def test_an_option_that_is_none_would_be_found():
    assert "no command" in why_wrong("zosma queue vanish", mentioned=True)
    assert "--vanish" in why_wrong("zosma queue limits default --vanish 3", mentioned=True)
    assert why_wrong("zosma import", mentioned=False)
    assert why_wrong("zosma import", mentioned=True) == ""


def test_every_target_of_make_is_one(page):
    targets = set(re.findall(r"^\.PHONY: (\S+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {word for text in (*inline(page), *lines(page)) for word in re.findall(r"^make ([a-z-]+)", text)}
    assert named - targets == set()


# -- names -----------------------------------------------------------------------------------------------------------


def test_every_setting_is_one(page):
    known = known_names(kinds()) | {"ZOSMA_SIGNAL", "ZOSMA_CALL", "ZOSMA_WAITING_JOBS", "ZOSMA_WAITING_GPU_SECONDS"}
    named = {
        word
        for text in (*inline(page), *lines(page))
        for word in re.findall(r"\b(?:ZOSMA|DISCORD|SD|REDIS|VALKEY|OTEL)_[A-Z_]+\b", text)
    }
    assert {one for one in named if one not in known | {"DISCORD_OPENAPI"}} == set()


def test_every_figure_is_measured(page):
    source = "".join(path.read_text("utf-8") for path in (ROOT / "bot/zosma_bot").rglob("*.py"))
    packages = {path.name for path in ROOT.glob("*/zosma_*")}
    named = {word for text in inline(page) for word in re.findall(r"\bzosma_[a-z_]+", text)} - packages
    assert {one for one in named if one.removesuffix("_total").removesuffix("_bucket") not in source} == set()


@pytest.fixture(name="routes")
async def _routes(redis_url):
    async with Queue(redis_url) as queue:
        application = make_app(queue, Hub(queue), {})
        yield {resource.canonical for resource in application.router.resources()}


@functools.cache
def discord_names():
    """What Discord's commands, their groups and options are called, in all languages, words by dashes."""
    found = set()
    for path in LOCALES.glob("*/*.ftl"):
        text = path.read_text("utf-8")
        found |= set(re.findall(r"^command-([\w-]+) = ", text, re.MULTILINE))
        found |= set(re.findall(r"^command-[\w-]+ = (\S+)$", text, re.MULTILINE))
    return found


def test_every_path_and_every_command_of_discord_is_there(page, routes):
    wrong = []
    for text in inline(page):
        path = re.sub(r"^(GET|POST|PUT|PATCH|DELETE) ", "", text).partition("?")[0].partition("#")[0]
        if not re.match(r"/\w", path) or path in OTHERS | routes or path.rstrip("/…") in OTHERS:
            continue
        if "/" in path[1:]:  # an address, of this server or another
            pattern = re.sub(r"\\{\w+\\}|…", "[^ ]*", re.escape(path))
            is_ours = path.startswith(("/api/", "/sdapi/", "/console/"))
            is_there = any(re.fullmatch(pattern, route) for route in routes)
        else:
            is_ours, is_there = True, "-".join(re.findall(r"[\w-]+", path)) in discord_names()
        if is_ours and not is_there:
            wrong.append(text)
    assert wrong == []


def test_every_file_that_a_command_takes_is_there(page):
    text = "\n".join([*lines(page), *inline(page)])
    files = r"(?<![\w/.-])(?:deploy|docs|tools|tests|bench|requirements)/[\w./@-]*\w|Dockerfile\.\w+"
    named = set(re.findall(files, text))
    # That this one is not there is what is said of it.
    assert {name for name in named if not (ROOT / name).exists()} - {"tests/queue/__init__.py"} == set()
