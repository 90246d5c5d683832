"""When a label model for functions is fitted anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from annotation.models import ConsensusDue, Project
from labelmodel.estimators import DEFAULT_FOR_FUNCTIONS
from labelmodel.models import LabelingFunction, WeakRun, WeakSettings
from labelmodel.services import functions, run_requests, weak, weak_due
from labelmodel.services.weak_due import Standing
from tests.labelmodel.weak_help import add_function, cast, fit, label, make_weak

NOW = timezone.now()
STANDING = Standing([1, 2], ["a", "b"], 1000, 5000, "s", 50, 0, {})


def run(**values: object) -> WeakRun:
    """A run that is done a second ago and rests on STANDING."""
    defaults = {
        "state": "done", "rests_on": STANDING.as_json(), "labeled": 50, "seconds": 0.5,
        "finished_at": NOW - timedelta(seconds=1),
    }  # fmt: skip
    return WeakRun(**{**defaults, **values})


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (STANDING, ""),
        (replace(STANDING, sources=[1]), "votes"),
        (replace(STANDING, labels=["a"]), "votes"),
        (replace(STANDING, balance={"a": 0.2, "b": 0.8}), "settings"),
        (replace(STANDING, answers=54), ""),
        (replace(STANDING, answers=55), "labels"),
        (replace(STANDING, items=1090, stamp="t"), ""),
        (replace(STANDING, items=1110, stamp="t"), "votes"),
        (replace(STANDING, votes=4000, stamp="t"), "votes"),
    ],
)
def test_a_tenth_is_enough_at_once(now: Standing, why: str) -> None:
    assert weak_due.behind(run(), now, NOW) == why


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (STANDING, ""),
        (replace(STANDING, answers=51), "labels"),
        (replace(STANDING, stamp="t"), "votes"),
        (replace(STANDING, decided=3), "labels"),
    ],
)
def test_anything_is_enough_after_a_rest(now: Standing, why: str) -> None:
    rested = run(finished_at=NOW - timedelta(seconds=61))

    assert weak_due.behind(rested, now, NOW) == why
    assert weak_due.behind(run(finished_at=NOW - timedelta(seconds=61), seconds=60.0), now, NOW) == ""


def test_one_that_failed_is_not_tried_again_on_the_same() -> None:
    failed = run(state="failed", finished_at=NOW - timedelta(days=1))

    assert weak_due.behind(failed, replace(STANDING, stamp="t"), NOW) == ""
    assert weak_due.behind(failed, replace(STANDING, sources=[3]), NOW) == "votes"


def test_one_that_was_cancelled_before_it_began_comes_not_at_once() -> None:
    cancelled = run(state="cancelled", rests_on={}, finished_at=NOW - timedelta(minutes=4))

    assert weak_due.behind(cancelled, STANDING, NOW) == ""
    assert weak_due.behind(cancelled, STANDING, NOW + timedelta(minutes=2)) == "votes"


def test_the_default_is_the_one_for_functions() -> None:
    assert weak.DEFAULT == DEFAULT_FOR_FUNCTIONS


@pytest.mark.django_db
class TestSweep:
    @pytest.fixture
    def project(self) -> Project:
        project = make_weak(60)
        cast(project)
        return project

    def waiting(self) -> list[str]:
        weak_due.want_where_behind()
        return list(WeakRun.objects.filter(state="waiting").values_list("trigger", flat=True))

    def test_the_first_votes_ask_for_a_fit_once(self, project: Project) -> None:
        assert self.waiting() == ["votes"]
        assert self.waiting() == ["votes"]

    def test_nothing_new_asks_for_none(self, project: Project) -> None:
        fit(project)

        assert self.waiting() == []

    def test_answers_do_when_their_consensus_is_there(self, project: Project) -> None:
        fit(project)
        label(project, 8)
        item = project.items.first()
        due = ConsensusDue.objects.create(project=project, item=item, created_at=timezone.now())
        assert self.waiting() == []

        due.delete()

        assert self.waiting() == ["labels"]

    def test_not_while_functions_run(self, project: Project) -> None:
        run_requests.want(project=project, by=project.created_by, trigger="change")

        assert self.waiting() == []

    def test_a_function_that_is_stopped_votes_no_more(self, project: Project) -> None:
        fit(project)
        function = LabelingFunction.objects.get(name="shaky")
        functions.stop(function=function, by=None, reason="Too many votes.")

        assert self.waiting() == ["votes"]

    def test_a_new_function_does(self, project: Project) -> None:
        fit(project)
        add_function(project, "late")
        cast(project)

        assert self.waiting() == ["votes"]

    def test_not_where_the_project_does_nothing_by_itself(self, project: Project) -> None:
        WeakSettings.objects.filter(project=project).update(automatic=False)

        assert self.waiting() == []
