"""What the answers to an item amount to: its consensus, question by question, with what it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from annotation.models import Adjudication, Consensus, Item, User
from annotation.questions import Form
from annotation.questions.types import Chip
from annotation.reports.readings import readings_under

# Of a distribution over many labels, the likeliest are shown.
MOST_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Share:
    """One label of a distribution; `percent` is for bars, 0 to 100."""

    label: str
    chip: Chip
    probability: float

    @property
    def percent(self) -> float:
        return round(100 * self.probability, 1)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The consensus of one item on one question. `by` is the expert who decided, where one has."""

    question: str
    title: str
    value: Any
    chips: tuple[Chip, ...]
    shares: tuple[Share, ...]
    confidence: float
    entropy: float
    votes: int
    unanimous: bool
    status: str
    method: str
    run: int | None
    kinds: tuple[str, ...]
    updated_at: datetime
    by: User | None

    @property
    def percent(self) -> float:
        return round(100 * self.confidence, 1)

    @property
    def distribution(self) -> dict[str, float]:
        """All of what is shown, {label: probability}."""
        return {share.label: share.probability for share in self.shares}


def evidence_of(*, schema_id: int | None, items: Iterable[int]) -> dict[int, tuple[Evidence, ...]]:
    """The consensus of these items by item id, in the order of this schema's questions. Two queries."""
    found: dict[int, list[Evidence]] = {item: [] for item in items}
    if schema_id is None or not found:
        return dict.fromkeys(found, ())
    form = readings_under(schema_id).form
    rows = list(Consensus.objects.filter(item__in=list(found)))
    experts = _experts([row.item_id for row in rows if row.status == Consensus.Status.ADJUDICATED])
    for row in rows:
        if row.question in form.parts:
            found[row.item_id].append(_evidence(form, row, experts))
    order = {name: position for position, name in enumerate(form.parts)}
    return {item: tuple(sorted(each, key=lambda one: order[one.question])) for item, each in found.items()}


def evidence_seen(item: Item, *, browse: bool, gold: bool) -> tuple[Evidence, ...]:
    """The consensus of an item for somebody who may browse, and who may know of gold questions or not."""
    if not browse or (not gold and hasattr(item, "gold")):
        return ()
    return evidence_of(schema_id=item.project.schema_id, items=[item.pk])[item.pk]


def _experts(items: list[int]) -> Mapping[int, User]:
    """Who decided these items last."""
    if not items:
        return {}
    last = Adjudication.objects.filter(item__in=items, kind=Adjudication.Kind.DECIDED).select_related("by")
    return {step.item_id: step.by for step in last.order_by("pk")}


def _evidence(form: Form, row: Consensus, experts: Mapping[int, User]) -> Evidence:
    part = form.parts[row.question]
    likeliest = sorted(row.distribution.items(), key=lambda pair: -pair[1])[:MOST_SHOWN]
    return Evidence(
        question=row.question,
        title=part.question["title"],
        value=row.value,
        chips=tuple(chips_of(form, row.question, row.value)),
        shares=tuple(Share(label, _label(form, row.question, label), share) for label, share in likeliest),
        confidence=row.confidence,
        entropy=row.entropy,
        votes=row.votes,
        unanimous=row.unanimous,
        status=row.status,
        method=row.method,
        run=row.run,
        kinds=tuple(row.kinds),
        updated_at=row.updated_at,
        by=experts.get(row.item_id) if row.status == Consensus.Status.ADJUDICATED else None,
    )


def chips_of(form: Form, question: str, value: Any) -> list[Chip]:
    """How a value is shown; an older one that this schema cannot show, as it stands."""
    if value is None:
        return []
    try:
        return form.parts[question].chips(value)
    except (KeyError, TypeError, ValueError):
        return [Chip(str(value))]


def _label(form: Form, question: str, label: str) -> Chip:
    """A label of a distribution as the schema calls it."""
    for known in form.parts[question].question.get("labels", ()):
        if known["value"] == label:
            return Chip(known["title"], known["color"])
    return Chip(label)
