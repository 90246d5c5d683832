"""Votes of labeling functions, kept by blocks of item ids and read as votes for label models.

A shard is one number for each id of its block, packed by Zstandard: the position of the label in the version's labels,
ABSTAIN, or UNSEEN. A million items by twenty functions take some megabytes, and a tenth of a second to read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from annotation.models import Project
from labelmodel.models import FunctionVersion, VoteShard
from labelmodel.services import packed
from labelmodel.services.function_faults import faults_of
from labelmodel.services.function_rules import labels_of, question_of

Ids = npt.NDArray[np.int64]
Labels = npt.NDArray[np.int16]
Bools = npt.NDArray[np.bool_]
BLOCK = 65_536
ABSTAIN, UNSEEN = -1, -2
_CODEC = pa.Codec("zstd", compression_level=3)
# Width of a number, and how many there are.
_HEAD = struct.Struct("<BI")

# Of items in work, in the order of ids.
_ITEMS = """
SELECT i.id, i.role = 'holdout', g.id IS NOT NULL
FROM annotation_item i LEFT JOIN annotation_goldquestion g ON g.item_id = i.id
WHERE i.project_id = %(project)s AND i.state <> 'retired' AND i.id >= %(first)s AND i.id < %(end)s
  AND (%(items)s::bigint[] IS NULL OR i.id = ANY(%(items)s))
ORDER BY i.id
"""
_BLOCKS = """
SELECT DISTINCT id / 65536 AS block FROM annotation_item
WHERE project_id = %(project)s AND (%(items)s::bigint[] IS NULL OR id = ANY(%(items)s)) ORDER BY 1
"""


@dataclass(frozen=True, eq=False)
class PoolVotes:
    """What versions of functions say on one question of items, those without a vote included.

    `item` and `source` are positions in `items` and `versions`, `label` a position in `labels`: as estimators take them. Of a
    set question each vote is for one label of the set. `gold` and `holdout` tell what training leaves out.
    """

    items: Ids  # (n,) ascending
    versions: list[int]  # (m,) ids, ascending
    labels: list[str]  # (k,) values
    item: npt.NDArray[np.int32]  # (v,)
    source: npt.NDArray[np.int16]  # (v,)
    label: Labels  # (v,)
    gold: Bools  # (n,)
    holdout: Bools  # (n,)

    def __len__(self) -> int:
        return len(self.item)

    @property
    def aside(self) -> Bools:
        """(n,) items that no model is trained on."""
        return self.gold | self.holdout


def empty() -> Labels:
    """A block of which nothing was seen."""
    return np.full(BLOCK, UNSEEN, dtype=np.int16)


def pack(label: Labels) -> bytes:
    """A block's numbers, (65,536,), as bytes."""
    narrow = int(label.max()) <= np.iinfo(np.int8).max
    raw = label.astype(np.int8 if narrow else "<i2").tobytes()
    return _HEAD.pack(1 if narrow else 2, len(label)) + bytes(_CODEC.compress(raw, asbytes=True))


def unpack(data: bytes | memoryview) -> Labels:
    """The numbers of a block. ValueError for bytes that are none."""
    data = bytes(data)
    narrow: npt.NDArray[np.signedinteger[Any]]
    try:
        width, count = _HEAD.unpack_from(data)
        raw = _CODEC.decompress(data[_HEAD.size :], decompressed_size=width * count, asbytes=True)
        narrow = np.frombuffer(raw, dtype={1: "i1", 2: "<i2"}[width])
    except (struct.error, KeyError, OSError, ValueError) as error:
        raise ValueError("These bytes are no block of votes.") from error
    if len(narrow) != count:
        raise ValueError("These bytes are no block of votes.")
    return narrow.astype(np.int16)


def voting(project: Project, question: str) -> list[FunctionVersion]:
    """The versions whose votes count on a question: active, not stopped, and able to run as the project is now."""
    active = FunctionVersion.objects.voting().filter(project=project, function__question=question)
    versions = list(active.select_related("function", "schema"))
    faulty = faults_of(project, versions)
    return [one for one in versions if one.pk not in faulty]


def votes(
    project: Project,
    question: str,
    versions: Sequence[FunctionVersion] | None = None,
    *,
    items: Iterable[int] | None = None,
) -> PoolVotes:
    """What these versions (those that count, unless told) say of the items in work, or of some of them.

    Takes eight bytes for a vote and ten for an item, and a block more. Raises InvalidInput for an unknown question.
    """
    versions = voting(project, question) if versions is None else versions
    parts = list(blocks(project, question, versions, items=items))
    if not parts:
        return _nothing(project, question, versions)
    starts = np.cumsum([0, *(len(part.items) for part in parts)])
    return PoolVotes(
        np.concatenate([part.items for part in parts]),
        parts[0].versions,
        parts[0].labels,
        np.concatenate([part.item + np.int32(start) for part, start in zip(parts, starts, strict=False)]),
        np.concatenate([part.source for part in parts]),
        np.concatenate([part.label for part in parts]),
        np.concatenate([part.gold for part in parts]),
        np.concatenate([part.holdout for part in parts]),
    )


def blocks(
    project: Project,
    question: str,
    versions: Sequence[FunctionVersion],
    *,
    items: Iterable[int] | None = None,
    numbers: Iterable[int] | None = None,
) -> Iterator[PoolVotes]:
    """The same, one block after the other, in the order of ids; of these blocks only where their `numbers` are given."""
    labels = labels_of(question_of(project.schema, question))
    ordered = sorted(versions, key=lambda version: version.pk)
    tables = {version.pk: _translation(version.labels, labels) for version in ordered}
    sources = {version.pk: number for number, version in enumerate(ordered)}
    scope = {"project": project.pk, "items": None if items is None else sorted(set(items))}
    for block in packed.ids(_BLOCKS, scope).tolist() if numbers is None else numbers:
        bounds = {**scope, "first": block * BLOCK, "end": (block + 1) * BLOCK}
        ids, holdout, gold = packed.columns(_ITEMS, bounds, ["int8", "bool", "bool"])
        if not len(ids):
            continue
        item, source, label = _cast(block, ids, tables, sources)
        yield PoolVotes(ids, [one.pk for one in ordered], labels, item, source, label, gold, holdout)


def _cast(
    block: int, ids: Ids, tables: dict[int, Labels], sources: dict[int, int]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int16], Labels]:
    place = ids - block * BLOCK
    item: list[npt.NDArray[np.int32]] = [np.empty(0, dtype=np.int32)]
    source: list[npt.NDArray[np.int16]] = [np.empty(0, dtype=np.int16)]
    label: list[Labels] = [np.empty(0, dtype=np.int16)]
    shards = VoteShard.objects.filter(version__in=list(sources), block=block).order_by("version_id")
    for version, data in shards.values_list("version_id", "votes").iterator(chunk_size=100):
        said = unpack(data)[place]
        # ABSTAIN and UNSEEN lead to the last two places of the table.
        position = tables[version][said]
        voted = np.flatnonzero(position >= 0)
        item.append(voted.astype(np.int32))
        source.append(np.full(len(voted), sources[version], dtype=np.int16))
        label.append(position[voted])
    return np.concatenate(item), np.concatenate(source), np.concatenate(label)


def _translation(then: Sequence[str], now: Sequence[str]) -> Labels:
    """Where each label of a version is among the labels now; labels that are gone, and no votes, lead nowhere."""
    known = {label: position for position, label in enumerate(now)}
    return np.array([*(known.get(label, -1) for label in then), -1, -1], dtype=np.int16)


def _nothing(project: Project, question: str, versions: Sequence[FunctionVersion]) -> PoolVotes:
    labels = labels_of(question_of(project.schema, question))
    none = np.empty(0, dtype=np.int16)
    no = np.empty(0, dtype=bool)
    return PoolVotes(
        np.empty(0, dtype=np.int64), sorted(one.pk for one in versions), labels, np.empty(0, dtype=np.int32),
        none, none, no, no,
    )  # fmt: skip
