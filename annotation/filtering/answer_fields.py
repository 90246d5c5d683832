"""What people said of an item: each person's answer that stands, whatever version of the questions it was given under."""

from __future__ import annotations

from functools import reduce
from operator import or_

from django.db.models import Exists, OuterRef, Q

from annotation.expressions import Condition
from annotation.filtering.fields import EQUAL, FLAG, NEVER, ORDERED, Field, Scope, Test, Unfit, about
from annotation.filtering.values import LOOKUPS, chosen, during, number
from annotation.models import Annotation, Consensus, Lease, Membership, Prediction, Project
from annotation.questions import QUESTION_TYPES
from annotation.readings import readings_under

SOURCES = {
    "person": "person",
    "simulated": "simulated",
    "imported": "imported",
    "model": "model",
    "function": "function",
}


def labels_of(scope: Scope, name: str) -> list[str] | None:
    """The labels of a question, if they can be listed."""
    question = scope.questions[name]
    return QUESTION_TYPES[question["type"]].values(question)


def check_label(scope: Scope, condition: Condition) -> None:
    """Whether the values and the comparison fit the question."""
    name, operator = condition.part, condition.operator
    question = scope.questions[name]
    scale = QUESTION_TYPES[question["type"]].scale
    listed = labels_of(scope, name)
    if operator == "~" and question["type"] != "text":
        raise Unfit(f"“~” is for questions that are answered in words; “{name}” is not.")
    if operator in {"<", "<=", ">", ">="}:
        if scale not in {"ordinal", "interval"}:
            raise Unfit(f"“{operator}” is for numbers and ratings; “{name}” is neither.")
        number(condition.values[0])
    elif operator == "=" and listed is not None:
        chosen(condition, listed)
    elif operator == "=" and scale in {"ordinal", "interval"}:
        for value in condition.values:
            number(value)


def _answers(scope: Scope, condition: Q, *, ordered: bool = True) -> Test:
    """That an answer that stands is so: the last of each person."""
    given = Annotation.objects.filter(condition, project=scope.project)
    # Not by a join: of that the planner believes that it leaves one row.
    later = Annotation.objects.filter(supersedes=OuterRef("pk"))
    return about(given.filter(~Exists(later)), lead=given, ordered=ordered)


def _label(scope: Scope, condition: Condition) -> Test:
    check_label(scope, condition)
    return _answers(scope, _saying(scope.project, condition))


def _answered(scope: Scope, condition: Condition) -> Test:
    said = _saying(scope.project, condition) if condition.part else Q()
    return _answers(scope, said)


def _saying(project: Project, condition: Condition) -> Q:
    """Answers that now read so, version by version."""
    if project.schema_id is None:
        return NEVER
    readings = readings_under(project.schema_id)
    parts: list[Q] = []
    if condition.operator == "=":
        for value in condition.values:
            parts += (
                Q(schema=schema, answer__contains=part)
                for schema, part in readings.saying(condition.part, value)
            )
    else:
        parts += (
            Q(schema=schema) & _compared(name, condition)
            for schema, name in readings.answering(condition.part)
        )
    return reduce(or_, parts, NEVER)


def _compared(name: str, condition: Condition) -> Q:
    if not condition.operator:
        return Q(answer__has_key=name)
    if condition.operator == "~":
        return Q(**{f"answer__{name}__icontains": condition.values[0]})
    return Q(**{f"answer__{name}__{LOOKUPS[condition.operator]}": number(condition.values[0])})


def _annotator(scope: Scope, condition: Condition) -> Test:
    people = people_of(scope, condition)
    return _answers(scope, Q(annotator__in=people), ordered=len(people) == 1)


def people_of(scope: Scope, condition: Condition) -> list[int]:
    """The people named: members, and who answered before they left."""
    found = []
    for name in condition.values:
        members = Membership.objects.filter(project=scope.project, user__username=name)
        person = members.values_list("user", flat=True).first()
        if person is None:
            gone = Lease.objects.filter(
                project=scope.project, annotator__username=name, annotation__isnull=False
            )
            person = gone.values_list("annotator", flat=True).first()
        if person is None:
            raise Unfit(f"There is no member “{name[:60]}”.")
        found.append(person)
    return found


def _source(scope: Scope, condition: Condition) -> Test:
    """One kind only, for each is another table."""
    tests = [_of_kind(scope, kind) for kind in chosen(condition, list(SOURCES))]
    if len(tests) == 1:
        return tests[0]
    return Test(lambda bounds: reduce(or_, (test.passes(bounds) for test in tests)))


def _of_kind(scope: Scope, kind: str) -> Test:
    if kind == "model":
        return about(Prediction.objects.filter(project=scope.project), ordered=True)
    if kind == "function":
        voted = Consensus.objects.filter(project=scope.project, kinds__contains=["function"])
        return about(voted, ordered=True)
    return _answers(scope, Q(origin=kind))


def _answered_at(scope: Scope, condition: Condition) -> Test:
    return _answers(scope, during("created_at", scope, condition), ordered=False)


def _suggested(scope: Scope, condition: Condition) -> Test:
    return _answers(scope, Q(followed__isnull=False), ordered=False)


def _followed(scope: Scope, condition: Condition) -> Test:
    return _answers(scope, Q(followed=True), ordered=False)


FIELDS = (
    Field(
        "label",
        "Somebody's answer says this, as it reads today. Numbers and ratings can be compared, words searched by ~.",
        "label.sentiment = positive",
        "label",
        (*ORDERED, "~"),
        _label,
        part="question",
    ),
    Field(
        "answered",
        "Somebody has answered, this question or any.",
        "answered.sentiment",
        "flag",
        FLAG,
        _answered,
        part="question",
        part_optional=True,
    ),
    Field(
        "annotator",
        "Who has answered, by username.",
        "annotator = anna",
        "choice",
        EQUAL,
        _annotator,
        choices=lambda project: list(
            project.memberships.filter(answered__gt=0).values_list("user__username", flat=True)[:500]
        ),
    ),
    Field(
        "source",
        "What kind of source said something: person, simulated, imported (answers), model (predictions), function.",
        "source = model",
        "choice",
        EQUAL,
        _source,
        choices=lambda project: list(SOURCES),
    ),
    Field(
        "answered_at",
        "When an answer that stands was given.",
        "answered_at > -7d",
        "time",
        ORDERED,
        _answered_at,
    ),
    Field("suggested", "Somebody answered beside a suggestion.", "suggested", "flag", FLAG, _suggested),
    Field("followed", "Somebody answered as was suggested.", "followed", "flag", FLAG, _followed),
)
