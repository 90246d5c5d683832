"""How much people agree, question by question: computed now or by a worker, and kept. Arithmetic is in agreement_computed.

Nothing here loads numerical libraries until figures are computed, and then only where there is little to compute: what
takes long is left to a worker, and readers see the figures of the last time with the time that they are of.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from redis import RedisError

from annotation.models import Project
from annotation.reports.agreement_figures import Basis, Figures, compared

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


def forget(project_id: int) -> None:
    """Let nobody see the figures that are kept: somebody in them is called otherwise now."""
    with suppress(RedisError):
        cache.delete(_key(project_id))


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
