"""Labeling functions beside each other: what runs over the pool and the label model say of them. Figures on samples come from
services/feedback.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from annotation.models import Project
from labelmodel.models import FunctionRun, FunctionVersion, LabelingFunction, WeakRun
from labelmodel.reports import functions
from labelmodel.reports.functions import FunctionRow
from labelmodel.reports.weak_health import DRIFT_Z, LEAST_DRIFT, last_lines

State = FunctionVersion.State
_WAITING = {State.DRAFT, State.REVIEW, State.CANARY}


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the label model takes a function's accuracy to be, with a 95 % interval."""

    accuracy: float
    low: float
    high: float
    judgments: float
    run: int


@dataclass(frozen=True, slots=True)
class Health:
    """What the last run over the pool says of a version. `drift`: of the hit rate since what it had seen before."""

    errors: int = 0
    messages: tuple[str, ...] = ()
    fault: str = ""
    drift: float | None = None
    drifts: bool = False
    run: int | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A function with the version that counts (the active one, else the latest)."""

    row: FunctionRow
    version: FunctionVersion
    health: Health
    estimate: Estimate | None

    @property
    def function(self) -> LabelingFunction:
        return self.row.function

    @property
    def waiting(self) -> FunctionVersion | None:
        """A later version that is not active yet."""
        latest = self.row.latest
        later = latest is not None and latest.number > self.version.number and latest.state in _WAITING
        return latest if later else None


def listed(project: Project, *, question: str | None = None, function_id: int | None = None) -> list[Listed]:
    """All functions by name; of one question, or one of them, where that is given."""
    rows = functions.listed(project, function_id=function_id)
    shown = [
        (row, version)
        for row in rows
        if (version := row.active or row.latest) and question in {None, row.function.question}
    ]
    healths = {pk: _health(line) for pk, line in last_lines(project).items()}
    estimates = _estimates(project)
    return [
        Listed(row, version, healths.get(version.pk, Health()), estimates.get(version.pk))
        for row, version in shown
    ]


def _health(line: Mapping[str, Any]) -> Health:
    drift, z = line.get("drift"), line.get("drift_z") or 0.0
    return Health(
        errors=line.get("errors", 0),
        messages=tuple(str(one.get("message", "")) for one in line.get("messages", ())),
        fault=line.get("fault", ""),
        drift=drift,
        drifts=drift is not None and abs(z) >= DRIFT_Z and abs(drift) >= LEAST_DRIFT,
        run=line["run"],
    )


def _estimates(project: Project) -> dict[int, Estimate]:
    """{version id: its accuracy by the latest usable run of the label model of its question}."""
    found: dict[int, Estimate] = {}
    runs = WeakRun.objects.usable().filter(project=project).order_by("question", "-pk").distinct("question")
    for pk, metrics in runs.values_list("pk", "metrics"):
        for source in metrics.get("sources", ()):
            told = source.get("estimated")
            if told and isinstance(source.get("key"), int):
                found[source["key"]] = Estimate(
                    told["accuracy"], told["low"], told["high"], told.get("judgments", 0.0), pk
                )
    return found


def pending_run(project: Project) -> FunctionRun | None:
    """A run that goes on, or waits."""
    pending = project.function_runs.filter(state__in=["waiting", "running"])
    found: FunctionRun | None = pending.order_by("state", "pk").first()
    return found


def fits_now(project: Project, question: str) -> bool:
    """Whether a label model of this question is being fitted, or is about to be."""
    return WeakRun.objects.filter(
        project=project, question=question, state__in=["waiting", "running"]
    ).exists()


def review_count(project: Project) -> int:
    """Versions that wait for somebody's review."""
    return FunctionVersion.objects.filter(project=project, state=State.REVIEW).count()
