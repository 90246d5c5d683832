"""A worker that is killed by kill -9 in the middle of an import, as a real process, again and again."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from annotation.models import Dataset
from tests import killable
from tests.annotation.importing.uploads import counts, upload
from tests.factories import make_project

ROWS = 40_000
_WORK = """
import sys, django
django.setup()
from annotation.services import import_job, import_run
import_job.BATCH_ROWS = 500
print("ready", flush=True)
import_run.run(dataset_id=int(sys.argv[1]))
"""


def worker(dataset: Dataset) -> subprocess.Popen[str]:
    """A process that imports, and has begun to."""
    return killable.worker(_WORK, dataset.pk)


def silence(dataset: Dataset) -> None:
    """As if its worker had not been heard of for a while."""
    Dataset.objects.filter(pk=dataset.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=1))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_every_row_comes_once() -> None:
    project = make_project()
    text = "id,text\n" + "".join(f"{n},{'' if n % 100 == 0 else f'text {n}'}\n" for n in range(1, ROWS + 1))
    dataset = upload(project, text, key_field="id")
    chance = random.Random(3)
    kills = 0

    while Dataset.objects.get(pk=dataset.pk).state != "done":
        process = worker(dataset)
        if kills < 4:
            time.sleep(chance.uniform(0.1, 0.4))
            process.send_signal(signal.SIGKILL)
            kills += Dataset.objects.get(pk=dataset.pk).state == "running"
        process.communicate(timeout=60)
        silence(dataset)

    dataset.refresh_from_db()
    assert kills >= 2
    assert counts(dataset) == ("done", ROWS, ROWS - ROWS // 100, 0, ROWS // 100)
    assert project.items.count() == ROWS - ROWS // 100
    assert list(dataset.rejections.values_list("row", flat=True)) == list(range(100, ROWS + 1, 100))
    assert list(project.items.order_by("id").values_list("key", flat=True)) == [
        str(n) for n in range(1, ROWS + 1) if n % 100
    ]
