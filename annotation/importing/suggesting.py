"""Which column is which field, guessed from names and the first rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from annotation.importing.pictures import Picture
from annotation.importing.records import Record

# Names that text has in the wild, most telling first.
_TEXT_NAMES = (
    "text", "content", "body", "sentence", "document", "review", "comment", "message", "utterance", "question", "tweet",
    "description", "abstract", "title",
)  # fmt: skip
_IMAGE_NAMES = ("image", "imageurl", "img", "picture", "photo", "url", "file", "filename", "path")
_KEY_NAMES = ("key", "id", "uid", "uuid", "guid", "itemid", "docid", "textid", "documentid")
_IS_IMAGE = re.compile(r"(?i)(https?://\S+|[^\s]+\.(png|jpe?g|gif|webp|avif|bmp))")


def mapping(columns: list[str], rows: list[Record], fields: Mapping[str, str]) -> dict[str, str]:
    """A field for each column that seems to be one under another name."""
    missing = [name for name in fields if name not in columns]
    free = [name for name in columns if name not in fields]
    found: dict[str, str] = {}
    for name in missing:
        same = [column for column in free if plain(column) == plain(name)]
        choice = same[0] if same else _by_content(name, fields, free, rows)
        if choice is not None:
            found[choice] = name
            free.remove(choice)
    return found


def key_columns(columns: list[str], rows: list[Record]) -> list[str]:
    """Columns whose values are all there and all different in these rows, likeliest key first."""
    whole = [row for row in rows if isinstance(row, dict)]
    unique = []
    for column in columns:
        values = [row.get(column) for row in whole]
        fit = all(isinstance(value, str | int) and 0 < len(str(value)) <= 200 for value in values)
        if whole and fit and len(set(map(str, values))) == len(values):
            unique.append(column)
    return sorted(unique, key=lambda column: plain(column) not in _KEY_NAMES)


def likely_key(columns: list[str], rows: list[Record]) -> str:
    """The column that says by its name and its values that it is the key, or nothing."""
    first = next(iter(key_columns(columns, rows)), "")
    return first if plain(first) in _KEY_NAMES else ""


def plain(name: str) -> str:
    """A name without the ways of writing it."""
    return re.sub(r"[\W_]+", "", name).casefold()


def _by_content(name: str, fields: Mapping[str, str], free: list[str], rows: list[Record]) -> str | None:
    kind = fields[name]
    if kind not in {"text", "image"} or sum(other == kind for other in fields.values()) > 1:
        return None
    names = _TEXT_NAMES if kind == "text" else _IMAGE_NAMES
    fits = [
        column for column in free if _fits(kind, [row.get(column) for row in rows if isinstance(row, dict)])
    ]
    named = [column for known in names for column in fits if plain(column) == known]
    longest = sorted(fits, key=lambda column: -_length(column, rows))
    return next(iter([*named, *longest]), None)


def _fits(kind: str, values: list[Any]) -> bool:
    given = [value for value in values if value not in (None, "")]
    if kind == "image":
        return bool(given) and all(_looks_like_image(value) for value in given)
    return bool(given) and all(isinstance(value, str) for value in given) and not all(map(_is_number, given))


def _looks_like_image(value: Any) -> bool:
    return isinstance(value, Picture) or (isinstance(value, str) and bool(_IS_IMAGE.fullmatch(value)))


def _is_number(value: str) -> bool:
    return bool(re.fullmatch(r"[\s\d.,+-]+", value))


def _length(column: str, rows: list[Record]) -> int:
    return sum(len(str(row.get(column) or "")) for row in rows if isinstance(row, dict))
