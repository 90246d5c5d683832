"""Projects as files: ask for one, upload one, and who may have it. services/archiving does the work."""

from __future__ import annotations

import hashlib
from pathlib import PurePath

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from annotation.errors import Conflict, Fault, InvalidInput, NotAllowed, NotFound, TooLarge
from annotation.models import Project, ProjectFile, User
from annotation.roles import Action, may
from annotation.services import jobs
from annotation.services.access import check
from annotation.services.archiving.parts import BadFile
from annotation.services.archiving.reading import opened, read
from annotation.services.archiving.writing import write
from annotation.services.jobs import Beat
from annotation.services.project_deletion import delete

Kind = ProjectFile.Kind
_WORK = {Kind.ARCHIVE: write, Kind.RESTORE: read, Kind.DELETE: delete}


@transaction.atomic
def archive(*, project: Project, by: User) -> ProjectFile:
    """Ask for the project as one file; one that is being made already serves. Raises NotAllowed, NotFound."""
    check(user=by, project=project, action=Action.ARCHIVE)
    # Locked: two who ask at once get the same file.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    under_way = ProjectFile.objects.filter(
        project=project, kind=Kind.ARCHIVE, state__in=["waiting", "running"]
    )
    there: ProjectFile | None = under_way.first()
    return there or ProjectFile.objects.create(
        project=project, kind=Kind.ARCHIVE, name=project.name, created_by=by
    )


def restore(*, by: User, upload: File[bytes], name: str = "") -> ProjectFile:
    """Keep an uploaded file and ask for a project made of it, under this name or its old one.

    Raises NotAllowed, TooLarge, and BadFile for what can be told at a glance; the rest is told by the job.
    """
    creators_only(by)
    if upload.size > settings.MAX_UPLOAD_MB * 2**20:
        message = f"The file is larger than {settings.MAX_UPLOAD_MB:,} MB; restore it with manage.py restore_project."
        raise TooLarge(message, faults=[Fault(("file",), message)])
    return keep(by=by, upload=upload, name=name)


def creators_only(by: User) -> None:
    """Raises NotAllowed unless this person may create projects."""
    if not by.creates_projects:
        raise NotAllowed("You may not create projects; ask an administrator for it.")


def keep(*, by: User, upload: File[bytes], name: str = "") -> ProjectFile:
    """`restore` without its limits, for operators."""
    try:
        opened(upload)
    except BadFile as error:
        raise InvalidInput(str(error), faults=[Fault(("file",), str(error))]) from error
    digest = hashlib.sha256()
    upload.seek(0)
    for block in upload.chunks():
        digest.update(block)
    upload.seek(0)
    longest = ProjectFile._meta.get_field("name").max_length or 0
    made = ProjectFile(kind=Kind.RESTORE, name=name.strip()[:longest], created_by=by, size=upload.size)
    made.sha256 = digest.hexdigest()
    path = f"projects/{timezone.now():%Y/%m}/{made.sha256[:32]}-upload.zip"
    made.file = default_storage.save(path, upload)
    made.save()
    return made


@transaction.atomic
def ask_to_delete(*, project: Project, by: User, name: str) -> ProjectFile:
    """Delete an archived project for good. `name` is its name, typed once more.

    Nobody sees it from now on; workers take its rows away. Files that were made of it stay. Raises NotAllowed, NotFound,
    Conflict for a project that is not archived, InvalidInput for another name.
    """
    check(user=by, project=project, action=Action.ARCHIVE)
    project = Project.objects.select_for_update().get(pk=project.pk)
    if project.archived_at is None:
        raise Conflict("Archive the project first: nobody may be at work in it.")
    if name.strip() != project.name.strip():
        message = f"Type the project's name, {project.name}, to delete it."
        raise InvalidInput(message, faults=[Fault(("name",), message)])
    asked = ProjectFile.objects.filter(project=project, kind=Kind.DELETE, state__in=["waiting", "running"])
    there: ProjectFile | None = asked.first()
    if there is not None:
        return there
    project.memberships.all().delete()
    return ProjectFile.objects.create(project=project, kind=Kind.DELETE, name=project.name, created_by=by)


def run(*, file_id: int) -> bool:
    """Do what a row asks for; False when there is nothing to do. Safe to run twice."""
    return jobs.run(ProjectFile, file_id, _work)


def _work(job: ProjectFile, beat: Beat) -> None:
    _WORK[Kind(job.kind)](job, beat)


def of_project(*, project: Project, by: User) -> QuerySet[ProjectFile]:
    """The project's files, newest first. Raises NotAllowed, NotFound."""
    check(user=by, project=project, action=Action.ARCHIVE)
    return ProjectFile.objects.filter(project=project, kind=Kind.ARCHIVE).select_related("created_by")


def of_person(*, by: User) -> QuerySet[ProjectFile]:
    """What this person uploaded, deleted, or keeps of projects that are no more; an administrator sees everybody's."""
    found = ProjectFile.objects.exclude(kind=Kind.ARCHIVE, project__isnull=False)
    found = found if by.is_superuser else found.filter(created_by=by)
    return found.select_related("created_by", "project").order_by("-pk")


def file_for(*, by: User, file_id: int) -> ProjectFile:
    """The row, for owners of its project, or for whoever asked where there is none any more. Raises NotFound."""
    known = ProjectFile.objects.select_related("project", "created_by").filter(pk=file_id)
    found: ProjectFile | None = known.first()
    if found is None or not _may_have(by, found):
        raise NotFound("There is no such file, or it is not for you.")
    return found


def _may_have(by: User, found: ProjectFile) -> bool:
    if by.is_superuser:
        return True
    if found.kind != Kind.ARCHIVE or found.project is None:
        return found.created_by_id == by.pk
    return may(found.project.role_of(by), Action.ARCHIVE)


def cancel(*, file: ProjectFile) -> ProjectFile:
    """Stop at the next moment; nothing half-made stays. A deletion goes on: half a project is none. Raises Conflict."""
    if file.kind == Kind.DELETE:
        raise Conflict("A deletion that has begun is carried through.")
    jobs.cancel(file)
    return file


def retry(*, file: ProjectFile) -> ProjectFile:
    """Raises Conflict unless it failed or was cancelled."""
    jobs.retry(file)
    return file


def forget(*, file: ProjectFile) -> None:
    """Delete a file that was made or uploaded, and its row. Raises Conflict while it is worked on."""
    if file.is_pending:
        raise Conflict("It is being worked on; cancel it first.")
    if file.kind == Kind.DELETE:
        raise Conflict("The record of a deletion stays.")
    stored = file.file.name
    file.delete()
    if stored:
        default_storage.delete(stored)


def download_name(file: ProjectFile) -> str:
    stem = "".join(c if c.isalnum() or c in " -_." else "-" for c in file.name).strip() or "project"
    return f"{PurePath(stem[:80]).name}-{file.created_at:%Y-%m-%d}.querent.zip"
