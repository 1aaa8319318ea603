"""What a translated text must keep to besides its words: the plural classes of its language, and Discord's lengths."""

from __future__ import annotations

import re
from collections.abc import Iterator

import babel
from fluent.syntax import ast
from fluent.syntax.visitor import Visitor

#: CLDR's classes of numbers; "other" every language has.
_CLASSES = frozenset(("zero", "one", "two", "few", "many"))
#: Counts to be expected. What a class has only beyond them (French `many`: whole millions) may be left to `other`.
_COUNTS = range(1001)

#: The most characters of a text by its key; first match counts. Labels are of forms, options of menus and choices.
_LENGTHS = tuple(
    (re.compile(pattern), most)
    for pattern, most in (
        (r"command-.*\.description|.*\.hint", 100),
        (r"(edit|report|region|use)-title", 45),
        (r"edit-(prompt|negative|checkpoint|style|size)|report-why", 45),
        (r"region-(where|words|mask|strength)|use-(strength|count|which)", 45),
        (r"button-(?!unknown|foreign|not-yours).*|admin-(yes|no)|privacy-(erase|keep)-button", 80),
        (r"report-(delete|dismiss)|region-(open|make)", 80),
        (r"(more|jobs)-choose", 150),
        (r"(edit-(as|any|same)|region-(?!invite|title)|shape|jobs-state|help-topic|switch|spoiler|who|lane|compare|use-(pictures|str)"
         r"|more-picture|scope)\b.*", 100),
        (r"help-.*|privacy-shown", 4096),
        (r".*", 2000),
    )
)  # fmt: skip


def most_chars(key: str) -> int:
    """How long Discord lets the text of a key be."""
    return next(most for pattern, most in _LENGTHS if pattern.fullmatch(key))


class Shown(Visitor):
    """Collects the values that a pattern shows, and those by which it chooses."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.chosen_by: set[str] = set()

    def visit_SelectExpression(self, node: ast.SelectExpression) -> None:
        """What a choice is made by is not shown by that."""
        if (name := _selector(node)) is not None:
            self.chosen_by.add(name)
        for variant in node.variants:
            self.visit(variant)

    def visit_VariableReference(self, node: ast.VariableReference) -> None:
        """One of them."""
        self.names.add(node.id.name)


def shown(node: ast.BaseNode) -> Shown:
    """The values of a pattern or a part of one."""
    found = Shown()
    found.visit(node)
    return found


class _Choices(Visitor):
    def __init__(self) -> None:
        self.found: list[ast.SelectExpression] = []

    def visit_SelectExpression(self, node: ast.SelectExpression) -> None:
        self.found.append(node)
        self.generic_visit(node)


def plural_problems(pattern: ast.Pattern, language: str) -> Iterator[str]:
    """What is wrong with the choices by number in a pattern."""
    choices = _Choices()
    choices.visit(pattern)
    for choice in choices.found:
        variants = {_key(one): one.value for one in choice.variants}
        if _CLASSES & variants.keys():
            yield from _of_choice(choice, variants, language)


def _of_choice(choice: ast.SelectExpression, variants: dict[str, ast.Pattern], language: str) -> Iterator[str]:
    locale = babel.Locale.parse(language)
    is_ordinal = isinstance(choice.selector, ast.FunctionReference) and choice.selector.id.name == "ORDINAL"
    rule = locale.ordinal_form if is_ordinal else locale.plural_form
    for name in sorted(_CLASSES & variants.keys() - rule.tags):
        yield f"has [{name}], which no number is in this language"
    needed = {rule(number) for number in _COUNTS} & _CLASSES
    for name in sorted(needed - variants.keys()):
        yield f"has no [{name}], which this language needs for {_examples(rule, name)}"
    chosen_by = _selector(choice)
    default = next(one.value for one in choice.variants if one.default)
    ones = [number for number in _COUNTS if rule(number) == "one" and str(number) not in variants]
    only_others = chosen_by in shown(default).names and chosen_by not in shown(variants.get("one", default)).names
    if len(ones) > 1 and only_others:
        yield f"must show ${chosen_by} in [one], which is {_examples(rule, 'one')} in this language"


def _examples(rule: babel.plural.PluralRule, name: str) -> str:
    return ", ".join([str(number) for number in _COUNTS if rule(number) == name][:3])


def _key(variant: ast.Variant) -> str:
    return variant.key.name if isinstance(variant.key, ast.Identifier) else variant.key.value


def _selector(choice: ast.SelectExpression) -> str | None:
    """The value by which it is chosen."""
    selector: ast.BaseNode = choice.selector
    if isinstance(selector, ast.FunctionReference) and selector.arguments.positional:
        selector = selector.arguments.positional[0]
    return selector.id.name if isinstance(selector, ast.VariableReference) else None
