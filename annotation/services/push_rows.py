"""What a program sends over REST, read row by row: what can become an item or a prediction, and why the others cannot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from annotation.errors import Fault, InvalidInput
from annotation.importing.records import Refused
from annotation.importing.shaping import Shaped, Shaper
from annotation.services.push_predictions import Checker, Said
from annotation.services.tags import clean_name

MOST_PREDICTIONS = 50
MOST_TAGS = 20
_KNOWN = ("key", "payload", "predictions", "tags")


@dataclass(slots=True)
class Row:
    """One row and what becomes of it; counted from 1."""

    number: int
    key: str | None = None
    id: int | None = None
    result: str = ""
    errors: list[Fault] = field(default_factory=list)
    shaped: Shaped | None = None
    predictions: list[Said] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    # An earlier row with the same key and content, whose fate is this one's.
    same_as: Row | None = None

    def refuse(self, message: str, *path: str | int) -> None:
        self.result = "refused"
        self.errors.append(Fault(path, message))

    def as_json(self) -> dict[str, Any]:
        return {
            "row": self.number,
            "key": self.key,
            "id": self.id,
            "result": self.result,
            "errors": [fault.as_json() for fault in self.errors],
        }


def read_items(given: Iterable[Any], shaper: Shaper, checker: Checker) -> list[Row]:
    """The rows, of which those that cannot be taken are refused already. Of those with one key, the first one counts."""
    rows: list[Row] = []
    seen: dict[str, Row] = {}
    for number, raw in enumerate(given, 1):
        row = Row(number)
        rows.append(row)
        _read(row, raw, shaper, checker)
        if row.shaped is None or row.result:
            continue
        earlier = seen.setdefault(row.shaped.key, row)
        if earlier is row:
            continue
        if earlier.shaped is not None and earlier.shaped.digest != row.shaped.digest:
            row.refuse(f"Row {earlier.number:,} has the same key with other content.", "key")
        else:
            row.same_as = earlier
    return rows


def _read(row: Row, raw: Any, shaper: Shaper, checker: Checker) -> None:
    if isinstance(raw, Refused):
        row.refuse(raw.message)
        return
    if not isinstance(raw, dict):
        row.refuse('A row is an object such as {"key": "a-1", "payload": {"text": "..."}}.')
        return
    if not raw.keys() <= set(_KNOWN):
        _refuse_unknown(row, raw)
        return
    if (key := _key(row, raw.get("key"))) is None:
        return
    payload = raw.get("payload")
    if not isinstance(payload, dict):
        row.refuse("The payload is an object with the fields of the item.", "payload")
        return
    shaped = shaper.shape(payload, row.number, key)
    if isinstance(shaped, Refused):
        # A key that is wrong is told under the name of the column that it has in files.
        place = ("key",) if shaped.field.startswith("@") else ("payload", *filter(None, [shaped.field]))
        row.refuse(shaped.message, *place)
        return
    row.shaped, row.key = shaped, shaped.key
    _read_predictions(row, raw.get("predictions"), checker)
    _read_tags(row, raw.get("tags"))


def _refuse_unknown(row: Row, raw: Mapping[str, Any]) -> None:
    unknown = next(name for name in raw if name not in _KNOWN)
    hint = "" if "payload" in raw else " The fields of the item belong into payload."
    row.refuse(f"A row has no '{unknown[:60]}'; it has {', '.join(_KNOWN)}.{hint}", unknown[:60])


def _key(row: Row, key: Any) -> str | None:
    """As files give it: a text, or a number as text; empty where the content is the key. None: it was refused."""
    if key is None:
        return ""
    if isinstance(key, bool) or not isinstance(key, str | int | float):
        row.refuse("The key must be a text or a number.", "key")
        return None
    text = str(key).strip()
    if not text:
        row.refuse("The key is empty. Give one, or leave it out: then the content is the key.", "key")
        return None
    return text


def _read_predictions(row: Row, given: Any, checker: Checker) -> None:
    if given is None:
        return
    if not isinstance(given, list) or len(given) > MOST_PREDICTIONS:
        row.refuse(f"Predictions are a list of at most {MOST_PREDICTIONS}.", "predictions")
        return
    for place, raw in enumerate(given):
        found = checker.check(raw, ("predictions", place))
        if isinstance(found, Said):
            row.predictions.append(found)
        else:
            row.result = "refused"
            row.errors += found


def _read_tags(row: Row, given: Any) -> None:
    if given is None:
        return
    whole = isinstance(given, list) and all(isinstance(tag, str) for tag in given)
    if not whole or len(given) > MOST_TAGS:
        row.refuse(f"Tags are a list of at most {MOST_TAGS} texts.", "tags")
        return
    for place, tag in enumerate(given):
        try:
            row.tags.append(clean_name(tag))
        except InvalidInput as error:
            row.refuse(str(error), "tags", place)
