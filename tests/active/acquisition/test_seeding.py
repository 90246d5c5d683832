"""k-means++ by rejection against the full algorithm, which computes all distances for every draw."""

from itertools import permutations

import numpy as np
import pytest
from scipy.stats import chisquare

from active.acquisition import Pool
from active.acquisition.kmeans_plus_plus import acquire
from active.acquisition.points import Gradients, Held, Vectors
from active.acquisition.seeding import seed
from tests.active.acquisition.blobs import blobs, squared

DRAWS = 3_000
ROWS = np.array([[0, 0], [1, 0], [0, 3], [4, 1], [4.5, 1], [0.2, 0.1]], dtype=np.float32)
WEIGHTS = np.array([1, 0.5, 2, 1, 0, 3], dtype=np.float32)


def law(points, n, *, centres=None, weights=None, first=None):
    """The chance of each ordered draw of n points by the full algorithm."""
    weights = np.ones(len(points)) if weights is None else weights
    chances = {}
    for order in permutations(range(len(points)), n):
        known, chance = ([] if centres is None else list(centres)), 1.0
        for place, row in enumerate(order):
            apart = squared(points, np.array(known)).min(axis=1) if known else np.ones(len(points))
            drawn = weights * apart / (weights * apart).sum()
            chance *= drawn[row] if place or first is None else float(row == first)
            known.append(points[row])
        chances[order] = chance
    return chances


def assert_follows(law, draw):
    """Chi-square over all orders that are to be expected five times or more, the others together."""
    seen = dict.fromkeys(law, 0)
    for number in range(DRAWS):
        seen[tuple(int(row) for row in draw(np.random.default_rng(number)))] += 1
    likely = [order for order, chance in law.items() if chance * DRAWS >= 5]
    expected = np.array([law[order] for order in likely] + [1.0 - sum(law[order] for order in likely)])
    counts = np.array([seen[order] for order in likely] + [DRAWS - sum(seen[order] for order in likely)])
    assert chisquare(counts[expected > 1e-9], expected[expected > 1e-9] * DRAWS).pvalue > 1e-3
    assert all(not seen[order] for order, chance in law.items() if chance == 0.0)


@pytest.fixture(params=[0, 4, 10**9], ids=["never a pass", "as it is", "always a pass"])
def _passes(request, monkeypatch):
    monkeypatch.setattr("active.acquisition.seeding.SCATTERED", request.param)
    monkeypatch.setattr("active.acquisition.seeding.FIRST", 16)


@pytest.mark.usefixtures("_passes")
def test_draws_as_the_full_algorithm_does():
    assert_follows(law(ROWS, 3), lambda rng: seed(Vectors(ROWS), 3, rng))


def test_with_centres():
    known = ROWS[[0]] + 0.5

    assert_follows(law(ROWS, 2, centres=known), lambda rng: seed(Vectors(ROWS), 2, rng, centres=Held(known)))


def test_with_weights():
    assert_follows(law(ROWS, 2, weights=WEIGHTS), lambda rng: seed(Vectors(ROWS), 2, rng, weights=WEIGHTS))


def test_gradients_without_forming_them():
    rng = np.random.default_rng(0)
    chances = rng.dirichlet(np.full(3, 0.6), size=5).astype(np.float32)
    residuals = chances - np.eye(3)[chances.argmax(axis=1)]
    gradients = (residuals[:, :, None] * ROWS[1:, None, :]).reshape(5, 6)
    longest = int(np.square(gradients).sum(axis=1).argmax())

    assert_follows(
        law(gradients, 3, first=longest),
        lambda rng: seed(Gradients(chances, ROWS[1:]), 3, rng, longest_first=True),
    )


def test_distances_of_gradients_are_those_of_gradients_written_out():
    rng = np.random.default_rng(0)
    held = Held(*(rng.standard_normal((20, width)).astype(np.float32) for width in (5, 3)))
    written = (held.factors[:, :, None] * held.rows[:, None, :]).reshape(20, 15)

    apart = held.squared_distances(held.at(np.arange(7)))

    np.testing.assert_allclose(apart, squared(written, written[:7]), atol=1e-4)
    np.testing.assert_allclose(held.squared_lengths, np.square(written).sum(axis=1), rtol=1e-5)


def test_copies_come_last():
    rows = np.repeat(3.0 + np.random.default_rng(0).standard_normal((5, 64)), 20, axis=0).astype(np.float32)

    drawn = seed(Vectors(rows), 30, np.random.default_rng(0))

    assert set(drawn[:5] // 20) == set(range(5))
    assert len(set(drawn.tolist())) == 30


def test_a_needle_in_a_haystack_is_found():
    rows = np.ones((20_000, 8), dtype=np.float32)
    rows[12_345] = 2.0

    assert 12_345 in seed(Vectors(rows), 2, np.random.default_rng(0))


def test_what_is_labeled_is_not_drawn_again():
    rows, kind = blobs(50, 50, 50, spread=0.001)

    picks = acquire(Pool(embeddings=rows, labeled=rows[kind == 1][:5]), 2, np.random.default_rng(0))

    assert set(kind[picks.index]) == {0, 2}


def test_blocks_do_not_show(monkeypatch):
    rows = np.random.default_rng(0).standard_normal((100, 4)).astype(np.float32)
    monkeypatch.setattr("active.acquisition.seeding.SCATTERED", 10**9)
    whole = seed(Vectors(rows), 20, np.random.default_rng(0))
    monkeypatch.setattr("active.acquisition.vectors.NUMBERS", 28)

    np.testing.assert_array_equal(seed(Vectors(rows), 20, np.random.default_rng(0)), whole)
