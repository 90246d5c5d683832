"""Media: files that items show, kept under the project and a name, stored once for each content."""

from __future__ import annotations

from django.conf import settings
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction

from annotation.errors import Conflict, Fault, InvalidInput, NotFound, TooLarge
from annotation.importing.pictures import CONTENT_TYPES, ENDINGS_BY_TYPE, Picture, PictureFault, inspect
from annotation.models import Dataset, Media, Project, User
from annotation.roles import Action
from annotation.services.access import check
from annotation.services.import_options import limits

LONGEST_NAME = 200


def add(*, project: Project, by: User, upload: File[bytes], name: str = "") -> Media:
    """Keep one uploaded image. Raises InvalidInput for what is no image, Conflict when another one is called so.

    Harmless when repeated with the same content.
    """
    check(user=by, project=project, action=Action.IMPORT)
    name = name or upload.name or ""
    if fault := fault_of_name(name):
        raise InvalidInput(fault, faults=[Fault(("name",), fault)])
    too_large = f"The image is larger than {settings.MAX_MEDIA_MB} MB. Make it smaller."
    if upload.size > settings.MAX_MEDIA_MB * 2**20:
        raise TooLarge(too_large, faults=[Fault(("file",), too_large)])
    try:
        picture = inspect(name, upload.read(), limits())
    except PictureFault as error:
        raise InvalidInput(str(error), faults=[Fault(("file",), str(error))]) from error
    if faults := keep(project=project, dataset=None, pictures=[picture]):
        raise Conflict(faults[name])
    return Media.objects.get(project=project, name=name)


def keep(*, project: Project, dataset: Dataset | None, pictures: list[Picture]) -> dict[str, str]:
    """Keep images under their names; returns, by name, why one cannot be. Those that are there already are left alone."""
    there = dict(
        Media.objects.filter(project=project, name__in=[picture.name for picture in pictures]).values_list(
            "name", "sha256"
        )
    )
    faults = {}
    for picture in pictures:
        if there.get(picture.name, picture.sha256) != picture.sha256:
            faults[picture.name] = (
                f"The project has another image called '{picture.name[:100]}'. Rename this one."
            )
        elif picture.name not in there:
            if fault := _store(project, dataset, picture):
                faults[picture.name] = fault
            there[picture.name] = picture.sha256
    return faults


def find(*, user: User, project_id: int, name: str) -> Media:
    """The media of this name, for a member. Raises NotFound."""
    known = Media.objects.select_related("project").filter(project_id=project_id, name=name)
    found = None if "\0" in name else known.first()
    if found is None or found.content_type not in CONTENT_TYPES:
        raise NotFound("There is no such file, or you are not a member of its project.")
    check(user=user, project=found.project, action=Action.VIEW)
    return found


def fault_of_name(name: str) -> str:
    """Why a file cannot be called so, or nothing."""
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        return f"A name has 1 to {LONGEST_NAME} printable characters."
    if name.startswith("/") or name.endswith("/") or "\\" in name or {"", ".", ".."} & set(name.split("/")):
        return "A name is a relative path such as cats/1.png."
    return ""


def _other(picture: Picture) -> str:
    return f"The project has another image called '{picture.name[:100]}'. Rename this one."


def _store(project: Project, dataset: Dataset | None, picture: Picture) -> str:
    """Keep one image; returns why it cannot be, or nothing."""
    # Named by its content, and never by what a person called it: the storage sees no foreign names, and a worker that
    # was killed between file and row finds the file again.
    path = f"media/{project.pk}/{picture.sha256[:2]}/{picture.sha256}.{ENDINGS_BY_TYPE[picture.content_type]}"
    if not default_storage.exists(path):
        path = default_storage.save(path, ContentFile(picture.data))
    try:
        with transaction.atomic():
            Media.objects.create(
                project=project,
                dataset=dataset,
                name=picture.name,
                file=path,
                content_type=picture.content_type,
                size=len(picture.data),
                sha256=picture.sha256,
                width=picture.width,
                height=picture.height,
            )
    except IntegrityError:
        # Another request or worker was faster; with the same image all is well.
        same = Media.objects.filter(project=project, name=picture.name, sha256=picture.sha256).exists()
        return "" if same else _other(picture)
    return ""
