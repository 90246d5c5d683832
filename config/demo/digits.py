"""scikit-learn's handwritten digits as PNG files in a zip archive: what a person would upload."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from math import exp

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIZE = 256
# Sixteen grays are enough, and make the files half as large.
GRAYS = 16
DATED = (2020, 1, 1, 0, 0, 0)

Pixels = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Digit:
    """`name` comes from the pixels alone. `clarity`, in [0, 1], says how much nearer it is to digits of its own kind
    than to those of `rival`, the kind that it resembles most otherwise."""

    name: str
    pixels: Pixels
    label: str
    rival: str
    clarity: float


def truth() -> dict[str, str]:
    """The digit of every item of the demo project, by the item's key; nothing of it is kept in the database."""
    return {digit.name: digit.label for digit in digits()}


@lru_cache(maxsize=1)
def digits() -> tuple[Digit, ...]:
    """All 1,797 digits, by name, so that their order does not tell what they are."""
    from sklearn.datasets import load_digits  # takes a second, and only the demo needs it

    data = load_digits()
    rivals, clarity = _resemblance(data.images, data.target)
    rows = zip(data.images, data.target, rivals, clarity, strict=True)
    found = [
        Digit(_name(pixels), pixels, str(label), str(rival), float(clear))
        for pixels, label, rival, clear in rows
    ]
    return tuple(sorted(found, key=lambda digit: digit.name))


def archive(most: int | None = None) -> bytes:
    """A zip of one PNG for each digit (or for the first so many), the same bytes every time."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as packed:
        for digit in digits()[:most]:
            packed.writestr(zipfile.ZipInfo(digit.name, DATED), png(digit.pixels))
    return file.getvalue()


def png(pixels: Pixels) -> bytes:
    """Dark ink on white paper: 8 × 8 pixels with a margin, enlarged smoothly, with the edges sharpened again."""
    ink = Image.fromarray(np.rint(np.pad(pixels, 1) * (255 / 16)).astype(np.uint8))
    paper = ink.resize((SIZE, SIZE), Image.Resampling.BICUBIC).point(_SHARPENED)
    image = Image.frombytes("P", paper.size, paper.tobytes())
    image.putpalette([value * 255 // (GRAYS - 1) for value in range(GRAYS) for _ in range(3)])
    file = io.BytesIO()
    image.save(file, "PNG", bits=4, compress_level=1)
    return file.getvalue()


# For each strength of ink, from 0 to 255, the gray of the paper.
_SHARPENED = [round((GRAYS - 1) / (1 + exp(14 * (ink / 255 - 0.52)))) for ink in range(256)]


def _name(pixels: Pixels) -> str:
    return f"digit-{hashlib.sha256(pixels.astype(np.uint8).tobytes()).hexdigest()[:10]}.png"


def _resemblance(images: Pixels, labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], Pixels]:
    """For each digit the other kind that it resembles most, and how clearly it is of its own kind."""
    flat = images.reshape(len(images), -1)
    means = np.stack([flat[labels == label].mean(axis=0) for label in range(10)])
    distances = np.linalg.norm(flat[:, None] - means, axis=2)
    own = distances[np.arange(len(flat)), labels]
    others = distances.copy()
    others[np.arange(len(flat)), labels] = np.inf
    nearest = others.min(axis=1)
    return others.argmin(axis=1), nearest / (own + nearest)
