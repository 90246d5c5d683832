"""The built-in encoder of images."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from active.encoders import pictures
from active.encoders.hog import hog
from active.encoders.images import decoded
from tests.active.encoders.cases import load, of


def png(pixels: np.ndarray, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", **options)
    return file.getvalue()


def test_digits_are_told_apart() -> None:
    digits = load_digits()
    files = {str(n): png((image * 15.9).astype(np.uint8)) for n, image in enumerate(digits.images[:900])}
    encoder = pictures.fit(of(list(files)[:500]), ["value"], load=files.get)

    rows = encoder.encode(of(list(files)), load=files.get)

    known, kept = np.arange(900) % 3 > 0, np.arange(900) % 3 == 0
    model = LogisticRegression(C=10, max_iter=500).fit(rows[known], digits.target[:900][known])
    assert model.score(rows[kept], digits.target[:900][kept]) > 0.95


def test_hog_sees_the_direction_of_edges() -> None:
    upright = np.zeros((1, 32, 32), dtype=np.float32)
    upright[:, :, 16:] = 1.0

    across, along = (hog(image, 4).reshape(-1, 9) for image in (upright, upright.transpose(0, 2, 1)))

    assert across.sum(axis=0).argmax() == 0
    assert along.sum(axis=0).argmax() in (4, 5)
    assert hog(upright, 4).shape == (1, 7 * 7 * 36)


def test_what_is_see_through_is_white_and_gray_is_gray() -> None:
    clear = np.zeros((10, 20, 4), dtype=np.uint8)
    gray = np.full((10, 10), 99, dtype=np.uint8)

    assert (decoded(png(clear), 8) == 255).all()
    assert (decoded(png(gray), 8) == 99).all()


def test_images_that_cannot_be_read_have_no_direction() -> None:
    encoder = pictures.fit(of(["disc-1.png", "stripes-1.png", "damaged"]), ["value"], load=load)

    rows = encoder.encode(of(["damaged", "unknown.png", None, "disc-2.png"]), load=load)

    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), [0, 0, 0, 1], atol=1e-6)
    assert decoded(png(np.zeros((4, 4), dtype=np.uint8))[:40], 8) is None


def test_colours_of_the_same_shade_count() -> None:
    rng = np.random.default_rng(0)
    colors = {"red": (200, 40, 40), "blue": (40, 90, 200)}
    files = {
        f"{name}-{n}": png((rng.integers(-20, 20, (16, 16, 3)) + np.array(color)).astype(np.uint8))
        for name, color in colors.items()
        for n in range(10)
    }
    encoder = pictures.fit(of(list(files)), ["value"], load=files.get)

    rows = encoder.encode(of(["red-1", "red-2", "blue-1"]), load=files.get)

    assert rows[0] @ rows[1] > rows[0] @ rows[2] + 0.2
