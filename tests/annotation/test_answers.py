"""Submit, revise and skip: what is kept, what is refused, and what happens twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import ProgrammingError, transaction
from django.utils import timezone

from annotation.errors import Conflict, InvalidAnswer, LeaseExpired, NotAllowed, NotFound
from annotation.models import Annotation, Item, Lease, Membership, Project, Skip
from annotation.services import queue
from annotation.services.answers import Answer, revise, skip, submit
from tests.factories import make_member, make_project
from tests.invariants import assert_slots_add_up

pytestmark = pytest.mark.django_db
POSITIVE, NEGATIVE = {"sentiment": "positive"}, {"sentiment": "negative"}


@pytest.fixture
def turn(project, annotator):
    return queue.next_leases(annotator=annotator, project=project).turns[0]


def said(value=POSITIVE, nonce="n1", **more):
    return Answer(value, nonce, **more)


def test_an_answer_is_kept_and_settles_an_item_that_wanted_one(project, annotator, turn):
    receipt = submit(annotator=annotator, lease_id=turn.id, given=said(seconds=3.5))

    kept = Annotation.objects.get(pk=receipt.annotation_id)
    assert (kept.answer, kept.seconds, kept.origin, receipt.created) == (POSITIVE, 3.5, "person", True)
    assert Item.objects.get(pk=turn.item_id).state == "resolved"
    assert Lease.objects.get(pk=turn.id).annotation_id == kept.pk
    assert Membership.objects.get(user=annotator).answered == 1
    assert_slots_add_up(project)


def test_the_next_items_come_in_the_same_call(annotator, turn):
    receipt = submit(annotator=annotator, lease_id=turn.id, given=said(), next_count=2)

    assert [next_turn.key for next_turn in receipt.next.turns] == ["item-00001", "item-00002"]
    assert receipt.next.answered == 1


def test_the_same_nonce_again_is_a_no_op_with_the_same_receipt(project, annotator, turn):
    first = submit(annotator=annotator, lease_id=turn.id, given=said(), next_count=1)
    again = submit(annotator=annotator, lease_id=turn.id, given=said(), next_count=1)

    assert again.annotation_id == first.annotation_id
    assert not again.created
    assert again.next.turns == first.next.turns
    assert Annotation.objects.count() == 1
    assert_slots_add_up(project)


def test_another_nonce_for_an_answered_item_is_a_conflict(annotator, turn):
    submit(annotator=annotator, lease_id=turn.id, given=said())

    with pytest.raises(Conflict):
        submit(annotator=annotator, lease_id=turn.id, given=said(nonce="n2"))


def test_a_nonce_cannot_serve_two_items(project, annotator):
    one, two = queue.next_leases(annotator=annotator, project=project, count=2).turns
    submit(annotator=annotator, lease_id=one.id, given=said())

    with pytest.raises(Conflict):
        submit(annotator=annotator, lease_id=two.id, given=said())
    assert_slots_add_up(project)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"sentiment": "happy"},
        {"mood": "positive"},
        {"sentiment": ["positive"]},
        "positive",
        None,
        [],
        {"sentiment": None},
    ],
)
def test_a_wrong_answer_is_refused_with_the_path(project, annotator, turn, wrong):
    with pytest.raises(InvalidAnswer) as refused:
        submit(annotator=annotator, lease_id=turn.id, given=said(wrong))

    assert refused.value.faults
    assert Lease.objects.get(pk=turn.id).state == "active"
    assert_slots_add_up(project)


def test_somebody_elses_lease_is_not_found(second_annotator, turn):
    with pytest.raises(NotFound):
        submit(annotator=second_annotator, lease_id=turn.id, given=said())


def test_a_member_who_lost_the_role_cannot_submit(annotator, turn):
    Membership.objects.filter(user=annotator).update(role="viewer")

    with pytest.raises(NotAllowed):
        submit(annotator=annotator, lease_id=turn.id, given=said())


def test_an_expired_lease_is_honoured_while_its_slot_is_free(project, annotator, turn):
    Lease.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    queue.return_expired()

    assert submit(annotator=annotator, lease_id=turn.id, given=said()).created
    assert_slots_add_up(project)


def test_an_expired_lease_whose_slot_was_taken_is_refused(project, annotator, second_annotator, turn):
    Lease.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    queue.return_expired()
    queue.next_leases(annotator=second_annotator, project=project)

    with pytest.raises(LeaseExpired):
        submit(annotator=annotator, lease_id=turn.id, given=said())
    assert_slots_add_up(project)


@pytest.mark.parametrize(
    ("answers", "state"), [([POSITIVE, POSITIVE], "resolved"), ([POSITIVE, NEGATIVE], "disputed")]
)
def test_two_answers_settle_an_item_by_whether_they_agree(answers, state):
    project = make_project(items=1, annotations_per_item=2)
    for number, value in enumerate(answers):
        person = make_member(project)
        turn = queue.next_leases(annotator=person, project=project).turns[0]
        submit(annotator=person, lease_id=turn.id, given=said(value, f"n{number}"))

    assert project.items.get().state == state
    assert_slots_add_up(project)


def test_a_revision_supersedes_and_settles_again():
    project = make_project(items=1, annotations_per_item=2)
    people = [make_member(project) for _ in range(2)]
    made = []
    for person, value in zip(people, [POSITIVE, NEGATIVE], strict=True):
        turn = queue.next_leases(annotator=person, project=project).turns[0]
        made.append(submit(annotator=person, lease_id=turn.id, given=said(value, "n")).annotation_id)

    revised = revise(annotator=people[1], annotation_id=made[1], given=said(POSITIVE, "changed"))
    resent = revise(annotator=people[1], annotation_id=made[1], given=said(POSITIVE, "changed"))

    assert project.items.get().state == "resolved"
    assert Annotation.objects.get(pk=revised.annotation_id).supersedes_id == made[1]
    assert (resent.annotation_id, resent.created) == (revised.annotation_id, False)
    assert_slots_add_up(project)


def test_revising_a_revised_answer_is_a_conflict_and_of_another_person_not_found(
    annotator, second_annotator, turn
):
    first = submit(annotator=annotator, lease_id=turn.id, given=said()).annotation_id
    revise(annotator=annotator, annotation_id=first, given=said(NEGATIVE, "n2"))

    with pytest.raises(Conflict):
        revise(annotator=annotator, annotation_id=first, given=said(POSITIVE, "n3"))
    with pytest.raises(NotFound):
        revise(annotator=second_annotator, annotation_id=first, given=said(POSITIVE, "n4"))


@pytest.mark.parametrize("change", [{"answer": {}}, {"seconds": 1.0}])
def test_the_database_refuses_to_change_or_delete_an_answer(annotator, turn, change):
    submit(annotator=annotator, lease_id=turn.id, given=said())

    with pytest.raises(ProgrammingError, match="Cannot update or delete"), transaction.atomic():
        Annotation.objects.update(**change)
    with pytest.raises(ProgrammingError, match="Cannot update or delete"), transaction.atomic():
        Annotation.objects.all()._raw_delete("default")


def _skipped(project, annotator, policy):
    Project.objects.filter(pk=project.pk).update(skip_policy=policy)
    turn = queue.next_leases(annotator=annotator, project=project).turns[0]
    return turn, skip(annotator=annotator, lease_id=turn.id, reason="Unclear.", next_count=1)


def test_a_skip_for_others_never_comes_back_to_me(project, annotator, second_annotator):
    turn, following = _skipped(project, annotator, "others")

    assert following.turns[0].key == "item-00001"
    assert Skip.objects.get().reason == "Unclear."
    assert queue.next_leases(annotator=second_annotator, project=project).turns[0].key == turn.key
    assert_slots_add_up(project)


def test_a_skip_for_later_comes_back_at_the_end(annotator):
    project = make_project(items=2)
    make_member(project, user=annotator)
    turn, following = _skipped(project, annotator, "later")
    submit(annotator=annotator, lease_id=following.turns[0].id, given=said())

    found = queue.next_leases(annotator=annotator, project=project)

    assert found.turns[0].key == turn.key
    assert_slots_add_up(project)


def test_a_dropped_item_that_nobody_answered_is_retired(project, annotator, second_annotator):
    turn, _ = _skipped(project, annotator, "drop")

    assert Item.objects.get(pk=turn.item_id).state == "retired"
    assert queue.next_leases(annotator=second_annotator, project=project).turns[0].key == "item-00002"
    assert_slots_add_up(project)


def test_a_skip_that_drops_the_last_wanted_answer_settles_the_item():
    project = make_project(items=1, annotations_per_item=2, skip_policy="drop")
    one, two = make_member(project), make_member(project)
    first = queue.next_leases(annotator=one, project=project).turns[0]
    second = queue.next_leases(annotator=two, project=project).turns[0]
    submit(annotator=one, lease_id=first.id, given=said())

    skip(annotator=two, lease_id=second.id)

    assert project.items.get().state == "resolved"
    assert_slots_add_up(project)


def test_skipping_twice_changes_nothing_and_an_answered_item_cannot_be_skipped(project, annotator):
    one, two = queue.next_leases(annotator=annotator, project=project, count=2).turns
    skip(annotator=annotator, lease_id=one.id)
    skip(annotator=annotator, lease_id=one.id)
    submit(annotator=annotator, lease_id=two.id, given=said())

    assert Skip.objects.count() == 1
    with pytest.raises(Conflict):
        skip(annotator=annotator, lease_id=two.id)
    assert_slots_add_up(project)


def test_a_draft_stays_with_the_lease_until_the_answer(annotator, project, turn):
    queue.save_draft(annotator=annotator, lease_id=turn.id, answer={"sentiment": "neutral"})
    assert (
        queue.next_leases(annotator=annotator, project=project).turns[0].draft == '{"sentiment": "neutral"}'
    )

    submit(annotator=annotator, lease_id=turn.id, given=said())

    assert Lease.objects.get(pk=turn.id).draft is None
    with pytest.raises(NotFound):
        queue.save_draft(annotator=annotator, lease_id=turn.id, answer={})
