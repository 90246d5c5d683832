"""REST: runs of labeling functions, the tables that they look things up in, and what the project lets them do."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.base import Api, valid
from annotation.api.docs import PROBLEMS
from annotation.api.fields import AnyJson, Text
from annotation.api.paging import LARGEST_PAGE, following_url, query
from annotation.api.uploads import FormWithFile
from annotation.roles import Action
from labelmodel.api.function_views import (
    FunctionRunListView,
    FunctionRunView,
    FunctionTableListView,
    FunctionTableView,
    WeakSettingsView,
)
from labelmodel.models import FunctionRun
from labelmodel.reports import function_runs as report
from labelmodel.services import function_tables, run_requests, weak_settings, weak_sources
from labelmodel.tasks import run_functions_soon


class FunctionRunRequest(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(
        [FunctionRun.Kind.NEW.value, FunctionRun.Kind.ALL.value],
        default=FunctionRun.Kind.NEW.value,
        help_text="`new`: items that lack votes of an active function; `all`: everything anew.",
    )


class FunctionRunPageRequest(serializers.Serializer[Any]):
    after = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=LARGEST_PAGE, default=100)


class FunctionTableRequest(serializers.Serializer[Any]):
    file = serializers.FileField(allow_empty_file=True, max_length=1000)
    name = Text(max_length=80, required=False, allow_blank=True, default="")
    header = serializers.BooleanField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Whether the first row names the columns; unless told, detected.",
    )


class WeakSettingsRequest(serializers.Serializer[Any]):
    automatic = serializers.BooleanField(required=False)
    sensitive_fields = serializers.ListField(
        child=Text(max_length=200), required=False, max_length=weak_settings.MOST_SENSITIVE
    )
    class_balance = serializers.DictField(
        child=AnyJson(),
        required=False,
        help_text='{question: {label: share}}; {}: not known, "labeled": as people labeled.',
    )
    cascade = serializers.ListField(
        child=Text(max_length=100),
        required=False,
        max_length=weak_sources.MOST_BESIDE,
        help_text='What votes beside functions in the next fit: "model", "import:" and a source.',
    )


def _shown(run: FunctionRun, *, status: int = 200) -> Response:
    (row,) = report.with_lines([run])
    return Response(FunctionRunView(row).data, status=status)


class FunctionRuns(Api):
    @extend_schema(
        operation_id="function_runs",
        parameters=[
            OpenApiParameter("after", int, description="Only runs with a smaller number."),
            OpenApiParameter("limit", int, description=f"From 1 to {LARGEST_PAGE}; 100 unless told."),
        ],
        responses={200: FunctionRunListView, **PROBLEMS(400, 401, 403, 404)},
    )
    def get(self, request: Request, project_id: int) -> Response:
        """Runs of labeling functions, the latest first."""
        project = self.project(project_id, Action.BROWSE)
        wanted = query(FunctionRunPageRequest, request)
        limit = wanted["limit"]
        found = report.listed(project=project, before=wanted.get("after"), limit=limit + 1)
        following = following_url(request, found[limit - 1].run.pk if len(found) > limit else None)
        return Response({"results": FunctionRunView(found[:limit], many=True).data, "next": following})

    @extend_schema(
        operation_id="run_labeling_functions",
        request=FunctionRunRequest,
        responses={202: FunctionRunView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Run the active functions over the pool. A worker does it; poll the run. Asking again for what waits already
        changes nothing."""
        project = self.project(project_id, Action.WRITE_FUNCTIONS)
        given = valid(FunctionRunRequest, request)
        made = run_requests.request(
            project=project, by=self.user(), kind=given["kind"], trigger=FunctionRun.Trigger.REST
        )
        run_functions_soon(project.pk)
        return _shown(made, status=202)


class OneFunctionRun(Api):
    @extend_schema(operation_id="function_run", responses={200: FunctionRunView, **PROBLEMS(401, 403, 404)})
    def get(self, request: Request, project_id: int, run_id: int) -> Response:
        """How far a run is, and what each function did."""
        project = self.project(project_id, Action.BROWSE)
        return _shown(run_requests.run_for(user=self.user(), project=project, run_id=run_id))


class CancelRun(Api):
    @extend_schema(
        operation_id="cancel_function_run",
        request=None,
        responses={200: FunctionRunView, **PROBLEMS(401, 403, 404, 409)},
    )
    def post(self, request: Request, project_id: int, run_id: int) -> Response:
        """Stop at the next block of items; the votes that were cast stay."""
        project = self.project(project_id, Action.WRITE_FUNCTIONS)
        run = run_requests.run_for(user=self.user(), project=project, run_id=run_id)
        return _shown(run_requests.cancel(run=run, by=self.user()))


class RetryRun(Api):
    @extend_schema(
        operation_id="retry_function_run",
        request=None,
        responses={202: FunctionRunView, **PROBLEMS(401, 403, 404, 409)},
    )
    def post(self, request: Request, project_id: int, run_id: int) -> Response:
        """Go on with what is missing, after it failed or was cancelled."""
        project = self.project(project_id, Action.WRITE_FUNCTIONS)
        run = run_requests.run_for(user=self.user(), project=project, run_id=run_id)
        run_requests.retry(run=run, by=self.user())
        run_functions_soon(project.pk)
        return _shown(run, status=202)


class FunctionTables(Api):
    parser_classes = [FormWithFile]

    @extend_schema(
        operation_id="function_tables", responses={200: FunctionTableListView, **PROBLEMS(401, 403, 404)}
    )
    def get(self, request: Request, project_id: int) -> Response:
        """Dictionaries and tables that functions look things up in, by name; there are at most 200."""
        project = self.project(project_id, Action.BROWSE)
        found = project.function_tables.select_related("created_by").order_by("name")
        return Response({"results": FunctionTableView(found, many=True).data})

    @extend_schema(
        operation_id="upload_function_table",
        request={"multipart/form-data": FunctionTableRequest},
        responses={201: FunctionTableView, **PROBLEMS(400, 401, 403, 404, 409, 413, 503)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Upload a table: CSV, TSV, JSON or JSON Lines. It never changes; a newer one is another table."""
        project = self.project(project_id, Action.WRITE_FUNCTIONS)
        given = valid(FunctionTableRequest, request)
        made = function_tables.create(
            project=project, by=self.user(), upload=given["file"], name=given["name"], header=given["header"]
        )
        return Response(FunctionTableView(made).data, status=201)


class OneFunctionTable(Api):
    @extend_schema(
        operation_id="function_table", responses={200: FunctionTableView, **PROBLEMS(401, 403, 404)}
    )
    def get(self, request: Request, project_id: int, table_id: int) -> Response:
        """What a table has, without its rows."""
        project = self.project(project_id, Action.BROWSE)
        table = function_tables.table_for(user=self.user(), project=project, table_id=table_id)
        return Response(FunctionTableView(table).data)

    @extend_schema(
        operation_id="remove_function_table", responses={204: None, **PROBLEMS(401, 403, 404, 409)}
    )
    def delete(self, request: Request, project_id: int, table_id: int) -> Response:
        """Remove a table that no version of a function reads."""
        project = self.project(project_id, Action.WRITE_FUNCTIONS)
        table = function_tables.table_for(user=self.user(), project=project, table_id=table_id)
        function_tables.remove(table=table, by=self.user())
        return Response(status=204)


class WeakSettingsOf(Api):
    @extend_schema(operation_id="weak_settings", responses={200: WeakSettingsView, **PROBLEMS(401, 403, 404)})
    def get(self, request: Request, project_id: int) -> Response:
        """What the project lets its labeling functions do."""
        project = self.project(project_id, Action.BROWSE)
        return Response(WeakSettingsView(weak_settings.settings_of(project)).data)

    @extend_schema(
        operation_id="change_weak_settings",
        request=WeakSettingsRequest,
        responses={200: WeakSettingsView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def patch(self, request: Request, project_id: int) -> Response:
        """Change what is given."""
        project = self.project(project_id, Action.REVIEW_FUNCTIONS)
        made = weak_settings.change(project=project, by=self.user(), **valid(WeakSettingsRequest, request))
        return Response(WeakSettingsView(made).data)


_RUNS = "projects/<int:project_id>/function-runs/"
_TABLES = "projects/<int:project_id>/function-tables/"
urlpatterns = [
    path(_RUNS, FunctionRuns.as_view(), name="function-runs"),
    path(f"{_RUNS}<int:run_id>/", OneFunctionRun.as_view(), name="function-run"),
    path(f"{_RUNS}<int:run_id>/cancel/", CancelRun.as_view(), name="function-run-cancel"),
    path(f"{_RUNS}<int:run_id>/retry/", RetryRun.as_view(), name="function-run-retry"),
    path(_TABLES, FunctionTables.as_view(), name="function-tables"),
    path(f"{_TABLES}<int:table_id>/", OneFunctionTable.as_view(), name="function-table"),
    path("projects/<int:project_id>/weak-settings/", WeakSettingsOf.as_view(), name="weak-settings"),
]
