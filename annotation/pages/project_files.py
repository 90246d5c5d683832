"""A project as one file, a project made of a file, and the end of a project."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import path, reverse

from annotation import tasks
from annotation.models import ProjectFile
from annotation.pages.base import Page, ProjectPage
from annotation.pages.forms import attempt, model_limit, tell
from annotation.roles import Action
from annotation.services import project_files

SHOWN = 50
_PENDING = ("waiting", "running")


class Files(ProjectPage):
    """The files that were made of a project; and, of an archived one, its end."""

    template = "annotation/project_files.html"
    action = Action.ARCHIVE
    tab = "settings"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        return self._page(DeleteForm())

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        made = project_files.archive(project=self.project, by=self.user())
        tasks.project_file_soon(made.pk)
        return redirect("project-files", project_id)

    def _page(self, form: forms.Form, *, status: int = 200) -> HttpResponse:
        jobs = list(project_files.of_project(project=self.project, by=self.user())[:SHOWN])
        return self.render(
            status=status,
            fragment="annotation/project_file_list.html",
            jobs=jobs,
            pending=any(job.state in _PENDING for job in jobs),
            made=any(job.state == "done" for job in jobs),
            here=self.request.path,
            form=form,
            crumbs=[("Settings", reverse("project-settings", args=[self.project.pk])), ("Project file", "")],
        )


class DeleteForm(forms.Form):
    name = forms.CharField(
        max_length=model_limit(ProjectFile, "name"),
        label="The project's name",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Type it as it is written above, so that nobody deletes the wrong one.",
    )


class Delete(Files):
    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        return redirect("project-files", project_id)

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        form = DeleteForm(request.POST)
        if form.is_valid():
            name = form.cleaned_data["name"]
            ask = partial(project_files.ask_to_delete, project=self.project, by=self.user(), name=name)
            made = attempt(form, ask)
            if made:
                tasks.project_file_soon(made.pk)
                messages.success(
                    request, f"{made.name} is being deleted. Files that were made of it stay below."
                )
                return redirect("project-from-file")
        return self._page(form, status=422)


class RestoreForm(forms.Form):
    file = forms.FileField(
        label="Project file",
        widget=forms.FileInput(attrs={"accept": ".zip,application/zip"}),
        help_text="A file that was made on the Project file page, here or on another server.",
    )
    name = forms.CharField(
        max_length=model_limit(ProjectFile, "name"),
        required=False,
        label="Name of the new project",
        help_text="Empty: the one that it had.",
    )


class Restore(Page):
    """Make a project of a file; what became of earlier ones, and of projects that were deleted."""

    template = "annotation/project_restore.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and not self.user().creates_projects:
            raise PermissionDenied("Your account may not create projects; an administrator can allow it.")
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(RestoreForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = RestoreForm(request.POST, request.FILES)
        if form.is_valid():
            data = form.cleaned_data
            keep = partial(project_files.restore, by=self.user(), upload=data["file"], name=data["name"])
            made = attempt(form, keep)
            if made:
                tasks.project_file_soon(made.pk)
                return redirect("project-from-file")
        return self._page(form, status=422)

    def _page(self, form: forms.Form, *, status: int = 200) -> HttpResponse:
        jobs = list(project_files.of_person(by=self.user())[:SHOWN])
        return self.render(
            status=status,
            fragment="annotation/project_file_list.html",
            form=form,
            jobs=jobs,
            pending=any(job.state in _PENDING for job in jobs),
            here=self.request.path,
            most_mb=settings.MAX_UPLOAD_MB,
            crumbs=[("Projects", "/"), ("Project from a file", "")],
        )


class Verb(Page):
    """A button beside a file; afterwards its page is shown again."""

    verb: Callable[..., Any]
    done = ""

    def post(self, request: HttpRequest, file_id: int) -> HttpResponse:
        row = project_files.file_for(by=self.user(), file_id=file_id)
        project_id = row.project_id if row.kind == ProjectFile.Kind.ARCHIVE else None
        tell(request, partial(type(self).verb, file=row), done=self.done)
        if row.pk and row.state == ProjectFile.State.WAITING:
            tasks.project_file_soon(row.pk)
        return redirect("project-files", project_id) if project_id else redirect("project-from-file")


class Cancel(Verb):
    verb = staticmethod(project_files.cancel)
    done = "It is cancelled; nothing half-made stays."


class Retry(Verb):
    verb = staticmethod(project_files.retry)
    done = "It is tried again."


class Forget(Verb):
    verb = staticmethod(project_files.forget)
    done = "The file is deleted."


urlpatterns = [
    path("projects/restore/", Restore.as_view(), name="project-from-file"),
    path("projects/<int:project_id>/files/", Files.as_view(), name="project-files"),
    path("projects/<int:project_id>/delete/", Delete.as_view(), name="project-delete"),
    path("project-files/<int:file_id>/cancel/", Cancel.as_view(), name="project-file-cancel"),
    path("project-files/<int:file_id>/retry/", Retry.as_view(), name="project-file-retry"),
    path("project-files/<int:file_id>/forget/", Forget.as_view(), name="project-file-forget"),
]
