"""Celery tasks of this layer: ids in, nothing out, safe to run twice."""

from __future__ import annotations

from typing import Any, cast

from celery import shared_task

from annotation.models import AlikeSearch, BulkAction, Comparison, Project, ProjectFile, Snapshot
from annotation.reports import agreement
from annotation.services import (
    bulk,
    deliveries,
    import_run,
    imports,
    jobs,
    leftovers,
    project_files,
    queue,
    snapshot_deletion,
    words,
)
from annotation.services.stored import StorageFault


@shared_task
def sweep() -> None:
    """Find what was missed or has run out: expired leases, imports that no worker holds, words that are not indexed."""
    queue.return_expired()
    for dataset_id in imports.waiting():
        run_import.delay(dataset_id)
    for dataset_id in words.unsearchable():
        index_words.delay(dataset_id)
    for action_id in jobs.waiting(BulkAction):
        run_bulk.delay(action_id)
    for file_id in jobs.waiting(ProjectFile):
        run_project_file.delay(file_id)
    for snapshot_id in jobs.waiting(Snapshot):
        make_snapshot.delay(snapshot_id)
    for comparison_id in jobs.waiting(Comparison):
        compare_snapshots.delay(comparison_id)
    for project_id in jobs.waiting(AlikeSearch):
        find_alike.delay(project_id)
    deliveries.forget_old()


@shared_task
def run_import(dataset_id: int) -> None:
    """Import a dataset, then start the next one of its project, which had to wait for it."""
    if import_run.run(dataset_id=dataset_id):
        index_words.delay(dataset_id)
        for waiting in imports.waiting_behind(dataset_id=dataset_id):
            run_import.delay(waiting)


def import_soon(dataset_id: int) -> None:
    """Start an import that was just queued without waiting for the sweep; also when it is none after all."""
    cast(Any, run_import).delay_on_commit(dataset_id)


@shared_task
def run_project_file(file_id: int) -> None:
    """Write a project to a file, make one of a file, or delete one."""
    project_files.run(file_id=file_id)


def project_file_soon(file_id: int) -> None:
    """Start work on a project's file without waiting for the sweep."""
    cast(Any, run_project_file).delay_on_commit(file_id)


@shared_task
def clean_files() -> None:
    """Delete files that no row names, and uploads that are kept no longer."""
    leftovers.clean()
    leftovers.forget_imports()


def forget_figures(*, user_id: int) -> None:
    """Figures with somebody's old name in them are computed anew."""
    for project_id in (
        Project.objects.filter(annotations__annotator=user_id).distinct().values_list("pk", flat=True)
    ):
        agreement.forget(project_id)


@shared_task
def index_words(dataset_id: int) -> None:
    """Put the words of a dataset's items into the search index."""
    words.index_dataset(dataset_id=dataset_id)


def index_soon(dataset_id: int) -> None:
    """Make items that just came findable without waiting for the sweep."""
    cast(Any, index_words).delay_on_commit(dataset_id)


@shared_task
def compute_agreement(project_id: int) -> None:
    """Compute a project's figures of agreement for those who look at them."""
    agreement.compute(project_id)


def latest_agreement(project: Project) -> agreement.Latest:
    """A project's figures; newer ones are on their way where it takes long to compute them."""
    found = agreement.latest(project)
    if found.ask:
        cast(Any, compute_agreement).delay_on_commit(project.pk)
    return found


@shared_task
def tell_webhooks() -> None:
    """Make messages of what happened, and send those that are due."""
    deliveries.fan_out()
    for webhook_id in deliveries.due():
        # What one worker has not begun when the next look comes is worthless: it is due again then.
        deliver.apply_async((webhook_id,), expires=10)


@shared_task
def deliver(webhook_id: int) -> None:
    """Send what is due for one webhook."""
    deliveries.deliver(webhook_id=webhook_id)


def tell_soon() -> None:
    """Send what was just asked for without waiting for the next look."""
    cast(Any, tell_webhooks).delay_on_commit()


@shared_task
def run_bulk(action_id: int) -> None:
    """Do a bulk action."""
    bulk.run(action_id=action_id)


def run_bulk_soon(action_id: int) -> None:
    """Start a bulk action without waiting for the sweep."""
    cast(Any, run_bulk).delay_on_commit(action_id)


@shared_task
def make_snapshot(snapshot_id: int) -> None:
    """Make a snapshot. Only workers load what it takes."""
    from annotation.snapshots import making

    making.run(snapshot_id=snapshot_id)


def snapshot_soon(snapshot_id: int) -> None:
    """Start a snapshot that was just asked for without waiting for the sweep."""
    cast(Any, make_snapshot).delay_on_commit(snapshot_id)


# What the storage does not give up in about two hours, the daily look for files that no row names takes away.
@shared_task(autoretry_for=(StorageFault,), retry_backoff=5, retry_backoff_max=900, max_retries=14)
def remove_snapshot_files(snapshot_id: int) -> None:
    """Take the files of a deleted snapshot out of the storage."""
    snapshot_deletion.remove_files(snapshot_id=snapshot_id)


def snapshot_gone(snapshot_id: int) -> None:
    """Have the files of a snapshot that was just deleted removed."""
    cast(Any, remove_snapshot_files).delay_on_commit(snapshot_id)


@shared_task
def compare_snapshots(comparison_id: int) -> None:
    """Work out what changed between two snapshots."""
    from annotation.snapshots import comparing

    comparing.run(comparison_id=comparison_id)


def comparison_soon(comparison_id: int) -> None:
    """Start a comparison that was just asked for without waiting for the sweep."""
    cast(Any, compare_snapshots).delay_on_commit(comparison_id)


@shared_task
def find_alike(project_id: int) -> None:
    """Look through a project's items for near-duplicates."""
    # Numerical libraries, which web processes do not load.
    from annotation.services import alike_search

    alike_search.run(project_id=project_id)


def find_alike_soon(project_id: int) -> None:
    """Start the look that was just asked for without waiting for the sweep."""
    cast(Any, find_alike).delay_on_commit(project_id)
