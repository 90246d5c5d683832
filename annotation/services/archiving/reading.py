"""Make a project of a file, in one transaction: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pghistory
import pgtrigger
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection, transaction

from annotation.models import Item, Membership, Project, ProjectFile, Schema
from annotation.models.job import Job
from annotation.roles import Role
from annotation.services import consensus, jobs, words
from annotation.services.archiving import checking, people
from annotation.services.archiving.loading import Loader, told
from annotation.services.archiving.manifest import Contents, contents_of
from annotation.services.archiving.parts import Reader
from annotation.services.archiving.showing import Shown
from annotation.services.archiving.tables import TABLES
from annotation.services.archiving.writing import PEOPLE
from annotation.services.jobs import Beat, Lost
from annotation.services.pulse import kept_alive

_WORDS = 5_000


def read(job: ProjectFile, beat: Beat) -> None:
    """Restore. Whatever is wrong with the file ends in BadFile, and nothing of it stays. Safe to run twice."""
    upload = str(job.file.name)
    with kept_alive(job), default_storage.open(upload, "rb") as source:
        reader = Reader(source, settings.MAX_RESTORE_MB * 2**20)
        contents = contents_of(reader.manifest)
        beat(total=contents.rows)
        _Restoring(job, reader, contents).run()
    # What was uploaded has served; a copy of it is where it came from.
    default_storage.delete(upload)


def opened(source: Any) -> Contents:
    """A look at a file before it is kept. Raises BadFile for what can be told at once."""
    return contents_of(Reader(source, settings.MAX_RESTORE_MB * 2**20).manifest)


class _Restoring:
    def __init__(self, job: ProjectFile, reader: Reader, contents: Contents) -> None:
        self.job, self.reader, self.contents = job, reader, contents

    def run(self) -> None:
        shown: list[Shown] = []
        try:
            with pghistory.context(user=self.job.created_by_id), _unrecorded(), transaction.atomic():
                self._end(self._load(shown))
        except BaseException:
            for each in shown:
                each.undo()
            raise

    def _load(self, shown: list[Shown]) -> Project:
        with told(PEOPLE):
            numbered = people.settle(self.reader.checked(PEOPLE, self.contents.people), self.job.created_by)
        with connection.cursor() as cursor:
            # Nothing refers to what comes later, so foreign keys can be checked as rows come in, not all at the end.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        loader = Loader(numbered, self._read_rows)
        for part in self.contents.parts:
            blocks = self.reader.checked(f"tables/{part.table.name}.csv", part.written)
            loader.load(part, blocks)
        project = Project.objects.get(pk=1 + loader.offsets[Project])
        project.schema = Schema.objects.filter(project=project).order_by("version").last()
        project.name = self.job.name or project.name
        project.save(update_fields=["schema", "name"])
        self._check_mine()
        checking.check(project, self._check_mine)
        shown.append(Shown(self.reader, loader.offsets, self._check_mine))
        shown[0].keep(self.contents.files)
        return project

    def _end(self, project: Project) -> None:
        """What the file cannot say: who owns it here, and what is due."""
        owner, _ = Membership.objects.get_or_create(
            project=project, user=self.job.created_by, defaults={"role": Role.OWNER}
        )
        Membership.objects.filter(pk=owner.pk).exclude(role=Role.OWNER).update(role=Role.OWNER)
        self._index_words(project)
        consensus.mark_all_due(project_id=project.pk)
        made = {
            "software": self.contents.software,
            "made_at": self.contents.made_at,
            "project": self.contents.project,
        }
        rows = {part.table.name: part.rows for part in self.contents.parts}
        jobs.finished(
            self.job, project=project, name=project.name, file="", manifest={**made, "tables": rows}
        )

    def _index_words(self, project: Project) -> None:
        """Of items without a dataset; the sweep finds the others by theirs."""
        after = 0
        while ids := list(
            Item.objects.filter(project=project, dataset=None, pk__gt=after)
            .order_by("pk")
            .values_list("pk", flat=True)[:_WORDS]
        ):
            words.index(item_ids=ids)
            after = ids[-1]

    def _read_rows(self, rows: int) -> None:
        self.job.done += rows
        self._check_mine()

    def _check_mine(self) -> None:
        """Raises Lost. Not by a sign of life: inside the transaction nobody would see it, and all others would wait for it."""
        mine = ProjectFile.objects.filter(pk=self.job.pk, state=Job.State.RUNNING, attempts=self.job.attempts)
        if not mine.exists():
            raise Lost


@contextmanager
def _unrecorded() -> Iterator[None]:
    """Not row by row in the audit trail: it says once that the project was restored."""
    models = {table.model for table in TABLES}
    registered: list[Any] = list(pgtrigger.registered())
    names = [
        f"{model._meta.label}:{trigger.name}"
        for model, trigger in registered
        if model in models and trigger.name in {"insert_insert", "update_update", "immutable"}
    ]
    with pgtrigger.ignore(*names):
        yield
