"""What an image is: told from its content, never from its name."""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from annotation.importing.records import Limits

# Pillow's name of the format: what browsers call it, and the ending of a file's name.
KINDS = {
    "PNG": ("image/png", "png"),
    "JPEG": ("image/jpeg", "jpg"),
    "GIF": ("image/gif", "gif"),
    "WEBP": ("image/webp", "webp"),
    "AVIF": ("image/avif", "avif"),
    "BMP": ("image/bmp", "bmp"),
}
CONTENT_TYPES = frozenset(content_type for content_type, _ in KINDS.values())
ENDINGS_BY_TYPE = dict(KINDS.values())
ENDINGS = frozenset(ENDINGS_BY_TYPE.values())
NAMES = "PNG, JPEG, GIF, WebP, AVIF or BMP"

# The size in pixels is checked below, from the header, before anything is decoded.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


class PictureFault(Exception):
    """Not an image that is shown here. `str(error)` says why and how to mend it."""


@dataclass(frozen=True)
class Picture:
    """An image file, checked."""

    name: str
    data: bytes
    content_type: str
    width: int
    height: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def inspect(name: str, data: bytes, limits: Limits) -> Picture:
    """Check that these bytes are one of KINDS, whole and of bearable size. Raises PictureFault."""
    if len(data) > limits.picture_bytes:
        raise PictureFault(f"The image is larger than {limits.picture_bytes / 2**20:g} MB. Make it smaller.")
    if _looks_like_svg(data):
        raise PictureFault(f"SVG may carry scripts and is not shown. Convert it to {NAMES}.")
    try:
        with Image.open(io.BytesIO(data), formats=tuple(KINDS)) as image:
            content_type, (width, height) = KINDS[str(image.format)][0], image.size
            if width * height > limits.picture_pixels:
                raise PictureFault(
                    f"The image has {width:,} × {height:,} pixels; at most {limits.picture_pixels / 1e6:g} million are shown."
                )
            image.verify()
    except UnidentifiedImageError as error:
        raise PictureFault(f"Not an image that browsers show. Convert it to {NAMES}.") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureFault(
            f"The image has more than {limits.picture_pixels / 1e6:g} million pixels."
        ) from error
    except (OSError, SyntaxError, ValueError, OverflowError, EOFError, struct.error) as error:
        raise PictureFault(f"The image is damaged or cut off ({error}).") from error
    return Picture(name, data, content_type, width, height)


def _looks_like_svg(data: bytes) -> bool:
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return head.startswith((b"<svg", b"<?xml", b"<!doctype svg", b"<html", b"<!doctype html"))
