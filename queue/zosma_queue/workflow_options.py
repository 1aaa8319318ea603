"""What a workflow lets be chosen besides: whether a value is one that it takes."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from zosma_queue.errors import RequestRefusedError
from zosma_queue.fleet import Workflow, WorkflowOption

OptionValue = bool | int | float | str
#: What people type for a switch.
_SWITCH = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}


def joined(offered: Iterable[tuple[Workflow, ...]]) -> tuple[Workflow, ...]:
    """The workflows of all workers, each once, for the checkpoints of all who have it."""
    found: dict[str, Workflow] = {}
    for one in (workflow for workflows in offered for workflow in workflows):
        known = found.get(one.name)
        checkpoints = tuple(dict.fromkeys((*(known.checkpoints if known else ()), *one.checkpoints)))
        found[one.name] = (known or one).model_copy(update={"checkpoints": checkpoints})
    return tuple(found.values())


def checked_options(workflow: Workflow, given: Mapping[str, OptionValue]) -> dict[str, OptionValue]:
    """The options as the workflow takes them: numbers may come as text, and choices in any case.

    Raises:
      RequestRefusedError: when there is no such option, or it takes no such value.
    """
    known = {option.name: option for option in workflow.options}
    found = {}
    for name, value in given.items():
        option = known.get(name)
        if option is None:
            names = list(known)
            near = difflib.get_close_matches(name, names, n=3, cutoff=0.4) or names[:3]
            has = f"it has {', '.join(near)}" if near else "it has none"
            raise RequestRefusedError(
                detail=f"{name[:60]!r} is no option of the workflow {workflow.name}: {has}",
                code="no-such-option",
                field="workflow_options",
                values={"given": name[:60]},
            )
        found[name] = _value(option, value)
    return found


def _value(option: WorkflowOption, given: OptionValue) -> OptionValue:
    field = f"workflow_options.{option.name}"
    if option.type == "text":
        return str(given)
    if option.type == "switch":
        switch = given if isinstance(given, bool) else _SWITCH.get(str(given).strip().casefold())
        if switch is None:
            raise _malformed(field, given, "must be on or off")
        return switch
    if option.type == "choice":
        for choice in option.choices:
            if choice.casefold() == str(given).strip().casefold():
                return choice
        raise _malformed(field, given, f"possible are {', '.join(option.choices)}")
    return _number(option, field, given)


def _number(option: WorkflowOption, field: str, given: OptionValue) -> OptionValue:
    whole = option.type == "integer"
    try:
        number = float(given) if not isinstance(given, bool) else float("nan")
    except ValueError:
        number = float("nan")
    low = float("-inf") if option.min is None else option.min
    high = float("inf") if option.max is None else option.max
    if not low <= number <= high or abs(number) == float("inf") or (whole and number != int(number)):
        between = "" if option.min is None or option.max is None else f" between {low:g} and {high:g}"
        raise _malformed(field, given, f"must be a {'whole ' if whole else ''}number{between}")
    return int(number) if whole else number


def _malformed(field: str, given: OptionValue, problem: str) -> RequestRefusedError:
    shown = str(given)[:60]
    return RequestRefusedError(
        detail=f"is {shown!r}: {problem}", code="malformed", field=field, values={"given": shown, "problem": problem}
    )
