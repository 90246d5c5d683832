"""The items that functions run on, block by block: which there are, which lack votes, and their payloads as columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from django.db import connection

from annotation.models.item import UNSEEN_FOR
from labelmodel.functions import Batch
from labelmodel.models import VoteShard
from labelmodel.services import packed
from labelmodel.services.vote_shards import BLOCK, UNSEEN, Labels, unpack

Ids = npt.NDArray[np.int64]
# {block: versions that have to look at something there}
Todo = dict[int, set[int]]
# At once: bytes as PostgreSQL keeps them; a block's worth of short texts.
MOST_BYTES = 8 * 2**20

# How often an item changed does not matter, only whether it did since: the sum of all moments tells.
_MOMENT = "(extract(epoch FROM payload_changed_at) * 1000000)::int8"
_STAMPS = f"""
WITH items AS (
    SELECT id / 65536 AS block, count(*) AS n, sum(id & 65535)::int8 AS places FROM annotation_item
    WHERE project_id = %(project)s GROUP BY 1
), changes AS (
    SELECT id / 65536 AS block, sum({_MOMENT})::numeric AS moments FROM annotation_item
    WHERE project_id = %(project)s AND payload_changed_at IS NOT NULL GROUP BY 1
)
SELECT block, n || ':' || places || ':' || coalesce(moments, 0) AS stamp, n
FROM items LEFT JOIN changes USING (block) ORDER BY block
"""  # noqa: S608 - a constant
_IDS = """
SELECT id FROM annotation_item WHERE project_id = %(project)s AND id >= %(first)s AND id < %(end)s ORDER BY id
"""
_CHANGED = f"""
SELECT id, {_MOMENT} FROM annotation_item
WHERE project_id = %(project)s AND payload_changed_at IS NOT NULL AND id >= %(first)s AND id < %(end)s ORDER BY id
"""  # noqa: S608
_SIZES = "SELECT id, pg_column_size(payload)::int8 FROM annotation_item WHERE id = ANY(%(items)s) ORDER BY id"
# Of the whole payload only what a function reads; sensitive fields are never among it.
_WHOLE = """(
    SELECT coalesce(jsonb_object_agg(e.key, e.value), '{}'::jsonb)::text
    FROM jsonb_each(CASE jsonb_typeof(payload) WHEN 'object' THEN payload ELSE '{}'::jsonb END) e
    WHERE e.key = ANY(%(fields)s)
)"""


@dataclass(frozen=True, slots=True)
class Block:
    """A block of the project's items, as it is now."""

    number: int
    stamp: str
    items: int


@dataclass(frozen=True, eq=False)
class Content:
    """The items of a block that a worker is about to look at, and when it read which there are."""

    number: int
    ids: Ids  # (n,) ascending
    moments: Ids  # (n,) when each changed last, in microseconds; 0 for never
    read_at: datetime

    @property
    def places(self) -> Ids:
        return self.ids - self.number * BLOCK

    @property
    def stamp(self) -> str:
        """As the database says it of the same items."""
        # Sums of microseconds go beyond 64 bits.
        moments = sum(self.moments[self.moments > 0].tolist())
        return f"{len(self.ids)}:{int(self.places.sum())}:{moments}"


def now() -> datetime:
    """The clock of the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def blocks(project_id: int) -> list[Block]:
    """The blocks of a project, in the order of ids."""
    with connection.cursor() as cursor:
        cursor.execute(_STAMPS, {"project": project_id})
        return [Block(int(number), str(stamp), int(items)) for number, stamp, items in cursor.fetchall()]


def content(project_id: int, number: int) -> Content:
    """Which items a block has, and when they changed. Read before their payloads: whatever changes later is told apart."""
    at = now()
    bounds = {"project": project_id, "first": number * BLOCK, "end": (number + 1) * BLOCK}
    ids = packed.ids(_IDS, bounds)
    changed, when = packed.columns(_CHANGED, bounds, ["int8", "int8"])
    moments = np.zeros(len(ids), dtype=np.int64)
    there = np.isin(changed, ids, assume_unique=True)
    moments[np.searchsorted(ids, changed[there])] = when[there]
    return Content(number, ids, moments, at)


def due(blocks: Sequence[Block], versions: Collection[int], at: datetime) -> Todo:
    """{block: versions whose votes are missing or out of date there}."""
    kept = VoteShard.objects.filter(version__in=versions)
    shards = {
        (version, block): (stamp, again)
        for version, block, stamp, again in kept.values_list("version_id", "block", "stamp", "again_at")
    }
    found = {
        block.number: {one for one in versions if _lacks(shards.get((one, block.number)), block, at)}
        for block in blocks
    }
    return _some(found)


def in_turn(blocks: Sequence[Block], versions: Collection[int], at: datetime) -> tuple[Todo, Todo, Todo]:
    """What is due, first what is done first: what came or changed since a version looked there, with the one block at most that
    is all that it never saw; blocks that it never saw; and what it left for later, which may take long."""
    todo = due(blocks, versions, at)
    kept = VoteShard.objects.filter(version__in=versions)
    stamps = {(one, block): stamp for one, block, stamp in kept.values_list("version_id", "block", "stamp")}
    unseen = Counter(
        one for number, lacking in todo.items() for one in lacking if (one, number) not in stamps
    )

    def turn(one: int, number: int) -> int:
        stamp = stamps.get((one, number))
        if stamp is None:
            # A version that never saw more than one is a new one: what comes does not wait for it.
            return 0 if unseen[one] == 1 else 1
        return 0 if stamp else 2

    first, second, last = (
        {number: {one for one in lacking if turn(one, number) == place} for number, lacking in todo.items()}
        for place in range(3)
    )
    return _some(first), _some(second), _some(last)


def _some(todo: Todo) -> Todo:
    return {number: lacking for number, lacking in todo.items() if lacking}


def _lacks(shard: tuple[str, datetime | None] | None, block: Block, at: datetime) -> bool:
    if shard is None:
        return True
    stamp, again_at = shard
    return stamp != block.stamp and (again_at is None or again_at <= at)


def missing(version: int, some: Sequence[Block]) -> int:
    """How many items of these blocks a version has not seen yet."""
    shards = VoteShard.objects.filter(version=version, block__in=[block.number for block in some])
    return sum(block.items for block in some) - sum(shards.values_list("seen", flat=True))


def unseen(there: Content, shard: VoteShard | None) -> tuple[Labels | None, npt.NDArray[np.bool_]]:
    """What a version said so far, and which items it has to look at (again): (n,)."""
    if shard is None:
        return None, np.ones(len(there.ids), dtype=bool)
    said = unpack(shard.votes)
    # A change is seen when its transaction ends, so this reaches further back than the last look.
    since = int((shard.read_at - UNSEEN_FOR).timestamp() * 1_000_000)
    return said, (said[there.places] == UNSEEN) | (there.moments >= since)


def batches(project_id: int, items: Ids, fields: Sequence[str], *, whole: bool) -> Iterator[Batch]:
    """These items with the fields as columns of text, in parts of bearable size; what was deleted meanwhile is left out."""
    found, sizes = packed.columns(_SIZES, {"items": items.tolist()}, ["int8", "int8"])
    for part in _parts(np.asarray(sizes, dtype=np.int64)):
        yield _batch(project_id, found[part], fields, whole)


def _parts(sizes: Ids) -> Iterator[slice]:
    ends = np.cumsum(sizes)
    first = 0
    while first < len(sizes):
        before = ends[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(ends, before + MOST_BYTES, side="right")))
        yield slice(first, last)
        first = last


def _batch(project_id: int, items: Ids, fields: Sequence[str], whole: bool) -> Batch:
    names = {f"f{number}": name for number, name in enumerate(fields)}
    wanted = ["id", *(f"payload ->> %({key})s" for key in names), *([_WHOLE] if whole else [])]
    query = (
        f"SELECT {', '.join(wanted)} FROM annotation_item "  # noqa: S608 - names are parameters
        "WHERE id = ANY(%(items)s) AND project_id = %(project)s ORDER BY id"
    )
    params: dict[str, Any] = {**names, "items": items.tolist(), "project": project_id, "fields": list(fields)}
    ids, *texts = packed.columns(query, params, ["int8", *[packed.TEXT] * (len(wanted) - 1)])
    columns = [_series(name, text) for name, text in zip(fields, texts, strict=False)]
    return Batch(ids, pl.DataFrame(columns), _series("payload", texts[-1]) if whole else None)


def _series(name: str, text: Any) -> pl.Series:
    return pl.Series(name, pl.from_arrow(text), dtype=pl.String)
