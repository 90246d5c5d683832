"""Projects: their rules of work, their beginning and their end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from annotation.errors import Conflict, Fault, InvalidInput, NotAllowed
from annotation.models import Membership, Project, ProjectFile, User
from annotation.roles import Action, Role
from annotation.services import answers, consensus, guidelines, schemas
from annotation.services.access import check
from annotation.services.validation import clean

CHANGEABLE = (
    "name",
    "description",
    "guidelines",
    "annotations_per_item",
    "lease_minutes",
    "skip_policy",
    "annotation_limit",
    "annotations_at_most",
    "target_confidence",
    "gold_rate",
    "gold_exposures",
    "gold_feedback",
    "gold_bar",
    "training_questions",
    "training_bar",
    "suggestions",
    "adjudicate_own",
    "anonymous_answers",
)
# What decides whether an item has been answered well enough.
SETTLING = {"annotations_per_item", "annotations_at_most", "target_confidence"}


@dataclass(frozen=True)
class FirstSchema:
    """The questions that a project starts with."""

    fields: list[dict[str, Any]] = field(default_factory=list)
    questions: list[dict[str, Any]] = field(default_factory=list)


@transaction.atomic
def create(*, by: User, name: str, schema: FirstSchema | None = None, **rules: Any) -> Project:
    """Make a project, with its first schema or none yet; its maker is its first owner. Raises NotAllowed, InvalidInput."""
    if not by.creates_projects:
        raise NotAllowed("You may not create projects; ask an administrator for it.")
    project = Project(name=name, created_by=by, **_known(rules))
    _check_overlap(project)
    clean(project, only=CHANGEABLE)
    project.save()
    Membership.objects.create(project=project, user=by, role=Role.OWNER)
    if schema is not None:
        _first_schema(project, by, schema)
        project.refresh_from_db()
    return project


def _first_schema(project: Project, by: User, schema: FirstSchema) -> None:
    try:
        schemas.create_schema(project=project, by=by, fields=schema.fields, questions=schema.questions)
    except InvalidInput as error:
        # The caller gave the schema inside the project: its faults are told from there.
        faults = [Fault(("schema", *fault.path), fault.message) for fault in error.faults]
        raise InvalidInput(str(error), faults=faults) from error


def change(*, project: Project, by: User, **changes: Any) -> Project:
    """Change a project's words and rules. Another number of answers per item goes to every item of it."""
    project, changed = _change(project, by, changes)
    if "annotations_per_item" in changed:
        # Apart from the first transaction: it goes on in batches, and people label on meanwhile.
        answers.set_overlap(project=project, wanted=project.annotations_per_item)
    if SETTLING & changed.keys():
        consensus.mark_all_due(project_id=project.pk)
    return project


@transaction.atomic
def _change(project: Project, by: User, changes: dict[str, Any]) -> tuple[Project, dict[str, Any]]:
    check(user=by, project=project, action=Action.CONFIGURE)
    project = _lock(project)
    if project.archived_at:
        raise Conflict("The project is archived; restore it before you change it.")
    changed = {name: value for name, value in _known(changes).items() if getattr(project, name) != value}
    before = project.guidelines
    for name, value in changed.items():
        setattr(project, name, value)
    _check_overlap(project)
    clean(project, only=changed)
    if changed:
        project.save(update_fields=list(changed))
    if "guidelines" in changed:
        guidelines.record(project=project, by=by, before=before)
    return project, changed


@transaction.atomic
def archive(*, project: Project, by: User) -> Project:
    """Close a project: nobody gets items any more; everything stays readable. Harmless when repeated."""
    check(user=by, project=project, action=Action.ARCHIVE)
    project = _lock(project)
    if project.archived_at is None:
        project.archived_at = timezone.now()
        project.save(update_fields=["archived_at"])
    return project


@transaction.atomic
def restore(*, project: Project, by: User) -> Project:
    """Open an archived project again. Harmless when repeated. Raises Conflict for one that is being deleted."""
    check(user=by, project=project, action=Action.ARCHIVE)
    project = _lock(project)
    if ProjectFile.objects.filter(project=project, kind=ProjectFile.Kind.DELETE).exists():
        raise Conflict("The project is being deleted.")
    if project.archived_at is not None:
        project.archived_at = None
        project.save(update_fields=["archived_at"])
    return project


def roles_in(*, user: User, found: Iterable[Project]) -> dict[int, Role]:
    """This person's role in each of these projects that they may see; an administrator is owner of the rest."""
    ids = [project.pk for project in found]
    held = Membership.objects.filter(user=user, project__in=ids).values_list("project_id", "role")
    own = {project_id: Role(role) for project_id, role in held}
    return dict.fromkeys(ids, Role.OWNER) | own if user.is_superuser else own


def _lock(project: Project) -> Project:
    # Locked: two managers changing the overlap at once must leave items and project with the same number.
    return (
        Project.objects.select_for_update(no_key=True, of=("self",))
        .select_related("schema")
        .get(pk=project.pk)
    )


def _check_overlap(project: Project) -> None:
    """Both numbers together: one of them may be changed without the other."""
    most = project.annotations_at_most
    if most is not None and most < project.annotations_per_item:
        message = f"At most must not be less than the {project.annotations_per_item} answers that are asked for in any case."
        raise InvalidInput(message, faults=[Fault(("annotations_at_most",), message)])


def _known(rules: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(rules) - set(CHANGEABLE))
    if unknown:
        faults = [Fault((name,), "There is no such setting.") for name in unknown]
        raise InvalidInput("Some settings do not exist.", faults=faults)
    return dict(rules)
