"""Schemas: publish a new version of a project's questions, and read old answers under it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from annotation.errors import Conflict, Fault, InvalidInput
from annotation.models import Annotation, GoldQuestion, Project, Schema, User
from annotation.questions import changes, check_mapping, check_schema, normalize
from annotation.questions.checks import text_fault
from annotation.questions.mapping import complete
from annotation.roles import Action
from annotation.services import consensus_sql, hot, queue
from annotation.services.access import check
from annotation.services.schema_effects import count_effects

LONGEST_NOTE = 300


@transaction.atomic
def create_schema(
    *,
    project: Project,
    by: User,
    fields: Any,
    questions: Any,
    mapping: Any = None,
    note: str = "",
    base_version: int | None = None,
    ask_again: bool = False,
) -> Schema:
    """Publish the next version. `mapping` says how answers under the current version read under it.

    As long as nobody has answered, the mapping may leave things unsaid. `base_version` is the version that was edited.
    With `ask_again`, items whose answers lack something under the new version want one more judgment. Raises
    InvalidInput with every fault, Conflict when another version was published meanwhile, NotAllowed, NotFound.
    """
    check(user=by, project=project, action=Action.CONFIGURE)
    project = _lock(project)
    _check_base(project.schema, base_version)
    fields, questions = checked(fields=fields, questions=questions)
    mapping = _checked_mapping(project, questions, mapping)
    _check_note(note)
    _check_difference(project.schema, fields, questions, mapping)
    again = _items_to_ask_again(project, questions, mapping) if ask_again else []
    schema = Schema.objects.create(
        project=project,
        version=project.schema.version + 1 if project.schema else 1,
        fields=fields,
        questions=questions,
        mapping=mapping,
        note=note.strip(),
        created_by=by,
    )
    project.schema = schema
    project.save(update_fields=["schema"])
    # Old answers may read otherwise now.
    hot.rows(consensus_sql.ADD_ALL_DUE, {"project": project.pk, "now": timezone.now()})
    if again:
        queue.reopen(project=project, item_ids=again)
    return schema


def checked(*, fields: Any, questions: Any) -> tuple[list[Any], list[Any]]:
    """A schema with its defaults filled in. Raises InvalidInput with every fault."""
    if faults := check_schema(fields, questions):
        raise InvalidInput("The schema has faults; see errors.", faults=faults)
    return normalize(fields, questions)


def check_draft(*, project: Project, questions: list[Any], mapping: Any) -> dict[str, Any]:
    """The mapping of a draft, completed as if everything unsaid were for people to decide. Raises InvalidInput."""
    current = project.schema
    if current is None:
        return _mapping_of_first(mapping)
    if faults := check_mapping(current.questions, questions, mapping or {}, complete=False):
        raise InvalidInput("The mapping has faults; see errors.", faults=faults)
    return complete(current.questions, questions, mapping or {})


def unsaid(*, project: Project, questions: list[Any], mapping: Any) -> list[Fault]:
    """What a mapping must still say before this draft can be published."""
    if project.schema is None or not has_answers(project):
        return []
    return check_mapping(project.schema.questions, questions, mapping or {}, complete=True)


def has_answers(project: Project) -> bool:
    return (
        Annotation.objects.filter(project=project).exists()
        or GoldQuestion.objects.filter(project=project).exists()
    )


def _lock(project: Project) -> Project:
    # Locked: two managers publishing at once get consecutive numbers, and the second one's base_version is told.
    # Not joined to the schema: the join would still be made with the version from before the wait for the lock.
    project = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if project.archived_at:
        raise Conflict("The project is archived; restore it before you change its schema.")
    return project


def _check_base(current: Schema | None, base_version: int | None) -> None:
    at = current.version if current else 0
    if base_version is not None and base_version != at:
        now = f"version {at} is the current one" if at else "there is no version yet"
        raise Conflict(f"You edited version {base_version}, but {now}. Load it and make your changes again.")


def _checked_mapping(project: Project, questions: list[Any], mapping: Any) -> dict[str, Any]:
    current = project.schema
    if current is None:
        return _mapping_of_first(mapping)
    answered = has_answers(project)
    if faults := check_mapping(current.questions, questions, mapping or {}, complete=answered):
        raise InvalidInput("The mapping of old answers has faults; see errors.", faults=faults)
    return complete(current.questions, questions, mapping or {})


def _mapping_of_first(mapping: Any) -> dict[str, Any]:
    if mapping:
        fault = Fault(("mapping",), "The first version has nothing to map from.")
        raise InvalidInput(fault.message, faults=[fault])
    return {}


def _check_note(note: Any) -> None:
    if fault := text_fault(note, most=LONGEST_NOTE, lines=True):
        raise InvalidInput("The note has a fault; see errors.", faults=[Fault(("note",), fault)])


def _check_difference(
    current: Schema | None, fields: list[Any], questions: list[Any], mapping: Mapping[str, Any]
) -> None:
    if current and current.fields == fields and not changes(current.questions, questions, mapping):
        raise InvalidInput(f"This is the same as version {current.version}; there is nothing to publish.")


def _items_to_ask_again(project: Project, questions: list[Any], mapping: dict[str, Any]) -> list[int]:
    return count_effects(project=project, questions=questions, mapping=mapping, items=True).item_ids
