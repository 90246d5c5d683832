"""When rounds start: asked for, or by themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from active.models import LearningSettings, Round
from active.services import learning, requests
from annotation.errors import Conflict, InvalidInput, NotAllowed
from annotation.models import Item, Membership, Project, User
from tests.factories import make_project, make_schema

RATING = [{"name": "stars", "type": "rating", "title": "Stars"}]
FREE = [{"name": "why", "type": "text", "title": "Why?"}]


@pytest.fixture
def settings_row(project: Project) -> LearningSettings:
    return LearningSettings.objects.create(project=project, new_labels=20)


def ended(project: Project, state: str = "done", **values: Any) -> Round:
    number = Round.objects.filter(project=project).count() + 1
    defaults = {"question": "sentiment", "schema": project.schema, "trigger": "rest", "strategy": "adaptive"}
    now = timezone.now()
    return Round.objects.create(
        project=project, number=number, batch=10, state=state, finished_at=now, **{**defaults, **values}
    )


def answered(project: Project, count: int) -> None:
    Membership.objects.filter(project=project, role="owner").update(answered=count)


def test_asking_twice_is_asking_once(project: Project, owner: User) -> None:
    first = requests.request(project=project, by=owner)

    assert requests.request(project=project, by=owner) == first
    assert (first.number, first.question, first.strategy, first.batch) == (1, "sentiment", "adaptive", 100)


def test_another_one_has_to_wait(project: Project, owner: User) -> None:
    requests.request(project=project, by=owner)

    with pytest.raises(Conflict, match="Round 1 is under way"):
        requests.request(project=project, by=owner, strategy="random")


def test_strategy_and_size_are_checked_together(project: Project, owner: User) -> None:
    with pytest.raises(InvalidInput) as refused:
        requests.request(project=project, by=owner, strategy="magic", n=0)

    assert [fault.path for fault in refused.value.faults] == [("acquisition",), ("n",)]


def test_only_who_configures_asks(project: Project, annotator: User) -> None:
    with pytest.raises(NotAllowed):
        requests.request(project=project, by=annotator)


def test_free_text_is_not_learned(owner: User) -> None:
    project = make_project(owner=owner, questions=FREE, items=3)

    with pytest.raises(Conflict, match="no question that a model can learn"):
        requests.request(project=project, by=owner)


def test_the_first_round_starts_when_learning_is_turned_on(project: Project, owner: User) -> None:
    learning.turn_on(project=project, by=owner)

    requests.start_due()

    assert [row.trigger for row in Round.objects.all()] == ["start"]


def test_without_items_nothing_starts(owner: User) -> None:
    learning.turn_on(project=make_project(owner=owner), by=owner)

    requests.start_due()

    assert not Round.objects.exists()


@pytest.mark.parametrize(("given", "labels", "trigger"), [(19, 0, None), (20, 0, "labels"), (20, 5000, None), (50, 5000, "labels")])  # fmt: skip
def test_enough_new_answers(
    project: Project, settings_row: LearningSettings, given: int, labels: int, trigger: str | None
) -> None:
    Item.objects.filter(project=project).update(priority=1.5)
    ended(project, answers=100, labels=labels)
    answered(project, 100 + given)

    assert requests.trigger_of(settings_row) == trigger


def test_a_failed_one_is_tried_again_after_a_rest(project: Project, settings_row: LearningSettings) -> None:
    ended(project, "failed", answers=0)
    answered(project, 30)

    assert requests.trigger_of(settings_row) is None
    assert requests.trigger_of(settings_row, timezone.now() + timedelta(minutes=11)) == "labels"


def test_by_schedule_only_with_new_answers(project: Project, settings_row: LearningSettings) -> None:
    settings_row.every_minutes = 5
    Item.objects.filter(project=project).update(priority=1.5)
    ended(project, answers=7)
    later = timezone.now() + timedelta(minutes=6)
    answered(project, 7)
    assert requests.trigger_of(settings_row, later) is None

    answered(project, 8)

    assert requests.trigger_of(settings_row, later) == "schedule"


def test_when_the_queue_runs_low(project: Project, settings_row: LearningSettings) -> None:
    ended(project, answers=0)
    answered(project, 5)
    first, second, *_ = Item.objects.filter(project=project).order_by("pk")

    assert requests.trigger_of(settings_row) == "dry"
    Item.objects.filter(pk__in=[first.pk, second.pk]).update(priority=1.5)
    assert requests.trigger_of(settings_row) is None


def test_archived_projects_rest(project: Project, settings_row: LearningSettings) -> None:
    Project.objects.filter(pk=project.pk).update(archived_at=timezone.now())

    requests.start_due()

    assert not Round.objects.exists()


def test_cancelling(project: Project, owner: User) -> None:
    round = requests.request(project=project, by=owner)

    assert requests.cancel(round=round, by=owner).state == "cancelled"
    assert not requests.enter(round, Round.State.TRAINING)


def test_half_a_queue_is_none(project: Project, owner: User) -> None:
    round = requests.request(project=project, by=owner)
    requests.enter(round, Round.State.CHOOSING)

    with pytest.raises(Conflict, match="done in a moment"):
        requests.cancel(round=round, by=owner)


def test_the_chosen_question_is_learned_while_it_is_asked(project: Project, owner: User) -> None:
    make_schema(project, [*project.schema.questions, *RATING])  # type: ignore[union-attr]
    row = learning.change(project=project, by=owner, question="stars")
    question = learning.learned_question(project, row)
    assert question is not None
    assert question["name"] == "stars"

    make_schema(project)

    question = learning.learned_question(project, row)
    assert question is not None
    assert question["name"] == "sentiment"


def test_settings_are_refused_with_every_fault(project: Project, owner: User) -> None:
    with pytest.raises(InvalidInput) as refused:
        learning.change(project=project, by=owner, strategy="magic", learner="oracle", question="nothing")

    assert [fault.path for fault in refused.value.faults] == [("strategy",), ("learner",), ("question",)]
    assert not LearningSettings.objects.filter(strategy="magic").exists()
