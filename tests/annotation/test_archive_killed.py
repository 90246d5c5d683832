"""A worker that is killed by kill -9 while it writes a project's file, or makes a project of one, as a real process."""

from __future__ import annotations

import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from annotation.models import Media, Project, ProjectFile, Snapshot
from annotation.services import project_files
from annotation.services.archiving.tables import TABLES
from tests import killable
from tests.annotation.archive_help import archived, bytes_of, counts, full_project, parts_of, restored
from tests.factories import make_user
from tests.invariants import assert_slots_add_up

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

# Works until it comes to the place that is named, says so, and waits to be killed. An empty name is nowhere.
_WORK = """
import sys, time, django
django.setup()
from django.conf import settings
from django.core.files.base import File
from annotation.services import jobs, project_files
from annotation.services.archiving import loading, parts

number, place, settings.MEDIA_ROOT = int(sys.argv[1]), sys.argv[2], sys.argv[3]

def come_to(where):
    if where == place:
        print("there", flush=True)
        time.sleep(60)

def before(owner, name, where):
    inner = getattr(owner, name)
    def outer(*given, **named):
        come_to(where(*given))
        return inner(*given, **named)
    setattr(owner, name, outer)

def in_pieces(file, size=None, whole=File.chunks):
    for count, piece in enumerate(whole(file, 1000)):
        yield piece
        if count == 1:
            come_to("in the middle of the storage")

before(parts.Writer, "part", lambda writer, name, *_: f"write {name}")
before(loading.Loader, "load", lambda loader, part, *_: f"load {part.table.name}")
before(jobs, "finished", lambda *_: "the end")
File.chunks = in_pieces
project_files.run(file_id=number)
"""


def work(job: ProjectFile, folder: Path, place: str = "") -> None:
    """A process that works on a job until it comes to a place, and is killed there; without one, to its end."""
    process = killable.worker(_WORK, job.pk, place, folder, says="there\n" if place else "")
    if place:
        process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    # As if its worker had not been heard of for a while.
    ProjectFile.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=1))
    job.refresh_from_db()


def zips(folder: Path) -> list[Path]:
    return sorted(folder.glob("projects/**/*.zip"))


def rows_by_table(data: bytes) -> dict[str, int]:
    return {name: len(part) for name, part in parts_of(data).items() if name.startswith("tables/")}


def test_a_project_is_written_whole_or_not_at_all(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    project = full_project()
    job = project_files.archive(project=project, by=project.created_by)

    for place in (
        "write tables/annotation.annotation.csv",
        "write manifest.json",
        "in the middle of the storage",
    ):
        work(job, tmp_path, place)
        assert (job.state, job.file.name, zips(tmp_path)) == ("running", "", []), place
    work(job, tmp_path, "the end")
    assert (job.state, job.file.name) == ("running", "")
    work(job, tmp_path)

    assert (job.state, job.error, job.attempts) == ("done", "", 5)
    whole = bytes_of(job)
    assert len(whole) == job.size
    assert rows_by_table(whole) == rows_by_table(bytes_of(archived(project)))
    made = restored(whole, make_user("root", is_staff=True, is_superuser=True))
    assert made.error == ""


def test_a_project_is_made_once_or_not_at_all(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    project = full_project()
    data = bytes_of(archived(project))
    before = counts()
    job = project_files.restore(
        by=make_user("root", is_staff=True, is_superuser=True), upload=ContentFile(data, "p.zip")
    )

    for place in ("load annotation.item", f"load {TABLES[-1].name}", "the end"):
        work(job, tmp_path, place)
        assert (job.state, counts()) == ("running", before), place
    work(job, tmp_path)

    assert (job.state, job.error, job.attempts) == ("done", "", 4)
    assert job.project is not None
    assert Project.objects.count() == 2
    assert job.project.items.count() == project.items.count()
    for model in (Media, Snapshot):
        (shown,) = model.objects.filter(project=job.project)
        assert shown.file.size == shown.size
    assert_slots_add_up(job.project)
