"""`/docs`: the API's description as one HTML page, with nothing from outside and no script."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from zosma_bot.http.problems import HINTS, OWN_CODES
from zosma_queue.errors import CODES

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --link: light-dark(#0b57d0, #8ab4f8); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; }
a { color: var(--link); }
h1 { margin: 0; } h2 { margin: 2.5rem 0 .5rem; } h3 { margin: 1rem 0 .25rem; font-size: 1rem; }
nav ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .25rem 1rem; }
code, pre { font: .9em ui-monospace, monospace; }
code { background: var(--soft); padding: .05em .25em; border-radius: .2em; overflow-wrap: anywhere; }
pre { background: var(--soft); padding: .75rem; border-radius: .4em; overflow-x: auto; }
details { border: 1px solid var(--line); border-radius: .4em; margin: .5rem 0; padding: .5rem .75rem; }
summary { cursor: pointer; overflow-wrap: anywhere; }
summary b { display: inline-block; min-width: 4.2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-top: 1px solid var(--line); }
th { white-space: nowrap; font-weight: 600; }
"""
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
CONTENT_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_CODE = re.compile(r"`([^`]+)`")
_BOUNDS = {
    "minimum": "at least {}", "maximum": "at most {}", "exclusiveMinimum": "more than {}",
    "minLength": "at least {} characters", "maxLength": "at most {} characters", "maxItems": "at most {} entries",
    "pattern": "like {}",
}  # fmt: skip
_EXAMPLE = """\
curl localhost:1324/api/v1/jobs -H 'Authorization: Bearer $KEY' -H 'Content-Type: application/json' \\
     -d '{"prompt": "a lighthouse at dusk", "count": 2}'          # 202, with the job's id
curl -N localhost:1324/api/v1/jobs/$ID/events -H 'Authorization: Bearer $KEY'   # place, progress, end
curl localhost:1324/api/v1/jobs/$ID/images/0 -H 'Authorization: Bearer $KEY' -o picture.png"""


def page(description: Mapping[str, Any]) -> str:
    """The page."""
    about = description["info"]
    groups = description["tags"]
    paths = description["paths"]
    schemas = description["components"]["schemas"]
    sections = "".join(
        f'<h2 id="{group["name"]}">{group["name"]}</h2><p>{_text(group["description"])}</p>'
        + "".join(
            _operation(method, path, operation)
            for path, methods in paths.items()
            for method, operation in methods.items()
            if group["name"] in operation["tags"]
        )
        for group in groups
    )
    webhooks = "".join(
        _operation(method, name, operation, prefix="webhook ")
        for name, methods in description["webhooks"].items()
        for method, operation in methods.items()
    )
    shapes = "".join(_shape(name, schema) for name, schema in schemas.items())
    links = "".join(
        f'<li><a href="#{name}">{name}</a></li>'
        for name in (*(group["name"] for group in groups), "Webhooks", "Shapes", "Problems")
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Zosma’s HTTP API</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head><body>'
        f"<header><h1>{html.escape(about['title'])}’s HTTP API</h1>"
        f'<p>Version {html.escape(about["version"])}, for programs: <a href="/openapi.json">/openapi.json</a>'
        " (OpenAPI 3.1)</p></header>"
        + "".join(f"<p>{_text(part)}</p>" for part in about["description"].split("\n\n"))
        + f"<pre>{html.escape(_EXAMPLE)}</pre><nav aria-label='Sections'><ul>{links}</ul></nav><main>{sections}"
        f'<h2 id="Webhooks">Webhooks</h2>{webhooks}<h2 id="Shapes">Shapes</h2>{shapes}'
        f'<h2 id="Problems">Problems</h2><p>What stands in <code>code</code> of an error’s answer.</p>{_problems()}'
        "</main></body></html>"
    )


def _text(told: str) -> str:
    """Escaped, with `code` as such."""
    return _CODE.sub(r"<code>\1</code>", html.escape(told, quote=False))


def _operation(method: str, path: str, operation: Mapping[str, Any], prefix: str = "") -> str:
    title = f"<summary><b>{prefix}{method.upper()}</b> <code>{html.escape(path)}</code> {_text(operation['summary'])}"
    parts = [f"<p>{_text(operation['description'])}</p>"]
    if parameters := operation.get("parameters"):
        rows = (
            (f"<code>{html.escape(one['name'])}</code><br>{one['in']}", _kind(one["schema"]), _text(one["description"]))
            for one in parameters
        )
        parts.append(f"<h3>Parameters</h3>{_table(rows)}")
    if body := operation.get("requestBody"):
        parts.append(f"<h3>Body</h3><p>{', '.join(_contents(body['content']))}</p>")
    parts.append(f"<h3>Answers</h3>{_table(_answers(operation['responses']))}")
    return f'<details id="{operation["operationId"]}">{title}</summary>{"".join(parts)}</details>'


def _answers(answers: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    problems = [status for status, told in answers.items() if "$ref" in told]
    for status, told in answers.items():
        if status not in problems:
            yield status, ", ".join(_contents(told.get("content", {}))), _text(told["description"])
    if problems:
        yield ", ".join(problems), _kind({"$ref": "#/components/schemas/Problem"}), "What went wrong."


def _contents(contents: Mapping[str, Any]) -> Iterator[str]:
    for kind, content in contents.items():
        schema = content.get("schema", {})
        is_named = "$ref" in schema or "items" in schema
        yield _kind(schema) if is_named else f"<code>{html.escape(kind)}</code>"


def _shape(name: str, schema: Mapping[str, Any]) -> str:
    told = f"<p>{_text(schema.get('description', ''))}</p>"
    if "enum" in schema:
        told += f"<p>{_kind(schema)}</p>"
    needed = schema.get("required", ())
    rows = (
        (
            f"<code>{html.escape(field)}</code>" + (" (needed)" if field in needed else ""),
            _kind(one),
            _text(one.get("description", "")) + _default(one),
        )
        for field, one in schema.get("properties", {}).items()
    )
    return f'<details id="shape-{name}"><summary><code>{name}</code></summary>{told}{_table(rows)}</details>'


def _default(schema: Mapping[str, Any]) -> str:
    if "default" not in schema:
        return ""
    return f" If left out: <code>{html.escape(json.dumps(schema['default']))}</code>."


def _kind(schema: Mapping[str, Any]) -> str:
    """What a value is, in words, with a link to a shape."""
    if reference := schema.get("$ref"):
        name = reference.rpartition("/")[2]
        return f'<a href="#shape-{name}">{name}</a>'
    if options := schema.get("anyOf"):
        return " or ".join(_kind(one) for one in options)
    if values := schema.get("enum"):
        return ", ".join(f"<code>{html.escape(str(one))}</code>" for one in values)
    if "const" in schema:
        return f"<code>{html.escape(json.dumps(schema['const']))}</code>"
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}" + _bounds(schema)
    kind = str(schema.get("format") or schema.get("contentEncoding") or schema.get("type") or "anything")
    return html.escape(kind) + _bounds(schema)


def _bounds(schema: Mapping[str, Any]) -> str:
    found = [text.format(schema[name]) for name, text in _BOUNDS.items() if name in schema]
    return f" ({html.escape(', '.join(found))})" if found else ""


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    shown = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>' for first, *rest in rows
    )
    return f'<div class="scroll"><table>{shown}</table></div>' if shown else ""


def _problems() -> str:
    codes = {**dict.fromkeys(sorted({*CODES, *OWN_CODES}), ""), **HINTS}
    rows = "".join(
        f'<tr id="problem-{code}"><th scope="row"><code>{code}</code></th><td>{_text(hint)}</td></tr>'
        for code, hint in sorted(codes.items())
    )
    return f'<div class="scroll"><table>{rows}</table></div>'
