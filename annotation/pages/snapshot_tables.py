"""The manifest of a snapshot, and what changed between two, as tables that people read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from annotation.formats.functions_told import named
from annotation.formats.layout import values
from annotation.models import Snapshot

SHOWN_PEOPLE = 50
SHOWN_LABELS = 100
_KINDS = {
    "person": "people",
    "expert": "experts",
    "function": "labeling functions",
    "model": "models",
    "import": "imports",
    "simulated": "simulated people",
    "imported": "imported people",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A label, how often it is there, its share of all, and how often in each part."""

    name: str
    count: int
    share: float
    parts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    total: int
    lines: tuple[Line, ...]
    more: int = 0


def label_tables(manifest: dict[str, Any]) -> list[Table]:
    """One for each question that has labels, in the order of the schema: JSON in the database keeps none."""
    counts = manifest["counts"]
    parts = [counts["parts"][part] for part in manifest["layout"]["parts"]]
    tables = []
    for question in manifest["layout"]["questions"]:
        name = question["name"]
        labels = counts["labels"].get(name, {})
        total = sum(labels.values())
        lines = [
            Line(
                label,
                labels[label],
                labels[label] / total if total else 0.0,
                tuple(part["labels"][name].get(label, 0) for part in parts),
            )
            for label in values(question)
            if label in labels
        ]
        more = max(0, len(lines) - SHOWN_LABELS)
        if lines:
            tables.append(Table(question["title"], total, tuple(lines[:SHOWN_LABELS]), more))
    return tables


def part_rows(manifest: dict[str, Any]) -> list[tuple[str, int]]:
    return [(part, manifest["counts"]["parts"][part]["rows"]) for part in manifest["layout"]["parts"]]


def origin_lines(manifest: dict[str, Any]) -> list[tuple[str, list[tuple[str, int]]]]:
    """Where it comes from: for each question, or for all of them, what kinds of sources there are."""
    counts = manifest["counts"]
    if "origins" in counts:
        return [("", [(_KINDS.get(name, name), count) for name, count in counts["origins"].items()])]
    titles = {one["name"]: one["title"] for one in manifest["layout"]["questions"]}
    return [
        (titles[question], [(_KINDS.get(name, name), count) for name, count in kinds.items()])
        for question, kinds in counts["kinds"].items()
        if kinds
    ]


def people_table(manifest: dict[str, Any]) -> Table:
    people = sorted(manifest["counts"]["people"].items(), key=lambda one: (-one[1], one[0]))
    total = sum(count for _, count in people)
    lines = tuple(Line(name, count, count / total) for name, count in people[:SHOWN_PEOPLE])
    return Table("People", len(people), lines, max(0, len(people) - SHOWN_PEOPLE))


def models(manifest: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    titles = {one["name"]: one["title"] for one in manifest["layout"]["questions"]}
    return [(titles[name], one) for name, found in manifest["label_model"].items() for one in found]


@dataclass(frozen=True, slots=True)
class Functions:
    """The labeling functions of a question: active versions, the fit that counted, and of how many rows it says something."""

    title: str
    active: list[dict[str, Any]]
    fit: dict[str, Any] | None
    finished_at: datetime | None
    beside: list[str]
    rows: int | None


def functions(manifest: dict[str, Any]) -> list[Functions]:
    """In the order of the schema; none of snapshots that were made before they told it."""
    told, counts = manifest.get("functions") or {}, manifest["counts"].get("probable", {})
    found = []
    for question in manifest["layout"]["questions"]:
        if one := told.get(question["name"]):
            fit = one["fit"]
            voted = {key["id"] for key in fit["votes"] if "id" in key} if fit else set()
            active = [version | {"voted": version["id"] in voted} for version in one["active"]]
            known = {version["id"] for version in active}
            beside = [named(key) for key in fit["votes"] if key.get("id") not in known] if fit else []
            when = datetime.fromisoformat(fit["finished_at"]) if fit else None
            found.append(
                Functions(question["title"], active, fit, when, beside, counts.get(question["name"]))
            )
    return found


def choices(snapshot: Snapshot) -> list[tuple[str, str]]:
    """What was chosen, in words."""
    options = snapshot.options
    dataset = options.get("dataset")
    name = (
        snapshot.project.datasets.filter(pk=dataset).values_list("name", flat=True).first() if dataset else ""
    )
    said = [
        ("Dataset", (name or f"{dataset}, which is gone") if dataset else ""),
        ("Answered since", options.get("since", "")),
        ("Answered before", options.get("until", "")),
        ("Consensus", "decided by an expert" if options.get("adjudicated") else ""),
        ("Confidence", f"at least {options['min_confidence']:.4g}" if "min_confidence" in options else ""),
        ("Probabilities", "of each label" if options.get("probabilities") else ""),
        ("Labeling functions", "the chance of each label" if options.get("probable") else ""),
        ("Without consensus", "also there" if options.get("unlabeled") else ""),
        ("Known answers", "also there; train on none of them" if options.get("gold") else ""),
        ("Holdout items", "also there; train on none of them" if options.get("holdout") else ""),
    ]
    return [(term, words) for term, words in said if words]
