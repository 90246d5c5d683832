"""Functions of probabilities and embeddings, against their formulas."""

import numpy as np
from scipy.special import log_softmax, softmax
from scipy.stats import entropy

from active.acquisition import ACQUISITIONS
from active.acquisition.entropy_after import fall_of_entropy
from active.acquisition.one_step import Trained, in_turn, steps
from tests.active.acquisition.pools import at, chances, pool_of
from tests.active.acquisition.test_uncertainty import scores


def test_expected_gradient_length_is_that_of_a_softmax_regression():
    pool = pool_of()
    residuals = pool.probabilities[:, None, :] - np.eye(3)
    gradients = residuals[:, :, None, :] * with_one(pool.embeddings)[:, None, :, None]

    expected = (pool.probabilities * np.linalg.norm(gradients, axis=(2, 3))).sum(axis=1)

    np.testing.assert_allclose(scores("expected_gradient_length", pool), expected, atol=1e-5)


def test_density_weighted_is_entropy_times_the_mean_cosine_to_the_pool():
    pool = pool_of()
    directions = pool.embeddings / np.linalg.norm(pool.embeddings, axis=1, keepdims=True)

    density = np.maximum((directions @ directions.T).mean(axis=1), 0.0)

    expected = entropy(pool.probabilities, axis=1) * density
    np.testing.assert_allclose(scores("density_weighted", pool), expected, atol=1e-6)


def test_fall_of_entropy_is_that_of_every_label_tried_in_turn():
    rng = np.random.default_rng(0)
    judged, candidates, steps = chances(rng, 7, 4), chances(rng, 5, 4), rng.normal(0.0, 2.0, (7, 5))
    expected = np.full(5, entropy(judged, axis=1).mean())
    for c, y in np.ndindex(5, 4):
        moved = softmax(np.log(judged) + steps[:, c, None] * (np.eye(4)[y] - candidates[c]), axis=1)
        expected[c] -= candidates[c, y] * entropy(moved, axis=1).mean()

    np.testing.assert_allclose(fall_of_entropy(judged, candidates, steps), expected, atol=1e-6)


def with_one(rows):
    return np.append(rows, np.ones((len(rows), 1)), axis=1)


def test_the_step_is_newtons_under_the_bound_of_the_curvature():
    pool = pool_of(m=5)
    rows, candidates = pool.embeddings[:6], pool.embeddings[6:9]
    model = Trained(pool.labeled, weight=2.0, penalty=0.3)
    seen = with_one(pool.labeled)

    found = steps(*model.covariance(rows, candidates))

    for n, row in enumerate(with_one(candidates)):
        curvature = 0.3 * np.eye(9) + 2.0 * 0.5 * seen.T @ seen + 0.5 * np.outer(row, row)
        np.testing.assert_allclose(found[:, n], with_one(rows) @ np.linalg.solve(curvature, row), rtol=1e-5)


def test_a_step_raises_the_label_that_came_where_the_candidate_lies():
    pool = pool_of(m=5)
    step = steps(*Trained(pool.labeled, 1.0, 0.1).covariance(pool.embeddings[:1], pool.embeddings[:1]))[0, 0]
    before = np.log(pool.probabilities[0])

    after = log_softmax(before + step * (np.eye(3)[1] - pool.probabilities[0]))

    assert after[1] > before[1]


def test_what_was_taken_discounts_as_if_it_were_trained_on():
    pool = pool_of(m=5)
    both, candidates = pool.embeddings[:9], pool.embeddings[6:9]
    covariance, own = Trained(pool.labeled, 1.0, 20.0).covariance(both, candidates)
    trained_on = np.append(pool.labeled, candidates[1:2], axis=0)
    after = steps(*Trained(trained_on, 1.0, 20.0).covariance(both, candidates))[:6]
    share = (after**2).sum(axis=0) / (steps(covariance, own)[:6] ** 2).sum(axis=0)

    gains = in_turn(np.array([1.0, 2.0, 0.5]), covariance, 6, turns=1)

    np.testing.assert_allclose(gains, [share[0], 2.0, 0.5 * share[2]], rtol=1e-6)


def test_expected_error_reduction_prefers_an_item_that_many_others_are_like():
    pool = pool_of(n=50, d=20, m=3)
    crowd = at(pool, np.append(np.zeros(40, dtype=int), np.arange(40, 50)))

    picks = ACQUISITIONS["expected_error_reduction"](crowd, 1, np.random.default_rng(0))

    assert picks.index[0] < 40


def test_expected_error_reduction_spreads_its_picks():
    pool = pool_of(n=30, d=20, m=3)
    crowd = at(pool, np.append(np.zeros(40, dtype=int), np.arange(30)))

    picks = ACQUISITIONS["expected_error_reduction"](crowd, 10, np.random.default_rng(0))

    assert (picks.index < 40).sum() <= 5


def test_expected_error_reduction_bounds_its_samples(monkeypatch):
    monkeypatch.setattr("active.acquisition.expected_error_reduction.CANDIDATES", 10)
    pool = pool_of(n=300)

    one, other = (ACQUISITIONS["expected_error_reduction"](pool, 5, np.random.default_rng(s)) for s in (0, 1))

    assert len(np.union1d(one.index, other.index)) > 5
