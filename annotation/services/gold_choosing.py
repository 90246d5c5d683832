"""Gold questions from answers: items that people or experts have settled beyond doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from annotation.errors import Conflict, InvalidAnswer, InvalidInput
from annotation.models import Consensus, Item, Project, User
from annotation.roles import Action
from annotation.services import gold, hot
from annotation.services import gold_sql as sql
from annotation.services.access import check
from annotation.services.gold_use import Use
from annotation.services.readings import form_of, reading

MOST = 200
# Fewer voters than this agree too easily.
VOTES = 2


@dataclass(frozen=True, slots=True)
class Wish:
    """How many, and which: decided by experts, or answered alike by everybody with this much confidence."""

    count: int
    confidence: float = 0.95
    experts: bool = True
    unanimous: bool = True


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item that may become a gold question, and the answer that it would have."""

    item_id: int
    key: str
    payload: dict[str, Any]
    answer: dict[str, Any]
    by_expert: bool
    confidence: float
    votes: int


def candidates(*, project: Project, by: User, wish: Wish) -> list[Candidate]:
    """Items to choose from, each kind of answer in turn, so that rare ones are among them; the same ones every time.

    Left out are those whose answer does not answer every question that must be answered. Raises NotAllowed, NotFound,
    InvalidInput, and Conflict without a schema.
    """
    check(user=by, project=project, action=Action.CONFIGURE)
    if project.schema_id is None:
        raise Conflict("This project has no questions yet; publish a schema first.")
    if not 1 <= wish.count <= MOST:
        raise InvalidInput(f"From 1 to {MOST} gold questions are chosen at once.")
    scope = {
        "project": project.pk,
        "confidence": wish.confidence,
        "experts": wish.experts,
        "unanimous": wish.unanimous,
        "votes": VOTES,
        # Some may turn out to be no whole answers.
        "count": 2 * wish.count + 50,
    }
    found = hot.rows(sql.CANDIDATES, scope)
    whole = [one for row in found if (one := _candidate(project.schema_id, row))]
    return whole[: wish.count]


def adopt(
    *, project: Project, by: User, items: Sequence[int], wish: Wish, use: str = Use.PEOPLE
) -> gold.Kept:
    """Make gold questions of these items, as far as they still fit the wish. Raises like `candidates`; Conflict when none does."""
    chosen = set(items)
    fitting = [one for one in candidates(project=project, by=by, wish=wish) if one.item_id in chosen]
    if not fitting:
        raise Conflict("These items have changed meanwhile; look at the list again.")
    known = [gold.Known(one.answer, key=one.key, use=use) for one in fitting]
    return gold.put(project=project, by=by, items=known)


def settled_answer(item: Item) -> dict[str, Any]:
    """What votes or an expert say of an item, question by question, as it reads now; empty where nothing is settled."""
    schema_id = item.project.schema_id
    if schema_id is None:
        return {}
    rows = Consensus.objects.filter(item=item, value__isnull=False)
    found: dict[str, Any] = {}
    for row in rows:
        found |= _read({row.question: row.value}, row.schema_id, schema_id)
    return {name: found[name] for name in form_of(schema_id).parts if name in found}


def _candidate(schema_id: int, row: Any) -> Candidate | None:
    answer = _read(orjson.loads(row.answer), row.schema_id, schema_id)
    try:
        answer = form_of(schema_id).clean(answer)
    except InvalidAnswer:
        return None
    payload = orjson.loads(row.payload)
    return Candidate(row.id, row.key, payload, answer, row.by_expert, row.confidence, row.votes)


def _read(answer: dict[str, Any], given: int, current: int) -> dict[str, Any]:
    return answer if given == current else reading(given, current).read(answer)[0]
