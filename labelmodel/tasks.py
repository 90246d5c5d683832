"""Celery tasks of this layer: ids in, nothing out, safe to run twice."""

from __future__ import annotations

from typing import Any, cast

from celery import shared_task

from annotation.services import consensus
from labelmodel.models import WeakRun
from labelmodel.services import asking_requests, run_requests, runs

# What the sweep sends is worthless when the next one has sent it again.
SWEPT_SECONDS = 10
# So long a run over a pool may keep others from a worker.
SLICE_SECONDS = 20.0


@shared_task
def sweep() -> None:
    """Find projects with items whose votes have changed, and with runs that wait or have fallen behind."""
    for project_id in sorted({*consensus.due_projects(), *runs.due_projects()}):
        refresh_consensus.apply_async((project_id,), expires=SWEPT_SECONDS)


@shared_task
def refresh_consensus(project_id: int) -> None:
    """Bring a project's consensus up to date."""
    # Here and not above: web processes send this task, and need none of the numerical libraries.
    from labelmodel.services import refresh

    refresh.refresh(project_id=project_id)


def refresh_soon(project_id: int) -> None:
    """Work off what was just asked for without waiting for the sweep."""
    cast(Any, refresh_consensus).delay_on_commit(project_id)


@shared_task
def sweep_functions() -> None:
    """Find projects with runs of functions that wait, and those where items came or changed since the last look."""
    for project_id in run_requests.due_projects():
        run_functions.apply_async((project_id,), expires=SWEPT_SECONDS)
    for run_id in asking_requests.due():
        ask_for_votes.apply_async((run_id,), expires=SWEPT_SECONDS)
    for project_id in run_requests.arrived():
        look_for_items.apply_async((project_id,), expires=SWEPT_SECONDS)


@shared_task
def run_functions(project_id: int) -> None:
    """Run labeling functions over a project's pool, or a new version over a sample of it; for some seconds at a time: whoever waits
    for a worker comes between."""
    from labelmodel.services import function_run

    if function_run.run_project(project_id=project_id, seconds=SLICE_SECONDS):
        run_functions.apply_async((project_id,), expires=SWEPT_SECONDS)
    for run_id in asking_requests.due(project_id=project_id):
        ask_for_votes.apply_async((run_id,), expires=SWEPT_SECONDS)


@shared_task
def ask_for_votes(run_id: int) -> None:
    """Go on with the run of a function that waits for others, for some seconds at a time: whoever waits for a worker comes between."""
    from labelmodel.services import function_asking

    if function_asking.go_on(run_id=run_id):
        ask_for_votes.apply_async((run_id,), expires=SWEPT_SECONDS)


@shared_task
def look_for_items(project_id: int) -> None:
    """Run labeling functions on what came or changed, if it lacks their votes."""
    from labelmodel.services import function_run

    if function_run.look(project_id=project_id) is None:
        return
    # What takes longer goes on where long work is done: others' items come here, too.
    if function_run.run_project(project_id=project_id, seconds=SLICE_SECONDS):
        run_functions.apply_async((project_id,), expires=SWEPT_SECONDS)


def run_functions_soon(project_id: int) -> None:
    """Start what was just asked for without waiting for the sweep."""
    cast(Any, run_functions).delay_on_commit(project_id)


@shared_task
def sweep_probable() -> None:
    """Find label models for functions that are to be fitted, and items whose votes came or changed since they were judged."""
    from labelmodel.services import weak_due

    weak_due.want_where_behind()
    for run in WeakRun.objects.claimable().order_by("pk"):
        fit_functions.apply_async((run.pk,), expires=SWEPT_SECONDS)
    for project_id in weak_due.stale_projects():
        judge_items.apply_async((project_id,), expires=SWEPT_SECONDS)


@shared_task
def fit_functions(run_id: int) -> None:
    """Fit a label model to what functions say, and publish probable labels."""
    from labelmodel.services import weak_run

    weak_run.run(run_id=run_id)


@shared_task
def judge_items(project_id: int) -> None:
    """Judge items whose votes came or changed, by what the latest fit learned."""
    from labelmodel.services import weak_stream

    weak_stream.catch_up(project_id=project_id)


def fit_functions_soon(project_id: int) -> None:
    """Start the fits that were just asked for without waiting for the sweep."""
    for run in WeakRun.objects.claimable().filter(project=project_id):
        cast(Any, fit_functions).delay_on_commit(run.pk)
