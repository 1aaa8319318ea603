"""What Discord refuses of a modal."""

from __future__ import annotations

from typing import Any

import pytest

from loopback.discord.components import check_modal
from loopback.discord.errors import ApiError, FormErrors

OPTIONS = [{"label": "a", "value": "a"}, {"label": "b", "value": "b"}]
MENU = {"type": 3, "custom_id": "m", "options": OPTIONS}
UPLOAD = {"type": 19, "custom_id": "f"}
TEXT = {"type": 4, "custom_id": "t", "style": 1}


def refused(component: dict[str, Any]) -> Any:
    form = FormErrors()
    label = {"type": 18, "label": "x", "component": component}
    check_modal(form, {"custom_id": "c", "title": "t", "components": [label]})
    try:
        form.check()
    except ApiError as error:
        return error.body["errors"]["data"]["components"]["0"]["component"]
    return None


@pytest.mark.parametrize(
    "component",
    [
        MENU, MENU | {"required": False, "min_values": 0}, UPLOAD | {"required": False, "min_values": 0},
        TEXT | {"value": "four", "max_length": 4}, MENU | {"options": [OPTIONS[0] | {"default": True}, OPTIONS[1]]},
    ],
)  # fmt: skip
def test_what_fits_is_taken(component: dict[str, Any]) -> None:
    assert refused(component) is None


@pytest.mark.parametrize(
    ("component", "where"),
    [
        (MENU | {"min_values": 0}, "min_values"),
        (UPLOAD | {"min_values": 0}, "min_values"),
        (MENU | {"disabled": True}, "disabled"),
        (MENU | {"options": [one | {"default": True} for one in OPTIONS]}, "options"),
        (TEXT | {"value": "fives", "max_length": 4}, "value"),
    ],
)
def test_what_contradicts_itself_is_refused_where_it_stands(component: dict[str, Any], where: str) -> None:
    assert list(refused(component)) == [where]
