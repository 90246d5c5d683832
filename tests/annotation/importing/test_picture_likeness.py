"""The hash of a picture: another size, format or compression changes little of it, another picture all of it."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from annotation.importing.picture_likeness import BYTES, bands, picture_hash, similarity


def scene(seed: int, side: int = 240) -> Image.Image:
    """Smooth shapes with some detail, as photographs have them."""
    chance = np.random.default_rng(seed)
    coarse = Image.fromarray(chance.integers(0, 255, (9, 9, 3), dtype=np.uint8)).resize((side, side), 3)
    fine = Image.fromarray(chance.integers(0, 255, (40, 40, 3), dtype=np.uint8)).resize((side, side), 3)
    return Image.blend(coarse, fine, 0.15)


def saved(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def hashed(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    found = picture_hash(saved(image, format, **options))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("side", "format", "options"),
    [
        (240, "JPEG", {"quality": 90}),
        (240, "JPEG", {"quality": 30}),
        (240, "WEBP", {"quality": 60}),
        (120, "PNG", {}),
        (500, "JPEG", {"quality": 75}),
    ],
)
def test_the_same_picture_saved_otherwise_is_nearly_the_same(
    side: int, format: str, options: dict[str, Any]
) -> None:
    pictures = [scene(seed) for seed in range(8)]
    pairs = [(hashed(one), hashed(one.resize((side, side)), format, **options)) for one in pictures]

    assert min(similarity(one, other) for one, other in pairs) > 0.8
    found = [
        np.frombuffer(b"".join(hashes), dtype=np.uint8).reshape(-1, BYTES)
        for hashes in zip(*pairs, strict=True)
    ]
    assert (bands(found[0]) == bands(found[1])).any(axis=1).all()


def test_other_pictures_are_not() -> None:
    hashes = [hashed(scene(seed)) for seed in range(20)]

    assert max(similarity(one, other) for n, one in enumerate(hashes) for other in hashes[:n]) < 0.6


def test_turned_by_the_camera_or_on_a_clear_ground_it_is_the_same_picture() -> None:
    picture = scene(3)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = hashed(picture.rotate(90, expand=True), "JPEG", quality=95, exif=exif)
    shape = Image.new("RGBA", (240, 240), (255, 255, 255, 0))
    shape.paste(picture.crop((40, 40, 200, 200)), (40, 40))
    ground = Image.new("RGB", (240, 240), "white")
    ground.paste(picture.crop((40, 40, 200, 200)), (40, 40))

    assert similarity(hashed(picture), turned) > 0.9
    assert similarity(hashed(shape), hashed(ground)) > 0.95


@pytest.mark.parametrize("data", [b"", b"not a picture", saved(Image.new("RGB", (50, 50), "red"))])
def test_what_cannot_be_read_or_is_of_one_colour_is_like_nothing(data: bytes) -> None:
    assert picture_hash(data) is None


def test_half_a_picture_is_like_nothing() -> None:
    assert picture_hash(saved(scene(1))[:2000]) is None
