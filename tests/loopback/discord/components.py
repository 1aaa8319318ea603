"""Limits of buttons, selects, rows and modals."""

from __future__ import annotations

from collections import Counter
from typing import Any

from loopback.discord.errors import FormErrors, Path
from loopback.discord.shown import BUTTON, SELECTS, walk

Json = dict[str, Any]

ROW, STRING_SELECT, TEXT_INPUT, TEXT_DISPLAY, LABEL, FILE_UPLOAD = 1, 3, 4, 10, 18, 19
#: Section, text display, thumbnail, gallery, file, separator, container.
V2_TYPES = (9, 10, 11, 12, 13, 14, 17)
LINK_STYLE, PREMIUM_STYLE = 5, 6


def check_message_components(form: FormErrors, components: Any, v2: bool) -> None:
    """Old messages hold up to 5 rows; with the flag IS_COMPONENTS_V2, 40 components of any sort."""
    if not components:
        return
    if not isinstance(components, list):
        form.add(("components",), "BASE_TYPE_LIST", "Only iterables may be used in a ListType")
        return
    if v2:
        if sum(1 for _ in walk(components)) > 40:
            form.add(("components",), "COMPONENT_MAX_COUNT", "The total number of components exceeds 40")
        texts = sum(len(c.get("content", "")) for c in walk(components) if c.get("type") == TEXT_DISPLAY)
        if texts > 4000:
            form.add(("components",), "COMPONENT_TEXT_SIZE", "The total displayable text exceeds 4000")
    else:
        form.at_most(("components",), components, 5)
    for index, component in enumerate(components):
        _check_top(form, ("components", index), component, v2)
    _check_ids(form, components)


def _check_top(form: FormErrors, path: Path, component: Json, v2: bool) -> None:
    if component.get("type") == ROW:
        _check_row(form, path, component)
    elif not (v2 and component.get("type") in V2_TYPES):
        form.add((*path, "type"), "UNION_TYPE_CHOICES", "Value of field 'type' must be one of the allowed types.")
    else:
        for index, child in enumerate(component.get("components", [])):
            if child.get("type") == ROW:
                _check_row(form, (*path, "components", index), child)
        if isinstance(accessory := component.get("accessory"), dict) and accessory.get("type") == BUTTON:
            _check_button(form, (*path, "accessory"), accessory)


def _check_row(form: FormErrors, path: Path, row: Json) -> None:
    children = row.get("components") or []
    if not 1 <= len(children) <= 5:
        form.add((*path, "components"), "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
    if len(children) > 1 and any(c.get("type") in SELECTS for c in children):
        form.add((*path, "components"), "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "A select fills its row")
    for index, child in enumerate(children):
        where = (*path, "components", index)
        if child.get("type") == BUTTON:
            _check_button(form, where, child)
        elif child.get("type") in SELECTS:
            check_select(form, where, child)
        else:
            form.add((*where, "type"), "UNION_TYPE_CHOICES", "Not a component of a row in a message.")


def _check_button(form: FormErrors, path: Path, button: Json) -> None:
    style = button.get("style")
    if style not in range(1, 7):
        form.add((*path, "style"), "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3, 4, 5, 6}.")
    form.length((*path, "label"), button.get("label", ""), 0, 80)
    if style == LINK_STYLE:
        form.length((*path, "url"), button.get("url"), 1, 512)
        if button.get("custom_id"):
            form.add(path, "BUTTON_COMPONENT_INVALID_COMBINATION", "A link button has no custom_id")
    elif style != PREMIUM_STYLE:
        form.length((*path, "custom_id"), button.get("custom_id"), 1, 100)
    if style != PREMIUM_STYLE and not (button.get("label") or button.get("emoji")):
        form.add(path, "BUTTON_COMPONENT_INVALID", "A button must have a label or an emoji")


def check_select(form: FormErrors, path: Path, select: Json) -> None:
    """A string select lists 1 to 25 options; the others are filled by Discord."""
    form.length((*path, "custom_id"), select.get("custom_id"), 1, 100)
    form.length((*path, "placeholder"), select.get("placeholder", ""), 0, 150)
    low, high = select.get("min_values", 1), select.get("max_values", 1)
    if not (0 <= low <= 25 and 1 <= high <= 25 and low <= high):
        form.add((*path, "max_values"), "BASE_TYPE_BAD_INT", "min_values and max_values contradict")
    if select.get("type") != STRING_SELECT:
        return
    options = select.get("options") or []
    if not 1 <= len(options) <= 25:
        form.add((*path, "options"), "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 25 in length.")
    elif high > len(options):
        form.add((*path, "max_values"), "BASE_TYPE_BAD_INT", "More values than options")
    for index, option in enumerate(options):
        where = (*path, "options", index)
        form.length((*where, "label"), option.get("label"), 1, 100)
        form.length((*where, "value"), option.get("value"), 1, 100)
        form.length((*where, "description"), option.get("description", ""), 0, 100)
    if sum(bool(option.get("default")) for option in options) > high:
        form.add((*path, "options"), "SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES", "More defaults than may be chosen")
    for value, count in Counter(str(o.get("value")) for o in options).items():
        if count > 1:
            form.add((*path, "options"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", f"Duplicate {value!r}")


def _check_ids(form: FormErrors, components: list[Json]) -> None:
    ids = Counter(c["custom_id"] for c in walk(components) if c.get("custom_id"))
    for custom_id, count in ids.items():
        if count > 1:
            form.add(("components",), "COMPONENT_CUSTOM_ID_DUPLICATED", f"Component custom id {custom_id!r} twice")


def check_modal(form: FormErrors, data: Json) -> None:
    """A modal: a title, an id, and up to five labelled fields."""
    form.length(("data", "custom_id"), data.get("custom_id"), 1, 100)
    form.length(("data", "title"), data.get("title"), 1, 45)
    rows = data.get("components") or []
    if not 1 <= len(rows) <= 5:
        form.add(("data", "components"), "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
    for index, row in enumerate(rows):
        path: Path = ("data", "components", index)
        if row.get("type") == LABEL:
            form.length((*path, "label"), row.get("label"), 1, 45)
            form.length((*path, "description"), row.get("description") or "", 0, 100)
            _check_field(form, (*path, "component"), row.get("component") or {}, labelled=True)
        elif row.get("type") == ROW:
            for child in row.get("components") or [{}]:
                _check_field(form, (*path, "components", 0), child, labelled=False)
        elif row.get("type") != TEXT_DISPLAY:
            form.add((*path, "type"), "UNION_TYPE_CHOICES", "Not a component of a modal.")
    _check_ids(form, rows)


def _check_field(form: FormErrors, path: Path, item: Json, labelled: bool) -> None:
    if item.get("type") in SELECTS:
        check_select(form, path, item)
        _check_required(form, path, item)
        if item.get("disabled"):
            form.add((*path, "disabled"), "COMPONENT_DISABLED_IN_MODAL", "Nothing in a modal may be disabled.")
        return
    form.length((*path, "custom_id"), item.get("custom_id"), 1, 100)
    if item.get("type") == FILE_UPLOAD:
        _check_upload(form, path, item, labelled)
    if item.get("type") != TEXT_INPUT:
        return
    if not labelled:
        form.length((*path, "label"), item.get("label"), 1, 45)
    form.length((*path, "placeholder"), item.get("placeholder") or "", 0, 100)
    form.length((*path, "value"), item.get("value") or "", 0, 4000)
    low, high = item.get("min_length") or 0, item.get("max_length") or 4000
    if not (0 <= low <= high <= 4000):
        form.add((*path, "max_length"), "BASE_TYPE_BAD_INT", "min_length and max_length contradict")
    elif len(item.get("value") or "") > high:
        form.add((*path, "value"), "BASE_TYPE_BAD_LENGTH", f"Must be {high} or fewer in length.")


def _check_required(form: FormErrors, path: Path, item: Json) -> None:
    """What must be filled in takes at least one value."""
    if item.get("required") is not False and item.get("min_values") == 0:
        form.add((*path, "min_values"), "BASE_TYPE_BAD_INT", "A required component needs at least one value")


def _check_upload(form: FormErrors, path: Path, item: Json, labelled: bool) -> None:
    """Files stand in a label only, and are 0 to 10."""
    if not labelled:
        form.add((*path, "type"), "UNION_TYPE_CHOICES", "A file upload must be in a label.")
    _check_required(form, path, item)
    low = 1 if item.get("min_values") is None else item["min_values"]
    high = item.get("max_values") or 1
    if not (0 <= low <= 10 and 1 <= high <= 10 and low <= high):
        form.add((*path, "max_values"), "BASE_TYPE_BAD_INT", "min_values and max_values contradict")


def number_components(components: list[Json]) -> list[Json]:
    """Discord gives each component without an `id` the next free number, and tells no emoji an id that has none."""
    taken = {c["id"] for c in walk(components) if c.get("id")}
    free = (n for n in range(1, 1000) if n not in taken)
    for component in walk(components):
        if not component.get("id"):
            component["id"] = next(free)
        for part in (component, *(component.get("options") or [])):
            if part.get("emoji"):
                part["emoji"] = {name: value for name, value in part["emoji"].items() if value is not None}
    return components
