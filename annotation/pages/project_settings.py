"""A project's words and rules of work, and its end."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path

from annotation import markdown
from annotation.models import Project
from annotation.pages.base import Page, ProjectPage
from annotation.pages.forms import attempt, model_limit, tell
from annotation.pages.projects import ProjectForm
from annotation.roles import Action
from annotation.services import projects


class SettingsForm(ProjectForm):
    lease_minutes = forms.IntegerField(
        min_value=1,
        max_value=1440,
        label="Reservation, in minutes",
        help_text="So long an item stays reserved for the person who has it open; then it goes to somebody else.",
    )
    annotation_limit = forms.IntegerField(
        min_value=0,
        max_value=2**31 - 1,
        required=False,
        label="Limit per person",
        help_text="At most so many answers by one person, unless the Members page says otherwise for them. Empty: no limit.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Sent back with the form, so that what somebody else has saved meanwhile is not undone by an old page.
        for field in self.fields.values():
            field.show_hidden_initial = True


class Settings(ProjectPage):
    template = "annotation/project_settings.html"
    action = Action.CONFIGURE
    tab = "settings"

    def context(self, **context: Any) -> dict[str, Any]:
        return super().context(**{"crumbs": [("Settings", "")], **context})

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        return self.render(
            form=SettingsForm(initial={name: getattr(self.project, name) for name in projects.CHANGEABLE})
        )

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        form = SettingsForm(request.POST)
        if form.is_valid():
            change = {name: form.cleaned_data[name] for name in form.changed_data}
            if attempt(form, lambda: projects.change(project=self.project, by=self.user(), **change)):
                messages.success(request, "The settings are saved.")
                return redirect("project-settings", project_id)
        return self.render(form=form, status=422)


class Archive(ProjectPage):
    action = Action.ARCHIVE

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        archive = partial(projects.archive, project=self.project, by=self.user())
        tell(request, archive, done="The project is archived; nobody gets items any more.")
        return redirect("project", project_id)


class Restore(ProjectPage):
    action = Action.ARCHIVE

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        restore = partial(projects.restore, project=self.project, by=self.user())
        tell(request, restore, done="The project is open again.")
        return redirect("project", project_id)


class MarkdownPreview(Page):
    """Markdown as readers will see it, while it is being written."""

    def post(self, request: HttpRequest) -> HttpResponse:
        text = request.POST.get("guidelines", "")[: model_limit(Project, "guidelines")]
        return render(
            request, "annotation/markdown_preview.html", {"html": markdown.render(text), "text": text}
        )


urlpatterns = [
    path("projects/markdown/", MarkdownPreview.as_view(), name="markdown-preview"),
    path("projects/<int:project_id>/settings/", Settings.as_view(), name="project-settings"),
    path("projects/<int:project_id>/archive/", Archive.as_view(), name="project-archive"),
    path("projects/<int:project_id>/restore/", Restore.as_view(), name="project-restore"),
]
