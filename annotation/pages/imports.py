"""Imports: upload a file, see how it is read, say what each column becomes, and watch it come in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect

from annotation import tasks
from annotation.errors import NotFound
from annotation.importing.detecting import FORMATS
from annotation.models import Dataset
from annotation.models.job import SILENT
from annotation.pages.alike_forms import AlikeForm
from annotation.pages.base import ProjectPage
from annotation.pages.forms import attempt, tell
from annotation.pages.import_answer_forms import AnswersForm, told_of
from annotation.pages.import_forms import ColumnsForm, LayoutForm, UploadForm
from annotation.reports import imports as reports
from annotation.roles import Action
from annotation.services import import_options, import_preview, imports
from annotation.services.import_answer_options import platform_of
from annotation.services.import_options import Choices

PAGE = 30
SHOWN = 20
# So long a worker may take to find an import that waits: the sweep's interval and a little.
_PATIENCE = timedelta(seconds=15)


class Imports(ProjectPage):
    template = "annotation/imports.html"
    action = Action.IMPORT
    tab = "imports"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        return self._page(UploadForm(), fragment="annotation/import_list.html")

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        form = UploadForm(request.POST, request.FILES)
        if form.is_valid():
            upload = form.cleaned_data["file"]
            choices = Choices(make_questions=True) if self.project.schema_id is None else imports.DETECT_ALL
            make = partial(
                imports.create,
                project=self.project,
                by=self.user(),
                upload=upload,
                choices=choices,
                start=False,
            )
            if made := attempt(form, make):
                return _go(request, reverse("import", args=[project_id, made.pk]))
        return self._page(form, status=422, fragment="annotation/import_upload.html")

    def _page(self, form: UploadForm, *, fragment: str, status: int = 200) -> HttpResponse:
        before = self.request.GET.get("before", "")
        found = self.project.datasets.select_related("created_by").order_by("-pk")
        if before.isascii() and before.isdigit() and len(before) < 19:
            found = found.filter(pk__lt=int(before))
        rows = list(found[: PAGE + 1])
        return self.render(
            status=status,
            fragment=fragment,
            form=form,
            datasets=[(dataset, reports.progress(dataset)) for dataset in rows[:PAGE]],
            pending=any(dataset.is_pending for dataset in rows[:PAGE]),
            next=f"?before={rows[PAGE - 1].pk}" if len(rows) > PAGE else "",
            most_mb=settings.MAX_UPLOAD_MB,
            crumbs=[("Import", "")],
        )


class Import(ProjectPage):
    """One import: what a draft would bring, or how far it is and what it rejected."""

    template = "annotation/import.html"
    action = Action.IMPORT
    tab = "imports"

    def get(self, request: HttpRequest, project_id: int, dataset_id: int) -> HttpResponse:
        return self.show(self.dataset(dataset_id))

    def dataset(self, dataset_id: int) -> Dataset:
        found = imports.dataset_for(user=self.user(), dataset_id=dataset_id)
        if found.project_id != self.project.pk:
            raise NotFound("There is no such import in this project.")
        return found

    def show(self, dataset: Dataset, *, status: int = 200, **context: Any) -> HttpResponse:
        crumbs = [("Import", reverse("imports", args=[self.project.pk])), (dataset.name, "")]
        describe = self._draft if dataset.state == Dataset.State.DRAFT else self._progress
        return self.render(status=status, dataset=dataset, crumbs=crumbs, **{**describe(dataset), **context})

    def columns_form(self, preview: import_preview.Preview, data: Any = None) -> ColumnsForm:
        return ColumnsForm(
            data,
            preview=preview,
            fields=import_options.field_types(self.project),
            questions=self._questions(),
        )

    def answers_form(self, preview: import_preview.Preview, data: Any = None) -> AnswersForm | None:
        """None where the file says nothing of its items."""
        if not preview.heard.says_anything:
            return None
        return AnswersForm(data, heard=preview.heard, options=preview.options, project=self.project)

    def _questions(self) -> dict[str, str]:
        schema = self.project.schema
        return {question["name"]: question["title"] for question in schema.questions} if schema else {}

    def _draft(self, dataset: Dataset) -> dict[str, Any]:
        preview = import_preview.preview(dataset=dataset, eager=True)
        taken = {column.field for column in preview.columns}
        fields = import_options.field_types(self.project)
        return {
            "fragment": "annotation/import_draft.html",
            "preview": preview,
            "rows": [[row.get(column.name) for column in preview.columns] for row in preview.rows],
            "layout": LayoutForm(
                options=preview.options, sheets=preview.sheets, bare=self.project.schema_id is None
            ),
            "form": self.columns_form(preview),
            "said": self.answers_form(preview),
            "told": told_of(preview.heard),
            "alike": AlikeForm(options=preview.options),
            "format": FORMATS[preview.options["format"]],
            "missing": [name for name, kind in fields.items() if name not in taken and kind != "hidden"],
        }

    def _progress(self, dataset: Dataset) -> dict[str, Any]:
        waiting = dataset.state == Dataset.State.WAITING
        ahead = self.project.datasets.filter(
            state=Dataset.State.RUNNING, heartbeat_at__gte=timezone.now() - SILENT
        )
        return {
            "fragment": "annotation/import_status.html",
            "options": import_options.of(dataset),
            "platform": platform_of(dataset.options).title,
            "progress": reports.progress(dataset),
            "rejections": list(dataset.rejections.all()[:SHOWN]),
            "listed": reports.listed(dataset),
            "ahead": ahead.first() if waiting else None,
            "unattended": waiting and timezone.now() - dataset.created_at > _PATIENCE,
        }


class ImportRead(Import):
    """The file of a draft read otherwise."""

    def get(self, request: HttpRequest, project_id: int, dataset_id: int) -> HttpResponse:
        return redirect("import", project_id, dataset_id)

    def post(self, request: HttpRequest, project_id: int, dataset_id: int) -> HttpResponse:
        dataset = self.dataset(dataset_id)
        form = LayoutForm(
            request.POST, options=import_options.of(dataset), bare=self.project.schema_id is None
        )
        if form.is_valid():
            changed = attempt(form, partial(imports.change, dataset=dataset, choices=form.choices()))
            if changed:
                return self.show(changed) if _htmx(request) else redirect("import", project_id, dataset_id)
        return self.show(dataset, status=422, layout=form)


class ImportStart(Import):
    """A draft started, with what each column becomes."""

    def get(self, request: HttpRequest, project_id: int, dataset_id: int) -> HttpResponse:
        return redirect("import", project_id, dataset_id)

    def post(self, request: HttpRequest, project_id: int, dataset_id: int) -> HttpResponse:
        dataset = self.dataset(dataset_id)
        if dataset.state != Dataset.State.DRAFT:
            return redirect("import", project_id, dataset_id)
        preview = import_preview.preview(dataset=dataset, eager=True)
        form, said = self.columns_form(preview, request.POST), self.answers_form(preview, request.POST)
        alike = AlikeForm(request.POST, options=import_options.of(dataset))
        if form.is_valid() and alike.is_valid() and (said is None or said.is_valid()):
            more = alike.choices() | (said.choices() if said else {})
            started = attempt(form, partial(self._start, dataset, form, more))
            if started is not None:
                tasks.import_soon(dataset_id)
                return redirect("import", project_id, dataset_id)
        return self.show(dataset, status=422, form=form, alike=alike, said=said)

    @staticmethod
    def _start(dataset: Dataset, form: ColumnsForm, more: dict[str, Any]) -> Dataset:
        choices = replace(form.choices(), **more)
        return imports.start(dataset=imports.change(dataset=dataset, choices=choices))


class ImportVerb(Import):
    """A button: cancel, retry or reopen."""

    verb: Callable[..., Dataset]
    done = ""

    def get(self, request: HttpRequest, project_id: int, dataset_id: int) -> HttpResponse:
        return redirect("import", project_id, dataset_id)

    def post(self, request: HttpRequest, project_id: int, dataset_id: int) -> HttpResponse:
        tell(request, partial(type(self).verb, dataset=self.dataset(dataset_id)), done=self.done)
        tasks.import_soon(dataset_id)
        return redirect("import", project_id, dataset_id)


class ImportCancel(ImportVerb):
    verb = staticmethod(imports.cancel)
    done = "The import is cancelled. What it had imported stays."


class ImportRetry(ImportVerb):
    verb = staticmethod(imports.retry)
    done = "The import goes on behind the last row that it had read."


class ImportReopen(ImportVerb):
    verb = staticmethod(imports.reopen)
    done = "Say how to read the file, then start again. Rows that are there already are not imported twice."


def _htmx(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False))


def _go(request: HttpRequest, url: str) -> HttpResponse:
    return HttpResponseClientRedirect(url) if _htmx(request) else redirect(url)


urlpatterns = [
    path("projects/<int:project_id>/imports/", Imports.as_view(), name="imports"),
    path("projects/<int:project_id>/imports/<int:dataset_id>/", Import.as_view(), name="import"),
    path(
        "projects/<int:project_id>/imports/<int:dataset_id>/read/", ImportRead.as_view(), name="import-read"
    ),
    path(
        "projects/<int:project_id>/imports/<int:dataset_id>/start/",
        ImportStart.as_view(),
        name="import-start",
    ),
    path(
        "projects/<int:project_id>/imports/<int:dataset_id>/cancel/",
        ImportCancel.as_view(),
        name="import-cancel",
    ),
    path(
        "projects/<int:project_id>/imports/<int:dataset_id>/retry/",
        ImportRetry.as_view(),
        name="import-retry",
    ),
    path(
        "projects/<int:project_id>/imports/<int:dataset_id>/reopen/",
        ImportReopen.as_view(),
        name="import-reopen",
    ),
]
