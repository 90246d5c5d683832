"""The filter `similar = "key"`: the nearest neighbours of an item, wherever items are filtered."""

from __future__ import annotations

from django.db.models import Q

from active.reports import similar
from annotation.errors import Conflict
from annotation.expressions import Condition
from annotation.filtering import Field, Scope, Test, of_items, register
from annotation.filtering.fields import NEVER, Unfit
from annotation.models import Item


def _similar(scope: Scope, condition: Condition) -> Test:
    key = condition.values[0]
    item = Item.objects.select_related("project").filter(project=scope.project, key=key).first()
    if item is None:
        raise Unfit(f"There is no item with the key “{key[:60]}” in this project.")
    try:
        found = similar.nearest_ids(item=item)
    except Conflict as error:
        raise Unfit(str(error)) from error
    return of_items(scope.project, Q(pk__in=found) if found else NEVER, indexed=True, ordered=True)


def add() -> None:
    """Let filters ask for it."""
    about = f"It is one of the {similar.MOST} items that are most like the one with this key."
    register(Field("similar", about, 'similar = "item-7"', "text", ("=", "!="), _similar))
