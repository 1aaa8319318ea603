"""Is this checkout fit to be released? `make release` asks, builds into dist/, and publishes nothing.

Each check returns what is wrong in lines that say what to do; an empty list means that all is well.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from zosma import __version__ as VERSION

ROOT = Path(__file__).parent.parent
#: Image → its dependency group in pyproject.toml.
IMAGES = {"webserver": "image-bot", "workershim": "image-worker"}
#: What the wheel of the whole system must bring besides Python files: one of each kind that would be missed only later.
_DATA = (
    "zosma/py.typed",
    "zosma_queue/lua/enqueue.lua",
    "zosma_bot/discord/ui/locale/de/job.ftl",
    "zosma_bot/console/templates/base.html",
    "zosma_bot/console/static/console.js",
    "zosma_worker/comfyui/workflows/sdxl.json",
)
_PACKAGES = {"zosma", "zosma_bot", "zosma_cli", "zosma_queue", "zosma_webui", "zosma_worker"}


def changelog(text: str, version: str) -> list[str]:
    """The newest section is this version's, dated, and says something; nothing is left under Unreleased."""
    sections = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    if len(sections) < 2 or not sections[0].startswith("[Unreleased]"):
        return [f"CHANGELOG.md must begin with ## [Unreleased], then ## [{version}] - <date>"]
    found = []
    if "\n- " in sections[0]:
        found.append(f"CHANGELOG.md: move what stands under [Unreleased] to ## [{version}] - <date>")
    head, _, body = sections[1].partition("\n")
    if not re.fullmatch(rf"\[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d", head):
        found.append(f"CHANGELOG.md: its newest version reads {head!r}, it must be [{version}] - <date>")
    elif "\n- " not in f"\n{body}":
        found.append(f"CHANGELOG.md says nothing of {version}")
    return found


def git(root: Path, version: str) -> list[str]:
    """Nothing is uncommitted, and the tag of this version is on this commit."""
    found = []
    if _git(root, "status", "--porcelain"):
        found.append("there are uncommitted changes: commit them, a release is a commit")
    tagged = _git(root, "tag", "--points-at", "HEAD").split()
    if f"v{version}" not in tagged:
        elsewhere = _git(root, "tag", "--list", f"v{version}")
        found.append(
            f"v{version} is another commit: raise __version__ in client/zosma/version.py"
            if elsewhere
            else f"no tag here: git tag -a v{version} -m 'Zosma {version}'"
        )
    return found


def chart(root: Path, version: str) -> list[str]:
    """The Helm chart installs this version's images."""
    told = yaml.safe_load((root / "deploy/helm/zosma/Chart.yaml").read_text("utf-8"))["appVersion"]
    return [] if told == version else [f"deploy/helm/zosma/Chart.yaml: appVersion is {told!r}, it must be {version!r}"]


def wheel(file: Path, version: str, packages: set[str], data: tuple[str, ...] = ()) -> list[str]:
    """A wheel has the packages that it should and no others, all their data, and this version."""
    with zipfile.ZipFile(file) as content:
        names = set(content.namelist())
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    found = [f"{file.name} lacks {name}" for name in data if name not in names]
    if tops != packages:
        found.append(f"{file.name} has the packages {sorted(tops)} and should have {sorted(packages)}")
    if f"-{version}-" not in file.name:
        found.append(f"{file.name} is not {version}: is client/zosma/version.py what was built?")
    return found


def pins(root: Path) -> list[str]:
    """The images' requirement files are what `make requirements` would write."""
    found = []
    for name, group in {**IMAGES, "traces": "image-traces", "build": "build"}.items():
        with tempfile.TemporaryDirectory() as folder:
            fresh = Path(folder) / "requirements.txt"
            run(
                "uv", "export", "--quiet", "--no-annotate", "--no-header", "--only-group", group,
                "--output-file", str(fresh), cwd=root,
            )  # fmt: skip
            if fresh.read_text("utf-8") != (root / "requirements" / f"{name}.txt").read_text("utf-8"):
                found.append(f"requirements/{name}.txt is old: make requirements")
    return found


def sbom(text: str, requirements: str) -> list[str]:
    """An image's list of parts has each pinned package in its version, and no other."""
    pinned = set(re.findall(r"^([a-z0-9_.-]+)==([^\s;\\]+)", requirements, re.MULTILINE))
    listed = set(re.findall(r"pkg:pypi/([a-z0-9_.-]+)@([^\"?&]+)", text)) - {("zosma", VERSION)}
    return [
        f"{name} {version} is in one of image and SBOM alone: make sbom" for name, version in sorted(pinned ^ listed)
    ]


def all_of_it(root: Path) -> Iterator[tuple[str, list[str]]]:
    """(what was looked at, what is wrong with it), one after the other. Builds wheels and SBOMs into dist/."""
    yield "changelog", changelog((root / "CHANGELOG.md").read_text("utf-8"), VERSION)
    yield "commit and tag", git(root, VERSION)
    yield "chart", chart(root, VERSION)
    yield "images' pins", pins(root)
    dist = root / "dist"
    for old in dist.glob("zosma*"):
        old.unlink()
    for folder in (root, root / "client"):
        run(sys.executable, "-m", "hatchling", "build", "-d", str(dist), cwd=folder)
    [whole], [client] = dist.glob("zosma-*.whl"), dist.glob("zosma_client-*.whl")
    yield whole.name, wheel(whole, VERSION, _PACKAGES, _DATA)
    yield client.name, wheel(client, VERSION, {"zosma"}, ("zosma/py.typed",))
    run("make", "sbom", cwd=root)
    for image in IMAGES:
        text = (dist / f"zosma-sd-{image}.cdx.json").read_text("utf-8")
        yield f"SBOM of {image}", sbom(text, (root / f"requirements/{image}.txt").read_text("utf-8"))


def run(*words: str, cwd: Path) -> str:
    """What a program prints; ends ours when it fails."""
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout.strip()


def _git(root: Path, *words: str) -> str:
    return run("git", *words, cwd=root)


def main() -> int:
    """Prints a line for each check; 1 when something is wrong."""
    wrong = 0
    for what, found in all_of_it(ROOT):
        print(f"{'✗' if found else '✓'} {what}")
        for line in found:
            print(f"    {line}")
        wrong += len(found)
    print(f"Not fit for release: {wrong} to mend." if wrong else f"Zosma {VERSION} is fit for release: see dist/.")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
