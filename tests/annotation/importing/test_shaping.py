from __future__ import annotations

import hashlib
from typing import Any

import orjson
import pytest

from annotation.importing.pictures import inspect
from annotation.importing.records import Limits, Refused
from annotation.importing.shaping import Plan, Shaped, Shaper
from tests.annotation.importing.test_pictures import image

Fields = dict[str, str]


def shape(row: dict[str, Any], **plan: Any) -> Shaped | Refused:
    return Shaper(Plan(**plan), Limits(row_bytes=10_000)).shape(row, 1)


def shaped(row: dict[str, Any], **plan: Any) -> Shaped:
    found = shape(row, **plan)
    assert isinstance(found, Shaped), found
    return found


def refused(row: dict[str, Any], **plan: Any) -> Refused:
    found = shape(row, **plan)
    assert isinstance(found, Refused), found
    return found


def test_the_content_is_the_key_unless_a_column_is() -> None:
    by_content, by_column = shaped({"id": " 7 ", "text": "a"}), shaped({"id": " 7 ", "text": "a"}, key="id")

    assert by_content.key == by_content.digest.hex() == hashlib.sha256(by_content.body).hexdigest()[:32]
    assert by_column.key == "7"
    assert by_column.digest == by_content.digest


def test_the_order_of_columns_does_not_matter() -> None:
    assert shaped({"a": 1, "b": {"d": 1, "c": 2}}).digest == shaped({"b": {"c": 2, "d": 1}, "a": 1}).digest


def test_mapping_renames_and_leaves_out_and_keeps_the_rest() -> None:
    found = shaped(
        {"Review": "good", "secret": "x", "stars": "5"}, mapping={"Review": "text", "secret": None}
    )

    assert orjson.loads(found.body) == {"text": "good", "stars": "5"}


def test_the_key_may_be_a_column_that_is_left_out() -> None:
    assert shaped({"id": 12, "text": "a"}, key="id", mapping={"id": None}).key == "12"


@pytest.mark.parametrize(
    ("text", "number"), [("3", 3), (" -2.5 ", -2.5), ("1e3", 1000.0), ("", None), ("9" * 20, 1e20)]
)
def test_text_becomes_a_number_where_the_field_is_one(text: str, number: float | None) -> None:
    found = shaped({"text": "a", "price": text}, fields={"text": "text", "price": "number"})

    assert orjson.loads(found.body)["price"] == number


@pytest.mark.parametrize("text", ["cheap", "1,5", "nan", "inf", "1e999"])
def test_text_that_is_no_number_is_refused_where_the_field_is_one(text: str) -> None:
    found = refused({"text": "a", "price": text}, fields={"text": "text", "price": "number"})

    assert (found.field, found.message) == ("price", f"'{text}' is not a number.")


def test_a_row_with_nothing_to_show() -> None:
    fields = {"text": "text", "note": "hidden"}

    assert refused({"text": "", "note": "x"}, fields=fields).field == "text"
    assert isinstance(shape({"text": "a", "note": ""}, fields=fields), Shaped)
    assert isinstance(shape({"body": ""}, fields={}), Shaped)


@pytest.mark.parametrize("key", [None, "", "  ", "\t"])
def test_a_row_without_key(key: Any) -> None:
    assert "no key" in refused({"id": key, "text": "a"}, key="id").message


@pytest.mark.parametrize("key", [True, [1], {"a": 1}])
def test_a_key_that_is_no_text_or_number(key: Any) -> None:
    assert "text or a number" in refused({"id": key}, key="id").message


def test_a_key_that_is_too_long() -> None:
    assert "201 characters" in refused({"id": "x" * 201}, key="id").message


@pytest.mark.parametrize(
    ("row", "field", "why"),
    [
        ({"ok": "a", "bad": "a\0b"}, "bad", "U+0000"),
        ({"ok": "a", "b\0": "c"}, "", "U+0000"),
        ({"ok": "a", "bad": [{"x": "a\0b"}]}, "bad", "U+0000"),
        ({"ok": "a", "bad": "caf\udce9"}, "bad", "encoding"),
        ({"ok": "a", "bad": 2**64}, "bad", "64 bits"),
        ({"ok": "a", "bad": b"x"}, "bad", "binary"),
    ],
)
def test_values_that_the_database_cannot_keep(row: dict[str, Any], field: str, why: str) -> None:
    found = refused(row)

    assert found.field == field
    assert why in found.message


def test_a_backslash_before_u0000_is_no_nul() -> None:
    text = "C:\\u0000"

    assert orjson.loads(shaped({"text": text}).body) == {"text": text}


def test_nesting_without_end() -> None:
    deep: Any = "x"
    for _ in range(2_000):
        deep = [deep]

    assert "nested" in refused({"deep": deep}).message


def test_a_row_longer_than_the_limit() -> None:
    assert "longer than" in refused({"text": "x" * 10_000}).message


def test_an_image_stands_under_its_name_and_is_part_of_the_digest() -> None:
    red, blue = (inspect("1.png", image(size=size), Limits()) for size in ((1, 1), (2, 2)))

    found = shaped({"image": red}, fields={"image": "image"}, pictures=True)

    assert orjson.loads(found.body) == {"image": "1.png"}
    assert (found.picture, found.images) == (red, ())
    assert found.digest != shaped({"image": blue}, pictures=True).digest


def test_images_that_are_named() -> None:
    fields = {"image": "image", "text": "text"}

    assert shaped({"image": "https://x.org/1.png"}, fields=fields).images == (
        ("image", "https://x.org/1.png"),
    )
    assert shaped({"image": "", "text": "a"}, fields=fields).images == ()
    assert refused({"image": 7}, fields=fields).field == "image"


def test_what_a_kept_body_holds_in_memory() -> None:
    rows = [{"text": f"some words {n}"} for n in range(2_000)]
    shaper = Shaper(Plan(), Limits())
    before = _resident()
    kept = [shaper.shape(row, 1) for row in rows * 10]

    assert len(kept) == 20_000
    assert _resident() - before < 40 * 2**20  # 80 MB when orjson's own buffers are kept


def _resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096
