from __future__ import annotations

from typing import Any

import pytest

from annotation.importing.suggesting import key_columns, likely_key, mapping

TEXT = {"text": "text"}


@pytest.mark.parametrize(
    ("row", "fields", "found"),
    [
        ({"text": "a", "id": "1"}, TEXT, {}),
        ({"Text ": "a"}, TEXT, {"Text ": "text"}),
        ({"the_text": "x", "The Text": "y"}, {"TheText": "text"}, {"the_text": "TheText"}),
        (
            {"id": "1", "review": "good film", "url": "long long long long long text"},
            TEXT,
            {"review": "text"},
        ),
        ({"id": "1", "a": "word", "b": "several words in a row"}, TEXT, {"b": "text"}),
        ({"id": "1", "n": "2"}, TEXT, {}),
        ({"photo": "https://x.org/1.png", "name": "cat"}, {"image": "image"}, {"photo": "image"}),
        ({"name": "cat"}, {"image": "image"}, {}),
        ({"left": "a", "right": "b"}, {"one": "text", "two": "text"}, {}),
        ({"a": "b"}, {}, {}),
    ],
)
def test_mapping(row: dict[str, Any], fields: dict[str, str], found: dict[str, str]) -> None:
    assert mapping(list(row), [row], fields) == found


def test_key_columns_are_there_in_every_row_and_differ() -> None:
    rows: list[Any] = [
        {"text": f"t{n}", "id": n, "label": n % 2, "part": None if n else 1} for n in range(10)
    ]

    assert key_columns(["text", "id", "label", "part"], rows) == ["id", "text"]
    assert likely_key(["text", "id"], rows) == "id"
    assert likely_key(["text", "label"], rows) == ""
