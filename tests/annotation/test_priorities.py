"""Priorities: what is put first and why, what is put back, and what is asked about again."""

from __future__ import annotations

import pytest

from annotation.errors import InvalidInput
from annotation.models import Adjudication, Consensus, Item, Lease, Membership
from annotation.services import adjudication, consensus, gold, priorities, queue
from annotation.services.adjudication import Step
from annotation.services.answers import Answer, submit
from tests.annotation.gold_help import is_gold, make_gold_project, put
from tests.factories import make_items, make_member, make_project
from tests.invariants import assert_slots_add_up

pytestmark = pytest.mark.django_db
SAYS = {"sentiment": "positive"}


def ids(project):
    return list(project.items.order_by("pk").values_list("pk", flat=True))


def ranked(items, priority=1.0, reason="The model is unsure"):
    return [(item, priority - position / 100, reason) for position, item in enumerate(items)]


def take(person, project, count=1):
    return queue.next_leases(annotator=person, project=project, count=count).turns


def label(project, count, people=1, answer=SAYS):
    """So many first items answered by so many people, who are returned."""
    found = [make_member(project) for _ in range(people)]
    for person in found:
        for turn in take(person, project, count):
            submit(annotator=person, lease_id=turn.id, given=Answer(answer, f"{turn.id}"))
    settle(project)
    return found


def settle(project):
    """As if a worker had worked off what is due."""
    consensus.done(consensus.due(project_id=project.pk, most=1000)[1])


def places(project):
    return {item.pk: (item.priority, item.reason) for item in project.items.exclude(priority=0, reason="")}


# Publishing


def test_published_items_come_first_with_their_reason(project, annotator):
    chosen = ids(project)[3:5]
    found = priorities.publish(project_id=project.pk, ranked=ranked(chosen))

    turns = take(annotator, project, 3)

    assert found == chosen
    assert [turn.item_id for turn in turns[:2]] == chosen
    assert [turn.reason for turn in turns] == ["The model is unsure", "The model is unsure", "Next in order"]


def test_what_was_put_first_before_and_is_not_chosen_again_goes_back():
    project = make_project(items=6)
    first, second, third, *_ = ids(project)
    priorities.publish(project_id=project.pk, ranked=ranked([first, second]))

    priorities.publish(project_id=project.pk, ranked=ranked([second, third], 5), previous=[first, second])

    assert places(project) == {second: (5.0, "The model is unsure"), third: (4.99, "The model is unsure")}


def test_items_that_are_answered_or_given_out_meanwhile_stay_as_they_are(project, annotator):
    done, held, still = ids(project)[:3]
    first, _ = take(annotator, project, 2)
    submit(annotator=annotator, lease_id=first.id, given=Answer(SAYS, "n"))

    assert priorities.publish(project_id=project.pk, ranked=ranked([done, held, still])) == [still]
    assert set(places(project)) == {still}
    assert_slots_add_up(project)


def test_publishing_twice_is_publishing_once(project):
    again = {"project_id": project.pk, "ranked": ranked(ids(project)[:3]), "previous": ids(project)[3:]}
    first = priorities.publish(**again)
    before = places(project)

    assert priorities.publish(**again) == first
    assert places(project) == before


def test_who_had_passed_the_place_of_a_published_item_gets_it():
    project = make_project(items=80)
    worker = make_member(project)
    for _ in range(64):
        (turn,) = take(worker, project)
        submit(annotator=worker, lease_id=turn.id, given=Answer(SAYS, f"{turn.id}"))
    assert Membership.objects.get(user=worker).cursor_priority is not None

    priorities.publish(project_id=project.pk, ranked=ranked([ids(project)[79]]))

    assert take(worker, project)[0].item_id == ids(project)[79]


def test_items_of_other_projects_are_left_alone(project):
    other = make_project(items=1)

    assert priorities.publish(project_id=project.pk, ranked=ranked(ids(other)), previous=ids(other)) == []
    assert places(other) == {}


def test_long_reasons_are_cut_and_odd_priorities_refused(project):
    item = ids(project)[0]
    priorities.publish(project_id=project.pk, ranked=[(item, 1.0, "x\0" * 300)])

    assert len(Item.objects.get(pk=item).reason) == 200
    for odd in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(InvalidInput, match="above 0"):
            priorities.publish(project_id=project.pk, ranked=[(item, odd, "")])


def test_many_items_go_in_several_batches(monkeypatch):
    monkeypatch.setattr(priorities, "BATCH", 3)
    project = make_project(items=10)

    assert priorities.publish(project_id=project.pk, ranked=ranked(ids(project)[::-1])) == ids(project)


# Stream mode


def test_some_are_raised_and_the_others_stay():
    project = make_project(items=5)
    first, second, third, *_ = ids(project)
    priorities.publish(project_id=project.pk, ranked=ranked([first, second]))
    worker = make_member(project)
    Membership.objects.filter(user=worker).update(cursor_priority=0.0, cursor_item=third)

    found = priorities.raise_some(project_id=project.pk, ranked=[(second, 0.5, "lower"), (third, 3.0, "new")])

    assert found == [third]
    assert places(project)[second] == (0.99, "The model is unsure")
    assert [turn.item_id for turn in take(worker, project, 3)] == [third, first, second]


# Asking again


def test_a_settled_item_is_asked_about_again():
    project = make_project(items=5)
    label(project, 2)
    item = ids(project)[1]
    other = make_member(project)

    found = priorities.ask_again(project_id=project.pk, ranked=ranked([item], reason="In doubt"), most=2)
    (turn,) = take(other, project)

    assert found == [item]
    assert turn.item_id == item
    assert turn.reason == "In doubt; one person has answered it; 2 answers are wanted"
    assert_slots_add_up(project)


def test_asking_again_twice_asks_for_one_answer():
    project = make_project(items=2)
    label(project, 1)
    make_member(project)
    again = {"project_id": project.pk, "ranked": ranked(ids(project)[:1]), "most": 2}

    assert priorities.ask_again(**again) == priorities.ask_again(**again) == ids(project)[:1]
    assert Item.objects.get(pk=ids(project)[0]).wanted == 2


def test_no_item_gets_more_answers_than_it_may():
    project = make_project(items=1)
    people = [make_member(project) for _ in range(5)]
    for person in people:
        for turn in take(person, project):
            submit(annotator=person, lease_id=turn.id, given=Answer(SAYS, f"{turn.id}"))
        settle(project)
        priorities.ask_again(project_id=project.pk, ranked=ranked(ids(project)), most=2)

    assert Item.objects.get().answers == 3
    assert_slots_add_up(project)


def test_nobody_is_asked_where_nobody_is_left_to_ask():
    project = make_project(items=1)
    label(project, 1)

    assert priorities.ask_again(project_id=project.pk, ranked=ranked(ids(project)), most=2) == []
    assert not project.items.filter(state="open").exists()


def test_decided_known_disputed_retired_and_unsettled_items_are_not_asked_about():
    project = make_project(items=6, annotations_per_item=2)
    decided, known, disputed, retired, due, fine = ids(project)
    label(project, 6, people=2)
    make_member(project)
    adjudication.decide(item_id=decided, by=project.created_by, answer=SAYS, step=Step("d"))
    put(project, Item.objects.get(pk=known).key)
    Item.objects.filter(pk=disputed).update(state="disputed")
    queue.retire(project=project, item_ids=[retired])
    settle(project)
    consensus.mark_due(project_id=project.pk, items=[due])

    found = priorities.ask_again(project_id=project.pk, ranked=ranked(ids(project)), most=2)

    assert Adjudication.objects.exists()
    assert Consensus.objects.filter(status="known").exists()
    assert found == [fine]


# Blind


def test_a_gold_question_has_the_reason_of_the_item_beside_it_and_keeps_it():
    project = make_gold_project(gold_questions=4, gold_rate=0.5, items=30, annotations_per_item=3)
    make_items(project, 2)
    chosen = ids(project)[:20]
    priorities.publish(project_id=project.pk, ranked=ranked(chosen))
    person = make_member(project)
    fresh = take(person, project, 8)
    priorities.publish(project_id=project.pk, ranked=[], previous=ids(project)[20:])
    held = take(person, project, 8)

    assert sum(is_gold(turn) for turn in fresh) == 4
    assert {turn.reason for turn in (*fresh, *held)} == {"The model is unsure"}


def test_a_gold_question_among_items_that_are_asked_again_says_so_too():
    project = make_gold_project(gold_questions=4, gold_rate=0.5, items=30)
    label(project, 10)
    person = make_member(project)
    done = list(project.items.filter(state="resolved", gold=None).values_list("pk", flat=True))
    priorities.ask_again(project_id=project.pk, ranked=ranked(done, reason="In doubt"), most=1)

    turns = take(person, project, 4)

    assert sum(is_gold(turn) for turn in turns) == 2
    assert len({turn.reason for turn in turns}) == 1
    assert "one person has answered it" in turns[0].reason


def test_an_ordinary_item_that_was_gold_shows_its_own_reason_again():
    project = make_gold_project(gold_questions=1, gold_rate=0.5, items=1)
    priorities.publish(project_id=project.pk, ranked=ranked(ids(project)[:1]))
    person = make_member(project)
    turn = next(turn for turn in take(person, project, 2) if is_gold(turn))
    gold.remove(project=project, by=project.created_by, item_id=turn.item_id)

    reasons = {held.id: held.reason for held in take(person, project, 2)}

    assert Lease.objects.get(pk=turn.id).mask["reason"] == "The model is unsure"
    assert reasons[turn.id] == "Next in order"


# The end of the queue


def test_items_that_somebody_locks_at_this_moment_do_not_look_like_the_end(project, annotator, monkeypatch):
    monkeypatch.setattr(queue.sql, "take", lambda count, suggest: "SELECT WHERE false")

    assert queue.next_leases(annotator=annotator, project=project).status == "busy"
