"""Celery tasks of this layer: ids in, nothing out, safe to run twice."""

from __future__ import annotations

from typing import Any, cast

from celery import shared_task

from annotation.services import import_run, imports, queue, words


@shared_task
def sweep() -> None:
    """Find what was missed or has run out: expired leases, imports that no worker holds, words that are not indexed."""
    queue.return_expired()
    for dataset_id in imports.waiting():
        run_import.delay(dataset_id)
    for dataset_id in words.unsearchable():
        index_words.delay(dataset_id)


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
def index_words(dataset_id: int) -> None:
    """Put the words of a dataset's items into the search index."""
    words.index_dataset(dataset_id=dataset_id)
