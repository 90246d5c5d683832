"""Whether the consensus is as sure as it should be: what votes alone said of items whose answer is known otherwise.

Honest only because the votes' opinion is kept from before an expert decided (Adjudication.evidence), and beside the known
answer of a gold question (GoldQuestion.evidence): the consensus of such items is overwritten by what is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from annotation.models import Adjudication, GoldQuestion, Project
from annotation.reports.intervals import wilson
from annotation.reports.readings import Readings, readings_under

BINS = 10
# With fewer, a diagram is mostly chance.
LEAST = 30
MOST = 10_000
GOLD, DECIDED = "gold", "adjudicated"


@dataclass(frozen=True, slots=True)
class Told:
    """What votes said of one question of one item: how sure, and whether it was right."""

    source: str
    question: str
    confidence: float
    right: bool


@dataclass(frozen=True, slots=True)
class Bin:
    """Items whose confidence is from `low` to `high`: the mean of it, and the share that was right with its interval."""

    low: float
    high: float
    n: int
    confidence: float
    right: float
    right_low: float
    right_high: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """`brier`: mean squared distance of confidence from truth, 0 to 1. `ece`: expected calibration error, the mean gap
    between confidence and share right over the bins. Both None without items; `enough` whether they mean much."""

    source: str
    n: int
    right: float | None
    confidence: float | None
    brier: float | None
    ece: float | None
    bins: tuple[Bin, ...]

    @property
    def enough(self) -> bool:
        return self.n >= LEAST


def of_project(project: Project) -> list[Calibration]:
    """Against gold questions, and against experts' decisions; the latest items of each."""
    if project.schema_id is None:
        return []
    readings = readings_under(project.schema_id)
    return [
        measure(GOLD, list(_against_gold(project, readings))),
        measure(DECIDED, list(_against_experts(project, readings))),
    ]


def measure(source: str, told: list[Told]) -> Calibration:
    n = len(told)
    if not n:
        return Calibration(source, 0, None, None, None, None, ())
    bins = tuple(_bins(told))
    return Calibration(
        source=source,
        n=n,
        right=sum(one.right for one in told) / n,
        confidence=sum(one.confidence for one in told) / n,
        brier=sum((one.confidence - one.right) ** 2 for one in told) / n,
        ece=sum(one.n * abs(one.confidence - one.right) for one in bins) / n,
        bins=bins,
    )


def _bins(told: Iterable[Told]) -> Iterator[Bin]:
    """Bins of equal width, the empty ones left out."""
    by_bin: dict[int, list[Told]] = {}
    for one in told:
        by_bin.setdefault(min(BINS - 1, int(one.confidence * BINS)), []).append(one)
    for number, inside in sorted(by_bin.items()):
        right, n = sum(one.right for one in inside), len(inside)
        low, high = wilson(right, n)
        mean = sum(one.confidence for one in inside) / n
        yield Bin(number / BINS, (number + 1) / BINS, n, mean, right / n, low, high)


def _against_gold(project: Project, readings: Readings) -> Iterator[Told]:
    found = GoldQuestion.objects.filter(project=project).exclude(evidence={}).order_by("-pk")
    columns = ("schema_id", "answer", "tolerance", "evidence")
    for schema, answer, tolerance, evidence in found.values_list(*columns)[:MOST]:
        known, _ = readings.read(schema, answer)
        yield from _compare(GOLD, readings, evidence, known, tolerance)


def _against_experts(project: Project, readings: Readings) -> Iterator[Told]:
    """Of each item the first decision: what votes said later stood beside an earlier one."""
    found = Adjudication.objects.filter(project=project, kind=Adjudication.Kind.DECIDED).exclude(evidence={})
    columns = ("item_id", "schema_id", "answer", "evidence")
    first: dict[int, tuple[Any, ...]] = {}
    for item, *rest in found.order_by("-pk").values_list(*columns)[:MOST]:
        first[item] = tuple(rest)
    for schema, answer, evidence in first.values():
        read, _ = readings.read(schema, answer)
        values, _ = readings.read(schema, {name: one["value"] for name, one in evidence.items()})
        under = {name: {**evidence[name], "value": values.get(name)} for name in values if name in evidence}
        yield from _compare(DECIDED, readings, under, read, {})


def _compare(
    source: str, readings: Readings, evidence: dict[str, Any], known: dict[str, Any], tolerance: Any
) -> Iterator[Told]:
    for name, said in evidence.items():
        part = readings.form.parts.get(name)
        if part is None or name not in known or said.get("value") is None:
            continue
        right = part.kind.right(part.question, said["value"], known[name], (tolerance or {}).get(name, 0))
        yield Told(source, name, float(said["confidence"]), bool(right))
