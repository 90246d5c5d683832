"""How a project learns: turned on, changed, turned off, and which question is learned."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from active.models import LearningSettings
from active.names import ENCODERS, LEARNER_OPTIONS, LEARNERS, STRATEGIES
from annotation.errors import Conflict, Fault, InvalidInput
from annotation.models import Project, User
from annotation.questions import QUESTION_TYPES
from annotation.questions.types import Question
from annotation.roles import Action
from annotation.services.access import check
from annotation.services.validation import clean

CHANGEABLE = (
    *("automatic", "question", "encoder", "encoder_options", "learner", "learner_options", "strategy"),
    *("rival", "batch", "new_labels", "every_minutes", "explore", "ask_again", "again_at_most", "target"),
    *("from_functions", "functions_precision", "review"),
)
# On which scales answers can be learned, and as what kind of target.
KINDS = {"nominal": "single", "ordinal": "ordinal", "set": "set"}
NOTHING_TO_LEARN = (
    "This project has no question that a model can learn: it needs a choice, several choices or a rating."
)


def learnable(project: Project) -> list[Question]:
    """The questions that a model can learn, in the order of the schema."""
    return [
        one
        for one in (project.schema.questions if project.schema else ())
        if QUESTION_TYPES[one["type"]].scale in KINDS and QUESTION_TYPES[one["type"]].values(one)
    ]


def learned_question(project: Project, settings: LearningSettings) -> Question | None:
    """The question that is learned now; None where there is none that can be."""
    found = learnable(project)
    chosen = next((one for one in found if one["name"] == settings.question), None)
    return chosen or (found[0] if found else None)


def settings_of(project: Project) -> LearningSettings | None:
    return LearningSettings.objects.filter(project=project).first()


@transaction.atomic
def turn_on(*, project: Project, by: User, **changes: Any) -> LearningSettings:
    """Let rounds start by themselves from now on. Raises NotAllowed, Conflict where nothing can be learned."""
    check(user=by, project=project, action=Action.CONFIGURE)
    _refuse_archived(project)
    if not learnable(project):
        raise Conflict(NOTHING_TO_LEARN)
    return change(project=project, by=by, **{**changes, "automatic": True})


@transaction.atomic
def change(*, project: Project, by: User, **changes: Any) -> LearningSettings:
    """Change how a project learns; the next round follows. Raises NotAllowed, Conflict, InvalidInput with every fault."""
    check(user=by, project=project, action=Action.CONFIGURE)
    _refuse_archived(project)
    settings, _ = LearningSettings.objects.get_or_create(project=project, defaults={"automatic": False})
    if unknown := sorted(set(changes) - set(CHANGEABLE)):
        faults = [Fault((name,), "There is no such setting.") for name in unknown]
        raise InvalidInput("Some settings do not exist.", faults=faults)
    for name, value in changes.items():
        setattr(settings, name, value)
    clean(settings, only=changes)
    if faults := _faults(project, settings):
        raise InvalidInput(" ".join(fault.message for fault in faults), faults=faults)
    if changes:
        settings.save(update_fields=list(changes))
    return settings


def _refuse_archived(project: Project) -> None:
    if project.archived_at:
        raise Conflict("The project is archived; restore it first.")


def _faults(project: Project, settings: LearningSettings) -> list[Fault]:
    named = (
        ("strategy", settings.strategy, STRATEGIES),
        ("rival", settings.rival or next(iter(STRATEGIES)), STRATEGIES),
        ("learner", settings.learner, LEARNERS),
        ("encoder", settings.encoder or next(iter(ENCODERS)), ENCODERS),
    )
    faults = [
        Fault((field,), f"There is no {field} “{name}”; choose one of {', '.join(names)}.")
        for field, name, names in named
        if name not in names
    ]
    questions = [one["name"] for one in learnable(project)]
    if settings.question and settings.question not in questions:
        there = ", ".join(questions) or "none"
        faults.append(Fault(("question",), f"A model cannot learn “{settings.question}”; it can: {there}."))
    if settings.rival and settings.rival == settings.strategy:
        faults.append(Fault(("rival",), "A strategy cannot be compared with itself; choose another one."))
    return faults + _option_faults(settings)


def _option_faults(settings: LearningSettings) -> list[Fault]:
    """What the learner cannot be told. Of encoders the workers know, and say so on the page of the round."""
    known = LEARNER_OPTIONS.get(settings.learner, ())
    unknown = sorted(set(settings.learner_options) - set(known))
    if unknown:
        message = f"The learner has no option “{unknown[0]}”; it has {', '.join(known) or 'none'}."
        return [Fault(("learner_options",), message)]
    wrong = [name for name, value in settings.learner_options.items() if type(value) not in {int, float}]
    return [Fault(("learner_options",), f"The option “{name}” is a number.") for name in wrong]
