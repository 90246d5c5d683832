"""The consensus follows what people say, and moves items as the project's rules say."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.db import connection

from annotation.models import Consensus, ConsensusDue, Project, User
from annotation.services import answers, gold, projects, queue
from annotation.services.answers import Answer
from labelmodel.models import LabelModelRun, SourceQuality
from labelmodel.services import refresh
from tests.factories import make_member, make_project
from tests.invariants import assert_slots_add_up

pytestmark = pytest.mark.django_db


def say(project: Project, person: User, *values: Any, question: str = "sentiment") -> None:
    """This person answers the next items of the queue by these values."""
    for value in values:
        (turn,) = queue.next_leases(annotator=person, project=project, count=1).turns
        given = Answer({question: value}, nonce=f"{person.pk}-{turn.id}")
        answers.submit(annotator=person, lease_id=turn.id, given=given)


def refreshed(project: Project) -> dict[str, Any]:
    refresh.refresh(project_id=project.pk)
    rows = Consensus.objects.filter(project=project).order_by("item__key")
    return {row.item.key: row for row in rows.select_related("item")}


def people(project: Project, count: int) -> list[User]:
    return [make_member(project) for _ in range(count)]


def test_every_answered_item_gets_a_consensus_with_what_it_rests_on() -> None:
    project = make_project(items=3, annotations_per_item=2)
    for person in people(project, 2):
        say(project, person, "positive", "negative")

    found = refreshed(project)

    assert {key: row.value for key, row in found.items()} == {
        "item-00000": "positive",
        "item-00001": "negative",
    }
    first = found["item-00000"]
    assert (first.votes, first.unanimous, first.status, first.kinds) == (2, True, "auto", ["person"])
    assert 0.5 < first.confidence < 1
    assert 0 < first.entropy < 1.6
    assert first.run == LabelModelRun.objects.get().pk
    assert not ConsensusDue.objects.exists()


def test_two_who_disagree_leave_a_dispute() -> None:
    project = make_project(items=1, annotations_per_item=2)
    one, other = people(project, 2)
    say(project, one, "positive")
    say(project, other, "negative")

    row = refreshed(project)["item-00000"]

    item = project.items.get()
    assert (item.state, row.unanimous) == ("disputed", False)
    assert item.doubt == pytest.approx(1 - row.confidence)
    assert_slots_add_up(project)


def test_a_project_may_ask_more_people_where_it_is_worth_it() -> None:
    project = make_project(items=2, annotations_per_item=2, annotations_at_most=4)
    one, other, third, fourth = people(project, 4)
    say(project, one, "positive", "positive")
    say(project, other, "positive", "negative")

    states = project.items.order_by("key").values_list("state", "wanted")
    assert list(states) == [("resolved", 2), ("open", 3)]
    say(project, third, "positive")
    say(project, fourth, "positive")
    assert queue.next_leases(annotator=third, project=project, count=5).status == "finished"
    refreshed(project)
    assert_slots_add_up(project)


def test_sources_that_are_often_right_settle_what_is_disputed() -> None:
    project = make_project(items=40, annotations_per_item=3, target_confidence=0.8)
    good, fine, bad = people(project, 3)
    truth = ["positive", "negative"] * 20
    say(project, good, *truth)
    say(project, fine, *truth)
    say(project, bad, *["positive"] * 40)

    found = refreshed(project)

    assert {row.value for row in list(found.values())[1::2]} == {"negative"}
    assert not project.items.filter(state="disputed").exists()
    quality = {row.source_id: row for row in SourceQuality.objects.filter(project=project)}
    assert quality[good.pk].accuracy > 0.9 > quality[bad.pk].accuracy
    assert quality[good.pk].low < quality[good.pk].accuracy < quality[good.pk].high


def test_the_next_answer_touches_only_its_item() -> None:
    project = make_project(items=30, annotations_per_item=2)
    one, other = people(project, 2)
    say(project, one, *["positive", "negative"] * 15)
    before = refreshed(project)
    say(project, other, "positive")

    after = refreshed(project)

    assert after["item-00001"].updated_at == before["item-00001"].updated_at
    assert after["item-00000"].votes == 2
    assert LabelModelRun.objects.count() == 1


def test_a_rating_reads_as_a_number_and_a_number_by_its_median() -> None:
    questions = [{"name": "stars", "type": "rating"}, {"name": "cost", "type": "number"}]
    project = make_project(items=1, annotations_per_item=3, questions=questions)
    for person, stars, cost in zip(people(project, 3), [4, 4, 2], [10, 12.5, 90], strict=True):
        (turn,) = queue.next_leases(annotator=person, project=project).turns
        answers.submit(
            annotator=person, lease_id=turn.id, given=Answer({"stars": stars, "cost": cost}, f"n{person.pk}")
        )

    refresh.refresh(project_id=project.pk)

    values = dict(Consensus.objects.values_list("question", "value"))
    assert values == {"stars": 4, "cost": 12.5}
    assert Consensus.objects.get(question="cost").method == "median"


def test_labels_of_a_set_are_judged_one_by_one() -> None:
    labels = [{"value": value} for value in ("a", "b", "c")]
    project = make_project(
        items=2,
        annotations_per_item=3,
        questions=[{"name": "tags", "type": "multiple_choice", "labels": labels}],
    )
    for person, tags in zip(people(project, 3), [["a", "b"], ["a", "b"], ["a"]], strict=True):
        say(project, person, tags, ["c"], question="tags")

    found = refreshed(project)

    assert found["item-00000"].value == ["a", "b"]
    assert found["item-00001"].value == ["c"]
    assert set(found["item-00000"].distribution) == {"a", "b"}


def test_known_answers_are_evidence_and_stand() -> None:
    project = make_project(items=3, annotations_per_item=2)
    gold.put(
        project=project, by=project.created_by, items=[gold.Known({"sentiment": "neutral"}, key="item-00000")]
    )
    one, other = people(project, 2)
    say(project, one, "positive", "positive")
    say(project, other, "positive", "positive")

    found = refreshed(project)

    assert (found["item-00000"].value, found["item-00000"].status) == ("neutral", "known")
    assert found["item-00001"].value == "positive"


def test_another_target_is_held_against_what_is_there() -> None:
    project = make_project(items=1, annotations_per_item=2, annotations_at_most=3, target_confidence=0.5)
    for person in people(project, 2):
        say(project, person, "positive")
    refreshed(project)
    assert project.items.get().state == "resolved"

    projects.change(project=project, by=project.created_by, target_confidence=1.0)
    refreshed(project)

    assert (project.items.get().state, project.items.get().wanted) == ("open", 3)
    assert_slots_add_up(project)


def test_two_workers_do_not_refresh_one_project_at_once() -> None:
    project, other = make_project(items=1), make_project(items=1)
    for one in (project, other):
        say(one, people(one, 1)[0], "positive")
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as second:
        second.execute("SELECT pg_advisory_lock(hashtextextended('consensus', %s))", [project.pk])

        refresh.refresh(project_id=project.pk)
        refresh.refresh(project_id=other.pk)

        assert list(ConsensusDue.objects.values_list("project", flat=True)) == [project.pk]
        second.execute("SELECT pg_advisory_unlock_all()")
    assert refreshed(project)


def test_nothing_to_do_is_nothing_done() -> None:
    project = make_project(items=1)

    assert refreshed(project) == {}
    assert not LabelModelRun.objects.exists()


def test_the_first_person_to_answer_does_not_outweigh_the_second() -> None:
    project = make_project(items=3, annotations_per_item=2)
    one, other = people(project, 2)
    say(project, one, "positive", "positive", "positive")
    refreshed(project)
    say(project, other, "negative", "negative", "negative")

    found = refreshed(project)

    assert all(row.confidence < 0.6 for row in found.values())
    assert project.items.filter(state="disputed").count() == 3
