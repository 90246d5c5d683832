"""The estimators by name, for whoever only needs their names: web processes load no numerical libraries for that.

tests/labelmodel/test_methods.py compares this list with the estimators.
"""

from __future__ import annotations

DEFAULT = "partial_pooling"
METHODS: dict[str, str] = {
    "partial_pooling": "Partial pooling",
    "discounted_evidence": "Discounted evidence",
    "majority": "Majority",
    "weighted_vote": "Weighted vote",
    "one_coin": "One-coin",
    "dawid_skene": "Dawid-Skene",
    "glad": "GLAD",
    "mace": "MACE",
    "matrix_completion": "Matrix completion",
    "triplet": "Triplets",
}
