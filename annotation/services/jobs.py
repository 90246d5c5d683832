"""Jobs: claim one, say that its worker is alive, end it. All long work but imports (which count rows) and rounds goes by this.

Each claim counts one up, and only the latest may write: whoever lost a job to another worker, or to a person who cancelled
it, finds out at the next sign of life and stops.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar, cast

from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

from annotation.errors import Conflict, DomainError
from annotation.models.job import SILENT, Job

log = logging.getLogger(__name__)
J = TypeVar("J", bound=Job)
State = Job.State

MOST_ATTEMPTS = 5
BEAT_SECONDS = 4.0


class Lost(Exception):
    """Another worker has the job now, or somebody cancelled it."""


class Beat:
    """Say how far a job is. Cheap to call often: it writes every four seconds. Raises Lost when the job is no longer ours."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._at = time.monotonic()

    def __call__(self, *, done: int | None = None, total: int | None = None) -> None:
        self.job.done = self.job.done if done is None else done
        self.job.total = self.job.total if total is None else total
        if time.monotonic() - self._at >= BEAT_SECONDS:
            self.now()

    def now(self) -> None:
        self._at = time.monotonic()
        moved = _mine(self.job).update(done=self.job.done, total=self.job.total, heartbeat_at=timezone.now())
        if not moved:
            raise Lost


def run(model: type[J], pk: int, work: Callable[[J, Beat], None]) -> bool:
    """Claim a job and do it; False when there is nothing to claim. Safe to run twice, at once or one after the other.

    `work` saves what it made itself, in the transaction that `finished` of this module ends, or leaves it to be marked as done
    here. Faults of the domain and of storage end the job with a reason that people see; they may try again.
    """
    job = _claim(model, pk)
    if job is None:
        return False
    if job.attempts > MOST_ATTEMPTS:
        _end(
            job,
            State.FAILED,
            f"Its worker stopped {MOST_ATTEMPTS} times without a word. Most likely it needs more memory.",
        )
        return True
    try:
        work(job, Beat(job))
    except Lost:
        log.info("%s %s: cancelled, or another worker has it", model.__name__, pk)
    except DomainError as error:
        _end(job, State.FAILED, str(error))
    except OSError as error:
        log.exception("%s %s: storage", model.__name__, pk)
        _end(job, State.FAILED, f"A file could not be read or written: {error.strerror or error}.")
    else:
        _end(job, State.DONE)
    return True


def finished(job: Job, **values: Any) -> None:
    """Mark a job as done together with what it made, in the caller's transaction. Raises Lost."""
    now = timezone.now()
    if not _mine(job).update(state=State.DONE, done=job.done, total=job.total, finished_at=now, **values):
        raise Lost
    job.state = State.DONE


def moved(job: Job, **values: Any) -> None:
    """Write down how far a job is together with what it did, in the caller's transaction. Raises Lost."""
    if not _mine(job).update(done=job.done, heartbeat_at=timezone.now(), **values):
        raise Lost


def pause(job: Job, until: datetime, **values: Any) -> None:
    """Let go of a job until then, in the caller's transaction: any worker may take it up again. Raises Lost.

    It stays one that runs, without a worker.
    """
    resting = {"attempts": 0, "heartbeat_at": until - SILENT, "done": job.done, "total": job.total}
    if not _mine(job).update(**resting, **values):
        raise Lost
    # Whoever claims it counts from 0 again: what we write from here on must not find it.
    job.attempts = -1


def cancel(job: Job) -> None:
    """Its worker stops at its next sign of life. Raises Conflict for one that has ended."""
    pending = type(job).objects.filter(pk=job.pk, state__in=[State.WAITING, State.RUNNING])
    if not pending.update(state=State.CANCELLED, finished_at=timezone.now()):
        raise Conflict("It has ended already.")
    job.refresh_from_db()


def retry(job: Job, **values: Any) -> None:
    """Let a job that failed or was cancelled begin again. Raises Conflict for others."""
    ended = type(job).objects.filter(pk=job.pk, state__in=[State.FAILED, State.CANCELLED])
    again = {"state": State.WAITING, "attempts": 0, "error": "", "finished_at": None, "heartbeat_at": None}
    if not ended.update(**again | values):
        raise Conflict("Only what failed or was cancelled can be tried again.")
    job.refresh_from_db()


def waiting(model: type[J]) -> list[int]:
    """Jobs that no worker holds, oldest first: for the sweep."""
    return list(model.objects.claimable().order_by("pk").values_list("pk", flat=True)[:100])


def _claim(model: type[J], pk: int) -> J | None:
    now = timezone.now()
    claimed = model.objects.claimable().filter(pk=pk)
    started = Coalesce("started_at", now)
    if not claimed.update(
        state=State.RUNNING, heartbeat_at=now, started_at=started, attempts=F("attempts") + 1
    ):
        return None
    mine: J = cast(Any, model.objects).get(pk=pk)
    return mine


def _mine(job: Job) -> Any:
    return type(job).objects.filter(pk=job.pk, state=State.RUNNING, attempts=job.attempts)


def _end(job: Job, state: str, error: str = "") -> None:
    """Unless it has ended, or is another worker's, in the meantime."""
    _mine(job).update(state=state, error=error, done=job.done, total=job.total, finished_at=timezone.now())
