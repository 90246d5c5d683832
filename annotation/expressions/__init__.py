"""The language of filters, by itself: a grammar, a tree, and the tree written as text again. Pure."""

from annotation.expressions.reading import LONGEST, parse
from annotation.expressions.tree import (
    EVERYTHING,
    And,
    Condition,
    Expression,
    Not,
    Or,
    all_of,
    any_of,
    compared_together,
    conditions,
    no,
)
from annotation.expressions.writing import quoted, write

__all__ = [
    "EVERYTHING",
    "LONGEST",
    "And",
    "Condition",
    "Expression",
    "Not",
    "Or",
    "all_of",
    "any_of",
    "compared_together",
    "conditions",
    "no",
    "parse",
    "quoted",
    "write",
]
