"""Rounds: what each one did, how far the one under way is, and when the next one starts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Sum
from django.utils import timezone

from active.models import LearningSettings, Round, RoundShard
from active.reports import titles
from active.services import requests
from annotation.errors import NotFound
from annotation.models import Project

State = Round.State
# A worker takes up what waits within a second or two, and at the latest with a sweep; after this, none is there.
PATIENCE = timedelta(seconds=15)
# A phase that has not moved for so long is worth a word: it is large, or its worker has died.
QUIET = timedelta(minutes=2)
# Each phase as a verb, and the queue whose workers do it.
PHASES = {
    State.EMBEDDING: ("Embedding", "training"),
    State.TRAINING: ("Training", "training"),
    State.SCORING: ("Scoring", "scoring"),
    State.CHOOSING: ("Choosing", "training"),
}
_SHOWN = (
    *(
        "id",
        "number",
        "question",
        "state",
        "trigger",
        "strategy",
        "rival",
        "batch",
        "answers",
        "labels",
        "pool",
    ),
    *("timings", "figures", "notes", "chosen", "explored", "again", "attempts", "error"),
    *("created_at", "started_at", "moved_at", "finished_at"),
    *("schema__version", "encoder__version", "model__version", "requested_by__username"),
)


@dataclass(frozen=True, slots=True)
class Told:
    """One round. `schema`, `encoder` and `model` are versions; `figures` what its worker wrote down."""

    id: int
    number: int
    question: str
    state: str
    trigger: str
    strategy: str
    rival: str
    batch: int
    answers: int
    labels: int
    pool: int
    timings: dict[str, float]
    figures: dict[str, Any]
    notes: list[str]
    chosen: int
    explored: int
    again: int
    attempts: int
    error: str
    created_at: datetime
    started_at: datetime | None
    moved_at: datetime | None
    finished_at: datetime | None
    schema: int
    encoder: int | None
    model: int | None
    requested_by: str | None

    @property
    def is_pending(self) -> bool:
        return self.state in Round.PENDING

    @property
    def strategies(self) -> list[str]:
        """The strategy, and what it is compared with."""
        return [titles.strategy(name) for name in (self.strategy, self.rival) if name]

    @property
    def why(self) -> str:
        """Why it was started, in words."""
        return Round.Trigger(self.trigger).label

    @property
    def running(self) -> int | None:
        """For how many seconds it has been under way."""
        return int((timezone.now() - self.started_at).total_seconds()) if self.started_at else None

    @property
    def seconds(self) -> float | None:
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()


def listed(*, project: Project, before: int | None = None, limit: int = 50) -> list[Told]:
    """Rounds, latest first, those with smaller numbers than `before`."""
    rows = Round.objects.filter(project=project)
    if before is not None:
        rows = rows.filter(number__lt=before)
    return [told(row) for row in rows.order_by("-number").values(*_SHOWN)[:limit]]


def one(*, project: Project, number: int) -> Told:
    """Raises NotFound."""
    row = Round.objects.filter(project=project, number=number).values(*_SHOWN).first()
    if row is None:
        raise NotFound("There is no such round.")
    return told(row)


def by_id(round_id: int) -> Told:
    return told(Round.objects.values(*_SHOWN).get(pk=round_id))


def latest_done(project: Project, question: str) -> Told | None:
    rows = Round.objects.filter(project=project, question=question, state=State.DONE)
    row = rows.order_by("-number").values(*_SHOWN).first()
    return told(row) if row else None


def told(row: dict[str, Any]) -> Told:
    renamed = {
        {"requested_by__username": "requested_by"}.get(name, name.removesuffix("__version")): value
        for name, value in row.items()
    }
    return Told(**renamed)


@dataclass(frozen=True, slots=True)
class Step:
    """One phase of a round: done, now, or ahead."""

    name: str
    title: str
    state: str
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a pending round is. `ahead`: rounds of other projects that were asked for before."""

    steps: tuple[Step, ...]
    shards: int
    shards_done: int
    scored: int
    ahead: int
    queue: str
    unattended: bool
    quiet: bool


def progress(round: Told) -> Progress:
    """What a pending round is doing now and what it waits for."""
    scoring = round.state == State.SCORING
    shards = RoundShard.objects.filter(round=round.id) if scoring else RoundShard.objects.none()
    counted = shards.aggregate(
        all=Count("pk"),
        done=Count("finished_at"),
        scored=Sum("scored"),
        taken=Count("started_at"),
        last=Max("started_at"),
    )
    waiting = round.state == State.WAITING
    ahead = Round.objects.pending().filter(pk__lt=round.id).count() if waiting else 0
    moved = max(filter(None, (round.created_at, round.moved_at, counted["last"])))
    still = timezone.now() - moved
    # Taken up: a shard that was begun and is not finished, or a phase that a worker has entered.
    in_hand = counted["taken"] > counted["done"] if scoring else not waiting
    phase = PHASES.get(State(round.state))
    return Progress(
        steps=_steps(round),
        shards=counted["all"],
        shards_done=counted["done"],
        scored=counted["scored"] or 0,
        ahead=ahead,
        queue=phase[1] if phase else "training",
        unattended=not in_hand and still > PATIENCE,
        quiet=in_hand and still > QUIET,
    )


def _steps(round: Told) -> tuple[Step, ...]:
    names = list(PHASES)
    now = names.index(State(round.state)) if round.state in names else -1
    return tuple(
        Step(
            name.value,
            PHASES[name][0],
            "done" if place < now else "now" if place == now else "ahead",
            round.timings.get(name.value),
        )
        for place, name in enumerate(names)
    )


@dataclass(frozen=True, slots=True)
class Next:
    """When a round starts by itself: after `needed` answers, of which `given` are there; or by the clock."""

    needed: int
    given: int
    due_at: datetime | None
    rests_until: datetime | None

    @property
    def left(self) -> int:
        return max(0, self.needed - self.given)


def next_one(settings: LearningSettings) -> Next:
    """What has to happen before a round starts by itself; of a project where rounds do."""
    latest = Round.objects.filter(project=settings.project_id).order_by("-number").first()
    if latest is None:
        return Next(0, 0, None, None)
    ended = latest.finished_at or latest.created_at
    given = requests.answers_given(settings.project_id) - latest.answers
    scheduled = settings.every_minutes and given > 0
    rests = None if latest.state == State.DONE or latest.is_pending else ended + requests.REST
    return Next(
        requests.enough_answers(settings, latest),
        max(0, given),
        ended + timedelta(minutes=settings.every_minutes or 0) if scheduled else None,
        rests if rests and rests > timezone.now() else None,
    )
