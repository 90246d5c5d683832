"""How archives are cut into files: by the parts of the split, and by how many rows a file has."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from annotation.formats.master import Master

# Without a split, all rows are what one trains with: that is how readers of data sets name the only part.
WHOLE = "train"
# Rows that the split has put into no part.
NO_PART = "none"
# A name that readers keep for themselves.
RESERVED = "all"


@dataclass(frozen=True, slots=True)
class Shard:
    """The rows of one part in some consecutive row groups: one file."""

    part: str | None
    # As files and readers name it.
    name: str
    # Which one of how many of the part.
    place: int
    count: int
    groups: range
    rows: int

    def path(self, ending: str) -> str:
        return f"{self.name}-{self.place:05}-of-{self.count:05}.{ending}"


def shards_of(master: Master, chunks: Sequence[range]) -> list[Shard]:
    """The files of all parts, chunk by chunk; none where a part has no rows, but one file at least."""
    names = part_names(master)
    rows = [_rows(master, chunk, names) for chunk in chunks]
    wanted = [(number, part) for number, found in enumerate(rows) for part in names if found[part]]
    if not wanted:
        part = next(iter(names))
        return [Shard(part, names[part], 0, 1, range(0), 0)]
    counts = Counter(part for _, part in wanted)
    places: Counter[str | None] = Counter()
    made = []
    for number, part in wanted:
        shard = Shard(part, names[part], places[part], counts[part], chunks[number], rows[number][part])
        places[part] += 1
        made.append(shard)
    return made


def part_names(master: Master) -> dict[str | None, str]:
    """Each part of the split with a name that any reader takes: letters, digits and underscores, all different."""
    if not master.layout.parts:
        return {None: WHOLE}
    names: dict[str | None, str] = {}
    taken = {RESERVED}
    for part in (*master.layout.parts, None):
        plain = name = re.sub(r"[^A-Za-z0-9_]+", "_", part or NO_PART).strip("_") or "part"
        number = 1
        # Some file systems do not tell capitals from small letters.
        while name.casefold() in taken:
            number += 1
            name = f"{plain}_{number}"
        taken.add(name.casefold())
        names[part] = name
    return names


def chunked(master: Master, most_rows: int, most_bytes: int) -> list[range]:
    """Consecutive row groups, as many together as stay within these limits; at least one."""
    chunks: list[range] = []
    start, rows, size = 0, 0, 0
    for group in range(master.groups):
        own_rows, own_size = master.rows_of(group), master.size_of(group)
        if group > start and (rows + own_rows > most_rows or size + own_size > most_bytes):
            chunks.append(range(start, group))
            start, rows, size = group, 0, 0
        rows, size = rows + own_rows, size + own_size
    if master.groups > start:
        chunks.append(range(start, master.groups))
    return chunks


def batches_of(master: Master, shard: Shard, columns: Sequence[str] | None = None) -> Iterator[Any]:
    """The rows of a shard, as record batches."""
    import pyarrow.compute as pc

    for group in shard.groups:
        for batch in master.batches(group, columns):
            if not master.layout.parts:
                yield batch
            elif shard.part is None:
                yield batch.filter(pc.is_null(batch.column("split")))
            else:
                yield batch.filter(pc.equal(batch.column("split"), shard.part))


def _rows(master: Master, chunk: range, parts: dict[str | None, str]) -> dict[str | None, int]:
    """How many rows each part has in these row groups."""
    import pyarrow.compute as pc

    if not master.layout.parts:
        return {None: sum(master.rows_of(group) for group in chunk)}
    found = dict.fromkeys(parts, 0)
    for group in chunk:
        for one in pc.value_counts(master.column(group, "split")).to_pylist():
            found[one["values"]] += one["counts"]
    return found
