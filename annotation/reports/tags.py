"""Tags and how many items have each."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import IntegerField
from django.db.models.expressions import RawSQL

from annotation.models import Project, Tag

# Counted so far; a tag that is on more items says so.
COUNTED = 10_000

_ITEMS = """(SELECT count(*) FROM (
    SELECT FROM annotation_itemtag t WHERE t.tag_id = annotation_tag.id LIMIT %s) first)"""


@dataclass(frozen=True, slots=True)
class Counted:
    tag: Tag
    items: int

    @property
    def more(self) -> bool:
        return self.items > COUNTED


def counted(project: Project, *, limit: int = 500) -> list[Counted]:
    """The project's tags by name."""
    items = RawSQL(_ITEMS, [COUNTED + 1], output_field=IntegerField())  # noqa: S611, of constants only
    found = project.tags.order_by("name").annotate(items_count=items)
    return [Counted(tag, tag.items_count) for tag in found[:limit]]
