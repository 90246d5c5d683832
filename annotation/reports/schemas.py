"""The versions of a project's schema and what each changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count

from annotation.models import Annotation, Item, Project, Schema
from annotation.questions import Change, changes

# So many items are looked at to find out which keys payloads have, and so many characters of a value are shown.
SAMPLE = 20
LONGEST_EXAMPLE = 300


@dataclass(frozen=True)
class Version:
    schema: Schema
    # Answers that were given under it and not revised since.
    answers: int
    # What it changed against the version before; empty for the first.
    changes: list[Change] = field(default_factory=list)
    fields_changed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class PayloadKey:
    """A key that payloads have, with an example and the field type that suits it."""

    name: str
    example: str
    type: str


def versions(*, project: Project, before: int | None = None, limit: int = 20) -> list[Version]:
    """The latest versions, newest first; `before` continues below a version."""
    found = project.schemas.select_related("created_by").order_by("-version")
    if before is not None:
        found = found.filter(version__lt=before)
    # One more, to compare the last one with.
    listed = list(found[: limit + 1])
    counts = _answers([schema.pk for schema in listed], project)
    older = [*listed[1:], None]
    return [
        _version(schema, previous, counts.get(schema.pk, 0))
        for schema, previous in zip(listed[:limit], older, strict=False)
    ]


def _answers(schema_ids: list[int], project: Project) -> dict[int, int]:
    current = Annotation.objects.filter(project=project, schema__in=schema_ids, current_for__isnull=False)
    return dict(current.values_list("schema").annotate(Count("pk")).order_by())


def _version(schema: Schema, previous: Schema | None, answers: int) -> Version:
    if previous is None:
        return Version(schema, answers)
    found = changes(previous.questions, schema.questions, schema.mapping)
    return Version(schema, answers, found, list(_fields_changed(previous.fields, schema.fields)))


def _fields_changed(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> Iterable[str]:
    before = {one["name"]: one for one in old}
    after = {one["name"]: one for one in new}
    for name, shown in after.items():
        if name not in before:
            yield f"The field “{name}” is shown as {shown['type']}."
        elif before[name] != shown:
            yield f"The field “{name}” is shown as {shown['type']}, titled “{shown['title']}”."
    for name in before:
        if name not in after:
            yield f"The field “{name}” is not shown any more."
    if before == after and list(before) != list(after):
        yield "The fields are in another order."


def payload_keys(*, project: Project) -> list[PayloadKey]:
    """Which keys the first items have, in the order in which they come."""
    examples: dict[str, Any] = {}
    payloads = Item.objects.filter(project=project).order_by("pk").values_list("payload", flat=True)[:SAMPLE]
    for payload in payloads:
        for key, value in payload.items():
            if key not in examples or examples[key] in (None, ""):
                examples[key] = value
    return [PayloadKey(key, _example(value), _suits(value)) for key, value in examples.items()]


def _example(value: Any) -> str:
    words = value if isinstance(value, str) else repr(value)
    return words if len(words) <= LONGEST_EXAMPLE else f"{words[:LONGEST_EXAMPLE]}…"


_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".svg", ".bmp")


def _suits(value: Any) -> str:
    """The field type that a value looks like."""
    if isinstance(value, bool) or value is None:
        return "text"
    if isinstance(value, (int, float)):
        return "number"
    words = str(value).strip().lower()
    if words.startswith("data:image/") or words.split("?")[0].endswith(_PICTURES):
        return "image"
    return "link" if words.startswith(("http://", "https://")) and " " not in words else "text"
