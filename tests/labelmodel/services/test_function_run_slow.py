"""Functions that wait for others have runs of their own, which nobody waits for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from unittest import mock

import numpy as np
import pytest
from django.utils import timezone

from annotation.errors import Conflict
from annotation.models import Project
from labelmodel.functions import ABSTAIN, KINDS, Batch, Cast
from labelmodel.models import FunctionRun, FunctionVersion, VoteShard
from labelmodel.models.functions import ASKING_KINDS
from labelmodel.services import asking_requests, function_asking, function_blocks, function_run, run_requests
from labelmodel.services.weak_due import _is_busy
from tests.labelmodel.services.function_help import (
    activate,
    add_items,
    all_first,
    draft,
    reviews,
    said,
    told,
    work_off,
)

pytestmark = pytest.mark.django_db


@contextmanager
def waiting(apply: Callable[[Batch], Cast]) -> Iterator[None]:
    """A kind that waits for others, and may look into the database meanwhile."""
    with told(apply, name="slow"):
        slow = replace(KINDS["slow"], waits=True, by_item=True)
        with mock.patch.dict(KINDS, {"slow": slow}):
            ASKING_KINDS.add("slow")
            try:
                yield
            finally:
                ASKING_KINDS.discard("slow")


def make_both(project: Project) -> tuple[FunctionVersion, FunctionVersion]:
    """A slow function, and a quick one, both active; both have seen all items but the latest."""
    found = activate(draft(project, "asks", {}, kind="slow")), activate(draft(project, "good words"))
    work_off(project)
    add_items(project, ["good old times"])
    return found


def asked_in_vain(does: list[Callable[[Batch], Cast]], project: Project) -> FunctionVersion:
    """A slow function that is let go of until later."""
    slow, _ = make_both(project)
    does.append(later)
    request(project)
    work_off(project)
    return slow


def later(batch: Batch) -> Cast:
    """Nothing can be asked for five minutes."""
    nothing = np.full(len(batch), ABSTAIN, dtype=np.int16)
    return Cast(nothing, unseen=dict.fromkeys(range(len(batch)), "No."), again_in=300.0, waits="Keys rest.")


def of(version: FunctionVersion) -> FunctionRun:
    """The latest run of this version alone."""
    return FunctionRun.objects.exclude(kind="canary").filter(versions=[version.pk]).latest("pk")


def request(project: Project, kind: str = "new") -> FunctionRun:
    return run_requests.request(project=project, by=project.created_by, kind=kind)


def test_nobody_waits_for_a_function_that_waits() -> None:
    project = reviews()
    with waiting(all_first):
        slow, quick = make_both(project)
        request(project)
        function_run.run_project(project_id=project.pk)

        assert of(quick).state == "done"
        assert (len(said(quick)), len(said(slow))) == (7, 6)
        # The label model is fitted, and the sweep finds both kinds of work.
        assert not _is_busy(project.pk)
        assert run_requests.due_projects() == []
        assert asking_requests.due() == [of(slow).pk]

        while function_asking.go_on(run_id=of(slow).pk):
            pass
        assert (of(slow).state, of(slow).done, of(slow).total) == ("done", 1, 1)
        assert len(said(slow)) == 7


def test_where_nothing_else_votes_what_was_asked_for_is_its_run() -> None:
    project = reviews()
    with waiting(all_first):
        slow = activate(draft(project, "asks", {}, kind="slow"))
        work_off(project)
        add_items(project, ["good news"])
        asked = request(project)
        work_off(project)

        assert of(slow).pk == asked.pk
        assert project.function_runs.exclude(kind="canary").count() == 2
        assert len(said(slow)) == 7
        # With nothing to do, none is begun.
        request(project)
        work_off(project)
        assert of(slow).pk == asked.pk


def test_a_run_is_let_go_of_until_it_is_of_use_to_ask_again() -> None:
    project = reviews()
    does = [all_first]
    with waiting(lambda batch: does[-1](batch)):
        slow = asked_in_vain(does, project)
        run = of(slow)

        assert run.state == "running"
        assert run.paused_until is not None
        assert timedelta(minutes=4) < run.paused_until - timezone.now() < timedelta(minutes=6)
        assert run.lines[str(slow.pk)]["unseen"] == 1
        # No worker has it, and none is sent to it, before its time; items that come do not begin another.
        add_items(project, ["good news"])
        function_run.look(project_id=project.pk)
        work_off(project)
        assert asking_requests.due() == []
        assert of(slow).pk == run.pk

        does.append(all_first)
        _let_time_pass(run)
        work_off(project)
        assert of(slow).state == "done"
        assert len(said(slow)) == 8


def _let_time_pass(run: FunctionRun) -> None:
    """As if the pause was over."""
    VoteShard.objects.exclude(again_at=None).update(again_at=timezone.now())
    FunctionRun.objects.filter(pk=run.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=1))


def test_everything_anew_keeps_what_was_said_until_it_is_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(function_blocks, "PART", 2)
    project = reviews()
    asked: list[int] = []

    def ask(batch: Batch) -> Cast:
        asked.append(len(batch))
        return later(batch) if len(asked) == 6 else all_first(batch)

    with waiting(ask):
        slow = activate(draft(project, "asks", {}, kind="slow"))
        work_off(project)
        request(project, "all")
        work_off(project)

        # The trial, three parts, and two parts anew, the second of which came to nothing.
        assert asked == [6, 2, 2, 2, 2, 2]
        run = of(slow)
        assert (run.kind, run.state, run.done) == ("all", "running", 2)
        assert len(said(slow)) == 6
        _let_time_pass(run)
        work_off(project)
        assert asked[6:] == [2, 2]
        assert (of(slow).pk, of(slow).state) == (run.pk, "done")


def test_what_somebody_cancelled_is_not_begun_again_by_itself() -> None:
    project = reviews()
    does = [all_first]
    with waiting(lambda batch: does[-1](batch)):
        slow = asked_in_vain(does, project)
        run = run_requests.cancel(run=of(slow), by=project.created_by)
        does.append(all_first)
        # However long ago.
        FunctionRun.objects.filter(pk=run.pk).update(finished_at=timezone.now() - timedelta(days=1))
        add_items(project, ["good news"])
        function_run.look(project_id=project.pk)
        work_off(project)

        assert (of(slow).pk, of(slow).state) == (run.pk, "cancelled")
        assert len(said(slow)) == 6
        run_requests.retry(run=run, by=project.created_by)
        assert asking_requests.due() == [run.pk]
        request(project)
        function_run.run_project(project_id=project.pk)
        assert of(slow).pk == run.pk
        work_off(project)
        assert len(said(slow)) == 8


def test_nobody_is_asked_any_more_where_a_project_is_archived() -> None:
    project = reviews()
    does = [all_first]
    with waiting(lambda batch: does[-1](batch)):
        slow = asked_in_vain(does, project)
        does.append(all_first)
        Project.objects.filter(pk=project.pk).update(archived_at=timezone.now())
        _let_time_pass(of(slow))
        work_off(project)

        assert (of(slow).state, of(slow).error) == ("failed", "This project is archived.")
        assert len(said(slow)) == 6


def test_two_runs_of_a_function_do_not_go_on_beside_each_other() -> None:
    project = reviews()
    does = [all_first]
    with waiting(lambda batch: does[-1](batch)):
        slow = asked_in_vain(does, project)
        first = run_requests.cancel(run=of(slow), by=project.created_by)
        request(project)
        work_off(project)
        assert of(slow).pk > first.pk

        with pytest.raises(Conflict, match="goes on already"):
            run_requests.retry(run=first, by=project.created_by)
