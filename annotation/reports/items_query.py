"""Which items: the filters of the data table as one query that stays fast at a million items.

Items are paged by id. Wherever another table is asked about the same items, the bounds of the page are repeated for
it: PostgreSQL does not carry `id > 7` over `id = item_id` by itself, and would start reading at the first row of all.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import reduce
from operator import or_
from typing import Any

import orjson
from django.contrib.postgres.search import SearchQuery
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from annotation.errors import Fault, InvalidInput
from annotation.models import (
    Consensus,
    Dataset,
    Flag,
    GoldQuestion,
    Item,
    ItemText,
    Lease,
    Membership,
    Project,
)
from annotation.questions import QUESTION_TYPES
from annotation.reports.readings import readings_under

SHORTEST_PREFIX = 2
# So far a search for a phrase looks for matches item by item before it turns to the index of words.
PHRASE_WINDOW = 20_000


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the consensus of an item is like, on one question or, without one, on any.

    What is known of gold questions is nobody's opinion: it passes only where the status asks for it.
    """

    question: str = ""
    status: str = ""
    low: float | None = None
    high: float | None = None
    unanimous: bool | None = None

    def __bool__(self) -> bool:
        return bool(self.status) or any(one is not None for one in (self.low, self.high, self.unanimous))


@dataclass(frozen=True, slots=True)
class Filters:
    """What the data table shows. `label` goes with `question`; `annotator` and `dataset` are ids."""

    state: str = ""
    question: str = ""
    label: str = ""
    annotator: int | None = None
    q: str = ""
    dataset: int | None = None
    flagged: bool = False
    gold: bool = False
    weighed: Weighed = Weighed()

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))


def filters_of(
    project: Project,
    *,
    state: str = "",
    question: str = "",
    label: str = "",
    annotator: str = "",
    q: str = "",
    dataset: int | None = None,
    flagged: bool = False,
    gold: bool = False,
    disagree: bool = False,
    min_confidence: float | None = None,
    max_confidence: float | None = None,
) -> Filters:
    """Filters as people write them: the annotator by name; `disagree` and the confidence are about the question, or about
    any if none is named. Raises InvalidInput for what the project does not have."""
    faults = []
    person = (
        Membership.objects.filter(project=project, user__username=annotator)
        .values_list("user", flat=True)
        .first()
    )
    if annotator and person is None:
        faults.append(Fault(("annotator",), "There is no such member."))
    if dataset is not None and not Dataset.objects.filter(project=project, pk=dataset).exists():
        faults.append(Fault(("dataset",), "There is no such dataset in this project."))
    if state and state not in Item.State.values:
        faults.append(Fault(("state",), f"A state is one of {', '.join(Item.State.values)}."))
    faults += _question_faults(project, question, label)
    if min_confidence is not None and max_confidence is not None and min_confidence > max_confidence:
        faults.append(Fault(("max_confidence",), "This is less than min_confidence."))
    if faults:
        raise InvalidInput("The request has faults; see errors.", faults=faults)
    weighed = Weighed(question, "", min_confidence, max_confidence, False if disagree else None)
    return Filters(state, question, label, person, q.strip(), dataset, flagged, gold, weighed)


def _question_faults(project: Project, question: str, label: str) -> list[Fault]:
    asked = {one["name"]: one for one in project.schema.questions} if project.schema else {}
    if label and not question:
        return [Fault(("question",), "Say which question the label belongs to.")]
    if question and question not in asked:
        return [Fault(("question",), "The current schema has no such question.")]
    values = QUESTION_TYPES[asked[question]["type"]].values(asked[question]) if label else None
    if values is not None and label not in values:
        return [Fault(("label",), "The question has no such label.")]
    return []


@dataclass(frozen=True, slots=True)
class Bounds:
    """Ids between these two, both left out."""

    low: int
    high: int | None = None

    def of(self, name: str) -> Q:
        between = Q(**{f"{name}__gt": self.low})
        return between if self.high is None else between & Q(**{f"{name}__lt": self.high})


def matching(project: Project, filters: Filters, bounds: Bounds) -> QuerySet[Item]:
    """The project's items that pass all filters, without order."""
    found = Item.objects.filter(bounds.of("pk"), project=project)
    if filters.state:
        found = found.filter(state=filters.state)
    if filters.dataset is not None:
        found = found.filter(dataset=filters.dataset)
    if filters.question or filters.annotator is not None:
        found = found.filter(_about(_answers(project, filters), bounds))
    if filters.flagged:
        found = found.filter(_about(Flag.objects.filter(closed_at=None), bounds))
    if filters.weighed:
        found = found.filter(_about(weighed_so(project, filters.weighed), bounds))
    if filters.gold:
        found = found.filter(_about(GoldQuestion.objects.filter(project=project), bounds))
    if words := search_query(filters.q):
        found = found.filter(_about(ItemText.objects.filter(words=words), bounds))
    return found


def page_ids(
    project: Project, filters: Filters, *, after: int = 0, before: int | None = None, limit: int
) -> list[int]:
    """The first ids after one, or the last ones before one, in ascending order."""
    bounds = Bounds(max(after, _first(project) - 1), before)
    if '"' in filters.q:
        ids = _phrase_ids(project, filters, bounds, limit)
    else:
        ids = _ids(matching(project, filters, bounds).order_by(_order(bounds)), limit)
    return ids if before is None else ids[::-1]


def count_up_to(project: Project, filters: Filters, most: int) -> int:
    """How many items pass, counted no further than `most`."""
    found = matching(project, filters, Bounds(_first(project) - 1))
    return (found.order_by(F("pk") + 0) if '"' in filters.q else found)[:most].count()


def estimate(project: Project, filters: Filters) -> int:
    """About how many items pass, as the planner's statistics say; good for filters on the item's own columns."""
    plan = matching(project, filters, Bounds(0)).order_by().values("pk").explain(format="json")
    return int(orjson.loads(plan)[0]["Plan"]["Plan Rows"])


def _phrase_ids(project: Project, filters: Filters, bounds: Bounds, limit: int) -> list[int]:
    """For a phrase the planner multiplies how rare its words are, and is far off when they like to go together.

    So: the nearest items one by one, which finds frequent phrases at once; then all of them by the index of words
    (`pk + 0` is an order that no index offers, so that walking the items is no option).
    """
    if bounds.high is None:
        near = Bounds(bounds.low, bounds.low + PHRASE_WINDOW)
        far, order = Bounds(bounds.low + PHRASE_WINDOW - 1), F("pk") + 0
    else:
        near = Bounds(max(bounds.low, bounds.high - PHRASE_WINDOW), bounds.high)
        far, order = Bounds(bounds.low, near.low + 1), F("pk") * -1
    ids = _ids(matching(project, filters, near).order_by(_order(bounds)), limit)
    if len(ids) < limit:
        ids += _ids(matching(project, filters, far).order_by(order), limit - len(ids))
    return ids


def _ids(items: QuerySet[Item], limit: int) -> list[int]:
    return list(items.values_list("pk", flat=True)[:limit])


def _order(bounds: Bounds) -> str:
    return "pk" if bounds.high is None else "-pk"


def weighed_so(project: Project, weighed: Weighed) -> QuerySet[Consensus]:
    """The project's consensus like this on the questions of the current schema, by indexes made for it."""
    asked = [one["name"] for one in project.schema.questions] if project.schema else []
    names = [weighed.question] if weighed.question else asked
    found = Consensus.objects.filter(project=project, question__in=names)
    if weighed.status:
        found = found.filter(status=weighed.status)
    else:
        found = found.exclude(status=Consensus.Status.KNOWN)
    if weighed.low is not None:
        found = found.filter(confidence__gte=weighed.low)
    if weighed.high is not None:
        found = found.filter(confidence__lte=weighed.high)
    if weighed.unanimous is not None:
        found = found.filter(unanimous=weighed.unanimous)
    return found


def _about(rows: QuerySet[Any], bounds: Bounds) -> Exists:
    return Exists(rows.filter(bounds.of("item_id"), item=OuterRef("pk")))


def _answers(project: Project, filters: Filters) -> QuerySet[Lease]:
    """Turns whose current answer is by this person, to this question, says this label; under earlier schemas too."""
    found = Lease.objects.filter(project=project, annotation__isnull=False)
    if filters.annotator is not None:
        found = found.filter(annotator=filters.annotator)
    if filters.question:
        found = found.filter(_saying(project, filters.question, filters.label))
    return found


def _saying(project: Project, question: str, label: str) -> Q:
    if project.schema_id is None:
        return Q(pk__in=[])
    readings = readings_under(project.schema_id)
    said: list[tuple[str, int, Any]]
    if label:
        said = [("contains", schema, part) for schema, part in readings.saying(question, label)]
    else:
        said = [("has_key", schema, name) for schema, name in readings.answering(question)]
    parts = [
        Q(annotation__schema=schema, **{f"annotation__answer__{how}": part}) for how, schema, part in said
    ]
    return reduce(or_, parts, Q(pk__in=[]))


def search_query(text: str) -> SearchQuery | None:
    """What people type: words (all of them), "phrases", -not, or; the last word may be a beginning."""
    text = text.strip()
    if not text:
        return None
    *_, last = text.split()
    if len(last) < SHORTEST_PREFIX or not last.isalnum() or last.lower() == "or" or text.count('"') % 2:
        return SearchQuery(text, config="simple", search_type="websearch")
    beginning = SearchQuery(f"{last.lower()}:*", config="simple", search_type="raw")
    rest = text[: -len(last)].strip()
    if not rest or rest.lower() == "or":
        return beginning
    if rest.lower().endswith(" or"):
        return SearchQuery(rest[:-3], config="simple", search_type="websearch") | beginning
    return SearchQuery(rest, config="simple", search_type="websearch") & beginning


def _first(project: Project) -> int:
    """The project's smallest item id: where reading begins."""
    return Item.objects.filter(project=project).order_by("pk").values_list("pk", flat=True).first() or 1
