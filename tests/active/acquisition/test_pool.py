"""What a pool refuses, and that it costs no memory to find out."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from active.acquisition import Pool
from active.acquisition.rows import BLOCK
from tests.active.acquisition.pools import pool_of


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("array", ["probabilities", "embeddings", "labeled", "cost"])
def test_refuses_what_is_not_finite_and_tells_the_first_row(array, dtype, wrong):
    values = getattr(pool_of(), array).astype(dtype)
    values[7], values[9:] = wrong, wrong

    with pytest.raises(ValueError, match=f"^{array}: row 7 holds NaN or infinity"):
        replace(pool_of(), **{array: values})


def test_tells_the_member_and_the_row_of_a_committee():
    committee = pool_of().committee.copy()
    committee[2, 5, 1] = np.nan

    with pytest.raises(ValueError, match=r"^committee\[2\]: row 5 holds NaN or infinity"):
        Pool(committee=committee)


def test_tells_the_row_of_a_later_block():
    embeddings = np.zeros((BLOCK * 2, 2), dtype=np.float16)
    embeddings[BLOCK + 3, 1] = np.nan

    with pytest.raises(ValueError, match=f"row {BLOCK + 3} "):
        Pool(embeddings=embeddings)


def test_takes_numbers_whose_sum_is_infinite():
    large = np.full((3, 4), 3e38, dtype=np.float32)

    assert len(Pool(embeddings=large, labeled=-large)) == 3


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([[0.5, 0.5], [0.7, 0.7]], "row 1 does not add up to 1"),
        ([[0.5, 0.5], [1.2, -0.2]], "row 1 holds a negative number"),
        ([[]], "row 0 does not add up to 1"),
    ],
)
def test_refuses_rows_that_are_no_distributions(rows, told):
    with pytest.raises(ValueError, match=told):
        Pool(probabilities=rows)


def test_half_precision_over_many_labels_adds_up_well_enough():
    probabilities = np.random.default_rng(0).dirichlet(np.full(10_000, 0.1), 20).astype(np.float16)

    assert len(Pool(probabilities=probabilities)) == 20


@pytest.mark.parametrize(
    ("array", "values", "told"),
    [
        (
            "embeddings",
            np.zeros((59, 8)),
            "Arrays differ in their number of items: probabilities 60, embeddings 59",
        ),
        (
            "committee",
            np.full((4, 60, 2), 0.5),
            "Arrays differ in their number of labels: probabilities 3, committee 2",
        ),
        (
            "labeled",
            np.zeros((12, 7)),
            "Arrays differ in their number of dimensions: embeddings 8, labeled 7",
        ),
        (
            "labels",
            np.zeros(11, dtype=int),
            "Arrays differ in their number of labeled items: labeled 12, labels 11",
        ),
        ("cost", np.ones((60, 1)), "cost must have 1 dimensions, not 2"),
        ("cost", np.zeros(60), "cost: row 0 is not above 0"),
        ("embeddings", np.zeros((60, 8), dtype=int), "embeddings must hold floats, not int64"),
        ("labels", np.zeros(12), "labels must hold integers, not float64"),
        ("labels", np.zeros((12, 1), dtype=int), "labels must have 1 dimensions, not 2"),
        ("labels", np.arange(12) % 4, r"labels: row 3 is not in \[0, 3\)"),
        ("labels", np.arange(12) * -1, r"labels: row 1 is not in \[0, 3\)"),
    ],
)
def test_refuses_what_does_not_fit(array, values, told):
    with pytest.raises(ValueError, match=told):
        replace(pool_of(), **{array: values})


def test_without_probabilities_any_label_number_will_do():
    pool = Pool(labels=[0, 9_999])

    assert pool.labels.dtype == np.int64
    with pytest.raises(ValueError, match="labels: row 1 holds no label"):
        Pool(labels=[0, -1])


@pytest.mark.parametrize("array", ["probabilities", "embeddings", "committee", "cost"])
def test_its_length_is_that_of_whatever_it_has(array):
    assert len(Pool(**{array: getattr(pool_of(), array)})) == 60
    assert len(Pool()) == 0


def test_keeps_arrays_as_they_are():
    embeddings = np.zeros((5, 4), dtype=np.float16)[:, ::2]

    assert np.shares_memory(Pool(embeddings=embeddings).embeddings, embeddings)


def test_reads_memory_maps_block_by_block(tmp_path):
    np.save(tmp_path / "vectors.npy", np.zeros((40_000, 64), dtype=np.float16))
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    tracemalloc.start()

    Pool(embeddings=mapped)

    assert tracemalloc.get_traced_memory()[1] < mapped.nbytes / 4
    tracemalloc.stop()
