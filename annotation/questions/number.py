"""Any number, within limits."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from annotation.errors import Fault
from annotation.questions.checks import MOST_NUMBER, is_number, text_fault
from annotation.questions.numbers import canonical, close, parsed
from annotation.questions.types import (
    BadValue,
    Chip,
    Clean,
    Payload,
    Question,
    QuestionType,
    as_list,
    one_cell,
    one_column,
)

# With numbers up to MOST_NUMBER, this many steps are still counted exactly.
LEAST_STEP = 1e-9


def _check(question: Question) -> list[Fault]:
    given = {key: question[key] for key in ("min", "max", "step") if question.get(key) is not None}
    faults = [Fault((key,), "This must be a number.") for key, limit in given.items() if not is_number(limit)]
    if question.get("unit") is not None and (fault := text_fault(question["unit"], most=20)):
        faults.append(Fault(("unit",), fault))
    if not faults and given.get("step", 1) < LEAST_STEP:
        faults.append(Fault(("step",), f"A step is at least {LEAST_STEP}."))
    if not faults and given.get("min", -MOST_NUMBER) > given.get("max", MOST_NUMBER):
        faults.append(Fault(("max",), "The maximum must not be less than the minimum."))
    return faults


def _normalize(question: Question) -> dict[str, Any]:
    limits = {key: question.get(key) for key in ("min", "max", "step")}
    return {**question, **limits, "unit": (question.get("unit") or "").strip()}


def _cleaner(question: Question) -> Clean:
    least, most, step = (question[key] for key in ("min", "max", "step"))

    def clean(value: Any, payload: Payload) -> Any:
        if not is_number(value):
            raise BadValue("The answer is a number.")
        if least is not None and value < least:
            raise BadValue(f"The answer is at least {least}.")
        if most is not None and value > most:
            raise BadValue(f"The answer is at most {most}.")
        if step is not None and not _on_step(value, least or 0, step):
            raise BadValue(f"The answer goes in steps of {step}.")
        return canonical(value)

    return clean


def _on_step(value: float, start: float, step: float) -> bool:
    # In decimal, as it was typed: 0.3 is three steps of 0.1, which binary fractions deny.
    return (Decimal(str(value)) - Decimal(str(start))) % Decimal(str(step)) == 0


def _chips(question: Question) -> Any:
    unit = f" {question['unit']}" if question["unit"] else ""
    return lambda value: [Chip(f"{value}{unit}")]


def _adopt(question: Question, said: Sequence[Any]) -> Any:
    return parsed(said[0]) if len(said) == 1 else None


NUMBER = QuestionType(
    name="number",
    title="Number",
    options=frozenset({"min", "max", "step", "unit"}),
    check=_check,
    normalize=_normalize,
    cleaner=_cleaner,
    votes=lambda question, value: [str(value)],
    scale="interval",
    right=close,
    values=lambda question: None,
    one_value=False,
    chips=_chips,
    columns=one_column,
    cells=one_cell,
    said=as_list,
    adopt=_adopt,
    holds="double",
)
