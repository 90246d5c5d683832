"""Many people at once: nothing twice, nothing too often, nothing stuck."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from annotation.errors import Conflict, LeaseExpired
from annotation.models import Annotation, GoldQuestion, GoldResult, Lease, Suspension
from annotation.services import answers, consensus, gold, priorities, queue, suspensions
from annotation.services.answers import Answer, skip, submit
from tests.factories import make_member, make_project
from tests.invariants import assert_slots_add_up

pytestmark = pytest.mark.django_db(transaction=True)


def in_threads(people, work):
    """Run `work(person)` for each person in a thread of their own, each with an own connection."""

    def run(person):
        try:
            return work(person)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(people)) as pool:
        return list(pool.map(run, people))


def label_all(project, person, *, chaos=0.0, client=""):
    """Answer until nothing is left; with some chaos, resend, skip, walk away."""
    rng = random.Random(person.pk)
    for _ in range(2000):
        found = queue.next_leases(
            annotator=person, project=project, count=rng.choice([1, 1, 3]), client=client
        )
        if found.status != "ok":
            return found.status
        for turn in found.turns:
            _answer(person, turn, rng, chaos)
    return "endless"


def _answer(person, turn, rng, chaos):
    given = Answer({"sentiment": rng.choice(["positive", "negative"])}, f"{turn.id}-{turn.item_id}")
    draw = rng.random()
    if draw < chaos / 3:
        skip(annotator=person, lease_id=turn.id)
    elif draw < 2 * chaos / 3:
        Lease.objects.filter(pk=turn.id).update(expires_at=timezone.now() - timedelta(seconds=1))
        queue.return_expired()
    else:
        try:
            submit(annotator=person, lease_id=turn.id, given=given)
            if draw > 1 - chaos / 3:
                submit(annotator=person, lease_id=turn.id, given=given)
        except (LeaseExpired, Conflict):
            pass


@pytest.mark.parametrize("overlap", [1, 3])
def test_sixteen_annotators_finish_a_project_exactly(overlap):
    project = make_project(items=200, annotations_per_item=overlap)
    people = [make_member(project) for _ in range(16)]

    in_threads(people, lambda person: label_all(project, person))

    assert Annotation.objects.count() == 200 * overlap
    assert not project.items.filter(state="open").exists()
    assert_slots_add_up(project)


def test_skips_expiries_and_resends_at_once_leave_every_count_right():
    project = make_project(items=150, annotations_per_item=2, skip_policy="others")
    people = [make_member(project) for _ in range(12)]

    in_threads(people, lambda person: label_all(project, person, chaos=0.3))

    assert_slots_add_up(project)
    assert not project.items.filter(answers__gt=2).exists()


def test_two_clicks_at_once_make_one_annotation():
    project = make_project(items=1)
    person = make_member(project)
    turn = queue.next_leases(annotator=person, project=project).turns[0]

    receipts = in_threads(
        [person] * 8,
        lambda one: submit(annotator=one, lease_id=turn.id, given=Answer({"sentiment": "positive"}, "same")),
    )

    assert len({receipt.annotation_id for receipt in receipts}) == 1
    assert sum(receipt.created for receipt in receipts) == 1
    assert_slots_add_up(project)


def test_one_person_asking_eight_times_at_once_takes_no_slot_twice():
    project = make_project(items=30, annotations_per_item=3)
    person = make_member(project)

    in_threads(
        [person] * 8, lambda one: queue.next_leases(annotator=one, project=project, count=3, client="")
    )

    assert Lease.objects.filter(state="active").count() == 3
    assert_slots_add_up(project)


def test_changing_the_overlap_and_retiring_while_people_label():
    project = make_project(items=120, annotations_per_item=2)
    people = [make_member(project) for _ in range(8)]
    ids = list(project.items.values_list("pk", flat=True))

    def work(person):
        if person is people[0]:
            for wanted in (3, 1, 2):
                answers.set_overlap(project=project, wanted=wanted)
                queue.retire(project=project, item_ids=ids[:20])
                queue.reopen(project=project, item_ids=ids[:20])
            return "managed"
        return label_all(project, person, chaos=0.1)

    in_threads(people, work)

    assert_slots_add_up(project)


def test_gold_questions_come_once_to_each_person_and_no_more_often_than_they_may():
    project = make_project(items=300, annotations_per_item=2, gold_rate=0.2, gold_exposures=6, gold_bar=0.0)
    keys = list(project.items.values_list("key", flat=True)[:10])
    gold.put(
        project=project,
        by=project.created_by,
        items=[gold.Known({"sentiment": "positive"}, key=key) for key in keys],
    )
    people = [make_member(project) for _ in range(8)]

    windows = [(person, client) for person in people for client in ("one", "two")]
    in_threads(windows, lambda window: label_all(project, window[0], chaos=0.1, client=window[1]))

    results = GoldResult.objects.values_list("item", "annotator")
    assert len(results) == len(set(results)) > 20
    assert not GoldQuestion.objects.filter(exposures__gt=6).exists()
    assert_slots_add_up(project)


def test_setting_answers_aside_while_everybody_labels():
    project = make_project(items=200, annotations_per_item=2)
    people = [make_member(project) for _ in range(8)]
    in_threads(people[:1], lambda person: label_all(project, person))
    said = Annotation.objects.order_by("pk")
    doubt = Suspension.objects.create(
        project=project,
        user=people[0],
        reason="",
        first_annotation=said.first().pk,
        last_annotation=said.last().pk,
        right=0,
        judged=5,
        bar=0.6,
        created_at=timezone.now(),
    )

    def work(person):
        if person is people[0]:
            return suspensions.set_aside(suspension_id=doubt.pk, by=project.created_by)
        return label_all(project, person, chaos=0.1)

    assert in_threads(people, work)[0] == 200
    assert_slots_add_up(project)


def test_rounds_publish_and_ask_again_while_everybody_labels():
    project = make_project(items=150, annotations_per_item=2)
    people = [make_member(project) for _ in range(8)]
    ids = list(project.items.order_by("pk").values_list("pk", flat=True))
    asked = set()

    def work(person):
        if person is not people[0]:
            return label_all(project, person, chaos=0.1)
        chosen = []
        for round_ in range(12):
            previous, chosen = chosen, ids[round_ * 10 : round_ * 10 + 40]
            ranked = [(item, 1.0 + item / 1e6, f"Round {round_}") for item in chosen]
            priorities.publish(project_id=project.pk, ranked=ranked, previous=previous)
            priorities.raise_some(project_id=project.pk, ranked=ranked[:5])
            # As if workers had weighed what was said so far.
            consensus.done(consensus.due(project_id=project.pk, most=1000)[1])
            settled = [(item, 2.0, "In doubt") for item in ids[: 10 * round_]]
            asked.update(priorities.ask_again(project_id=project.pk, ranked=settled, most=1))
        return "published"

    assert in_threads(people, work)[0] == "published"
    assert asked
    assert not project.items.filter(answers__gt=3).exists()
    assert not project.items.filter(state="open", open_slots__gt=1).exists()
    assert_slots_add_up(project)
