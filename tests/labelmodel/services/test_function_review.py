"""Review, trial on a sample, activation, and rolling back what came of a bad version."""

from __future__ import annotations

from typing import Any

import pytest

from annotation.errors import Conflict, InvalidInput, NotAllowed
from annotation.models import Project, User
from labelmodel.models import FunctionVersion, PosteriorShard, VoteShard, WeakRun
from labelmodel.services import function_review, function_run, functions, weak_settings
from tests.factories import make_member
from tests.labelmodel.services.function_help import activate, active, draft, reviews, run, said, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return reviews()


@pytest.fixture
def mira(project: Project) -> User:
    return make_member(project, "manager")


def next_version(version: FunctionVersion, *terms: str, label: str = "positive") -> FunctionVersion:
    return functions.new_version(
        function=version.function,
        by=version.project.created_by,
        kind="keywords",
        definition=words(label, *terms),
    )


def test_a_version_goes_from_draft_to_active(project: Project, mira: User) -> None:
    version = draft(project)

    function_review.submit(version=version, by=project.created_by)
    assert version.state == "review"
    function_review.approve(version=version, by=mira, note="Fine.")
    assert (version.state, version.reviewer, version.review_note) == ("canary", mira, "Fine.")
    with pytest.raises(Conflict, match="not been tried"):
        function_review.activate(version=version, by=mira)
    function_run.run_project(project_id=project.pk)
    function_review.activate(version=version, by=mira)

    version.refresh_from_db()
    assert (version.state, version.activated_by) == ("active", mira)
    assert project.function_runs.get(state="waiting").trigger == "change"


def test_nobody_approves_their_own_where_somebody_else_may(project: Project, mira: User) -> None:
    version = draft(project)
    function_review.submit(version=version, by=project.created_by)

    with pytest.raises(NotAllowed, match="You wrote"):
        function_review.approve(version=version, by=project.created_by)
    mira.is_active = False
    mira.save()
    function_review.approve(version=version, by=project.created_by)


def test_tests_that_fail_keep_a_draft_from_review(project: Project) -> None:
    version = draft(project, tests=[{"payload": {"text": "good"}, "label": "negative"}])

    with pytest.raises(InvalidInput) as error:
        function_review.submit(version=version, by=project.created_by)

    assert [fault.path for fault in error.value.faults] == [("tests", 0)]
    assert "“negative”" in error.value.faults[0].message
    version.refresh_from_db()
    assert version.state == "draft"


def test_what_is_refused_stays_so(project: Project) -> None:
    version = draft(project)
    function_review.submit(version=version, by=project.created_by)

    function_review.refuse(version=version, by=project.created_by, reason="Too broad.")

    assert (version.state, version.review_note) == ("refused", "Too broad.")
    for step in (function_review.submit, function_review.approve, function_review.activate):
        with pytest.raises(Conflict):
            step(version=version, by=project.created_by)


def test_a_draft_is_not_activated(project: Project) -> None:
    with pytest.raises(Conflict, match="approved"):
        function_review.activate(version=draft(project), by=project.created_by)


def test_a_trial_compares_with_the_active_version(project: Project) -> None:
    first = active(project, definition={"rules": [words("positive", "good"), words("negative", "neither")]})
    second = next_version(first, "so", "bad", "neither")
    function_review.submit(version=second, by=project.created_by)
    function_review.approve(version=second, by=project.created_by)

    function_run.run_project(project_id=project.pk)

    second.refresh_from_db()
    told = second.canary
    keys = dict(project.items.values_list("pk", "key"))
    # Texts 0 to 5: good film, bad film, so good, neither, good and bad, bad.
    assert (told["items"], told["active"], told["errors"]) == (6, 1, 0)
    assert (told["votes"], told["votes_before"]) == ({"positive": 5}, {"positive": 3, "negative": 1})
    assert (told["both"], told["same"], told["agreement"]) == (3, 2, pytest.approx(2 / 3))
    assert (told["gained"], told["lost"]) == ({"positive": 2}, {"positive": 1})
    assert told["changed"] == {"negative": {"positive": 1}}
    assert [keys[pk] for pk in told["examples"]["lost"]] == ["item-00000"]
    assert said(first).keys() == set(keys.values())
    assert not VoteShard.objects.filter(version=second).exists()


def test_what_could_not_be_tried_is_not_activated(project: Project) -> None:
    version = draft(project)
    function_review.submit(version=version, by=project.created_by)
    function_review.approve(version=version, by=project.created_by)
    weak_settings.change(project=project, by=project.created_by, sensitive_fields=["text"])
    function_run.run_project(project_id=project.pk)
    weak_settings.change(project=project, by=project.created_by, sensitive_fields=[])

    version.refresh_from_db()
    assert "sensitive" in version.canary["error"]
    with pytest.raises(Conflict, match="could not be tried"):
        function_review.activate(version=version, by=project.created_by)
    function_review.try_out(version=version, by=project.created_by)
    function_run.run_project(project_id=project.pk)
    function_review.activate(version=version, by=project.created_by)


def test_the_version_before_retires(project: Project) -> None:
    first = active(project)
    second = activate(next_version(first, "bad"))
    run(project)

    first.refresh_from_db()
    assert (first.state, second.state) == ("retired", "active")
    assert first.retired_at is not None
    assert said(second)["item-00001"] == "positive"
    # Kept for a rollback.
    assert said(first)["item-00000"] == "positive"
    activate(next_version(second, "film"))
    assert said(first) == {}


def weak_run(project: Project, *versions: FunctionVersion, state: str = "done") -> WeakRun:
    made: WeakRun = WeakRun.objects.create(
        project=project,
        question="sentiment",
        schema=project.schema,
        method="majority",
        trigger="votes",
        versions=[one.pk for one in versions],
        created_by=project.created_by,
        state=state,
    )
    PosteriorShard.objects.create(run=made, block=0, rows=0, data=b"")
    return made


def test_a_rollback_takes_all_back_that_came_of_a_version(project: Project) -> None:
    other = active(project, "bad words", words("negative", "bad"))
    first = active(project)
    fine = weak_run(project, other, first)
    second = activate(next_version(first, "bad"))
    bad_run = run(project)
    spoilt, pending = weak_run(project, other, second), weak_run(project, second, state="waiting")

    again = function_review.roll_back(function=second.function, by=project.created_by, reason="It is wrong.")

    assert again == first
    for row in (first, second, bad_run, fine, spoilt, pending):
        row.refresh_from_db()
    assert (first.state, first.retired_at, second.state) == ("active", None, "retired")
    assert (second.rolled_back_by, second.rolled_back_reason) == (project.created_by, "It is wrong.")
    assert (said(second), said(first)["item-00000"]) == ({}, "positive")
    assert bad_run.tainted_at is not None
    assert "Version 2 of “good words” was rolled back: It is wrong." in bad_run.tainted_reason
    assert (fine.withdrawn_at, fine.shards.count()) == (None, 1)
    assert spoilt.withdrawn_reason == bad_run.tainted_reason
    assert (spoilt.shards.count(), pending.state) == (0, "cancelled")
    assert list(WeakRun.objects.usable()) == [fine]
    # Whoever asks again, in whatever way, harms neither the good version nor the record.
    asks: list[tuple[str, dict[str, Any]]] = [
        ("Version 2 was rolled back already, and version 1", {}),
        ("Version 2 was rolled back already", {"version": second}),
        ("Version 2 was rolled back already", {"version": second, "while_active": True}),
    ]
    for match, named in asks:
        with pytest.raises(Conflict, match=match):
            function_review.roll_back(
                function=second.function, by=other.author, reason="Sent again.", **named
            )
    for row in (first, second):
        row.refresh_from_db()
    assert (first.state, second.rolled_back_reason) == ("active", "It is wrong.")
    assert said(first)["item-00000"] == "positive"
    third = activate(next_version(first, "film"))
    with pytest.raises(Conflict, match="Version 1 is not active any more"):
        function_review.roll_back(
            function=third.function, by=project.created_by, reason="No.", version=first, while_active=True
        )


def test_a_rollback_of_the_first_version_leaves_none(project: Project) -> None:
    version = active(project)

    again = function_review.roll_back(function=version.function, by=project.created_by, reason="No.")

    assert again is None
    assert not VoteShard.objects.exists()
    with pytest.raises(Conflict, match="No version"):
        function_review.roll_back(function=version.function, by=project.created_by, reason="No.")


def test_what_was_bad_is_not_activated_again_by_the_next_rollback(project: Project) -> None:
    first = active(project)
    second = activate(next_version(first, "bad"))
    function_review.roll_back(function=first.function, by=project.created_by, reason="No.")
    third = activate(next_version(first, "film"))

    again = function_review.roll_back(function=third.function, by=project.created_by, reason="Neither.")

    second.refresh_from_db()
    assert (again, second.state) == (first, "retired")


def test_a_version_that_was_active_before_is_rolled_back_too(project: Project) -> None:
    first = active(project)
    second = activate(next_version(first, "bad"))
    tainted = project.function_runs.filter(versions__contains=[first.pk], kind="new").first()

    function_review.roll_back(
        function=first.function, by=project.created_by, reason="It was wrong.", version=first
    )

    second.refresh_from_db()
    tainted.refresh_from_db()
    assert (second.state, said(first)) == ("active", {})
    assert tainted.tainted_at is not None


def test_who_may_not_review_does_none_of_it(project: Project) -> None:
    viewer, version = make_member(project, "viewer"), active(project)

    with pytest.raises(NotAllowed):
        function_review.roll_back(function=version.function, by=viewer, reason="No.")
    with pytest.raises(NotAllowed):
        function_review.approve(version=version, by=viewer)
    with pytest.raises(NotAllowed):
        function_review.activate(version=version, by=viewer)
