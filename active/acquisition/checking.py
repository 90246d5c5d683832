"""What is refused at the border, so that no acquisition function meets it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from active.acquisition.rows import blocks

Floats = NDArray[np.floating[Any]]

# How far rows of probabilities may be from adding up to 1; half precision over 10,000 labels needs some of it.
ROUNDING = 0.01
# The bits of a half-precision number without its sign; from HALF_INFINITY on it is none.
HALF_BITS = np.uint16(0x7FFF)
HALF_INFINITY = 0x7C00


def floats(name: str, values: Any, dimensions: int) -> Floats:
    """The values as an array of floats of so many dimensions, not copied; ValueError says what they are instead."""
    array = np.asarray(values)
    if array.ndim != dimensions:
        raise ValueError(f"{name} must have {dimensions} dimensions, not {array.ndim}")
    if not np.issubdtype(array.dtype, np.floating):
        raise ValueError(f"{name} must hold floats, not {array.dtype}")
    return array


def label_numbers(values: Any, n_labels: int | None) -> NDArray[np.integer[Any]]:
    """The values as label numbers, below n_labels where that is known."""
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"labels must have 1 dimensions, not {array.ndim}")
    if array.size == 0:
        return np.empty(0, dtype=np.int64)
    if not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"labels must hold integers, not {array.dtype}")
    wrong = array < 0 if n_labels is None else (array < 0) | (array >= n_labels)
    refuse("labels", wrong, "holds no label" if n_labels is None else f"is not in [0, {n_labels})")
    return array


def same(what: str, sizes: dict[str, int | None]) -> None:
    """Raise ValueError when those that are there do not have the same number of whatever it is."""
    known = {name: size for name, size in sizes.items() if size is not None}
    if len(set(known.values())) > 1:
        told = ", ".join(f"{name} {size}" for name, size in known.items())
        raise ValueError(f"Arrays differ in their number of {what}: {told}")


def distributions(name: str, array: Floats) -> None:
    """Raise ValueError unless each row of (rows, labels) is finite, at least 0, and adds up to 1."""
    for rows in blocks(*array.shape):
        block = np.asarray(array[rows], dtype=np.float32)
        with np.errstate(all="ignore"):
            total = np.einsum("ij->i", block)
        # Not finite is not near 1 either, so that one sum per row finds both.
        if not (np.abs(total - 1.0) <= ROUNDING).all():
            refuse_infinite(name, block, rows.start)
            refuse(name, np.abs(total - 1.0) > ROUNDING, "does not add up to 1", rows.start)
        if block.min(initial=0.0) < 0.0:
            refuse(name, block.min(axis=1) < 0.0, "holds a negative number", rows.start)


def finite(name: str, array: Floats) -> None:
    """Raise ValueError when a row of (rows, dimensions) holds NaN or infinity. One pass at the speed of memory."""
    for rows in blocks(*array.shape):
        if doubtful(array[rows]):
            refuse_infinite(name, array[rows], rows.start)


def doubtful(block: Floats) -> bool:
    """Whether something may be not finite; large numbers whose sum overflows look so too."""
    if block.dtype == np.float16:
        return bool(np.bitwise_and(block.view(np.uint16), HALF_BITS).max(initial=0) >= HALF_INFINITY)
    with np.errstate(all="ignore"):
        return not np.isfinite(np.einsum("ij->i", block)).all()


def above_zero(name: str, array: Floats) -> None:
    """Raise ValueError when one of (rows,) is not finite, or not above 0."""
    refuse_infinite(name, array[:, None])
    refuse(name, np.asarray(array <= 0.0), "is not above 0")


def refuse_infinite(name: str, block: Floats, first: int = 0) -> None:
    refuse(name, np.asarray(~np.isfinite(block).all(axis=1)), "holds NaN or infinity", first)


def refuse(name: str, wrong: NDArray[np.bool_], what: str, first: int = 0) -> None:
    """Raise ValueError with the first row that is wrong, if any; the rows are numbered from `first`."""
    if wrong.any():
        raise ValueError(f"{name}: row {first + int(wrong.argmax())} {what}")
