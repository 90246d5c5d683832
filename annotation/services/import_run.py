"""The import job: claim a dataset, read its file, write items in batches, go on where an earlier worker stopped.

Each batch is one transaction that also moves the dataset's counters from where this job left them. Whoever finds them
elsewhere has lost the dataset to another worker, or to a person who cancelled it, and stops: so each row is imported
exactly once, whatever is killed at whatever moment.
"""

from __future__ import annotations

import logging

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

from annotation.importing import fetching
from annotation.importing.records import FileFault
from annotation.models import Dataset
from annotation.models.job import SILENT
from annotation.services import import_options
from annotation.services.garbage import few_collections
from annotation.services.import_job import Fetch, Job, Lost

log = logging.getLogger(__name__)
State = Dataset.State

MOST_ATTEMPTS = 5


def run(*, dataset_id: int, fetch: Fetch = fetching.picture) -> bool:
    """Import what is left of a dataset; False when another import of its project is running, or nothing is left.

    Safe to run twice, at once or one after the other.
    """
    dataset = _claim(dataset_id)
    if dataset is None:
        return False
    if dataset.attempts > MOST_ATTEMPTS:
        _end(dataset, State.FAILED, _gave_up(dataset))
        return True
    try:
        with import_options.opened(dataset) as source, few_collections():
            Job(dataset, source, fetch).work()
    except FileNotFoundError:
        _end(dataset, State.FAILED, "The uploaded file is no longer there. Import it again.")
    except FileFault as fault:
        _end(dataset, State.FAILED, str(fault))
    except Lost:
        log.info("import %s: cancelled, or another worker has it", dataset_id)
    else:
        _end(dataset, State.DONE)
    return True


@transaction.atomic
def _claim(dataset_id: int) -> Dataset | None:
    """Make this dataset ours: it waits or its worker fell silent, and no other import of its project is running."""
    found = Dataset.objects.filter(pk=dataset_id).first()
    if found is None:
        return None
    # Two workers that take up two imports of one project at once would both see none running.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('import', %s))", [found.project_id])
    now = timezone.now()
    running = Dataset.objects.filter(
        project_id=found.project_id, state=State.RUNNING, heartbeat_at__gte=now - SILENT
    )
    if running.exists():
        return None
    claimed = Dataset.objects.claimable().filter(pk=dataset_id)
    started = Coalesce("started_at", now)
    if not claimed.update(
        state=State.RUNNING, heartbeat_at=now, started_at=started, attempts=F("attempts") + 1
    ):
        return None
    return Dataset.objects.select_related("project__schema").get(pk=dataset_id)


def _end(dataset: Dataset, state: str, error: str = "") -> None:
    """Unless somebody cancelled it, or another worker goes on with it, in the meantime."""
    mine = Dataset.objects.filter(pk=dataset.pk, state=State.RUNNING, rows_read=dataset.rows_read)
    mine.update(state=state, error=error, finished_at=timezone.now())


def _gave_up(dataset: Dataset) -> str:
    return (
        f"A worker stopped {MOST_ATTEMPTS} times in a row behind row {dataset.rows_read:,} without a word; most likely "
        "something there needs more memory than it has. Split the file, or try again."
    )
