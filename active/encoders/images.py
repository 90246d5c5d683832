"""From the bytes of image files to arrays of one size."""

from __future__ import annotations

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from active.encoders.types import Load, Payload

# Reading from object storage is waiting, and Pillow decodes without Python's lock.
_THREADS = 8
_MOST_PIXELS = 200_000_000


def images_of(
    payloads: Sequence[Payload], fields: Sequence[str], size: int, load: Load | None
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """The image that each payload names, (n, size, size, 3), and whether it has one that can be read, (n,).

    It is the first of the fields with a value. What is see-through is put on white; the sides are scaled each by itself.
    """
    if load is None:
        raise ValueError("An encoder of images needs `load` to read the files that payloads name.")
    names = [next((name for field in fields if (name := payload.get(field))), None) for payload in payloads]
    found = np.full((len(payloads), size, size, 3), 255, dtype=np.uint8)
    there = np.zeros(len(payloads), dtype=bool)
    with ThreadPoolExecutor(_THREADS) as threads:
        for number, pixels in enumerate(threads.map(lambda name: _image(name, size, load), names)):
            if pixels is not None:
                found[number], there[number] = pixels, True
    return found, there


def _image(name: object, size: int, load: Load) -> npt.NDArray[np.uint8] | None:
    data = load(name) if isinstance(name, str) else None
    return None if data is None else decoded(data, size)


def decoded(data: bytes, size: int) -> npt.NDArray[np.uint8] | None:
    """The pixels of an image file, (size, size, 3); None for what is no image, damaged, or larger than anything sensible."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > _MOST_PIXELS:
                return None
            # JPEG decodes at a fraction of its size for a fraction of the time.
            image.draft("RGB", (size * 2, size * 2))
            upright = ImageOps.exif_transpose(image)
            if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
                upright = upright.convert("RGBA")
                paper = Image.new("RGBA", upright.size, "white")
                upright = Image.alpha_composite(paper, upright)
            plain = upright.convert("RGB").resize((size, size), Image.Resampling.BILINEAR, reducing_gap=3.0)
            return np.asarray(plain)
    # Whatever a damaged file makes of Pillow's many decoders is the file's fault, and an image that cannot be seen.
    except Exception:
        return None
