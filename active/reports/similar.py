"""The items that are most like one, found by the database among the vectors of its encoder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from psycopg.errors import QueryCanceled

from active.models import ItemVector, SimilarSearch
from active.reports.excerpts import NOTHING, Excerpt, excerpts
from active.services import similar
from annotation import filtering
from annotation.errors import Conflict, InvalidInput
from annotation.models import Annotation, Item, Project
from annotation.reports.blind import standing
from annotation.reports.items import Said, current_answers, summary
from annotation.reports.readings import readings_under

MOST = 200
LONGEST = "5s"
# How many times as many as are wanted are taken where all are compared.
SOME = 5
# A filter that so few items pass is answered by comparing all of them.
FEW = 5_000
# Behind a filter that many pass the index goes on until it has seen so many.
MOST_SEEN = 40_000
RETIRED_LEFT_OUT = "state <> 'retired'"

_ITS_VECTOR = "(SELECT vector FROM active_itemvector WHERE encoder_id = %(encoder)s AND item_id = %(item)s)"
# The expressions have to be those of the index, word for word.
_BY_INDEX = """
SELECT v.item_id, v.vector::halfvec({dimension}) <=> {its}::halfvec({dimension}) AS distance
FROM active_itemvector v
WHERE v.encoder_id = {encoder} AND v.item_id <> %(item)s
  AND EXISTS (SELECT 1 FROM annotation_item i WHERE i.id = v.item_id AND {passes})
ORDER BY v.vector::halfvec({dimension}) <=> {its}::halfvec({dimension}) LIMIT %(limit)s
"""
# Not the expression of the index: every vector is compared. Some more than are wanted, as not all of them may pass.
_ALL_COMPARED = """
SELECT n.item_id, n.distance FROM (
  SELECT v.item_id, v.vector <=> {its} AS distance FROM active_itemvector v
  WHERE v.encoder_id = %(encoder)s ORDER BY distance, v.item_id LIMIT %(some)s
) n
WHERE n.item_id <> %(item)s AND EXISTS (SELECT 1 FROM annotation_item i WHERE i.id = n.item_id AND {passes})
ORDER BY n.distance, n.item_id LIMIT %(limit)s
"""
_ONE_BY_ONE = """
WITH passing AS MATERIALIZED ({passing})
SELECT v.item_id, v.vector <=> {its} AS distance
FROM passing p JOIN active_itemvector v ON v.item_id = p.id AND v.encoder_id = %(encoder)s
WHERE v.item_id <> %(item)s ORDER BY distance, v.item_id LIMIT %(limit)s
"""
_THESE = "SELECT unnest(%(passing)s::bigint[]) AS id"
_WHICH = "SELECT i.id FROM annotation_item i WHERE i.project_id = %(project)s AND {passes}"


@dataclass(frozen=True, slots=True)
class Alike:
    """An item and how like the other it is: `similarity` is the cosine of their vectors, `distance` 1 minus that."""

    id: int
    key: str
    state: str
    excerpt: Excerpt
    said: tuple[Said, ...]
    distance: float

    @property
    def similarity(self) -> float:
        return 1.0 - self.distance


@dataclass(frozen=True, slots=True)
class Found:
    """`encoder` is the version whose vectors were compared."""

    encoder: int
    rows: tuple[Alike, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether an item's neighbours can be found: `ready`; else `off`, `preparing`, `failed`, `waiting` (it is not embedded
    yet) or `nothing` (the encoder reads nothing in it)."""

    state: str
    search: SimilarSearch | None = None

    @property
    def is_moving(self) -> bool:
        return self.state in {"preparing", "waiting"}


# Why there is no answer, and what to do.
WHY = {
    "off": "Nobody has asked for similar items in this project yet; a manager's POST to the project's similar/ lets a worker prepare them.",
    "preparing": "The vectors of this project's items are being prepared. Ask again in a moment.",
    "failed": "The vectors could not be prepared: {error} POST to the project's similar/ to try again.",
    "waiting": "This item has no vector yet; a worker makes it. Ask again in a moment.",
    "nothing": "The encoder reads nothing in this item, so it is like no other.",
}


def standing_of(item: Item) -> Standing:
    search = similar.search_of(item.project)
    if search is None or search.state == SimilarSearch.State.CANCELLED:
        return Standing("off")
    encoder = search.encoder_id
    if encoder is not None and ItemVector.objects.filter(encoder=encoder, item=item.pk).exists():
        return Standing("ready", search)
    if search.state == SimilarSearch.State.FAILED:
        return Standing("failed", search)
    if encoder is None:
        return Standing("preparing", search)
    return Standing("nothing" if not search.is_pending and item.pk <= search.last_item else "waiting", search)


def nearest(*, item: Item, where: str = "", limit: int = 10, gold: bool = False) -> Found:
    """The items that are most like this one, nearest first. Without a filter retired ones are left out. `gold`: whether the
    reader may know which items are gold questions.

    Raises Conflict where it cannot be answered yet, InvalidInput for a filter that is wrong or takes too long.
    """
    search = _searchable(item)
    matching = None
    if where.strip():
        checked = filtering.checked(item.project, where, gold=gold)
        matching = filtering.matching(item.project, checked)
    found = _nearest(search, item, matching, limit)
    assert search.encoder is not None, "it is searchable"
    return Found(search.encoder.version, _told(item.project, found, gold=gold))


def nearest_ids(*, item: Item, limit: int = MOST) -> list[int]:
    """The ids of those that are most like this one and not retired, nearest first. Raises Conflict, InvalidInput."""
    return [pk for pk, _ in _nearest(_searchable(item), item, None, limit)]


def _searchable(item: Item) -> SimilarSearch:
    """What is searched, with its encoder. Raises Conflict where this item has no vector yet."""
    there = standing_of(item)
    if there.state != "ready" or there.search is None or there.search.encoder is None:
        raise Conflict(WHY[there.state].format(error=there.search.error if there.search else ""))
    return there.search


def _nearest(
    search: SimilarSearch, item: Item, matching: QuerySet[Item] | None, limit: int
) -> list[tuple[int, float]]:
    """(item, distance), nearest first."""
    encoder = search.encoder
    assert encoder is not None, "it is searchable"
    scope = {"encoder": encoder.pk, "item": item.pk, "project": item.project_id, "limit": limit}
    names = {"encoder": int(encoder.pk), "dimension": int(encoder.dimension)}
    if matching is not None:
        with _settings(_BOUNDED):
            few = list(matching.order_by().values_list("pk", flat=True)[: FEW + 1])
            if len(few) <= FEW:
                return _rows(_ONE_BY_ONE.format(passing=_THESE, its=_ITS_VECTOR), {**scope, "passing": few})
    passes, given = _passes(matching)
    given = {**scope, **given}
    if search.looked_at:
        with _settings(_BOUNDED | _BY_INDEX_ONLY | {"hnsw.ef_search": str(search.looked_at)}):
            found = _rows(_BY_INDEX.format(passes=passes, its=_ITS_VECTOR, **names), given)
    else:
        with _settings(_BOUNDED):
            some = {"some": SOME * limit + 1}
            found = _rows(_ALL_COMPARED.format(passes=passes, its=_ITS_VECTOR), given | some)
    if len(found) >= limit:
        return found
    # Hardly any of the nearest passes: the index gave up after a while.
    which = _WHICH.format(passes=passes)
    with _settings(_BOUNDED):
        return _rows(_ONE_BY_ONE.format(passing=which, its=_ITS_VECTOR), given)


def _passes(matching: QuerySet[Item] | None) -> tuple[str, dict[str, Any]]:
    """A condition on the item `i`, and what it is given."""
    if matching is None:
        return RETIRED_LEFT_OUT, {}
    sql, params = matching.order_by().values("pk").query.sql_with_params()
    named = {f"p{number}": value for number, value in enumerate(params)}
    names = iter(named)
    # By name, as all the others are; a doubled per cent sign stays one.
    sql = re.sub("%%|%s", lambda found: found[0] if found[0] == "%%" else f"%({next(names)})s", sql)
    return f"i.id IN ({sql})", named


def _rows(sql: str, given: dict[str, Any]) -> list[tuple[int, float]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return list(cursor.fetchall())


_BOUNDED = {"statement_timeout": LONGEST}
_BY_INDEX_ONLY = {
    # Behind a filter the index goes on, in order, until enough have passed.
    "hnsw.iterative_scan": "strict_order",
    "hnsw.max_scan_tuples": str(MOST_SEEN),
    # Whatever the statistics say: reading along the index is meant.
    "enable_sort": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}


@contextmanager
def _settings(chosen: dict[str, str]) -> Iterator[None]:
    """A transaction with these settings. Raises InvalidInput where a statement takes longer than anybody waits for."""
    inside = connection.in_atomic_block
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            changes = ", ".join(["set_config(%s, %s, true)"] * len(chosen))
            cursor.execute(f"SELECT {changes}", [word for pair in chosen.items() for word in pair])
            yield
            if inside:
                # They would outlast the block otherwise.
                cursor.execute("; ".join(f"RESET {name}" for name in chosen))
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        raise InvalidInput("This filter takes too long; narrow it.") from error


def _told(project: Project, found: Sequence[tuple[int, float]], *, gold: bool) -> tuple[Alike, ...]:
    ids = [item for item, _ in found]
    items = Item.objects.defer("payload").select_related("project").in_bulk(ids)
    texts = excerpts(project=project, items=ids)
    answers: dict[int, list[Annotation]] = {}
    for answer in current_answers(ids):
        answers.setdefault(answer.item_id, []).append(answer)
    readings = readings_under(project.schema_id) if project.schema_id else None
    return tuple(
        Alike(
            pk,
            items[pk].key,
            standing(items[pk], gold=gold).state,
            texts.get(pk, NOTHING),
            summary(readings, answers.get(pk, ())) if readings else (),
            distance,
        )
        for pk, distance in found
        if pk in items
    )
