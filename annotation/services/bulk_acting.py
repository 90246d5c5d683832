"""What a bulk action does to one batch of items. The caller holds the transaction, and moves cursors back after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from annotation import filtering
from annotation.errors import Conflict, InvalidInput
from annotation.models import BulkAction, Tag
from annotation.services import assigning, hot, queue, queue_sql
from annotation.services.assigning import Done

# So that nobody who labels one of them waits for long.
BATCH = 500

_TAG = """
INSERT INTO annotation_itemtag (tag_id, item_id)
SELECT %(tag)s, i.id FROM annotation_item i WHERE i.project_id = %(project)s AND i.id = ANY(%(items)s) ORDER BY i.id
ON CONFLICT DO NOTHING RETURNING item_id
"""
_UNTAG = (
    "DELETE FROM annotation_itemtag WHERE tag_id = %(tag)s AND item_id = ANY(%(items)s) RETURNING item_id"
)


def batch(job: BulkAction, where: Any) -> list[int]:
    """The next items, in the order of ids; none when all is done."""
    if job.items:
        start = next((n for n, item in enumerate(job.items) if item > job.cursor), len(job.items))
        return list(job.items[start : start + BATCH])
    found = filtering.page_ids(job.project, where, after=job.cursor, limit=BATCH)
    return [item for item in found if item <= job.last]


def count(job: BulkAction, where: Any) -> int:
    """How many items there are to look at; 0 where it would take long to know."""
    bounds = filtering.Bounds(job.cursor, job.last + 1)
    try:
        with filtering.time_limit():
            return filtering.matching(job.project, where, bounds).count()
    except InvalidInput:
        return 0


def act(job: BulkAction, ids: list[int]) -> Done:
    return _ACTS[job.action](job, ids)


def _requeue(job: BulkAction, ids: list[int]) -> Done:
    """One more answer; of what is retired, what it lacked."""
    left: Counter[str] = Counter()
    chosen = []
    for item in assigning.lock_items(project=job.project, item_ids=ids):
        if reason := _against_asking(item):
            left[reason] += 1
        else:
            chosen.append(item.id)
    opened = hot.rows(queue_sql.REOPEN, {"project": job.project_id, "items": chosen})
    return Done(len(opened), left + _gone(ids, len(opened) + left.total()), opened)


def _against_asking(item: Any) -> str:
    """As services/items.py has it for a single one."""
    if item.state == "open":
        return "open"
    if item.state == "retired":
        return ""
    return "gold" if item.is_gold else "decided" if item.is_decided else ""


def _retire(job: BulkAction, ids: list[int]) -> Done:
    changed = queue.retire(project=job.project, item_ids=ids)
    return Done(changed, +Counter(retired=len(ids) - changed))


def _assign(job: BulkAction, ids: list[int]) -> Done:
    return assigning.assign(
        project=job.project,
        item_ids=ids,
        people=job.parameters["ids"],
        everybody=job.parameters["everybody"],
        turn=job.done,
    )


def _unassign(job: BulkAction, ids: list[int]) -> Done:
    return assigning.take_back(project=job.project, item_ids=ids, people=job.parameters["ids"] or None)


def _tag(job: BulkAction, ids: list[int]) -> Done:
    # Locked: whoever deletes it now does so after this batch.
    if not Tag.objects.select_for_update(no_key=True).filter(pk=job.parameters["tag_id"]).exists():
        raise Conflict(f"The tag {job.parameters['tag']} was deleted meanwhile.")
    scope = {"tag": job.parameters["tag_id"], "project": job.project_id, "items": ids}
    changed = len(hot.rows(_TAG, scope))
    return Done(changed, +Counter(tagged=len(ids) - changed))


def _untag(job: BulkAction, ids: list[int]) -> Done:
    changed = len(hot.rows(_UNTAG, {"tag": job.parameters["tag_id"], "items": ids}))
    return Done(changed, +Counter(untagged=len(ids) - changed))


def _gone(ids: list[int], known: int) -> Counter[str]:
    return +Counter(gone=len(ids) - known)


_ACTS: dict[str, Callable[[BulkAction, list[int]], Done]] = {
    BulkAction.Action.REQUEUE: _requeue,
    BulkAction.Action.RETIRE: _retire,
    BulkAction.Action.ASSIGN: _assign,
    BulkAction.Action.UNASSIGN: _unassign,
    BulkAction.Action.TAG: _tag,
    BulkAction.Action.UNTAG: _untag,
}
