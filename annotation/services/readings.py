"""Schemas made ready, each once: to check answers under it, and to read answers given under another one."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from annotation.models import Schema
from annotation.questions import Form, Reading, compile_form


@lru_cache(maxsize=256)
def form_of(schema_id: int) -> Form:
    """The questions of a schema, ready to check answers; schemas never change, so this never goes stale."""
    return compile_form(Schema.objects.values_list("questions", flat=True).get(pk=schema_id))


@lru_cache(maxsize=256)
def reading(from_id: int, to_id: int) -> Reading:
    """How answers under one version read under another. Schemas never change, so this never goes stale.

    Towards an older version no mapping applies: what still holds is kept.
    """
    first, last = (Schema.objects.get(pk=pk) for pk in (from_id, to_id))
    if first.version > last.version:
        return Reading([first.questions, last.questions], [{}])
    between = Schema.objects.filter(project=first.project_id, version__range=(first.version, last.version))
    chain = list(between.order_by("version"))
    return Reading([schema.questions for schema in chain], [schema.mapping for schema in chain[1:]])


def read_answer(
    schema_from: Schema, schema_to: Schema, answer: dict[str, Any]
) -> tuple[dict[str, Any], set[str]]:
    """An answer given under one version as it reads under another of the same project: (answer, what it lacks).

    What it lacks are the questions of `schema_to` that people must answer again.
    """
    if schema_from.pk == schema_to.pk:
        return answer, set()
    return reading(schema_from.pk, schema_to.pk).read(answer)
