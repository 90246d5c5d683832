"""What the filter bar needs to know: which fields this project's filters have, and what the present one says."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from annotation import filtering
from annotation.expressions import And, Condition, Expression, Not
from annotation.models import Project
from annotation.questions import QUESTION_TYPES
from annotation.reports.table_columns import fields_of

MOST_LABELS = 500
# Groups and titles, in the order in which they are offered. Fields that are not named here come at the end, by their names.
_TITLES = {
    "Answers": {
        "label": "Somebody says",
        "answered": "Answered",
        "annotator": "Answered by",
        "answered_at": "Answered at",
        "source": "Kind of source",
        "suggested": "Answered beside a suggestion",
        "followed": "Followed a suggestion",
    },
    "Consensus": {
        "consensus": "Consensus",
        "confidence": "Confidence",
        "agreement": "Agreement",
        "status": "Decided by",
    },
    "The item": {
        "text": "Text",
        "meta": "Field",
        "state": "State",
        "key": "Key",
        "dataset": "Dataset",
        "created": "Created",
        "imported": "Imported",
        "id": "Number",
        "alike": "Nearly the same as another",
    },
    "Marks": {
        "tag": "Tag",
        "flagged": "Flagged",
        "flag": "Reason of a flag",
        "commented": "Commented",
        "comment": "Comment",
        "gold": "Gold question",
        "role": "Role",
    },
    "Work": {
        "answers": "Answers given",
        "wanted": "Answers wanted",
        "priority": "Priority",
        "assigned": "Assigned to",
    },
    "Models": {"predicted": "Predicted", "round": "Round"},
}
_ORDER = {name: (group, title) for group, names in _TITLES.items() for name, title in names.items()}


def config(project: Project, *, gold: bool) -> dict[str, Any]:
    """As JSON for static/js/table/: fields, questions, and fields of the payload."""
    known = [field for field in filtering.FIELDS.values() if gold or not field.secret]
    places = {name: place for place, name in enumerate(_ORDER)}
    known.sort(key=lambda field: places.get(field.name, len(places)))
    return {
        "fields": [_field(project, field) for field in known],
        "questions": _questions(project),
        "payload": [{"value": name, "title": title} for name, title, _ in fields_of(project)],
        "values": reverse("api:field-values", args=[project.pk]),
    }


def tree(expression: Expression, *, negated: bool = False) -> dict[str, Any]:
    """A filter as the bar shows it: conditions, and groups of which all or any hold."""
    if isinstance(expression, Not):
        return tree(expression.of, negated=not negated)
    if isinstance(expression, Condition):
        return {
            "kind": "is",
            "negated": negated,
            "field": expression.field,
            "part": expression.part,
            "operator": expression.operator,
            "values": list(expression.values),
        }
    kind = "all" if isinstance(expression, And) else "any"
    return {"kind": kind, "negated": negated, "parts": [tree(part) for part in expression.parts]}


def _field(project: Project, field: filtering.Field) -> dict[str, Any]:
    group, title = _ORDER.get(field.name, ("More", field.name.replace("_", " ").capitalize()))
    return {
        "name": field.name,
        "group": group,
        "title": title,
        "about": field.about,
        "example": field.example,
        "kind": field.kind,
        "operators": list(field.operators),
        "slow": list(field.slow),
        "part": field.part,
        "partOptional": field.part_optional,
        "choices": list(field.choices(project)) if field.choices else None,
    }


def _questions(project: Project) -> list[dict[str, Any]]:
    found = []
    for question in project.schema.questions if project.schema else ():
        titles = {label["value"]: label["title"] for label in question.get("labels", ())}
        values = QUESTION_TYPES[question["type"]].values(question) or ()
        labels = [{"value": str(value), "title": str(titles.get(value, value))} for value in values]
        found.append({"value": question["name"], "title": question["title"], "labels": labels[:MOST_LABELS]})
    return found
