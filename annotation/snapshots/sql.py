"""The statements that read a chunk of items. Ids and bounds are numbers of our own; names go in as literals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from psycopg import sql

from annotation.formats.layout import Layout
from annotation.services.snapshot_choices import Choice

# One object beyond these is null: what is not a finite number of double precision must not end a snapshot.
_NUMBER = """CASE WHEN jsonb_typeof({0}) = 'number' THEN CASE
    WHEN ({0})::numeric = 0 OR abs(({0})::numeric) BETWEEN 1e-300 AND 1e300 THEN ({0})::float8 END END"""
_TEXT = "CASE WHEN jsonb_typeof({0}) = 'string' THEN {0} #>> '{{}}' END"

# Unpacked once for all that is taken out of it.
_ITEMS = """
SELECT id, key, dataset_id, state, created_at, payload::text AS payload{columns}
FROM (SELECT i.id, i.key, i.dataset_id, i.state, i.created_at, i.payload || '{{}}'::jsonb AS payload
      FROM annotation_item i WHERE i.project_id = {project} AND {within} OFFSET 0) found
"""

# One thing of each item, ahead of the rest.
SCANNED = """
SELECT i.id, i.created_at, {value} AS parted_by FROM annotation_item i WHERE i.project_id = {project} AND {within}
"""

_CONSENSUS = """
SELECT c.item_id, c.question, c.value::text AS value, c.confidence, c.status, c.method, c.votes::int4 AS votes, c.run,
       c.schema_id, array_to_string(c.kinds, ',') AS kinds{distribution}
FROM annotation_consensus c WHERE c.project_id = {project} AND {within}{kept}
"""

_ANSWERS = """
SELECT a.id, a.item_id, a.annotator_id, a.schema_id, a.origin, a.supersedes_id, a.seconds, a.created_at, a.followed,
       a.suggested::text AS suggested, a.kept::text AS kept, a.answer::text AS answer
FROM annotation_annotation a WHERE a.project_id = {project} AND {within}
"""

# Who answered what, without the answers.
_VOTES = """
SELECT a.id, a.item_id, a.annotator_id, a.origin, a.supersedes_id, a.created_at{said}
FROM annotation_annotation a WHERE a.project_id = {project} AND {within}
"""

_SET_ASIDE = """
SELECT l.annotation_id FROM annotation_lease l
WHERE l.project_id = {project} AND {within} AND l.state = 'set_aside' AND l.annotation_id IS NOT NULL
"""

_TAGS = """
SELECT x.item_id, t.name FROM annotation_itemtag x JOIN annotation_tag t ON t.id = x.tag_id
WHERE t.project_id = {project} AND {within}
"""

PEOPLE = "SELECT id, username FROM annotation_user WHERE id = ANY({ids})"

# What holds for the whole project; answers are set aside only where somebody was suspended.
PROJECT = """
SELECT now() AS made_at, p.schema_id,
       EXISTS (SELECT FROM annotation_suspension s WHERE s.project_id = p.id) AS doubted,
       EXISTS (SELECT FROM annotation_tag t WHERE t.project_id = p.id) AS tagged
FROM annotation_project p WHERE p.id = {project}
"""
DATASETS = "SELECT id, name FROM annotation_dataset WHERE project_id = {project}"


def counting(choice: Choice) -> str:
    """The condition on a consensus `c` that counts; the same as services/snapshot_choices.py says of rows."""
    said = [] if choice.gold else ["c.status <> 'known'"]
    if choice.adjudicated:
        said.append("c.status <> 'auto'")
    if choice.min_confidence is not None:
        said.append(f"c.confidence >= {float(choice.min_confidence)!r}::float8")
    return " AND ".join(said)


def within(ids: np.ndarray, column: str) -> str:
    """The condition that a column is one of these ids, or at least one between the first and the last of them."""
    first, last = int(ids[0]), int(ids[-1])
    if last - first < 4 * len(ids):
        return f"{column} BETWEEN {first} AND {last}"
    return f"{column} = ANY('{array(ids)}')"


def array(ids: np.ndarray) -> str:
    return "{" + ",".join(map(str, ids.tolist())) + "}"


def items(project: int, ids: np.ndarray, layout: Layout, also: str = "") -> str:
    """Their columns; one for each field that is shown, `field_0` and so on, and one with the JSON of the field `also`."""
    columns = [
        f", {(_NUMBER if field['type'] == 'number' else _TEXT).format(_field(field['name']))} AS field_{place}"
        for place, field in enumerate(layout.shown)
    ]
    columns.append(f", ({_field(also)})::text AS parted_by" if also else ", NULL::text AS parted_by")
    return _ITEMS.format(project=int(project), within=within(ids, "i.id"), columns="".join(columns))


def consensus(project: int, ids: np.ndarray, *, kept: str, distribution: bool) -> str:
    """`kept` is a condition that each must meet, or nothing."""
    return _CONSENSUS.format(
        project=int(project),
        within=within(ids, "c.item_id"),
        kept=f" AND {kept}" if kept else "",
        distribution=", c.distribution::text AS distribution" if distribution else "",
    )


def answers(project: int, ids: np.ndarray) -> str:
    return _ANSWERS.format(project=int(project), within=within(ids, "a.item_id"))


def votes(project: int, ids: np.ndarray, asked: Sequence[Sequence[tuple[int, str]]]) -> str:
    """With a column `said_0` and so on for each of `asked`: whether an answer says something to this question, which has a
    name for each version of the schema."""
    said = "".join(f", {_said(names)} AS said_{place}" for place, names in enumerate(asked))
    return _VOTES.format(project=int(project), within=within(ids, "a.item_id"), said=said)


def set_aside(project: int, ids: np.ndarray) -> str:
    return _SET_ASIDE.format(project=int(project), within=within(ids, "l.item_id"))


def tags(project: int, ids: np.ndarray) -> str:
    return _TAGS.format(project=int(project), within=within(ids, "x.item_id"))


def _said(names: Sequence[tuple[int, str]]) -> str:
    if len({name for _, name in names}) == 1:
        schemas = ",".join(str(int(schema)) for schema, _ in names)
        return f"(a.schema_id IN ({schemas}) AND a.answer ? {literal(names[0][1])})"
    cases = " ".join(f"WHEN {int(schema)} THEN a.answer ? {literal(name)}" for schema, name in names)
    return f"CASE a.schema_id {cases} ELSE false END" if cases else "false"


def _field(name: str) -> str:
    return f"(payload -> {literal(name)})"


def literal(text: str) -> str:
    return sql.Literal(text).as_string(None)
