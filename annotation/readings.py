"""Answers of every version of a project's questions, read under one of them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from annotation.models import Schema
from annotation.questions import QUESTION_TYPES, Form, Reading
from annotation.questions.mapping import sources

# Which answers say a label: {schema id: the part that such an answer contains}.
Spoken = dict[int, dict[str, Any]]


class Readings:
    """How answers read under one schema, whichever of its predecessors they were given under."""

    def __init__(self, schemas: list[Schema]) -> None:
        """`schemas` lead up to the one to read under, in order of version."""
        self.schemas = {schema.pk: schema for schema in schemas}
        self.current = schemas[-1]
        self.form = Form(self.current.questions)
        self._chain = schemas
        self._readings = {
            schema.pk: Reading(
                [later.questions for later in schemas[position:]],
                [later.mapping for later in schemas[position + 1 :]],
            )
            for position, schema in enumerate(schemas[:-1])
        }

    def read(self, schema_id: int, answer: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
        """The answer as it reads, and the questions that people must answer again."""
        reading = self._readings.get(schema_id)
        return reading.read(answer) if reading else (answer, set())

    def version(self, schema_id: int) -> int:
        return self.schemas[schema_id].version if schema_id in self.schemas else 0

    def saying(self, question: str, label: str) -> list[tuple[int, dict[str, Any]]]:
        """For each version, what an answer contains that now reads as this label of this question."""
        names = {question: {label}}
        found: list[tuple[int, dict[str, Any]]] = []
        for position in range(len(self._chain) - 1, -1, -1):
            schema = self._chain[position]
            found += [(schema.pk, part) for part in _parts(schema, names)]
            names = _before(self._chain[position - 1], schema, names) if position else {}
        return found

    def answering(self, question: str) -> list[tuple[int, str]]:
        """For each version, the question whose answers are now answers to this one."""
        name: str | None = question
        found = []
        for position in range(len(self._chain) - 1, -1, -1):
            schema = self._chain[position]
            if name is None or all(asked["name"] != name for asked in schema.questions):
                break
            found.append((schema.pk, name))
            if position:
                source = sources(self._chain[position - 1].questions, schema.questions, schema.mapping).get(
                    name
                )
                name = source.question["name"] if source else None
        return found


def _parts(schema: Schema, names: dict[str, set[str]]) -> list[dict[str, Any]]:
    found = []
    for question in schema.questions:
        kind = QUESTION_TYPES[question["type"]]
        values = (kind.adopt(question, [label]) for label in sorted(names.get(question["name"], ())))
        found += [{question["name"]: value} for value in values if value is not None]
    return found


def _before(older: Schema, schema: Schema, names: dict[str, set[str]]) -> dict[str, set[str]]:
    """The labels of the version before that became these."""
    found: dict[str, set[str]] = {}
    continued = sources(older.questions, schema.questions, schema.mapping)
    for name, labels in names.items():
        source = continued.get(name)
        if source is None:
            continue
        listed = QUESTION_TYPES[source.question["type"]].values(source.question)
        candidates = set(source.labels) | (labels if listed is None else set(listed))
        found[source.question["name"]] = {
            label for label in candidates if label not in source.drop and source.becomes(label) in labels
        }
    return found


@lru_cache(maxsize=256)
def readings_under(schema_id: int) -> Readings:
    """How answers read under this schema; kept, for schemas and their predecessors never change."""
    schema = Schema.objects.get(pk=schema_id)
    earlier = Schema.objects.filter(project=schema.project_id, version__lte=schema.version).order_by(
        "version"
    )
    return Readings(list(earlier))
