"""The check against an OpenAPI description: a small one of our own, and Discord's when it is at hand."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from loopback.discord.openapi import OpenApiChecker

PATH = "/things/{id}/@original"


@pytest.fixture
def checker(tmp_path: Path) -> OpenApiChecker:
    thing = {
        "type": "object",
        "properties": {"type": {"enum": [1]}, "owner": {"$ref": "#/components/schemas/SnowflakeType"}},
        "required": ["type"],
    }
    other = {"type": "object", "properties": {"type": {"enum": [2]}}, "required": ["type"]}
    union = {"anyOf": [{"$ref": "#/components/schemas/Thing"}, {"$ref": "#/components/schemas/Other"}]}
    operation = {
        "parameters": [
            {"name": "wait", "in": "query", "schema": {"type": "boolean"}},
            {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 100}},
        ],
        "requestBody": {"content": {"application/json": {"schema": union}}, "required": True},
    }
    snowflake = {"type": "string", "pattern": "^(0|[1-9][0-9]*)$"}
    document = {
        "openapi": "3.1.0",
        "paths": {PATH: {"post": operation}},
        "components": {"schemas": {"Thing": thing, "Other": other, "SnowflakeType": snowflake}},
    }
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(document))
    return OpenApiChecker(file)


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ({}, {"type": 1, "owner": "123"}),
        ({}, {"type": 1, "owner": 123}),
        ({"wait": "1", "limit": "100"}, {"type": 2}),
    ],
)
def test_what_fits_passes(checker: OpenApiChecker, query: dict[str, str], body: Any) -> None:
    assert checker.check("POST", PATH, query, body) == []


@pytest.mark.parametrize(
    ("query", "body", "word"),
    [
        ({}, {"type": 3}, "type"),
        ({}, {"type": 1, "owner": "x"}, "owner"),
        ({}, None, "missing"),
        ({"wait": "maybe"}, {"type": 1}, "wait"),
        ({"limit": "101"}, {"type": 1}, "limit"),
        ({"colour": "red"}, {"type": 1}, "colour"),
    ],
)
def test_what_does_not_fit_is_named(checker: OpenApiChecker, query: dict[str, str], body: Any, word: str) -> None:
    [error] = checker.check("POST", PATH, query, body)
    assert word in error


def test_an_operation_that_is_not_described_is_reported(checker: OpenApiChecker) -> None:
    assert checker.check("DELETE", PATH, {}, None)


@pytest.mark.skipif(not os.environ.get("DISCORD_OPENAPI"), reason="DISCORD_OPENAPI names no description")
def test_discords_own_description_finds_a_wrong_callback() -> None:
    checker = OpenApiChecker(os.environ["DISCORD_OPENAPI"])
    callback = "/interactions/{interaction_id}/{interaction_token}/callback"
    good = {"type": 4, "data": {"content": "x", "attachments": [{"id": 0, "filename": "x.png"}]}}
    assert checker.check("POST", callback, {"with_response": "1"}, good) == []
    for bad in ({"type": 4, "data": {"content": "x" * 2001}}, {"type": 3}, {"type": 9, "data": {}}):
        assert checker.check("POST", callback, {}, bad), bad
