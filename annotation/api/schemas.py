"""REST: the versions of a project's schema."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.base import Api, valid
from annotation.api.docs import PROBLEMS, FaultView
from annotation.api.fields import AnyJson, Text
from annotation.api.paging import query
from annotation.errors import NotFound
from annotation.questions import Change
from annotation.questions.changes import Kind
from annotation.roles import Action
from annotation.services import schemas
from annotation.services.schema_effects import Effects, preview_mapping

_MOST = 2**31 - 1


class SchemaDraftRequest(serializers.Serializer[Any]):
    fields = serializers.ListField(  # type: ignore[assignment]
        child=AnyJson(),
        default=list,
        help_text="[{name, type, title?}]: which keys of a payload are shown, and as what. Empty: all, as text.",
    )
    questions = serializers.ListField(
        child=AnyJson(),
        help_text="[{name, type, title?, help?, required?, show_when?, labels: [{value, title?, hotkey?, color?, help?}]}]",
    )
    mapping = serializers.DictField(
        child=AnyJson(),
        default=dict,
        help_text="{question: null or {from?: old question, labels?: {old label: new label or null}, drop?: [old labels]}}:"
        " how answers under the current version read under this one.",
    )


class NewSchemaRequest(SchemaDraftRequest):
    note = Text(max_length=schemas.LONGEST_NOTE, allow_blank=True, default="")
    base_version = serializers.IntegerField(
        min_value=0,
        max_value=_MOST,
        allow_null=True,
        default=None,
        help_text="The version that you edited; 409 when it is not the current one any more.",
    )
    ask_again = serializers.BooleanField(
        default=False, help_text="Ask for one more judgment of each item whose answers are made incomplete."
    )


class SchemaView(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    version = serializers.IntegerField()
    fields = serializers.JSONField()  # type: ignore[assignment]
    questions = serializers.JSONField()
    mapping = serializers.JSONField()
    note = serializers.CharField(allow_blank=True)
    created_by = serializers.CharField(source="created_by.username")
    created_at = serializers.DateTimeField()


class SchemaChangeView(serializers.Serializer[Any]):
    kind = serializers.ChoiceField([kind.value for kind in Kind])
    text = serializers.CharField()
    question = serializers.CharField(allow_blank=True)
    source = serializers.CharField(  # type: ignore[assignment]
        allow_blank=True, help_text="The question of the old version."
    )
    label = serializers.CharField(  # type: ignore[assignment]
        allow_blank=True, help_text="The label of the old version."
    )
    to = serializers.CharField(allow_blank=True)


class SchemaEffectView(SchemaChangeView):
    answers = serializers.IntegerField(help_text="How many current answers it touches.")
    items = serializers.IntegerField(help_text="Of how many different items these are.")


class ConsequenceView(serializers.Serializer[Any]):
    kind = serializers.CharField(
        help_text="consensus, decisions, predictions, snapshots, learning, rounds, gold, splits, views"
    )
    count = serializers.IntegerField()
    items = serializers.IntegerField(
        allow_null=True,
        help_text="How many different items these are about; null where they are not about items.",
    )
    text = serializers.CharField()


class SchemaEffectsView(serializers.Serializer[Any]):
    fields = serializers.JSONField()  # type: ignore[assignment]
    questions = serializers.JSONField(help_text="The draft with its defaults filled in.")
    answers = serializers.IntegerField(help_text="Current answers of the project.")
    incomplete = serializers.IntegerField(help_text="Those that would lack an answer to some question.")
    newly_incomplete = serializers.IntegerField(help_text="Those of them that lack nothing today.")
    items = serializers.IntegerField(help_text="Different items that have current answers.")
    incomplete_items = serializers.IntegerField(help_text="Those of them with an incomplete answer.")
    newly_incomplete_items = serializers.IntegerField(help_text="Those with a newly incomplete one.")
    lacking = serializers.DictField(child=serializers.IntegerField(), help_text="The same by question.")
    gold_incomplete = serializers.IntegerField(
        help_text="Gold questions whose known answer would lack something."
    )
    changes = SchemaEffectView(many=True)
    consequences = ConsequenceView(
        many=True, help_text="What else reads the questions, and what becomes of it."
    )
    unsaid = FaultView(many=True, help_text="What the mapping must still say before this can be published.")


class SchemaListView(serializers.Serializer[Any]):
    results = SchemaView(many=True)
    next = serializers.CharField(allow_null=True)


class SchemaListRequest(serializers.Serializer[Any]):
    after = serializers.IntegerField(min_value=0, max_value=_MOST, default=0)
    limit = serializers.IntegerField(min_value=1, max_value=100, default=50)


class Schemas(Api):
    @extend_schema(
        operation_id="schemas",
        parameters=[
            OpenApiParameter("after", int, description="Only versions after this one."),
            OpenApiParameter("limit", int, description="From 1 to 100; 50 unless told."),
        ],
        responses={200: SchemaListView, **PROBLEMS(400, 401, 404)},
    )
    def get(self, request: Request, project_id: int) -> Response:
        """All versions of the project's schema, oldest first."""
        project = self.project(project_id, Action.VIEW)
        wanted = query(SchemaListRequest, request)
        found = (
            project.schemas.select_related("created_by")
            .filter(version__gt=wanted["after"])
            .order_by("version")
        )
        rows = list(found[: wanted["limit"] + 1])
        shown = rows[: wanted["limit"]]
        following = None
        if len(rows) > len(shown):
            following = request.build_absolute_uri(
                f"{request.path}?after={shown[-1].version}&limit={wanted['limit']}"
            )
        return Response({"results": SchemaView(shown, many=True).data, "next": following})

    @extend_schema(
        operation_id="create_schema",
        request=NewSchemaRequest,
        responses={201: SchemaView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Publish a new version. Old answers stay as they are and read under it as `mapping` says."""
        project = self.project(project_id, Action.CONFIGURE)
        made = schemas.create_schema(project=project, by=self.user(), **valid(NewSchemaRequest, request))
        return Response(SchemaView(made).data, status=201)


class OneSchema(Api):
    @extend_schema(operation_id="schema", responses={200: SchemaView, **PROBLEMS(401, 404)})
    def get(self, request: Request, project_id: int, version: int) -> Response:
        """One version."""
        project = self.project(project_id, Action.VIEW)
        if version > _MOST:
            raise NotFound("There is no such version.")
        found = project.schemas.select_related("created_by").filter(version=version).first()
        if found is None:
            raise NotFound("There is no such version.")
        return Response(SchemaView(found).data)


class PreviewSchema(Api):
    @extend_schema(
        operation_id="preview_schema",
        request=SchemaDraftRequest,
        responses={200: SchemaEffectsView, **PROBLEMS(400, 401, 403, 404)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """What publishing this would do to the answers that are there. Saves nothing."""
        project = self.project(project_id, Action.CONFIGURE)
        data = valid(SchemaDraftRequest, request)
        fields, questions = schemas.checked(fields=data["fields"], questions=data["questions"])
        mapping = schemas.check_draft(project=project, questions=questions, mapping=data["mapping"])
        effects = preview_mapping(project=project, questions=questions, mapping=mapping)
        unsaid = schemas.unsaid(project=project, questions=questions, mapping=data["mapping"])
        said = {"fields": fields, "questions": questions, "unsaid": [fault.as_json() for fault in unsaid]}
        return Response({**said, **effects_as_json(effects)})


def effects_as_json(effects: Effects) -> dict[str, Any]:
    return {
        "answers": effects.answers,
        "incomplete": effects.incomplete,
        "newly_incomplete": effects.newly_incomplete,
        "items": effects.items,
        "incomplete_items": effects.incomplete_items,
        "newly_incomplete_items": effects.newly_incomplete_items,
        "lacking": effects.lacking,
        "gold_incomplete": effects.gold_incomplete,
        "consequences": [asdict(one) for one in effects.consequences],
        "changes": [
            {**_change(effect.change), "answers": effect.answers, "items": effect.items}
            for effect in effects.effects
        ],
    }


def _change(change: Change) -> dict[str, Any]:
    return dict(SchemaChangeView(change).data)


urlpatterns = [
    path("projects/<int:project_id>/schemas/", Schemas.as_view(), name="schemas"),
    path("projects/<int:project_id>/schemas/preview/", PreviewSchema.as_view(), name="schemas-preview"),
    path("projects/<int:project_id>/schemas/<int:version>/", OneSchema.as_view(), name="schema"),
]
