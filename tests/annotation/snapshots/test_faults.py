"""Snapshots while labels change, and with everything going wrong that can: whole under their name, or not there."""

from __future__ import annotations

import io
import signal
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from annotation.models import Consensus, Snapshot
from annotation.services import jobs, stored
from annotation.snapshots import chunks, making
from annotation.snapshots.writing import Writer
from tests import killable
from tests.active import storages
from tests.annotation.snapshots.help import agree, asked, lines, rows
from tests.factories import make_project

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def project(owner):
    project = make_project(owner=owner, items=6)
    for item in project.items.order_by("pk"):
        agree(item)
    return project


def run(snapshot):
    """What became of it."""
    making.run(snapshot_id=snapshot.pk)
    snapshot.refresh_from_db()
    return snapshot.state


def files(snapshot):
    folder = f"snapshots/{snapshot.project_id}/{snapshot.number}"
    try:
        return sorted(default_storage.listdir(folder)[1])
    except FileNotFoundError:
        return []


def meanwhile(monkeypatch, do):
    """Chunks of two items, and `do` once the first of them is written."""
    monkeypatch.setattr(chunks, "MOST_ROWS", 2)
    write, seen = Writer.write, []

    def written(self, table):
        write(self, table)
        if not seen:
            seen.append(do())

    monkeypatch.setattr(Writer, "write", written)


def test_labels_that_change_meanwhile_are_not_in_it(project, monkeypatch):
    def change():
        Consensus.objects.filter(project=project).update(value="negative")
        project.items.all()[5].delete()

    meanwhile(monkeypatch, change)
    snapshot = asked(project)

    assert run(snapshot) == "done"
    assert [row["consensus"]["sentiment"]["value"] for row in rows(snapshot)] == ["positive"] * 6


def test_a_cancelled_one_stops_and_leaves_nothing(project, monkeypatch):
    snapshot = asked(project)
    monkeypatch.setattr(jobs, "BEAT_SECONDS", 0)
    meanwhile(monkeypatch, lambda: jobs.cancel(Snapshot.objects.get()))

    assert run(snapshot) == "cancelled"
    assert files(snapshot) == []


def test_a_full_disk_is_told_and_tried_again(project, monkeypatch):
    snapshot = asked(project)
    monkeypatch.setattr(making, "TemporaryFile", lambda prefix: Path("/dev/full").open("r+b", buffering=0))  # noqa: SIM115

    assert run(snapshot) == "failed"
    assert "No space left on device" in snapshot.error
    monkeypatch.undo()
    jobs.retry(snapshot)
    assert run(snapshot) == "done"


@pytest.mark.parametrize("room", [0, 1])
def test_a_full_storage_keeps_nothing_under_the_name_of_a_snapshot(project, settings, room):
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": "tests.active.storages.FullStorage"}}
    storages.FullStorage.room = room
    snapshot = asked(project)

    assert run(snapshot) == "failed"
    assert "No space left on device" in snapshot.error
    assert not snapshot.file
    storages.FullStorage.room = 9
    jobs.retry(snapshot)
    assert run(snapshot) == "done"
    assert len(files(snapshot)) == 2


def test_a_storage_that_is_away_is_told(project, settings):
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": "tests.active.storages.AwayStorage"}}
    snapshot = asked(project)

    assert run(snapshot) == "failed"
    assert "no route to host" in snapshot.error


def test_a_bucket_keeps_it_too(project, settings):
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": "tests.active.storages.BucketStorage"}}
    snapshot = asked(project)

    assert run(snapshot) == "done"
    assert len(lines(snapshot).splitlines()) == 6


def test_half_a_file_is_never_seen(db):
    class Broken(io.BytesIO):
        def read(self, *size):
            raise OSError(5, "Input/output error")

    with pytest.raises(stored.StorageFault):
        stored.keep("snapshots/x/half.parquet", Broken(b"abc"))

    assert not default_storage.exists("snapshots/x/half.parquet")


_WORK = """
import sys, time, django
django.setup()
from annotation.snapshots import chunks, making
from annotation.snapshots.writing import Writer
chunks.MOST_ROWS = 1
write = Writer.write
def slowly(self, table):
    write(self, table)
    print("written", flush=True)
    time.sleep(60)
Writer.write = slowly
making.run(snapshot_id=int(sys.argv[1]))
"""


@pytest.mark.slow
def test_a_worker_that_is_killed_leaves_nothing_and_another_begins_again(project):
    snapshot = asked(project)
    worker = killable.worker(_WORK, snapshot.pk, says="written\n")
    worker.send_signal(signal.SIGKILL)
    worker.wait(10)
    worker.stdout.close()
    assert files(snapshot) == []
    assert making.run(snapshot_id=snapshot.pk) is False, "its worker may still be alive"
    Consensus.objects.filter(project=project).update(value="negative")
    Snapshot.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))

    assert run(snapshot) == "done"
    assert snapshot.attempts == 2
    # One state again, the present one: not half of each.
    assert {row["consensus"]["sentiment"]["value"] for row in rows(snapshot)} == {"negative"}
