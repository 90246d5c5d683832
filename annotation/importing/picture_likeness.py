"""Pictures that look nearly the same: the signs of their lowest frequencies (a perceptual hash by DCT, after Zauner 2010).

Another size, another file format or a stronger compression change few of these 256 bits. Arrays only, and so only for workers.
"""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from annotation.importing.likeness import BANDS, LINES

U8 = npt.NDArray[np.uint8]
U32 = npt.NDArray[np.uint32]

SIDE, LOWEST = 64, 16
BITS = LOWEST * LOWEST
BYTES = BITS // 8
# Bits of a band: fewer are shared by pictures that have nothing in common, more are missed after a harmless change.
IN_BAND = 24
# Below this contrast, of 255, a picture is one colour, and what is left of it noise.
_FLAT = 5.0
_PLACES = [np.random.default_rng(band).choice(BITS, IN_BAND, replace=False) for band in range(LINES)]
_WEIGHTS = np.random.default_rng(BITS).integers(1, 2**63, BITS, dtype=np.uint64) | np.uint64(1)
_SALTS = np.random.default_rng(BANDS).integers(1, 2**63, BANDS, dtype=np.uint64)
_MIX = np.uint64(0x9E3779B97F4A7C15)


def _cosines() -> npt.NDArray[np.float32]:
    rows, columns = np.mgrid[0:LOWEST, 0:SIDE]
    return np.asarray(np.cos(np.pi * rows * (2 * columns + 1) / (2 * SIDE)), dtype=np.float32)


_COSINES = _cosines()


def picture_hash(data: bytes) -> bytes | None:
    """32 bytes; None for what cannot be read, or is of one colour and so like nothing."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            # JPEG is read smaller than it is, which is quicker.
            image.draft("RGB", (2 * SIDE, 2 * SIDE))
            gray = np.asarray(_gray(image), dtype=np.float32)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
    if gray.std() < _FLAT:
        return None
    lowest = (_COSINES @ gray @ _COSINES.T).ravel()
    # The first is the brightness of the whole.
    return np.packbits(lowest > np.median(lowest[1:])).tobytes()


def _gray(image: Image.Image) -> Image.Image:
    upright: Image.Image = ImageOps.exif_transpose(image)
    if upright.has_transparency_data:
        upright = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright)
    return upright.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)


def bands(hashes: U8) -> U32:
    """(n, BYTES) to (n, BANDS): a band is some of the bits, the last one all of them."""
    bits = np.unpackbits(hashes, axis=1).astype(np.uint64)
    found = np.empty((len(hashes), BANDS), dtype=np.uint32)
    for band, places in enumerate([*_PLACES, np.arange(BITS)]):
        mixed = (bits[:, places] @ _WEIGHTS[: len(places)] + _SALTS[band]) * _MIX
        mixed ^= mixed >> np.uint64(29)
        found[:, band] = (mixed * _MIX) >> np.uint64(32)
    return found


def similarity(one: bytes, other: bytes) -> float:
    """1 for the same bits; 0 where half of them differ, as they do by chance."""
    differing = (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()
    return max(0.0, 1.0 - 2.0 * differing / BITS)
