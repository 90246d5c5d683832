"""What label models for functions made of their votes: runs, and probable labels of items."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from annotation.errors import NotFound
from annotation.models import Project
from labelmodel.methods import METHODS
from labelmodel.models import FunctionVersion, PosteriorShard, WeakRun
from labelmodel.reports.weak_health import FunctionHealth, Health
from labelmodel.reports.weak_health import of as health
from labelmodel.services import weak
from labelmodel.services.function_rules import functions_questions

__all__ = [
    "Fit",
    "FunctionHealth",
    "Health",
    "ProbableLabel",
    "health",
    "listed",
    "one",
    "probable",
    "run_of",
]

# Items are kept in blocks of so many ids.
BLOCK = 65_536


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
