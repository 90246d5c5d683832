"""Turns that a manager gives to somebody."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotation.models import Item, Lease
from annotation.services import answers, assigning, gold, items, members, queue
from annotation.services.answers import Answer
from tests.annotation.items_help import give, say
from tests.factories import make_member, make_project
from tests.invariants import assert_slots_add_up

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _slots_add_up(project):
    yield
    assert_slots_add_up(project)


@pytest.fixture
def ids(project):
    return list(project.items.order_by("pk").values_list("pk", flat=True))


def assign(project, ids, *people, **how):
    return assigning.assign(project=project, item_ids=ids, people=[one.pk for one in people], **how)


def next_ids(project, person, count=1, client=""):
    found = queue.next_leases(annotator=person, project=project, count=count, client=client)
    return [turn.item_id for turn in found.turns]


def run_out(person):
    Lease.objects.filter(annotator=person).update(expires_at=timezone.now() - timedelta(seconds=1))
    return queue.return_expired()


def test_what_is_assigned_comes_before_the_queue_and_says_so(project, ids, annotator):
    Item.objects.filter(pk=ids[1]).update(priority=5)
    done = assign(project, [ids[3]], annotator)

    found = queue.next_leases(annotator=annotator, project=project, count=2)

    assert (done.changed, done.left) == (1, {})
    assert [turn.item_id for turn in found.turns] == [ids[3], ids[1]]
    assert found.turns[0].reason == "Assigned to you"


def test_nobody_else_gets_what_is_assigned(project, ids, annotator, second_annotator):
    assign(project, ids, annotator)

    found = queue.next_leases(annotator=second_annotator, project=project, count=5)

    assert (found.status, found.turns) == ("finished", [])
    assert next_ids(project, annotator, 5) == ids


def test_items_are_dealt_in_turn_or_given_to_everybody(project, ids, annotator, second_annotator):
    assign(project, ids[:4], annotator, second_annotator, turn=1)
    assign(project, ids[4:], annotator, second_annotator, everybody=True)

    assert next_ids(project, second_annotator, 5) == [ids[0], ids[2], ids[4]]
    assert next_ids(project, annotator, 5) == [ids[1], ids[3], ids[4]]
    assert Item.objects.get(pk=ids[4]).wanted == 2


def test_where_nothing_is_open_one_more_is_wanted(project, ids, annotator, second_annotator):
    say(Item.objects.get(pk=ids[0]), annotator, sentiment="positive")

    done = assign(project, [ids[0]], second_annotator)

    item = Item.objects.get(pk=ids[0])
    assert (done.changed, item.state, item.wanted, item.open_slots) == (1, "open", 2, 0)
    assert next_ids(project, second_annotator) == [ids[0]]


def test_what_cannot_be_assigned_is_told_by_reason(project, owner, ids, annotator):
    rows = {item.pk: item for item in project.items.all()}
    say(rows[ids[0]], annotator, sentiment="positive")
    gold.put(
        project=project, by=owner, items=[gold.Known(key=rows[ids[1]].key, answer={"sentiment": "positive"})]
    )
    items.retire(item_id=ids[2], by=owner)
    assign(project, [ids[3]], annotator)

    done = assign(project, [*ids, 10**9], annotator)

    assert done.changed == 1
    assert done.left == {"answered": 1, "gold": 1, "retired": 1, "assigned": 1, "gone": 1}


def test_who_does_not_label_gets_nothing(project, ids, viewer, annotator):
    members.change(project=project, by=project.created_by, user_id=annotator.pk, paused_reason="A break.")

    done = assign(project, ids, viewer, annotator)

    assert (done.changed, done.left) == (0, {"nobody": 5})


def test_an_assigned_turn_that_runs_out_waits_for_its_person(project, ids, annotator, second_annotator):
    assign(project, ids[:1], annotator)
    next_ids(project, annotator)

    assert run_out(annotator) == 0
    assert ids[0] not in next_ids(project, second_annotator, 5)
    assert next_ids(project, annotator, client="another tab") == [ids[0]]


def test_an_answer_to_one_that_ran_out_is_kept(project, ids, annotator):
    assign(project, ids[:1], annotator)
    turn = queue.next_leases(annotator=annotator, project=project).turns[0]
    run_out(annotator)

    answers.submit(annotator=annotator, lease_id=turn.id, given=Answer({"sentiment": "positive"}, "n"))

    assert Item.objects.get(pk=ids[0]).state == "resolved"


def test_who_skips_an_assigned_item_gives_it_up(project, ids, annotator, second_annotator):
    project.skip_policy = "others"
    project.save(update_fields=["skip_policy"])
    assign(project, ids[:1], annotator)
    turn = queue.next_leases(annotator=annotator, project=project).turns[0]

    answers.skip(annotator=annotator, lease_id=turn.id)

    assert ids[0] in next_ids(project, second_annotator, 5)


def test_taken_back_it_goes_to_others(project, ids, annotator, second_annotator):
    next_ids(project, second_annotator, 1)
    assign(project, ids[1:], annotator)
    next_ids(project, annotator, 1)

    done = assigning.take_back(project=project, item_ids=ids)

    assert (done.changed, done.left) == (4, {"not_assigned": 1})
    assert next_ids(project, second_annotator, 5) == [ids[0], *ids[2:]]
    assert run_out(annotator) == 1


def test_only_one_persons_assignments_are_taken_back(project, ids, annotator, second_annotator):
    assign(project, ids[:2], annotator, second_annotator)

    done = assigning.take_back(project=project, item_ids=ids[:2], people=[annotator.pk])

    assert done.changed == 1
    assert next_ids(project, second_annotator, 1) == [ids[1]]


@pytest.mark.parametrize("how", ["pause", "remove"])
def test_who_leaves_gives_assignments_back(project, owner, ids, annotator, second_annotator, how):
    assign(project, ids, annotator)
    next_ids(project, annotator)

    if how == "pause":
        members.change(project=project, by=owner, user_id=annotator.pk, paused_reason="A break.")
    else:
        members.remove(project=project, by=owner, user_id=annotator.pk)

    assert next_ids(project, second_annotator, 5) == ids


def test_closing_a_window_keeps_assignments(project, ids, annotator, second_annotator):
    assign(project, ids[:2], annotator)
    next_ids(project, annotator, 2, client="tab")

    queue.release(project=project, annotator=annotator, client="tab")

    assert next_ids(project, second_annotator, 5) == ids[2:]
    assert next_ids(project, annotator, 2) == ids[:2]


def test_what_is_retired_waits_for_nobody(project, owner, ids, annotator, second_annotator):
    assign(project, ids[:2], annotator)
    next_ids(project, annotator, 1)

    for item in ids[:2]:
        items.retire(item_id=item, by=owner)
        run_out(annotator)
        items.reopen(item_id=item, by=owner)

    assert next_ids(project, second_annotator, 5) == ids


def test_a_gold_question_among_assigned_items_looks_like_one(owner):
    project = make_project(owner=owner, items=12, gold_rate=0.5)
    person = make_member(project)
    rows = list(project.items.order_by("pk"))
    known = [gold.Known(key=row.key, answer={"sentiment": "positive"}) for row in rows[:4]]
    gold.put(project=project, by=owner, items=known)
    assign(project, [row.pk for row in rows[4:]], person)

    found = queue.next_leases(annotator=person, project=project, count=6)
    again = queue.next_leases(annotator=person, project=project, count=6)

    assert {turn.item_id for turn in found.turns} & {row.pk for row in rows[:4]}
    assert {turn.reason for turn in [*found.turns, *again.turns]} == {"Assigned to you"}
    assert_slots_add_up(project)


def test_what_somebody_is_at_work_on_is_theirs_from_then_on(project, ids, annotator):
    give(Item.objects.get(pk=ids[0]), annotator)

    assert assign(project, ids[:1], annotator).changed == 1
    assert run_out(annotator) == 0
    assert next_ids(project, annotator) == [ids[0]]


def test_others_are_not_told_to_wait_for_what_is_assigned(project, ids, annotator, second_annotator):
    assign(project, ids, annotator)
    next_ids(project, annotator, 5)

    assert queue.next_leases(annotator=second_annotator, project=project).status == "finished"
