"""What rating and number share: numbers out of texts, and one way to write each number."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from annotation.questions.checks import is_number
from annotation.questions.types import Question


def canonical(value: float) -> int | float:
    """2 for 2.0, so that equal answers are equal in every notation."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def parsed(value: Any) -> int | float | None:
    """The number that a value of another question type says, if it says one."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    return canonical(value) if is_number(value) else None


def close(question: Question, given: Any, known: Any, tolerance: float) -> bool:
    """Whether a number is no further off than the tolerance."""
    if given is None:
        return False
    # In decimal, as it was typed: 0.3 is 0.1 away from 0.2, which binary fractions deny.
    return abs(Decimal(str(given)) - Decimal(str(known))) <= Decimal(str(tolerance))
