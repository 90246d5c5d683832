"""Why a version cannot be run as its project is now: said before it runs, and wherever it is shown."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from annotation.models import Project
from labelmodel.models import FunctionVersion
from labelmodel.services.function_rules import functions_questions, labels_of, sensitive_of

MEND = "Write a new version of it."


def faults_of(project: Project, versions: Sequence[FunctionVersion]) -> dict[int, list[str]]:
    """{version id: what keeps it from running, in sentences}; nothing of those that may run. Loads no definitions."""
    sensitive = sensitive_of(project)
    found = {one.pk: list(_faults(project, one, sensitive)) for one in versions}
    return {pk: faults for pk, faults in found.items() if faults}


def _faults(project: Project, version: FunctionVersion, sensitive: Collection[str]) -> Iterator[str]:
    schema, name = project.schema, version.function.question
    question = next((one for one in functions_questions(schema) if one["name"] == name), None)
    if question is None:
        yield f"The question “{name}” is not asked any more, or not with labels. {MEND}"
        return
    labels = labels_of(question)
    for label in _gone(version.votes_for or version.labels, labels):
        yield f"It votes for the label “{label}”, which the question “{name}” has no longer. {MEND}"
    for field in _fields_gone(project, version):
        yield f"It reads the field “{field}”, which is no part of the project's items any more. {MEND}"
    for field in sorted(set(version.reads) & set(sensitive)):
        yield f"It reads the field “{field}”, which is marked as sensitive. {MEND}"


def _gone(wanted: Sequence[str], there: Sequence[str]) -> list[str]:
    known = set(there)
    return [one for one in wanted if one not in known]


def _fields_gone(project: Project, version: FunctionVersion) -> list[str]:
    """Fields that the questions listed when it was written, and do not list now. An empty list shows everything."""
    if project.schema is None or project.schema_id == version.schema_id or not project.schema.fields:
        return []
    now = {field["name"] for field in project.schema.fields}
    then = {field["name"] for field in version.schema.fields}
    return [name for name in version.reads if name in then - now]
