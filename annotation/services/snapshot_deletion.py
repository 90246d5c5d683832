"""Delete a snapshot as a whole: its row at once, its files by a worker, which may wait for the storage.

That it was there stays in the audit trail, by which its files are found afterwards, and its number is never given again.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import Max, Q

from annotation.errors import Conflict, NotFound
from annotation.models import Comparison, Project, Snapshot, User
from annotation.roles import Action
from annotation.services import stored
from annotation.services.access import check

_PENDING = [Comparison.State.WAITING, Comparison.State.RUNNING]


def folder_of(project_id: int, number: int) -> str:
    """Where the storage has the files of a snapshot that was made here."""
    return f"snapshots/{project_id}/{number}"


def last_number(project: Project) -> int:
    """The largest number that any snapshot of the project has or had; 0 before the first."""
    own = Max("number")
    there = project.snapshots.aggregate(last=own)["last"] or 0
    gone = _events().filter(project=project, pgh_label="delete").aggregate(last=own)["last"] or 0
    return int(max(there, gone))


def compared(snapshot: Snapshot) -> int:
    """How many comparisons go with it."""
    return int(_comparisons(snapshot).count())


@transaction.atomic
def delete(*, snapshot: Snapshot, by: User) -> None:
    """Delete a snapshot with its comparisons; the split that it kept stays. Its files are left to `remove_files`.

    Raises NotAllowed, NotFound for one that is gone, and Conflict while it is being made or compared.
    """
    check(user=by, project=snapshot.project, action=Action.CONFIGURE)
    # Who takes it up, tries it again or deletes it too at this moment waits, and finds nothing.
    found: Snapshot | None = Snapshot.objects.select_for_update(of=("self",)).filter(pk=snapshot.pk).first()
    if found is None:
        raise NotFound("There is no such snapshot any more.")
    if found.is_pending:
        raise Conflict(f"Snapshot {found.number} is being made. Cancel it first, or wait until it is done.")
    using = _comparisons(found).filter(state__in=_PENDING).select_related("old", "new").first()
    if using is not None:
        other = using.old if using.new_id == found.pk else using.new
        raise Conflict(
            f"Snapshot {found.number} is being compared with snapshot {other.number}. Wait until that is done."
        )
    found.delete()


def remove_files(*, snapshot_id: int) -> None:
    """Take the files of a deleted snapshot out of the storage. Harmless when repeated, and for one that is there.

    Raises StorageFault where the storage is away.
    """
    gone: Any = _events().filter(pgh_obj_id=snapshot_id, pgh_label="delete").first()
    if gone is None:
        return
    stored.empty(folder_of(gone.project_id, gone.number))
    # One of a restored project lies elsewhere.
    name = str(gone.file.name or "")
    if name and not Snapshot.objects.filter(file=name).exists():
        stored.remove(name)


def _comparisons(snapshot: Snapshot) -> Any:
    return Comparison.objects.filter(Q(old=snapshot) | Q(new=snapshot))


def _events() -> Any:
    return apps.get_model("annotation", "SnapshotEvent").objects
