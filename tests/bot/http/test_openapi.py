"""The API's description: true to the routes, held by a snapshot, and read without anything from outside.

After a change that is meant: `uv run python tests/bot/http/test_openapi.py` writes the snapshot anew.
"""

from __future__ import annotations

import asyncio
import html.parser
import json
import re
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import jsonschema_rs
import openapi_spec_validator

from zosma_bot.http import auth, described, problems
from zosma_bot.http.app import make_app
from zosma_bot.http.description import ENDPOINTS
from zosma_bot.http.openapi import description
from zosma_queue import calls
from zosma_queue.errors import CODES

SNAPSHOT = Path(__file__).with_name("openapi.json")
JOBS = "/api/v1/jobs"


def described_now(*, strict: bool = False) -> dict:
    """The description of the app as it is put together."""

    async def made() -> dict:
        return description(make_app(MagicMock(), MagicMock(), {})[ENDPOINTS], strict=strict)

    return asyncio.run(made())


def as_snapshot(found: dict) -> str:
    """Without the version, which each release changes."""
    return json.dumps({**found, "info": {**found["info"], "version": "0"}}, indent=1, sort_keys=True) + "\n"


def test_no_published_shape_has_changed():
    """Adding a field or a path is fine: write the snapshot anew. Taking one away breaks programs that people run."""
    assert as_snapshot(described_now()) == SNAPSHOT.read_text()


def test_it_is_openapi_as_its_schema_has_it():
    openapi_spec_validator.validate(described_now())


async def test_each_route_of_the_api_is_described_and_each_description_has_a_route(queue, hub):
    app = make_app(queue, hub, {})
    routes = {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource and route.resource.canonical.startswith("/api/") and route.method != "HEAD"
    }
    told = {
        (method.upper(), path) for path, methods in description(app[ENDPOINTS])["paths"].items() for method in methods
    }
    assert routes == told


def test_each_endpoint_has_a_name_of_its_own_and_says_what_it_needs():
    found = described_now()
    operations = [one for methods in found["paths"].values() for one in methods.values()]
    names = [one["operationId"] for one in operations]
    assert len(set(names)) == len(names) >= 30
    for operation in operations:
        assert re.search(r"Scope of the key: `(submit|read|admin)`\.", operation["description"])


async def test_the_scope_that_is_told_is_the_one_that_a_key_must_have(queue, hub):
    for endpoint in make_app(queue, hub, {})[ENDPOINTS]:
        resource = SimpleNamespace(canonical=endpoint.path)
        asked = SimpleNamespace(
            method=endpoint.method,
            path=endpoint.path,
            match_info=SimpleNamespace(route=SimpleNamespace(resource=resource)),
        )
        assert auth.needed_scope(asked) == endpoint.scope, endpoint.name


def test_every_reference_leads_somewhere_and_every_shape_is_told_of():
    text = json.dumps(described_now())
    named = set(re.findall(r"#/components/schemas/(\w+)", text))
    assert named <= set(json.loads(text)["components"]["schemas"])


def validator(name: str) -> jsonschema_rs.Validator:
    """Of one shape, with no field too many."""
    found = described_now(strict=True)
    schema = {"$ref": f"#/components/schemas/{name}", "components": found["components"]}
    return jsonschema_rs.validator_for(schema)


async def call(http, method, path, **options):
    async with http.request(method, path, **options) as answer:
        return answer.status, await answer.json()


async def test_a_job_has_its_published_shape_in_every_state(http, worker, monkeypatch):
    holds = await asyncio.to_thread(validator, "JobView")
    admins = await asyncio.to_thread(validator, "AdminJobView")

    async def look(job_id: str, state: str) -> None:
        _, view = await call(http, "GET", f"{JOBS}/{job_id}")
        assert view["state"] == state
        holds.validate(view)
        admins.validate((await call(http, "GET", f"/api/v1/admin/jobs/{job_id}"))[1])

    made = {"prompt": "a cat", "hires": {"scale": 1.5}, "styles": ["misty"], "vae": "soft.safetensors", "count": 2}
    job = (await call(http, "POST", JOBS, json=made))[1]["id"]
    await look(job, "waiting")
    leased = await worker.take()
    await worker.progress(leased, 0.25)
    await look(job, "running")
    await worker.finish(leased)
    await look(job, "done")
    failed = (await call(http, "POST", JOBS, json={"prompt": "a cat"}))[1]["id"]
    await worker.settle(await worker.take(), calls.fail("oom", "out of memory"))
    await look(failed, "failed")
    put_off = (await call(http, "POST", JOBS, json={"prompt": "a cat", "delay_s": 60}))[1]["id"]
    await look(put_off, "delayed")
    await call(http, "DELETE", f"{JOBS}/{put_off}")
    await look(put_off, "cancelled")


async def test_a_refusal_is_a_problem_of_rfc_9457_that_names_field_reason_and_fix(http, worker):
    holds = await asyncio.to_thread(validator, "Problem")
    for body, code, field in (
        ({"prompt": "a cat", "sampler_name": "Euler a"}, "unknown-field", "sampler_name"),
        ({"prompt": "a cat", "steps": 151}, "out-of-bounds", "steps"),
        ({"prompt": "a cat", "sampler": "Eulre"}, "unknown-name", "sampler"),
        ({"prompt": "a cat", "lane": "slow"}, "malformed", "lane"),
        ({"prompt": "a cat", "delay_s": -1}, "malformed", "delay_s"),
        ({"prompt": "a cat", "delay_s": True}, "malformed", "delay_s"),
        ({"prompt": "a cat", "not_before": "tomorrow"}, "malformed", "not_before"),
        ({"prompt": "a cat", "not_before": "2026-12-24T18:00:00"}, "malformed", "not_before"),
        ({"prompt": "a cat", "not_before": 1e15}, "malformed", "not_before"),
        ({}, "missing", "prompt"),
    ):
        async with http.post(JOBS, json=body) as answer:
            problem = await answer.json()
            assert (answer.status, answer.content_type) == (422, "application/problem+json")
        holds.validate(problem)
        assert (problem["code"], problem["field"], problem["type"]) == (code, field, f"/docs#problem-{code}")
        assert problem["status"] == 422
        assert field in problem["detail"]
    async with http.get("/api/v1/nothing") as answer:
        assert (answer.status, answer.content_type) == (404, "application/problem+json")
        holds.validate(await answer.json())
    async with http.patch(JOBS) as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "GET,HEAD,POST")
        assert (await answer.json())["code"] == "method-not-allowed"


async def test_a1111s_errors_stay_as_its_clients_read_them(http, worker):
    async with http.post("/sdapi/v1/txt2img", json={"steps": "many"}) as answer:
        assert (answer.status, answer.content_type) == (422, "application/json")
        assert (await answer.json())["detail"][0]["loc"] == ["body", "steps"]


class _Page(html.parser.HTMLParser):
    """What a page loads, links to and is called by."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: set[str] = set()
        self.ids: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag not in ("meta", "br"):
            self.open.append(tag)
        if tag in ("script", "img", "link", "iframe") or "src" in found or "style" in found:
            self.loads.append(tag)
        if "href" in found:
            self.links.add(found["href"])
        if "id" in found:
            self.ids.append(found["id"])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


async def test_the_docs_are_one_page_with_nothing_from_outside_and_no_dead_link(guarded):
    async with guarded.get("/docs") as answer:  # no key is needed
        text, policy = await answer.text(), answer.headers["Content-Security-Policy"]
        assert (answer.status, answer.content_type) == (200, "text/html")
    page = _Page()
    page.feed(text)
    page.close()
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script-src" not in policy
    assert page.loads == page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert {link for link in page.links if link != "/openapi.json"} <= {f"#{name}" for name in page.ids}
    for code in (*CODES, *problems.OWN_CODES):
        assert f"problem-{code}" in page.ids
    assert len(text) < 150_000


async def test_the_description_is_served_without_a_key(guarded):
    async with guarded.get("/openapi.json") as answer:
        assert answer.status == 200
        found = await answer.json()
    assert found["openapi"] == "3.1.0"
    assert found["paths"][f"{JOBS}/{{id}}/images/{{index}}"]["get"]["operationId"] == "getImage"


def test_generators_of_clients_make_one_model_of_each_body():
    """Of a shape with alternatives openapi-python-client makes none, and takes anything for the body."""
    described = described_now()
    operations = [one for path in described["paths"].values() for one in path.values() if "requestBody" in one]
    shapes = [one["requestBody"]["content"]["application/json"]["schema"] for one in operations]
    named = {shape["$ref"].rpartition("/")[2] for shape in shapes if "$ref" in shape}

    assert "NewJob" in named
    for name in named:
        assert {"anyOf", "oneOf", "allOf"}.isdisjoint(described["components"]["schemas"][name]), name


def test_a_path_with_a_pattern_is_described_without_it():
    endpoint = described.Endpoint(
        method="GET", path="/a/{b}", handler=MagicMock(), name="a", told="", group="Jobs", scope="read", answers={},
        patterns={"b": "[0-9]{1,3}"},
    )  # fmt: skip
    assert (endpoint.path, endpoint.route.path) == ("/a/{b}", "/a/{b:[0-9]{1,3}}")


if __name__ == "__main__":
    SNAPSHOT.write_text(as_snapshot(described_now()))
