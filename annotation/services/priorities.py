"""Priorities: which open items come first and why, and which settled ones are asked about again.

Annotators go on meanwhile: each statement locks its items in the order of ids, as everybody does, and cursors are moved
back after the items' locks are gone, for members come before items in the order of locks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db import transaction

from annotation.errors import InvalidInput
from annotation.models import Item
from annotation.roles import Role
from annotation.services import consensus_sql, hot, queue
from annotation.services import priorities_sql as sql

# Locked items are passed over by whoever asks for the next one, so few of them at a time and not for long.
BATCH = 1000
LONGEST_REASON = Item._meta.get_field("reason").max_length or 200

# (item id, priority, why in words); priorities are above 0, which is what items have that nothing was said of.
Ranked = tuple[int, float, str]


def publish(*, project_id: int, ranked: Sequence[Ranked], previous: Sequence[int] = ()) -> list[int]:
    """Put these items first, and those of the `previous` list that are not among them back among all others.

    Returns the ids that got their priority: the ones that are open and have open slots now. Batches of short
    transactions in the order of ids: harmless to repeat, also after an interruption. Raises InvalidInput.
    """
    changes = _checked(ranked)
    found = _write(project_id, sql.PUBLISH, {**dict.fromkeys(previous), **changes})
    queue.rewind_all(project_id=project_id)
    return found


def raise_some(*, project_id: int, ranked: Sequence[Ranked]) -> list[int]:
    """Put these items forward and leave all others where they are; a higher priority that one has stays.

    Returns and raises like `publish`.
    """
    changes = _checked(ranked)
    found = _write(project_id, sql.RAISE, changes)
    if found:
        top = max(changes[item][0] for item in found)
        queue.rewind_before(project_id=project_id, priority=top)
    return found


def ask_again(*, project_id: int, ranked: Sequence[Ranked], most: int) -> list[int]:
    """Ask one more person about each of these settled items, soon, with this priority and reason.

    Only where votes alone have settled it (no expert, no known answer), nothing about it is being worked out, somebody is
    there who has not had it, and it has fewer than `most` answers beyond those that the project wants. Returns the ids of
    those; asking again before the answer is there changes nothing. Raises InvalidInput.
    """
    changes = _checked(ranked)
    found = []
    for chunk in _batches(changes):
        found += _ask_again(project_id, {item: changes[item] for item in chunk}, most)
    if found:
        queue.rewind_before(project_id=project_id, priority=max(changes[item][0] for item in found))
    return found


@transaction.atomic
def _ask_again(project_id: int, changes: dict[int, tuple[float, str]], most: int) -> list[int]:
    scope = {"project": project_id, "items": list(changes)}
    # Locked first: whoever decides or answers one of them now does so before the next statement looks, or after.
    hot.rows(consensus_sql.LOCK_ITEMS, scope)
    columns = {
        "priorities": [priority for priority, _ in changes.values()],
        "reasons": [reason for _, reason in changes.values()],
    }
    roles = {"annotator": Role.ANNOTATOR.value, "viewer": Role.VIEWER.value}
    rows = hot.rows(sql.ASK_AGAIN, {**scope, **columns, **roles, "most": most})
    return sorted(row.id for row in rows)


def _checked(ranked: Sequence[Ranked]) -> dict[int, tuple[float, str]]:
    for item, priority, _ in ranked:
        if not (math.isfinite(priority) and priority > 0):
            raise InvalidInput(f"A priority is a number above 0; item {item} has {priority}.")
    return {item: (float(priority), _short(reason)) for item, priority, reason in ranked}


def _short(reason: str) -> str:
    text = reason.replace("\0", "")
    return text if len(text) <= LONGEST_REASON else text[: LONGEST_REASON - 1] + "…"


def _write(project_id: int, statement: str, changes: Mapping[int, tuple[float, str] | None]) -> list[int]:
    found: list[int] = []
    for columns in _columns(changes):
        rows = hot.rows(statement, {"project": project_id, **columns})
        found += sorted(row.id for row in rows)
    return found


def _batches(changes: Iterable[int]) -> Iterator[list[int]]:
    ids = sorted(changes)
    yield from (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))


def _columns(changes: Mapping[int, tuple[float, str] | None]) -> Iterator[dict[str, list[Any]]]:
    """In the order of ids; None: back among all others."""
    for chunk in _batches(changes):
        given = [changes[item] for item in chunk]
        yield {
            "items": chunk,
            "priorities": [one[0] if one else 0.0 for one in given],
            "reasons": [one[1] if one else "" for one in given],
        }
