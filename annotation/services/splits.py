"""Splits: how the items of a project are parted into train, test and so on, once and for all."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from annotation.errors import Conflict, Fault, InvalidInput, NotFound
from annotation.models import Project, Split, User
from annotation.questions import QUESTION_TYPES
from annotation.questions.checks import is_number, short, text_fault
from annotation.roles import Action
from annotation.services.access import check

Kind = Split.Kind
LONGEST_NAME = 60
LONGEST_PART = 40
MOST_PARTS = 10
LARGEST_SEED = 2**31 - 1


def create(
    *, project: Project, by: User, name: str, kind: str, parts: Any, seed: int = 0, field: str = ""
) -> Split:
    """A new split; `field` is what it goes by. Raises InvalidInput with every fault, and Conflict for a name that is taken."""
    check(user=by, project=project, action=Action.EXPORT)
    name, field = name.strip(), field.strip()
    faults = list(_faults(project, name, kind, parts, seed, field))
    if faults:
        raise InvalidInput(faults[0].message, faults=faults)
    told = [{"name": part["name"].strip(), "share": part["share"]} for part in parts]
    try:
        with transaction.atomic():
            return Split.objects.create(
                project=project, name=name, kind=kind, parts=told, seed=seed, by=field, created_by=by
            )
    except IntegrityError as error:
        message = (
            f"There is a split called “{short(name)}” already, and a split never changes. Take another name."
        )
        raise Conflict(message, faults=[Fault(("name",), message)]) from error


def split_for(*, user: User, split_id: int) -> Split:
    """The split, if this person may export. Raises NotFound or NotAllowed."""
    found = Split.objects.select_related("project__schema", "created_by").filter(pk=split_id).first()
    if found is None:
        raise NotFound("There is no such split, or you are not a member of its project.")
    check(user=user, project=found.project, action=Action.EXPORT)
    return found


def splits_for(*, user: User, project: Project) -> QuerySet[Split]:
    check(user=user, project=project, action=Action.EXPORT)
    return project.splits.select_related("created_by").order_by("pk")


def strata_of(project: Project) -> list[dict[str, Any]]:
    """The questions by whose labels items can be parted: those with one label for each item."""
    questions = project.schema.questions if project.schema else []
    return [
        question
        for question in questions
        if QUESTION_TYPES[question["type"]].one_value and QUESTION_TYPES[question["type"]].scale
    ]


def _faults(project: Project, name: str, kind: str, parts: Any, seed: int, field: str) -> Iterator[Fault]:
    if fault := text_fault(name, most=LONGEST_NAME, least=1):
        yield Fault(("name",), fault)
    if kind not in Kind.values:
        yield Fault(("kind",), f"A split is one of {', '.join(Kind.values)}.")
    if not 0 <= seed <= LARGEST_SEED:
        yield Fault(("seed",), f"A seed is a whole number from 0 to {LARGEST_SEED}.")
    yield from _faults_of_parts(parts)
    yield from _faults_of_field(project, kind, field)


def _faults_of_parts(parts: Any) -> Iterator[Fault]:
    if not isinstance(parts, list) or not 2 <= len(parts) <= MOST_PARTS:
        yield Fault(("parts",), f'Parts are a list of 2 to {MOST_PARTS}: {{"name": "train", "share": 0.8}}.')
        return
    names: set[str] = set()
    for place, part in enumerate(parts):
        if not isinstance(part, dict) or part.keys() != {"name", "share"}:
            yield Fault(("parts", place), 'A part is {"name": "train", "share": 0.8}.')
            return
        if fault := text_fault(part["name"], most=LONGEST_PART, least=1):
            yield Fault(("parts", place, "name"), fault)
        elif part["name"].strip() in names:
            yield Fault(("parts", place, "name"), f"There are two parts called “{short(part['name'])}”.")
        else:
            names.add(part["name"].strip())
        if not is_number(part["share"]) or not 0 < part["share"] < 1:
            yield Fault(("parts", place, "share"), "A share lies between 0 and 1.")
            return
    total = math.fsum(part["share"] for part in parts)
    if abs(total - 1) > 1e-6:
        yield Fault(("parts",), f"The shares add up to {total:g}; make it 1.")


def _faults_of_field(project: Project, kind: str, field: str) -> Iterator[Fault]:
    if kind == Kind.RANDOM and field:
        yield Fault(("by",), "A random split goes by nothing but the key; leave this empty.")
    elif kind == Kind.STRATIFIED:
        names = [question["name"] for question in strata_of(project)]
        if field not in names:
            listed = ", ".join(names) or "the project has none yet"
            yield Fault(("by",), f"Name a question with one label for each item: {listed}.")
    elif kind == Kind.GROUP and not field:
        yield Fault(("by",), "Name the field of the payload that says which items stay together.")
    elif fault := text_fault(field, most=200):
        yield Fault(("by",), fault)
