"""Settings: from the environment and .env, refused in one line that names variable, value and fix."""

from __future__ import annotations

import os
import traceback
from urllib.parse import urlsplit

import pytest

from zosma_bot.settings import BotSettings
from zosma_queue.connections import check_login
from zosma_queue.errors import SettingsError
from zosma_queue.hosts import say_if_inside
from zosma_queue.settings import Settings, address_of, load, read


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch, tmp_path):
    for name in os.environ:
        if name.startswith(("REDIS_", "DISCORD_", "ZOSMA_", "SD_API_", "BOT_TOKEN")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(name="locked")
def _locked(raw, valkey):
    """host:port of a Redis that asks for a password."""
    raw.ping()  # this connection stays logged in
    raw.config_set("requirepass", "right")
    its = urlsplit(valkey.url)
    yield its.netloc.rpartition("@")[2]
    raw.config_set("requirepass", its.password)


def test_the_go_systems_names_stay_valid(monkeypatch):
    monkeypatch.setenv("REDIS_ADDR", "redis:6379")
    monkeypatch.setenv("REDIS_PASSWORD", "p@ss/word")
    monkeypatch.setenv("BOT_TOKEN", "token")

    settings = load(BotSettings)

    assert settings.redis == "redis://:p%40ss%2Fword@redis:6379/0"
    assert settings.discord_token.get_secret_value() == "token"


def test_the_environment_wins_over_the_file_and_empty_counts_as_not_set(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("ZOSMA_PORT=1\nZOSMA_HOST=localhost\nDISCORD_TOKEN=from-file\n")
    monkeypatch.setenv("ZOSMA_PORT", "2")
    monkeypatch.setenv("DISCORD_TOKEN", "")

    settings = load(BotSettings)

    assert (settings.port, settings.host, settings.discord_token) == (2, "localhost", None)


@pytest.mark.parametrize("written", ['"token"', "'token'", "token\r", "  token ", '"token"\r'])
def test_a_variable_that_docker_read_from_a_file_has_neither_its_quotes_nor_its_line_end(monkeypatch, written):
    monkeypatch.setenv("DISCORD_TOKEN", written)
    monkeypatch.setenv("REDIS_PASSWORD", "it's")

    settings = load(BotSettings)

    assert settings.discord_token.get_secret_value() == "token"
    assert settings.redis_password.get_secret_value() == "it's"


@pytest.mark.parametrize(
    "written",
    [b"\xef\xbb\xbfZOSMA_PORT=2\r\nDISCORD_TOKEN='token'\r\n", b"export ZOSMA_PORT=2\nDISCORD_TOKEN = token  # mine\n"],
)
def test_a_file_that_an_editor_on_windows_wrote_is_read(tmp_path, written):
    (tmp_path / ".env").write_bytes(written)

    settings = load(BotSettings)

    assert (settings.port, settings.discord_token.get_secret_value()) == (2, "token")


def test_a_file_that_is_no_text_is_named(tmp_path):
    (tmp_path / ".env").write_text("ZOSMA_PORT=2", "utf-16")

    with pytest.raises(SettingsError, match=r"^\.env is not UTF-8: save it with that encoding$"):
        load(BotSettings)


@pytest.mark.parametrize(
    "written",
    ['DISCORD_TOKEN="abc', "DISCORD_TOKEN='abc'x", "DISCORD_TOKEN: abc", "set DISCORD_TOKEN=abc",
     '$env:DISCORD_TOKEN="abc"', "DISCORD_TOKEN"],
)  # fmt: skip
def test_a_line_that_would_be_passed_over_ends_the_start_by_its_number_without_what_it_holds(tmp_path, written):
    (tmp_path / ".env").write_text(f"# mine\n\n{written}\n")

    with pytest.raises(SettingsError) as wrong:
        load(BotSettings)

    assert str(wrong.value).startswith(".env, line 3 can't be read: write NAME=value, with quotation marks in pairs")
    assert "abc" not in str(wrong.value)


@pytest.mark.parametrize("written", ['"to.ken\n"', '" to.ken "', "to.ken\t"])
def test_what_stands_around_a_token_is_no_part_of_it(tmp_path, written):
    (tmp_path / ".env").write_text(f"DISCORD_TOKEN={written}\n")

    assert load(BotSettings).discord_token.get_secret_value() == "to.ken"


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ('"to\nken"', "must be one word without spaces or line breaks"),
        ("Bot token", "must be one word"),
        ("<token>", "no quotation marks or < > around it"),
        ("“token”", "no quotation marks or < > around it"),
        ("to\x00ken", "as the Developer Portal shows it once"),
    ],
)
def test_a_token_that_can_be_none_is_told_without_it(tmp_path, written, says):
    (tmp_path / ".env").write_text(f"DISCORD_TOKEN={written}\n")

    with pytest.raises(SettingsError) as wrong:
        load(BotSettings)
    assert str(wrong.value).startswith("DISCORD_TOKEN=(hidden) is wrong: ")
    assert says in str(wrong.value)
    assert "\n" not in str(wrong.value)


def test_all_that_is_wrong_can_be_asked_for():
    found = read(
        BotSettings, {"ZOSMA_PORT": "x", "DISCORD_TOKEN": "to ken", "ZOSMA_HOST": "http://gpu-box:1324/", "A": "b"}
    )

    assert [str(error).partition(" is wrong")[0] for error in found] == [
        "DISCORD_TOKEN=(hidden)",
        "ZOSMA_HOST='http://gpu-box:1324/'",
        "ZOSMA_PORT='x'",
    ]


@pytest.mark.parametrize("url", ["http://127.0.0.1:7860", "http://localhost:7860/forge", "redis://[::1]:6379/0"])
def test_an_address_that_leads_to_the_container_itself_is_said(monkeypatch, caplog, url):
    say_if_inside("SD_API_HOST", url)
    assert not caplog.text

    monkeypatch.setenv("ZOSMA_IMAGE", "workershim")
    say_if_inside("SD_API_HOST", "http://gpu-box:7860")
    assert not caplog.text

    say_if_inside("SD_API_HOST", url)
    assert f"SD_API_HOST leads to {url}, which in a container is the container itself" in caplog.text
    assert "host.docker.internal" in caplog.text


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("REDIS_URL", "http://x", "REDIS_URL=(hidden) is wrong: must look like redis://:password@host:6379/0"),
        ("REDIS_URL", "redis://:hunt/er2@h:1/0", "REDIS_URL=(hidden) is wrong: must look like redis://:password@"),
        ("REDIS_URL", "redis://:hunt#er2@h:1/0", "REDIS_URL=(hidden) is wrong"),
        ("REDIS_URL", "redis://h:abc", "REDIS_URL=(hidden) is wrong"),
        ("REDIS_URL", "redis://h/notadb", "REDIS_URL=(hidden) is wrong"),
        ("REDIS_URL", "redis://", "REDIS_URL=(hidden) is wrong"),
        ("REDIS_ADDR", "host:port", "REDIS_ADDR='host:port' is wrong: must look like host:6379"),
        ("ZOSMA_PUBLIC_URL", "pictures.example", "ZOSMA_PUBLIC_URL='pictures.example' is wrong"),
        ("ZOSMA_PUBLIC_URL", "https://", "ZOSMA_PUBLIC_URL='https://' is wrong"),
        ("ZOSMA_PUBLIC_URL", "https://x.example/?a=b", "must have no user"),
        ("ZOSMA_PUBLIC_URL", "https://x.example/a b", "is wrong"),
        ("ZOSMA_PUBLIC_URL", "https://x.example:port", "is wrong"),
        ("ZOSMA_CLASSIFIER_URL", "ftp://x.example", "ZOSMA_CLASSIFIER_URL='ftp://x.example' is wrong"),
        ("DISCORD_REQUESTS_PER_S", "0", "DISCORD_REQUESTS_PER_S='0' is wrong"),
        ("ZOSMA_PICTURES_MAX", "much", "ZOSMA_PICTURES_MAX='much' is wrong: must be a number of kb, mb or gb"),
        ("ZOSMA_PICTURES_MAX", "0mb", "ZOSMA_PICTURES_MAX='0mb' is wrong"),
        ("ZOSMA_PICTURES_MAX", "500", "ZOSMA_PICTURES_MAX='500' is wrong"),
        ("ZOSMA_PORT", "70000", "ZOSMA_PORT='70000' is wrong: must be a whole number from 0 to 65535"),
        ("ZOSMA_PORT", "web", "ZOSMA_PORT='web' is wrong: must be a whole number from 0 to 65535"),
        ("ZOSMA_GRID", "maybe", "ZOSMA_GRID='maybe' is wrong: must be on or off"),
        ("ZOSMA_HOST", "127.0.0.1:1324", "must be an address to listen on, like 127.0.0.1 or 0.0.0.0; the port is"),
        ("REDIS_ADDR", "host:6379/0", "REDIS_ADDR='host:6379/0' is wrong: must look like host:6379"),
        ("DISCORD_GUILD_ID", "my server", "DISCORD_GUILD_ID='my server' is wrong: must be a server's id: switch on"),
        ("DISCORD_API_URL", "discord.com", "DISCORD_API_URL='discord.com' is wrong: must look like http://"),
        ("DISCORD_API_URL", "http://", "DISCORD_API_URL='http://' is wrong: must look like http://"),
        ("DISCORD_API_URL", "http://host:port", "DISCORD_API_URL='http://host:port' is wrong"),
        ("DISCORD_GATEWAY_URL", "ws://", "DISCORD_GATEWAY_URL='ws://' is wrong: must look like ws://"),
        ("DISCORD_GATEWAY_URL", "http://x", "DISCORD_GATEWAY_URL='http://x' is wrong: must look like ws://"),
        ("ZOSMA_WAIT_FOR_GPU", "forever", "ZOSMA_WAIT_FOR_GPU='forever' is wrong: must be off, or a number with s, m,"),
        ("ZOSMA_WAIT_FOR_GPU", "0h", "ZOSMA_WAIT_FOR_GPU='0h' is wrong"),
        ("ZOSMA_WAIT_FOR_GPU", "31d", "ZOSMA_WAIT_FOR_GPU='31d' is wrong: must be a span to 30d"),
        ("ZOSMA_IDLE_AFTER", "10s", "ZOSMA_IDLE_AFTER='10s' is wrong: must be a span from 1m to 30d"),
        ("ZOSMA_WAKE_COMMAND", "wake 'gpu", 'ZOSMA_WAKE_COMMAND="wake \'gpu" is wrong: has a quotation mark without'),
        ("ZOSMA_WAKE_WEBHOOK", "gpu-box", "ZOSMA_WAKE_WEBHOOK='gpu-box' is wrong: must look like https://"),
        ("ZOSMA_IDLE_WEBHOOK", "http://gpu/", "ZOSMA_IDLE_WEBHOOK needs ZOSMA_WEBHOOK_SECRET"),
        ("ZOSMA_API_KEYS", "justakey", "ZOSMA_API_KEYS=(hidden) is wrong: entry 1 must look like name:key"),
        ("ZOSMA_API_KEYS", "ann:k,bob:k", "ZOSMA_API_KEYS=(hidden) is wrong: ann and bob have the same key"),
        (
            "ZOSMA_API_KEYS",
            "ann:long-random-text,bob:fifteen-letters",
            "ZOSMA_API_KEYS=(hidden) is wrong: the key of bob has 15 characters",
        ),
    ],
)
def test_a_wrong_value_is_named_with_its_fix(monkeypatch, name, value, says):
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as wrong:
        load(BotSettings)

    assert says in str(wrong.value)


@pytest.mark.parametrize(
    ("written", "seconds"), [("90m", 5400), ("2 d", 172_800), ("24H", 86_400), ("off", 0), ("", 86_400)]
)
def test_how_long_jobs_wait_for_a_gpu(monkeypatch, written, seconds):
    monkeypatch.setenv("ZOSMA_WAIT_FOR_GPU", written)

    assert load(BotSettings).wait_for_gpu_s == seconds


def test_a_command_is_read_as_in_a_shell_that_is_not_asked(monkeypatch):
    monkeypatch.setenv("ZOSMA_WAKE_COMMAND", "aws ec2 start-instances --instance-ids 'i-0 1' $HOME; true")

    assert load(BotSettings).wake_command == (
        "aws", "ec2", "start-instances", "--instance-ids", "i-0 1", "$HOME;", "true",
    )  # fmt: skip


def test_secrets_show_in_no_repr_and_no_error(monkeypatch):
    monkeypatch.setenv("REDIS_URL", "redis://:hunter2@host/0")
    monkeypatch.setenv("DISCORD_TOKEN", "hunter2")
    monkeypatch.setenv("ZOSMA_API_KEYS", "me:hunter2hunter2hunter2")
    assert "hunter2" not in repr(load(BotSettings))

    monkeypatch.setenv("REDIS_URL", "http://:hunter2@host/0")
    with pytest.raises(SettingsError) as wrong:
        load(BotSettings)
    assert "hunter2" not in str(wrong.value)
    assert "hunter2" not in repr(wrong.value)


@pytest.mark.parametrize(
    "url",
    ["redis://h", "redis://h:1", "rediss://:p%2Fw@h:1/3", "unix:///run/valkey.sock?db=1", "redis://u:p@[::1]:1/0"],
)
def test_every_kind_of_redis_url_is_taken(monkeypatch, url):
    monkeypatch.setenv("REDIS_URL", url)

    assert load(Settings).redis == url


def test_a_password_that_breaks_the_url_is_in_no_part_of_the_error(monkeypatch):
    monkeypatch.setenv("REDIS_URL", "redis://:hunt/er2secret@127.0.0.1:1/0")

    with pytest.raises(SettingsError) as wrong:
        load(Settings)
    shown = "".join(traceback.format_exception(wrong.value))
    assert "hunt" not in shown
    assert "er2secret" not in shown


def test_an_address_is_shown_without_its_password():
    assert address_of("redis://:hunter2@host:6379/0") == "redis://host:6379/0"


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("valkey://:p@h:1/0", "redis://:p@h:1/0"),
        ("valkeys://h", "rediss://h"),
        ("REDIS://H/2", "redis://H/2"),
        ("Redis+Sentinel://a/Main/0", "redis+sentinel://a/Main/0"),
    ],
)
def test_valkeys_own_schemes_and_capitals_name_the_same_server(given, read):
    assert load(Settings, {"REDIS_URL": given}, env_file=None).redis == read


@pytest.mark.parametrize("given", [{"REDIS_URL": "{url}"}, {"REDIS_ADDR": "{host}"}])
@pytest.mark.parametrize("password", ["", "wrong"])
def test_a_refused_redis_password_is_told_by_the_variable_that_was_used(monkeypatch, locked, given, password):
    [(name, value)] = given.items()
    login = f":{password}@" if password else ""
    monkeypatch.setenv(name, value.format(url=f"redis://{login}{locked}/0", host=locked))
    if name == "REDIS_ADDR" and password:
        monkeypatch.setenv("REDIS_PASSWORD", password)

    with pytest.raises(SettingsError) as wrong:
        check_login(load(Settings))

    variable = "REDIS_URL" if name == "REDIS_URL" else "REDIS_PASSWORD"
    told = "refused the password" if password else "asks for a password, and none is set"
    assert str(wrong.value).startswith(f"{variable}: redis://{locked}/0 {told}")
    assert "wrong@" not in str(wrong.value)


def test_a_redis_that_is_not_there_is_waited_for_unless_it_is_needed_at_once(monkeypatch):
    monkeypatch.setenv("REDIS_ADDR", "127.0.0.1:1")
    check_login(load(Settings))

    with pytest.raises(SettingsError, match=r"^REDIS_ADDR: redis://127.0.0.1:1/0 can't be reached"):
        check_login(load(Settings), must_answer=True)


def test_no_redis_is_none():
    assert load(Settings).redis is None


def test_other_machines_may_come_in_when_keys_are_set(monkeypatch):
    monkeypatch.setenv("ZOSMA_HOST", "0.0.0.0")
    monkeypatch.setenv("ZOSMA_API_KEYS", "me:sixteen-letters1, you : sixteen-letters2")

    assert load(BotSettings).api_keys == {"sixteen-letters1": "me", "sixteen-letters2": "you"}
