"""How much annotators agree, with intervals: pure, arrays in, frozen results out. docs/methods/agreement.md explains it."""

from annotation.agreement.items import ItemAgreement, per_item
from annotation.agreement.judgments import LEVELS, Coded, Judgments, Level, coded
from annotation.agreement.labels import Confusion, LabelAgreement, confusions, items_with, per_label
from annotation.agreement.measure import Agreement, Coefficient
from annotation.agreement.pairwise import Pairwise, pairwise
from annotation.agreement.registry import COEFFICIENTS, agreement, agreements, default_for

__all__ = [
    "COEFFICIENTS",
    "LEVELS",
    "Agreement",
    "Coded",
    "Coefficient",
    "Confusion",
    "ItemAgreement",
    "Judgments",
    "LabelAgreement",
    "Level",
    "Pairwise",
    "agreement",
    "agreements",
    "coded",
    "confusions",
    "default_for",
    "items_with",
    "pairwise",
    "per_item",
    "per_label",
]
