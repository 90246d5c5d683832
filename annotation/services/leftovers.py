"""Files that no row names: what a worker that was killed, or a deletion that stopped half-way, left in the storage."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.apps import apps
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import models
from django.utils import timezone

from annotation.models import Dataset

# Where rows of this layer keep their files.
FOLDERS = ("imports", "media", "projects", "snapshots")
# A file is written before its row: younger ones may be about to get theirs.
YOUNG = timedelta(days=1)
_CHUNK = 1_000


def clean(*, dry: bool = False) -> list[str]:
    """Delete what nobody names and is older than a day; returns the names. `dry`: only tell."""
    before = timezone.now() - YOUNG
    gone = []
    for folder in FOLDERS:
        for chunk in _chunks(_files(folder)):
            named = _named(chunk)
            for name in chunk:
                if name not in named and _age(name) < before:
                    gone.append(name)
                    if not dry:
                        default_storage.delete(name)
    return gone


def forget_imports() -> int:
    """Delete the uploaded files of imports that ended longer ago than the operator wants them kept; what they brought stays."""
    days: int = settings.IMPORT_KEEP_DAYS
    if not days:
        return 0
    ended = Dataset.objects.filter(
        state="done", finished_at__lt=timezone.now() - timedelta(days=days)
    ).exclude(file="")
    count = 0
    for dataset in ended.order_by("pk")[:_CHUNK]:
        stored = str(dataset.file.name)
        Dataset.objects.filter(pk=dataset.pk).update(file="")
        if not Dataset.objects.filter(file=stored).exists():
            default_storage.delete(stored)
        count += 1
    return count


def _files(folder: str) -> Iterator[str]:
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    yield from (f"{folder}/{name}" for name in files)
    for name in folders:
        yield from _files(f"{folder}/{name}")


def _chunks(names: Iterator[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    for name in names:
        chunk.append(name)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _named(names: list[str]) -> set[str]:
    """Those of these files that a row of any table names, or that go with one of those."""
    found: set[str] = set()
    asked = list({*names, *map(_beside, names)})
    for model in apps.get_models():
        # The audit trail remembers names of files that are gone for good.
        if model._meta.label.endswith("Event"):
            continue
        for field in model._meta.concrete_fields:
            if isinstance(field, models.FileField) or (
                field.name == "file" and isinstance(field, models.CharField)
            ):
                rows = model._default_manager.filter(**{f"{field.name}__in": asked})
                found.update(rows.order_by().values_list(field.name, flat=True))
    # Beside a snapshot's file lies what it was made from, which no row names by itself.
    return found | {name for name in names if _beside(name) in found}


def _beside(name: str) -> str:
    """The file that this one goes with."""
    return f"{name.removesuffix('.json')}.parquet" if name.endswith(".json") else name


def _age(name: str) -> datetime:
    try:
        return default_storage.get_modified_time(name)
    except (FileNotFoundError, NotImplementedError):
        return timezone.now()
