"""Near-duplicates among the items of a project: looked for on request, then retired or kept."""

from __future__ import annotations

from django.db import transaction

from annotation.errors import Conflict, Fault, InvalidInput, NotFound
from annotation.models import Alike, AlikeSearch, BulkAction, Item, Project, User
from annotation.roles import Action
from annotation.services import bulk, items
from annotation.services.access import check, item_for
from annotation.services.import_options import LEAST_ALIKE

State = AlikeSearch.State
USUAL = 0.8


def search_of(project: Project) -> AlikeSearch | None:
    """The last look through the project's items; None where nobody has asked for one."""
    return AlikeSearch.objects.select_related("created_by").filter(project=project).first()


@transaction.atomic
def request(*, project: Project, by: User, threshold: float = USUAL) -> AlikeSearch:
    """Ask for a look through all items: the row is the pending work. What was marked before is marked anew.

    While one is pending, asking gives that one. Raises NotAllowed, InvalidInput, Conflict.
    """
    check(user=by, project=project, action=Action.IMPORT)
    if project.archived_at:
        raise Conflict("The project is archived; restore it first.")
    if not LEAST_ALIKE <= threshold <= 1:
        message = f"Items are near-duplicates from {LEAST_ALIKE:g} to 1 on."
        raise InvalidInput(message, faults=[Fault(("threshold",), message)])
    fresh = {"threshold": threshold, "created_by": by}
    found: AlikeSearch
    found, made = AlikeSearch.objects.select_for_update(of=("self",)).get_or_create(
        project=project, defaults=fresh
    )
    if made or found.is_pending:
        return found
    found.delete()
    return AlikeSearch.objects.create(project=project, **fresh)


def pairs_open(project: Project) -> list[int]:
    """The later items of all pairs of which neither is retired, in the order of ids."""
    found = Alike.objects.filter(item__project=project).exclude(item__state=Item.State.RETIRED)
    return list(found.exclude(of__state=Item.State.RETIRED).order_by("item").values_list("item", flat=True))


def retire(*, item_id: int, by: User) -> Item:
    """Retire the later one of a pair. Harmless when repeated. Raises NotFound, NotAllowed."""
    _marked(item_for(user=by, item_id=item_id, action=Action.IMPORT))
    return items.retire(item_id=item_id, by=by)


@transaction.atomic
def retire_all(*, project: Project, by: User) -> list[BulkAction]:
    """Let a worker retire the later one of each pair: the rows are the pending work. Raises NotAllowed, Conflict."""
    check(user=by, project=project, action=Action.IMPORT)
    wanted = pairs_open(project)
    if not wanted:
        raise Conflict("There is no pair of which both are in use.")
    parts = [wanted[first : first + bulk.MOST_ITEMS] for first in range(0, len(wanted), bulk.MOST_ITEMS)]
    return [
        bulk.create(project=project, by=by, action=BulkAction.Action.RETIRE.value, items=part)
        for part in parts
    ]


def keep_both(*, item_id: int, by: User) -> None:
    """Forget that an item is nearly the same as an earlier one. Raises NotFound, NotAllowed."""
    _marked(item_for(user=by, item_id=item_id, action=Action.IMPORT)).delete()


def _marked(item: Item) -> Alike:
    found = Alike.objects.filter(item=item).first()
    if found is None:
        raise NotFound("This item is not marked as nearly the same as another.")
    return found
