"""A project at a glance: what state it is in, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse

from annotation import markdown
from annotation.models import Dataset, Membership, Project
from annotation.pages import words
from annotation.pages.base import ProjectPage
from annotation.pages.charts import Chart, bar_chart
from annotation.pages.quality_charts import span
from annotation.reports import agreement, progress
from annotation.reports.deliveries import switched_off
from annotation.reports.people import FORMER, Person
from annotation.reports.progress import Progress
from annotation.roles import CAN, Action, Role, may

# Of which the line about agreement tells.
MOST_QUESTIONS = 3
_LABELERS = [role.value for role in Role if Action.LABEL in CAN[role]]


@dataclass(frozen=True)
class Step:
    """One step of setting a project up. The first that is not done is the one to take now."""

    title: str
    text: str
    done: bool
    href: str
    action: str


@dataclass(frozen=True)
class Notice:
    """The one sentence that matters most now."""

    kind: str
    title: str
    text: str


@dataclass(frozen=True)
class PersonRow:
    """A person's work, ready to print."""

    person: Person
    former: bool
    pace: str
    median: str


class Overview(ProjectPage):
    template = "annotation/overview.html"
    tab = "overview"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        found = progress.of_project(project=self.project, viewer=self.user())
        return self.render(
            fragment="annotation/overview_figures.html", **self._figures(found), **self._about(found)
        )

    def _figures(self, found: Progress) -> dict[str, Any]:
        """What the page refreshes every few seconds."""
        return {
            "progress": found,
            "share": words.percent(found.items.share),
            "states": _states(found),
            "notice": _notice(self.project, found, may(self.project.role_of(self.user()), Action.CONFIGURE)),
            "effort": words.duration(found.remaining.seconds),
            "median": words.duration(found.remaining.median_seconds),
            "charts": _charts(found),
            "people": [
                _row(person) for person in found.people if person.answered or person.role in _LABELERS
            ],
            "importing": self._importing(),
            "agreement": self._agreement(),
        }

    def _importing(self) -> str:
        """What imports are doing now, for who may import."""
        if not may(self.project.role_of(self.user()), Action.IMPORT):
            return ""
        pending = self.project.datasets.filter(
            state__in=[Dataset.State.WAITING, Dataset.State.RUNNING]
        ).count()
        return words.count(pending, "import is under way.", "imports are under way.") if pending else ""

    def _agreement(self) -> list[tuple[str, str]]:
        """(question, figure with its interval) as they were computed last, for who sees the page of quality."""
        if not may(self.project.role_of(self.user()), Action.BROWSE):
            return []
        figures = agreement.kept(self.project.pk)
        shown = [(one.title, one.chosen) for one in figures.questions] if figures else []
        return [
            (title, span(one.value, one.low, one.high))
            for title, one in shown[:MOST_QUESTIONS]
            if one.value is not None
        ]

    def _about(self, found: Progress) -> dict[str, Any]:
        """What stays as it is until the page is loaded again."""
        if self.request.htmx:  # type: ignore[attr-defined]
            return {}
        member = self.project.memberships.filter(user=self.user()).first()
        steps = self._steps(found)
        configures = may(self.project.role_of(self.user()), Action.CONFIGURE)
        return {
            "member": member,
            "silent_webhooks": switched_off(self.project) if configures else [],
            "ready": _ready(self.project, found, member),
            "steps": steps,
            "now": next((step.href for step in steps if not step.done), ""),
            "guidelines": markdown.render(self.project.guidelines) if self.project.guidelines else "",
        }

    def _steps(self, found: Progress) -> list[Step]:
        """The way from an empty project to the first answer; empty for who cannot walk it, and after it."""
        project = self.project
        if found.answers or project.archived_at or not may(project.role_of(self.user()), Action.CONFIGURE):
            return []
        here = {"project_id": project.pk}
        others = project.memberships.filter(role__in=_LABELERS).exclude(user=self.user()).count()
        return [
            Step(
                "Bring in items",
                words.count(found.items.total, "item") + " so far."
                if found.items.total
                else "CSV, JSON, Parquet, or a zip of images.",
                bool(found.items.total),
                reverse("imports", kwargs=here),
                "Import a file",
            ),
            Step(
                "Ask the questions",
                f"Version {project.schema.version} is in use."
                if project.schema
                else "What people answer for each item, with a live preview.",
                project.schema is not None,
                reverse("schema", kwargs=here),
                "Build the form",
            ),
            Step(
                "Invite annotators",
                words.count(others, "other person labels", "other people label") + " here."
                if others
                else "Or label alone for now.",
                others > 0,
                reverse("members", kwargs=here),
                "Add members",
            ),
            Step(
                "Label the first item",
                "The keyboard is enough.",
                False,
                reverse("label", kwargs=here),
                "Start labeling",
            ),
        ]


def _ready(project: Project, found: Progress, member: Membership | None) -> bool:
    """Whether this member can get an item now."""
    if project.archived_at or project.schema_id is None or not found.items.open:
        return False
    return member is not None and member.may(Action.LABEL) and not member.paused_reason


def _states(found: Progress) -> list[tuple[str, int, float, float]]:
    """(state, items, start, width) of the bar of states, in per cent."""
    items, start, states = found.items, 0.0, []
    for name in ("resolved", "disputed", "open"):
        width = 100 * getattr(items, name) / items.total if items.total else 0.0
        states.append((name, getattr(items, name), round(start, 3), round(width, 3)))
        start += width
    return states


def _notice(project: Project, found: Progress, configures: bool) -> Notice | None:
    items = found.items
    if project.archived_at:
        return Notice("warning", "Archived.", "Nobody gets items any more; everything stays readable.")
    if not items.total or project.schema_id is None:
        return None if configures else Notice("info", "Being set up.", "There is nothing to label yet.")
    if not items.open:
        if items.disputed:
            text = (
                f"{words.count(items.disputed, 'item is', 'items are')} disputed and waiting for a decision."
            )
            return Notice("warning", "Every item has the answers that it wants.", text)
        return Notice("success", "Done.", "Every item has the answers that it wants, and they agree.")
    return None


def _charts(found: Progress) -> list[Chart]:
    days = [(f"{day.day.day} {day.day:%b}", day.annotations) for day in found.days]
    hours = [(f"{hour}:00", value) for hour, value in enumerate(found.hours)]
    return [
        bar_chart("Last 14 days", "annotations", days, every=3),
        bar_chart("Today by hour", "annotations", hours, every=4, slots=24),
    ]


def _row(person: Person) -> PersonRow:
    pace = f"{person.per_hour:,.0f} /h" if person.per_hour else ""
    return PersonRow(person, person.role == FORMER, pace, words.duration(person.median_seconds))


urlpatterns = [path("projects/<int:project_id>/", Overview.as_view(), name="project")]
