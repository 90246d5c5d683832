"""What label models did: their runs, latest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from annotation.errors import NotFound
from annotation.models import ConsensusDue, Project
from labelmodel.methods import DEFAULT, METHODS
from labelmodel.models import LabelModelRun
from labelmodel.services import runs

_SHOWN = (
    *("id", "question", "method", "state", "items", "votes", "gold", "iterations", "converged", "seconds"),
    *("changed", "comparison", "error", "created_at", "started_at", "finished_at", "requested_by__username"),
    "schema__version",
)


@dataclass(frozen=True, slots=True)
class Run:
    """`current`: the consensus comes from its sources. `title` is the method's."""

    id: int
    question: str
    method: str
    title: str
    state: str
    schema: int
    items: int
    votes: int
    gold: int
    iterations: int
    converged: bool
    seconds: float | None
    changed: int
    comparison: dict[str, Any] | None
    error: str
    requested_by: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    current: bool

    @property
    def is_default(self) -> bool:
        return self.method == DEFAULT


def listed(*, project: Project, before: int | None = None, limit: int = 50) -> list[Run]:
    """Runs, latest first, those with smaller numbers than `before`."""
    rows = LabelModelRun.objects.filter(project=project)
    if before:
        rows = rows.filter(pk__lt=before)
    current = _current(project)
    return [_run(row, current) for row in rows.order_by("-pk").values(*_SHOWN)[:limit]]


def one(*, project: Project, run_id: int) -> Run:
    """Raises NotFound."""
    row = LabelModelRun.objects.filter(project=project, pk=run_id).values(*_SHOWN).first()
    if row is None:
        raise NotFound("There is no such run.")
    return _run(row, _current(project))


def due(project: Project) -> int:
    """How many changes of votes no worker has looked at yet."""
    return ConsensusDue.objects.filter(project=project).count()


def _current(project: Project) -> set[int]:
    """The latest finished run of each question that is asked now, in one query."""
    asked = [question["name"] for question in runs.fitted_questions(project)]
    done = LabelModelRun.objects.filter(
        project=project, question__in=asked, method=DEFAULT, state="done", schema=project.schema_id
    )
    return set(done.order_by("question", "-pk").distinct("question").values_list("pk", flat=True))


def _run(row: dict[str, Any], current: set[int]) -> Run:
    row = dict(row)
    return Run(
        title=METHODS.get(row["method"], row["method"]),
        schema=row.pop("schema__version"),
        requested_by=row.pop("requested_by__username"),
        comparison=row.pop("comparison") or None,
        current=row["id"] in current,
        **row,
    )
