"""What a worker may be told, and what it says to nonsense."""

from __future__ import annotations

import re

import pytest
from pydantic import SecretStr

from zosma_queue.errors import SettingsError
from zosma_queue.settings import load
from zosma_worker.main import run
from zosma_worker.settings import WorkerSettings
from zosma_worker.slot import worker_id


@pytest.fixture(name="told")
def _told(monkeypatch):
    """Settings from these variables."""

    def told(**variables: str) -> WorkerSettings:
        for name in ("SD_API_HOST", "SD_API_AUTH", "REDIS_URL", "REDIS_ADDR"):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return load(WorkerSettings, env_file=None)

    return told


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("gpu", "http://gpu:7860"),
        ("gpu:7861", "http://gpu:7861"),
        ("http://gpu:7861/", "http://gpu:7861"),
        ("https://gpu.example/sd/", "https://gpu.example/sd"),
        ("[::1]:7860", "http://[::1]:7860"),
        ("gpu:7860/sdapi/v1", "http://gpu:7860"),
        ("https://gpu.example/sd/sdapi/v1/", "https://gpu.example/sd"),
        ("http://gpu:7860/docs", "http://gpu:7860"),
    ],
)
def test_an_address_may_be_a_host_a_host_and_port_or_a_url(given, url, told):
    assert [address.url for address in told(SD_API_HOST=given).webuis] == [url]


def test_several_addresses_are_separated_by_commas(told):
    settings = told(SD_API_HOST="one:7860, two:7860", SD_API_AUTH="ann:secret")

    assert [address.place for address in settings.webuis] == ["one:7860", "two:7860"]
    assert {address.auth for address in settings.webuis} == {SecretStr("ann:secret")}


@pytest.mark.parametrize("given", ["ftp://gpu", "http://", "gpu:port", "gpu:7860?x=1"])
def test_a_wrong_address_is_named_with_its_fix(given, told):
    with pytest.raises(SettingsError, match=r"SD_API_HOST=.* is wrong: must look like host:7860") as error:
        told(SD_API_HOST=given)

    assert given in str(error.value)


def test_one_webui_twice_is_refused(told):
    with pytest.raises(SettingsError, match=r"names a WebUI twice"):
        told(SD_API_HOST="gpu:7860,http://gpu:7860/")


def test_a_login_in_an_address_is_refused_without_showing_it(told):
    with pytest.raises(SettingsError, match=r"SD_API_AUTH=user:password") as error:
        told(SD_API_HOST="http://ann:hunter2@gpu:7860")

    assert "hunter2" not in str(error.value)


def test_a_login_without_a_colon_is_refused_without_showing_it(told):
    with pytest.raises(SettingsError, match=r"SD_API_AUTH=.hidden. is wrong: must look like user:password") as error:
        told(SD_API_HOST="gpu", SD_API_AUTH="hunter2")

    assert "hunter2" not in str(error.value)


def test_no_repr_shows_the_login(told):
    settings = told(SD_API_HOST="gpu", SD_API_AUTH="ann:hunter2")

    assert "hunter2" not in f"{settings!r} {settings.webuis!r}"


def test_without_a_webui_the_worker_says_what_to_set(told):
    with pytest.raises(SettingsError, match=r"SD_API_HOST is not set: .*SD_API_HOST=localhost:7860"):
        run(told(REDIS_URL="redis://localhost"))


def test_without_a_redis_the_worker_says_what_to_set(told):
    with pytest.raises(SettingsError, match=r"REDIS_URL is not set: .*REDIS_URL=redis://host:6379/0"):
        run(told(SD_API_HOST="gpu"))


def test_a_workers_name_says_where_it_is_and_which_webui_it_drives(told):
    host, place, tail = worker_id(told(SD_API_HOST="gpu:7860").webuis[0]).split("/")

    assert host
    assert (place, len(tail)) == ("gpu:7860", 4)


def test_what_a_worker_is_told_about_its_manners(told):
    usual = told()
    settings = told(SD_GRACE_S="20.5", SD_BENCHMARK="OFF", SD_RESTART_COMMAND="systemctl --user restart 'a webui'")

    assert (settings.grace_s, settings.benchmark) == (20.5, False)
    assert settings.restart_command == ("systemctl", "--user", "restart", "a webui")
    assert (usual.grace_s, usual.benchmark, usual.restart_command) == (300.0, True, ())


@pytest.mark.parametrize(
    ("name", "value", "fix"),
    [
        ("SD_GRACE_S", "-1", "must be a number of seconds from 0"),
        ("SD_GRACE_S", "5min", "must be a number of seconds from 0"),
        ("SD_GRACE_S", "nan", "must be a number of seconds from 0"),
        ("SD_BENCHMARK", "maybe", "must be on or off"),
        ("SD_RESTART_COMMAND", "sh -c 'x", "has a quotation mark without its partner"),
    ],
)
def test_a_wrong_manner_is_told_with_its_fix(told, name, value, fix):
    with pytest.raises(SettingsError, match=f"^{name}={re.escape(repr(value))} is wrong: {fix}"):
        told(**{name: value})


def test_a_restart_command_is_for_one_webui(told):
    with pytest.raises(SettingsError, match="run a worker for each"):
        told(SD_API_HOST="a,b", SD_RESTART_COMMAND="restart")
