"""The documentation: its pages are what the code is, its site is whole by itself, and what it tells to type works."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt
from PIL import Image
from playwright.sync_api import sync_playwright

import reference
from loopback.chromium import CHROMIUM, MISSING
from zosma_cli.doctor.settings_check import _OTHERS, kinds, known_names
from zosma_cli.processes import free_port

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
#: What people read elsewhere first.
ALL = [*PAGES, ROOT / "README.md", ROOT / "client/README.md"]
WAIT_S = 90


def name_of(page):
    """For the names of tests."""
    return page.relative_to(ROOT).with_suffix("").as_posix().removeprefix("docs/")


def blocks(page, *languages):
    """The fenced blocks of a page in these languages, in their order, as (language, text)."""
    tokens = MarkdownIt().parse(page.read_text("utf-8"))
    return [(token.info, token.content) for token in tokens if token.type == "fence" and token.info in languages]


@pytest.mark.parametrize("name", reference.PAGES)
def test_the_pages_of_settings_and_commands_are_what_the_code_says(name):
    assert (DOCS / name).read_text("utf-8") == reference.PAGES[name](), "make reference"


def test_every_variable_that_means_something_is_on_the_page_of_settings():
    assert set(reference.OTHERS) == _OTHERS
    page = (DOCS / "settings.md").read_text("utf-8")
    assert [name for name in known_names(kinds()) if f"`{name}`" not in page] == []


@pytest.mark.parametrize("page", [page for page in ALL if blocks(page, "ini", "json")], ids=name_of)
def test_settings_and_json_on_a_page_can_be_read(page):
    known = known_names(kinds())
    for language, text in blocks(page, "ini", "json"):
        if language == "json":
            json.loads(text)
        else:
            names = [line.partition("=")[0] for line in text.splitlines() if line and not line.startswith("#")]
            assert names
            assert [name for name in names if name not in known] == []


# -- the site -------------------------------------------------------------------------------------------------------


class Seen(HTMLParser):
    """What a page links to, loads and has, and its pictures without words."""

    def __init__(self, text):
        super().__init__()
        self.links, self.loads, self.ids, self.wordless = [], [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """A tag."""
        given = dict(attrs)
        if "id" in given:
            self.ids.add(given["id"])
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag in ("img", "script", "iframe", "source") and given.get("src"):
            self.loads.append(given["src"])
            if tag == "img" and not given.get("alt"):
                self.wordless.append(given["src"])
        elif tag == "link" and given.get("rel") not in ("index", "search", "next", "prev", "canonical"):
            self.loads.append(given["href"])


@pytest.fixture(scope="module", name="site")
def _site(tmp_path_factory):
    """The folder of the site, built as `make docs` builds it: any warning ends that."""
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-E", "-W", "-n", "-b", "html", str(DOCS), str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture(scope="module", name="seen")
def _seen(site):
    return {path.name: Seen(path.read_text("utf-8")) for path in site.glob("*.html")}


def test_nothing_on_the_site_comes_from_another_host(site, seen):
    assert len(seen) > len(PAGES)
    for name, page in seen.items():
        for load in page.loads:
            parts = urlsplit(load)
            assert (parts.scheme, parts.netloc) == ("", ""), f"{name} loads {load}"
            assert (site / unquote(parts.path)).exists(), f"{name} loads {load}, which is not there"
    styles = "".join(path.read_text("utf-8") for path in site.rglob("*.css"))
    assert re.findall(r"(?:url\(\s*[\"']?|@import\s+[\"'])(?:https?:)?//", styles) == []


def test_every_link_leads_to_a_page_and_a_place_on_it(seen):
    for name, page in seen.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme in ("http", "https", "mailto") or not (parts.path or parts.fragment):
                continue
            target = unquote(parts.path) or name
            if target.endswith(".html"):
                assert target in seen, f"{name}: {link}"
                # The page of the search fills itself in by script.
                if parts.fragment:
                    assert unquote(parts.fragment) in seen[target].ids, f"{name}: {link}"


def test_every_picture_has_words(seen):
    assert {name: page.wordless for name, page in seen.items() if page.wordless} == {}


def test_every_page_is_one_press_away_from_every_other(seen):
    pages = {f"{path.stem}.html" for path in PAGES}
    for name in pages:
        assert pages - {name} <= {urlsplit(link).path for link in seen[name].links}, name


def test_every_page_fits_a_phone(site):
    if CHROMIUM is None:
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        window = browser.new_page(viewport={"width": 390, "height": 844})
        wide = {}
        for path in PAGES:
            window.goto((site / f"{path.stem}.html").as_uri(), wait_until="domcontentloaded")
            width = window.evaluate("document.documentElement.scrollWidth")
            if width > 390:
                wide[path.stem] = width
        browser.close()
    assert wide == {}


# -- what it tells to type ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", name="server")
def _server(tmp_path_factory):
    """`zosma up`, with which the quick start begins: its address, an environment for commands, and what has run."""
    folder = tmp_path_factory.mktemp("up")
    port = free_port()
    ours = ("REDIS_", "DISCORD_", "ZOSMA_", "SD_", "BOT_TOKEN")
    env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    env |= {"PATH": f"{Path(sys.executable).parent}:{env['PATH']}", "COLUMNS": "120"}
    settings = {"ZOSMA_PORT": str(port), "ZOSMA_DATA_DIR": str(folder / "data")}
    up = subprocess.Popen(
        [sys.executable, "-m", "zosma_cli", "up"], cwd=folder, env=env | settings, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        said = []
        for line in up.stdout:
            said.append(line)
            if "Ready:" in line:
                break
        else:
            pytest.fail("".join(said))
        ours = {"ZOSMA_SERVER": f"http://127.0.0.1:{port}", "KEY": "any-key-will-do-here"}
        yield f"127.0.0.1:{port}", env | ours, set()
    finally:
        up.terminate()
        up.communicate(timeout=WAIT_S)


#: What a block's lines suppose, where they don't say it themselves.
GIVEN = {
    "http-api": "import time; from zosma_bot.webhooks import signature\n"
    "secret, body = 'sixteen-letters-1', b'{}'; header = signature(secret, int(time.time()), body)\n"
}
#: A refusal ends a block. A stream, to which a reader would go on listening, is heard for two seconds.
CURL = """
curl() {
    if [[ " $* " != *" -N "* ]]; then command curl --fail-with-body "$@"; return; fi
    told=$(command curl --fail-with-body --max-time 2 "$@") || [[ $? = 28 && -n $told ]]
}
"""


@pytest.mark.parametrize("page", [page for page in ALL if blocks(page, "bash", "python")], ids=name_of)
def test_what_a_page_tells_to_run_works_as_it_is_written(page, server, tmp_path):
    address, env, ran = server
    for name in ("sketch.png", "cat.png"):
        Image.new("RGB", (512, 512), "teal").save(tmp_path / name)
    for language, text in blocks(page, "bash", "python"):
        # What differs here: the port, and that this server asks for no key.
        code = re.sub(r"(localhost|127\.0\.0\.1):1324", address, text).replace(', key="zosma_…"', "")
        code = code.replace("uv run zosma", "zosma")
        if code in ran:  # the same lines on another page
            continue
        ran.add(code)
        if language == "bash":
            command = ["bash", "-euo", "pipefail", "-c", CURL + code]
        else:
            command = [sys.executable, "-c", GIVEN.get(page.stem, "") + code]
        done = subprocess.run(
            command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=WAIT_S
        )
        assert done.returncode == 0, f"{text}\n{done.stdout[-2000:]}\n{done.stderr}"
    # The next page begins with no limits and no rules.
    told = "".join(text for _, text in blocks(page, "bash"))
    for set_by, drop in (("zosma queue limits", "queue limits default --drop"), ("zosma rules", "rules --clear")):
        if set_by in told:
            command = [sys.executable, "-m", "zosma_cli", *drop.split()]
            subprocess.run(command, cwd=tmp_path, env=env, check=True, capture_output=True)


def test_the_pages_that_are_followed_word_for_word_have_something_to_run():
    assert {name_of(page) for page in ALL if blocks(page, "bash", "python")} >= {
        "README", "client", "client/README", "fairness", "http-api", "quick-start",
    }  # fmt: skip
