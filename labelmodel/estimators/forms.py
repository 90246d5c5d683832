"""Scores of votes under parameters of either form."""

from __future__ import annotations

from collections.abc import Mapping

from labelmodel.estimators import full, honest
from labelmodel.estimators.votes import Evidence, FloatArray, IntArray


def scores(arrays: Mapping[str, FloatArray], evidence: Evidence) -> FloatArray:
    """Log chance of each row's votes under each true column, (n_rows, n_columns)."""
    if "confusion" in arrays:
        return full.scores(evidence, arrays["confusion"][: evidence.n_sources])
    return honest.scores(evidence, arrays["honesty"], arrays["guess"])


def scores_of_votes(arrays: Mapping[str, FloatArray], evidence: Evidence, votes: IntArray) -> FloatArray:
    """Log chance of the single votes at these positions under each true column, (len(votes), n_columns)."""
    if "confusion" in arrays:
        return full.scores_of_votes(evidence, arrays["confusion"][: evidence.n_sources], votes)
    return honest.scores_of_votes(evidence, arrays["honesty"], arrays["guess"], votes)
