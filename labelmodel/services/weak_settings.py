"""What a project lets its labeling functions do: fields that they never see, known class balance, whether they run by themselves."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from annotation.errors import Conflict, Fault, InvalidInput
from annotation.models import Project, User
from annotation.questions import QUESTION_TYPES
from annotation.questions.checks import is_number, text_fault
from annotation.roles import Action
from annotation.services.access import check
from labelmodel.models import WeakSettings
from labelmodel.services import weak_sources
from labelmodel.services.function_rules import functions_questions, labels_of

MOST_SENSITIVE = 200
# In place of shares: those of what people labeled.
LABELED = "labeled"
MOVED_ON = "Somebody changed these settings since this page was opened. They are shown as they are now; nothing was saved."


def settings_of(project: Project) -> WeakSettings:
    """The project's settings; the defaults, not saved, where nobody has changed any."""
    return WeakSettings.objects.filter(project=project).first() or WeakSettings(project=project)


def stamp_of(row: WeakSettings) -> str:
    """Another one when any setting changes."""
    said = [row.automatic, row.sensitive_fields, row.class_balance, row.cascade]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:32]


@transaction.atomic
def change(
    *,
    project: Project,
    by: User,
    automatic: bool | None = None,
    sensitive_fields: Sequence[str] | None = None,
    class_balance: Mapping[str, Mapping[str, float] | str] | None = None,
    cascade: Sequence[str] | None = None,
    seen: str | None = None,
) -> WeakSettings:
    """Change what is given. `class_balance` of a question: its shares, or LABELED for those of what people labeled; `cascade`: what
    votes beside the functions (weak_sources.py); `seen`: the stamp of the settings that this change was made up for, which must
    be as they were. From then on functions that read a field that is sensitive now are not run, and their votes
    count no more. Raises NotAllowed, InvalidInput, Conflict."""
    check(user=by, project=project, action=Action.REVIEW_FUNCTIONS)
    if project.archived_at:
        raise Conflict("This project is archived.")
    WeakSettings.objects.get_or_create(project=project)
    # Two who change different things at once both get what they want.
    row = WeakSettings.objects.select_for_update(no_key=True).get(project=project)
    if seen is not None and seen != stamp_of(row):
        raise Conflict(MOVED_ON)
    if automatic is not None:
        row.automatic = automatic
    if sensitive_fields is not None:
        row.sensitive_fields = _fields(sensitive_fields)
    if class_balance is not None:
        row.class_balance = {name: _shares(project, name, shares) for name, shares in class_balance.items()}
    if cascade is not None:
        row.cascade = weak_sources.checked(project, list(cascade))
    row.save(update_fields=["automatic", "sensitive_fields", "class_balance", "cascade"])
    return row


def _fields(names: Sequence[str]) -> list[str]:
    if len(names) > MOST_SENSITIVE:
        raise _fault(("sensitive_fields",), f"At most {MOST_SENSITIVE} fields are listed.")
    for position, name in enumerate(names):
        if fault := text_fault(name, most=200, least=1):
            raise _fault(("sensitive_fields", position), fault)
    # Fields that no item has yet may be listed, so that they are never seen.
    return sorted(set(names))


def _shares(project: Project, name: str, shares: Any) -> dict[str, float] | str:
    question = next((one for one in functions_questions(project.schema) if one["name"] == name), None)
    if question is None:
        raise _fault(("class_balance", name), "Labeling functions vote on no question of this name.")
    if shares == LABELED:
        return LABELED
    if not isinstance(shares, Mapping):
        raise _fault(("class_balance", name), 'Say a share for each label: {"spam": 0.2, "ham": 0.8}.')
    if not shares:
        return {}
    labels = labels_of(question)
    if missing := sorted(set(labels) ^ set(shares)):
        raise _fault(
            ("class_balance", name, missing[0]),
            "Say a share for each label of the question, and for no other.",
        )
    if not all(is_number(share) and share >= 0 for share in shares.values()):
        raise _fault(("class_balance", name), "A share is a number from 0 to 1.")
    if QUESTION_TYPES[question["type"]].scale == "set":
        # Each label by itself: an item may have several of them, or none.
        if max(shares.values()) > 1:
            raise _fault(("class_balance", name), "A share is a number from 0 to 1.")
        return {label: float(shares[label]) for label in labels}
    total = sum(shares.values())
    if not 0.99 <= total <= 1.01:
        raise _fault(("class_balance", name), f"The shares add up to {total:g}; they should add up to 1.")
    return {label: shares[label] / total for label in labels}


def _fault(path: tuple[str | int, ...], message: str) -> InvalidInput:
    return InvalidInput(message, faults=[Fault(path, message)])
