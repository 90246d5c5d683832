from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from annotation.importing.pictures import KINDS, PictureFault, inspect
from annotation.importing.records import Limits


def image(format: str = "PNG", size: tuple[int, int] = (4, 3)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, format)
    return out.getvalue()


@pytest.mark.parametrize("format", sorted(KINDS))
def test_images_are_known_by_content_whatever_their_name(format: str) -> None:
    found = inspect("x.txt", image(format), Limits())

    assert (found.content_type, found.width, found.height) == (KINDS[format][0], 4, 3)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "Not an image"),
        (b"hello", "Not an image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "SVG"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><svg/>", "SVG"),
        (b"<!DOCTYPE html><script>", "SVG"),
        (image()[:40], "damaged|Not an image"),
        (image("TIFF"), "Not an image"),
    ],
)
def test_what_is_no_image_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(PictureFault, match=why):
        inspect("x.png", data, Limits())


def test_an_image_larger_than_the_limit() -> None:
    with pytest.raises(PictureFault, match="larger than"):
        inspect("x.png", image(), Limits(picture_bytes=10))


def test_an_image_of_too_many_pixels() -> None:
    with pytest.raises(PictureFault, match="50 × 50 pixels"):
        inspect("x.png", image(size=(50, 50)), Limits(picture_pixels=2_499))


@pytest.mark.parametrize(("width", "height"), [(20_000, 10_000), (100_000, 100_000)])
def test_a_small_file_that_would_unpack_to_a_huge_image(width: int, height: int) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b"")
    )

    with pytest.raises(PictureFault, match="million"):
        inspect("bomb.png", bomb, Limits())
