"""Imports as the service makes them, without the web."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from annotation.models import Dataset, Project
from annotation.services import import_options, import_run, imports


def upload(
    project: Project, data: bytes | str, name: str = "file.csv", *, start: bool = True, **choices: Any
) -> Dataset:
    file = SimpleUploadedFile(name, data.encode() if isinstance(data, str) else data)
    return imports.create(
        project=project,
        by=project.created_by,
        upload=file,
        choices=import_options.Choices(**choices),
        start=start,
    )


def run(dataset: Dataset, **options: Any) -> Dataset:
    import_run.run(dataset_id=dataset.pk, **options)
    dataset.refresh_from_db()
    return dataset


def imported(project: Project, data: bytes | str, name: str = "file.csv", **choices: Any) -> Dataset:
    return run(upload(project, data, name, **choices))


def counts(dataset: Dataset) -> tuple[str, int, int, int, int]:
    """State, and rows read, imported, unchanged, rejected."""
    return (
        dataset.state, dataset.rows_read, dataset.rows_imported, dataset.rows_unchanged, dataset.rows_rejected,
    )  # fmt: skip


def table(rows: Iterable[tuple[Any, Any]]) -> str:
    return "id,text\n" + "".join(f"{key},{text}\n" for key, text in rows)
