"""The consensus of items, page by page."""

from __future__ import annotations

from dataclasses import replace

from annotation.errors import Fault, InvalidInput
from annotation.models import Consensus, Project
from annotation.reports.items import time_limit
from annotation.reports.items_query import Filters, Weighed, page_ids, weighed_so

EVERY = Weighed(low=0.0)


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
    weighed = weighed if weighed else replace(weighed, low=EVERY.low)
    if weighed.status == Consensus.Status.KNOWN and not gold:
        return [], None
    with time_limit():
        ids = page_ids(project, Filters(weighed=weighed), after=after, limit=limit + 1)
    shown = ids[:limit]
    rows = weighed_so(project, weighed).filter(item__in=shown).select_related("item", "schema")
    following = shown[-1] if len(ids) > limit else None
    return list(rows.order_by("item_id", "question")), following
