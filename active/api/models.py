"""REST: model versions and the learning curve."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from active.api.figures import AdviceView, ForecastView, MetricsView, RivalsView
from active.api.rounds import BEFORE, BeforeRequest
from active.models import ModelVersion
from active.reports import curve, standing, versions
from active.services import registry
from annotation.api.base import Api
from annotation.api.docs import PROBLEMS
from annotation.api.paging import following_url, query
from annotation.roles import Action

STATES = [state.value for state in ModelVersion.State]


class ModelView(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    question = serializers.CharField()
    state = serializers.ChoiceField(STATES, help_text="promoted: in use; refused: see `reason`.")
    reason = serializers.CharField(allow_blank=True, help_text="Why it is in use, or is not.")
    learner = serializers.CharField()
    calibration = serializers.CharField(allow_blank=True)
    parameters = serializers.DictField()
    encoder = serializers.IntegerField(source="encoder.version")
    schema = serializers.IntegerField(source="schema.version", help_text="The version of the questions.")
    items = serializers.IntegerField(help_text="Items that it learned from.")
    data_sha256 = serializers.CharField(help_text="Over the ids, targets and weights that it learned from.")
    metrics = MetricsView()
    sha256 = serializers.CharField(allow_blank=True, help_text="Of its file; empty: no longer kept.")
    size = serializers.IntegerField(help_text="Bytes of its file.")
    promoted_by = serializers.CharField(source="promoted_by.username", allow_null=True, default=None)
    promoted_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class ModelListView(serializers.Serializer[Any]):
    results = ModelView(many=True)
    next = serializers.CharField(allow_null=True)


class BaselineView(serializers.Serializer[Any]):
    accuracy = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    labels = serializers.IntegerField(allow_null=True, help_text="Labels drawn at random that tell so.")


class CurvePointView(serializers.Serializer[Any]):
    round = serializers.IntegerField()
    strategy = serializers.CharField()
    labels = serializers.IntegerField()
    judged_on = serializers.CharField(
        help_text="holdout; random: out of fold on items drawn at random; labeled: out of fold on all that is labeled."
    )
    judged = serializers.IntegerField(help_text="Items that it was judged on.")
    accuracy = serializers.FloatField()
    low = serializers.FloatField(help_text="Of the 95 % interval.")
    high = serializers.FloatField()
    log_loss = serializers.FloatField(allow_null=True)
    random = BaselineView(
        allow_null=True, help_text="What choice at random would have reached with as many labels."
    )
    created_at = serializers.DateTimeField()


class CurveView(serializers.Serializer[Any]):
    question = serializers.CharField(allow_null=True)
    points = CurvePointView(many=True)
    advice = AdviceView(allow_null=True, help_text="What the latest labels were worth.")
    needed = ForecastView(allow_null=True, help_text="How many labels the target takes.")
    rivals = RivalsView(allow_null=True, help_text="How the two strategies of a live experiment compare.")


class Models(Api):
    @extend_schema(
        operation_id="models",
        parameters=BEFORE,
        responses={200: ModelListView, **PROBLEMS(400, 401, 403, 404)},
    )
    def get(self, request: Request, project_id: int) -> Response:
        """Trained models, latest first."""
        project = self.project(project_id, Action.BROWSE)
        wanted = query(BeforeRequest, request)
        limit = wanted["limit"]
        found = versions.listed(project=project, before=wanted.get("after"), limit=limit + 1)
        following = following_url(request, found[limit - 1].version if len(found) > limit else None)
        return Response({"results": ModelView(found[:limit], many=True).data, "next": following})


class OneModel(Api):
    @extend_schema(operation_id="model", responses={200: ModelView, **PROBLEMS(401, 403, 404)})
    def get(self, request: Request, project_id: int, version: int) -> Response:
        """One trained model: what it learned from and how good it is."""
        project = self.project(project_id, Action.BROWSE)
        return Response(ModelView(versions.one(project=project, version=version)).data)


class PromoteModel(Api):
    @extend_schema(
        operation_id="promote_model", request=None, responses={200: ModelView, **PROBLEMS(401, 403, 404, 409)}
    )
    def post(self, request: Request, project_id: int, version: int) -> Response:
        """Put this version into use: roll back, or overrule a refusal. Harmless when it is in use."""
        project = self.project(project_id, Action.CONFIGURE)
        registry.promote_by_hand(project=project, by=self.user(), version=version)
        return Response(ModelView(versions.one(project=project, version=version)).data)


class LearningCurve(Api):
    @extend_schema(operation_id="learning_curve", responses={200: CurveView, **PROBLEMS(401, 403, 404)})
    def get(self, request: Request, project_id: int) -> Response:
        """How good each round's model was by the labels that it had, beside choice at random; fewest labels first."""
        project = self.project(project_id, Action.BROWSE)
        found = standing.of(project)
        name = found.question["name"] if found.question else None
        figures = found.done.figures if found.done else {}
        shown = {
            "question": name,
            "points": curve.points(project=project, question=name) if name else [],
            **{part: figures.get(part) for part in ("advice", "needed", "rivals")},
        }
        return Response(CurveView(shown).data)


_MODELS = "projects/<int:project_id>/models/"
urlpatterns = [
    path(_MODELS, Models.as_view(), name="models"),
    path(f"{_MODELS}<int:version>/", OneModel.as_view(), name="model"),
    path(f"{_MODELS}<int:version>/promote/", PromoteModel.as_view(), name="promote-model"),
    path("projects/<int:project_id>/learning-curve/", LearningCurve.as_view(), name="learning-curve"),
]
