"""What a command needs is imported when it is called, and a list of commands needs none of it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from zosma_cli import later

#: What takes long to import, and says nothing in a list.
HEAVY = {
    "PIL", "aiohttp", "asyncio", "babel", "discord", "dramatiq", "fluent", "httpx2", "jinja2", "numpy",
    "prometheus_client", "pydantic", "redis", "structlog", "zosma_bot", "zosma_webui", "zosma_worker",
}  # fmt: skip


@pytest.mark.parametrize("arguments", [["--help"], ["worker", "--help"], ["imagine", "--help"], ["nosuch"]])
def test_help_imports_nothing_heavy(arguments):
    code = (
        "import sys\n"
        f"sys.argv = ['zosma', *{arguments}]\n"
        "from zosma_cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('imported:', *sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    imported = set(said.rpartition("imported: ")[2].split())

    assert "zosma_cli" in imported
    # typer itself takes pydantic along as soon as a command is called.
    assert imported & HEAVY <= (set() if arguments == ["--help"] else {"pydantic"})


@pytest.mark.parametrize("name", later.COMMANDS)
def test_each_has_in_the_list_what_it_says_of_itself(name):
    said = later.loaded(name).help
    assert said is not None
    assert later.COMMANDS[name][1] == " ".join(said.split("\n\n")[0].split())
