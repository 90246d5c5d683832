"""REST: gold questions. Their answers are for those who configure the project, and for nobody else."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.base import Api, valid
from annotation.api.docs import PROBLEMS, FaultView
from annotation.api.fields import AnyJson, Text
from annotation.api.paging import PAGE_PARAMETERS, PageRequest, paged, query
from annotation.models import GoldQuestion
from annotation.roles import Action
from annotation.services import gold, gold_use
from annotation.services.gold_use import Use


class KnownRequest(serializers.Serializer[Any]):
    key = Text(max_length=200, required=False, allow_null=True, help_text="Of an item that is there.")
    payload = serializers.DictField(
        child=AnyJson(),
        required=False,
        allow_null=True,
        help_text="Of an item to add; with or without a key.",
    )
    answer = AnyJson(help_text="{question: value}")
    tolerance = serializers.DictField(
        child=serializers.FloatField(),
        required=False,
        allow_null=True,
        help_text="{question: how far a number may be off}",
    )
    explanation = Text(max_length=gold.LONGEST_EXPLANATION, default="", allow_blank=True)
    use = serializers.ChoiceField(
        list(Use),
        required=False,
        allow_null=True,
        help_text="`people`: shown blind to check people; `holdout`: never shown, never learned from, kept to check "
        "models. Without it, the one of the request; a gold question that is there stays what it is.",
    )


class GoldRequest(serializers.Serializer[Any]):
    items = serializers.ListField(child=KnownRequest(), min_length=1, max_length=gold.MOST_AT_ONCE)
    use = serializers.ChoiceField(
        list(Use),
        required=False,
        allow_null=True,
        help_text="What those that do not say it themselves are for.",
    )


class UseRequest(serializers.Serializer[Any]):
    use = serializers.ChoiceField(list(Use))


class KeptView(serializers.Serializer[Any]):
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    errors = FaultView(many=True, help_text="What was refused, by position.")  # type: ignore[assignment]


class GoldItemView(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    key = serializers.CharField()


class GoldView(serializers.Serializer[Any]):
    item = GoldItemView()
    answer = serializers.JSONField()
    schema = serializers.IntegerField(
        source="schema.version", help_text="The version that the answer is under."
    )
    tolerance = serializers.JSONField()
    explanation = serializers.CharField(allow_blank=True)
    use = serializers.SerializerMethodField(
        help_text="`people`: shown blind to check people; `holdout`: kept to check models."
    )
    exposures = serializers.IntegerField(help_text="How often it was shown.")
    created_by = serializers.CharField(source="created_by.username")
    created_at = serializers.DateTimeField()

    def get_use(self, known: GoldQuestion) -> Use:
        return Use.HOLDOUT if known.holdout else Use.PEOPLE


class GoldListView(serializers.Serializer[Any]):
    results = GoldView(many=True)
    next = serializers.CharField(allow_null=True)


class Gold(Api):
    @extend_schema(
        operation_id="gold_questions",
        parameters=PAGE_PARAMETERS,
        responses={200: GoldListView, **PROBLEMS(400, 401, 403, 404)},
    )
    def get(self, request: Request, project_id: int) -> Response:
        """The project's gold questions with their answers, by item id."""
        project = self.project(project_id, Action.CONFIGURE)
        wanted = query(PageRequest, request)
        found = gold.listed(project=project, by=self.user(), after=wanted["after"], limit=wanted["limit"] + 1)
        return Response(
            paged(request=request, rows=found, limit=wanted["limit"], view=GoldView, key="item_id")
        )

    @extend_schema(
        operation_id="put_gold_questions",
        request=GoldRequest,
        responses={201: KeptView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Make gold questions of items, or give them another answer. Those with faults are refused by themselves."""
        project = self.project(project_id, Action.CONFIGURE)
        data = valid(GoldRequest, request)
        use = data.get("use")
        known = [gold.Known(**{**one, "use": one.get("use") or use}) for one in data["items"]]
        kept = gold.put(project=project, by=self.user(), items=known)
        errors = [fault.as_json() for fault in kept.faults]
        return Response({"created": kept.created, "updated": kept.updated, "errors": errors}, status=201)


class OneGold(Api):
    @extend_schema(
        operation_id="change_gold_question",
        request=UseRequest,
        responses={200: GoldView, **PROBLEMS(400, 401, 403, 404)},
    )
    def patch(self, request: Request, project_id: int, item_id: int) -> Response:
        """Keep a gold question from people, to check models, or give it to them."""
        project = self.project(project_id, Action.CONFIGURE)
        use = valid(UseRequest, request)["use"]
        known = gold_use.change_use(project=project, by=self.user(), item_id=item_id, use=use)
        return Response(GoldView(known).data)

    @extend_schema(operation_id="remove_gold_question", responses={204: None, **PROBLEMS(401, 403, 404)})
    def delete(self, request: Request, project_id: int, item_id: int) -> Response:
        """Make an ordinary item of a gold question."""
        gold.remove(project=self.project(project_id, Action.CONFIGURE), by=self.user(), item_id=item_id)
        return Response(status=204)


urlpatterns = [
    path("projects/<int:project_id>/gold/", Gold.as_view(), name="gold"),
    path("projects/<int:project_id>/gold/<int:item_id>/", OneGold.as_view(), name="gold-item"),
]
