"""Imports: from the upload to the pending work, and what people may do with it after. import_run.py does the work."""

from __future__ import annotations

import hashlib
from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.utils import timezone

from annotation.errors import Conflict, Fault, InvalidInput, NotFound, TooLarge
from annotation.importing.detecting import BINARY
from annotation.importing.records import FileFault, Source
from annotation.models import Dataset, Project, Rejection, User
from annotation.roles import Action
from annotation.services import import_options
from annotation.services.access import check
from annotation.services.import_options import Choices
from annotation.services.import_people import check_authors

State = Dataset.State
DETECT_ALL = Choices()


def dataset_for(*, user: User, dataset_id: int, action: Action = Action.IMPORT) -> Dataset:
    """The import, if this person may do this in its project. Raises NotFound or NotAllowed."""
    dataset = Dataset.objects.select_related("project__schema", "created_by").filter(pk=dataset_id).first()
    if dataset is None:
        raise NotFound("There is no such import, or you are not a member of its project.")
    check(user=user, project=dataset.project, action=action)
    return dataset


def create(
    *,
    project: Project,
    by: User,
    upload: File[bytes],
    name: str = "",
    choices: Choices = DETECT_ALL,
    start: bool = True,
) -> Dataset:
    """Keep an uploaded file and, unless the person wants to see its columns first, queue its import.

    Raises InvalidInput for a file that is too large or not read here, or choices that do not fit it.
    """
    check(user=by, project=project, action=Action.IMPORT)
    _check_open(project)
    source_name = _clean(PurePath((upload.name or "upload").replace("\\", "/")).name)[-255:] or "upload"
    _check_size(upload)
    source = Source(upload, upload.size)
    options = import_options.detected(source, source_name, choices, project)
    dataset = Dataset(
        project=project,
        created_by=by,
        name=(_clean(name).strip() or PurePath(source_name).stem)[:120],
        source_name=source_name,
        sha256=_sha256(upload),
        size=upload.size,
        options=options,
        state=State.WAITING if start else State.DRAFT,
    )
    _check_columns(source, options, dataset)
    _check_authors(dataset, by, choices)
    upload.seek(0)
    dataset.file.save(f"{dataset.sha256[:32]}.{options['format']}", upload, save=False)
    dataset.save()
    return dataset


@transaction.atomic
def change(*, dataset: Dataset, choices: Choices) -> Dataset:
    """Read a draft otherwise. Raises InvalidInput for choices that do not fit it and Conflict when it has started."""
    locked = _locked(
        dataset, {State.DRAFT}, "The import has started; cancel it to change how its file is read."
    )
    try:
        with import_options.opened(locked) as source:
            locked.options = import_options.changed(
                source, import_options.of(locked), choices, locked.project
            )
            _check_columns(source, locked.options, locked)
            _check_authors(locked, locked.created_by, choices)
    except FileNotFoundError as error:
        raise InvalidInput("The uploaded file is no longer there. Upload it again.") from error
    locked.save(update_fields=["options"])
    return locked


@transaction.atomic
def start(*, dataset: Dataset) -> Dataset:
    """Queue a draft. Harmless when it is queued already."""
    locked = _locked(dataset, {State.DRAFT, State.WAITING, State.RUNNING}, "The import is over.")
    _check_open(locked.project)
    if locked.state == State.DRAFT:
        locked.state = State.WAITING
        locked.save(update_fields=["state"])
    return locked


@transaction.atomic
def cancel(*, dataset: Dataset) -> Dataset:
    """Stop an import at its next batch; what it has imported stays. Harmless when it is cancelled already."""
    locked = _locked(dataset, {*_UNDER_WAY, State.DRAFT, State.CANCELLED}, "The import is over already.")
    if locked.state != State.CANCELLED:
        locked.state, locked.finished_at = State.CANCELLED, timezone.now()
        locked.save(update_fields=["state", "finished_at"])
    return locked


@transaction.atomic
def retry(*, dataset: Dataset) -> Dataset:
    """Queue a failed or cancelled import again; it goes on behind the last row that it committed."""
    locked = _locked(
        dataset, {*_UNDER_WAY, *_STOPPED}, "Only an import that failed or was cancelled is tried again."
    )
    _check_open(locked.project)
    if locked.state in _STOPPED:
        locked.state, locked.error, locked.attempts, locked.finished_at = State.WAITING, "", 0, None
        locked.searchable = False
        locked.save(update_fields=["state", "error", "attempts", "finished_at", "searchable"])
    return locked


@transaction.atomic
def reopen(*, dataset: Dataset) -> Dataset:
    """Make a draft of a failed or cancelled import, to read its file otherwise from the start. What it imported stays;
    rows that are there already are not imported twice."""
    locked = _locked(
        dataset, {State.DRAFT, *_STOPPED}, "Only an import that failed or was cancelled is set up again."
    )
    if locked.state != State.DRAFT:
        Rejection.objects.filter(dataset=locked).delete()
        fresh: dict[str, Any] = {
            "rows_read": 0,
            "rows_imported": 0,
            "rows_unchanged": 0,
            "rows_rejected": 0,
            "rows_alike": 0,
            "rows_sampled_out": 0,
            "bytes_read": 0,
        }
        fresh |= {
            "searchable": False,
            "state": State.DRAFT,
            "error": "",
            "attempts": 0,
            "started_at": None,
            "finished_at": None,
        }
        for name, value in fresh.items():
            setattr(locked, name, value)
        locked.save(update_fields=list(fresh))
    return locked


def waiting() -> list[int]:
    """Imports that a worker should take up now, oldest first."""
    return list(Dataset.objects.claimable().order_by("id").values_list("pk", flat=True))


def waiting_behind(*, dataset_id: int) -> list[int]:
    """The other imports of this one's project that a worker may take up now, oldest first."""
    project = Dataset.objects.filter(pk=dataset_id).values("project")
    found = Dataset.objects.claimable().filter(project__in=project).exclude(pk=dataset_id)
    return list(found.order_by("id").values_list("pk", flat=True))


_UNDER_WAY = (State.WAITING, State.RUNNING)
_STOPPED = (State.FAILED, State.CANCELLED)


def _locked(dataset: Dataset, states: set[Any], otherwise: str) -> Dataset:
    # Locked: a worker moves the state too, at the end of each batch.
    locked = (
        Dataset.objects.select_for_update(of=("self",))
        .select_related("project__schema", "created_by")
        .get(pk=dataset.pk)
    )
    if locked.state not in states:
        raise Conflict(otherwise)
    return locked


def _check_open(project: Project) -> None:
    if project.archived_at:
        raise Conflict("The project is archived; restore it to import.")


def _check_size(upload: File[bytes]) -> None:
    if not upload.size:
        raise InvalidInput("The file is empty.", faults=[Fault(("file",), "The file is empty.")])
    if upload.size > settings.MAX_UPLOAD_MB * 2**20:
        message = f"The file is larger than {settings.MAX_UPLOAD_MB:,} MB. Split it, or pack it as Parquet."
        raise TooLarge(message, faults=[Fault(("file",), message)])


def _check_authors(dataset: Dataset, by: User, choices: Choices) -> None:
    if faults := check_authors(dataset.project, by, choices.authors or {}):
        raise InvalidInput(faults[0].message, faults=faults)


def _check_columns(source: Source, options: dict[str, Any], dataset: Dataset) -> None:
    """Only formats that are cheap to look into here; the job looks at the others."""
    if options["format"] in BINARY:
        return
    try:
        rows = import_options.sample_of(source, options)
    except FileFault as fault:
        raise InvalidInput(str(fault), faults=[Fault(("file",), str(fault))]) from fault
    look = import_options.look_at(rows, source.hints, options, dataset)
    import_options.check_columns(options, look.values, rows)


def _sha256(upload: File[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    return digest.hexdigest()


def _clean(name: str) -> str:
    return "".join(character for character in name if character.isprintable())
