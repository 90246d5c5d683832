"""Where regions lie in texts: UTF-16 units, as browsers count, against code points, as Python and the database do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from annotation.importing.records import Refused


def code_point(text: str, unit: int) -> int | None:
    """The code point at this UTF-16 unit; None inside a pair of surrogates, or beyond the end."""
    if text.isascii():
        return unit if unit <= len(text) else None
    before = text.encode("utf-16-le", "surrogatepass")[: 2 * unit]
    if len(before) < 2 * unit:
        return None
    whole = before.decode("utf-16-le", "replace")
    # Half of a pair was cut off: what is left does not encode to as many bytes.
    return None if whole.encode("utf-16-le", "surrogatepass") != before else len(whole)


def utf16_unit(text: str, place: int) -> int:
    """The UTF-16 unit at this code point."""
    return len(text[:place].encode("utf-16-le", "surrogatepass")) // 2


def faults_of_utf16(regions: Sequence[Mapping[str, Any]], texts: Sequence[str]) -> Iterator[Refused]:
    """Notes on regions whose ends fit none of the item's texts."""
    for region in regions:
        value = region.get("value")
        if not isinstance(value, Mapping) or not texts:
            continue
        ends = [end for end in (value.get("start"), value.get("end")) if type(end) is int and end >= 0]
        if len(ends) < 2:
            continue
        if any(all(code_point(text, end) is not None for end in ends) for text in texts):
            continue
        name = str(region.get("from_name") or region.get("type") or "")
        yield Refused(
            f"The region from {ends[0]} to {ends[1]} (in UTF-16 units) begins or ends inside a character, or beyond the "
            "text. It is kept as it is.",
            name,
        )
