"""Signs of life of a job while it is in code that cannot give any, such as building an index."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.utils import timezone

from annotation.models.job import Job
from annotation.services.jobs import BEAT_SECONDS


@contextmanager
def kept_alive(job: Job) -> Iterator[None]:
    """Say every few seconds, until the block ends, that the job's worker is alive; by a thread, which ends with the process."""
    over = threading.Event()
    thread = threading.Thread(target=_beat, args=(job, over), daemon=True, name=f"pulse of {job.pk}")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _beat(job: Job, over: threading.Event) -> None:
    mine = type(job).objects.filter(pk=job.pk, state=Job.State.RUNNING, attempts=job.attempts)
    try:
        while not over.wait(BEAT_SECONDS):
            # Whose job it no longer is finds out at its own next sign of life.
            if not mine.update(heartbeat_at=timezone.now(), done=job.done, total=job.total):
                return
    finally:
        connection.close()
