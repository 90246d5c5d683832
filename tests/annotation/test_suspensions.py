"""A member below the bar: what becomes of them, and of what they said meanwhile."""

from __future__ import annotations

import json

import pytest

from annotation.errors import Conflict, NotAllowed
from annotation.models import Annotation, Consensus, GoldQuestion, Lease, Membership, Suspension
from annotation.reports.export_sql import Wanted
from annotation.reports.exports import stream
from annotation.services import adjudication, gold_sql, projects, suspensions
from annotation.services.answers import Answer, revise, set_overlap
from tests.annotation.gold_help import OTHER, WRONG, make_gold_project, say, take, work
from tests.factories import make_member
from tests.invariants import assert_slots_add_up

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def project():
    return make_gold_project(gold_questions=30, gold_rate=0.5, gold_bar=0.6)


@pytest.fixture
def person(project):
    """Somebody who answered at random until the rule paused them."""
    person = make_member(project)
    work(person, project, 50, to_gold=WRONG)
    return person


def doubtful(person):
    """The items whose answers are in doubt."""
    one = Suspension.objects.get()
    said = Annotation.objects.filter(annotator=person, pk__range=(one.first_annotation, one.last_annotation))
    return set(said.values_list("item", flat=True)) - set(GoldQuestion.objects.values_list("item", flat=True))


def set_aside(project):
    return suspensions.set_aside(suspension_id=Suspension.objects.get().pk, by=project.created_by)


def test_what_was_said_below_the_bar_is_asked_of_others_and_never_of_the_same_person(project, person):
    items = doubtful(person)

    assert set_aside(project) == len(items) > 0
    assert set(Lease.objects.filter(state="set_aside").values_list("item", flat=True)) == items
    assert_slots_add_up(project)
    suspensions.lift(project=project, by=project.created_by, user_id=person.pk)
    assert not items & {turn.item_id for turn in take(person, project, 50).turns}
    assert items <= {turn.item_id for turn in take(make_member(project), project, 50).turns}


def test_answers_from_before_and_gold_stay_as_they_are(project, person):
    set_aside(project)
    kept = Lease.objects.filter(annotator=person, state="submitted")

    assert kept.filter(item__gold__isnull=False).count() == 5
    assert (
        Annotation.objects.filter(annotator=person).count() == Lease.objects.exclude(annotation=None).count()
    )


def test_let_stand_closes_the_matter(project, person):
    one = Suspension.objects.get()
    suspensions.let_stand(suspension_id=one.pk, by=project.created_by)
    one.refresh_from_db()

    assert (one.set_aside, one.closed_by) == (None, project.created_by)
    assert not Lease.objects.filter(state="set_aside").exists()
    with pytest.raises(Conflict, match="settled already"):
        set_aside(project)


def test_an_interrupted_run_is_finished_by_the_next_and_counts_all(project, person, monkeypatch):
    items = doubtful(person)
    monkeypatch.setattr(gold_sql, "SET_ASIDE", gold_sql.SET_ASIDE.replace("LIMIT 1000", "LIMIT 1"))
    suspensions._set_aside_batch(Suspension.objects.get())
    assert_slots_add_up(project)

    assert set_aside(project) == len(items)
    assert_slots_add_up(project)


def test_a_revised_answer_is_still_in_doubt(project, person):
    item = min(doubtful(person))
    Membership.objects.filter(user=person).update(paused_reason="")
    said = Annotation.objects.get(item=item)
    revise(annotator=person, annotation_id=said.pk, given=Answer(WRONG, "later"))
    set_aside(project)

    assert Lease.objects.get(item=item).state == "set_aside"
    assert_slots_add_up(project)


def test_what_an_expert_decided_stays_decided_and_nobody_is_asked(project, person):
    item = min(doubtful(person))
    adjudication.decide(item_id=item, by=project.created_by, answer=OTHER, step=adjudication.Step("n"))
    set_aside(project)

    found = project.items.get(pk=item)
    assert (found.state, Consensus.objects.get(item=item).status) == ("resolved", "adjudicated")
    assert_slots_add_up(project)


def test_what_an_expert_has_opened_again_waits_for_the_expert(project, person):
    item = min(doubtful(person))
    for step in (adjudication.decide, adjudication.reopen):
        answer = {"answer": OTHER} if step is adjudication.decide else {}
        step(item_id=item, by=project.created_by, step=adjudication.Step(step.__name__), **answer)
    set_aside(project)

    assert project.items.get(pk=item).state == "disputed"


def test_with_more_answers_than_wanted_the_others_decide(project, person):
    item = min(doubtful(person))
    projects.change(project=project, by=project.created_by, annotations_per_item=3)
    project.refresh_from_db()
    for _ in range(2):
        other = make_member(project)
        turn = next(turn for turn in take(other, project, 50).turns if turn.item_id == item)
        say(other, turn, OTHER)
    set_overlap(project=project, wanted=1)
    type(project).objects.filter(pk=project.pk).update(annotations_per_item=1)
    set_aside(project)

    found = project.items.get(pk=item)
    assert (found.state, found.answers, found.wanted) == ("resolved", 2, 1)


def test_only_those_who_manage_members_may(project, person):
    one = Suspension.objects.get()

    for act in (suspensions.set_aside, suspensions.let_stand):
        with pytest.raises(NotAllowed):
            act(suspension_id=one.pk, by=make_member(project, "adjudicator"))
    with pytest.raises(NotAllowed):
        suspensions.lift(project=project, by=person, user_id=person.pk)


def test_an_export_says_which_answers_do_not_count(project, person):
    rows = [json.loads(line) for line in b"".join(stream(Wanted(project.pk))).splitlines()]
    assert {row["counts"] for row in rows} == {True}
    items = doubtful(person)
    set_aside(project)

    rows = [json.loads(line) for line in b"".join(stream(Wanted(project.pk))).splitlines()]
    assert {row["item_id"] for row in rows if not row["counts"]} == items
    table = b"".join(stream(Wanted(project.pk, format="csv"))).decode().splitlines()
    place = table[0].split(",").index('"counts"')
    assert [line.split(",")[place] for line in table[1:]].count("false") == len(items)
