"""How much annotators agree, with intervals: pure, arrays in, frozen results out. docs/methods/agreement.md explains it."""

from annotation.agreement.judgments import LEVELS, Coded, Judgments, Level, coded
from annotation.agreement.measure import Agreement, Coefficient
from annotation.agreement.registry import COEFFICIENTS, agreement, agreements, default_for

__all__ = [
    "COEFFICIENTS",
    "LEVELS",
    "Agreement",
    "Coded",
    "Coefficient",
    "Judgments",
    "Level",
    "agreement",
    "agreements",
    "coded",
    "default_for",
]
