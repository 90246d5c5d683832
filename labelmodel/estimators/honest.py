"""Parameters of the honest form, where a source knows the truth or says something that does not depend on it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from labelmodel.estimators.parameters import Parameters
from labelmodel.estimators.steps import TINY, fix_known, normalize
from labelmodel.estimators.votes import Evidence, FloatArray


def accuracy_with_pool(right: FloatArray, votes: FloatArray, smoothing: float) -> FloatArray:
    """Accuracy per source, then the pool's, (n_sources + 1,); sources without votes have the pool's.

    right and votes are (expected) counts per source; smoothing is added to both the right and the wrong ones.
    """
    pool = (right.sum() + smoothing) / (votes.sum() + 2.0 * smoothing)
    own = (right + smoothing) / (votes + 2.0 * smoothing)
    return np.append(np.where(votes > 0, own, pool), pool)


def one_coin_arrays(accuracy: FloatArray, columns: int) -> dict[str, FloatArray]:
    """Honest form of sources whose mistakes are spread evenly: accuracy = honesty + (1 - honesty) / columns."""
    even = 1.0 / max(columns, 1)
    honesty = (accuracy - even) / (1.0 - even) if columns > 1 else np.ones_like(accuracy)
    return {"honesty": honesty, "guess": np.full((1, columns), even)}


def honest_scores(evidence: Evidence, honesty: FloatArray, guess: FloatArray) -> FloatArray:
    """Log chance of each row's votes under each true column, (n_rows, n_columns).

    A vote tells its own column from the others and nothing more, so no (source, true, given) array is needed.
    """
    known, guesser = honesty[evidence.source], np.minimum(evidence.source, len(guess) - 1)
    wrong = np.maximum((1.0 - known) * guess[guesser, evidence.column], TINY)
    right = np.maximum(known + wrong, TINY)
    base = np.bincount(evidence.row, np.log(wrong), len(evidence.items))
    return evidence.scatter(np.log(right) - np.log(wrong)) + base[:, None]


def honest_e_step(
    evidence: Evidence, arrays: Mapping[str, FloatArray], prior: FloatArray
) -> tuple[FloatArray, float]:
    """Posterior of rows and columns, and the log-likelihood."""
    scores = honest_scores(evidence, arrays["honesty"], arrays["guess"]) + np.log(np.maximum(prior, TINY))
    fix_known(scores, evidence)
    return scores, float(normalize(scores).sum())


def judge(parameters: Parameters, evidence: Evidence) -> FloatArray:
    """Posterior of rows and columns, (n_rows, n_columns)."""
    return honest_e_step(evidence, parameters.arrays, parameters.prior[evidence.labels])[0]
