"""REST: imports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation import tasks
from annotation.api.base import Api, valid
from annotation.api.docs import PROBLEMS
from annotation.api.exports import AnyAccept
from annotation.api.fields import Text
from annotation.api.import_choices import ChoicesRequest
from annotation.api.paging import PAGE_PARAMETERS, PageRequest, paged, query
from annotation.api.uploads import FormWithFile, JsonLinesFile
from annotation.models import Dataset
from annotation.reports import imports as reports
from annotation.roles import Action
from annotation.services import import_options, import_preview, imports
from annotation.services.import_options import Choices


class ImportRequest(ChoicesRequest):
    file = serializers.FileField(allow_empty_file=True, max_length=1000)
    dataset = Text(
        max_length=120, required=False, allow_blank=True, default="", help_text="A name for the import."
    )
    preview = serializers.BooleanField(
        default=False, help_text="Wait for `start/` instead of importing at once."
    )


class RejectionView(serializers.Serializer[Any]):
    row = serializers.IntegerField(help_text="Counted from 1; the header is not counted.")
    field = serializers.CharField(allow_blank=True)
    message = serializers.CharField()


class LeftOutView(RejectionView):
    other = serializers.IntegerField(
        allow_null=True, help_text="The item that the row is nearly the same as, for which it was left out."
    )


class ReportView(serializers.Serializer[Any]):
    answers_unchanged = serializers.IntegerField(required=False, help_text="Were there already.")
    answers_refused = serializers.IntegerField(required=False)
    predictions_refused = serializers.IntegerField(required=False)
    skipped = serializers.IntegerField(required=False, help_text="Items that people skipped.")
    gold = serializers.IntegerField(required=False, help_text="Ground truth that became gold questions.")
    comments = serializers.IntegerField(required=False)
    tags = serializers.IntegerField(
        required=False, help_text="Tags that were put on items, each item counted."
    )
    retired = serializers.IntegerField(required=False, help_text="Items that are retired, as they were.")
    kept = serializers.DictField(
        child=serializers.IntegerField(),
        required=False,
        help_text="What no question holds, by type: kept word for word.",
    )
    left_out = serializers.DictField(
        child=serializers.IntegerField(), required=False, help_text="What was not taken, by reason."
    )


class ImportView(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    url = serializers.SerializerMethodField()
    project = serializers.IntegerField(source="project_id")
    dataset = serializers.CharField(source="name")
    status = serializers.ChoiceField(Dataset.State.values, source="state")
    source_name = serializers.CharField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()
    options = serializers.SerializerMethodField(help_text="How the file is read, detected or chosen.")
    rows_read = serializers.IntegerField()
    rows_imported = serializers.IntegerField()
    rows_unchanged = serializers.IntegerField(help_text="Rows that the project had already.")
    rows_sampled_out = serializers.IntegerField(help_text="Rows that a bounded pool had no place for.")
    rows_alike = serializers.IntegerField(
        help_text="Near-duplicates: marked and imported, or left out, as `options.alike` says."
    )
    rows_rejected = serializers.IntegerField()
    answers_imported = serializers.IntegerField(help_text="People's answers that came with the rows.")
    predictions_imported = serializers.IntegerField(help_text="Models' predictions that came with the rows.")
    report = ReportView(help_text="What else came, and what of that was refused.")
    progress = serializers.SerializerMethodField(help_text="From 0 to 1, by the size of the file.")
    error = serializers.CharField(allow_blank=True, help_text="Why the whole import failed.")
    errors_url = serializers.SerializerMethodField(help_text="All rejected rows, as CSV.")
    created_by = serializers.CharField(source="created_by.username")
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)

    def get_options(self, dataset: Dataset) -> dict[str, Any]:
        return import_options.of(dataset)

    def get_url(self, dataset: Dataset) -> str:
        return self._link("import", dataset)

    def get_errors_url(self, dataset: Dataset) -> str:
        return self._link("import-errors", dataset)

    def get_progress(self, dataset: Dataset) -> float:
        return round(reports.progress(dataset).share, 4)

    def _link(self, name: str, dataset: Dataset) -> str:
        place = reverse(f"api:{name}", args=[dataset.pk])
        return str(self.context["request"].build_absolute_uri(place))


class ImportDetailView(ImportView):
    errors = serializers.SerializerMethodField(  # type: ignore[assignment]
        help_text="The first 100 rejected rows."
    )

    @extend_schema_field(LeftOutView(many=True))
    def get_errors(self, dataset: Dataset) -> list[dict[str, Any]]:
        return [
            {"row": one.row, "field": one.field, "message": one.message, "other": one.other}
            for one in dataset.rejections.all()[: reports.SHOWN_REJECTIONS]
        ]


class ImportPage(serializers.Serializer[Any]):
    results = ImportView(many=True)
    next = serializers.URLField(allow_null=True)


class ColumnView(serializers.Serializer[Any]):
    name = serializers.CharField()
    field = serializers.CharField(allow_null=True, help_text="What it becomes; null when it is left out.")
    unique = serializers.BooleanField(help_text="Whether it may be the key: all values there, all different.")


class PreviewView(serializers.Serializer[Any]):
    options = serializers.DictField()
    columns = ColumnView(many=True)
    rows = serializers.ListField(child=serializers.DictField(), help_text="The first rows, by column.")
    errors = RejectionView(many=True)  # type: ignore[assignment]
    error = serializers.CharField(
        allow_blank=True, help_text="Why the file cannot be read with these options."
    )


def chosen(data: dict[str, Any]) -> Choices:
    return Choices(**{name: data.get(name) for name in Choices.__dataclass_fields__})


def view_of(request: Request, dataset: Dataset, *, status: int = 200) -> Response:
    body = ImportDetailView(dataset, context={"request": request}).data
    return Response(body, status=status, headers={"Location": body["url"]} if status == 202 else None)


class Imports(Api):
    parser_classes = [FormWithFile, JsonLinesFile]

    @extend_schema(
        operation_id="list_imports",
        parameters=PAGE_PARAMETERS,
        responses={200: ImportPage, **PROBLEMS(400, 401, 403, 404)},
    )
    def get(self, request: Request, project_id: int) -> Response:
        """The imports of a project, oldest first."""
        project = self.project(project_id, Action.IMPORT)
        page = query(PageRequest, request)
        found = project.datasets.filter(pk__gt=page["after"]).select_related("created_by").order_by("pk")
        rows = list(found[: page["limit"] + 1])
        return Response(paged(request=request, rows=rows, limit=page["limit"], view=ImportView))

    @extend_schema(
        operation_id="create_import",
        request={"multipart/form-data": ImportRequest, "application/x-ndjson": OpenApiTypes.BINARY},
        responses={202: ImportDetailView, **PROBLEMS(400, 401, 403, 404, 409, 413)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Upload a file and import it: CSV, TSV, JSON Lines, JSON, Parquet or a zip of images. Poll the answer's `url`.

        With `application/x-ndjson` the body is the file, and the other parameters stand in the query string.
        """
        project = self.project(project_id, Action.IMPORT)
        data = valid(ImportRequest, request)
        # A body that is the file belongs to nobody who would remove it afterwards, as Django does for those of forms.
        with closing(data["file"]) as upload:
            made = imports.create(
                project=project,
                by=self.user(),
                upload=upload,
                name=data["dataset"],
                choices=chosen(data),
                start=not data["preview"],
            )
        tasks.import_soon(made.pk)
        return view_of(request, made, status=202)


class Import(Api):
    @extend_schema(operation_id="get_import", responses={200: ImportDetailView, **PROBLEMS(401, 403, 404)})
    def get(self, request: Request, dataset_id: int) -> Response:
        """How far an import is, and which rows it rejected."""
        return view_of(request, imports.dataset_for(user=self.user(), dataset_id=dataset_id))

    @extend_schema(
        operation_id="change_import",
        request=ChoicesRequest,
        responses={200: ImportDetailView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def patch(self, request: Request, dataset_id: int) -> Response:
        """Read the file of a draft otherwise."""
        dataset = imports.dataset_for(user=self.user(), dataset_id=dataset_id)
        return view_of(
            request, imports.change(dataset=dataset, choices=chosen(valid(ChoicesRequest, request)))
        )


class Preview(Api):
    @extend_schema(operation_id="preview_import", responses={200: PreviewView, **PROBLEMS(401, 403, 404)})
    def get(self, request: Request, dataset_id: int) -> Response:
        """The first rows of the file as the import would read them."""
        dataset = imports.dataset_for(user=self.user(), dataset_id=dataset_id)
        return Response(PreviewView(import_preview.preview(dataset=dataset)).data)


class Verb(Api):
    """One thing to do with an import."""

    verb: Callable[..., Dataset]

    def post(self, request: Request, dataset_id: int) -> Response:
        dataset = type(self).verb(dataset=imports.dataset_for(user=self.user(), dataset_id=dataset_id))
        if dataset.state == Dataset.State.WAITING:
            tasks.import_soon(dataset.pk)
        return view_of(request, dataset)


def _verb(name: str, description: str) -> type[Verb]:
    """A view that calls the service function of this name."""
    documented = extend_schema(
        operation_id=f"{name}_import",
        description=description,
        request=None,
        responses={200: ImportDetailView, **PROBLEMS(401, 403, 404, 409)},
    )
    view = type(name.title(), (Verb,), {"verb": staticmethod(getattr(imports, name))})
    return extend_schema_view(post=documented)(view)


class Errors(Api):
    content_negotiation_class = AnyAccept

    @extend_schema(
        operation_id="import_errors",
        responses={(200, "text/csv"): OpenApiTypes.STR, **PROBLEMS(401, 403, 404)},
    )
    def get(self, request: Request, dataset_id: int) -> HttpResponseBase:
        """All rejected rows as CSV: file, row, field, message."""
        dataset = imports.dataset_for(user=self.user(), dataset_id=dataset_id)
        return rejections_as_csv(dataset)


def rejections_as_csv(dataset: Dataset) -> HttpResponseBase:
    rows: Iterator[str] = reports.rejections_as_csv(dataset)
    name = f"import-{dataset.pk}-rejected.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8", headers=headers)


urlpatterns = [
    path("projects/<int:project_id>/imports/", Imports.as_view(), name="imports"),
    path("imports/<int:dataset_id>/", Import.as_view(), name="import"),
    path("imports/<int:dataset_id>/preview/", Preview.as_view(), name="import-preview"),
    path("imports/<int:dataset_id>/errors/", Errors.as_view(), name="import-errors"),
    path(
        "imports/<int:dataset_id>/start/",
        _verb("start", "Start a draft, once its preview is right.").as_view(),
        name="import-start",
    ),
    path(
        "imports/<int:dataset_id>/cancel/",
        _verb("cancel", "Stop an import at its next batch; what it has imported stays.").as_view(),
        name="import-cancel",
    ),
    path(
        "imports/<int:dataset_id>/retry/",
        _verb("retry", "Go on with a failed or cancelled import behind its last row.").as_view(),
        name="import-retry",
    ),
    path(
        "imports/<int:dataset_id>/reopen/",
        _verb(
            "reopen", "Make a draft of a failed or cancelled import, to read its file otherwise."
        ).as_view(),
        name="import-reopen",
    ),
]
