"""A bounded pool as a uniform sample of a stream: every key has a place by a hash, and those with the lowest places stay.

That is bottom-k sampling (Cohen & Kaplan, 2007): which keys are in the pool depends on the set of keys that came and on the
seed, never on their order, their number of arrivals or how they were batched. `highest` is the lowest place that was ever
turned away: every key below it that came is in the pool, and it only falls.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import nlargest

from django.db import connection, transaction
from django.db.models import F

from annotation.errors import Conflict, Fault, InvalidInput
from annotation.models import Item, Project, Reservoir, ReservoirItem, User
from annotation.roles import Action
from annotation.services.access import check
from annotation.services.deletion import delete_items

LARGEST = 10_000_000
_EVICTED_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Admission:
    """Which of the keys that came get in, with their places; how many do not."""

    reservoir: Reservoir
    places: dict[str, float]
    sampled_out: int

    def __contains__(self, key: str) -> bool:
        return key in self.places


@dataclass(frozen=True, slots=True)
class State:
    """A pool for those who look at it."""

    size: int
    seed: int
    items: int
    beside: int
    seen: int
    estimated: int
    created_at: datetime


def places(seed: int, keys: Sequence[str]) -> Iterator[float]:
    """The place of each key, in [0, 1), by 53 bits of BLAKE2b under the seed."""
    start = hashlib.blake2b(digest_size=8, key=seed.to_bytes(8, "big", signed=True))
    for key in keys:
        hasher = start.copy()
        hasher.update(key.encode())
        yield (int.from_bytes(hasher.digest(), "big") >> 11) / 2**53


def bounds(*, project_id: int) -> bool:
    """Whether the project takes only a sample of what comes."""
    return Reservoir.objects.filter(project=project_id).exists()


def hopeful(*, project_id: int, keys: Sequence[str]) -> set[str] | None:
    """Those of these keys that may get in; the others certainly will not, so that nothing need be fetched for them.

    None where the project takes everything.
    """
    found = Reservoir.objects.filter(project=project_id).first()
    if found is None:
        return None
    return {key for key, place in zip(keys, places(found.seed, keys), strict=True) if place < found.highest}


def admit(*, project_id: int, keys: Sequence[str]) -> Admission | None:
    """Decide which of these keys come into the project's pool; None where it has none, and everything comes in.

    Call it in the transaction that adds the items, before it adds them. `keys` are those that the project does not have
    yet, each once. Add the items whose key is `in` the admission and no others, count `sampled_out` to
    Dataset.rows_sampled_out where there is a dataset, then call `settle`, last in the transaction.
    """
    # Locked until the transaction ends: two imports at once decide one after the other, each knowing what the other added.
    found = Reservoir.objects.select_for_update().filter(project=project_id).first()
    if found is None:
        return None
    placed = zip(keys, places(found.seed, keys), strict=True)
    low = {key: place for key, place in placed if place < found.highest}
    found.highest = _ceiling(found, list(low.values()))
    admitted = {key: place for key, place in low.items() if place < found.highest}
    Reservoir.objects.filter(pk=found.pk).update(seen=F("seen") + len(keys), highest=found.highest)
    return Admission(found, admitted, len(keys) - len(admitted))


def settle(admission: Admission | None) -> None:
    """Enter the items that were added, and let those go that they push out. Harmless for None."""
    if admission is None or not admission.places:
        return
    reservoir = admission.reservoir
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO annotation_reservoiritem (reservoir_id, item_id, place)
            SELECT %s, i.id, a.place FROM unnest(%s::text[], %s::float8[]) AS a (key, place)
            JOIN annotation_item i ON i.project_id = %s AND i.key = a.key
            ON CONFLICT (item_id) DO NOTHING
            """,
            [reservoir.pk, list(admission.places), list(admission.places.values()), reservoir.project_id],
        )
    _push_out(reservoir)


@transaction.atomic
def put(*, project: Project, by: User, size: int, seed: int | None = None) -> Reservoir:
    """Bound the project's pool, or change its size. Items that are there already stay beside it.

    Only what comes from now on is sampled. A smaller size lets items go at once; after a larger one, the pool grows with
    what still comes. The seed stays what it was made with. Raises NotAllowed, NotFound, InvalidInput, Conflict.
    """
    check(user=by, project=project, action=Action.CONFIGURE)
    if project.archived_at:
        raise Conflict("The project is archived; restore it before you change it.")
    _check(size, seed)
    made, created = Reservoir.objects.select_for_update().get_or_create(
        project=project, defaults={"size": size, "seed": seed or 0}
    )
    if created:
        return made
    if seed is not None and seed != made.seed:
        message = "The seed cannot change: what was turned away under the old one is not there any more."
        raise InvalidInput(message, faults=[Fault(("seed",), message)])
    made.size = size
    made.highest = _ceiling(made, [])
    made.save(update_fields=["size", "highest"])
    _push_out(made)
    return made


@transaction.atomic
def remove(*, project: Project, by: User) -> None:
    """Take everything from now on. What is in the pool stays in the project. Harmless when there is none."""
    check(user=by, project=project, action=Action.CONFIGURE)
    found = Reservoir.objects.select_for_update().filter(project=project).first()
    if found is None:
        return
    ReservoirItem.objects.filter(reservoir=found)._raw_delete("default")
    found.delete()


def state_of(*, project: Project) -> State | None:
    """How full the pool is, and how much came; None where the project takes everything."""
    found = Reservoir.objects.filter(project=project).first()
    if found is None:
        return None
    items = ReservoirItem.objects.filter(reservoir=found).count()
    # Below `highest` lies its share of all keys, and each of them is in the pool.
    estimated = items if found.highest >= 1 else round(items / found.highest) if found.highest else items
    beside = Item.objects.filter(project=project).count() - items
    return State(found.size, found.seed, items, beside, found.seen, estimated, found.created_at)


def _check(size: int, seed: int | None) -> None:
    if not 1 <= size <= LARGEST:
        message = f"A pool holds from 1 to {LARGEST:,} items."
        raise InvalidInput(message, faults=[Fault(("size",), message)])
    if seed is not None and not -(2**63) <= seed < 2**63:
        message = "A seed is a whole number of at most 63 bits."
        raise InvalidInput(message, faults=[Fault(("seed",), message)])


def _ceiling(reservoir: Reservoir, coming: list[float]) -> float:
    """The lowest place that has to stay out once these come; what it was if all find room."""
    entered = ReservoirItem.objects.filter(reservoir=reservoir)
    surplus = entered.count() + len(coming) - reservoir.size
    if surplus <= 0:
        return reservoir.highest
    highest = entered.order_by("-place").values_list("place", flat=True)[:surplus]
    return min(reservoir.highest, nlargest(surplus, [*highest, *coming])[-1])


def _push_out(reservoir: Reservoir) -> None:
    """Delete the items at and above the ceiling that nobody has had in hand. The others leave the sample and stay."""
    outside = ReservoirItem.objects.filter(reservoir=reservoir, place__gte=reservoir.highest)
    while ids := list(outside.order_by("item_id").values_list("item_id", flat=True)[:_EVICTED_AT_ONCE]):
        # Locked, in the order of ids as everywhere, before anybody is looked for: whoever gets one of them now has
        # got it before, and then it stays, or does not get it.
        list(Item.objects.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk"))
        with connection.cursor() as cursor:
            cursor.execute(_UNTOUCHED, {"ids": ids})
            untouched = [row[0] for row in cursor.fetchall()]
        ReservoirItem.objects.filter(item__in=ids)._raw_delete("default")
        delete_items(untouched)


# A turn of any kind counts, also one given back: who still has the item on screen may hand it in.
_UNTOUCHED = """
SELECT i.id FROM annotation_item i WHERE i.id = ANY(%(ids)s)
    AND NOT EXISTS (SELECT FROM annotation_lease x WHERE x.item_id = i.id)
    AND NOT EXISTS (SELECT FROM annotation_annotation x WHERE x.item_id = i.id)
    AND NOT EXISTS (SELECT FROM annotation_skip x WHERE x.item_id = i.id)
    AND NOT EXISTS (SELECT FROM annotation_flag x WHERE x.item_id = i.id)
    AND NOT EXISTS (SELECT FROM annotation_comment x WHERE x.item_id = i.id)
    AND NOT EXISTS (SELECT FROM annotation_goldquestion x WHERE x.item_id = i.id)
    AND NOT EXISTS (SELECT FROM annotation_adjudication x WHERE x.item_id = i.id)
    AND NOT EXISTS (SELECT FROM annotation_itemtag x WHERE x.item_id = i.id)
"""
