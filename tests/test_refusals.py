"""Every refusal has a code of the table, with the values that the table names."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

import zosma_bot
import zosma_queue
from zosma_bot.discord.ui import refusals
from zosma_queue import errors
from zosma_queue.errors import CODES, ErrorKind, LimitError, NoWorkerError, RequestRefusedError
from zosma_queue.request import parse_request

_CLASSES = {
    name: one
    for name, one in vars(errors).items()
    if inspect.isclass(one) and issubclass(one, errors.RequestRefusedError)
}
_BOT = Path(zosma_bot.__path__[0])
_OF_THE_QUEUE = [*Path(zosma_queue.__file__).parent.glob("*.py"), _BOT / "inputs.py"]
#: HTTP's refusals are read in English by programs that go by status and field.
_OF_DISCORD = list((_BOT / "discord").rglob("*.py"))
_FILES = [*_OF_THE_QUEUE, *_OF_DISCORD]
#: Passes on what it was given: the checks of several fields that `_WrongError` stands for, and pydantic's.
_PASSED_ON = {
    ("request.py", "wrong.code"),
    ("request.py", "code"),
    ("admission.py", "code"),
    ("drawing.py", "error.code"),
}


def constructions():
    """(file, line, class, code, names of values) for each refusal that is made anywhere."""
    for file in _FILES:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or file.name == "errors.py":
                continue
            given = {one.arg: one.value for one in node.keywords}
            if node.func.id == "_WrongError":
                names = {"field", *_names(node.args[3] if len(node.args) > 3 else None)}
                yield file.name, node.lineno, "RequestRefusedError", node.args[1], names
            elif node.func.id == "refused":
                names = {one.arg for one in node.keywords}
                yield file.name, node.lineno, "refused", node.args[0], names
            elif node.func.id in _CLASSES and file.name != "refusals.py":
                names = {*_names(given.get("values")), *({"field"} & given.keys()), *({"retry_after_s"} & given.keys())}
                yield file.name, node.lineno, node.func.id, given.get("code"), names


def _names(values):
    return [key.value for key in values.keys] if isinstance(values, ast.Dict) else []


def test_every_refusal_that_is_raised_has_a_code_of_the_table_and_its_values():
    found = list(constructions())
    assert len(found) > 25
    for file, line, name, code, values in found:
        if code is not None and not isinstance(code, ast.Constant):
            assert (file, ast.unparse(code)) in _PASSED_ON, (file, line)
            continue
        known = code.value if code else _CLASSES[name].default_code
        table = refusals.CODES if name == "refused" else CODES
        assert known in table, (file, line, known)
        assert known != "refused", (file, line)
        assert values == set(table[known]), (file, line, known)


def test_every_kind_of_error_that_a_script_names_is_one_and_has_a_sentence():
    scripts = "".join(file.read_text("utf-8") for file in (Path(zosma_queue.__file__).parent / "lua").glob("*.lua"))
    named = set(re.findall(r"fail\(job, '([^']+)'", scripts))

    assert named == {ErrorKind.WORKER_LOST, ErrorKind.NO_WORKER, ErrorKind.NO_GPU}
    assert all(kind.sentence for kind in ErrorKind)


def test_no_code_of_the_table_is_unused():
    sources = "".join(file.read_text("utf-8") for file in _FILES if file.name not in ("errors.py", "refusals.py"))
    unused = {code for code in (*CODES, *refusals.CODES) if f'"{code}"' not in sources}

    assert unused <= {one.default_code for one in _CLASSES.values()}


def test_no_code_means_two_things():
    assert CODES.keys() & refusals.CODES.keys() == set()


@pytest.mark.parametrize("code", sorted(refusals.CODES))
def test_a_refusal_of_discords_has_its_english_words_as_its_text(code):
    values = dict.fromkeys(refusals.CODES[code], "some&thing")
    field = values.pop("field", None)
    error = refusals.refused(code, field=field, **values)

    assert str(error) != code
    assert str(error).count("some&thing") >= len(values)


def test_a_refusal_is_told_under_the_name_that_the_field_has_elsewhere():
    with pytest.raises(RequestRefusedError) as refused:
        parse_request({"prompt": "x", "cfg_scale": "cfg_scale"})

    assert (
        str(refused.value)
        == "cfg_scale is 'cfg_scale': input should be a valid number, unable to parse string as a number"
    )
    assert refused.value.under("guidance").startswith("guidance is 'cfg_scale': input")


@pytest.mark.parametrize(
    ("fields", "code", "values"),
    [
        ({}, "missing", {"field": "prompt"}),
        ({"prompt": " "}, "empty-prompt", {"field": "prompt"}),
        ({"prompt": "x", "checkpoint": ""}, "empty-name", {"field": "checkpoint"}),
        ({"prompt": "x", "colour": 1}, "unknown-field", {"field": "colour"}),
        ({"prompt": "x" * 4001}, "too-long", {"field": "prompt", "given": 4001, "most": 4000}),
        ({"prompt": "x", "styles": ["x"] * 11}, "too-many-items", {"field": "styles", "given": 11, "most": 10}),
        ({"prompt": "x", "steps": 151}, "out-of-bounds", {"field": "steps", "given": 151, "low": 1, "high": 150}),
        ({"prompt": "x", "width": 1792, "height": 1792, "hires": {"scale": 4}}, "too-many-pixels",
         {"field": "hires.scale", "width": 7168, "height": 7168, "most_megapixels": 16}),
        ({"prompt": "x", "hires": {}, "img2img": {"image": "0" * 20}}, "hires-with-picture", {"field": "hires"}),
        ({"prompt": "x", "width": 2048, "height": 2048, "count": 16, "hires": {"scale": 2}}, "too-many-pictures",
         {"field": "count"}),
    ],
)  # fmt: skip
def test_a_wrong_request_says_what_is_wrong_in_a_code_and_values(fields, code, values):
    with pytest.raises(RequestRefusedError) as refused:
        parse_request(fields)

    assert (refused.value.code, refused.value.values) == (code, values)
    assert set(values) == set(CODES[code])


def test_what_pydantic_alone_can_say_is_passed_on():
    with pytest.raises(RequestRefusedError) as refused:
        parse_request({"prompt": "x", "steps": "many"})

    assert refused.value.code == "malformed"
    assert refused.value.values["given"] == "many"
    assert "valid integer" in refused.value.values["problem"]


def test_kinds_of_refusals_have_codes_of_their_own():
    limit = LimitError("x", retry_after_s=3.0, code="limit-full")

    assert NoWorkerError("x").code == "no-worker"
    assert (limit.code, limit.values, limit.retry_after_s) == ("limit-full", {"retry_after_s": 3.0}, 3.0)
