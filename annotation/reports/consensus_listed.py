"""The consensus of items, page by page."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from annotation import filtering
from annotation.errors import Fault, InvalidInput
from annotation.filtering import Where
from annotation.models import Consensus, Project


@dataclass(frozen=True, slots=True)
class Weighed:
    """What consensus is asked for, on one question or, without one, on any; of which items.

    What is known of gold questions is nobody's opinion: it passes only where the status asks for it.
    """

    question: str = ""
    status: str = ""
    low: float | None = None
    high: float | None = None
    unanimous: bool | None = None
    where: Where = filtering.EVERY_ITEM


def listed(
    *, project: Project, weighed: Weighed, after: int, limit: int, gold: bool
) -> tuple[list[Consensus], int | None]:
    """The rows of up to `limit` items after an id, and where the next page begins (None: nowhere).

    `gold`: whether the reader may know which items are gold questions; what is known of them is told to nobody else.
    Raises InvalidInput for a question that there is not, and for a search that takes too long.
    """
    asked = [one["name"] for one in project.schema.questions] if project.schema else []
    if weighed.question and weighed.question not in asked:
        raise InvalidInput(
            "The request has faults; see errors.",
            faults=[Fault(("question",), "The current schema has no such question.")],
        )
    if weighed.status == Consensus.Status.KNOWN and not gold:
        return [], None
    rows = _weighed_so(project, weighed, [weighed.question] if weighed.question else asked)
    where = filtering.with_rows(weighed.where, rows)
    with filtering.time_limit():
        ids = filtering.page_ids(project, where, after=after, limit=limit + 1)
    shown = ids[:limit]
    following = shown[-1] if len(ids) > limit else None
    found = rows.filter(item__in=shown).select_related("item", "schema")
    return list(found.order_by("item_id", "question")), following


def _weighed_so(project: Project, weighed: Weighed, questions: list[str]) -> QuerySet[Consensus]:
    """The project's consensus like this on these questions, by indexes made for it."""
    found = Consensus.objects.filter(project=project, question__in=questions)
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
