"""A worker that is killed by kill -9 in the middle of a run of functions, as a real process."""

from __future__ import annotations

import signal
import subprocess
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from annotation.models import Item
from labelmodel.models import FunctionRun, VoteShard
from tests import killable
from tests.factories import make_item
from tests.labelmodel.services.function_help import activate, draft, reviews, said, words

BLOCKS = 12
# Each block takes a while, so that a kill hits one.
_WORK = """
import sys, time, django
django.setup()
from labelmodel.services import function_blocks, function_run
keep = function_blocks._keep
def slowly(*args):
    time.sleep(0.1)
    keep(*args)
    time.sleep(0.1)
function_blocks._keep = slowly
print("ready", flush=True)
function_run.run_project(project_id=int(sys.argv[1]))
"""


def worker(project_id: int) -> subprocess.Popen[str]:
    return killable.worker(_WORK, project_id)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_next_worker_goes_on_with_the_blocks_that_are_missing() -> None:
    project = reviews([])
    first = 20 * 65_536
    items = [make_item(project, f"item-{n:05}", {"text": ("good", "bad")[n % 2]}) for n in range(BLOCKS * 50)]
    for n, item in enumerate(items):
        item.pk = first + (n // 50) * 65_536 + n % 50
    Item.objects.bulk_create(items)
    good = activate(draft(project))
    bad = activate(draft(project, "bad words", words("negative", "bad")))
    # The first one has run already, when the second one was tried.
    VoteShard.objects.all().delete()
    kills, blocks = 0, set[int]()

    while FunctionRun.objects.filter(state__in=["waiting", "running"]).exists():
        process = worker(project.pk)
        if kills < 3:
            time.sleep(0.5)
            process.send_signal(signal.SIGKILL)
            kept = VoteShard.objects.filter(version=good).count()
            kills += 0 < kept < BLOCKS and kept not in blocks
            blocks.add(kept)
        process.communicate(timeout=60)
        FunctionRun.objects.filter(state="running").update(heartbeat_at=timezone.now() - timedelta(minutes=1))

    job = project.function_runs.exclude(kind="canary").latest("pk")
    assert kills == 3
    assert (job.state, job.error) == ("done", "")
    assert {line["evaluated"] for line in job.lines.values()} == {BLOCKS * 50}
    assert said(good) == {item.key: (None, "positive")[item.payload["text"] == "good"] for item in items}
    assert said(bad) == {item.key: (None, "negative")[item.payload["text"] == "bad"] for item in items}
    assert job.done == job.total == BLOCKS * 50
