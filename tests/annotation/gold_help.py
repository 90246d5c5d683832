"""A project with gold questions, and a person who answers what comes."""

from __future__ import annotations

from typing import Any

from annotation.models import GoldQuestion, Project, User
from annotation.services import gold, queue
from annotation.services.answers import Answer, Receipt, submit
from annotation.services.turns import Next, Turn
from tests.factories import make_project, make_user

RIGHT, WRONG = {"sentiment": "positive"}, {"sentiment": "negative"}
OTHER = {"sentiment": "neutral"}


def make_gold_project(*, gold_questions: int = 5, items: int = 100, **values: Any) -> Project:
    """The last items are gold questions whose answer is `RIGHT`."""
    project = make_project(items=items + gold_questions, owner=make_user(), **values)
    if gold_questions:
        last = project.items.order_by("-pk").values_list("key", flat=True)[:gold_questions]
        put(project, *last)
    return project


def put(project: Project, *keys: str, answer: Any = RIGHT, **values: Any) -> gold.Kept:
    known = [gold.Known(answer, key=key, **values) for key in keys]
    return gold.put(project=project, by=project.created_by, items=known)


def is_gold(turn: Turn) -> bool:
    return GoldQuestion.objects.filter(item=turn.item_id).exists()


def take(person: User, project: Project, count: int = 1, client: str = "") -> Next:
    return queue.next_leases(annotator=person, project=project, count=count, client=client)


def say(person: User, turn: Turn, answer: Any = RIGHT, **values: Any) -> Receipt:
    nonce = f"{turn.id}-{turn.expires_at.isoformat()}"
    return submit(annotator=person, lease_id=turn.id, given=Answer(answer, nonce), **values)


def work(
    person: User, project: Project, answers: int, *, to_gold: Any = RIGHT, to_others: Any = OTHER
) -> list[bool]:
    """Answer so many items one by one; which of them were gold."""
    came = []
    for _ in range(answers):
        found = take(person, project)
        if not found.turns:
            break
        came.append(is_gold(found.turns[0]))
        say(person, found.turns[0], to_gold if came[-1] else to_others)
    return came
