"""All projects of a person, and the way to a new one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import path

from annotation.models import Membership, Project, SkipPolicy
from annotation.pages.base import Page
from annotation.pages.forms import attempt, model_limit, text_area
from annotation.reports import progress
from annotation.roles import Action, Role, may
from annotation.services import projects

PAGE = 24


@dataclass(frozen=True)
class Row:
    """One project as its member sees it in the list."""

    project: Project
    role: Role
    counts: progress.Counts
    answered: int
    step: str  # what this member can do next: label, import, schema, or nothing

    @classmethod
    def of(cls, project: Project, role: Role, counts: progress.Counts, member: Membership | None) -> Row:
        return cls(
            project, role, counts, member.answered if member else 0, _step(project, role, counts, member)
        )


def _step(project: Project, role: Role, counts: progress.Counts, member: Membership | None) -> str:
    if project.archived_at:
        return ""
    if may(role, Action.IMPORT) and not counts.total:
        return "import"
    if may(role, Action.CONFIGURE) and project.schema_id is None:
        return "schema"
    ready = project.schema_id is not None and counts.open
    return "label" if ready and member and member.may(Action.LABEL) and not member.paused_reason else ""


class Projects(Page):
    """The start page."""

    template = "annotation/projects.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        archived = request.GET.get("archived") == "1"
        words = request.GET.get("q", "").replace("\0", "").strip()
        mine = Project.objects.visible_to(self.user())
        found = mine.filter(archived_at__isnull=not archived)
        if words:
            found = found.filter(Q(name__icontains=words) | Q(description__icontains=words))
        if before := _number(request.GET.get("before", "")):
            found = found.filter(pk__lt=before)
        shown = list(found.order_by("-pk")[: PAGE + 1])
        following = f"?{self._query(before=shown[PAGE - 1].pk)}" if len(shown) > PAGE else ""
        return self.render(
            rows=self._rows(shown[:PAGE]), archived=archived, words=words, next=following, first=not before
        )

    def _rows(self, shown: list[Project]) -> list[Row]:
        user = self.user()
        roles = projects.roles_in(user=user, found=shown)
        members = {member.project_id: member for member in user.memberships.filter(project__in=shown)}
        counts = progress.counts_of(shown) if shown else {}
        return [
            Row.of(project, roles[project.pk], counts[project.pk], members.get(project.pk))
            for project in shown
        ]

    def _query(self, **changes: Any) -> str:
        query = self.request.GET.copy()
        for name, value in changes.items():
            query[name] = str(value)
        return query.urlencode()


def _number(given: str) -> int:
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else 0


class ProjectForm(forms.Form):
    """What a project is and how its people work; the fields that a new one and its settings share."""

    name = forms.CharField(max_length=model_limit(Project, "name"))
    description = forms.CharField(
        max_length=model_limit(Project, "description"),
        required=False,
        help_text="One sentence: what is labeled here, and what for.",
    )
    guidelines = forms.CharField(
        max_length=model_limit(Project, "guidelines"),
        required=False,
        strip=False,
        widget=text_area(10, **{"data-preview": "guidelines-preview"}),
        help_text="What annotators should know, in Markdown. They can open it beside every item.",
    )
    annotations_per_item = forms.IntegerField(
        min_value=1,
        max_value=100,
        initial=1,
        label="Answers per item",
        help_text="How many people answer each item. Two or more let you measure how far they agree.",
    )
    skip_policy = forms.ChoiceField(
        choices=SkipPolicy.choices, initial=SkipPolicy.OTHERS, label="When somebody skips an item"
    )


class NewProject(Page):
    """A new project; data and questions come next."""

    template = "annotation/project_new.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and not self.user().creates_projects:
            raise PermissionDenied("Your account may not create projects; an administrator can allow it.")
        return super().dispatch(request, *args, **kwargs)

    def context(self, **context: Any) -> dict[str, Any]:
        return super().context(**{"crumbs": [("Projects", "/"), ("New project", "")], **context})

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render(form=ProjectForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ProjectForm(request.POST)
        if form.is_valid():
            made = attempt(form, lambda: projects.create(by=self.user(), **form.cleaned_data))
            if made:
                messages.success(request, "The project is there. Now it needs items and questions.")
                return redirect("project", made.pk)
        return self.render(form=form, status=422)


urlpatterns = [
    path("", Projects.as_view(), name="projects"),
    path("projects/new/", NewProject.as_view(), name="project-new"),
]
