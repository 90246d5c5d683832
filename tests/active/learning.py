"""A small project that learns: texts of two kinds, some of them answered, and rounds that are run here and now."""

from __future__ import annotations

from typing import Any

from active.models import LearningSettings, Round
from active.services import requests, rounds
from annotation.models import Item, Project, User
from annotation.services import answers, queue
from annotation.services.answers import Answer
from labelmodel.services import refresh
from tests.factories import make_item, make_member, make_project, make_user

GOOD = ("lovely", "superb", "charming", "brilliant", "delightful", "warm")
BAD = ("dreadful", "boring", "clumsy", "awful", "tedious", "cold")
THINGS = ("film", "book", "play", "song", "meal", "hotel", "game", "talk")


def text(n: int) -> str:
    words = GOOD if n % 2 == 0 else BAD
    thing = THINGS[n % len(THINGS)]
    return (
        f"A {words[n % 6]} and {words[(n // 6) % 6]} {thing}, number {n}: {words[(n // 3) % 6]} to the end."
    )


def truth(n: int) -> str:
    return "positive" if n % 2 == 0 else "negative"


def make_learning(items: int = 120, answered: int = 0, **settings: Any) -> tuple[Project, User]:
    """A project with its first items answered as they are, and the person who answered."""
    project = make_project(owner=make_user("olga"), gold_rate=0)
    add(project, items)
    person = make_member(project, user=make_user("anna"))
    LearningSettings.objects.create(project=project, **{"batch": 10, **settings})
    if answered:
        answer(project, person, answered)
    return project, person


def add(project: Project, count: int, **values: Any) -> list[Item]:
    start = project.items.count()
    rows = [
        make_item(project, f"item-{n:05}", {"text": text(n)}, **values) for n in range(start, start + count)
    ]
    return Item.objects.bulk_create(rows)


def answer(project: Project, person: User, count: int) -> list[str]:
    """So many answers, true ones, to what the queue gives; the keys of the items, in order."""
    keys = []
    for _ in range(count):
        (turn,) = queue.next_leases(annotator=person, project=project).turns
        said = Answer({"sentiment": truth(int(turn.key[-5:]))}, f"{person.pk}-{turn.id}", 4.0)
        answers.submit(annotator=person, lease_id=turn.id, given=said)
        keys.append(turn.key)
    refresh.refresh(project_id=project.pk)
    return keys


def run(project: Project, **wanted: Any) -> Round:
    """A whole round, as workers do it, one step after the other."""
    round = requests.request(project=project, by=project.created_by, **wanted)
    for shard in rounds.prepare(round_id=round.pk):
        rounds.score(shard_id=shard)
    rounds.finish(round_id=round.pk)
    round.refresh_from_db()
    return round
