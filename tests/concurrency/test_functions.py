"""Labeling functions under real threads and transactions: two runs at once, and what happens to a version while it runs."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from annotation.errors import Conflict
from labelmodel.models import FunctionRun, FunctionVersion, VoteShard, WeakSettings
from labelmodel.services import (
    function_blocks,
    function_pool,
    function_review,
    function_run,
    functions,
    run_requests,
)
from labelmodel.services.run_lines import Line
from tests.labelmodel.services.function_help import (
    activate,
    active,
    add_items,
    draft,
    reviews,
    run,
    said,
    words,
)

pytestmark = pytest.mark.django_db(transaction=True)


def together(*works: Callable[[], Any]) -> list[Any]:
    """What each returned, or the Conflict that it raised; all begin at the same moment."""
    start = threading.Barrier(len(works))

    def one(work: Callable[[], Any]) -> Any:
        try:
            start.wait(10)
            return work()
        except Conflict as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result(60) for future in [pool.submit(one, work) for work in works]]


def test_two_workers_at_once_do_each_run_once() -> None:
    project = reviews(["good", "bad"] * 200)
    version = activate(draft(project))

    together(*[lambda: function_run.run_project(project_id=project.pk)] * 3)

    done = project.function_runs.get(kind="new")
    assert (done.state, done.attempts) == ("done", 1)
    assert Line.of(done.lines[str(version.pk)]).evaluated == 400
    assert len(said(version)) == 400


def test_two_runs_at_once_write_what_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the lock that keeps them apart: of two that write a block, either may come last."""
    project = reviews(["good", "bad"] * 50)
    version = activate(draft(project))
    job = project.function_runs.get(state="waiting")
    other = FunctionRun.objects.create(
        project=project, kind="all", trigger="page", created_by=project.created_by
    )

    together(
        *[
            lambda pk=pk: function_run.jobs.run(FunctionRun, pk, partial(function_run._work, end=math.inf))
            for pk in (job.pk, other.pk)
        ]
    )

    assert set(FunctionRun.objects.filter(kind__in=["new", "all"]).values_list("state", flat=True)) == {
        "done"
    }
    assert said(version) == {
        key: ("positive", None)[n % 2]
        for n, key in enumerate(project.items.order_by("pk").values_list("key", flat=True))
    }


def test_a_version_that_is_activated_during_a_run_is_run_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    project = reviews()
    first = active(project)
    second = functions.new_version(
        function=first.function, by=project.created_by, kind="keywords", definition=words("negative", "bad")
    )
    function_review.submit(version=second, by=project.created_by)
    function_review.approve(version=second, by=project.created_by)
    function_run.run_project(project_id=project.pk)
    add_items(project, ["good bad"])
    run_requests.request(project=project, by=project.created_by)
    content = function_pool.content

    def activated(*args: Any) -> Any:
        if second.state != "active":
            second.refresh_from_db()
            function_review.activate(version=second, by=project.created_by)
        return content(*args)

    monkeypatch.setattr(function_pool, "content", activated)
    function_run.run_project(project_id=project.pk)

    earlier, later = project.function_runs.filter(kind="new").order_by("pk")[1:]
    assert (earlier.versions, later.versions) == ([first.pk], [second.pk])
    assert earlier.lines[str(first.pk)]["fault"] == function_blocks.GONE
    assert "item-00006" not in said(first)
    assert said(second)["item-00006"] == "negative"


def test_a_rollback_while_a_block_is_written_leaves_no_votes(monkeypatch: pytest.MonkeyPatch) -> None:
    project = reviews(["good"] * 20)
    version = activate(draft(project))
    pack, back = function_blocks.pack, list[threading.Thread]()

    def roll_back() -> None:
        try:
            function_review.roll_back(function=version.function, by=project.created_by, reason="No.")
        finally:
            connection.close()

    def meanwhile(label: Any) -> bytes:
        if not back:
            back.append(threading.Thread(target=roll_back))
            back[0].start()
            # It comes to its end only where nothing holds it back.
            back[0].join(0.5)
        return pack(label)

    monkeypatch.setattr(function_blocks, "pack", meanwhile)
    function_run.run_project(project_id=project.pk)
    back[0].join(30)

    version.refresh_from_db()
    assert version.state == "retired"
    assert not VoteShard.objects.exists()


def test_runs_of_a_project_go_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    project = reviews()
    activate(draft(project))
    run_requests.request(project=project, by=project.created_by, kind="all")
    run_, going, most = function_run._run, list[int](), list[int]()

    def watched(work: Any, end: float) -> None:
        going.append(work.job.pk)
        most.append(len(going))
        time.sleep(0.3)
        run_(work, end)
        going.remove(work.job.pk)

    monkeypatch.setattr(function_run, "_run", watched)
    together(*[lambda: function_run.run_project(project_id=project.pk)] * 2)

    assert most == [1, 1]
    assert set(project.function_runs.values_list("state", flat=True)) == {"done"}


def test_two_who_activate_two_versions_leave_one_active() -> None:
    project = reviews()
    first = active(project)
    ready = []
    for term in ("film", "bad"):
        version = functions.new_version(
            function=first.function,
            by=project.created_by,
            kind="keywords",
            definition=words("positive", term),
        )
        function_review.submit(version=version, by=project.created_by)
        function_review.approve(version=version, by=project.created_by)
        ready.append(version)
    run(project)

    together(
        *[
            lambda pk=version.pk: function_review.activate(
                version=FunctionVersion.objects.select_related("function", "project__schema").get(pk=pk),
                by=project.created_by,
            )
            for version in ready
        ]
    )

    states = first.function.versions.order_by("number").values_list("state", flat=True)
    assert sorted(states) == ["active", "retired", "retired"]


def test_two_who_write_the_next_version_take_two_numbers() -> None:
    project = reviews()
    function = draft(project).function

    together(
        *[
            lambda: functions.new_version(
                function=function,
                by=project.created_by,
                kind="keywords",
                definition=words("positive", "fine"),
            )
        ]
        * 4
    )

    assert list(function.versions.values_list("number", flat=True)) == [5, 4, 3, 2, 1]


def test_two_sweeps_ask_for_one_run() -> None:
    project = reviews()
    active(project)
    add_items(project, ["good news"])
    WeakSettings.objects.update(looked_at=timezone.now())

    together(*[lambda: function_run.look(project_id=project.pk)] * 4)

    assert project.function_runs.filter(state="waiting").count() == 1
