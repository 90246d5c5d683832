"""How labeling functions fare: by the last fit to what they say, and the last runs over the pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from annotation.models import Project
from labelmodel.models import FunctionRun, FunctionVersion, WeakRun
from labelmodel.services import weak
from labelmodel.services.function_faults import faults_of
from labelmodel.services.function_rules import functions_questions

# In so many of the latest runs over the pool a version's line is looked for.
RUNS = 20
# A change of the hit rate that is beyond chance by so many standard errors and larger than this is told; and a fall to less
# than this part of what it was is a spike of abstentions.
DRIFT_Z, LEAST_DRIFT, SPIKE = 3.0, 0.005, 0.5
_RATES = ("hit_rate", "hit_rate_before", "drift", "drift_z")


@dataclass(frozen=True, slots=True)
class FunctionHealth:
    """One source of the published run, or an active function that is not in it. `precision` and `recall` on labeled items; `drift` of the hit rate in the last run over
    the pool, `spike`: it abstains far more often than before; `error_rate` and `milliseconds` for each item that it looked at
    there."""

    key: int | str
    function: int | None
    name: str
    number: int | None
    votes: int
    coverage: float
    conflicts: float
    estimated: dict[str, float]
    labeled: dict[str, Any]
    hit_rate: float | None = None
    drift: float | None = None
    drifts: bool = False
    spike: bool = False
    errors: int = 0
    error_rate: float | None = None
    milliseconds: float | None = None
    fault: str = ""

    @property
    def faulty(self) -> bool:
        """Whether it cannot run."""
        return bool(self.fault)


@dataclass(frozen=True, slots=True)
class Health:
    """How a question's functions fare. Without a published run only what runs over the pool say."""

    question: str
    run: int | None
    finished_at: datetime | None
    items: int = 0
    coverage: float | None = None
    conflict: float | None = None
    mean_confidence: float | None = None
    judged: dict[str, Any] = field(default_factory=dict)
    calibration: str = "none"
    dependent: list[dict[str, Any]] = field(default_factory=list)
    functions: list[FunctionHealth] = field(default_factory=list)
    latency_seconds: float | None = None

    @property
    def brier(self) -> float | None:
        value: float | None = self.judged.get("brier")
        return value


def of(project: Project) -> list[Health]:
    """One for each question that functions vote on."""
    voted = set(weak.voted_questions(project.pk))
    lines = last_lines(project)
    return [
        _health(project, question["name"], weak.published(project, question), lines)
        for question in functions_questions(project.schema)
        if question["name"] in voted
    ]


def last_lines(project: Project) -> dict[int, dict[str, Any]]:
    """{version id: what the last run over the pool that looked at anything says of it, with `run`}; its rates are those of the
    last run that looked at enough to compare them, so that a single item that comes hides no drift."""
    found: dict[int, dict[str, Any]] = {}
    runs = project.function_runs.exclude(kind=FunctionRun.Kind.CANARY).exclude(lines={})
    for pk, lines in runs.order_by("-pk").values_list("pk", "lines")[:RUNS]:
        for key, line in lines.items():
            if line.get("evaluated") or line.get("fault"):
                known = found.setdefault(int(key), {**line, "run": pk})
                if known.get("drift") is None and line.get("drift") is not None:
                    known |= {name: line.get(name) for name in _RATES}
    return found


def _health(
    project: Project, question: str, run: WeakRun | None, lines: Mapping[int, Mapping[str, Any]]
) -> Health:
    active = FunctionVersion.objects.voting().filter(project=project, function__question=question)
    versions = {one.pk: one for one in active.select_related("function", "schema")}
    # What keeps one from running now counts, also where no run has tried since.
    for pk, faults in faults_of(project, list(versions.values())).items():
        lines = {**lines, pk: {**lines.get(pk, {}), "fault": " ".join(faults)}}
    told = run.metrics if run else {}
    fitted = {one["key"] for one in told.get("sources", [])}
    others = [_bare(one, lines.get(pk, {})) for pk, one in versions.items() if pk not in fitted]
    if run is None:
        return Health(question, None, None, functions=others)
    started = run.started_at or run.created_at
    return Health(
        question,
        run.pk,
        run.finished_at,
        items=told.get("items", 0),
        coverage=told.get("coverage"),
        conflict=told.get("conflict"),
        mean_confidence=told.get("mean_confidence"),
        judged=told.get("judged", {}),
        calibration=run.calibration.get("method", "none"),
        dependent=told.get("dependent", []),
        functions=[*(_source(one, lines) for one in told.get("sources", [])), *others],
        latency_seconds=(run.finished_at - started).total_seconds() if run.finished_at else None,
    )


def _bare(version: FunctionVersion, line: Mapping[str, Any]) -> FunctionHealth:
    return FunctionHealth(
        version.pk, version.function_id, version.function.name, version.number, 0, 0.0, 0.0, {}, {}, **_of_line(line)
    )  # fmt: skip


def _source(told: Mapping[str, Any], lines: Mapping[int, Mapping[str, Any]]) -> FunctionHealth:
    key = told["key"]
    return FunctionHealth(
        key, told["function"], told["name"], told["number"], told["votes"], told["coverage"], told["conflicts"],
        told["estimated"], told["labeled"], **_of_line(lines.get(key, {}) if isinstance(key, int) else {}),
    )  # fmt: skip


def _of_line(line: Mapping[str, Any]) -> dict[str, Any]:
    evaluated, drift, z = line.get("evaluated", 0), line.get("drift"), line.get("drift_z") or 0.0
    rate, before = line.get("hit_rate"), line.get("hit_rate_before")
    beyond = drift is not None and abs(z) >= DRIFT_Z and abs(drift) >= LEAST_DRIFT
    return {
        "hit_rate": rate,
        "drift": drift,
        "drifts": beyond,
        "spike": bool(beyond and before and rate is not None and rate < SPIKE * before),
        "errors": line.get("errors", 0),
        "error_rate": line.get("errors", 0) / evaluated if evaluated else None,
        "milliseconds": round(1000 * line.get("seconds", 0.0) / evaluated, 4) if evaluated else None,
        "fault": line.get("fault", ""),
    }
