"""Next: who gets what, in which order, and what comes back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotation.errors import InvalidInput, NotAllowed, NotFound
from annotation.models import Item, Lease, Membership
from annotation.services import answers, projects, queue
from annotation.services.answers import Answer, submit
from tests.factories import make_items, make_member, make_project
from tests.invariants import assert_slots_add_up

pytestmark = pytest.mark.django_db
POSITIVE = {"sentiment": "positive"}


def keys(found):
    return [turn.key for turn in found.turns]


def answer(user, turn, nonce=None, value=POSITIVE, **options):
    return submit(
        annotator=user, lease_id=turn.id, given=Answer(value, nonce or f"{user.pk}-{turn.id}"), **options
    )


def expire(project):
    project.leases.filter(state="active").update(expires_at=timezone.now() - timedelta(seconds=1))


def test_gives_the_highest_priority_first_then_the_oldest(project, annotator):
    Item.objects.filter(key="item-00003").update(priority=2.5)

    found = queue.next_leases(annotator=annotator, project=project, count=3)

    assert keys(found) == ["item-00003", "item-00000", "item-00001"]


def test_asking_again_gives_the_same_leases(project, annotator):
    first = queue.next_leases(annotator=annotator, project=project, count=2)

    again = queue.next_leases(annotator=annotator, project=project, count=3)

    assert [turn.id for turn in again.turns[:2]] == [turn.id for turn in first.turns]
    assert len(again.turns) == 3
    assert_slots_add_up(project)


def test_two_clients_of_one_person_get_different_items(project, annotator):
    one = queue.next_leases(annotator=annotator, project=project, count=2, client="one")
    two = queue.next_leases(annotator=annotator, project=project, count=2, client="two")

    assert not set(keys(one)) & set(keys(two))


def test_nobody_gets_an_item_twice_and_every_overlap_slot_is_given():
    project = make_project(items=3, annotations_per_item=2)
    people = [make_member(project) for _ in range(3)]

    given = [
        key
        for person in people
        for key in keys(queue.next_leases(annotator=person, project=project, count=9))
    ]

    assert sorted(given) == sorted(["item-00000", "item-00001", "item-00002"] * 2)
    assert_slots_add_up(project)


def test_says_busy_while_others_hold_the_rest_and_finished_when_all_is_done(
    project, annotator, second_annotator
):
    held = queue.next_leases(annotator=annotator, project=project, count=5)
    assert queue.next_leases(annotator=second_annotator, project=project).status == "busy"
    for turn in held.turns:
        answer(annotator, turn)

    assert queue.next_leases(annotator=second_annotator, project=project).status == "finished"


def test_an_expired_lease_goes_to_whoever_asks(project, annotator, second_annotator):
    queue.next_leases(annotator=annotator, project=project, count=5)
    expire(project)

    found = queue.next_leases(annotator=second_annotator, project=project, count=1)

    assert keys(found) == ["item-00000"]
    assert_slots_add_up(project)


def test_the_sweep_returns_expired_slots_of_all_projects(project, annotator):
    queue.next_leases(annotator=annotator, project=project, count=4)
    expire(project)

    assert queue.return_expired() == 4
    assert project.items.in_queue().count() == 5
    assert queue.return_expired() == 0


def test_a_member_who_gets_the_same_item_again_keeps_one_lease_row(project, annotator):
    (first,) = queue.next_leases(annotator=annotator, project=project).turns
    expire(project)
    queue.return_expired()

    (again,) = queue.next_leases(annotator=annotator, project=project).turns

    assert again.id == first.id
    assert Lease.objects.count() == 1
    assert_slots_add_up(project)


def test_the_cursor_moves_past_what_a_member_has_answered():
    project = make_project(items=70, annotations_per_item=2)
    person = make_member(project)
    for _ in range(65):
        (turn,) = queue.next_leases(annotator=person, project=project).turns
        answer(person, turn)

    (turn,) = queue.next_leases(annotator=person, project=project).turns

    assert turn.key == "item-00065"
    assert Membership.objects.get(user=person).cursor_item == Item.objects.get(key="item-00064").pk


def test_a_slot_given_back_before_the_cursor_is_offered_again():
    project = make_project(items=80)
    holder, worker = make_member(project), make_member(project)
    queue.next_leases(annotator=holder, project=project, count=1)
    for _ in range(70):
        (turn,) = queue.next_leases(annotator=worker, project=project).turns
        answer(worker, turn)
    assert Membership.objects.get(user=worker).cursor_item is not None
    expire(project)
    queue.return_expired()

    (turn,) = queue.next_leases(annotator=worker, project=project).turns

    assert turn.key == "item-00000"


def test_a_raised_priority_before_the_cursor_is_found_after_a_rewind():
    project = make_project(items=80)
    worker = make_member(project)
    for _ in range(64):
        (turn,) = queue.next_leases(annotator=worker, project=project).turns
        answer(worker, turn)
    item = Item.objects.get(key="item-00079")
    Item.objects.filter(pk=item.pk).update(priority=9)
    queue.rewind(project_id=project.pk, priority=9, item_id=item.pk)

    (turn,) = queue.next_leases(annotator=worker, project=project).turns

    assert turn.key == "item-00079"


def test_even_a_missed_rewind_leaves_nothing_stuck():
    project = make_project(items=40)
    worker = make_member(project)
    Membership.objects.filter(user=worker).update(cursor_priority=-5, cursor_item=10**9)

    assert queue.next_leases(annotator=worker, project=project).status == "ok"


def test_a_limit_stops_a_member(project, annotator):
    Membership.objects.filter(user=annotator).update(annotation_limit=2)

    found = queue.next_leases(annotator=annotator, project=project, count=5)
    assert len(found.turns) == 2
    for turn in found.turns:
        answer(annotator, turn)

    assert queue.next_leases(annotator=annotator, project=project).status == "limit"


def test_a_paused_member_sees_the_reason(project, annotator):
    Membership.objects.filter(user=annotator).update(paused_reason="Please read the guidelines again.")

    found = queue.next_leases(annotator=annotator, project=project)

    assert (found.status, found.detail) == ("paused", "Please read the guidelines again.")


def test_a_stranger_and_a_viewer_get_nothing(project, stranger, viewer):
    with pytest.raises(NotFound):
        queue.next_leases(annotator=stranger, project=project)
    with pytest.raises(NotAllowed):
        queue.next_leases(annotator=viewer, project=project)


@pytest.mark.parametrize("count", [0, -1, 51])
def test_refuses_an_odd_count(project, annotator, count):
    with pytest.raises(InvalidInput):
        queue.next_leases(annotator=annotator, project=project, count=count)


def test_released_turns_go_to_others(project, annotator, second_annotator):
    queue.next_leases(annotator=annotator, project=project, count=5)

    assert queue.release(project=project, annotator=annotator) == 5
    assert len(queue.next_leases(annotator=second_annotator, project=project, count=5).turns) == 5
    assert_slots_add_up(project)


def test_renewing_extends_only_own_active_leases(project, annotator, second_annotator):
    mine = queue.next_leases(annotator=annotator, project=project, count=1, client="tab").turns[0]
    other = queue.next_leases(annotator=second_annotator, project=project, count=1, client="tab").turns[0]
    Lease.objects.update(expires_at=timezone.now() + timedelta(seconds=5))

    kept = queue.renew(annotator=annotator, leases=[mine.id, other.id, 10**12], client="tab")

    assert [lease for lease, _ in kept] == [mine.id]
    assert kept[0][1] > timezone.now() + timedelta(minutes=20)


def test_more_overlap_reopens_items_and_less_closes_them(project, annotator, second_annotator):
    for turn in queue.next_leases(annotator=annotator, project=project, count=5).turns:
        answer(annotator, turn)

    answers.set_overlap(project=project, wanted=2)
    assert len(queue.next_leases(annotator=second_annotator, project=project, count=9).turns) == 5
    assert_slots_add_up(project)
    answers.set_overlap(project=project, wanted=1)

    assert project.items.filter(state="resolved").count() == 5
    assert_slots_add_up(project)


def test_less_overlap_settles_by_whether_the_answers_agree():
    project = make_project(items=2, annotations_per_item=3)
    people = [make_member(project) for _ in range(2)]
    for person, values in zip(people, [["positive", "positive"], ["positive", "negative"]], strict=True):
        for turn, value in zip(
            queue.next_leases(annotator=person, project=project, count=2).turns, values, strict=True
        ):
            answer(person, turn, value={"sentiment": value})

    projects.change(project=project, by=project.created_by, annotations_per_item=2)

    assert list(project.items.order_by("key").values_list("state", flat=True)) == ["resolved", "disputed"]
    assert_slots_add_up(project)


def test_retired_items_leave_the_queue_and_come_back(project, annotator):
    ids = list(project.items.values_list("pk", flat=True))
    assert queue.retire(project=project, item_ids=ids[:2]) == 2
    assert keys(queue.next_leases(annotator=annotator, project=project, count=5)) == [
        "item-00002",
        "item-00003",
        "item-00004",
    ]

    assert queue.reopen(project=project, item_ids=ids[:1]) == 1
    assert "item-00000" in keys(queue.next_leases(annotator=annotator, project=project, count=5))
    assert_slots_add_up(project)


def test_reopening_a_resolved_item_asks_for_one_more_answer(project, annotator, second_annotator):
    turn = queue.next_leases(annotator=annotator, project=project).turns[0]
    answer(annotator, turn)

    queue.reopen(project=project, item_ids=[turn.item_id])

    assert queue.next_leases(annotator=second_annotator, project=project).turns[0].item_id == turn.item_id
    assert_slots_add_up(project)


def test_new_items_behind_the_cursor_are_seen(annotator, project):
    make_items(project, 3)
    assert len(queue.next_leases(annotator=annotator, project=project, count=50).turns) == 8


def test_says_why_an_item_is_asked(annotator, second_annotator):
    project = make_project(items=1, annotations_per_item=2)
    for person in (annotator, second_annotator):
        make_member(project, user=person)
    turn = queue.next_leases(annotator=annotator, project=project).turns[0]
    answer(annotator, turn)

    assert turn.reason == "Next in order"
    found = queue.next_leases(annotator=second_annotator, project=project).turns[0]
    assert found.reason == "One person has answered it; 2 answers are wanted"
