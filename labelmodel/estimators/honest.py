"""Parameters of the honest form, where a source knows the truth or says something that does not depend on it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from labelmodel.estimators.parameters import Parameters
from labelmodel.estimators.steps import TINY, fix_known, normalize
from labelmodel.estimators.votes import Evidence, FloatArray, IntArray, bincount


def accuracy_with_pool(right: FloatArray, votes: FloatArray, ahead: tuple[float, float]) -> FloatArray:
    """Accuracy per source, then the pool's, (n_sources + 1,); sources without votes have the pool's.

    right and votes are (expected) counts per source; ahead are right and wrong votes that each counts in advance.
    """
    pool = (right.sum() + ahead[0]) / (votes.sum() + sum(ahead))
    own = (right + ahead[0]) / (votes + sum(ahead))
    return np.append(np.where(votes > 0, own, pool), pool)


def one_coin_arrays(accuracy: FloatArray, columns: int) -> dict[str, FloatArray]:
    """Honest form of sources whose mistakes are spread evenly: accuracy = honesty + (1 - honesty) / columns."""
    even = 1.0 / max(columns, 1)
    honesty = (accuracy - even) / (1.0 - even) if columns > 1 else np.ones_like(accuracy)
    return {"honesty": honesty, "guess": np.full((1, columns), even)}


def scores(evidence: Evidence, honesty: FloatArray, guess: FloatArray) -> FloatArray:
    """Log chance of each row's votes under each true column, (n_rows, n_columns).

    A vote tells its own column from the others and nothing more, so no (source, true, given) array is needed.
    """
    right, wrong = log_chances(evidence.source, evidence.column, honesty, guess)
    base = bincount(evidence.row, wrong, len(evidence.items))
    return evidence.scatter(right - wrong) + base[:, None]


def scores_of_votes(
    evidence: Evidence, honesty: FloatArray, guess: FloatArray, votes: IntArray
) -> FloatArray:
    """Log chance of the single votes at these positions under each true column, (len(votes), n_columns)."""
    columns = evidence.column[votes]
    right, wrong = log_chances(evidence.source[votes], columns, honesty, guess)
    result = np.repeat(wrong[:, None], len(evidence.labels), axis=1)
    result[np.arange(len(votes)), columns] = right
    return result


def log_chances(
    source: IntArray, column: IntArray, honesty: FloatArray, guess: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Log chance of each vote where it is right, and where it is wrong."""
    known, guesser = honesty[source], np.minimum(source, len(guess) - 1)
    wrong = np.maximum((1.0 - known) * guess[guesser, column], TINY)
    return np.log(np.maximum(known + wrong, TINY)), np.log(wrong)


def e_step(
    evidence: Evidence, arrays: Mapping[str, FloatArray], prior: FloatArray
) -> tuple[FloatArray, float]:
    """Posterior of rows and columns, and the log-likelihood."""
    chances = scores(evidence, arrays["honesty"], arrays["guess"]) + np.log(np.maximum(prior, TINY))
    fix_known(chances, evidence)
    return chances, float(normalize(chances).sum())


def judge(parameters: Parameters, evidence: Evidence) -> FloatArray:
    """Posterior of rows and columns, (n_rows, n_columns)."""
    return e_step(evidence, parameters.arrays, parameters.prior[evidence.labels])[0]
