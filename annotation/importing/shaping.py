"""A row's values to an item: fields by mapping, the key, the payload as canonical JSON, and its digest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from annotation.importing.parquet import as_json
from annotation.importing.pictures import Picture
from annotation.importing.records import Limits, Refused

LONGEST_KEY = 200
# As the key column: the key that the program gave the row from which it comes.
OWN_KEY = "@key"
_NUL = b"\\u0000"
_NOTHING = (None, "")


class Shaped(NamedTuple):
    """An item to be, from row `row` of a file. `body` is its payload as JSON with sorted keys; `digest` the first 16 bytes of its SHA-256.

    `picture` is the image that came with the row; `images` are the fields that name one, with its address or name.
    """

    row: int
    key: str
    body: bytes
    digest: bytes
    picture: Picture | None = None
    images: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Plan:
    """How rows become items. `mapping` takes columns to fields, or to null to leave them out; a column that it does not
    name keeps its name. `fields` are the schema's, with their types. `key` is a column; empty: the content is the key.
    `pictures` says whether rows may carry images themselves."""

    key: str = ""
    mapping: Mapping[str, str | None] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    pictures: bool = False


class Shaper:
    """Makes items of rows, one at a time."""

    def __init__(self, plan: Plan, limits: Limits) -> None:
        self._plan = plan
        self._longest = limits.row_bytes
        self._renamed = any(column != name for column, name in plan.mapping.items())
        self._shown = tuple(name for name, kind in plan.fields.items() if kind != "hidden")
        self._numbers = tuple(name for name, kind in plan.fields.items() if kind == "number")
        self._images = tuple(name for name, kind in plan.fields.items() if kind == "image")

    @property
    def has_images(self) -> bool:
        return bool(self._images)

    def shape(self, values: dict[str, Any], row: int, own_key: str = "") -> Shaped | Refused:
        payload = self._rename(values) if self._renamed else values
        picture = None
        if self._plan.pictures:
            payload, picture = _without_picture(payload)
        if self._numbers and (fault := self._convert(payload)) is not None:
            return fault
        for name in self._shown:
            if payload.get(name) not in _NOTHING:
                break
        else:
            if self._shown:
                return self._nothing_to_show(payload)
        try:
            # Copied: what orjson returns holds on to the 4 KB that it was written in, and batches keep many of them.
            body = b"%b" % orjson.dumps(payload, default=as_json, option=orjson.OPT_SORT_KEYS)
        except (TypeError, RecursionError) as error:
            return _refuse_values(payload, error)
        if len(body) > self._longest:
            return Refused(
                f"The row is longer than {self._longest / 2**20:g} MB. Split it, or leave columns out."
            )
        if _NUL in body and (fault := _nul_in(payload)) is not None:
            return fault
        digest = hashlib.sha256(body).digest()[:16] if picture is None else _digest_with(body, picture)
        if self._plan.key == OWN_KEY:
            key = self._checked_key(own_key) if own_key else digest.hex()
        else:
            key = self._key(values) if self._plan.key else digest.hex()
        if not isinstance(key, str):
            return key
        images = self._image_names(payload) if self._images and picture is None else ()
        if isinstance(images, Refused):
            return images
        return Shaped(row, key, body, digest, picture, images)

    def _convert(self, payload: dict[str, Any]) -> Refused | None:
        """Numbers that came as text, in the place of the text."""
        for name in self._numbers:
            if isinstance(value := payload.get(name), str):
                number = _number(value)
                if number is None and value.strip():
                    return Refused(f"'{value[:80]}' is not a number.", name)
                payload[name] = number
        return None

    def _nothing_to_show(self, payload: dict[str, Any]) -> Refused:
        names = ", ".join(f"'{name}'" for name in self._shown[:5])
        hint = "" if any(name in payload for name in self._shown) else " Map a column to it."
        which = f"{names} is" if len(self._shown) == 1 else f"all of {names} are"
        return Refused(f"The row has nothing to show: {which} missing or empty.{hint}", self._shown[0])

    def _rename(self, values: dict[str, Any]) -> dict[str, Any]:
        get = self._plan.mapping.get
        return {name: value for column, value in values.items() if (name := get(column, column)) is not None}

    def _image_names(self, payload: dict[str, Any]) -> tuple[tuple[str, str], ...] | Refused:
        found = [(name, payload[name]) for name in self._images if payload.get(name) not in (None, "")]
        for name, value in found:
            if not isinstance(value, str):
                return Refused("An image is given by its address or by its name in this project.", name)
        return tuple(found)

    def _key(self, values: dict[str, Any]) -> str | Refused:
        column = self._plan.key
        value = values.get(column)
        if not isinstance(value, str):
            if isinstance(value, Picture):
                value = value.name
            elif isinstance(value, bool) or not isinstance(value, int | float):
                return Refused("The key must be a text or a number.", column) if value else _no_key(column)
        return self._checked_key(str(value).strip())

    def _checked_key(self, key: str) -> str | Refused:
        column = self._plan.key
        if not key:
            return _no_key(column)
        if len(key) > LONGEST_KEY:
            return Refused(f"The key has {len(key):,} characters; at most {LONGEST_KEY} are kept.", column)
        if "\0" in key:
            return Refused("The key holds the character U+0000. Remove it.", column)
        return key


def _digest_with(body: bytes, picture: Picture) -> bytes:
    return hashlib.sha256(body + picture.sha256.encode()).digest()[:16]


def _no_key(column: str) -> Refused:
    return Refused("The row has no key. Give it one, or import without a key column.", column)


def _number(text: str) -> int | float | None:
    text = text.strip()
    try:
        return int(text) if len(text) < 16 else float(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def _without_picture(payload: dict[str, Any]) -> tuple[dict[str, Any], Picture | None]:
    """The payload with the name of its image in the image's place."""
    for name, value in payload.items():
        if isinstance(value, Picture):
            return {**payload, name: value.name}, value
    return payload, None


def _refuse_values(payload: dict[str, Any], error: Exception) -> Refused:
    """Which value JSON cannot hold."""
    for name, value in payload.items():
        try:
            orjson.dumps({name: value}, default=as_json)
        except (TypeError, RecursionError) as fault:
            return Refused(_explain(fault), name.encode("utf-8", "replace").decode())
    return Refused(_explain(error))


def _explain(error: Exception) -> str:
    message = str(error.__cause__ or error)
    if "UTF-8" in message or "surrogates" in message:
        return (
            "Has bytes that the encoding does not know. Choose the right encoding, or save the file as UTF-8."
        )
    if "64-bit" in message:
        return "Is a whole number beyond 64 bits. Write it as a text."
    if "ecursion" in message:
        return "Is nested too deeply."
    if message == "bytes":
        return "Is binary. Convert it to text, or leave the column out."
    return f"Cannot be written as JSON ({message[:200]})."


def _nul_in(value: Any, name: str = "") -> Refused | None:
    """Where a value holds U+0000, which the database cannot keep."""
    if isinstance(value, str):
        return Refused("Holds the character U+0000. Remove it.", name) if "\0" in value else None
    if isinstance(value, dict):
        for key, part in value.items():
            if found := _nul_in(key, name) or _nul_in(part, name or key):
                return found
    if isinstance(value, list | tuple):
        for part in value:
            if found := _nul_in(part, name):
                return found
    return None
