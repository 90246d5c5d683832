"""What must hold of a restored project as a whole, looked at before anybody sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from django.db import connection

from annotation.errors import DomainError
from annotation.models import Membership, Project
from annotation.questions import check_mapping, check_schema, compile_form, normalize
from annotation.questions.forms import Form
from annotation.services import hot
from annotation.services.archiving.parts import BadFile
from annotation.services.projects import CHANGEABLE
from annotation.services.validation import clean

_BLOCK = 2_000

# Counters equal what the rows say, and states follow from the counters (tests/invariants.py says the same).
_SLOTS = """
WITH said AS (
    SELECT item_id, count(*) AS n FROM annotation_annotation WHERE project_id = %(project)s AND supersedes_id IS NULL
    GROUP BY item_id
), turns AS (
    SELECT item_id, count(*) FILTER (WHERE state IN ('active', 'assigned')) AS held,
           count(*) FILTER (WHERE state = 'set_aside') AS aside
    FROM annotation_lease WHERE project_id = %(project)s GROUP BY item_id
), known AS (
    SELECT DISTINCT item_id FROM annotation_consensus WHERE project_id = %(project)s AND status <> 'auto'
)
SELECT i.key FROM annotation_item i
LEFT JOIN said ON said.item_id = i.id LEFT JOIN turns ON turns.item_id = i.id LEFT JOIN known ON known.item_id = i.id
WHERE i.project_id = %(project)s AND (
    i.answers <> coalesce(said.n, 0) - coalesce(turns.aside, 0)
    OR i.open_slots <> i.wanted - i.answers - coalesce(turns.held, 0)
    OR (i.state = 'open' AND i.answers >= i.wanted)
    OR (i.state IN ('resolved', 'disputed') AND i.answers < i.wanted AND known.item_id IS NULL)
) LIMIT 1
"""
# A turn's current answer is one of its own person to its own item.
_TURNS = """
SELECT l.id FROM annotation_lease l JOIN annotation_annotation a ON a.id = l.annotation_id
WHERE l.project_id = %(project)s AND (a.item_id, a.annotator_id) IS DISTINCT FROM (l.item_id, l.annotator_id) LIMIT 1
"""
_REVISIONS = """
SELECT a.id FROM annotation_annotation a JOIN annotation_annotation b ON b.id = a.supersedes_id
WHERE a.project_id = %(project)s AND (a.item_id, a.annotator_id) IS DISTINCT FROM (b.item_id, b.annotator_id) LIMIT 1
"""


def check(project: Project, beat: Callable[[], None]) -> None:
    """Raises BadFile for the first thing that is not as it must be."""
    _check_rules(project)
    forms = _check_schemas(project)
    beat()
    _check_answers(project, forms, beat)
    params = {"project": project.pk}
    if found := _first(_TURNS, params):
        raise BadFile(f"tables/annotation.lease.csv: a turn names an answer of somebody else ({found}).")
    if found := _first(_REVISIONS, params):
        raise BadFile(f"tables/annotation.annotation.csv: an answer replaces one of somebody else ({found}).")
    if found := _first(_SLOTS, params):
        raise BadFile(
            f"tables/annotation.item.csv: the counters of item {found} do not fit its answers and turns."
        )


def _first(statement: str, params: dict[str, Any]) -> Any:
    found = hot.row(statement, params)
    return found[0] if found else None


def _check_rules(project: Project) -> None:
    try:
        clean(project, only=CHANGEABLE)
    except DomainError as error:
        raise BadFile(f"tables/annotation.project.csv: {error}") from error
    if not Membership.objects.filter(project=project).exists():
        raise BadFile("tables/annotation.membership.csv: nobody is a member.")


def _check_schemas(project: Project) -> dict[int, Form]:
    """Every version as if it were published now; the forms to check answers by."""
    forms = {}
    before: list[Any] = []
    for schema in project.schemas.order_by("version"):
        where = f"tables/annotation.schema.csv, version {schema.version}"
        faults = check_schema(schema.fields, schema.questions)
        if not faults and before:
            faults = check_mapping(before, schema.questions, schema.mapping, complete=False)
        if faults:
            raise BadFile(f"{where}: {faults[0].message}")
        # What this version knows of questions and an older one did not gets its defaults.
        fields, before = normalize(schema.fields, schema.questions)
        if (fields, before) != (schema.fields, schema.questions):
            schema.fields, schema.questions = fields, before
            schema.save(update_fields=["fields", "questions"])
        forms[schema.pk] = compile_form(before)
    return forms


def _check_answers(project: Project, forms: dict[int, Form], beat: Callable[[], None]) -> None:
    """Each different answer once."""
    with connection.cursor() as cursor:
        for table in ("annotation", "goldquestion", "adjudication"):
            cursor.execute(
                f"SELECT min(id), schema_id, answer::text FROM annotation_{table} "  # noqa: S608 - names only
                "WHERE project_id = %s AND answer IS NOT NULL GROUP BY schema_id, answer",
                [project.pk],
            )
            while rows := cursor.fetchmany(_BLOCK):
                beat()
                for row, schema_id, answer in rows:
                    _check_answer(f"tables/annotation.{table}.csv", row, forms.get(schema_id), answer)


def _check_answer(part: str, row: int, form: Form | None, answer: str) -> None:
    if form is None:
        raise BadFile(f"{part}: an answer names no version of the questions ({row}).")
    said = orjson.loads(answer)
    try:
        form.clean(said)
    except DomainError as error:
        if isinstance(said, dict) and form.fit(said, set())[0] == said:
            # Imported answers may lack some of what is asked; what they say is sound.
            return
        explained = error.faults[0].message if error.faults else str(error)
        raise BadFile(
            f"{part}: an answer is not one that its questions allow ({row}): {explained}"
        ) from error
