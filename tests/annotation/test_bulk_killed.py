"""A worker that is killed by kill -9 in the middle of a bulk action, as a real process."""

from __future__ import annotations

import signal
import subprocess
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from annotation.models import BulkAction, Item, Lease
from annotation.services import bulk
from tests import killable
from tests.factories import make_member, make_project, make_user
from tests.invariants import assert_slots_add_up

_WORK = """
import sys, time, django
django.setup()
from annotation.services import bulk, bulk_acting
bulk_acting.BATCH = 20
act = bulk_acting.act
def slowly(job, ids):
    done = act(job, ids)
    time.sleep(0.01)
    return done
bulk_acting.act = slowly
print("ready", flush=True)
bulk.run(action_id=int(sys.argv[1]))
"""


def worker(job: BulkAction) -> subprocess.Popen[str]:
    return killable.worker(_WORK, job.pk)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_every_item_is_done_once() -> None:
    project = make_project(items=1_000)
    people = [make_member(project, user=make_user(name)) for name in ("anna", "bert")]
    job = bulk.create(project=project, by=project.created_by, action="assign", people=["anna", "bert"])
    kills = 0

    while BulkAction.objects.get(pk=job.pk).state != "done":
        process = worker(job)
        if kills < 2:
            time.sleep(0.15)
            process.send_signal(signal.SIGKILL)
            kills += 0 < BulkAction.objects.get(pk=job.pk).changed < 1_000
        process.communicate(timeout=60)
        BulkAction.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=1))

    job.refresh_from_db()
    assert kills == 2
    assert (job.done, job.changed, job.left) == (1_000, 1_000, {})
    assert [Lease.objects.filter(annotator=one).count() for one in people] == [500, 500]
    assert not Item.objects.filter(wanted=2).exists()
    assert_slots_add_up(project)
