"""What the templates of questions need besides the questions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django import template
from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from annotation.models import Schema

register = template.Library()


@register.filter
def points(question: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Each point of a rating's scale with its hotkey."""
    return list(zip(range(question["min"], question["max"] + 1), question["hotkeys"], strict=True))


@register.filter
def widget(question: Mapping[str, Any]) -> str:
    """The template that draws the controls of this question."""
    return f"annotation/questions/{question['type']}.html"


@register.simple_tag
def question_form(schema: Schema, prefix: str = "answer") -> SafeString:
    """The labeling form of a schema, drawn once in each process: schemas never change, and some have many labels."""
    return _drawn.__wrapped__(schema.pk, prefix) if settings.DEBUG else _drawn(schema.pk, prefix)


@lru_cache(maxsize=64)
def _drawn(schema_id: int, prefix: str) -> SafeString:
    questions = Schema.objects.values_list("questions", flat=True).get(pk=schema_id)
    return render_to_string("annotation/questions/form.html", {"questions": questions, "prefix": prefix})
