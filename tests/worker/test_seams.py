"""What holds a worker's parts apart: A1111's API is known in one folder only."""

from importlib import resources
from pathlib import Path


def _knows_the_api(folder: Path) -> set[str]:
    modules = folder.rglob("*.py")
    return {module.relative_to(folder).parts[0] for module in modules if "/sdapi" in module.read_text("utf-8")}


def test_no_path_of_the_webuis_api_is_named_outside_its_folder():
    with resources.as_file(resources.files("zosma_worker")) as folder:
        assert _knows_the_api(folder) == {"webui"}


def test_a_path_named_elsewhere_is_found(tmp_path):
    (tmp_path / "drive.py").write_text('await client.get("/sdapi/v1/options")')
    assert _knows_the_api(tmp_path) == {"drive.py"}
