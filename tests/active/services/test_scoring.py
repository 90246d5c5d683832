"""Scoring a shard of the pool."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from active.services import scoring


@dataclass
class Torn:
    """A model that holds two labels for exactly as likely."""

    kind: str = "one"
    n_labels: int = 2

    def predict(self, features: scoring.Floats) -> scoring.Floats:
        return np.full((len(features), 2), 0.5, dtype=np.float32)


def test_items_between_two_labels_are_in_the_last_bin() -> None:
    vectors, rows = np.ones((7, 3), dtype=np.float16), np.arange(7)

    scores, counts, _ = scoring._scores(vectors, rows, Torn(), ["margin"], np.random.default_rng(0))  # type: ignore[arg-type]

    assert scores[0].tolist() == [1.0] * 7
    assert counts.tolist() == [0] * (scoring.BINS - 1) + [7]
