"""`make release` and `make licences`: what they would let pass, and what not."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

import licences
import release

ROOT = Path(__file__).parent.parent
GOOD = "# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2026-12-01\n\n### Added\n\n- A thing.\n"


def test_a_changelog_whose_newest_section_is_this_version_is_good():
    assert release.changelog(GOOD, "1.2.0") == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD.replace("[Unreleased]\n", "[Unreleased]\n\n- Forgotten.\n"), "move what stands under [Unreleased]"),
        (GOOD.replace("1.2.0", "1.1.0"), "it must be [1.2.0] - <date>"),
        (GOOD.replace(" - 2026-12-01", ""), "it must be [1.2.0] - <date>"),
        (GOOD.replace("- A thing.\n", ""), "says nothing of 1.2.0"),
        ("# Changelog\n", "must begin with ## [Unreleased]"),
    ],
)
def test_what_a_changelog_lacks_is_named(text, says):
    [found] = release.changelog(text, "1.2.0")

    assert says in found


@pytest.fixture(name="repository")
def _repository(tmp_path):
    def git(*words):
        identity = ("-c", "user.name=ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false")
        release.run("git", *identity, *words, cwd=tmp_path)

    git("init", "--quiet")
    git("commit", "--quiet", "--allow-empty", "-m", "first")
    return tmp_path, git


def test_a_release_is_a_commit_with_its_tag(repository):
    folder, git = repository
    assert release.git(folder, "1.2.0") == ["no tag here: git tag -a v1.2.0 -m 'Zosma 1.2.0'"]
    git("tag", "v1.2.0")
    assert release.git(folder, "1.2.0") == []

    (folder / "new").write_text("")
    assert release.git(folder, "1.2.0") == ["there are uncommitted changes: commit them, a release is a commit"]
    git("add", "new")
    git("commit", "--quiet", "-m", "second")
    assert release.git(folder, "1.2.0") == ["v1.2.0 is another commit: raise __version__ in client/zosma/version.py"]


def test_a_wheel_that_lacks_or_brings_a_package_is_not_released(tmp_path):
    file = tmp_path / "zosma_client-1.2.0-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as content:
        content.writestr("zosma/__init__.py", "")
        content.writestr("tests/test_it.py", "")
        content.writestr("zosma_client-1.2.0.dist-info/METADATA", "")

    assert release.wheel(file, "1.2.0", {"zosma", "tests"}) == []
    assert release.wheel(file, "1.3.0", {"zosma"}, ("zosma/py.typed",)) == [
        f"{file.name} lacks zosma/py.typed",
        f"{file.name} has the packages ['tests', 'zosma'] and should have ['zosma']",
        f"{file.name} is not 1.3.0: is client/zosma/version.py what was built?",
    ]


def test_an_sbom_and_an_images_pins_must_be_the_same():
    pins = "redis==8.1.0 \\\n    --hash=sha256:0\nrich==15.0.0 ; python_version < '4' \\\n"
    parts = '{"purl": "pkg:pypi/redis@8.1.0"}, {"purl": "pkg:pypi/rich@14.0.0"}'

    assert release.sbom(parts, pins) == [
        "rich 14.0.0 is in one of image and SBOM alone: make sbom",
        "rich 15.0.0 is in one of image and SBOM alone: make sbom",
    ]


def test_the_chart_installs_this_version():
    assert release.chart(ROOT, release.VERSION) == []
    assert release.chart(ROOT, "9.9.9") == [
        f"deploy/helm/zosma/Chart.yaml: appVersion is {release.VERSION!r}, it must be '9.9.9'"
    ]


def test_every_file_that_a_wheel_must_bring_is_one_of_the_sources():
    folders = [folder for folder in ROOT.iterdir() if folder.is_dir()]
    assert [name for name in release._DATA if not any((folder / name).exists() for folder in folders)] == []


def test_the_version_stands_in_one_place():
    said = [
        name
        for name in ("pyproject.toml", "client/pyproject.toml")
        if re.search(r'^version = "', (ROOT / name).read_text("utf-8"), re.MULTILINE)
    ]
    assert said == []


def test_every_dependency_has_a_licence_that_somebody_has_looked_at_and_the_page_names_it():
    found = licences.licences_of(licences.installed_with("zosma", "s3", "traces"))

    assert {"dramatiq", "discord.py", "numpy", "yarl"} <= set(found)
    assert licences.not_allowed(found) == {}
    rows = licences.PAGE.read_text("utf-8").splitlines()
    assert [row for row in licences.page(found).splitlines() if row not in rows] == [], "make licences"


def test_a_strange_licence_is_not_let_pass():
    told = {"a": "MIT", "b": "AGPL-3.0", "c": "UNKNOWN", "d": "Apache-2.0 AND SSPL-1.0"}

    assert set(licences.not_allowed(told)) == {"b", "c", "d"}
