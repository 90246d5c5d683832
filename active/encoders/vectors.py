"""Vectors that somebody else computed: lists of numbers in a field, or the rows of a NumPy file.

With `unit` they are brought to length 1; without, numbers beyond ±65,504, which are not kept, count as wrong. A list that is
missing, of another length, or with anything but finite numbers is a vector of zeros; `faults` tells which and why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from active.encoders.types import Encoder, Floats, Load, Options, Payload, settled, unit

# dimension 0: as most of the sample have it.
DEFAULTS: Options = {"dimension": 0, "unit": True}
MOST_DIMENSIONS = 16_384
_LARGEST = float(np.finfo(np.float16).max)


@dataclass(frozen=True, eq=False)
class VectorEncoder(Encoder):
    kind = "vectors"
    learns = False

    def encode_block(self, payloads: Sequence[Payload], load: Load | None) -> Floats:
        rows = np.zeros((len(payloads), self.dimension))
        for number, payload in enumerate(payloads):
            found = self._read(payload)
            if not isinstance(found, str):
                rows[number] = found
        return _scaled(rows, self.options["unit"])

    def faults(self, payloads: Sequence[Payload], keys: Sequence[str]) -> dict[str, str]:
        """Why an item has no usable vector, by its key."""
        found = {key: self._read(payload) for key, payload in zip(keys, payloads, strict=True)}
        return {key: fault for key, fault in found.items() if isinstance(fault, str)}

    def _read(self, payload: Payload) -> npt.NDArray[np.float64] | str:
        value = payload.get(self.fields[0]) if self.fields else None
        numbers = _numbers(value)
        if numbers is None:
            return "It has no list of numbers."
        if len(numbers) != self.dimension:
            return f"Its vector has {len(numbers)} numbers instead of {self.dimension}."
        return _fault(numbers, self.options["unit"]) or numbers


def fit(
    sample: Sequence[Payload],
    fields: Sequence[str],
    *,
    options: Options | None = None,
    seed: int = 0,
    load: Load | None = None,
) -> VectorEncoder:
    """Learn how long the vectors are. Without a field, for rows that are imported, `dimension` must be given."""
    chosen = settled("vectors", options, DEFAULTS)
    if len(fields) > 1 or not (fields or chosen["dimension"]):
        raise ValueError(
            "The encoder 'vectors' reads one field; without any, it needs the option 'dimension'."
        )
    lengths = Counter(
        len(numbers)
        for payload in (sample if fields else ())
        if (numbers := _numbers(payload.get(fields[0]))) is not None and len(numbers)
    )
    # Of equally frequent lengths the smallest, whatever their order in the sample.
    usual = min(lengths, key=lambda length: (-lengths[length], length), default=1)
    dimension = chosen["dimension"] or usual
    if not 1 <= dimension <= MOST_DIMENSIONS:
        raise ValueError(f"Vectors have 1 to {MOST_DIMENSIONS:,} numbers; here it would be {dimension:,}.")
    return VectorEncoder(tuple(fields), dimension, chosen)


def from_npy(file: IO[bytes], keys: Sequence[str], *, unit_length: bool = True) -> Floats:
    """The rows of a .npy file, one for each key, (n, d). ValueError, with the first key that is concerned, for anything else."""
    try:
        rows = np.load(file, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise ValueError(f"This is no .npy file of numbers ({error}).") from error
    if not isinstance(rows, np.ndarray) or rows.ndim != 2 or not np.issubdtype(rows.dtype, np.floating):
        raise ValueError(
            "The file must hold one array of floating-point numbers with two axes: items, dimensions."
        )
    if not 1 <= rows.shape[1] <= MOST_DIMENSIONS:
        raise ValueError(f"Vectors have 1 to {MOST_DIMENSIONS:,} numbers; here they have {rows.shape[1]:,}.")
    if len(rows) != len(keys):
        short = (
            f"the first without one is '{keys[len(rows)]}'"
            if len(rows) < len(keys)
            else "there are more rows"
        )
        raise ValueError(f"The file has {len(rows):,} rows for {len(keys):,} keys: {short}.")
    if repeated := [key for key, count in Counter(keys).items() if count > 1]:
        raise ValueError(f"The key '{repeated[0]}' is there twice.")
    largest = np.finfo(np.float32).max if unit_length else _LARGEST
    wrong = ~(np.abs(rows) <= largest).all(axis=1)
    if wrong.any():
        number = int(wrong.argmax())
        raise ValueError(f"'{keys[number]}': {_fault(rows[number].astype(float), unit_length)}")
    return _scaled(rows, unit_length)


def _scaled(rows: npt.NDArray[np.floating[Any]], unit_length: bool) -> Floats:
    if not unit_length:
        return rows.astype(np.float32)
    # First by the largest number: the square of a very large or very small one is not finite or 0.
    largest = np.abs(rows).max(axis=1, keepdims=True, initial=0.0).astype(np.float64)
    return unit(np.divide(rows, largest, out=np.zeros(rows.shape), where=largest > 0).astype(np.float32))


def _numbers(value: Any) -> npt.NDArray[np.float64] | None:
    """A list of numbers, which may be no finite ones; None for anything else."""
    if not isinstance(value, list | tuple) or not value:
        return None
    if not all(isinstance(number, int | float) and not isinstance(number, bool) for number in value):
        return None
    try:
        return np.array(value, dtype=np.float64)
    except OverflowError:
        return np.full(len(value), np.inf)


def _fault(numbers: npt.NDArray[np.float64], unit_length: bool) -> str:
    if not np.isfinite(numbers).all():
        return "Its vector holds a number that is not finite (NaN or infinity)."
    if np.abs(numbers).max() > (np.finfo(np.float32).max if unit_length else _LARGEST):
        return "Its vector holds a number that is too large."
    return ""
