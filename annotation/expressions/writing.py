"""From tree to text: the same tree always makes the same text, and reading it makes the same tree."""

from __future__ import annotations

import re

from annotation.expressions.tree import And, Condition, Expression, Not, Or

# What needs no quotation marks. Less than the grammar takes: what looks odd is easier to read in marks.
_PLAIN = re.compile(r"[^\W_][\w.:@/+-]*|-?\d[\w.:]*")
_KEYWORDS = frozenset({"and", "or", "not", "in", "is", "missing"})


def write(expression: Expression) -> str:
    if isinstance(expression, Condition):
        return _condition(expression)
    if isinstance(expression, Not):
        return f"not {_inside(expression.of)}"
    word = " and " if isinstance(expression, And) else " or "
    return word.join(_inside(part) for part in expression.parts)


def quoted(value: str) -> str:
    """A value as it stands in a filter, in quotation marks where it needs them."""
    if _PLAIN.fullmatch(value) and value.lower() not in _KEYWORDS:
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _inside(expression: Expression) -> str:
    return f"({write(expression)})" if isinstance(expression, And | Or) else write(expression)


def _condition(condition: Condition) -> str:
    name = condition.field + (f".{_part(condition.part)}" if condition.part else "")
    if not condition.operator:
        return name
    if condition.operator == "missing":
        return f"{name} is missing"
    if condition.operator == "in":
        return f"{name} in ({', '.join(map(quoted, condition.values))})"
    return f"{name} {condition.operator} {quoted(condition.values[0])}"


def _part(part: str) -> str:
    plain = re.fullmatch(r"\w[\w-]*(\.\w[\w-]*)*", part)
    return part if plain else f'"{part}"' if '"' not in part and "\\" not in part else quoted(part)
