"""The two largest numbers of each row, whatever the number of columns."""

import numpy as np
import pytest

from active.acquisition.top_two import FEW_COLUMNS, top_two


@pytest.mark.parametrize("columns", [2, 3, 10, FEW_COLUMNS, FEW_COLUMNS + 1, 500])
def test_are_the_last_of_the_sorted_row(columns):
    block = np.random.default_rng(0).integers(columns * 2, size=(50, columns)).astype(np.float32)
    before = block.copy()

    first, second = top_two(block)

    np.testing.assert_array_equal(np.stack([second, first], axis=1), np.sort(before, axis=1)[:, -2:])
    np.testing.assert_array_equal(block, before)


def test_one_column_has_nothing_beside_it():
    first, second = top_two(np.ones((3, 1), dtype=np.float32))

    assert (first == 1.0).all()
    assert (second == 0.0).all()
