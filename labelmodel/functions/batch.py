"""A batch of items as columns, and what functions share of it: lower-cased texts, numbers, times."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import orjson
import polars as pl
from numpy.typing import NDArray
from polars.exceptions import PolarsError

T = TypeVar("T")
# A payload as it comes: parsed, or JSON.
Row = tuple[int, Mapping[str, Any] | bytes | str]


@dataclass(frozen=True, eq=False)
class Batch:
    """Some items, by column."""

    ids: NDArray[np.int64]  # (n,)
    # A column per payload field: texts as they are, other values as JSON says them.
    table: pl.DataFrame
    payload: pl.Series | None = None  # the visible fields as JSON, where asked for
    unreadable: Mapping[int, str] = field(default_factory=dict)  # position: why its payload cannot be read
    deadline: float = math.inf  # of time.monotonic(); kinds that go row by row look at it
    _shared: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.ids)

    def text(self, name: str) -> pl.Series:
        """A field as text; null where it is missing."""
        if name in self.table.columns:
            return self.table[name].cast(pl.String)
        return pl.Series(name, [None], dtype=pl.String).new_from_index(0, len(self))

    def composed(self, name: str) -> pl.Series:
        """The text with letters and their accents in one character (NFC)."""
        return self._once(("composed", name), lambda: composed(self.text(name)))

    def folded(self, name: str) -> pl.Series:
        """The same in lower case."""
        return self._once(("folded", name), lambda: self.composed(name).str.to_lowercase())

    def compared(self, name: str, *, case: bool) -> pl.Series:
        """The text in which letters are looked for: composed, and in lower case unless case matters."""
        return self.composed(name) if case else self.folded(name)

    def number(self, name: str) -> pl.Series:
        """The text as a finite number; null where it is none."""
        return self._once(("number", name), lambda: numbers(self.text(name)))

    def time(self, name: str) -> pl.Series:
        """The text, a date or a time of ISO 8601, as microseconds since 1970 in UTC; null where it is none."""
        return self._once(("time", name), lambda: times(self.text(name)))

    def sizes(self, names: Collection[str]) -> list[int]:
        """Bytes of these fields, as text."""
        lengths = [self.text(name).str.len_bytes().fill_null(0).cast(pl.Int64) for name in names]
        return list(sum(lengths[1:], lengths[0])) if lengths else [0] * len(self)

    @property
    def late(self) -> bool:
        """Whether the deadline is over."""
        return time.monotonic() > self.deadline

    def until(self, deadline: float) -> Batch:
        """The same, with a deadline; what was shared stays shared."""
        return replace(self, deadline=deadline)

    def slices(self, rows: int, size: int) -> list[Batch]:
        """The same in pieces of at most so many rows, and bytes unless one row has more; one piece where there are none."""
        ends = np.cumsum(self.sizes(self.table.columns), dtype=np.int64)
        starts = [0]
        while (start := starts[-1]) < len(self):
            before = ends[start - 1] if start else 0
            fitting = int(np.searchsorted(ends, before + size, side="right"))
            starts.append(max(min(start + rows, fitting), start + 1))
        return [self._slice(start, end - start) for start, end in pairwise(starts)] or [self]

    def _slice(self, start: int, rows: int) -> Batch:
        inside = range(start, start + rows)
        return Batch(
            self.ids[start : start + rows],
            self.table.slice(start, rows),
            None if self.payload is None else self.payload.slice(start, rows),
            {position - start: why for position, why in self.unreadable.items() if position in inside},
            self.deadline,
        )

    @property
    def json(self) -> pl.Series:
        """The payloads as JSON."""
        if self.payload is None:
            raise ValueError("This batch was built without payloads.")
        return self.payload

    @property
    def payloads(self) -> list[dict[str, Any]]:
        """The payloads as JSON has them. Shared: not to be changed."""
        return self._once(("payloads", ""), lambda: [orjson.loads(text) for text in self.json])

    def _once(self, key: tuple[str, str], make: Callable[[], T]) -> T:
        # Two threads may both make it; either result is right.
        if key not in self._shared:
            self._shared[key] = make()
        found: T = self._shared[key]
        return found


def build(rows: Iterable[Row], fields: Collection[str], *, payload: bool = False) -> Batch:
    """Columns of these fields, and of nothing else; sensitive fields are simply not named."""
    ids: list[int] = []
    items: list[Mapping[str, Any]] = []
    unreadable: dict[int, str] = {}
    for position, (number, given) in enumerate(rows):
        ids.append(number)
        try:
            items.append(_read(given))
        except ValueError as error:
            items.append({})
            unreadable[position] = f"The payload cannot be read: {error}"
    names = sorted(fields)
    table = pl.DataFrame([_column(name, [item.get(name) for item in items]) for name in names])
    whole = None
    if payload:
        texts = [_json({name: item[name] for name in names if name in item}) for item in items]
        whole = pl.Series("payload", texts, dtype=pl.String)
    return Batch(np.array(ids, dtype=np.int64), table, whole, unreadable)


def _read(given: Mapping[str, Any] | bytes | str) -> Mapping[str, Any]:
    found = orjson.loads(given) if isinstance(given, (bytes, str)) else given
    if not isinstance(found, Mapping):
        raise ValueError("it is not an object.")  # noqa: TRY004 -- what cannot be parsed raises ValueError too
    return found


def _column(name: str, values: list[Any]) -> pl.Series:
    try:
        return pl.Series(name, values, dtype=pl.String)
    except (TypeError, ValueError, PolarsError):
        return pl.Series(name, [text_of(value) for value in values], dtype=pl.String)


def text_of(value: Any) -> str | None:
    """What functions on text read of a value: text as it is, nothing of null, all else as JSON."""
    if value is None:
        return None
    text = value if isinstance(value, str) else _json(value)
    # Half of a character pair is no character; databases refuse it, callers may not.
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return _odd_json(value)


def _odd_json(value: Any) -> str:
    """What orjson refuses: whole numbers beyond 64 bits, half characters, and lists within lists within lists."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
        plain = json.loads(text, parse_constant=lambda _: None, parse_int=_whole)
        return (
            json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace").decode()
        )
    except (RecursionError, ValueError):
        return "null"


def _whole(digits: str) -> int | float:
    number = int(digits)
    return number if -(2**63) <= number < 2**64 else float(digits)


# Characters that may change where letters and their accents become one: combining marks, and those that stand for others.
# All are beyond ASCII; most texts have none, and finding them is many times as fast as composing.
_COMPOSED = (
    r"[\p{M}\x{374}\x{37E}\x{387}\x{958}-\x{95F}\x{9DC}-\x{9DF}\x{A33}-\x{A5E}\x{B5C}\x{B5D}\x{F43}-\x{F69}\x{1160}-\x{11FF}"
    r"\x{1F71}-\x{1FFD}\x{2000}\x{2001}\x{2126}\x{212A}\x{212B}\x{2329}\x{232A}\x{2ADC}\x{F900}-\x{FAFF}\x{FB1D}-\x{FB4E}"
    r"\x{1D15E}-\x{1D1C0}\x{2F800}-\x{2FA1F}]"
)


def composed(text: pl.Series) -> pl.Series:
    """Texts with letters and their accents in one character (NFC)."""
    beyond = (text.str.len_bytes() != text.str.len_chars()).arg_true()
    rows = beyond.filter(text.gather(beyond).str.contains(_COMPOSED))
    if rows.is_empty():
        return text
    return text.clone().scatter(rows, text.gather(rows).str.normalize("NFC"))


def numbers(text: pl.Series) -> pl.Series:
    """Texts as finite numbers."""
    found = text.str.strip_chars().cast(pl.Float64, strict=False)
    return found.set(~found.is_finite().fill_null(False), None)


_TIME = r"^\s*(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d(?:\.\d{1,6})?)?\d*(?:Z|([+-]\d\d):?(\d\d))?)?\s*$"


def times(text: pl.Series) -> pl.Series:
    """Texts as microseconds since 1970 in UTC; what names no time zone is taken as UTC."""
    day, minute, second, hours, minutes = text.str.extract_groups(_TIME).struct.unnest()
    clock = day + "T" + minute.fill_null("00:00") + second.fill_null(":00")
    local = clock.str.strptime(pl.Datetime("us"), "%Y-%m-%dT%H:%M:%S%.f", strict=False).to_physical()
    sign = pl.select(pl.when(hours.str.starts_with("-")).then(-1).otherwise(1)).to_series()
    offset = hours.cast(pl.Int64).abs() * 60 + minutes.cast(pl.Int64)
    return local - (sign * offset * 60_000_000).fill_null(0)
