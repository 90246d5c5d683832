"""Experts, annotators and the label model at the same item at the same moment."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

import pytest

from annotation.errors import Conflict
from annotation.models import Adjudication, Annotation, Consensus, Item
from annotation.services import adjudication, answers, queue
from annotation.services.adjudication import Step
from annotation.services.answers import Answer
from labelmodel.services.refresh import refresh
from tests.annotation.items_help import say
from tests.concurrency.test_labeling import in_threads
from tests.factories import make_member, make_project
from tests.invariants import assert_slots_add_up

pytestmark = pytest.mark.django_db(transaction=True)
POSITIVE, NEGATIVE = {"sentiment": "positive"}, {"sentiment": "negative"}


@pytest.fixture
def project():
    return make_project(items=8, annotations_per_item=2)


@pytest.fixture
def disputed(project):
    """Every item, each answered differently by the same two people."""
    one, two = make_member(project), make_member(project)
    for item in project.items.order_by("pk"):
        say(item, one, **POSITIVE)
        say(item, two, **NEGATIVE)
    return list(project.items.order_by("pk"))


def experts(project, count):
    return [make_member(project, "adjudicator") for _ in range(count)]


def decide(item, by, answer=POSITIVE, nonce="n"):
    try:
        return adjudication.decide(item_id=item.pk, by=by, answer=answer, step=Step(nonce)).created
    except Conflict:
        return None


def test_of_experts_who_decide_at_once_one_does(project, disputed):
    results = in_threads(experts(project, 6), lambda expert: [decide(item, expert) for item in disputed])

    assert [Counter(column) for column in zip(*results, strict=True)] == [{True: 1, None: 5}] * 8
    assert Adjudication.objects.count() == Consensus.objects.filter(status="adjudicated").count() == 8
    assert_slots_add_up(project)


def test_one_expert_resending_at_once_makes_one_step(project, disputed):
    (expert,) = experts(project, 1)

    results = in_threads([expert] * 8, lambda one: decide(disputed[0], one, nonce="same"))

    assert Counter(results) == {True: 1, False: 7}


def test_experts_at_once_get_different_disputes(project, disputed):
    desks = in_threads(
        experts(project, 4),
        lambda expert: adjudication.claim(user=expert, project_id=project.pk, count=2),
    )

    given = [item for desk in desks for item in desk]
    assert len(given) == len(set(given))


def test_late_answers_and_decisions_at_the_same_moment(project):
    first, second, expert = make_member(project), make_member(project), *experts(project, 1)
    for item in project.items.order_by("pk"):
        say(item, first, **POSITIVE)
    turns = queue.next_leases(annotator=second, project=project, count=8).turns
    items = list(project.items.order_by("pk"))

    def work(person):
        if person == expert:
            return [decide(item, expert, NEGATIVE) for item in items]
        return [
            answers.submit(
                annotator=second, lease_id=turn.id, given=Answer(POSITIVE, f"late-{turn.id}")
            ).created
            for turn in turns
        ]

    assert in_threads([expert, second], work) == [[True] * 8, [True] * 8]
    assert Annotation.objects.count() == 16
    assert set(Item.objects.values_list("state", "answers")) == {("resolved", 2)}
    assert set(Consensus.objects.values_list("value", "status")) == {("negative", "adjudicated")}
    assert_slots_add_up(project)


def test_decisions_stand_while_the_label_model_publishes(project, disputed):
    (expert,) = experts(project, 1)

    def work(person):
        if person == expert:
            return [decide(item, expert, NEGATIVE) for item in disputed]
        return [refresh(project_id=project.pk) for _ in range(4)]

    in_threads([expert, project.created_by], work)
    refresh(project_id=project.pk)

    assert set(Item.objects.values_list("state", flat=True)) == {"resolved"}
    assert set(Consensus.objects.values_list("value", "status")) == {("negative", "adjudicated")}
    assert_slots_add_up(project)


def test_deciding_reopening_asking_and_answering_at_once_leaves_no_item_stuck(project, disputed):
    people = [*experts(project, 3), *(make_member(project) for _ in range(3))]

    def work(person):
        if person in people[:3]:
            for n, item in enumerate(disputed * 3):
                step = Step(f"{n}")
                try:
                    match (n + person.pk) % 4:
                        case 0:
                            adjudication.decide(item_id=item.pk, by=person, answer=POSITIVE, step=step)
                        case 1:
                            adjudication.reopen(item_id=item.pk, by=person, step=step)
                        case 2:
                            adjudication.ask_for_more(item_id=item.pk, by=person, step=step)
                        case _:
                            adjudication.send_back(item_id=item.pk, by=person, step=Step(f"{n}", "Look."))
                except Conflict:
                    pass
        else:
            for n in range(12):
                for turn in queue.next_leases(annotator=person, project=project).turns:
                    with suppress(Conflict):
                        answers.submit(
                            annotator=person, lease_id=turn.id, given=Answer(NEGATIVE, f"{turn.id}-{n}")
                        )

    in_threads(people, work)

    assert_slots_add_up(project)
    decided = Item.objects.filter(consensus__status="adjudicated")
    assert set(decided.values_list("state", flat=True)) <= {"resolved"}
