"""REST: how good people are, for managers of everybody, for each person of themselves."""

from __future__ import annotations

from typing import Any

from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.base import Api
from annotation.api.docs import PROBLEMS
from annotation.errors import NotFound
from annotation.roles import Action
from labelmodel.reports import people
from labelmodel.reports.people import full_hour


class RightShareView(serializers.Serializer[Any]):
    right = serializers.IntegerField()
    n = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(help_text="Of the 95 % interval (Wilson).")
    high = serializers.FloatField()


class EstimatedView(serializers.Serializer[Any]):
    accuracy = serializers.FloatField()
    low = serializers.FloatField(help_text="Of the 95 % credible interval.")
    high = serializers.FloatField()
    judgments = serializers.FloatField(help_text="Votes, weighted by how sure their items are.")
    chance = serializers.FloatField(
        allow_null=True, help_text="How often the same labels, given at random, would be right."
    )
    run = serializers.IntegerField(help_text="The run of the label model that says so.")
    as_of = serializers.DateTimeField(allow_null=True)


class SourceMistakeView(serializers.Serializer[Any]):
    consensus = serializers.CharField(allow_null=True, help_text="null: a label that was added to a set.")
    said = serializers.CharField(allow_null=True, help_text="null: a label that was missed in a set.")
    count = serializers.IntegerField()


class OwnQuestionView(serializers.Serializer[Any]):
    question = serializers.CharField()
    gold = RightShareView(help_text="Answers to gold questions in all rotations that were right.")
    gold_now = RightShareView(help_text="The same in the current rotation.")
    estimated = EstimatedView(allow_null=True)
    answers = serializers.IntegerField(help_text="Answers that the latest run of the label model knew.")
    agreed = RightShareView(
        help_text="Answers to items with two votes or more that are what the consensus says."
    )
    labels = serializers.ListField(
        child=serializers.CharField(), help_text="Rows and columns of `confusion`."
    )
    confusion = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField()),
        help_text="[[chance of each given label] for each true label]; empty for many labels and for sets.",
    )
    mistakes = SourceMistakeView(many=True)


class SourceOnQuestionView(OwnQuestionView):
    others = serializers.FloatField(
        allow_null=True, help_text="How much of what others say of the same items is the same."
    )


class HintView(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(["random", "constant", "fast"])
    text = serializers.CharField(help_text="The figures that it rests on.")


class OwnQualityView(serializers.Serializer[Any]):
    user_id = serializers.IntegerField(source="person.user_id")
    username = serializers.CharField(source="person.username")
    answered = serializers.IntegerField(source="person.answered")
    median_seconds = serializers.FloatField(source="person.median_seconds", allow_null=True)
    skips = serializers.IntegerField(source="person.skips")
    flags = serializers.IntegerField()
    last_active = serializers.DateTimeField(source="person.last_active", allow_null=True)
    paused_reason = serializers.CharField(source="person.paused_reason", allow_blank=True)
    warning = serializers.CharField(allow_blank=True)
    questions = OwnQuestionView(many=True)


class SourceQualityView(OwnQualityView):
    role = serializers.CharField(source="person.role", help_text="`former` for who has left.")
    simulated = serializers.BooleanField(source="person.simulated")
    questions = SourceOnQuestionView(many=True)
    hints = HintView(
        many=True, help_text="What a manager might look into. Nothing follows from it by itself."
    )


class SourceQualityListView(serializers.Serializer[Any]):
    results = SourceQualityView(many=True)


class SourceQuality(Api):
    @extend_schema(
        operation_id="source_quality", responses={200: SourceQualityListView, **PROBLEMS(401, 403, 404)}
    )
    def get(self, request: Request, project_id: int) -> Response:
        """How good each person is on each question, who labels or has answered; most answers first."""
        found = people.of_project(self.project(project_id, Action.BROWSE))
        return Response({"results": SourceQualityView(found, many=True).data})


class MyQuality(Api):
    @extend_schema(operation_id="my_quality", responses={200: OwnQualityView, **PROBLEMS(401, 403, 404)})
    def get(self, request: Request, project_id: int) -> Response:
        """Your own figures. Gold questions count up to the last full hour, so that none can be told by its answer."""
        project = self.project(project_id, Action.LABEL)
        until = full_hour(timezone.now())
        found = people.of_person(project=project, user_id=self.user().pk, until=until)
        if found is None:
            raise NotFound("You are no member of this project, and have answered nothing in it.")
        return Response(OwnQualityView(found).data)


urlpatterns = [
    path("projects/<int:project_id>/source-quality/", SourceQuality.as_view(), name="source-quality"),
    path("projects/<int:project_id>/source-quality/me/", MyQuality.as_view(), name="my-quality"),
]
