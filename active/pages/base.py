"""What the pages of learning share: the tab, the pages beside each other, and keys to page by."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from annotation.pages.base import ProjectPage
from annotation.roles import Action

PAGE = 25
_MOST = 2**31 - 1


class LearningPage(ProjectPage):
    """`section` is the page of learning that is lit. Whoever browses sees all of them."""

    action = Action.BROWSE
    tab = "learning"
    section = ""

    def context(self, **context: Any) -> dict[str, Any]:
        here = f"/projects/{self.project.pk}/learning/"
        trail = context.pop("trail", [])
        return super().context(
            section=self.section, crumbs=[("Learning", here if trail else ""), *trail], **context
        )


def number(request: HttpRequest, name: str, most: int = _MOST) -> int | None:
    """A number of the address; None for what is none."""
    given = request.GET.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and int(given) <= most else None


def question_title(project: Any, name: str) -> str:
    """What a question is called now; its name where it is asked no more."""
    asked = project.schema.questions if project.schema else ()
    return next((one.get("title") or name for one in asked if one["name"] == name), name)
