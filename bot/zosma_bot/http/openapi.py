"""OpenAPI 3.1 of our own API, made of its endpoints and models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from zosma_bot.http.described import JSON, Answer, Endpoint, Parameter
from zosma_bot.http.models import MORE_MODELS, Problem, WebhookEvent
from zosma_bot.http.problems import PROBLEM_JSON

_REFERENCE = "#/components/schemas/{model}"
#: What any endpoint may answer; a request that takes a body has those of bodies too.
_ALWAYS = (400, 401, 403, 429, 503)
_WITH_BODY = (408, 413, 422)
_TOLD = {
    400: "The request is broken, or a header of it is.",
    401: "No key was sent, or a wrong one.",
    403: "This key may not do that, or the request comes from a strange page or by a strange name.",
    404: "There is no such thing, or it isn't yours.",
    406: "Pictures don't come like that.",
    408: "The body took too long to arrive.",
    409: "The job is not in a state in which that is possible.",
    413: "The body is larger than any that means something.",
    422: "A field or parameter is wrong; `field` names it.",
    429: "A limit is reached, or too many wrong keys came from there.",
    503: "Redis is away, or no worker is there; try again later.",
}
_WAIT = {"Retry-After": {"description": "Seconds after which to try again.", "schema": {"type": "integer"}}}
_ABOUT = """\
One fair queue in front of a fleet of Stable Diffusion WebUIs. Submit a job, hear of it by server-sent events or a
webhook, and fetch its pictures. Beside this API the same address serves AUTOMATIC1111's (`/sdapi/v1/…`).

Keys go into `Authorization: Bearer …`, or as a password of Basic. Without keys the server answers its own machine
alone, and asks for none. Errors are problems of RFC 9457. Fields may be added to answers within `v1`; none goes or
changes its meaning.
"""
_GROUPS = {
    "Jobs": "Submit, list, cancel and make anew: one's own jobs.",
    "Pictures": "Finished ones and previews.",
    "Events": "What happens, as it happens.",
    "Fleet": "What there is to be used, and how busy it is.",
    "Admin": "What `zosma queue` does; each act is written down under the name of the caller's key.",
}


def description(endpoints: Sequence[Endpoint], *, strict: bool = False) -> dict[str, Any]:
    """The whole description. With `strict` answers may have no other fields than today's: what tests hold them to."""
    shapes = _Shapes(endpoints, strict=strict)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.casefold()] = _operation(endpoint, shapes)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Zosma", "version": version("zosma"), "description": _ABOUT, "license": {"name": "MIT"}},
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"basic": []}, {}],
        "tags": [{"name": name, "description": told} for name, told in _GROUPS.items()],
        "paths": paths,
        "webhooks": {"job.ended": {"post": _webhook(shapes)}},
        "components": {
            "schemas": shapes.schemas,
            "responses": {f"Problem{status}": _problem(status) for status in _TOLD},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "An API key."},
                "basic": {"type": "http", "scheme": "basic", "description": "The key's name, and the key."},
            },
        },
    }


class _Shapes:
    """The schemas of all models, and where each stands."""

    def __init__(self, endpoints: Iterable[Endpoint], *, strict: bool) -> None:
        wanted: dict[tuple[str, JsonSchemaMode], tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = {}

        def want(model: Any, mode: JsonSchemaMode) -> None:
            if model is not None:
                wanted[_key(model), mode] = (_key(model), mode, TypeAdapter(model))

        for endpoint in endpoints:
            want(endpoint.body, "validation")
            for answer in endpoint.answers.values():
                want(answer.model, "serialization")
            for parameter in endpoint.parameters:
                want(parameter.type, "validation")
        for model in MORE_MODELS:
            want(model, "serialization")
        self._found, rest = TypeAdapter.json_schemas(list(wanted.values()), ref_template=_REFERENCE)
        self.schemas: dict[str, Any] = {name: _tidy(one) for name, one in sorted(rest.get("$defs", {}).items())}
        if not strict:
            bodies = [one for one in wanted.values() if one[1] == "validation"]
            sent = TypeAdapter.json_schemas(bodies)[1].get("$defs", {})
            for name in self.schemas.keys() - sent.keys():
                self.schemas[name].pop("additionalProperties", None)

    def of(self, model: Any, mode: JsonSchemaMode) -> Any:
        """The schema of a type."""
        return _tidy(self._found[_key(model), mode])


def _key(model: Any) -> str:
    return str(model)


def _tidy(schema: Any) -> Any:
    """Without what pydantic adds for its own sake: titles of fields, and null as the default of what is never null."""
    if isinstance(schema, list):
        return [_tidy(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: one for name, one in schema.items() if not (name == "title" and isinstance(one, str))}
    if "default" in kept and kept["default"] is None:
        del kept["default"]
    return {name: _tidy(one) for name, one in kept.items()}


def _operation(endpoint: Endpoint, shapes: _Shapes) -> dict[str, Any]:
    statuses = {*_ALWAYS, *endpoint.problems, *(_WITH_BODY if endpoint.body is not None else ())}
    answers = {str(status): _answer(one, shapes) for status, one in endpoint.answers.items()}
    answers |= {str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in sorted(statuses)}
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": endpoint.told,
        "description": f"{endpoint.more} Scope of the key: `{endpoint.scope}`.".strip(),
        "tags": [endpoint.group],
        "responses": answers,
    }
    if endpoint.parameters:
        operation["parameters"] = [_parameter(one, shapes) for one in endpoint.parameters]
    if endpoint.body is not None:
        sent = {"schema": shapes.of(endpoint.body, "validation")}
        if endpoint.example is not None:
            sent["example"] = endpoint.example
        operation["requestBody"] = {"required": True, "content": {JSON: sent}}
    return operation


def _answer(answer: Answer, shapes: _Shapes) -> dict[str, Any]:
    told: dict[str, Any] = {"description": answer.told}
    if answer.headers:
        told["headers"] = {
            name: {"description": text, "schema": {"type": "string"}} for name, text in answer.headers.items()
        }
    if answer.model is not None:
        told["content"] = {JSON: {"schema": shapes.of(answer.model, "serialization")}}
    elif answer.media:
        told["content"] = {
            kind: {} if kind.startswith("image/") else {"schema": {"type": "string"}} for kind in answer.media
        }
    return told


def _parameter(parameter: Parameter, shapes: _Shapes) -> dict[str, Any]:
    schema = shapes.of(parameter.type, "validation")
    if parameter.many:
        schema = {"type": "array", "items": schema}
    shown: dict[str, Any] = {
        "name": parameter.name,
        "in": parameter.where,
        "description": parameter.told,
        "required": parameter.where == "path",
        "schema": schema,
    }
    return shown | ({"style": "form", "explode": False} if parameter.many else {})


def _problem(status: int) -> dict[str, Any]:
    told: dict[str, Any] = {
        "description": _TOLD[status],
        "content": {PROBLEM_JSON: {"schema": {"$ref": _REFERENCE.format(model=Problem.__name__)}}},
    }
    return told | ({"headers": _WAIT} if status in (429, 503) else {})


def _webhook(shapes: _Shapes) -> dict[str, Any]:
    return {
        "operationId": "jobEnded",
        "summary": "A job that was submitted with a webhook has ended",
        "description": "Signed: `Zosma-Signature` is `t=<seconds since 1970>,v1=<HMAC-SHA256 in hex>` over the seconds,"
        " a dot, and the body. Sent again, ever more seldom, for a day until it is answered by 2xx; 410 ends that.",
        "tags": ["Events"],
        "requestBody": {"required": True, "content": {JSON: {"schema": shapes.of(WebhookEvent, "serialization")}}},
        "responses": {"2XX": {"description": "It has been taken."}, "410": {"description": "Tell no more of it."}},
    }
