"""Holds every request against Discord's own OpenAPI description, wherever that file lies.

The description is never part of this project: `DISCORD_OPENAPI` names it, and without it nothing is checked.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from referencing import Registry
from referencing.jsonschema import DRAFT202012

Json = dict[str, Any]

_ROOT = "urn:discord"


@functools.cache
def checker_for(path: str | None) -> OpenApiChecker:
    """One checker per file and process: reading the description and compiling its schemas takes a while."""
    return OpenApiChecker(path)


@dataclass(frozen=True)
class Violation:
    method: str
    path: str
    error: str


class OpenApiChecker:
    def __init__(self, path: str | Path | None) -> None:
        self._validators: dict[tuple[str, ...], tuple[jsonschema_rs.Draft202012Validator, Draft202012Validator]] = {}
        self._paths: Json = {}
        if path is not None:
            self._load(Path(path))

    @property
    def active(self) -> bool:
        return bool(self._paths)

    def _load(self, path: Path) -> None:
        document = json.loads(path.read_text("utf-8"))
        _allow_integer_snowflakes(document)
        self._paths = document["paths"]
        resource = DRAFT202012.create_resource(document)
        self._registry: Registry[Any] = Registry().with_resource(_ROOT, resource)
        self._quick_registry = jsonschema_rs.Registry([(_ROOT, document)], draft=jsonschema_rs.Draft202012)

    def check(self, method: str, template: str, query: dict[str, str], body: Any) -> list[str]:
        """What is wrong with a request, one text for each finding."""
        if not self._paths:
            return []
        operation = self._paths.get(template, {}).get(method.lower())
        if operation is None:
            return [f"{method} {template} is not in Discord's description"]
        return self._check_query(template, method, operation, query) + self._check_body(
            template, method, operation, body
        )

    def check_response(self, method: str, template: str, status: int, body: Any) -> list[str]:
        """What is wrong with an answer of this loopback: it must keep to Discord's shapes, too."""
        responses = self._paths.get(template, {}).get(method.lower(), {}).get("responses", {})
        schema = responses.get(str(status), {}).get("content", {}).get("application/json")
        if schema is None:
            return []
        at = ("responses", str(status), "content", "application/json", "schema")
        return self._errors(("paths", template, method.lower(), *at), body)

    def _check_query(self, template: str, method: str, operation: Json, query: dict[str, str]) -> list[str]:
        known = {p["name"]: p for p in operation.get("parameters", []) if p.get("in") == "query"}
        found = [f"unknown query parameter {name!r}" for name in query if name not in known]
        for name, parameter in known.items():
            if name in query:
                value = _typed(query[name], parameter["schema"])
                base = ("paths", template, method.lower(), "parameters")
                index = str(operation["parameters"].index(parameter))
                found += [f"query {name}: {e}" for e in self._errors((*base, index, "schema"), value)]
            elif parameter.get("required"):
                found.append(f"query parameter {name!r} is missing")
        return found

    def _check_body(self, template: str, method: str, operation: Json, body: Any) -> list[str]:
        request = operation.get("requestBody")
        if request is None:
            return [] if body is None else ["this operation takes no body"]
        if body is None:
            return ["the body is missing"] if request.get("required") else []
        # The multipart schema only adds the files, which are not part of `payload_json`.
        at = ("paths", template, method.lower(), "requestBody", "content", "application/json", "schema")
        return self._errors(at, body)

    def _errors(self, at: tuple[str, ...], value: Any) -> list[str]:
        if at not in self._validators:
            pointer = "/".join(part.replace("~", "~0").replace("/", "~1") for part in at)
            schema = {"$ref": f"{_ROOT}#/{_quote(pointer)}"}
            quick = jsonschema_rs.Draft202012Validator(schema, registry=self._quick_registry)
            self._validators[at] = quick, Draft202012Validator(schema, registry=self._registry)
        quick, telling = self._validators[at]
        # The quick one takes a hundredth of the time over Discord's unions; the other one says what is wrong.
        return [] if quick.is_valid(value) else [_explain(error) for error in telling.iter_errors(value)]


def _quote(pointer: str) -> str:
    """Braces and the like may not stand in a URI fragment as they are."""
    return pointer.replace("%", "%25").replace("{", "%7B").replace("}", "%7D").replace("@", "%40")


def _explain(error: ValidationError) -> str:
    """The finding that says most: of a union, that of the branch which came closest."""
    deepest = best_match([error]) or error
    where = "/".join(str(part) for part in deepest.absolute_path) or "body"
    return f"{where}: {deepest.message[:300]}"


def _typed(text: str, schema: Json) -> Any:
    """A query parameter is text; read it as what its schema asks for. Discord reads 1 and 0 as booleans."""
    if schema.get("type") == "boolean":
        return {"1": True, "true": True, "0": False, "false": False}.get(text.lower(), text)
    if schema.get("type") == "integer" and text.lstrip("-").isdecimal():
        return int(text)
    return text


def _allow_integer_snowflakes(document: Json) -> None:
    """The one deviation of discord.py: it sends snowflakes as JSON integers, which Discord accepts.

    Seen in 2.7.1: `File.to_dict` and `Attachment.to_dict` (attachments[].id), `AllowedMentions.to_dict`
    (users, roles), `MessageReference.to_dict` (message_id, channel_id, guild_id) and
    `HTTPClient.start_private_message` (recipient_id).
    """
    snowflake = document["components"]["schemas"]["SnowflakeType"]
    snowflake["type"] = ["string", "integer"]
    snowflake["minimum"] = 0
