"""ProbCover against greedy maximum coverage on a graph that is written out."""

import numpy as np
import pytest

from active.acquisition import Pool
from active.acquisition.probcover import acquire, cover, kinds, uncovered
from active.acquisition.purity import pure_radius
from active.acquisition.reach import count_near, count_near_each_other, measured
from tests.active.acquisition.blobs import blobs, squared


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def rows():
    return np.random.default_rng(1).standard_normal((120, 3)).astype(np.float32)


@pytest.fixture(params=[7, 2_048])
def _tiles(request, monkeypatch):
    monkeypatch.setattr("active.acquisition.reach.TILE", request.param)
    monkeypatch.setattr("active.acquisition.probcover.TILE", request.param)


def is_greedy(graph, picks):
    """Whether each pick gained as much as any row could, as its score says."""
    left = np.ones(graph.shape[1], dtype=bool)
    for row, score in zip(picks.index, picks.score, strict=True):
        gains = (graph & left).sum(axis=1)
        if not gains[row] == gains.max() == score:
            return False
        left &= ~graph[row]
    return True


@pytest.mark.usefixtures("_tiles")
def test_counts_are_those_of_the_graph(rows):
    graph = squared(rows, rows) <= 1.0

    np.testing.assert_array_equal(count_near_each_other(measured(rows), 1.0), graph.sum(axis=1))
    found = count_near(rows, np.arange(5, 60), measured(rows[20:]), 1.0)
    np.testing.assert_array_equal(found, graph[5:60, 20:].sum(axis=1))


@pytest.mark.usefixtures("_tiles")
def test_every_pick_covers_most(rows, rng):
    for index in (np.arange(120), np.arange(0, 120, 3)):
        picks = cover(rows, index, 1.0, 15, rng)

        assert is_greedy(squared(rows, rows[index]) <= 1.0, picks)


def test_what_labeled_items_are_near_to_is_covered(rng):
    rows, kind = blobs(60, 40, 20)

    picks = acquire(Pool(embeddings=rows, labeled=rows[kind == 0][:5], labels=np.arange(5) % 3), 2, rng)

    assert kind[picks.index].tolist() == [1, 2]
    assert picks.score.sum() == 60.0


def test_once_all_is_covered_the_rest_are_drawn(rng):
    rows, kind = blobs(30, 20)

    picks = acquire(Pool(embeddings=rows), 2, rng), acquire(Pool(embeddings=rows), 50, rng)

    assert kind[picks[0].index].tolist() == [0, 1]
    assert sorted(picks[1].index) == list(range(50))
    assert picks[1].score[-1] == 0.0


def test_the_radius_spans_a_ball_and_no_two(rng):
    rows, _ = blobs(40, 40, 40, spread=0.5)

    radius = np.sqrt(pure_radius(rows, 3, rng))

    assert 1.0 < radius < np.sqrt(200)


def test_the_radius_of_one_kind_is_that_of_neighbours(rng):
    rows = np.array([[0.0], [1.0], [3.0]], dtype=np.float32)

    assert pure_radius(rows, 1, rng) == pytest.approx(1.0)
    assert pure_radius(rows[:1], 2, rng) == 0.0


def test_of_many_rows_a_sample_is_covered(rows, rng, monkeypatch):
    monkeypatch.setattr("active.acquisition.probcover.PAIRS", 120 * 30)

    assert len(uncovered(Pool(embeddings=rows), 1.0, rng)) == 30
    assert len(acquire(Pool(embeddings=rows), 10, rng).index) == 10


def test_kinds_are_labels_where_they_are_known(rows):
    known = Pool(embeddings=rows, labeled=rows[:4], labels=np.array([0, 5, 5, 7]))

    assert [kinds(known, 9), kinds(Pool(embeddings=rows), 9), kinds(Pool(embeddings=rows), 1)] == [3, 9, 2]
    assert kinds(Pool(embeddings=rows, probabilities=np.full((120, 4), 0.25)), 9) == 4
