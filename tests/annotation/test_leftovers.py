from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.utils import timezone

from annotation.models import Project, Snapshot
from annotation.services import leftovers
from tests.factories import make_dataset

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _storage(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def stored(name: str, *, days: float = 2) -> str:
    kept = default_storage.save(name, ContentFile(b"x"))
    then = (timezone.now() - timedelta(days=days)).timestamp()
    os.utime(default_storage.path(kept), (then, then))
    return str(kept)


def test_only_old_files_that_no_row_names_are_deleted(project: Project, capsys: Any) -> None:
    lost, young = stored("media/1/ab/lost.png"), stored("snapshots/2026/01/young.parquet", days=0.5)
    named = make_dataset(project, file=stored("imports/2026/01/named.csv")).file.name

    call_command("clean_files")
    assert default_storage.exists(lost)
    call_command("clean_files", "--delete")

    assert [default_storage.exists(name) for name in (lost, young, named)] == [False, True, True]
    assert "1 files deleted" in capsys.readouterr().out


def test_what_a_snapshot_was_made_from_stays_beside_it_and_goes_with_it(project: Project) -> None:
    stored("snapshots/1/1/ab.parquet"), stored("snapshots/1/1/ab.json"), stored("snapshots/1/2/cd.json")
    kept = Snapshot.objects.create(
        project=project,
        number=1,
        created_by=project.created_by,
        state="done",
        file="snapshots/1/1/ab.parquet",
    )

    assert leftovers.clean() == ["snapshots/1/2/cd.json"]
    kept.delete()
    assert sorted(leftovers.clean()) == ["snapshots/1/1/ab.json", "snapshots/1/1/ab.parquet"]


def test_uploads_go_after_as_many_days_as_the_operator_says(project: Project, settings: Any) -> None:
    old, new = (
        make_dataset(
            project,
            state="done",
            file=stored(f"imports/{days}.csv"),
            finished_at=timezone.now() - timedelta(days),
        )
        for days in (9, 1)
    )
    assert leftovers.forget_imports() == 0
    settings.IMPORT_KEEP_DAYS = 7

    assert leftovers.forget_imports() == 1

    old.refresh_from_db()
    assert (
        old.file.name,
        default_storage.exists("imports/9.csv"),
        default_storage.exists(new.file.name),
    ) == ("", False, True)
