"""What a split settles when it is used: where its times begin, and which part an item of a stratum goes to. Never changed after."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import accumulate

import numpy as np
import pyarrow.compute as pc

from annotation.models import Split
from annotation.services import hot
from annotation.services.locks import alone
from annotation.snapshots import parting, sql
from annotation.snapshots.columns import column, numbers, places, rows_for
from annotation.snapshots.hashing import draws, quotas, shares
from annotation.snapshots.items import in_order
from annotation.snapshots.older import under_current
from annotation.snapshots.parting import Part
from annotation.snapshots.plan import Plan
from annotation.snapshots.reading import State

CHUNK = 50_000

_KEEP = """
INSERT INTO annotation_splititem (split_id, item_id, part)
SELECT %(split)s, s.item, s.part FROM unnest(%(items)s::bigint[], %(parts)s::smallint[]) AS s (item, part)
ON CONFLICT DO NOTHING
"""
_PARTS = """
SELECT item_id, part FROM annotation_splititem WHERE split_id = %(split)s AND item_id = ANY(%(items)s::bigint[])
"""


def part_of(split: Split, *, state: State, plan: Plan, ids: np.ndarray) -> Part:
    """Which part each of these items is in. Settles what this split has not settled yet, one worker at a time."""
    if split.kind == Split.Kind.RANDOM:
        return parting.by_key(split)
    if split.kind == Split.Kind.GROUP:
        return parting.by_group(split)
    if split.kind == Split.Kind.TIME:
        _settle_times(split, state, plan, ids)
        return parting.by_time(split)
    return parting.settled(ids, _settle_strata(split, state, plan, ids))


def _settle_times(split: Split, state: State, plan: Plan, ids: np.ndarray) -> None:
    if split.begins:
        return
    found = [
        parting.times(in_order(state.table(_times_of(plan, chunk, split.by)), chunk), by=split.by)
        for chunk in _chunks(ids)
    ]
    when = np.sort(np.concatenate([*found, np.array([])]))
    when = when[~np.isnan(when)]
    if not len(when):
        return
    ends = list(accumulate(shares(split.parts)))[:-1]
    begins = [when[min(len(when) - 1, int(end * len(when)))] for end in ends]
    told = [datetime.fromtimestamp(float(begin), UTC).isoformat() for begin in begins]
    # Another worker may have been faster: what it settled holds.
    Split.objects.filter(pk=split.pk, begins=[]).update(begins=told)
    split.refresh_from_db(fields=["begins"])


def _times_of(plan: Plan, ids: np.ndarray, by: str) -> str:
    value = f"(i.payload -> {sql.literal(by)})::text" if by else "NULL::text"
    return sql.SCANNED.format(project=plan.project, within=sql.within(ids, "i.id"), value=value)


def _settle_strata(split: Split, state: State, plan: Plan, ids: np.ndarray) -> np.ndarray:
    """The part of each item; those that have none yet are given one, by one worker at a time."""
    while True:
        with alone("split", split.pk) as free:
            if free:
                return _stratified(split, state, plan, ids)
        state.alive()
        time.sleep(0.5)


def _stratified(split: Split, state: State, plan: Plan, ids: np.ndarray) -> np.ndarray:
    parts = np.concatenate([_kept(split, chunk) for chunk in _chunks(ids)] or [np.array([], np.int64)])
    missing = np.flatnonzero(parts < 0)
    if not len(missing):
        return parts
    # Drawn chunk by chunk: a million keys at once would be a hundred megabytes.
    drawn = np.concatenate([_drawn(split, state, plan, chunk) for chunk in _chunks(ids[missing])])
    fresh = _assigned(split, parts, _strata(split, state, plan, ids), drawn)
    for start in range(0, len(missing), CHUNK):
        own = slice(start, start + CHUNK)
        hot.rows(
            _KEEP, {"split": split.pk, "items": ids[missing[own]].tolist(), "parts": fresh[own].tolist()}
        )
        state.alive()
    parts[missing] = fresh
    return parts


def _kept(split: Split, ids: np.ndarray) -> np.ndarray:
    """The part of each item, -1 for none yet. As it is now, not as it was: what is settled is settled."""
    found = hot.rows(_PARTS, {"split": split.pk, "items": ids.tolist()})
    parts = np.full(len(ids), -1, np.int64)
    at = places(np.array([row.item_id for row in found], np.int64), ids)
    parts[at] = [row.part for row in found]
    return parts


def _strata(split: Split, state: State, plan: Plan, ids: np.ndarray) -> np.ndarray:
    """A number for what is agreed on of each item, the same for the same; 0 for nothing."""
    known: dict[str | None, int] = {None: 0}
    found = []
    for chunk in _chunks(ids):
        agreed = state.table(sql.consensus(plan.project, chunk, kept=plan.kept, distribution=False))
        agreed = under_current(agreed, plan)
        own = np.flatnonzero(pc.equal(column(agreed, "question"), split.by).to_numpy(zero_copy_only=False))
        texts = column(agreed, "value").take(rows_for(numbers(agreed, "item_id")[own], own, chunk))
        coded = texts.dictionary_encode()
        codes = np.array([known.setdefault(text, len(known)) for text in coded.dictionary.to_pylist()], int)
        places_ = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        found.append(np.where(places_ < 0, 0, codes[places_] if len(codes) else 0))
    return np.concatenate(found)


def _drawn(split: Split, state: State, plan: Plan, ids: np.ndarray) -> np.ndarray:
    """A number for each item, by its key."""
    scanned = state.table(
        sql.SCANNED.format(project=plan.project, within=sql.within(ids, "i.id"), value="i.key")
    )
    keys = column(in_order(scanned, ids), "parted_by").to_pylist()
    return draws((b"k" + key.encode() for key in keys), split.seed)


def _chunks(ids: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]


def _assigned(split: Split, parts: np.ndarray, strata: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """For each item that has no part, one: so many of each stratum as it takes to come to the shares, the lowest of `drawn`
    first."""
    wanted = shares(split.parts)
    missing = np.flatnonzero(parts < 0)
    fresh = np.zeros(len(missing), np.int16)
    for stratum in np.unique(strata[missing]):
        own = np.flatnonzero(strata[missing] == stratum)
        there = np.bincount(parts[(strata == stratum) & (parts >= 0)], minlength=len(wanted)).tolist()
        given = quotas(len(own), wanted, there)
        fresh[own[np.argsort(drawn[own], kind="stable")]] = np.repeat(np.arange(len(wanted)), given)
    return fresh
