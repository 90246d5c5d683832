"""REST: labeling functions and their versions."""

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
from annotation.roles import Action
from labelmodel.api.function_views import (
    FunctionTestResultsView,
    FunctionVersionListView,
    FunctionVersionView,
    FunctionVocabularyView,
    LabelingFunctionListView,
    LabelingFunctionView,
)
from labelmodel.models import FunctionVersion, LabelingFunction
from labelmodel.reports import functions as report
from labelmodel.services import function_review, function_rules, functions
from labelmodel.tasks import run_functions_soon

_MOST = 2**31 - 1
_HOURLY: dict[str, Any] = {"min_value": 1, "max_value": _MOST, "required": False, "allow_null": True}
_SHARE: dict[str, Any] = {"min_value": 0.0, "max_value": 1.0, "required": False}


class FunctionVersionRequest(serializers.Serializer[Any]):
    kind = Text(max_length=40, help_text="Such as `keywords`; `vocabulary/` lists them.")
    definition = AnyJson(help_text="An object, as docs/labeling-functions.md tells for each kind.")
    tests = serializers.ListField(
        child=AnyJson(),
        required=False,
        max_length=functions.MOST_TESTS,
        help_text='[{"payload": {...}, "label": what it should say, or null}]; those of the version before, unless told.',
    )
    note = Text(max_length=300, required=False, allow_blank=True, help_text="What is new.")


class FunctionRequest(FunctionVersionRequest):
    name = Text(max_length=80)
    question = Text(max_length=64)
    description = Text(max_length=500, required=False, allow_blank=True)
    most_share = serializers.FloatField(
        help_text="Of all items; beyond it the function is stopped.", **_SHARE
    )
    most_votes_an_hour = serializers.IntegerField(help_text="Beyond it the function is stopped.", **_HOURLY)


class FunctionChange(serializers.Serializer[Any]):
    name = Text(max_length=80, required=False)
    description = Text(max_length=500, required=False, allow_blank=True)
    owner = Text(max_length=150, required=False, help_text="Username of a member who may write functions.")
    most_share = serializers.FloatField(**_SHARE)
    most_votes_an_hour = serializers.IntegerField(help_text="null: no limit.", **_HOURLY)


class NoteRequest(serializers.Serializer[Any]):
    note = Text(max_length=300, required=False, allow_blank=True)


class ReasonRequest(serializers.Serializer[Any]):
    reason = Text(max_length=300)


class RollBackRequest(ReasonRequest):
    version = serializers.IntegerField(
        min_value=1,
        max_value=_MOST,
        required=False,
        help_text="The one that was bad; unless told, the active one.",
    )


class VersionPageRequest(serializers.Serializer[Any]):
    after = serializers.IntegerField(min_value=1, max_value=_MOST, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=LARGEST_PAGE, default=100)


class FunctionApi(Api):
    """Views of one function."""

    def function(self, project_id: int, function_id: int, action: Action) -> LabelingFunction:
        project = self.project(project_id, action)
        return functions.function_for(
            user=self.user(), project=project, function_id=function_id, action=action
        )

    def version(self, project_id: int, function_id: int, number: int, action: Action) -> FunctionVersion:
        return functions.version_of(function=self.function(project_id, function_id, action), number=number)

    def shown(self, function: LabelingFunction, *, status: int = 200) -> Response:
        (row,) = report.listed(function.project, function_id=function.pk)
        return Response(LabelingFunctionView(row).data, status=status)


class LabelingFunctions(FunctionApi):
    @extend_schema(
        operation_id="labeling_functions",
        responses={200: LabelingFunctionListView, **PROBLEMS(401, 403, 404)},
    )
    def get(self, request: Request, project_id: int) -> Response:
        """The project's labeling functions by name; there are at most 500."""
        found = report.listed(self.project(project_id, Action.BROWSE))
        return Response({"results": LabelingFunctionView(found, many=True).data})

    @extend_schema(
        operation_id="create_labeling_function",
        request=FunctionRequest,
        responses={201: LabelingFunctionView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Write a function; its first version is a draft."""
        project = self.project(project_id, Action.WRITE_FUNCTIONS)
        made = functions.create(project=project, by=self.user(), **valid(FunctionRequest, request))
        return self.shown(made.function, status=201)


class Vocabulary(Api):
    @extend_schema(
        operation_id="labeling_function_vocabulary",
        responses={200: FunctionVocabularyView, **PROBLEMS(401, 403, 404)},
    )
    def get(self, request: Request, project_id: int) -> Response:
        """What a definition may speak of: kinds, payload fields, questions with their labels."""
        # Numerical libraries, which only those load who ask for the kinds.
        from labelmodel.functions import KINDS

        project = self.project(project_id, Action.BROWSE)
        sensitive = function_rules.sensitive_of(project)
        fields = function_rules.fields_of(project).items()
        questions = function_rules.functions_questions(project.schema)
        found = {
            "kinds": list(KINDS.values()),
            "fields": [{"name": name, "type": kind} for name, kind in fields if name not in sensitive],
            "questions": [
                {"name": one["name"], "labels": function_rules.labels_of(one)} for one in questions
            ],
        }
        return Response(FunctionVocabularyView(found).data)


class OneFunction(FunctionApi):
    @extend_schema(
        operation_id="labeling_function", responses={200: LabelingFunctionView, **PROBLEMS(401, 403, 404)}
    )
    def get(self, request: Request, project_id: int, function_id: int) -> Response:
        """One function, and whether its votes count."""
        return self.shown(self.function(project_id, function_id, Action.BROWSE))

    @extend_schema(
        operation_id="change_labeling_function",
        request=FunctionChange,
        responses={200: LabelingFunctionView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def patch(self, request: Request, project_id: int, function_id: int) -> Response:
        """Change its name, description, owner or limits. What it does changes by a new version."""
        function = self.function(project_id, function_id, Action.WRITE_FUNCTIONS)
        given = valid(FunctionChange, request)
        unlimited = given.get("most_votes_an_hour", 1) is None
        return self.shown(
            functions.change(function=function, by=self.user(), unlimited_votes=unlimited, **given)
        )

    @extend_schema(
        operation_id="remove_labeling_function", responses={204: None, **PROBLEMS(401, 403, 404, 409)}
    )
    def delete(self, request: Request, project_id: int, function_id: int) -> Response:
        """Remove a function that was never active. One that was is stopped instead."""
        functions.remove(
            function=self.function(project_id, function_id, Action.WRITE_FUNCTIONS), by=self.user()
        )
        return Response(status=204)


class Stop(FunctionApi):
    @extend_schema(
        operation_id="stop_labeling_function",
        request=ReasonRequest,
        responses={200: LabelingFunctionView, **PROBLEMS(400, 401, 403, 404)},
    )
    def post(self, request: Request, project_id: int, function_id: int) -> Response:
        """The kill switch: it votes no more, and its votes count no more."""
        function = self.function(project_id, function_id, Action.WRITE_FUNCTIONS)
        return self.shown(functions.stop(function=function, by=self.user(), **valid(ReasonRequest, request)))


class Resume(FunctionApi):
    @extend_schema(
        operation_id="resume_labeling_function",
        request=None,
        responses={200: LabelingFunctionView, **PROBLEMS(401, 403, 404)},
    )
    def post(self, request: Request, project_id: int, function_id: int) -> Response:
        """Let a stopped function vote again; what it has not seen is run."""
        function = self.function(project_id, function_id, Action.REVIEW_FUNCTIONS)
        functions.resume(function=function, by=self.user())
        run_functions_soon(project_id)
        return self.shown(function)


class RollBack(FunctionApi):
    @extend_schema(
        operation_id="roll_back_labeling_function",
        request=RollBackRequest,
        responses={200: LabelingFunctionView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, project_id: int, function_id: int) -> Response:
        """Take a bad version out with all that came of it: its votes are deleted, runs that used it are marked, probable
        labels that rest on it are withdrawn. The version before it is active again. What was rolled back already is refused
        with 409."""
        function = self.function(project_id, function_id, Action.REVIEW_FUNCTIONS)
        given = valid(RollBackRequest, request)
        number = given.get("version")
        bad = functions.version_of(function=function, number=number) if number else None
        function_review.roll_back(function=function, by=self.user(), reason=given["reason"], version=bad)
        run_functions_soon(project_id)
        return self.shown(function)


class Versions(FunctionApi):
    @extend_schema(
        operation_id="labeling_function_versions",
        parameters=[
            OpenApiParameter("after", int, description="Only versions with a smaller number."),
            OpenApiParameter("limit", int, description=f"From 1 to {LARGEST_PAGE}; 100 unless told."),
        ],
        responses={200: FunctionVersionListView, **PROBLEMS(400, 401, 403, 404)},
    )
    def get(self, request: Request, project_id: int, function_id: int) -> Response:
        """A function's versions, the latest first."""
        function = self.function(project_id, function_id, Action.BROWSE)
        wanted = query(VersionPageRequest, request)
        limit = wanted["limit"]
        known = function.versions.select_related("schema", "author", "reviewer").order_by("-number")
        found = list(known.filter(number__lt=wanted.get("after") or _MOST)[: limit + 1])
        for version in found:
            version.function, version.project = function, function.project
        following = following_url(request, found[limit - 1].number if len(found) > limit else None)
        return Response({"results": FunctionVersionView(found[:limit], many=True).data, "next": following})

    @extend_schema(
        operation_id="create_labeling_function_version",
        request=FunctionVersionRequest,
        responses={201: FunctionVersionView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, project_id: int, function_id: int) -> Response:
        """Write the next version, a draft. Versions never change."""
        function = self.function(project_id, function_id, Action.WRITE_FUNCTIONS)
        given = valid(FunctionVersionRequest, request)
        made = functions.new_version(function=function, by=self.user(), **given)
        return Response(FunctionVersionView(made).data, status=201)


class OneVersion(FunctionApi):
    @extend_schema(
        operation_id="labeling_function_version",
        responses={200: FunctionVersionView, **PROBLEMS(401, 403, 404)},
    )
    def get(self, request: Request, project_id: int, function_id: int, number: int) -> Response:
        """One version: its definition, its review, and how it did on a sample."""
        return Response(
            FunctionVersionView(self.version(project_id, function_id, number, Action.BROWSE)).data
        )


class Tests(FunctionApi):
    @extend_schema(
        operation_id="test_labeling_function_version",
        request=None,
        responses={200: FunctionTestResultsView, **PROBLEMS(400, 401, 403, 404, 503)},
    )
    def post(self, request: Request, project_id: int, function_id: int, number: int) -> Response:
        """Run the version's tests now; where it asks a language model: as its trial found them."""
        version = self.version(project_id, function_id, number, Action.WRITE_FUNCTIONS)
        return Response(FunctionTestResultsView({"results": function_rules.tried(version)}).data)


class Submit(FunctionApi):
    @extend_schema(
        operation_id="submit_labeling_function_version",
        request=None,
        responses={200: FunctionVersionView, **PROBLEMS(400, 401, 403, 404, 409, 503)},
    )
    def post(self, request: Request, project_id: int, function_id: int, number: int) -> Response:
        """Ask for a review of a draft whose tests pass."""
        version = self.version(project_id, function_id, number, Action.WRITE_FUNCTIONS)
        return Response(FunctionVersionView(function_review.submit(version=version, by=self.user())).data)


class Approve(FunctionApi):
    @extend_schema(
        operation_id="approve_labeling_function_version",
        request=NoteRequest,
        responses={200: FunctionVersionView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, project_id: int, function_id: int, number: int) -> Response:
        """Approve a version that somebody else wrote. A worker runs it on a sample; `canary` tells how that went."""
        version = self.version(project_id, function_id, number, Action.REVIEW_FUNCTIONS)
        function_review.approve(version=version, by=self.user(), **valid(NoteRequest, request))
        run_functions_soon(project_id)
        return Response(FunctionVersionView(version).data)


class Refuse(FunctionApi):
    @extend_schema(
        operation_id="refuse_labeling_function_version",
        request=ReasonRequest,
        responses={200: FunctionVersionView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, project_id: int, function_id: int, number: int) -> Response:
        """Turn a version down before it is active."""
        version = self.version(project_id, function_id, number, Action.REVIEW_FUNCTIONS)
        function_review.refuse(version=version, by=self.user(), **valid(ReasonRequest, request))
        return Response(FunctionVersionView(version).data)


class TryOut(FunctionApi):
    @extend_schema(
        operation_id="try_labeling_function_version",
        request=None,
        responses={202: FunctionVersionView, **PROBLEMS(401, 403, 404, 409)},
    )
    def post(self, request: Request, project_id: int, function_id: int, number: int) -> Response:
        """Run an approved version on a sample again."""
        version = self.version(project_id, function_id, number, Action.REVIEW_FUNCTIONS)
        function_review.try_out(version=version, by=self.user())
        run_functions_soon(project_id)
        return Response(FunctionVersionView(version).data, status=202)


class Activate(FunctionApi):
    @extend_schema(
        operation_id="activate_labeling_function_version",
        request=None,
        responses={200: FunctionVersionView, **PROBLEMS(401, 403, 404, 409)},
    )
    def post(self, request: Request, project_id: int, function_id: int, number: int) -> Response:
        """Let an approved version vote that was tried on a sample; a worker runs it over the pool."""
        version = self.version(project_id, function_id, number, Action.REVIEW_FUNCTIONS)
        function_review.activate(version=version, by=self.user())
        run_functions_soon(project_id)
        return Response(FunctionVersionView(version).data)


_ALL = "projects/<int:project_id>/labeling-functions/"
_ONE = f"{_ALL}<int:function_id>/"
_VERSION = f"{_ONE}versions/<int:number>/"
urlpatterns = [
    path(_ALL, LabelingFunctions.as_view(), name="labeling-functions"),
    path(f"{_ALL}vocabulary/", Vocabulary.as_view(), name="labeling-function-vocabulary"),
    path(_ONE, OneFunction.as_view(), name="labeling-function"),
    path(f"{_ONE}stop/", Stop.as_view(), name="labeling-function-stop"),
    path(f"{_ONE}resume/", Resume.as_view(), name="labeling-function-resume"),
    path(f"{_ONE}roll-back/", RollBack.as_view(), name="labeling-function-roll-back"),
    path(f"{_ONE}versions/", Versions.as_view(), name="labeling-function-versions"),
    path(_VERSION, OneVersion.as_view(), name="labeling-function-version"),
    path(f"{_VERSION}tests/", Tests.as_view(), name="labeling-function-tests"),
    path(f"{_VERSION}submit/", Submit.as_view(), name="labeling-function-submit"),
    path(f"{_VERSION}approve/", Approve.as_view(), name="labeling-function-approve"),
    path(f"{_VERSION}refuse/", Refuse.as_view(), name="labeling-function-refuse"),
    path(f"{_VERSION}try/", TryOut.as_view(), name="labeling-function-try"),
    path(f"{_VERSION}activate/", Activate.as_view(), name="labeling-function-activate"),
]
