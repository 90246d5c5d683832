"""Several fields together, and which encoder reads which."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from active.encoders import choose, combined
from tests.active.encoders.cases import TEXTS

SAMPLE = [
    {
        "title": text,
        "price": 1000.0 * n,
        "color": "red" if n % 2 else "blue",
        "photo": "a.png",
        "v": [1.0] * 9,
    }
    for n, text in enumerate(TEXTS)
]
PARTS = [
    {"kind": "text", "fields": ["title"], "options": {"dimension": 32}},
    {"kind": "numbers", "fields": ["price", "color"]},
]


def test_parts_are_equally_long_and_together_about_one() -> None:
    encoder = combined.fit(SAMPLE, [], options={"parts": PARTS})

    rows = encoder.encode(SAMPLE)

    texts, numbers = np.split(rows, [encoder.parts[0].dimension], axis=1)
    assert encoder.fields == ("title", "price", "color")
    assert np.square(texts).sum(axis=1).mean() == pytest.approx(0.5, abs=0.01)
    assert np.square(numbers).sum(axis=1).mean() == pytest.approx(0.5, abs=0.01)


def test_weights_shift_the_balance() -> None:
    heavier = [{**PARTS[0], "weight": 3}, PARTS[1]]

    encoder = combined.fit(SAMPLE, [], options={"parts": heavier})

    texts = encoder.encode(SAMPLE)[:, : encoder.parts[0].dimension]
    assert np.square(texts).sum(axis=1).mean() == pytest.approx(0.9, abs=0.01)


def test_without_parts_they_are_chosen_by_what_fields_hold() -> None:
    encoder = combined.fit(SAMPLE, ["title", "price"])

    assert [part["kind"] for part in encoder.options["parts"]] == ["text", "numbers"]


@pytest.mark.parametrize(
    "parts",
    [
        [{"kind": "oracle", "fields": ["a"]}],
        [{"kind": "combined", "fields": ["a"]}],
        [{"kind": "text"}],
        [{"kind": "text", "fields": []}],
        [{"kind": "text", "fields": ["a"], "weight": 0}],
        [{"kind": "text", "fields": ["a"], "wait": 1}],
        ["text"],
    ],
)
def test_parts_that_are_none_are_refused(parts: list[Any]) -> None:
    with pytest.raises(ValueError, match="'combined'"):
        combined.fit(SAMPLE, [], options={"parts": parts})


def fields(**types: str) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in types.items()]


@pytest.mark.parametrize(
    ("listed", "kind", "read"),
    [
        (fields(title="text"), "text", ["title"]),
        (fields(photo="image"), "pictures", ["photo"]),
        (fields(price="number"), "numbers", ["price"]),
        (fields(price="text"), "numbers", ["price"]),
        (fields(v="text"), "vectors", ["v"]),
        (fields(v="hidden", price="hidden"), "vectors", ["v"]),
        (fields(title="text", price="link", color="hidden"), "text", ["title"]),
        (fields(title="text", photo="image", price="number"), "combined", ["title", "photo", "price"]),
        (fields(other="text"), "text", ["other"]),
        (fields(photo="hidden"), "text", ["photo"]),
        ([], "combined", ["color", "photo", "title", "price", "v"]),
    ],
)
def test_encoders_are_chosen_by_the_types_of_fields(
    listed: list[dict[str, str]], kind: str, read: list[str]
) -> None:
    choice = choose(listed, SAMPLE)

    assert (choice.kind, list(choice.fields)) == (kind, read)


def test_texts_are_read_as_one() -> None:
    choice = choose(fields(title="text", body="text"), [])

    assert (choice.kind, choice.fields) == ("text", ("title", "body"))
