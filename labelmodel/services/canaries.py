"""A new version on a sample of the pool, and how its votes compare with those of the active one."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import zip_longest
from typing import Any

import numpy as np
import numpy.typing as npt
from django.utils import timezone

from annotation.errors import DomainError
from annotation.services import jobs
from annotation.services.jobs import Beat
from labelmodel import functions
from labelmodel.functions import ABSTAIN, Cast, Function
from labelmodel.models import FunctionRun, FunctionVersion
from labelmodel.services import function_pool, packed
from labelmodel.services.function_rules import fields_of, prepared, tests_cast, told
from labelmodel.services.llm_endpoints import PATIENT, Asking
from labelmodel.services.run_lines import Line

SAMPLE = 2_000
# Of kinds whose every look costs.
COSTLY = {"endpoint": 100}
MOST_EXAMPLES = 10
MOST_MESSAGES = 5
_ALL = "SELECT id FROM annotation_item WHERE project_id = %(project)s AND state <> 'retired' ORDER BY id"
_NOTHING = -1


def work(job: FunctionRun, beat: Beat, asking: Asking = PATIENT) -> None:
    """Try the versions of this run, and write down with each what came of it. Safe to run again. Raises Lost."""
    versions = FunctionVersion.objects.filter(pk__in=job.versions, state=FunctionVersion.State.CANARY)
    for version in versions.select_related("function", "project__schema", "schema").order_by("pk"):
        try:
            found = compare(version, beat, asking)
        except DomainError as error:
            found = {"error": str(error)}
        if isinstance(found, Cast):
            _pause(job, version, found)
            return
        # What was cut off in the middle is no trial.
        beat.now()
        still = FunctionVersion.objects.filter(pk=version.pk, state=FunctionVersion.State.CANARY)
        still.update(canary={**found, "run": job.pk})


def _pause(job: FunctionRun, version: FunctionVersion, cast: Cast) -> None:
    """Let go of the trial until it can go on. What was asked is not asked again: answers are kept."""
    line = Line(unseen=len(cast.unseen), later=cast.waits)
    until = timezone.now() + timedelta(seconds=cast.again_in or 0)
    jobs.pause(job, until, lines={str(version.pk): line.as_json()})


def compare(version: FunctionVersion, beat: Beat, asking: Asking = PATIENT) -> dict[str, Any] | Cast:
    """{"items", "votes", "votes_before", "both", "same", "agreement", "gained", "lost", "changed", ...}; labels by value.

    The cast instead where nothing more can be asked for now, and it says until when. `gained`: votes where the active version abstains, `lost` the other way round, `changed`: {label: {label now: votes}}. Raises
    InvalidInput, StorageFault where the version cannot be used.
    """
    fields = fields_of(version.project)
    candidate = prepared(version, fields=fields, asking=asking)
    active = version.function.versions.filter(state=FunctionVersion.State.ACTIVE)
    before = active.select_related("function", "project__schema", "schema").first()
    current = _usable(before, fields, asking)
    tests = tests_cast(version, candidate) if candidate.kind.waits and version.tests else None
    if tests is not None and tests.waits:
        return tests
    items = _sample(version)
    beat(total=len(items))
    found: dict[str, Any] = {"active": before.number if before and current else None}
    looked = _looked(version.project_id, items, candidate, current, beat)
    if isinstance(looked, Cast):
        return looked
    now, then, figures = looked
    values = [*version.labels, None]
    old = np.array([values.index(label) if label in values else _NOTHING for label in before.labels], dtype=np.int64) if before else None  # fmt: skip
    was = _translated(then, old)
    if candidate.kind.waits:
        figures["said"] = _said(items, now, version.labels)
    if tests is not None:
        figures["tests"] = [{"got": one.got, "error": one.error} for one in told(version, tests)]
    return {**found, **figures, "items": len(now), **_figures(items, now, was, version.labels)}


def _said(
    items: npt.NDArray[np.int64], now: npt.NDArray[np.int64], labels: list[str]
) -> list[dict[str, Any]]:
    """What it says of some items, votes and abstentions in turn, so that people see both."""
    votes, rest = np.flatnonzero(now >= 0), np.flatnonzero(now < 0)
    some = [
        int(at)
        for pair in zip_longest(votes[:MOST_EXAMPLES], rest[:MOST_EXAMPLES])
        for at in pair
        if at is not None
    ]
    return [
        {"item": int(items[at]), "label": labels[now[at]] if now[at] >= 0 else None}
        for at in sorted(some[:MOST_EXAMPLES])
    ]


def _usable(version: FunctionVersion | None, fields: dict[str, str], asking: Asking) -> Function | None:
    """The active version, unless it cannot be used any more: then there is nothing to compare with."""
    if version is None:
        return None
    try:
        return prepared(version, fields=fields, asking=asking)
    except DomainError:
        return None


def _sample(version: FunctionVersion) -> npt.NDArray[np.int64]:
    items = packed.ids(_ALL, {"project": version.project_id})
    size = COSTLY.get(version.kind, SAMPLE)
    if len(items) <= size:
        return items
    drawn = np.random.default_rng(version.pk).choice(items, size, replace=False)
    return np.sort(drawn)


def _looked(
    project_id: int, items: npt.NDArray[np.int64], candidate: Function, current: Function | None, beat: Beat
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], dict[str, Any]] | Cast:
    """Votes of both on these items, as positions in the labels of each; abstaining where nothing is said. The cast where it
    has to wait."""
    both = [candidate, *([current] if current else [])]
    fields = sorted(frozenset().union(*(one.reads for one in both)))
    whole = any(one.kind.whole for one in both)
    now = np.full(len(items), ABSTAIN, dtype=np.int64)
    then = now.copy()
    errors, messages, seconds = 0, list[dict[str, Any]](), 0.0
    reasons: Counter[str] = Counter()
    for batch in function_pool.batches(project_id, items, fields, whole=whole):
        casts = functions.apply(both, batch)
        if casts[0].waits:
            return casts[0]
        place = np.searchsorted(items, batch.ids)
        now[place] = casts[0].label
        if current:
            then[place] = casts[1].label
        raised = {**casts[0].errors, **casts[0].unseen}
        errors, seconds = errors + len(raised), seconds + casts[0].seconds
        reasons.update(casts[0].reasons)
        told = [{"item": int(batch.ids[at]), "message": why} for at, why in raised.items()]
        messages = [*messages, *told][:MOST_MESSAGES]
        beat(done=int(place[-1]) + 1 if len(place) else None)
    return (
        now,
        then,
        {"errors": errors, "messages": messages, "reasons": dict(reasons), "seconds": round(seconds, 3)},
    )


def _translated(label: npt.NDArray[np.int64], table: npt.NDArray[np.int64] | None) -> npt.NDArray[np.int64]:
    """Positions in the active version's labels as positions in the new one's."""
    if table is None:
        return np.full(len(label), ABSTAIN, dtype=np.int64)
    return np.where(label >= 0, np.append(table, ABSTAIN)[label], ABSTAIN)


def _figures(
    items: npt.NDArray[np.int64], now: npt.NDArray[np.int64], was: npt.NDArray[np.int64], labels: list[str]
) -> dict[str, Any]:
    votes, before = now >= 0, was >= 0
    both, gained, lost = votes & before, votes & ~before, before & ~votes
    changed = both & (now != was)
    moved: dict[str, dict[str, int]] = {}
    for (old, new), count in Counter(zip(was[changed].tolist(), now[changed].tolist(), strict=True)).items():
        moved.setdefault(labels[old], {})[labels[new]] = count
    same = int((both & ~changed).sum())
    return {
        "votes": _by_label(now[votes], labels),
        "votes_before": _by_label(was[before], labels),
        "both": int(both.sum()),
        "same": same,
        "agreement": same / int(both.sum()) if both.any() else None,
        "gained": _by_label(now[gained], labels),
        "lost": _by_label(was[lost], labels),
        "changed": moved,
        "examples": {
            name: items[rows][:MOST_EXAMPLES].tolist()
            for name, rows in (("gained", gained), ("lost", lost), ("changed", changed))
        },
    }


def _by_label(positions: npt.NDArray[np.int64], labels: list[str]) -> dict[str, int]:
    counts = np.bincount(positions, minlength=len(labels))
    return {label: int(count) for label, count in zip(labels, counts, strict=True) if count}
