"""Gold questions among a person's turns: how many, which, how they are judged, and that they look like all others."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from annotation.errors import Conflict, LeaseExpired
from annotation.models import GoldQuestion, GoldResult, Lease, Membership, Suspension
from annotation.services import gold, queue, suspensions
from annotation.services.answers import Answer, revise, skip, submit
from annotation.services.schemas import create_schema
from tests.annotation.gold_help import (
    OTHER,
    RIGHT,
    WRONG,
    is_gold,
    make_gold_project,
    put,
    say,
    take,
    work,
)
from tests.factories import make_items, make_member
from tests.invariants import assert_slots_add_up

pytestmark = pytest.mark.django_db


def per_stretch(came: list[bool], length: int) -> list[int]:
    return [sum(came[n : n + length]) for n in range(0, len(came), length)]


def test_one_turn_in_each_stretch_is_a_gold_question():
    project = make_gold_project(gold_questions=6, gold_rate=0.1)
    person = make_member(project)

    assert per_stretch(work(person, project, 50), 10) == [1] * 5
    assert_slots_add_up(project)


def test_turns_handed_out_many_at_a_time_keep_the_rate_too():
    project = make_gold_project(gold_questions=6, gold_rate=0.2)
    person = make_member(project)

    found = take(person, project, 20)

    assert per_stretch([is_gold(turn) for turn in found.turns], 5) == [1] * 4


def test_skips_and_second_windows_do_not_bring_more_gold():
    project = make_gold_project(gold_questions=20, gold_rate=0.1)
    person = make_member(project)
    came = []
    for n in range(40):
        (turn,) = take(person, project, client=f"tab-{n % 2}").turns
        came.append(is_gold(turn))
        skip(annotator=person, lease_id=turn.id)

    assert per_stretch(came, 10) == [1] * 4
    assert_slots_add_up(project)


def test_in_a_new_rotation_the_rate_is_kept_as_well():
    project = make_gold_project(gold_questions=2, gold_rate=0.1)
    person = make_member(project)
    work(person, project, 20)
    gold.rotate(project=project, by=project.created_by)

    assert per_stretch(work(person, project, 20), 10) == [1, 1]
    assert Counter(GoldResult.objects.values_list("item", flat=True)).most_common(1)[0][1] == 2


def test_nobody_gets_one_twice_in_a_rotation():
    project = make_gold_project(gold_questions=2, gold_rate=0.5)
    person = make_member(project)

    came = work(person, project, 30)

    assert sum(came) == 2
    assert GoldResult.objects.count() == len(set(GoldResult.objects.values_list("item", flat=True))) == 2


def test_places_differ_from_person_to_person():
    project = make_gold_project(gold_questions=5, gold_rate=0.1, annotations_per_item=9)
    people = [make_member(project) for _ in range(6)]

    assert len({tuple(work(person, project, 10)) for person in people}) > 1


def test_the_least_shown_comes_first_and_the_cap_ends_it_until_the_next_rotation():
    project = make_gold_project(gold_questions=2, gold_rate=0.5, gold_exposures=1)
    people = [make_member(project) for _ in range(3)]

    assert [sum(work(person, project, 2)) for person in people] == [1, 1, 0]
    assert set(GoldQuestion.objects.values_list("exposures", flat=True)) == {1}
    gold.rotate(project=project, by=project.created_by)
    assert sum(work(people[2], project, 2)) == 1


def test_without_a_rate_no_gold_comes_and_no_turns_are_counted():
    project = make_gold_project(gold_rate=0)
    person = make_member(project)

    assert not any(work(person, project, 10))
    assert Membership.objects.get(user=person).turns == 0


def test_a_retired_item_is_no_gold_question():
    project = make_gold_project(gold_questions=1, gold_rate=0.5)
    queue.retire(project=project, item_ids=[GoldQuestion.objects.get().item_id])

    assert not any(work(make_member(project), project, 10))


def test_retired_while_somebody_has_it_the_answer_counts_all_the_same():
    project = make_gold_project(gold_questions=1, items=0, training_questions=1)
    person = make_member(project)
    (turn,) = take(person, project).turns
    queue.retire(project=project, item_ids=[turn.item_id])

    assert say(person, turn).feedback.right
    assert_slots_add_up(project)


def first_gold(project, person):
    """The first gold question that comes, among as many turns as it takes."""
    return next(turn for turn in take(person, project, 20).turns if is_gold(turn))


def test_skipped_it_does_not_come_back_and_the_slots_add_up():
    project = make_gold_project(gold_questions=1, gold_rate=0.5)
    person = make_member(project)
    skip(annotator=person, lease_id=first_gold(project, person).id)

    assert not any(work(person, project, 40))
    assert_slots_add_up(project)


@pytest.mark.parametrize("policy", ["later", "others", "drop"])
def test_each_way_to_skip_leaves_a_gold_question_as_it_was(policy):
    project = make_gold_project(gold_questions=1, gold_rate=0.5, skip_policy=policy)
    person = make_member(project)
    turn = first_gold(project, person)
    skip(annotator=person, lease_id=turn.id)

    item = project.items.get(pk=turn.item_id)
    assert (item.state, item.wanted, item.open_slots) == ("resolved", 0, 0)
    assert_slots_add_up(project)


def test_answered_after_the_lease_ran_out_it_is_judged_once():
    project = make_gold_project(gold_questions=1, gold_rate=0.5)
    person = make_member(project)
    turn = first_gold(project, person)
    Lease.objects.filter(pk=turn.id).update(expires_at=timezone.now() - timedelta(seconds=1))
    queue.return_expired()
    say(person, turn, WRONG)

    assert [result.right for result in GoldResult.objects.all()] == [False]
    assert_slots_add_up(project)


def test_a_revised_answer_counts_in_place_of_the_first():
    project = make_gold_project(gold_questions=1, gold_rate=0.5, gold_bar=0.5)
    person = make_member(project)
    receipt = say(person, first_gold(project, person), WRONG)
    revise(annotator=person, annotation_id=receipt.annotation_id, given=Answer(RIGHT, "again"))

    results = GoldResult.objects.order_by("pk")
    assert [(one.right, one.rotation) for one in results] == [(False, 1), (True, 1)]


def test_a_revision_in_a_later_rotation_belongs_to_the_earlier_one_and_the_question_may_come_again():
    project = make_gold_project(gold_questions=1, gold_rate=0.5)
    person = make_member(project)
    receipt = say(person, first_gold(project, person), WRONG)
    gold.rotate(project=project, by=project.created_by)
    revise(annotator=person, annotation_id=receipt.annotation_id, given=Answer(RIGHT, "again"))

    assert set(GoldResult.objects.values_list("rotation", flat=True)) == {1}
    assert any(work(person, project, 30))


def test_whoever_was_told_the_answer_cannot_revise_theirs():
    project = make_gold_project(gold_questions=1, gold_rate=0.5, gold_feedback=True)
    person = make_member(project)
    receipt = say(person, first_gold(project, person), WRONG)

    with pytest.raises(Conflict, match="told"):
        revise(annotator=person, annotation_id=receipt.annotation_id, given=Answer(RIGHT, "again"))


def test_that_others_are_trained_does_not_tell_a_gold_question_by_its_revision():
    project = make_gold_project(gold_questions=1, gold_rate=0.5, training_questions=3)
    person = make_member(project, trained_at=timezone.now())
    receipt = say(person, first_gold(project, person), WRONG)

    assert receipt.feedback is None
    assert revise(annotator=person, annotation_id=receipt.annotation_id, given=Answer(RIGHT, "again")).created


def test_an_answer_from_before_it_was_gold_is_no_result_when_it_is_revised():
    project = make_gold_project(gold_questions=0, items=3)
    person = make_member(project)
    (turn,) = take(person, project).turns
    receipt = say(person, turn, WRONG)
    put(project, turn.key)
    revise(annotator=person, annotation_id=receipt.annotation_id, given=Answer(RIGHT, "again"))

    assert not GoldResult.objects.exists()
    assert_slots_add_up(project)


def test_a_resend_gets_the_same_feedback_and_no_second_result():
    project = make_gold_project(gold_questions=1, gold_rate=0.5, gold_feedback=True)
    put(project, GoldQuestion.objects.get().item.key, explanation="See the rules.")
    person = make_member(project)
    turn = first_gold(project, person)
    first, second = say(person, turn, WRONG), say(person, turn, WRONG)

    assert first.feedback == second.feedback
    assert (first.feedback.right, first.feedback.answer, first.feedback.explanation) == (
        False,
        RIGHT,
        "See the rules.",
    )
    assert (second.created, GoldResult.objects.count()) == (False, 1)


QUESTIONS = [
    ({"type": "single_choice", "labels": [{"value": "a"}, {"value": "b"}]}, "a", 0, "a", "b"),
    (
        {"type": "multiple_choice", "labels": [{"value": v} for v in "abc"]},
        ["a", "b"],
        1,
        ["a", "b", "c"],
        ["c"],
    ),
    ({"type": "rating", "points": 5}, 4, 1, 5, 2),
    ({"type": "number"}, 10, 0.5, 10.5, 11),
    ({"type": "text"}, "colour", 1, "color", "blue"),
]


@pytest.mark.parametrize(("question", "known", "tolerance", "near", "far"), QUESTIONS)
def test_each_type_has_its_tolerance(question, known, tolerance, near, far):
    project = make_gold_project(
        gold_questions=0, items=30, gold_rate=0.5, questions=[{"name": "q", "title": "Q", **question}]
    )
    put(project, "item-00000", "item-00001", answer={"q": known}, tolerance={"q": tolerance})
    person = make_member(project)
    for given in (near, far):
        turn = next(turn for turn in take(person, project, 4).turns if is_gold(turn))
        say(person, turn, {"q": given})

    assert [one.right for one in GoldResult.objects.order_by("pk")] == [True, False]


def renamed(project, *, mapping):
    questions = [{**question} for question in project.schema.questions]
    questions[0] = {**questions[0], "labels": [{"value": v} for v in ("good", "negative", "neutral")]}
    create_schema(
        project=project,
        by=project.created_by,
        fields=project.schema.fields,
        questions=questions,
        mapping=mapping,
    )
    project.refresh_from_db()


def test_a_known_answer_of_an_older_version_is_read_under_the_current_one():
    project = make_gold_project(gold_questions=1, gold_rate=0.5)
    renamed(project, mapping={"sentiment": {"labels": {"positive": "good"}}})
    person = make_member(project)
    say(person, first_gold(project, person), {"sentiment": "good"})

    assert GoldResult.objects.get().right


def test_what_the_new_questions_leave_nothing_of_is_not_judged():
    project = make_gold_project(gold_questions=1, gold_rate=0.5, gold_bar=1.0)
    renamed(project, mapping={"sentiment": {"labels": {"positive": None}}})
    person = make_member(project)
    say(person, first_gold(project, person), {"sentiment": "good"})

    assert not GoldResult.objects.exists()
    assert_slots_add_up(project)


# Training


def train(project, person, *answers):
    """Answer training questions; the last receipt."""
    receipt = None
    for answer in answers:
        receipt = say(person, take(person, project).turns[0], answer, next_count=1)
    return receipt


def test_training_comes_first_with_feedback_and_then_work_begins():
    project = make_gold_project(training_questions=3, training_bar=0.6, gold_rate=0)
    person = make_member(project)
    begun = take(person, project, 6)
    receipt = train(project, person, RIGHT, WRONG, RIGHT)

    assert [is_gold(turn) for turn in begun.turns] == [True] * 3
    assert (begun.training.done, begun.training.questions) == (0, 3)
    assert receipt.feedback.training
    assert Membership.objects.get(user=person).trained_at
    assert receipt.next.training is None
    assert not is_gold(receipt.next.turns[0])
    assert_slots_add_up(project)


def test_who_fails_is_paused_with_the_reason_and_begins_anew_when_let_go_on():
    project = make_gold_project(gold_questions=4, training_questions=3, gold_rate=0)
    person = make_member(project)
    failed = train(project, person, WRONG, WRONG, RIGHT)
    suspensions.lift(project=project, by=project.created_by, user_id=person.pk)
    again = take(person, project, 5)

    assert failed.next.status == "paused"
    assert "1 of 3 training questions" in failed.next.detail
    assert len(again.turns) == 3
    # What was not told before is among them.
    assert GoldResult.objects.values("item").distinct().count() == 3
    assert GoldResult.objects.filter(item__in=[turn.item_id for turn in again.turns]).count() == 2
    for turn in again.turns:
        say(person, turn)
    assert Membership.objects.get(user=person).trained_at
    assert_slots_add_up(project)


def test_fewer_gold_questions_than_training_asks_for_are_enough():
    project = make_gold_project(gold_questions=2, training_questions=5, gold_rate=0)
    person = make_member(project)
    begun = take(person, project, 5)
    train(project, person, RIGHT, RIGHT)

    assert (len(begun.turns), begun.training.questions) == (2, 2)
    assert not is_gold(take(person, project).turns[0])
    assert Membership.objects.get(user=person).trained_at


def test_without_any_gold_question_there_is_no_training():
    project = make_gold_project(gold_questions=0, training_questions=5)

    assert take(make_member(project), project).turns


def test_training_in_another_window_is_waited_for():
    project = make_gold_project(gold_questions=2, training_questions=2)
    person = make_member(project)
    take(person, project, 2, client="one")

    assert (
        take(person, project, 2, client="two").status,
        Membership.objects.get(user=person).trained_at,
    ) == ("busy", None)


def test_training_cannot_be_skipped():
    project = make_gold_project(gold_questions=2, training_questions=2)
    person = make_member(project)
    for turn in take(person, project, 2).turns:
        skip(annotator=person, lease_id=turn.id)

    assert [is_gold(turn) for turn in take(person, project, 2).turns] == [True, True]
    assert_slots_add_up(project)


def test_the_cap_does_not_keep_anybody_from_training():
    project = make_gold_project(gold_questions=2, training_questions=2, gold_exposures=1)
    for person in [make_member(project) for _ in range(3)]:
        assert all(is_gold(turn) for turn in take(person, project, 2).turns)
    assert not GoldQuestion.objects.filter(exposures__gt=0).exists()


def test_experts_and_managers_have_no_training():
    project = make_gold_project(training_questions=3, gold_rate=0)

    assert not is_gold(take(make_member(project, "adjudicator"), project).turns[0])


# The bar


def test_close_to_the_bar_there_is_a_warning_and_better_answers_take_it_back():
    project = make_gold_project(gold_questions=40, gold_rate=0.5, gold_bar=0.6)
    person = make_member(project)
    work(person, project, 8, to_gold=WRONG)
    warned = take(person, project)
    work(person, project, 2, to_gold=RIGHT)

    assert "0 of the last 4" in warned.warning
    assert Membership.objects.get(user=person).paused_reason  # a fifth that is not enough


def test_below_the_bar_the_member_is_paused_and_what_they_hold_goes_to_others():
    project = make_gold_project(gold_questions=40, gold_rate=0.5, gold_bar=0.6)
    person = make_member(project)
    came = work(person, project, 50, to_gold=WRONG)
    found = take(person, project)
    suspension = Suspension.objects.get()

    assert sum(came) == 5
    assert (found.status, found.turns) == ("paused", [])
    assert "0 of the last 5 check questions" in found.detail
    assert (suspension.right, suspension.judged, suspension.bar) == (0, 5, 0.6)
    assert not Lease.objects.filter(annotator=person, state="active").exists()
    assert_slots_add_up(project)


def test_answers_that_arrive_after_the_pause_do_not_count():
    project = make_gold_project(gold_questions=20, gold_rate=0.5, gold_bar=0.6)
    person = make_member(project)
    ahead = take(person, project, 20).turns
    golds, others = [t for t in ahead if is_gold(t)], [t for t in ahead if not is_gold(t)]
    for turn in golds[:5]:
        say(person, turn, WRONG)

    with pytest.raises(LeaseExpired, match="paused"):
        say(person, others[0])
    assert_slots_add_up(project)


def test_a_paused_member_revises_nothing():
    project = make_gold_project(gold_questions=0, items=3)
    person = make_member(project)
    receipt = say(person, take(person, project).turns[0])
    Membership.objects.filter(user=person).update(paused_reason="Talk to me first.")

    with pytest.raises(Conflict, match="Talk to me first"):
        revise(annotator=person, annotation_id=receipt.annotation_id, given=Answer(WRONG, "x"))


def test_good_answers_do_not_end_a_pause_that_a_manager_made():
    project = make_gold_project(gold_questions=2, items=2, training_questions=2)
    person = make_member(project)
    turn, last = take(person, project, 2).turns
    say(person, turn)
    Membership.objects.filter(user=person).update(paused_reason="By hand.")

    with pytest.raises(LeaseExpired):
        say(person, last)
    assert Membership.objects.get(user=person).paused_reason == "By hand."


def test_after_a_lift_the_answers_of_before_count_no_longer():
    project = make_gold_project(gold_questions=40, gold_rate=0.5, gold_bar=0.6)
    person = make_member(project)
    work(person, project, 50, to_gold=WRONG)
    suspensions.lift(project=project, by=project.created_by, user_id=person.pk)
    came = work(person, project, 7, to_gold=WRONG)

    assert sum(came) in (3, 4)
    assert take(person, project).status == "ok"


# Blind


def test_a_gold_question_says_what_its_neighbours_say():
    project = make_gold_project(gold_questions=4, gold_rate=0.5, items=0, annotations_per_item=3)
    make_items(project, 30, priority=0.7)
    person = make_member(project)
    fresh = take(person, project, 8).turns
    held = take(person, project, 8).turns

    assert {turn.reason for turn in (*fresh, *held)} == {"Chosen ahead of the others"}
    assert [turn.id for turn in held] == [turn.id for turn in fresh]


def test_one_that_comes_again_shows_nothing_of_the_last_time(api):
    project = make_gold_project(gold_questions=1, gold_rate=0.5)
    person = make_member(project)
    say(person, first_gold(project, person), WRONG)
    work(person, project, 25)
    gold.rotate(project=project, by=project.created_by)
    came = next(turn for turn in (take(person, project, 4).turns) if is_gold(turn))
    held = next(turn for turn in (take(person, project, 4).turns) if is_gold(turn))

    assert Lease.objects.get(pk=came.id).state == "again"
    assert (came.draft, held.draft) == (None, None)
    assert "second look" not in came.reason + held.reason
    assert submit(annotator=person, lease_id=came.id, given=Answer(RIGHT, "new")).created


def seen(api, person, item_id):
    body = api(person).get(f"/api/v1/items/{item_id}/").json()
    return {name: body[name] for name in ("state", "wanted", "answers", "history", "flags")}


@pytest.mark.parametrize("overlap", [1, 2])
def test_before_and_after_the_answer_the_item_looks_like_any_other(api, client, overlap):
    project = make_gold_project(gold_questions=1, gold_rate=0.5, annotations_per_item=overlap)
    person = make_member(project)
    turns = take(person, project, 4).turns
    known = next(turn for turn in turns if is_gold(turn))
    other = next(turn for turn in turns if not is_gold(turn))

    assert seen(api, person, known.item_id) == seen(api, person, other.item_id)
    say(person, known)
    say(person, other)
    assert seen(api, person, known.item_id) == seen(api, person, other.item_id)
    client.force_login(person)
    pages = [
        client.get(f"/projects/{project.pk}/items/{turn.item_id}/").content.decode()
        for turn in (known, other)
    ]
    badges = [page[page.index('class="badge state') :][:120].split("</p>")[0] for page in pages]
    assert badges[0] == badges[1]


def test_others_who_answered_it_are_not_counted(api):
    project = make_gold_project(gold_questions=1, gold_rate=0.5, annotations_per_item=2)
    for _ in range(4):
        person = make_member(project)
        turn = first_gold(project, person)
        say(person, turn)
        queue.release(project=project, annotator=person)

    assert seen(api, person, turn.item_id)["answers"] == 2
    assert_slots_add_up(project)


def test_an_unfinished_gold_question_can_be_made_an_ordinary_item():
    project = make_gold_project(gold_questions=1, gold_rate=0.5)
    person = make_member(project)
    turn = first_gold(project, person)
    gold.remove(project=project, by=project.created_by, item_id=turn.item_id)

    assert_slots_add_up(project)
    say(person, turn, OTHER)
    assert_slots_add_up(project)
    assert not GoldResult.objects.exists()


def test_answers_that_disagree_make_a_dispute_when_the_gold_question_ends():
    project = make_gold_project(gold_questions=1, gold_rate=0.5)
    for answer in (RIGHT, WRONG):
        person = make_member(project)
        turn = first_gold(project, person)
        say(person, turn, answer)
        queue.release(project=project, annotator=person)
    gold.remove(project=project, by=project.created_by, item_id=turn.item_id)

    assert project.items.get(pk=turn.item_id).state == "disputed"
    assert_slots_add_up(project)
