"""Numbers, dates and categories; vectors that somebody else computed."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from active.encoders import numbers, vectors
from tests.active.encoders.cases import of


def test_numbers_are_scaled_by_their_quartiles() -> None:
    values = [*range(101), 10**9]
    encoder = numbers.fit(of(values), ["value"])

    rows = encoder.encode(of([50.5, 100, 10**9, "50.5", "no number", None]))

    assert rows[:, 0] == pytest.approx([0, 1.1, 17.7, 0, 0, 0], abs=0.2)
    assert rows[:, 1].tolist() == [0, 0, 0, 0, 1, 1]


def test_dates_are_days() -> None:
    days = [f"2024-03-{day:02}" for day in range(1, 31)]
    encoder = numbers.fit(of(days), ["value"])

    first, noon, second, wrong = encoder.encode(
        of(["2024-03-01", "2024-03-01T13:00:00+01:00", "2024-03-02", "soon"])
    )

    assert first[0] < noon[0] < second[0]
    assert wrong.tolist() == [0, 1]


def test_few_categories_have_a_column_each_and_many_are_hashed() -> None:
    few = numbers.fit(of(["red", "green", "blue", " red"]), ["value"])
    many = numbers.fit(of([f"street {n}" for n in range(50)]), ["value"])

    assert few.encode(of(["blue", "green", "red ", "pink", None])).tolist() == [
        [1, 0, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 0],
        [0, 0, 0, 1],
    ]
    assert many.dimension == 65
    np.testing.assert_array_equal(*many.encode(of(["street 7", "street 7"])))


def test_constant_columns_do_not_divide_by_nothing() -> None:
    encoder = numbers.fit([{"a": 3, "b": True}] * 5, ["a", "b"])

    assert encoder.encode([{"a": 3, "b": True}, {"a": 4}]).tolist() == [
        [0, 0, 0, 0],
        [pytest.approx(np.arcsinh(1)), 0, 0, 1],
    ]


def test_vectors_keep_their_direction() -> None:
    payloads = of([[3, 4], [-6.0, 8.0], [1e300, 0], [1e-30, 0]])
    for unit, first, tiny in ((True, [0.6, 0.8], 1), (False, [3, 4], 0)):
        encoder = vectors.fit(payloads, ["value"], options={"unit": unit})

        rows = encoder.encode(payloads)

        np.testing.assert_allclose(rows[0], first, atol=1e-6)
        assert rows[2].tolist() == [0, 0]
        assert rows[3].round(3).tolist() == [tiny, 0]


WRONG = {
    "short": ([1.0], "1 numbers instead of 2"),
    "none": (None, "no list"),
    "words": (["1", "2"], "no list"),
    "nan": ([1, float("nan")], "not finite"),
    "huge": ([1e300, 0], "too large"),
}


def test_vectors_that_cannot_be_used_are_told_by_their_key() -> None:
    encoder = vectors.fit(of([[1, 2], [3, 4], [1]]), ["value"])
    payloads = of([value for value, _ in WRONG.values()])

    faults = encoder.faults([*payloads, {"value": [1, 2]}], [*WRONG, "right"])

    assert faults.keys() == WRONG.keys()
    assert all(WRONG[key][1] in fault for key, fault in faults.items())
    assert not encoder.encode(payloads).any()


def npy(array: Any) -> io.BytesIO:
    file = io.BytesIO()
    np.save(file, array)
    file.seek(0)
    return file


def test_a_file_of_vectors_is_read_by_key() -> None:
    rows = vectors.from_npy(npy(np.array([[3.0, 4.0], [0.0, 0.0]])), ["a", "b"])

    np.testing.assert_allclose(rows, [[0.6, 0.8], [0, 0]], atol=1e-6)


@pytest.mark.parametrize(
    ("array", "keys", "told"),
    [
        (np.array([[1.0], [np.nan]]), ["a", "b"], "'b'.*not finite"),
        (np.array([[1.0], [np.inf]]), ["a", "b"], "'b'.*not finite"),
        (np.ones((1, 2)), ["a", "b"], "without one is 'b'"),
        (np.ones((3, 2)), ["a", "b"], "more rows"),
        (np.ones((2, 2)), ["a", "a"], "'a' is there twice"),
        (np.ones(3), ["a"], "two axes"),
        (np.array([["x"]]), ["a"], "floating-point"),
        (np.ones((1, 0)), ["a"], "numbers"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_by_key(array: Any, keys: list[str], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        vectors.from_npy(npy(array), keys)


def test_files_that_are_no_arrays_are_refused() -> None:
    pickled = io.BytesIO()
    np.save(pickled, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    pickled.seek(0)

    for file in (pickled, io.BytesIO(b"key,vector\n"), io.BytesIO(b"")):
        with pytest.raises(ValueError, match="is no"):
            vectors.from_npy(file, ["a"])
