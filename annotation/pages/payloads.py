"""How an item's payload is shown: by the schema's fields, everything as text unless they say otherwise."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import orjson
from django.urls import reverse

from annotation.models import Project

LONGEST_SHOWN = 20_000
_WEB = re.compile(r"https?://[^\s]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Shown:
    """One field. `left_out` is how many characters of a long text are not shown."""

    title: str
    kind: str
    words: str
    url: str = ""
    left_out: int = 0


def shown(project: Project, payload: dict[str, Any]) -> list[Shown]:
    """What the schema shows of a payload; all of it, hidden fields last and named so, when there is no schema."""
    listed = project.schema.fields if project.schema else []
    fields = listed or [{"name": name} for name in payload]
    found = []
    for field in fields:
        value = payload.get(field["name"])
        if value is not None and value != "":
            title = field.get("title") or field["name"]
            found.append(one(project, title, field.get("type", "text"), value))
    return found


def one(project: Project, title: str, kind: str, value: Any) -> Shown:
    words = value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    if kind == "image" and isinstance(value, str):
        return Shown(title, "image", words, media_url(project.pk, words))
    if kind == "link" and _WEB.fullmatch(words):
        return Shown(title, "link", words, words)
    cut = max(0, len(words) - LONGEST_SHOWN)
    return Shown(title, "number" if kind == "number" else "text", words[:LONGEST_SHOWN], left_out=cut)


def media_url(project_id: int, name: str) -> str:
    """Where an image of the project is; empty for what cannot be a name."""
    return reverse("media", args=[project_id, name]) if name else ""
