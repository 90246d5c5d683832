"""What the editor of labeling functions offers to choose from, where somebody would have to know it by heart: tags, models, items.

Whoever brings a kind brings its offers. Whatever is offered can be typed as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from annotation.models import Project

MOST = 200


@dataclass(frozen=True, slots=True)
class Offer:
    """`value` is what comes into the control; `words` say what that is."""

    value: str
    words: str = ""


# From a project, the name of a question and what was typed so far.
Offers = Callable[[Project, str, str], list[Offer]]
# {kind: what it offers}
OFFERS: dict[str, Offers] = {}


def offered(project: Project, question: str, kind: str, typed: str = "") -> list[Offer]:
    return OFFERS[kind](project, question, typed) if kind in OFFERS else []


def _tags(project: Project, question: str, typed: str) -> list[Offer]:
    names = project.tags.filter(name__icontains=typed).order_by("name").values_list("name", flat=True)
    return [Offer(name) for name in names[:MOST]]


def add() -> None:
    """Let there be tags to choose from."""
    OFFERS["tags"] = _tags
