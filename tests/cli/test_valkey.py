"""The built-in Valkey holds prompts and pictures: nobody else on the machine reads its files or talks to it."""

from __future__ import annotations

import socket
import stat
import subprocess
from urllib.parse import urlsplit

import pytest
import redis

from zosma_cli.valkey import PrivateValkey


@pytest.fixture(name="folder")
def _folder(tmp_path):
    """A folder that an older version has made, for everybody to read."""
    folder = tmp_path / "valkey"
    folder.mkdir()
    folder.chmod(0o755)
    return folder


@pytest.fixture(name="server")
def _server(folder):
    """One with its data on disk."""
    with PrivateValkey(folder) as server:
        yield server


def test_its_data_is_for_its_user_alone(server, folder, tmp_path):
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    with PrivateValkey(tmp_path / "new" / "one", durable=False):
        assert stat.S_IMODE((tmp_path / "new" / "one").stat().st_mode) == 0o700


@pytest.mark.parametrize("login", ["", ":@", ":guessed@", "default:@", "default:password@"])
def test_nobody_is_served_without_its_password(server, login):
    with (
        redis.Redis.from_url(f"redis://{login}127.0.0.1:{urlsplit(server.url).port}/0") as stranger,
        pytest.raises((redis.AuthenticationError, redis.ResponseError), match=r"(?i)auth|invalid username-password"),
    ):
        stranger.get("any")


def test_each_has_a_password_of_its_own_that_outlives_its_restart(server, tmp_path):
    other = PrivateValkey(tmp_path / "other")
    assert urlsplit(other.url).password != urlsplit(server.url).password

    server.kill()
    server.start()
    with redis.Redis.from_url(server.url) as client:
        assert client.ping()


def test_the_process_list_does_not_show_the_password(server):
    password = urlsplit(server.url).password
    listed = subprocess.run(["/bin/ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout

    assert f"127.0.0.1:{urlsplit(server.url).port}" in listed
    assert password not in listed
    # Nor in the moment before it gives itself that name.
    assert password not in " ".join(server._process.args)


def test_it_listens_on_loopback_only(server):
    port = urlsplit(server.url).port
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        pass
    others = {"127.0.0.2", "::1", *(found[4][0] for found in socket.getaddrinfo(socket.gethostname(), None))}

    for address in others - {"127.0.0.1"}:
        with pytest.raises(OSError, match=r"(?i)refused|unreachable|assign|timed out"):
            socket.create_connection((address, port), timeout=1).close()
