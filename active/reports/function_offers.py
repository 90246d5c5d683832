"""What the editor of labeling functions offers for the kinds of this layer: labeled items as exemplars, versions of models."""

from __future__ import annotations

from typing import Any

from django.db import connection

from active.models import ModelVersion
from active.reports.excerpts import excerpts
from active.services import registry
from annotation import filtering
from annotation.errors import InvalidInput
from annotation.models import Item, Project
from labelmodel.reports.function_offers import OFFERS, Offer

EXEMPLARS, MODELS = 12, 20
# So many items with these words are looked through for labeled ones.
LOOKED_AT = 500

# Labeled items first, of which the surest; gold questions and the holdout judge people and models, and are nobody's exemplars.
_ITEMS = """
SELECT i.id, i.key, CASE WHEN jsonb_typeof(c.value) = 'string' THEN c.value #>> '{}' END AS label
FROM annotation_item i LEFT JOIN annotation_consensus c
  ON c.item_id = i.id AND c.question = %(question)s AND c.status IN ('auto', 'adjudicated') AND c.confidence >= 0.6
WHERE i.id = ANY(%(items)s) AND i.role = 'pool' AND i.state <> 'retired'
  AND NOT EXISTS (SELECT FROM annotation_goldquestion g WHERE g.item_id = i.id)
ORDER BY c.confidence DESC NULLS LAST, i.id LIMIT %(most)s
"""
_LABELED = """
SELECT item_id FROM annotation_consensus
WHERE project_id = %(project)s AND question = %(question)s AND status IN ('auto', 'adjudicated')
ORDER BY item_id LIMIT %(most)s
"""


def add() -> None:
    """Let there be items and models to choose from."""
    OFFERS["similar"] = exemplars
    OFFERS["model"] = models


def exemplars(project: Project, question: str, typed: str) -> list[Offer]:
    """Items of this key, or with these words: `key = label`, with what people say of them; without words, some labeled ones."""
    scope: dict[str, Any] = {"project": project.pk, "question": question, "most": LOOKED_AT}
    items = _found(project, typed.strip()) if typed.strip() else [pk for (pk,) in _rows(_LABELED, scope)]
    rows = _rows(_ITEMS, {**scope, "items": items, "most": EXEMPLARS})
    told = excerpts(project=project, items=[pk for pk, _, _ in rows])
    return [Offer(f"{key} = {label or ''}", told[pk].text if pk in told else "") for pk, key, label in rows]


def _found(project: Project, typed: str) -> list[int]:
    named = list(Item.objects.filter(project=project, key=typed).values_list("pk", flat=True))
    try:
        where = filtering.checked(project, filtering.words_filter("", typed), gold=False)
        with filtering.time_limit():
            return [*named, *filtering.page_ids(project, where, limit=LOOKED_AT)]
    except InvalidInput:
        # Half a word may be no search yet, and a search may take too long.
        return named


def models(project: Project, question: str, typed: str) -> list[Offer]:
    """Versions of models that may vote, the latest first."""
    rows = ModelVersion.objects.filter(project=project, question=question).select_related("encoder")
    fit = [one for one in rows.order_by("-version")[:MODELS] if not registry.no_vote(project, one)]
    return [
        Offer(str(one.version), f"{one.get_state_display()}, learned from {one.items:,} items") for one in fit
    ]


def _rows(sql: str, scope: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, scope)
        return list(cursor.fetchall())
