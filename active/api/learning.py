"""REST: how a project learns, and turning it on and off."""

from __future__ import annotations

from typing import Any

import orjson
from django.urls import path
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from active.names import ENCODERS, LEARNERS, STRATEGIES, Named
from active.reports import standing
from active.reports.standing import Standing
from active.services import learning, switching
from active.services.requests import LARGEST_BATCH
from active.tasks import round_soon
from annotation.api.base import Api, valid
from annotation.api.docs import PROBLEMS
from annotation.api.fields import AnyJson, Text
from annotation.models import Project
from annotation.roles import Action

MOST_OPTION_BYTES = 10_000
_MOST = 2**31 - 1


@extend_schema_field({"type": "object", "additionalProperties": {}})
class Options(AnyJson):
    """An object of options, such as {"c": 10}."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, dict):
            raise serializers.ValidationError("Expected an object.")
        if _too_large(data):
            # PostgreSQL would give 1e19 back as a whole number, which no JSON of ours can hold.
            raise serializers.ValidationError("Numbers have to be below 2 to the power of 63.")
        if len(orjson.dumps(data)) > MOST_OPTION_BYTES:
            raise serializers.ValidationError(f"At most {MOST_OPTION_BYTES:,} bytes.")
        return super().to_internal_value(data)


def _too_large(value: Any) -> bool:
    """Whether any number in this JSON value leaves 64 bits."""
    if isinstance(value, dict | list):
        return any(map(_too_large, value.values() if isinstance(value, dict) else value))
    return isinstance(value, int | float) and abs(value) >= 2**63


def share(help_text: str, **options: Any) -> serializers.FloatField:
    return serializers.FloatField(min_value=0, max_value=1, required=False, help_text=help_text, **options)


def name(of: dict[str, Named], help_text: str, **options: Any) -> serializers.ChoiceField:
    return serializers.ChoiceField(list(of), required=False, help_text=help_text, **options)


def count(least: int, most: int, help_text: str, **options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(
        min_value=least, max_value=most, required=False, help_text=help_text, **options
    )


class ChangeLearningRequest(serializers.Serializer[Any]):
    on = serializers.BooleanField(required=False, help_text="Whether rounds start by themselves.")
    question = Text(
        max_length=64, allow_blank=True, required=False, help_text="Empty: the first one that can be learned."
    )
    encoder = name(ENCODERS, "Empty: chosen by the types of the fields.", allow_blank=True)
    encoder_options = Options(required=False)
    learner = name(LEARNERS, "What learns.")
    learner_options = Options(required=False)
    strategy = name(STRATEGIES, "What chooses.")
    rival = name(STRATEGIES, "Chooses half of every batch, to be compared; empty: none.", allow_blank=True)
    batch = count(1, LARGEST_BATCH, "How many a round chooses.")
    new_labels = count(1, _MOST, "A round starts after so many new answers.")
    every_minutes = count(
        1,
        _MOST,
        "And after so many minutes, if there are new answers; null: never by the clock.",
        allow_null=True,
    )
    explore = share("Which part of a batch is drawn at random.")
    ask_again = share("Which part of a batch at most asks again about answered items.")
    again_at_most = count(0, 32_767, "How many answers beyond those that the project wants.")
    from_functions = serializers.BooleanField(
        required=False, help_text="Whether models learn from what labeling functions say of unanswered items."
    )
    functions_precision = share(
        "Hard labels of functions, from so sure on that this precision is expected; null: soft ones.",
        allow_null=True,
    )
    review = share("Which part of a batch at most is items whose answers check the labeling functions.")
    target = share("The accuracy that is aimed at, for the forecast.", allow_null=True)


class NextRoundView(serializers.Serializer[Any]):
    needed = serializers.IntegerField(help_text="New answers after which it starts.")
    given = serializers.IntegerField(help_text="New answers that there are.")
    left = serializers.IntegerField()
    due_at = serializers.DateTimeField(allow_null=True, help_text="When it starts by the clock.")
    rests_until = serializers.DateTimeField(allow_null=True, help_text="After a failure: not before.")


class LearningView(serializers.Serializer[Any]):
    on = serializers.BooleanField()
    question = serializers.CharField(allow_null=True, help_text="The one that is learned; null: none can be.")
    questions = serializers.ListField(child=serializers.CharField(), help_text="Those that can be learned.")
    encoder = serializers.CharField(source="settings.encoder", allow_blank=True)
    encoder_options = serializers.DictField(source="settings.encoder_options")
    learner = serializers.CharField(source="settings.learner")
    learner_options = serializers.DictField(source="settings.learner_options")
    strategy = serializers.CharField(source="settings.strategy")
    rival = serializers.CharField(source="settings.rival", allow_blank=True)
    batch = serializers.IntegerField(source="settings.batch")
    new_labels = serializers.IntegerField(source="settings.new_labels")
    every_minutes = serializers.IntegerField(source="settings.every_minutes", allow_null=True)
    explore = serializers.FloatField(source="settings.explore")
    ask_again = serializers.FloatField(source="settings.ask_again")
    again_at_most = serializers.IntegerField(source="settings.again_at_most")
    from_functions = serializers.BooleanField(source="settings.from_functions")
    functions_precision = serializers.FloatField(source="settings.functions_precision", allow_null=True)
    review = serializers.FloatField(source="settings.review")
    target = serializers.FloatField(source="settings.target", allow_null=True)
    round = serializers.IntegerField(allow_null=True, help_text="The round under way.")
    model = serializers.IntegerField(allow_null=True, help_text="The version in use.")
    next_round = NextRoundView(source="next", allow_null=True, help_text="null: none starts by itself now.")


class Learning(Api):
    @extend_schema(operation_id="learning", responses={200: LearningView, **PROBLEMS(401, 403, 404)})
    def get(self, request: Request, project_id: int) -> Response:
        """How the project learns, and what comes next."""
        return self._shown(self.project(project_id, Action.BROWSE))

    @extend_schema(
        operation_id="change_learning",
        request=ChangeLearningRequest,
        responses={200: LearningView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def patch(self, request: Request, project_id: int) -> Response:
        """Change how the project learns, or turn it on or off. What is left out stays; the next round follows."""
        project = self.project(project_id, Action.CONFIGURE)
        changes = valid(ChangeLearningRequest, request)
        on = changes.pop("on", None)
        if on:
            switching.turn_on(project=project, by=self.user(), **changes)
            round_soon(project.pk)
        else:
            off = {} if on is None else {"automatic": False}
            learning.change(project=project, by=self.user(), **changes, **off)
        return self._shown(project)

    @staticmethod
    def _shown(project: Project) -> Response:
        found = standing.of(project)
        return Response(LearningView(_as_view(project, found)).data)


def _as_view(project: Project, found: Standing) -> dict[str, Any]:
    return {
        "on": found.on,
        "question": found.question["name"] if found.question else None,
        "questions": [one["name"] for one in learning.learnable(project)],
        "settings": found.settings,
        "round": found.latest.id if found.latest and found.pending else None,
        "model": found.model.version if found.model else None,
        "next": found.next,
    }


urlpatterns = [path("projects/<int:project_id>/learning/", Learning.as_view(), name="learning")]
