"""What label models for functions made of their votes: runs, probable labels of items, and how healthy all of it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from annotation.errors import NotFound
from annotation.models import Project
from labelmodel.methods import METHODS
from labelmodel.models import FunctionRun, FunctionVersion, PosteriorShard, WeakRun
from labelmodel.services import weak
from labelmodel.services.function_rules import functions_questions

# In so many of the latest runs over the pool a version's line is looked for.
RUNS = 20
# Items are kept in blocks of so many ids.
BLOCK = 65_536
# A change of the hit rate that is beyond chance by so many standard errors and larger than this is told; and a fall to less
# than this part of what it was is a spike of abstentions.
DRIFT_Z, LEAST_DRIFT, SPIKE = 3.0, 0.005, 0.5


@dataclass(frozen=True, slots=True)
class Fit:
    """One run. `published`: its probable labels count now."""

    id: int
    question: str
    method: str
    title: str
    state: str
    trigger: str
    schema: int
    done: int
    total: int
    versions: list[int | str]
    labels: list[str]
    items: int
    votes: int
    labeled: int
    prior: dict[str, float]
    metrics: dict[str, Any]
    calibration: dict[str, Any]
    published: bool
    seconds: float | None
    error: str
    withdrawn_at: datetime | None
    withdrawn_reason: str
    created_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


_SHOWN = (
    *(
        "id",
        "question",
        "method",
        "state",
        "trigger",
        "done",
        "total",
        "versions",
        "labels",
        "items",
        "votes",
    ),
    *("labeled", "prior", "metrics", "calibration", "seconds", "error", "withdrawn_at", "withdrawn_reason"),
    *("created_at", "started_at", "finished_at", "schema__version", "created_by__username"),
)


def listed(*, project: Project, question: str = "", before: int | None = None, limit: int = 50) -> list[Fit]:
    """Runs, latest first, those with smaller numbers than `before`."""
    rows = WeakRun.objects.filter(project=project)
    if question:
        rows = rows.filter(question=question)
    if before:
        rows = rows.filter(pk__lt=before)
    published = _published(project)
    return [_fit(row, published) for row in rows.order_by("-pk").values(*_SHOWN)[:limit]]


def one(*, project: Project, run_id: int) -> Fit:
    """Raises NotFound."""
    row = WeakRun.objects.filter(project=project, pk=run_id).values(*_SHOWN).first()
    if row is None:
        raise NotFound("There is no such run of a label model for functions in this project.")
    return _fit(row, _published(project))


def _published(project: Project) -> set[int]:
    found = [weak.published(project, question) for question in functions_questions(project.schema)]
    return {run.pk for run in found if run}


def _fit(row: dict[str, Any], published: set[int]) -> Fit:
    row = dict(row)
    return Fit(
        title=METHODS.get(row["method"], row["method"]),
        schema=row.pop("schema__version"),
        created_by=row.pop("created_by__username"),
        published=row["id"] in published,
        **row,
    )


@dataclass(frozen=True, slots=True)
class ProbableLabel:
    """What functions say of one item: {label: chance}, the fit that weighed it, and {version id: label} as they vote now."""

    item: int
    key: str
    label: str | None
    confidence: float
    distribution: dict[str, float]
    votes: dict[int, str]
    run: int


def probable(*, project: Project, question: str, after: int = 0, limit: int = 100) -> list[ProbableLabel]:
    """Probable labels in the order of items, behind the item with this id. Raises NotFound for an unknown question."""
    run = run_of(project, question)
    if run is None:
        return []
    found: list[tuple[int, list[float]]] = []
    shards = PosteriorShard.objects.filter(run=run, block__gte=after // BLOCK, rows__gt=0).order_by("block")
    for pk in shards.values_list("pk", flat=True):
        found += _rows(pk, run, after, limit - len(found))
        if len(found) >= limit:
            break
    items = [item for item, _ in found]
    keys = dict(project.items.filter(pk__in=items).values_list("pk", "key"))
    votes = _votes(project, question, run, items)
    return [
        _label(item, keys[item], chances, votes.get(item, {}), run) for item, chances in found if item in keys
    ]


def _votes(project: Project, question: str, run: WeakRun, items: list[int]) -> dict[int, dict[int, str]]:
    """{item: {version id: label}}, of the versions that the run pinned."""
    # Numerical libraries, for the few who read items.
    from labelmodel.services import vote_shards

    versions = FunctionVersion.objects.filter(pk__in=[key for key in run.versions if type(key) is int])
    said = vote_shards.votes(project, question, list(versions), items=items)
    found: dict[int, dict[int, str]] = {}
    for item, source, label in zip(
        said.item.tolist(), said.source.tolist(), said.label.tolist(), strict=True
    ):
        mine = found.setdefault(int(said.items[item]), {})
        mine[said.versions[source]] = said.labels[label]
    return found


def _rows(shard: int, run: WeakRun, after: int, limit: int) -> list[tuple[int, list[float]]]:
    # Numerical libraries, for the few who read items.
    from labelmodel.services import probability_shards

    data = PosteriorShard.objects.filter(pk=shard).values_list("data", flat=True).get()
    part = probability_shards.unpack(data, is_set=_is_set(run))
    part = part.at(part.items > after)
    return list(zip(part.items[:limit].tolist(), part.posterior[:limit].tolist(), strict=True))


def _label(item: int, key: str, chances: list[float], votes: dict[int, str], run: WeakRun) -> ProbableLabel:
    told = {label: round(chance, 4) for label, chance in zip(run.labels, chances, strict=True)}
    best = max(told, key=lambda label: told[label])
    return ProbableLabel(item, key, best, told[best], told, votes, run.pk)


def _is_set(run: WeakRun) -> bool:
    return bool(run.metrics.get("is_set"))


def run_of(project: Project, name: str) -> WeakRun | None:
    """The published run of a question. Raises NotFound where functions vote on no question of this name."""
    question = next((one for one in functions_questions(project.schema) if one["name"] == name), None)
    if question is None:
        raise NotFound("Labeling functions vote on no question of this name.")
    return weak.published(project, question)


@dataclass(frozen=True, slots=True)
class FunctionHealth:
    """One source of the published run. `precision` and `recall` on labeled items; `drift` of the hit rate in the last run over
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


def health(project: Project) -> list[Health]:
    """One for each question that functions vote on."""
    voted = set(weak.voted_questions(project.pk))
    lines = _lines(project)
    return [
        _health(project, question["name"], weak.published(project, question), lines)
        for question in functions_questions(project.schema)
        if question["name"] in voted
    ]


def _lines(project: Project) -> dict[int, Mapping[str, Any]]:
    """{version id: what the last run over the pool that looked at anything says of it}."""
    found: dict[int, Mapping[str, Any]] = {}
    runs = project.function_runs.exclude(kind=FunctionRun.Kind.CANARY).exclude(lines={})
    for lines in runs.order_by("-pk").values_list("lines", flat=True)[:RUNS]:
        for key, line in lines.items():
            if line.get("evaluated") or line.get("fault"):
                found.setdefault(int(key), line)
    return found


def _health(
    project: Project, question: str, run: WeakRun | None, lines: Mapping[int, Mapping[str, Any]]
) -> Health:
    if run is None:
        active = FunctionVersion.objects.voting().filter(project=project, function__question=question)
        rows = [_bare(one, lines.get(one.pk, {})) for one in active.select_related("function")]
        return Health(question, None, None, functions=rows)
    told = run.metrics
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
        functions=[_source(one, lines) for one in told.get("sources", [])],
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
