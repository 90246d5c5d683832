"""Forget a person at their request: everything that says who they are goes, what they answered stays under a number.

Counts, agreement and consensus are about answers, so they do not move; unless the answers are to be withdrawn too, then
others are asked in their place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from annotation.errors import Conflict, Fault, InvalidInput
from annotation.models import (
    Adjudication,
    Annotation,
    ApiToken,
    Comment,
    DisputeClaim,
    Flag,
    Lease,
    Membership,
    Project,
    ProjectFile,
    Skip,
    Snapshot,
    User,
)
from annotation.roles import Role
from annotation.services import queue, suspensions
from annotation.services.accounts import administrators_only
from annotation.services.erasure_audit import forget_in_audit
from annotation.services.erasure_names import Names, passed_by, replace_names

KEEP, WITHDRAW = "keep", "withdraw"


@dataclass(frozen=True)
class Erasure:
    """What there is of a person, and where their name stays in files that never change."""

    user: User
    answers: int
    comments: int
    flags: int
    skips: int
    notes: int
    tokens: int
    projects: int
    snapshots: list[Snapshot]
    files: list[ProjectFile]
    # Why it cannot be done yet.
    stands_against: str


def preview(*, by: User, user: User) -> Erasure:
    """What erasing this person would touch. Raises NotAllowed."""
    administrators_only(by)
    snapshots, files = naming(user)
    return Erasure(
        user=user,
        answers=Annotation.objects.filter(annotator=user, supersedes=None).count(),
        comments=Comment.objects.filter(author=user).exclude(body="").count(),
        flags=Flag.objects.filter(author=user).exclude(reason="").count(),
        skips=Skip.objects.filter(annotator=user).exclude(reason="").count(),
        notes=Adjudication.objects.filter(by=user).exclude(note="").count(),
        tokens=ApiToken.objects.filter(user=user).count(),
        projects=Membership.objects.filter(user=user).count(),
        snapshots=snapshots,
        files=files,
        stands_against=_stands_against(by, user),
    )


def naming(user: User) -> tuple[list[Snapshot], list[ProjectFile]]:
    """The snapshots and project files that were made while this person had a name in them. What is made later says the number."""
    until = user.erased_at or timezone.now()
    worked = Q(project__annotations__annotator=user) | Q(project__memberships__user=user) | Q(created_by=user)
    made = {"created_at__lt": until, "state": "done"}
    snapshots = Snapshot.objects.filter(worked, **made).exclude(file="").select_related("project").distinct()
    files = ProjectFile.objects.filter(worked, kind=ProjectFile.Kind.ARCHIVE, **made).distinct()
    return list(snapshots.order_by("pk")), list(files.order_by("pk"))


def erase(*, by: User, user: User, username: str, answers: str = KEEP) -> Erasure:
    """Forget a person. `username` is theirs, typed once more; `answers`: "keep" them under a number, or "withdraw" them.

    Cannot be undone, and may be repeated: what is left of an earlier time that was interrupted is done. Raises NotAllowed,
    InvalidInput, and Conflict with what stands against it.
    """
    administrators_only(by)
    if username.strip() != user.username:
        message = f"Type the username, {user.username}, to erase this person."
        raise InvalidInput(message, faults=[Fault(("username",), message)])
    if answers not in {KEEP, WITHDRAW}:
        message = "Answers are kept or withdrawn."
        raise InvalidInput(message, faults=[Fault(("answers",), message)])
    if reason := _stands_against(by, user):
        raise Conflict(reason)
    _end_work(user, withdraw=answers == WITHDRAW)
    _erase(user)
    user.refresh_from_db()
    return preview(by=by, user=user)


def _stands_against(by: User, user: User) -> str:
    if user == by:
        return "This is your own account; ask another administrator."
    if (user.is_staff or user.is_superuser) and not by.is_superuser:
        return "Only a superuser erases administrators."
    owned = Project.objects.filter(memberships__user=user, memberships__role=Role.OWNER)
    others = Membership.objects.filter(role=Role.OWNER, user__is_active=True).exclude(user=user)
    if alone := owned.exclude(pk__in=others.values("project")).first():
        return f"They are the last owner of {alone.name}; make somebody else an owner there first."
    return ""


def _end_work(user: User, *, withdraw: bool) -> None:
    """Give back what they hold and, batch by batch, ask others for what they answered."""
    User.objects.filter(pk=user.pk).update(is_active=False)
    for project in Project.objects.filter(leases__annotator=user).distinct():
        queue.release(project=project, annotator=user)
        if withdraw:
            suspensions.withdraw(project=project, user=user)


@transaction.atomic
def _erase(user: User) -> None:
    user = User.objects.select_for_update().get(pk=user.pk)
    names = Names.of(user)
    with passed_by(Skip, Adjudication):
        Skip.objects.filter(annotator=user).exclude(reason="").update(reason="")
        Adjudication.objects.filter(by=user).exclude(note="").update(note="")
    Comment.objects.filter(author=user).update(body="")
    Flag.objects.filter(author=user).exclude(reason="").update(reason="")
    Lease.objects.filter(annotator=user).exclude(draft=None, client="").update(draft=None, client="")
    Membership.objects.filter(user=user).update(
        paused_reason="", warning="", cursor_priority=None, cursor_item=None
    )
    DisputeClaim.objects.filter(expert=user).delete()
    ApiToken.objects.filter(user=user).delete()
    _end_sessions(user)
    _forget_sign_ins(user)
    _blank(user, names)
    replace_names(user, names)
    forget_in_audit(user, names)


def _blank(user: User, names: Names) -> None:
    now = timezone.now()
    kept = {"pk", "id", "password", "last_login", "date_joined", "username", "imported", "demo", "erased_at"}
    for field in User._meta.concrete_fields:
        if field.name not in kept:
            setattr(user, field.attname, field.get_default())
    user.username, user.is_active, user.last_login, user.date_joined = names.number, False, None, now
    user.imported, user.erased_at = False, user.erased_at or now
    user.set_unusable_password()
    user.save()
    user.groups.clear()
    user.user_permissions.clear()


def _end_sessions(user: User) -> None:
    for session in Session.objects.iterator(chunk_size=500):
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            session.delete()


def _forget_sign_ins(user: User) -> None:
    """Counts of wrong passwords are in the cache for minutes; these tables are filled where the operator wants them to be."""
    for model in (AccessAttempt, AccessFailureLog, AccessLog):
        model.objects.filter(username=user.username).delete()
    about = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk)
    )
    about.update(object_repr=f"Person {user.pk}", change_message="")


def remove_snapshot(*, by: User, snapshot_id: int) -> Snapshot:
    """Delete the file of a snapshot that names somebody who asked to be forgotten; its record and number stay.

    Raises NotAllowed, Conflict where there is no file.
    """
    administrators_only(by)
    found: Snapshot | None = Snapshot.objects.filter(pk=snapshot_id).exclude(file="").first()
    if found is None:
        raise Conflict("There is no such file, or it is deleted already.")
    stored: Any = found.file.name
    with transaction.atomic():
        found.formats.all().delete()
        found.file, found.state = "", Snapshot.State.CANCELLED
        found.error = "Its file was deleted: it named somebody who asked to be forgotten. Make another one."
        found.save(update_fields=["file", "state", "error"])
    default_storage.delete(stored)
    # The manifest, which lies beside it, names people too.
    default_storage.delete(f"{stored.removesuffix('.parquet')}.json")
    return found


def remove_file(*, by: User, file_id: int) -> None:
    """Delete a project's file that names somebody who asked to be forgotten. Raises NotAllowed, Conflict."""
    administrators_only(by)
    found = ProjectFile.objects.filter(pk=file_id, kind=ProjectFile.Kind.ARCHIVE, state="done").first()
    if found is None:
        raise Conflict("There is no such file, or it is deleted already.")
    stored: Any = found.file.name
    found.delete()
    if stored:
        default_storage.delete(stored)
