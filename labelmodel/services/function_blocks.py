"""One block of a run: what is missing is read, voted on, and written at once, with how far the run is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from django.db import transaction

from annotation.services import jobs
from labelmodel import functions
from labelmodel.functions import Cast
from labelmodel.models import FunctionVersion, LabelingFunction, VoteShard
from labelmodel.services import function_limits, function_pool
from labelmodel.services.function_pool import Content
from labelmodel.services.vote_shards import ABSTAIN, UNSEEN, Labels, empty, pack

if TYPE_CHECKING:
    from labelmodel.services.function_work import Work

Bools = npt.NDArray[np.bool_]
GONE = "It was stopped, replaced or rolled back while this ran."
# Where a function left items for later without saying until when.
AGAIN = timedelta(minutes=1)
# So many items somebody else is asked about before the votes are kept.
PART = 2_000


@dataclass
class Ballot:
    """What one version says in one block: what it said before, then over that what it says now."""

    label: Labels  # (65,536,)
    wanted: Bools  # (n,) the items to look at
    errors: int
    again_at: datetime | None = None
    # How many rows of a batch it got to in time; None: all.
    reached: int | None = None


def do(work: Work, number: int, versions: set[int], *, anew: bool) -> None:
    """Look at the items of a block that these versions lack (`anew`: at all), and keep the votes. Raises Lost."""
    if not versions:
        return
    there = function_pool.content(work.project.pk, number)
    ballots = _ballots(there, number, versions, anew=anew)
    for group, rows in _groups(ballots):
        _vote(work, there, {pk: ballots[pk] for pk in group}, rows)
    work.job.done += len(there.ids)
    _keep(work, there, ballots)
    function_limits.enforce(work, {pk: ballot.reached for pk, ballot in ballots.items()})


def do_by_parts(work: Work, number: int, pk: int, *, anew: bool) -> Iterator[None]:
    """Let one version look at a part of what it lacks in a block, and keep the votes, again and again. Raises Lost.

    `anew`: at all items behind the cursor of the run. A part that was not answered, as it is of no use to ask now (Work.wait),
    does not move it.
    """
    there = function_pool.content(work.project.pk, number)
    ballot = _ballots(there, number, {pk}, anew=False)[pk]
    if anew:
        ballot.wanted = there.ids > (-1 if work.job.cursor is None else work.job.cursor)
    else:
        # What changed is not seen until its part has come.
        ballot.label[there.places[ballot.wanted]] = UNSEEN
    rows = np.flatnonzero(ballot.wanted)
    for first in range(0, len(rows), PART):
        part = rows[first : first + PART]
        looked = np.zeros(len(there.ids), dtype=bool)
        looked[part] = True
        before, evaluated = ballot.label.copy(), work.lines[pk].evaluated
        _vote(work, there, {pk: ballot}, looked)
        if work.wait and anew:
            # What was said of them before stays until they are asked about.
            ballot.label = np.where(ballot.label == UNSEEN, before, ballot.label)
        if not (work.wait and anew):
            work.job.done += work.lines[pk].evaluated - evaluated
            work.job.cursor = int(there.ids[part[-1]]) if anew else work.job.cursor
        rest = first + PART < len(rows) and not work.wait
        # A block with a rest is due at once, whatever else in it was left for later.
        _keep(work, there, {pk: replace(ballot, again_at=None) if rest else ballot})
        function_limits.enforce(work, {pk: ballot.reached})
        yield


def _ballots(there: Content, number: int, versions: set[int], *, anew: bool) -> dict[int, Ballot]:
    shards = {one.version_id: one for one in VoteShard.objects.filter(version__in=versions, block=number)}
    found = {}
    for pk in sorted(versions):
        shard = None if anew else shards.get(pk)
        said, wanted = function_pool.unseen(there, shard)
        # Of what is looked at again nothing is known until then; errors of the others stay counted.
        errors = shard.errors if shard is not None and not wanted.all() else 0
        found[pk] = Ballot(empty() if said is None else said, wanted, errors)
    return found


def _groups(ballots: dict[int, Ballot]) -> Iterator[tuple[list[int], Bools]]:
    """Versions that look at the same items: they share what is read."""
    groups: dict[bytes, list[int]] = defaultdict(list)
    for pk, ballot in ballots.items():
        groups[np.packbits(ballot.wanted).tobytes()].append(pk)
    for group in groups.values():
        yield group, ballots[group[0]].wanted


def _vote(work: Work, there: Content, ballots: dict[int, Ballot], rows: Bools) -> None:
    ready = [work.ready[pk] for pk in ballots]
    fields = sorted(frozenset().union(*(one.reads for one in ready)))
    whole = any(one.kind.whole for one in ready)
    places = there.places
    for ballot in ballots.values():
        ballot.label[places[rows]] = UNSEEN
    for batch in function_pool.batches(work.project.pk, there.ids[rows], fields, whole=whole):
        casts = functions.apply(ready, batch, limit_seconds=function_limits.LIMIT_SECONDS)
        at = places[np.searchsorted(there.ids, batch.ids)]
        for (pk, ballot), cast in zip(ballots.items(), casts, strict=True):
            _count(work, pk, ballot, cast, batch.ids)
            ballot.label[at] = _said(cast)
            if cast.stopped is not None:
                ballot.reached = min(cast.stopped, len(batch) if ballot.reached is None else ballot.reached)
        work.beat()


def _said(cast: Cast) -> Labels:
    """The votes; unseen what was left for later, or not reached in time."""
    said = cast.label.astype(np.int16)
    said[list(cast.unseen)] = UNSEEN
    if cast.stopped is not None:
        said[cast.stopped :] = UNSEEN
    return said


def _count(work: Work, pk: int, ballot: Ballot, cast: Cast, ids: npt.NDArray[np.int64]) -> None:
    said = _said(cast)
    votes = _by_label(said, work.versions[pk].labels)
    errors = [(int(ids[position]), message) for position, message in cast.errors.items()]
    ballot.errors += len(errors)
    if len(cast.unseen):
        wait = AGAIN if cast.again_in is None else timedelta(seconds=cast.again_in)
        again_at = function_pool.now() + wait
        ballot.again_at = min(again_at, ballot.again_at or again_at)
        work.wait = again_at if cast.waits else work.wait
    unseen = len(cast.unseen) + (0 if cast.stopped is None else len(said) - cast.stopped)
    work.lines[pk].add(
        evaluated=len(said) - unseen,
        votes=votes,
        errors=errors,
        unseen=unseen,
        reasons=cast.reasons,
        seconds=cast.seconds,
        later=cast.waits or next(iter(cast.unseen.values()), ""),
    )


def _by_label(said: Labels, labels: Sequence[str]) -> Counter[str]:
    counts = np.bincount(said[said > ABSTAIN], minlength=len(labels))
    return Counter({label: int(n) for label, n in zip(labels, counts, strict=True) if n})


def _keep(work: Work, there: Content, ballots: dict[int, Ballot]) -> None:
    with transaction.atomic():
        alive = _alive(list(ballots))
        shards = [_shard(work.versions[pk], there, ballots[pk]) for pk in sorted(alive)]
        VoteShard.objects.bulk_create(
            shards,
            update_conflicts=True,
            unique_fields=["version", "block"],
            update_fields=["votes", "seen", "cast", "errors", "stamp", "read_at", "again_at"],
        )
        for pk in ballots.keys() - alive:
            work.drop(pk, GONE)
        jobs.moved(work.job, lines=work.lines_as_json(), cursor=work.job.cursor, total=work.job.total)


def _alive(versions: list[int]) -> set[int]:
    """Those that are still active. Locked: whoever stops, replaces or rolls one back has done so before, or does so after
    these votes are written, and then takes them away too."""
    own = LabelingFunction.objects.filter(
        pk__in=FunctionVersion.objects.filter(pk__in=versions).values("function")
    )
    list(own.order_by("pk").select_for_update(no_key=True))
    return set(FunctionVersion.objects.voting().filter(pk__in=versions).values_list("pk", flat=True))


def _shard(version: FunctionVersion, there: Content, ballot: Ballot) -> VoteShard:
    # Of items that are gone nothing is kept.
    gone = np.ones(len(ballot.label), dtype=bool)
    gone[there.places] = False
    label = np.where(gone, np.int16(UNSEEN), ballot.label)
    seen = int((label != UNSEEN).sum())
    values: dict[str, Any] = {
        "votes": pack(label),
        "seen": seen,
        "cast": dict(_by_label(label, version.labels)),
        "errors": ballot.errors,
        "stamp": there.stamp if seen == len(there.ids) else "",
        "read_at": there.read_at,
        "again_at": ballot.again_at,
    }
    return VoteShard(version=version, block=there.number, **values)
