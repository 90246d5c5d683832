"""A small encoder of images without downloads: HOG, gray pixels and colours, reduced by a principal component analysis (randomised, Halko 2011).

Each of the three has mean length 1 (colours: `color_weight`) before it. Vectors have length 1; of an image that is missing or
cannot be read, 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.utils.extmath import randomized_svd

from active.encoders.hog import hog
from active.encoders.images import images_of
from active.encoders.types import Encoder, Floats, Load, Options, Payload, settled, unit

DEFAULTS: Options = {"dimension": 128, "color_weight": 0.5}
MOST_IMAGES = 4000
SIDE, CELL, PIXELS, COLORS = 32, 4, 16, 4


@dataclass(frozen=True, eq=False)
class PictureEncoder(Encoder):
    """`arrays`: `mean` and `scale` (features,), `basis` (features, dimension)."""

    kind = "pictures"
    block = 256

    def encode_block(self, payloads: Sequence[Payload], load: Load | None) -> Floats:
        images, there = images_of(payloads, self.fields, SIDE, load)
        rows = (_features(images) - self.arrays["mean"]) * self.arrays["scale"] @ self.arrays["basis"]
        rows[~there] = 0.0
        return unit(rows)


def fit(
    sample: Sequence[Payload],
    fields: Sequence[str],
    *,
    options: Options | None = None,
    seed: int = 0,
    load: Load | None = None,
) -> PictureEncoder:
    """Learn the principal components of at most 4,000 images of the sample."""
    chosen = settled("pictures", options, DEFAULTS)
    if not 1 <= chosen["dimension"] <= 1024:
        raise ValueError("The encoder 'pictures' has 1 to 1,024 dimensions.")
    drawn = np.sort(np.random.default_rng(seed).permutation(len(sample))[:MOST_IMAGES])
    parts = [_features(np.zeros((0, SIDE, SIDE, 3), dtype=np.uint8))]
    for first in range(0, len(drawn), PictureEncoder.block):
        some = [sample[number] for number in drawn[first : first + PictureEncoder.block]]
        images, there = images_of(some, fields, SIDE, load)
        parts.append(_features(images[there]))
    features = np.concatenate(parts)
    mean, scale = _scaling(features, chosen["color_weight"])
    basis = _components((features - mean) * scale, chosen["dimension"], seed)
    arrays = {"mean": mean, "scale": scale, "basis": basis}
    return PictureEncoder(tuple(fields), basis.shape[1], chosen, arrays)


def _features(images: npt.NDArray[np.uint8]) -> Floats:
    """HOG, gray pixels and colours side by side, (n, features)."""
    colors = images.astype(np.float32) / np.float32(255)
    gray = np.asarray(colors @ np.array([0.299, 0.587, 0.114], dtype=np.float32), dtype=np.float32)
    n = len(images)
    return np.concatenate(
        [
            hog(gray, CELL),
            _coarser(gray[..., None], PIXELS).reshape(n, PIXELS * PIXELS),
            _coarser(np.asarray(colors - gray[..., None], dtype=np.float32), COLORS).reshape(
                n, COLORS * COLORS * 3
            ),
        ],
        axis=1,
    )


def _coarser(pixels: Floats, side: int) -> Floats:
    n, whole, _, channels = pixels.shape
    step = whole // side
    return np.asarray(pixels.reshape(n, side, step, side, step, channels).mean(axis=(2, 4)))


def _scaling(features: Floats, color_weight: float) -> tuple[Floats, Floats]:
    """The mean of every feature, and factors by which each of the three parts has mean squared length 1, times its weight."""
    width = features.shape[1]
    mean = features.mean(axis=0) if len(features) else np.zeros(width, dtype=np.float32)
    scale = np.zeros(width, dtype=np.float32)
    edges = (0, width - PIXELS * PIXELS - COLORS * COLORS * 3, width - COLORS * COLORS * 3, width)
    for first, last, weight in zip(edges[:-1], edges[1:], (1.0, 1.0, color_weight), strict=True):
        spread = features[:, first:last].var(axis=0).sum() if len(features) else 0.0
        # Parts that hardly vary, such as the colours of gray images, are noise.
        scale[first:last] = weight / np.sqrt(spread) if spread > 1e-4 else 0.0
    return np.asarray(mean), scale


def _components(features: Floats, most: int, seed: int) -> Floats:
    """The directions of largest variance, (features, dimension)."""
    count = min(most, *features.shape)
    if not count or not features.any():
        return np.zeros((features.shape[1], 1), dtype=np.float32)
    _, values, directions = randomized_svd(features, count, n_iter=4, random_state=seed)
    # In what hardly varies there is nothing but rounding.
    known = max(1, int((values > 1e-4 * values[0]).sum()))
    return np.ascontiguousarray(directions[:known].T)
