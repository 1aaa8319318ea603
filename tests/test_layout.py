"""What the project's files promise, beyond what any one module does."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
PINNED = re.compile(r"^([a-z0-9_.-]+)==", re.MULTILINE)


def pinned(name: str) -> set[str]:
    """The packages in one of the images' requirement files."""
    return set(PINNED.findall((ROOT / "requirements" / f"{name}.txt").read_text("utf-8")))


@pytest.mark.parametrize("folder", ["queue", "tests/queue"])
def test_nothing_shadows_the_standard_librarys_queue(folder):
    assert not (ROOT / folder / "__init__.py").exists()


def test_the_standard_librarys_queue_wins_from_the_projects_own_folder():
    found = subprocess.run(
        [sys.executable, "-c", "import queue; print(queue.SimpleQueue)"], cwd=ROOT, capture_output=True, check=True
    )
    assert b"SimpleQueue" in found.stdout


def test_a_workers_image_installs_no_discord_library():
    assert "discord-py" in pinned("webserver")
    assert "discord-py" not in pinned("workershim")


def names_of(requirements: list[str]) -> set[str]:
    """The packages' names alone, as requirement files write them."""
    return {re.split(r"[<>=\[; ]", one, maxsplit=1)[0].lower().replace(".", "-") for one in requirements}


@pytest.mark.parametrize(
    ("image", "group"),
    [("webserver", "image-bot"), ("workershim", "image-worker"), ("traces", "image-traces"), ("build", "build")],
)
def test_the_images_pin_everything_that_the_project_declares_for_them(image, group):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    groups = project["dependency-groups"]
    base = groups["image-base"] if {"include-group": "image-base"} in groups[group] else []
    names = names_of([one for one in [*groups[group], *base] if isinstance(one, str)])

    assert names <= pinned(image)
    # Bounds stand in one place.
    if image != "build":
        extras = project["project"]["optional-dependencies"].values()
        assert names <= names_of([*project["project"]["dependencies"], *itertools.chain(*extras)])
        assert not [one for one in [*groups[group], *base] if set(one) & set("<>=")]
    text = (ROOT / "requirements" / f"{image}.txt").read_text("utf-8")
    assert "://" not in text
    assert text.count("--hash=sha256:") >= len(pinned(image))


@pytest.mark.parametrize("image", ["webserver", "workershim"])
def test_an_image_says_what_it_is_and_runs_as_nobody_in_particular(image):
    last = (ROOT / f"Dockerfile.{image}").read_text("utf-8").rpartition("\nFROM ")[2]
    labels = re.findall(r'org\.opencontainers\.image\.(\w+)="(.+?)"', last)

    assert {name for name, _ in labels} == {"title", "description", "licenses", "url", "version"}
    assert ("version", "${VERSION}") in labels
    assert re.search(r"^USER zosma$", last, re.MULTILINE)


@pytest.mark.parametrize("image", ["webserver", "workershim"])
def test_an_image_copies_only_what_the_ignore_file_lets_through(image):
    dockerfile = (ROOT / f"Dockerfile.{image}").read_text("utf-8")
    sources = {
        word for line in re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE) for word in line.split()
    }
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}

    assert {source.split("/")[0] for source in sources} <= allowed
    assert all((ROOT / source).exists() for source in sources)


def test_the_worker_imports_neither_the_bot_nor_discord():
    code = (
        "import sys, zosma_worker.main, zosma_worker.settings, zosma_cli.main;"
        "unwanted = {'discord', 'zosma_bot', 'zosma_webui', 'numpy'};"
        "print([name for name in sys.modules if name.split('.')[0] in unwanted])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": ""}
    )
    assert found.stdout.strip() == "[]"


def test_the_example_file_names_every_setting():
    from zosma_bot.settings import BotSettings
    from zosma_cli.up import UpSettings
    from zosma_queue.settings import aliases_of
    from zosma_worker.settings import WorkerSettings

    example = (ROOT / ".env.example").read_text("utf-8")
    variables = {
        alias
        for settings in (BotSettings, WorkerSettings, UpSettings)
        for field in settings.model_fields.values()
        for alias in aliases_of(field.validation_alias)
    }
    assert {name for name in variables if name not in example} == {"BOT_TOKEN"}


def test_the_example_file_sets_nothing_that_docker_would_read_otherwise_or_an_image_sets():
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    sets = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))

    assert sets == {"DISCORD_TOKEN": "", "DISCORD_GUILD_ID": ""}
    possible = [line.removeprefix("#") for line in lines if re.match(r"#[A-Z_]+=", line)]
    assert len(possible) > 20
    assert not [line for line in possible if " #" in line]


def test_make_help_names_every_target_and_the_commit_hooks_call_some_of_them():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^\.PHONY: (\S+)$", makefile, re.MULTILINE))
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"][0]["hooks"]

    assert targets == set(re.findall(r"^([a-z-]+):.*## \S", makefile, re.MULTILINE))
    assert targets == set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    assert {hook["entry"] for hook in hooks} <= {f"make {target}" for target in targets}
    assert {hook["id"] for hook in hooks} == {"lint", "imports", "types"}


def test_a_bug_reports_form_asks_for_what_the_doctor_says():
    form = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/bug.yml").read_text("utf-8"))
    required = [field["id"] for field in form["body"] if field.get("validations", {}).get("required")]

    assert {"what", "doctor", "version"} <= set(required)


def test_every_test_that_the_security_page_names_is_there():
    named = set(re.findall(r"`(?:tests/[a-z_/]+/)?(test_[a-z0-9_]+\.py)`", (ROOT / "SECURITY.md").read_text("utf-8")))

    assert len(named) > 10
    assert named <= {path.name for path in (ROOT / "tests").rglob("test_*.py")}
