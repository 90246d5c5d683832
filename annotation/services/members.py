"""Who belongs to a project, and as what."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Lower

from annotation.errors import Conflict, Fault, InvalidInput, NotAllowed, NotFound
from annotation.models import Membership, Project, User
from annotation.roles import Action, Role, may
from annotation.services import queue
from annotation.services.access import check
from annotation.services.validation import clean

CHANGEABLE = ("role", "annotation_limit", "paused_reason")


@transaction.atomic
def add(
    *, project: Project, by: User, username: str, role: str, annotation_limit: int | None = None
) -> Membership:
    """Make somebody a member. Raises NotAllowed, InvalidInput for an unknown name or role, Conflict for a member."""
    check(user=by, project=project, action=Action.MEMBERS)
    _owners_only(project, by, role)
    user = User.objects.alias(low=Lower("username")).filter(low=username.lower(), is_active=True).first()
    if user is None:
        message = f"Nobody here is called {username}. An administrator makes accounts."
        raise InvalidInput(message, faults=[Fault(("username",), message)])
    member = Membership(project=project, user=user, role=role, annotation_limit=annotation_limit)
    clean(member, only=CHANGEABLE)
    # Who was here before goes on from there: limits and figures count what they gave then.
    member.answered = project.annotations.filter(annotator=user, supersedes=None).count()
    try:
        with transaction.atomic():
            member.save()
    except IntegrityError as error:
        raise Conflict(f"{user.username} is a member already.") from error
    return member


@transaction.atomic
def change(*, project: Project, by: User, user_id: int, **changes: Any) -> Membership:
    """Change a member's role, limit or pause. Who may no longer label gives back what they hold."""
    check(user=by, project=project, action=Action.MEMBERS)
    unknown = sorted(set(changes) - set(CHANGEABLE))
    if unknown:
        faults = [Fault((name,), "Cannot be changed here.") for name in unknown]
        raise InvalidInput("These cannot be changed.", faults=faults)
    member = _lock(project, user_id)
    _owners_only(project, by, member.role, changes.get("role", ""))
    if changes.get("role", member.role) != member.role:
        _keep_an_owner(project, member)
    for name, value in changes.items():
        setattr(member, name, value)
    clean(member, only=CHANGEABLE)
    member.save(update_fields=list(changes))
    if member.paused_reason or not member.may(Action.LABEL):
        queue.release(project=project, annotator=member.user)
    return member


@transaction.atomic
def remove(*, project: Project, by: User, user_id: int) -> None:
    """End a membership; answers stay, reserved items go to others. Raises NotAllowed, NotFound, Conflict."""
    check(user=by, project=project, action=Action.MEMBERS)
    member = _lock(project, user_id)
    _owners_only(project, by, member.role)
    _keep_an_owner(project, member)
    queue.release(project=project, annotator=member.user)
    member.delete()


def _lock(project: Project, user_id: int) -> Membership:
    # The project first: two owners who demote each other at once must not leave the project without one.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    # The member then: one who is just getting an item gets it before, and gives it back, or does not get it.
    locked = Membership.objects.select_for_update(no_key=True, of=("self",)).select_related("user")
    member = locked.filter(project=project, user_id=user_id).first()
    if member is None:
        raise NotFound("There is no such member.")
    return member


def _owners_only(project: Project, by: User, *roles: str) -> None:
    """Only owners make owners, and only owners touch owners."""
    if Role.OWNER in roles and not may(project.role_of(by), Action.ARCHIVE):
        raise NotAllowed("Only an owner makes, changes or removes owners.")


def _keep_an_owner(project: Project, member: Membership) -> None:
    if member.role != Role.OWNER:
        return
    if not Membership.objects.filter(project=project, role=Role.OWNER).exclude(pk=member.pk).exists():
        raise Conflict("This is the last owner; make somebody else an owner first.")
