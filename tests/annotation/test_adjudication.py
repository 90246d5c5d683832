"""Experts decide what votes do not settle; every step stays, and none of them leaves an item stuck."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotation.errors import Conflict, InvalidAnswer, InvalidInput, NotAllowed, NotFound
from annotation.models import Adjudication, Comment, Consensus, DisputeClaim, Lease
from annotation.roles import Action, may
from annotation.services import (
    adjudication,
    answers,
    consensus,
    gold,
    items,
    members,
    projects,
    queue,
    schemas,
)
from annotation.services.adjudication import Step
from annotation.services.consensus import Found
from tests.annotation.items_help import revise, say
from tests.factories import make_member, make_project, make_user
from tests.invariants import assert_slots_add_up

pytestmark = pytest.mark.django_db
POSITIVE, NEGATIVE = {"sentiment": "positive"}, {"sentiment": "negative"}


@pytest.fixture
def project(owner):
    return make_project(owner=owner, items=5, annotations_per_item=2)


@pytest.fixture
def dispute(project, annotator, second_annotator):
    """`dispute(n)` lets two people disagree on an item."""

    def make(position=0):
        item = project.items.order_by("pk")[position]
        say(item, annotator, **POSITIVE)
        say(item, second_annotator, **NEGATIVE)
        item.refresh_from_db()
        return item

    return make


@pytest.fixture
def disputed(dispute):
    return dispute()


def decide(item, by, answer=POSITIVE, **words):
    return adjudication.decide(item_id=item.pk, by=by, answer=answer, step=Step(**{"nonce": "n", **words}))


def claim(user, project, count=5, **more):
    return adjudication.claim(user=user, project_id=project.pk, count=count, **more)


def state(item):
    item.refresh_from_db()
    return item.state


# Deciding


def test_a_decision_settles_the_item_whatever_its_votes_say(disputed, adjudicator, project):
    taken = decide(disputed, adjudicator, {"sentiment": "neutral"}, note=" Neither. ")

    assert state(disputed) == "resolved"
    assert disputed.doubt == 0
    found = Consensus.objects.get(item=disputed)
    assert (found.value, found.status, found.confidence) == ("neutral", "adjudicated", 1)
    assert (taken.row.note, taken.row.by, taken.row.schema) == ("Neither.", adjudicator, project.schema)
    assert_slots_add_up(project)


def test_the_same_step_again_changes_nothing(disputed, adjudicator):
    first, second = decide(disputed, adjudicator), decide(disputed, adjudicator, NEGATIVE)

    assert (first.created, second.created) == (True, False)
    assert first.row == second.row
    assert Consensus.objects.get(item=disputed).value == "positive"


def test_the_second_expert_is_told_who_decided(disputed, adjudicator, manager):
    decide(disputed, adjudicator)

    with pytest.raises(Conflict, match="ada has decided"):
        decide(disputed, manager)


@pytest.mark.parametrize("answer", [{}, {"sentiment": "odd"}, {"other": 1}, [], None, "positive"])
def test_an_answer_that_the_questions_do_not_allow_decides_nothing(disputed, adjudicator, answer):
    with pytest.raises(InvalidAnswer):
        decide(disputed, adjudicator, answer)

    assert state(disputed) == "disputed"


def test_an_answer_that_says_nothing_decides_nothing(adjudicator, project, disputed):
    optional = [{**project.schema.questions[0], "required": False}]
    schemas.create_schema(project=project, by=project.created_by, fields=[], questions=optional)

    with pytest.raises(InvalidAnswer, match="at least one"):
        decide(disputed, adjudicator, {})


def test_who_answered_an_item_does_not_decide_it_unless_the_project_says_so(project, annotator, adjudicator):
    item = project.items.first()
    say(item, annotator, **POSITIVE)
    say(item, adjudicator, **NEGATIVE)

    with pytest.raises(NotAllowed, match="yourself"):
        decide(item, adjudicator)
    projects.change(project=project, by=project.created_by, adjudicate_own=True)
    decide(item, adjudicator)
    assert state(item) == "resolved"


STEPS = [
    lambda item, by: decide(item, by),
    lambda item, by: adjudication.reopen(item_id=item.pk, by=by, step=Step("r")),
    lambda item, by: adjudication.ask_for_more(item_id=item.pk, by=by, step=Step("m")),
    lambda item, by: adjudication.send_back(item_id=item.pk, by=by, step=Step("s", "Look.")),
    lambda item, by: adjudication.retire(item_id=item.pk, by=by, step=Step("x")),
    lambda item, by: adjudication.take_up(user=by, item_id=item.pk),
    lambda item, by: claim(by, item.project),
    lambda item, by: adjudication.let_go(user=by, project_id=item.project_id),
    lambda item, by: adjudication.decide_alike(
        project_id=item.project_id, item_ids=[item.pk], by=by, answer=POSITIVE, step=Step("n")
    ),
]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("role", ["annotator", "viewer", "stranger"])
def test_only_experts_take_steps(disputed, step, role, request):
    assert role == "stranger" or not may(role, Action.ADJUDICATE)

    with pytest.raises(NotFound if role == "stranger" else NotAllowed):
        step(disputed, request.getfixturevalue(role))
    assert not Adjudication.objects.exists()


@pytest.mark.parametrize("step", STEPS[:5])
def test_an_archived_project_is_left_alone(disputed, step, adjudicator, project):
    projects.archive(project=project, by=project.created_by)

    with pytest.raises(Conflict):
        step(disputed, adjudicator)
    assert claim(adjudicator, project) == []


def test_a_gold_question_is_not_decided_and_not_given_away(disputed, adjudicator, project, manager):
    gold.put(project=project, by=manager, items=[gold.Known(key=disputed.key, answer=NEGATIVE)])

    with pytest.raises(Conflict) as refused:
        decide(disputed, adjudicator)
    assert "gold" not in str(refused.value)
    assert Consensus.objects.get(item=disputed).status == "known"


def test_an_item_that_nobody_answered_is_not_decided(project, adjudicator):
    with pytest.raises(Conflict, match="Nobody has answered"):
        decide(project.items.first(), adjudicator)


def test_a_long_note_is_refused(disputed, adjudicator):
    with pytest.raises(InvalidInput, match="1000"):
        decide(disputed, adjudicator, note="x" * 1001)


# Taking back


def test_a_reopened_item_waits_for_an_expert_although_its_votes_agree(
    disputed, adjudicator, project, second_annotator
):
    decide(disputed, adjudicator)
    adjudication.reopen(item_id=disputed.pk, by=adjudicator, step=Step("r"))
    revise(Lease.objects.get(item=disputed, annotator=second_annotator).annotation, **POSITIVE)
    publish(project, disputed, confidence=0.999)

    assert state(disputed) == "disputed"
    assert claim(adjudicator, project) == [disputed.pk]
    decide(disputed, adjudicator, nonce="again")
    assert state(disputed) == "resolved"
    assert_slots_add_up(project)


def publish(project, item, *, confidence, value='"positive"'):
    found = Found(item.pk, "sentiment", value, '{"positive": 1.0}', confidence, 0.1, 2, True, "test")
    consensus.publish(
        project_id=project.pk,
        schema_id=project.schema_id,
        items=[item.pk],
        questions=["sentiment"],
        found=[found],
        touched=True,
    )


def test_what_a_label_model_finds_does_not_move_a_decided_item(disputed, adjudicator, project):
    decide(disputed, adjudicator, NEGATIVE)

    publish(project, disputed, confidence=0.3)

    found = Consensus.objects.get(item=disputed)
    assert (found.value, found.status, state(disputed)) == ("negative", "adjudicated", "resolved")


def test_there_is_nothing_to_reopen_without_a_decision(disputed, adjudicator):
    with pytest.raises(Conflict, match="nothing to reopen"):
        adjudication.reopen(item_id=disputed.pk, by=adjudicator, step=Step("r"))


def test_an_item_decided_before_all_had_answered_can_be_reopened(project, annotator, adjudicator):
    item = project.items.first()
    say(item, annotator, **POSITIVE)
    decide(item, adjudicator, NEGATIVE)
    adjudication.reopen(item_id=item.pk, by=adjudicator, step=Step("r"))

    assert (state(item), item.wanted, item.open_slots) == ("disputed", 1, 0)
    assert_slots_add_up(project)


def test_a_late_answer_to_a_decided_item_is_kept_and_changes_nothing(
    project, annotator, second_annotator, adjudicator
):
    item = project.items.first()
    say(item, annotator, **POSITIVE)
    turn = queue.next_leases(annotator=second_annotator, project=project).turns[0]
    decide(item, adjudicator)

    receipt = answers.submit(
        annotator=second_annotator, lease_id=turn.id, given=answers.Answer(NEGATIVE, "late")
    )

    assert receipt.created
    assert (turn.item_id, state(item)) == (item.pk, "resolved")
    assert_slots_add_up(project)


# Asking others


def test_one_more_answer_goes_to_somebody_who_has_not_had_it(disputed, adjudicator, project):
    third = make_member(project)
    adjudication.ask_for_more(item_id=disputed.pk, by=adjudicator, step=Step("m"))
    assert (state(disputed), disputed.wanted, disputed.open_slots) == ("open", 3, 1)
    say(disputed, third, **POSITIVE)

    assert state(disputed) == "disputed"
    assert_slots_add_up(project)


def test_nobody_is_asked_where_nobody_is_left(disputed, adjudicator, project):
    for member in project.memberships.exclude(user=adjudicator).filter(role__in=["owner", "manager"]):
        member.paused_reason = "Away."
        member.save()

    with pytest.raises(Conflict, match="Everybody who labels here"):
        adjudication.ask_for_more(item_id=disputed.pk, by=adjudicator, step=Step("m"))


def test_an_open_item_waits_already(project, adjudicator):
    with pytest.raises(Conflict, match="already"):
        adjudication.ask_for_more(item_id=project.items.first().pk, by=adjudicator, step=Step("m"))


def test_who_answered_gets_it_back_first_with_the_reason_and_a_revision_settles_it(
    disputed, adjudicator, project, annotator, second_annotator
):
    adjudication.send_back(item_id=disputed.pk, by=adjudicator, step=Step("s", "Read the last line."))
    assert claim(adjudicator, project) == []

    first, *rest = queue.next_leases(annotator=second_annotator, project=project, count=3).turns
    assert (first.item_id, len(rest)) == (disputed.pk, 2)
    assert first.reason == "Sent back for a second look: Read the last line."
    assert first.draft == '{"sentiment": "negative"}'
    answers.submit(annotator=second_annotator, lease_id=first.id, given=answers.Answer(POSITIVE, "again"))

    assert state(disputed) == "resolved"
    assert queue.next_leases(annotator=annotator, project=project).turns[0].item_id != disputed.pk
    assert Comment.objects.get(item=disputed).body == "Read the last line."
    assert_slots_add_up(project)


def test_who_stands_by_their_answer_gives_it_back_to_the_experts(
    disputed, adjudicator, project, annotator, second_annotator
):
    adjudication.send_back(item_id=disputed.pk, by=adjudicator, step=Step("s", "Sure?"))
    for person in (annotator, second_annotator):
        turn = queue.next_leases(annotator=person, project=project).turns[0]
        answers.skip(annotator=person, lease_id=turn.id)

    assert claim(adjudicator, project) == [disputed.pk]
    assert_slots_add_up(project)


def test_a_dispute_whose_annotators_are_gone_comes_back_to_the_experts(
    disputed, adjudicator, project, annotator, second_annotator
):
    adjudication.send_back(item_id=disputed.pk, by=adjudicator, step=Step("s", "Sure?"))
    members.remove(project=project, by=project.created_by, user_id=annotator.pk)
    assert claim(adjudicator, project) == []
    members.remove(project=project, by=project.created_by, user_id=second_annotator.pk)

    assert claim(adjudicator, project) == [disputed.pk]


def test_a_dispute_that_annotators_leave_lying_comes_back_after_a_week(disputed, adjudicator, project):
    adjudication.send_back(item_id=disputed.pk, by=adjudicator, step=Step("s", "Sure?"))
    Lease.objects.filter(state="again").update(created_at=timezone.now() - timedelta(days=8))

    assert claim(adjudicator, project) == [disputed.pk]


def test_sending_back_needs_words_and_a_dispute(disputed, adjudicator, project):
    with pytest.raises(InvalidInput, match="Say what"):
        adjudication.send_back(item_id=disputed.pk, by=adjudicator, step=Step("s", " "))
    with pytest.raises(Conflict, match="open"):
        adjudication.send_back(item_id=project.items.last().pk, by=adjudicator, step=Step("s", "Look."))


def test_a_decision_ends_the_second_look(disputed, adjudicator, project, annotator):
    adjudication.send_back(item_id=disputed.pk, by=adjudicator, step=Step("s", "Look."))
    decide(disputed, adjudicator)

    assert queue.next_leases(annotator=annotator, project=project).turns[0].item_id != disputed.pk
    assert not Lease.objects.filter(state="again").exists()


def test_a_retired_item_is_out_of_work_and_can_be_brought_back(disputed, adjudicator, manager, project):
    adjudication.retire(item_id=disputed.pk, by=adjudicator, step=Step("x", "Not a text."))
    assert (state(disputed), claim(adjudicator, project)) == ("retired", [])
    items.reopen(item_id=disputed.pk, by=manager)

    assert state(disputed) == "open"
    assert_slots_add_up(project)


# What managers do to decided items and gold questions


def test_one_more_answer_is_not_asked_about_what_an_expert_decided(disputed, adjudicator, manager, project):
    decide(disputed, adjudicator)

    with pytest.raises(Conflict, match="An expert has decided"):
        items.reopen(item_id=disputed.pk, by=manager)
    assert state(disputed) == "resolved"
    assert_slots_add_up(project)


def test_a_decided_item_comes_back_from_retirement_as_decided(disputed, adjudicator, manager, project):
    decide(disputed, adjudicator)
    items.retire(item_id=disputed.pk, by=manager)
    with pytest.raises(Conflict, match="retired"):
        adjudication.reopen(item_id=disputed.pk, by=adjudicator, step=Step("r"))
    items.reopen(item_id=disputed.pk, by=manager)

    assert state(disputed) == "resolved"
    assert_slots_add_up(project)


def test_more_overlap_leaves_to_the_expert_what_was_decided_or_opened_again(
    dispute, adjudicator, manager, project
):
    decided, reopened = dispute(0), dispute(1)
    for item in (decided, reopened):
        decide(item, adjudicator)
    adjudication.reopen(item_id=reopened.pk, by=adjudicator, step=Step("r"))
    projects.change(project=project, by=manager, annotations_per_item=3)

    assert (state(decided), state(reopened)) == ("resolved", "disputed")
    assert claim(adjudicator, project) == [reopened.pk]
    assert_slots_add_up(project)


def test_one_more_answer_to_what_was_opened_again_brings_it_back_to_the_experts(
    disputed, adjudicator, manager, project
):
    decide(disputed, adjudicator)
    adjudication.reopen(item_id=disputed.pk, by=adjudicator, step=Step("r"))
    items.reopen(item_id=disputed.pk, by=manager)
    assert state(disputed) == "open"
    say(disputed, make_member(project), **POSITIVE)

    assert state(disputed) == "disputed"
    assert claim(adjudicator, project) == [disputed.pk]
    assert_slots_add_up(project)


def test_a_gold_question_is_never_queued(disputed, manager, project):
    gold.put(project=project, by=manager, items=[gold.Known(key=disputed.key, answer=NEGATIVE)])
    with pytest.raises(Conflict, match="gold"):
        items.reopen(item_id=disputed.pk, by=manager)
    items.retire(item_id=disputed.pk, by=manager)
    items.reopen(item_id=disputed.pk, by=manager)

    assert state(disputed) == "resolved"
    assert disputed.open_slots <= 0


# The desk


def test_the_most_doubtful_come_first_and_stay_on_the_desk(dispute, adjudicator, project):
    first, second = dispute(0), dispute(1)
    type(first).objects.filter(pk=second.pk).update(doubt=0.9)

    assert claim(adjudicator, project, 1) == [second.pk]
    assert claim(adjudicator, project, 1) == [second.pk]
    assert claim(adjudicator, project, 1, passed=[second.pk]) == [first.pk]


def test_experts_get_different_disputes_until_a_claim_expires(dispute, adjudicator, manager, project):
    dispute(0), dispute(1)
    mine = claim(adjudicator, project, 1)
    assert set(claim(manager, project)).isdisjoint(mine)
    DisputeClaim.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert len(claim(manager, project)) == 2
    assert claim(adjudicator, project) == []


def test_what_an_expert_lets_go_others_get(dispute, adjudicator, manager, project):
    item = dispute()
    claim(adjudicator, project)
    with pytest.raises(Conflict, match="ada has this item"):
        adjudication.take_up(user=manager, item_id=item.pk)
    adjudication.let_go(user=adjudicator, project_id=project.pk)

    adjudication.take_up(user=manager, item_id=item.pk)
    assert claim(manager, project) == [item.pk]


def test_own_items_are_not_offered(project, annotator, adjudicator):
    item = project.items.first()
    say(item, annotator, **POSITIVE)
    say(item, adjudicator, **NEGATIVE)

    assert state(item) == "disputed"
    assert claim(adjudicator, project) == []


@pytest.mark.parametrize("count", [0, -1, 51])
def test_an_odd_count_is_refused(adjudicator, project, count):
    with pytest.raises(InvalidInput):
        claim(adjudicator, project, count)


# Several at once


def test_several_are_decided_each_by_itself(dispute, adjudicator, manager, project):
    first, second, third = dispute(0), dispute(1), dispute(2)
    decide(second, manager)
    elsewhere = make_project(items=1).items.get()

    decided, refused = adjudication.decide_alike(
        project_id=project.pk,
        item_ids=[first.pk, second.pk, third.pk, first.pk, elsewhere.pk],
        by=adjudicator,
        answer=POSITIVE,
        step=Step("all"),
    )

    assert decided == [first.pk, third.pk]
    assert set(refused) == {second.pk, elsewhere.pk}
    assert "mira has decided" in refused[second.pk]
    assert_slots_add_up(project)


def test_a_wrong_answer_or_too_many_items_decide_none(dispute, adjudicator, project):
    item = dispute()
    scope = {"project_id": project.pk, "by": adjudicator, "step": Step("all")}

    with pytest.raises(InvalidAnswer):
        adjudication.decide_alike(item_ids=[item.pk], answer={"sentiment": "odd"}, **scope)
    with pytest.raises(InvalidInput):
        adjudication.decide_alike(item_ids=range(501), answer=POSITIVE, **scope)
    assert state(item) == "disputed"


def test_steps_are_never_changed_or_deleted(disputed, adjudicator):
    decide(disputed, adjudicator)

    with pytest.raises(Exception, match="Cannot update"):
        Adjudication.objects.update(note="other")


def test_an_administrator_decides_without_being_a_member(disputed):
    root = make_user("root", is_superuser=True)

    assert claim(root, disputed.project) == [disputed.pk]
    assert decide(disputed, root).created


def test_a_decision_holds_again_when_its_item_is_no_gold_question_any_more(disputed, adjudicator, project):
    owner = project.created_by
    decide(disputed, adjudicator)
    gold.put(project=project, by=owner, items=[gold.Known(POSITIVE, key=disputed.key)])

    gold.remove(project=project, by=owner, item_id=disputed.pk)

    assert Consensus.objects.get(item=disputed).status == "adjudicated"
    assert state(disputed) == "resolved"
    assert_slots_add_up(project)
    adjudication.reopen(item_id=disputed.pk, by=adjudicator, step=Step("again"))
    assert state(disputed) == "disputed"
