"""Items as REST lists them: whole payloads, and pages that stay small whatever the payloads are."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Count, Func, IntegerField, Q

from annotation import filtering
from annotation.filtering import Where
from annotation.models import Annotation, Item, Project
from annotation.reports.blind import standing
from annotation.reports.items import current_answers
from annotation.reports.readings import Readings, readings_under

# A page ends early when its payloads reach this size.
MOST_BYTES = 8 * 2**20


def listed(
    *,
    project: Project,
    where: Where,
    fields: Collection[str] = (),
    after: int = 0,
    limit: int = 100,
    gold: bool = True,
) -> tuple[list[dict[str, Any]], int | None]:
    """Items after an id with their current answers, and where the next page begins (None: nowhere). `fields` are those that
    are wanted, without any all of them; `gold`: whether gold questions may be spoken of.

    Raises InvalidInput for a search that takes too long.
    """
    with filtering.time_limit():
        ids = filtering.page_ids(project, where, after=after, limit=limit + 1)
    kept = _that_fit(ids[:limit])
    following = kept[-1] if len(kept) < len(ids) else None
    flags = Count("flags", filter=Q(flags__closed_at=None))
    items = (
        Item.objects.filter(pk__in=kept)
        .order_by("pk")
        .select_related("dataset", "project")
        .annotate(open_flags=flags)
    )
    answers: dict[int, list[Annotation]] = {}
    told = current_answers(kept) if not fields or "annotations" in fields else ()
    for answer in told:
        answers.setdefault(answer.item_id, []).append(answer)
    readings = readings_under(project.schema_id) if project.schema_id else None
    found = (item_as_json(item, readings, answers.get(item.pk, ()), gold=gold) for item in items)
    return [_only(item, fields) for item in found], following


def _only(item: dict[str, Any], fields: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name == "id" or name in fields} if fields else item


def item_as_json(
    item: Any, readings: Readings | None, answers: Iterable[Annotation], *, gold: bool = True
) -> dict[str, Any]:
    """An item with `open_flags`, and its answers as they read now."""
    seen = standing(item, gold=gold)
    return {
        "id": item.pk,
        "key": item.key,
        "payload": item.payload,
        "state": seen.state,
        "wanted": seen.wanted,
        "answers": seen.answers,
        "dataset": item.dataset_id,
        "open_flags": item.open_flags,
        "created_at": item.created_at,
        "annotations": [_answer_as_json(readings, answer) for answer in answers] if readings else [],
    }


def _answer_as_json(readings: Readings, annotation: Annotation) -> dict[str, Any]:
    answer, _ = readings.read(annotation.schema_id, annotation.answer)
    return {
        "id": annotation.pk,
        "annotator": annotation.annotator.username,
        "answer": answer,
        "schema": readings.version(annotation.schema_id),
        "origin": annotation.origin,
        "seconds": annotation.seconds,
        "created_at": annotation.created_at,
    }


def _that_fit(ids: list[int]) -> list[int]:
    """The first items whose payloads fit into one page; one at least."""
    size = Func("payload", function="pg_column_size", output_field=IntegerField())
    sizes = dict(Item.objects.filter(pk__in=ids).values_list("pk", size))
    kept: list[int] = []
    total = 0
    for item_id in ids:
        total += sizes.get(item_id, 0)
        if kept and total > MOST_BYTES:
            break
        kept.append(item_id)
    return kept
