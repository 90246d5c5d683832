"""A worker that is killed by kill -9 while it publishes probable labels, as a real process."""

from __future__ import annotations

import signal
import subprocess
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from annotation.models import Item, Project
from labelmodel.models import PosteriorShard, WeakRun
from labelmodel.services import weak
from tests import killable
from tests.factories import make_item
from tests.labelmodel.weak_help import add_function, cast, fit, make_weak

BLOCKS = 8
# Each block takes a while, so that a kill hits one.
_WORK = """
import sys, time, django
django.setup()
from labelmodel.services import weak_run, weak_stream
write = weak_stream.write
def slowly(*args):
    time.sleep(0.1)
    write(*args)
    time.sleep(0.1)
weak_stream.write = slowly
print("ready", flush=True)
weak_run.run(run_id=int(sys.argv[1]))
"""


def worker(run_id: int) -> subprocess.Popen[str]:
    return killable.worker(_WORK, run_id)


def make_blocks() -> Project:
    """Items in several blocks, voted on by two functions."""
    project = make_weak(0)
    add_function(project, "word")
    texts = ("surepositive wordpositive", "surenegative wordpositive")
    items = [make_item(project, f"item-{n:05}", {"text": texts[n % 2]}) for n in range(BLOCKS * 20)]
    for n, item in enumerate(items):
        item.pk = (20 + n // 20) * 65_536 + n % 20
    Item.objects.bulk_create(items)
    cast(project)
    return project


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_what_was_published_counts_until_the_next_run_is_whole() -> None:
    project = make_blocks()
    assert project.schema is not None
    question = project.schema.questions[0]
    old = fit(project)
    new = weak.want(project=project, question="sentiment", by=project.created_by, trigger="rest")
    kills = 0

    while WeakRun.objects.filter(state__in=["waiting", "running"]).exists():
        process = worker(new.pk)
        if kills < 2:
            time.sleep(0.7)
            process.send_signal(signal.SIGKILL)
            kept = PosteriorShard.objects.filter(run=new).count()
            kills += 0 < kept < BLOCKS
            assert weak.published(project, question) == old
            assert PosteriorShard.objects.filter(run=old).count() == BLOCKS
        process.communicate(timeout=60)
        WeakRun.objects.filter(state="running").update(heartbeat_at=timezone.now() - timedelta(minutes=1))

    new.refresh_from_db()
    assert kills == 2
    assert (new.state, new.error) == ("done", "")
    assert weak.published(project, question) == new
    shards = PosteriorShard.objects.all()
    assert {(one.run_id, one.rows) for one in shards} == {(new.pk, 20)}
    assert shards.count() == BLOCKS
