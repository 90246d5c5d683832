"""Small examples: three clouds of points that a straight line tells apart, and rows that no line does."""

from __future__ import annotations

import numpy as np

from active.replay import Examples


def clouds(items: int = 240, labels: int = 3, seed: int = 0) -> Examples:
    rng = np.random.default_rng(seed)
    centres = 2.0 * rng.standard_normal((labels, 5))
    truth = rng.integers(labels, size=items)
    features = (centres[truth] + rng.standard_normal((items, 5))).astype(np.float32)
    half = items // 2
    return Examples(features[:half], truth[:half], features[half:], truth[half:])
