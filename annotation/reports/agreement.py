"""How much people agree, question by question: what is told, and what of it is kept. Arithmetic is in agreement_computed.

Nothing here loads numerical libraries until figures are computed, and then only where there is little to compute: what
takes long is left to a worker, and readers see the figures of the last time with the time that they are of.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from redis import RedisError

from annotation.models import Project
from annotation.questions import QUESTION_TYPES

# Of this layout; another one is never read.
VERSION = 1
KEPT_DAYS = 30
# So many answers, taken once for each question, are computed while the reader waits: a fraction of a second.
COMPUTED_AT_ONCE = 10_000
QUICK_SECONDS = 0.7
# Figures are computed anew when something has changed, at most a twentieth of the time, at least once in an hour.
KEPT_PER_SPENT = 20
LONGEST = timedelta(minutes=10)
STALE = timedelta(hours=1)
# A computation that was asked for and not finished by then is asked for again.
FORGOTTEN_SECONDS = 600
# A worker takes up what it is asked within a second or two; after this, none is there.
PATIENCE = timedelta(seconds=15)

# What figures rest on, by a few probes of indexes: a change here means that they are old.
_BASIS = """
SELECT p.schema_id,
       (SELECT coalesce(sum(m.answered), 0) FROM annotation_membership m WHERE m.project_id = p.id),
       (SELECT a.id FROM annotation_annotation a WHERE a.project_id = p.id ORDER BY a.created_at DESC LIMIT 1),
       (SELECT max(d.id) FROM annotation_adjudication d WHERE d.project_id = p.id),
       (SELECT coalesce(sum(s.set_aside), 0) FROM annotation_suspension s WHERE s.project_id = p.id),
       EXISTS (SELECT FROM annotation_consensusdue c WHERE c.project_id = p.id)
FROM annotation_project p WHERE p.id = %s
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """A coefficient as agreement.Agreement has it, with its title; `chosen` is the one to read first."""

    name: str
    title: str
    value: float | None
    low: float | None
    high: float | None
    n_items: int
    n_judgments: int
    n_sources: int
    meaning: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people on the items that both answered. `value` is chance-corrected, `percent` is not; None: undefined."""

    first: str
    second: str
    value: float | None
    percent: float | None
    n_items: int


@dataclass(frozen=True, slots=True)
class Pairs:
    """The people with most shared items, and each two of them who share one. `left_out` counts the other people."""

    coefficient: str
    title: str
    people: tuple[str, ...]
    pairs: tuple[Pair, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class Confused:
    """Two labels taken for each other: `count` pairs of answers, on `n_items`, some of which are named."""

    first: str
    second: str
    first_title: str
    second_title: str
    count: int
    rate: float
    n_items: int
    items: tuple[tuple[int, str], ...]  # (id, key)


@dataclass(frozen=True, slots=True)
class OnLabel:
    """How well people agree about one label."""

    label: str
    title: str
    specific: float
    alpha: float | None
    n_judgments: int
    n_items: int


@dataclass(frozen=True, slots=True)
class Part:
    """The chosen coefficient on a part of the items: a dataset, a week, a tenth of the work."""

    name: str
    measured: Measured


@dataclass(frozen=True, slots=True)
class AgainstConsensus:
    """What people said where the consensus is what: `counts[consensus][said]`. The last label may stand for all others."""

    titles: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    same: int
    n_judgments: int


@dataclass(frozen=True, slots=True)
class OnQuestion:
    """One question's agreement. `over` says what `over_time` is divided by: "week" or "tenth"."""

    name: str
    title: str
    level: str
    measured: tuple[Measured, ...]
    pairs: Pairs
    confused: tuple[Confused, ...]
    labels: tuple[OnLabel, ...]
    n_labels: int
    datasets: tuple[Part, ...]
    over: str
    over_time: tuple[Part, ...]
    against: AgainstConsensus | None

    @property
    def chosen(self) -> Measured:
        return next((one for one in self.measured if one.chosen), self.measured[0])


@dataclass(frozen=True, slots=True)
class Basis:
    """What figures were computed from."""

    schema: int | None
    answers: int
    last_annotation: int | None
    last_decision: int | None
    set_aside: int
    due: bool


@dataclass(frozen=True)
class Figures:
    """A project's agreement as it was at a time. People only; `simulated` if some of them are."""

    as_of: datetime
    basis: Basis
    answers: int
    people: int
    simulated: bool
    questions: tuple[OnQuestion, ...] = field(repr=False)
    seconds: float = 0.0

    def question(self, name: str) -> OnQuestion | None:
        return next((one for one in self.questions if one.name == name), None)


@dataclass(frozen=True, slots=True)
class Latest:
    """The latest figures there are. `state`: current; computing, while newer ones are on their way; or waiting, while no
    worker takes that up. `ask`: whether the caller is the one to enqueue the computation."""

    figures: Figures | None
    state: Literal["current", "computing", "waiting"] = "current"
    since: datetime | None = None
    ask: bool = False


@dataclass(frozen=True, slots=True)
class _Asked:
    at: datetime
    begun: datetime | None = None


def latest(project: Project) -> Latest:
    """A project's agreement: computed now where that is quick, else as it was computed last."""
    basis = _basis(project.pk)
    try:
        kept: Figures | None = cache.get(_key(project.pk))
    except RedisError:
        return Latest(compute(project.pk)) if _is_small(project, basis) else Latest(None, "waiting")
    if kept is not None and _holds(kept, basis):
        return Latest(kept)
    quick = _is_small(project, basis) if kept is None else kept.seconds <= QUICK_SECONDS
    if quick and _is_small(project, basis):
        return Latest(compute(project.pk))
    return _on_its_way(project.pk, kept)


def kept(project_id: int) -> Figures | None:
    """The figures of the last time, however old; nothing is computed."""
    try:
        found: Figures | None = cache.get(_key(project_id))
    except RedisError:
        return None
    return found


def compute(project_id: int) -> Figures:
    """Compute a project's figures and keep them. Harmless to do twice."""
    from annotation.reports import agreement_computed

    started = time.perf_counter()
    now = timezone.now()
    _begin(project_id, now)
    # Before the answers are read: what comes in between makes the figures old at once, and not complete.
    basis = _basis(project_id)
    found = agreement_computed.of_project(project_id)
    figures = Figures(
        as_of=now,
        basis=basis,
        answers=found.answers,
        people=found.people,
        simulated=found.simulated,
        questions=found.questions,
        seconds=time.perf_counter() - started,
    )
    try:
        cache.set(_key(project_id), figures, KEPT_DAYS * 86_400)
        cache.delete(_asked_key(project_id))
    except RedisError:
        # Nothing is kept while Redis is away; whoever asked has the figures.
        return figures
    return figures


def compared(project: Project) -> list[dict[str, object]]:
    """The questions of the current schema whose answers can be compared."""
    asked = project.schema.questions if project.schema else []
    return [one for one in asked if QUESTION_TYPES[one["type"]].scale]


def _is_small(project: Project, basis: Basis) -> bool:
    return basis.answers * max(1, len(compared(project))) <= COMPUTED_AT_ONCE


def _holds(kept: Figures, basis: Basis) -> bool:
    age = timezone.now() - kept.as_of
    if kept.basis == basis:
        return age < STALE
    return kept.basis.schema == basis.schema and age < min(
        LONGEST, timedelta(seconds=KEPT_PER_SPENT * kept.seconds)
    )


def _on_its_way(project_id: int, kept: Figures | None) -> Latest:
    now = timezone.now()
    ask = cache.add(_asked_key(project_id), _Asked(now), FORGOTTEN_SECONDS)
    asked: _Asked = cache.get(_asked_key(project_id)) or _Asked(now)
    late = asked.begun is None and now - asked.at > PATIENCE
    return Latest(kept, "waiting" if late else "computing", asked.begun or asked.at, ask)


def _begin(project_id: int, now: datetime) -> None:
    try:
        asked: _Asked | None = cache.get(_asked_key(project_id))
        cache.set(_asked_key(project_id), _Asked(asked.at if asked else now, now), FORGOTTEN_SECONDS)
    except RedisError:
        return


def _basis(project_id: int) -> Basis:
    with connection.cursor() as cursor:
        cursor.execute(_BASIS, [project_id])
        schema, answers, *rest = cursor.fetchone()
    return Basis(schema, int(answers), *rest)


def _key(project_id: int) -> str:
    return f"agreement:{VERSION}:{project_id}"


def _asked_key(project_id: int) -> str:
    return f"agreement:asked:{project_id}"
