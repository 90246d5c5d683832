"""Guidelines: amended by those who configure and by experts who see where they fail; members are shown what changed."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from annotation.errors import Conflict, Fault, InvalidInput, NotFound
from annotation.models import GuidelinesChange, GuidelinesSeen, Project, User
from annotation.roles import Action
from annotation.services.access import project_for

LONGEST = 100_000
LONGEST_NOTE = 500


def latest(project: Project) -> int | None:
    """The id of the last change of a project's guidelines."""
    return project.guidelines_changes.order_by("-pk").values_list("pk", flat=True).first()


@transaction.atomic
def amend(*, user: User, project_id: int, text: str, note: str = "", base: int | None = None) -> bool:
    """Give a project other guidelines, and say why; whether anything has changed.

    `base` is the last change that the author knew (0: none). Raises Conflict when there is a later one, or the project
    is archived; NotFound, NotAllowed, InvalidInput.
    """
    project_for(user=user, project_id=project_id, action=Action.ADJUDICATE)
    # Locked: of two who amend the same text, the second is told instead of undoing the first one's work.
    project = Project.objects.select_for_update(no_key=True, of=("self",)).get(pk=project_id)
    if project.archived_at:
        raise Conflict("The project is archived; restore it before you change it.")
    if base is not None and base != (latest(project) or 0):
        raise Conflict("Somebody else has changed the guidelines meanwhile; load them again.")
    text = text.replace("\r\n", "\n")
    if len(text) > LONGEST:
        message = f"Guidelines have at most {LONGEST:,} characters."
        raise InvalidInput(message, faults=[Fault(("guidelines",), message)])
    if text == project.guidelines:
        return False
    before, project.guidelines = project.guidelines, text
    project.save(update_fields=["guidelines"])
    record(project=project, by=user, before=before, note=note)
    return True


def record(*, project: Project, by: User, before: str, note: str = "") -> GuidelinesChange:
    """Remember what changed. The caller holds the project's row lock and has saved the new text."""
    if len(note) > LONGEST_NOTE:
        message = f"A note has at most {LONGEST_NOTE} characters."
        raise InvalidInput(message, faults=[Fault(("note",), message)])
    return GuidelinesChange.objects.create(
        project=project,
        before=before,
        after=project.guidelines,
        note=note.strip(),
        by=by,
        created_at=timezone.now(),
    )


@transaction.atomic
def see(*, user: User, project_id: int, change_id: int) -> None:
    """This person has taken notice of the changes up to this one. Harmless when repeated, or for an earlier one."""
    project = project_for(user=user, project_id=project_id, action=Action.LABEL)
    if not project.guidelines_changes.filter(pk=change_id).exists():
        raise NotFound("There is no such change of the guidelines.")
    seen, made = GuidelinesSeen.objects.select_for_update().get_or_create(
        project=project, user=user, defaults={"change_id": change_id}
    )
    if not made and seen.change_id < change_id:
        seen.change_id = change_id
        seen.save(update_fields=["change"])
