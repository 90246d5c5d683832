"""Runs as pending work: when a fit is wanted, who may ask for one, and what becomes of those that nobody finished."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from annotation.errors import Conflict, InvalidInput, NotAllowed
from annotation.models import Consensus, ConsensusDue, Project, User
from annotation.services import consensus, members
from annotation.services.schemas import create_schema
from labelmodel.methods import DEFAULT
from labelmodel.models import LabelModelRun, SourceQuality
from labelmodel.services import refresh, runs
from labelmodel.tasks import sweep
from tests.factories import make_member, make_project
from tests.invariants import assert_slots_add_up
from tests.labelmodel.services.test_refresh import people, say

pytestmark = pytest.mark.django_db
State = LabelModelRun.State
TRUTH = ["positive", "negative", "neutral", "positive"] * 3


@pytest.fixture
def project() -> Project:
    """Twelve items that two people answered, refreshed."""
    project = make_project(items=12, annotations_per_item=2)
    for person in people(project, 2):
        say(project, person, *TRUTH)
    refresh.refresh(project_id=project.pk)
    return project


def age(run: LabelModelRun, **by: float) -> None:
    LabelModelRun.objects.filter(pk=run.pk).update(finished_at=timezone.now() - timedelta(**by))


def change(project: Project) -> None:
    consensus.mark_due(project_id=project.pk, items=[project.items.earliest("pk").pk])
    refresh.refresh(project_id=project.pk)


def test_what_was_due_before_the_fit_is_no_reason_for_another(project: Project) -> None:
    run = LabelModelRun.objects.get()

    assert (run.state, run.changed, run.items, run.votes) == ("done", 0, 12, 24)
    assert SourceQuality.objects.filter(run=run).count() == 2


def test_a_small_change_waits_until_the_last_fit_is_a_minute_old(project: Project) -> None:
    change(project)
    run = LabelModelRun.objects.get()
    assert (run.changed, runs.due_projects()) == (1, [])

    age(run, minutes=2)

    assert runs.due_projects() == [project.pk]
    refresh.refresh(project_id=project.pk)
    assert LabelModelRun.objects.count() == 2
    assert runs.due_projects() == []


def test_much_change_is_fitted_at_once(project: Project) -> None:
    for item in project.items.all():
        consensus.mark_due(project_id=project.pk, items=[item.pk] * 2)

    refresh.refresh(project_id=project.pk)

    assert LabelModelRun.objects.filter(state=State.DONE).count() == 2
    assert list(LabelModelRun.objects.order_by("pk").values_list("changed", flat=True)) == [0, 0]


def test_a_fit_that_fails_is_not_tried_again_before_more_has_come(project: Project) -> None:
    run = LabelModelRun.objects.get()
    LabelModelRun.objects.filter(pk=run.pk).update(state=State.FAILED, error="No.")
    before = {row.item_id: row.value for row in Consensus.objects.all()}
    age(run, hours=1)

    change(project)

    assert LabelModelRun.objects.count() == 1
    assert {row.item_id: row.value for row in Consensus.objects.all()} == before
    assert Consensus.objects.filter(method="majority", run=None).count() == 1


def test_what_is_asked_for_twice_waits_once(project: Project, owner: User) -> None:
    by = project.created_by
    (first,) = runs.request(project=project, by=by, method="dawid_skene")
    (again,) = runs.request(project=project, by=by, question="sentiment", method="dawid_skene")

    assert first == again
    assert (first.state, first.requested_by) == ("waiting", by)
    assert runs.due_projects() == [project.pk]


def test_another_method_is_compared_and_decides_nothing(project: Project) -> None:
    before = list(Consensus.objects.order_by("pk").values_list("value", "method", "run"))
    runs.request(project=project, by=project.created_by, method="dawid_skene")

    refresh.refresh(project_id=project.pk)

    run = LabelModelRun.objects.get(method="dawid_skene")
    assert run.state == "done"
    assert run.comparison["items"] == 12
    assert run.comparison["differ"] == 0
    assert run.comparison["left_out"] == 12
    assert run.comparison["log_likelihood"] < 0
    assert list(Consensus.objects.order_by("pk").values_list("value", "method", "run")) == before


def test_a_run_whose_worker_died_is_begun_again_and_given_up_after_three_times(project: Project) -> None:
    run = LabelModelRun.objects.get()
    LabelModelRun.objects.filter(pk=run.pk).update(state=State.RUNNING, attempts=1)
    assert runs.due_projects() == [project.pk]

    refresh.refresh(project_id=project.pk)
    assert LabelModelRun.objects.get().state == "done"
    assert LabelModelRun.objects.get().attempts == 2

    LabelModelRun.objects.filter(pk=run.pk).update(state=State.RUNNING, attempts=3)
    refresh.refresh(project_id=project.pk)
    run = LabelModelRun.objects.get()
    assert (run.state, run.error) == ("failed", runs.LOST)


def test_without_votes_a_fit_fails_in_words_and_nobody_has_a_quality(project: Project) -> None:
    project.leases.update(state="set_aside")
    consensus.mark_all_due(project_id=project.pk)

    refresh.refresh(project_id=project.pk)

    assert not Consensus.objects.exists()
    runs.request(project=project, by=project.created_by)
    refresh.refresh(project_id=project.pk)
    assert LabelModelRun.objects.latest("pk").error == runs.NO_VOTES
    assert not SourceQuality.objects.exists()


def test_a_removed_question_leaves_no_consensus_behind(project: Project) -> None:
    question = {"name": "mood", "type": "single_choice", "labels": [{"value": "a"}, {"value": "b"}]}
    create_schema(
        project=project,
        by=project.created_by,
        fields=[],
        questions=[question],
        mapping={"sentiment": None},
    )

    refresh.refresh(project_id=project.pk)

    assert not Consensus.objects.filter(question="sentiment").exists()
    assert runs.due_projects() == []


def test_who_left_keeps_the_votes_that_they_cast(project: Project) -> None:
    person = project.memberships.filter(role="annotator").first().user
    members.remove(project=project, by=project.created_by, user_id=person.pk)
    runs.request(project=project, by=project.created_by)

    refresh.refresh(project_id=project.pk)

    assert LabelModelRun.objects.latest("pk").votes == 24
    assert SourceQuality.objects.filter(source=person).exists()


def test_an_item_with_newer_votes_is_left_to_them(project: Project) -> None:
    item = project.items.earliest("pk")
    consensus.mark_due(project_id=project.pk, items=[item.pk])
    (newer,) = ConsensusDue.objects.all()
    scope: dict[str, Any] = {"project_id": project.pk, "schema_id": project.schema_id, "items": [item.pk]}

    consensus.publish(**scope, found=[], touched=True, rows=[])
    assert Consensus.objects.filter(item=item).exists()
    consensus.publish(**scope, found=[], touched=True, rows=[newer.pk])
    assert not Consensus.objects.filter(item=item).exists()


def test_a_mere_refit_does_not_dispute_what_it_hardly_doubts(project: Project) -> None:
    item = project.items.earliest("pk")
    Consensus.objects.filter(item=item).update(unanimous=False, confidence=0.94)
    scope: dict[str, Any] = {"project_id": project.pk, "schema_id": project.schema_id, "items": [item.pk]}

    for touched, state in ((False, "resolved"), (True, "disputed")):
        consensus.publish(**scope, found=[], questions=[], touched=touched)
        item.refresh_from_db()
        assert item.state == state
    assert_slots_add_up(project)


@pytest.mark.parametrize("role", ["adjudicator", "annotator", "viewer"])
def test_only_who_configures_asks_for_a_fit(project: Project, role: str) -> None:
    with pytest.raises(NotAllowed):
        runs.request(project=project, by=make_member(project, role))


def test_unknown_methods_and_questions_are_refused_by_name(project: Project) -> None:
    by = project.created_by
    with pytest.raises(InvalidInput, match="partial_pooling"):
        runs.request(project=project, by=by, method="oracle")
    with pytest.raises(InvalidInput, match="sentiment"):
        runs.request(project=project, by=by, question="mood")
    other = make_project(questions=[{"name": "why", "type": "text"}])
    with pytest.raises(Conflict):
        runs.request(project=other, by=other.created_by)


def test_only_the_latest_runs_keep_what_they_learned(project: Project) -> None:
    for _ in range(3):
        runs.request(project=project, by=project.created_by)
        refresh.refresh(project_id=project.pk)

    kept = [bool(run.parameters) for run in LabelModelRun.objects.filter(method=DEFAULT).order_by("pk")]
    assert kept == [False, False, True, True]


def test_the_sweep_finds_what_waits(project: Project, settings: Any) -> None:
    from config.celery import app

    runs.request(project=project, by=project.created_by)
    app.conf.task_always_eager = True
    try:
        sweep()
    finally:
        app.conf.task_always_eager = False

    assert not LabelModelRun.objects.filter(state=State.WAITING).exists()
