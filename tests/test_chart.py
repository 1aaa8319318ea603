"""The Helm chart in five shapes, rendered by Helm's own engine and held against Kubernetes' own schemas.

KEDA's two kinds have no schema in any package: those below are written after its CRDs, and know no field more than the
chart uses.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from zosma_bot.hub import Hub
from zosma_bot.metrics import Metrics
from zosma_cli.doctor.settings_check import kinds, known_names
from zosma_queue.settings import Settings, read
from zosma_worker.settings import WorkerSettings

if os.environ.get("CI"):
    import helm_python as helm
    import kubernetes_validate
else:
    why = "Helm's engine and Kubernetes' schemas, 100 MB, are not installed (uv sync --group chart); .ci/run has them"
    helm = pytest.importorskip("helm_python", reason=why)
    kubernetes_validate = pytest.importorskip("kubernetes_validate", reason=why)

ROOT = Path(__file__).parent.parent
CHART = ROOT / "deploy/helm/zosma"
INLINE = {
    "botRedisUrl": "redis://bot:secret@valkey:6379/0",
    "workerRedisUrl": "rediss://gpu:secret@valkey:6380/0",
    "discordToken": "a-token",
    "metricsKey": "sixteen-letters-1",
}
BUCKET_KEYS = {
    "botBucketKey": {"id": "bots-key", "secret": "bots-bucket-secret"},
    "workerBucketKey": {"id": "workers-key", "secret": "workers-bucket-secret"},
}
WEBUI = {"image": "registry.example.org/webui:1", "args": ["--api", "--listen"]}
SHAPES = {
    "webuis-elsewhere": {
        "secrets": INLINE,
        "workers": {"addresses": "http://gpu1:7860,http://gpu2:7860"},
        "networkPolicy": {"enabled": False},
    },
    "gpus-in-the-cluster": {
        "secrets": {"existing": "my-secret"},
        "bot": {"settings": {"DISCORD_GUILD_ID": "123", "ZOSMA_GRID": "on"}, "storage": {"className": "fast"}},
        "workers": {
            "replicas": 2,
            "graceSeconds": 600,
            "webui": WEBUI | {"models": {"claim": "models", "path": "/models"}, "env": [{"name": "A", "value": "b"}]},
            "nodeSelector": {"gpu": "yes"},
            "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
        },
    },
    "none-while-idle": {
        "secrets": INLINE,
        "workers": {"webui": WEBUI, "scaling": {"enabled": True}},
        "networkPolicy": {"webuiEgress": [{"ports": [{"port": 443, "protocol": "TCP"}]}], "tracesPort": 4318},
    },
    "pictures-in-a-bucket": {
        "secrets": INLINE | BUCKET_KEYS,
        "results": {"url": "s3://pictures/zosma?endpoint=http://minio.minio:9000", "port": 9000},
        "workers": {"webui": WEBUI},
    },
    "by-prometheus": {
        "secrets": {"existing": "my-secret"},
        "bot": {"settings": {"ZOSMA_API_KEYS": "metrics:$(METRICS_KEY),me:another-long-text"}},
        "workers": {
            "webui": WEBUI | {"port": 8188},
            "scaling": {"enabled": True, "least": 1, "most": 9, "prometheus": "http://prometheus.monitoring:9090"},
        },
        "networkPolicy": {"clients": [{"namespaceSelector": {"matchLabels": {"team": "art"}}}]},
    },
}
_NAMED = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
KEDA = {
    "ScaledObject": {
        "type": "object",
        "required": ["scaleTargetRef", "triggers"],
        "additionalProperties": False,
        "properties": {
            "scaleTargetRef": _NAMED,
            **{
                name: {"type": "integer"}
                for name in ("minReplicaCount", "maxReplicaCount", "pollingInterval", "cooldownPeriod")
            },
            "triggers": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["type", "metadata"],
                    "additionalProperties": False,
                    "properties": {
                        "type": {"enum": ["metrics-api", "prometheus"]},
                        "metadata": {"type": "object", "additionalProperties": {"type": "string"}},
                        "authenticationRef": _NAMED,
                    },
                },
            },
        },
    },
    "TriggerAuthentication": {
        "type": "object",
        "additionalProperties": False,
        "required": ["secretTargetRef"],
        "properties": {
            "secretTargetRef": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["parameter", "name", "key"],
                    "additionalProperties": {"type": "string"},
                },
            }
        },
    },
}


def render(values):
    """kind and name → document."""
    with helm.Chart.load(str(CHART)) as chart:
        files = chart.render(values, name="art", namespace="pictures")
    documents = [
        document
        for name, text in files.items()
        if name.endswith(".yaml")
        for document in yaml.safe_load_all(text)
        if document
    ]
    found = {(document["kind"], document["metadata"]["name"]): document for document in documents}
    assert len(found) == len(documents), "two documents have one name"
    return found


@pytest.fixture(name="shape", params=SHAPES)
def _shape(request):
    return request.param, render(SHAPES[request.param])


def pods(documents):
    """The pods' specs, with the labels that they get."""
    for (kind, _), document in documents.items():
        if kind in ("StatefulSet", "Deployment"):
            template = document["spec"]["template"]
            yield document, template["metadata"]["labels"], template["spec"]


def containers(documents):
    """All containers, sidecars too."""
    for _, _, spec in pods(documents):
        yield from [*spec["containers"], *spec.get("initContainers", ())]


@pytest.mark.parametrize("version", ["1.29", kubernetes_validate.latest_version()])
def test_kubernetes_takes_every_document(shape, version):
    for (kind, _), document in shape[1].items():
        if kind in KEDA:
            assert document["apiVersion"] == "keda.sh/v1alpha1"
            jsonschema.validate(document["spec"], KEDA[kind])
        else:
            kubernetes_validate.validate(document, version, strict=True)


def test_selectors_find_the_pods_that_they_are_meant_for(shape):
    documents = shape[1]
    labelled = {labels["app.kubernetes.io/component"]: labels for _, labels, _ in pods(documents)}
    assert set(labelled) == {"bot", "worker"}
    for document, labels, _ in pods(documents):
        assert document["spec"]["selector"]["matchLabels"].items() <= labels.items()
    for (kind, name), document in documents.items():
        component = "worker" if name.endswith("-workers") else "bot"
        if kind in ("PodDisruptionBudget", "NetworkPolicy"):
            chosen = document["spec"].get("selector") or document["spec"]["podSelector"]
            assert chosen["matchLabels"].items() <= labelled[component].items()
        if kind == "Service":
            assert document["spec"]["selector"].items() <= labelled["bot"].items()


def test_there_is_one_bot_and_no_second_worker_for_a_webui(shape):
    documents = shape[1]
    assert documents["StatefulSet", "art-bot"]["spec"]["replicas"] == 1
    replicas = documents["Deployment", "art-workers"]["spec"].get("replicas")
    assert replicas == {"webuis-elsewhere": 1, "gpus-in-the-cluster": 2, "pictures-in-a-bucket": 1}.get(shape[0])


def test_every_variable_is_a_setting_and_every_secret_is_there(shape):
    documents = shape[1]
    known = known_names(kinds()) | {"METRICS_KEY"}
    named = set()
    for container in containers(documents):
        if container["name"] == "webui":
            continue
        for variable in container["env"]:
            assert variable["name"] in known
            if "valueFrom" in variable:
                named.add((variable["valueFrom"]["secretKeyRef"]["name"], variable["valueFrom"]["secretKeyRef"]["key"]))
    for (kind, _), document in documents.items():
        if kind == "TriggerAuthentication":
            named |= {(one["name"], one["key"]) for one in document["spec"]["secretTargetRef"]}
    if "gpus" in shape[0] or "prometheus" in shape[0]:
        assert {name for name, _ in named} == {"my-secret"}
        assert not [kind for kind, _ in documents if kind == "Secret"]
    else:
        assert {key for _, key in named} <= set(documents["Secret", "art"]["stringData"])
        assert {name for name, _ in named} == {"art"}


def test_no_secret_stands_in_a_pod(shape):
    text = yaml.safe_dump([spec for _, _, spec in pods(shape[1])])
    assert not [value for value in [*INLINE.values(), "bots-bucket-secret", "workers-bucket-secret"] if value in text]


def test_bot_and_workers_get_one_bucket_a_key_each_and_the_way_to_it():
    documents = render(SHAPES["pictures-in-a-bucket"])
    for kind, name, who in (("StatefulSet", "art-bot", "BOT"), ("Deployment", "art-workers", "WORKER")):
        [container] = documents[kind, name]["spec"]["template"]["spec"]["containers"]
        env = {one["name"]: one for one in container["env"]}
        found = read(Settings, {"RESULTS_URL": env["RESULTS_URL"]["value"]})
        assert found.results.name == "s3://pictures/zosma"
        assert env["AWS_ACCESS_KEY_ID"]["valueFrom"]["secretKeyRef"]["key"] == f"{who}_AWS_ACCESS_KEY_ID"
        [_, rule] = documents["NetworkPolicy", name]["spec"]["egress"]
        assert {"port": 9000, "protocol": "TCP"} in rule["ports"]


def test_without_a_bucket_nobody_hears_of_one(shape):
    if shape[0] != "pictures-in-a-bucket":
        assert not {one["name"] for container in containers(shape[1]) for one in container.get("env", ())} & {
            "RESULTS_URL", "AWS_ACCESS_KEY_ID"
        }  # fmt: skip


def test_a_worker_may_finish_its_job_and_its_webui_outlives_it(shape):
    spec = shape[1]["Deployment", "art-workers"]["spec"]["template"]["spec"]
    settings = {one["name"]: one.get("value") for one in spec["containers"][0]["env"]}

    grace = int(settings["SD_GRACE_S"])
    assert WorkerSettings.model_validate(settings | {"REDIS_URL": None}).grace_s == grace
    assert spec["terminationGracePeriodSeconds"] > grace
    if shape[0] == "webuis-elsewhere":
        assert "initContainers" not in spec
    else:
        [webui] = spec["initContainers"]
        assert webui["restartPolicy"] == "Always"
        assert settings["SD_API_HOST"] == f"http://127.0.0.1:{webui['ports'][0]['containerPort']}"


def test_ours_run_as_nobody_in_particular_and_write_nowhere_but_where_they_are_meant_to(shape):
    for container in containers(shape[1]):
        if container["name"] != "webui":
            assert container["securityContext"]["readOnlyRootFilesystem"]
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert not container["securityContext"]["allowPrivilegeEscalation"]
            assert {mount["mountPath"] for mount in container["volumeMounts"]} <= {"/tmp", "/data"}  # noqa: S108
    for _, _, spec in pods(shape[1]):
        assert not spec["automountServiceAccountToken"]


def test_traces_are_let_through_where_they_are_sent():
    def ports(documents, component):
        [rule] = [rule for rule in documents["NetworkPolicy", f"art-{component}"]["spec"]["egress"] if len(rule) == 1][
            1:2
        ]
        return {one["port"] for one in rule["ports"]}

    sent, plain = render(SHAPES["none-while-idle"]), render(SHAPES["by-prometheus"])
    for component in ("bot", "workers"):
        assert ports(sent, component) - ports(plain, component) == {4318}


def test_images_probes_and_port_are_the_dockerfiles(shape):
    dockerfile = (ROOT / "Dockerfile.webserver").read_text("utf-8")
    [bot] = shape[1]["StatefulSet", "art-bot"]["spec"]["template"]["spec"]["containers"]
    [worker] = shape[1]["Deployment", "art-workers"]["spec"]["template"]["spec"]["containers"]

    assert bot["image"].split(":")[0] in dockerfile
    assert worker["image"].split(":")[0] in (ROOT / "Dockerfile.workershim").read_text("utf-8")
    assert f"EXPOSE {bot['ports'][0]['containerPort']}\n" in dockerfile
    assert bot["readinessProbe"]["httpGet"]["path"] in dockerfile
    assert bot["livenessProbe"]["httpGet"]["path"] == "/healthz"


def test_where_no_worker_is_the_usual_state_jobs_are_taken_all_the_same(shape):
    [bot] = shape[1]["StatefulSet", "art-bot"]["spec"]["template"]["spec"]["containers"]
    settings = {one["name"]: one.get("value") for one in bot["env"]}

    assert settings.get("ZOSMA_WAIT_FOR_GPU") == ("30d" if shape[0] == "none-while-idle" else None)


async def test_keda_asks_for_figures_that_there_are_and_with_a_key_that_the_bot_knows(queue):
    told = (await Metrics(queue, Hub(queue)).text()).decode()
    for name in ("none-while-idle", "by-prometheus"):
        documents = render(SHAPES[name])
        triggers = documents["ScaledObject", "art-workers"]["spec"]["triggers"]
        asked = {
            metric
            for trigger in triggers
            for metric in re.findall(
                r"zosma_[a-z_]+", trigger["metadata"].get("query", "") + trigger["metadata"].get("valueLocation", "")
            )
        }
        assert "zosma_waiting_gpu_seconds" in asked
        assert {metric for metric in asked if not re.search(rf"^# TYPE {metric} gauge$", told, re.MULTILINE)} == set()
        [bot] = documents["StatefulSet", "art-bot"]["spec"]["template"]["spec"]["containers"]
        keys = [one["value"] for one in bot["env"] if one["name"] == "ZOSMA_API_KEYS"]
        assert len(keys) == 1
        assert keys[0].startswith("metrics:$(METRICS_KEY)")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"workers": {"webui": WEBUI}}, "say where Redis is"),
        ({"secrets": INLINE}, "workers need a WebUI"),
        ({"secrets": INLINE, "workers": {"webui": WEBUI, "addresses": "http://gpu1:7860"}}, "one of the two"),
        (
            {"secrets": INLINE, "workers": {"addresses": "http://gpu1:7860", "replicas": 2}},
            "leave workers.replicas at 1",
        ),
        (
            {"secrets": INLINE | {"metricsKey": ""}, "workers": {"webui": WEBUI, "scaling": {"enabled": True}}},
            "workers.scaling needs secrets.metricsKey",
        ),
        ({"secrets": INLINE, "workers": {"webui": WEBUI | {"models": {"claim": "m"}}}}, "workers.webui.models.path"),
        ({"secrets": INLINE | {"botRedisUrl": "localhost:6379"}, "workers": {"webui": WEBUI}}, "/secrets/botRedisUrl"),
        ({"secrets": INLINE | {"metricsKey": "short"}, "workers": {"webui": WEBUI}}, "/secrets/metricsKey"),
        ({"secrets": INLINE, "results": {"url": "http://minio:9000"}, "workers": {"webui": WEBUI}}, "/results/url"),
        ({"secrets": INLINE, "workers": {"webui": WEBUI, "scaling": {"maximum": 3}}}, "'maximum' not allowed"),
        ({"secrets": INLINE, "bot": {"settings": {"guild id": "1"}}, "workers": {"webui": WEBUI}}, "guild id"),
    ],
)
def test_a_mistake_in_the_values_says_what_to_write(values, says):
    with pytest.raises(helm.HelmError) as raised:
        render(values)
    assert says in str(raised.value)


def test_the_values_on_the_page_are_taken():
    page = (ROOT / "docs/kubernetes.md").read_text("utf-8")
    [values] = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)

    documents = render(yaml.safe_load(values.replace("…", "sixteen-letters-1")))

    assert ("ScaledObject", "art-workers") in documents
    [webui] = documents["Deployment", "art-workers"]["spec"]["template"]["spec"]["initContainers"]
    assert webui["volumeMounts"] == [{"name": "models", "mountPath": "/app/models"}]


def test_helm_finds_nothing_to_mend():
    told = helm.lint(str(CHART), values=SHAPES["none-while-idle"])
    assert told["errors"] == []
    assert [one["error"] for one in told["messages"]] == ["icon is recommended"]
