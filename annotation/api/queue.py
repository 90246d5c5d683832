"""REST of the labeling loop: next, submit, skip, renew, draft, revise, and my own history."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.base import Api, valid
from annotation.api.docs import PROBLEMS
from annotation.api.fields import AnyJson, Text
from annotation.models import Project, Schema
from annotation.reports.mine import my_annotations
from annotation.roles import Action
from annotation.services import answers, queue
from annotation.services.turns import Next

STATUSES = ["ok", "busy", "finished", "limit", "paused"]


class NextRequest(serializers.Serializer[Any]):
    count = serializers.IntegerField(min_value=1, max_value=queue.MOST_LEASES, default=1)
    client = Text(
        max_length=40,
        default="",
        allow_blank=True,
        help_text="Which tab or script asks; each holds its own leases.",
    )


class AnswerRequest(serializers.Serializer[Any]):
    answer = AnyJson(help_text="{question: value}")
    nonce = Text(
        max_length=64, help_text="A fresh random string for each answer; the same again is a resend."
    )
    seconds = serializers.FloatField(min_value=0, max_value=86_400, required=False, allow_null=True)
    schema = serializers.IntegerField(
        min_value=1,
        max_value=2**31 - 1,
        required=False,
        allow_null=True,
        help_text="The schema version that was shown.",
    )


class SubmitRequest(AnswerRequest):
    client = Text(max_length=40, default="", allow_blank=True)
    next = serializers.IntegerField(min_value=0, max_value=queue.MOST_LEASES, default=0)


class SkipRequest(serializers.Serializer[Any]):
    reason = Text(max_length=500, default="", allow_blank=True)
    client = Text(max_length=40, default="", allow_blank=True)
    next = serializers.IntegerField(min_value=0, max_value=queue.MOST_LEASES, default=0)


class RenewRequest(serializers.Serializer[Any]):
    client = Text(max_length=40, default="", allow_blank=True)
    leases = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), max_length=queue.MOST_LEASES
    )


class SaveDraftRequest(serializers.Serializer[Any]):
    answer = AnyJson()


class LeasedItem(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    key = serializers.CharField()
    payload = serializers.JSONField()


class SuggestionView(serializers.Serializer[Any]):
    value = AnyJson(help_text="As an answer would say it.")
    confidence = serializers.FloatField(help_text="How likely the model takes it to be right, 0 to 1.")
    source = serializers.CharField()  # type: ignore[assignment]
    version = serializers.CharField()


class LeaseView(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    item = LeasedItem()
    expires_at = serializers.DateTimeField()
    reason = serializers.CharField(help_text="Why this item is asked, in words.")
    draft = AnyJson(help_text="The unfinished answer, or null.")
    suggestion = serializers.DictField(
        child=SuggestionView(),
        allow_null=True,
        help_text="{question: what the latest model says}, where the project shows it; null otherwise.",
    )


class MyProgress(serializers.Serializer[Any]):
    answered = serializers.IntegerField(help_text="Items that you have answered in this project.")


class TrainingView(serializers.Serializer[Any]):
    done = serializers.IntegerField(help_text="Training questions that you have answered.")
    questions = serializers.IntegerField(help_text="Of how many.")


class FeedbackView(serializers.Serializer[Any]):
    right = serializers.BooleanField()
    questions = serializers.DictField(
        child=serializers.BooleanField(), help_text="{question: whether it was right}"
    )
    answer = serializers.JSONField(help_text="How it should have been.")
    explanation = serializers.CharField(allow_blank=True)
    training = serializers.BooleanField(help_text="Whether it belongs to the training.")


class NextView(serializers.Serializer[Any]):
    status = serializers.ChoiceField(STATUSES)
    detail = serializers.CharField(allow_blank=True)
    warning = serializers.CharField(
        allow_blank=True, help_text="What you should know about your answers to check questions."
    )
    training = TrainingView(allow_null=True, help_text="While your training goes on.")
    leases = LeaseView(many=True)
    schema = serializers.IntegerField(allow_null=True, help_text="The current schema version.")
    progress = MyProgress()


class ReceiptView(serializers.Serializer[Any]):
    id = serializers.IntegerField(help_text="The annotation.")
    item = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    feedback = FeedbackView(
        allow_null=True, help_text="How you did on a gold question, where the project says so."
    )
    status = serializers.CharField(required=False)
    detail = serializers.CharField(required=False)
    warning = serializers.CharField(required=False)
    training = TrainingView(required=False, allow_null=True)
    leases = LeaseView(many=True)
    schema = serializers.IntegerField(required=False, allow_null=True)
    progress = MyProgress(required=False)


def next_as_json(found: Next | None) -> dict[str, Any]:
    if found is None:
        return {"leases": []}
    return {
        "status": found.status,
        "detail": found.detail,
        "warning": found.warning,
        "training": found.training and asdict(found.training),
        "leases": [turn.as_json() for turn in found.turns],
        "schema": _version(found.schema_id),
        "progress": {"answered": found.answered},
    }


_VERSIONS: dict[int, int] = {}


def _version(schema_id: int | None) -> int | None:
    """A schema's version; kept for ever, for schemas never change."""
    if schema_id is not None and schema_id not in _VERSIONS:
        _VERSIONS[schema_id] = Schema.objects.values_list("version", flat=True).get(pk=schema_id)
    return None if schema_id is None else _VERSIONS[schema_id]


def _given(data: dict[str, Any]) -> answers.Answer:
    return answers.Answer(data["answer"], data["nonce"], data.get("seconds"), data.get("schema"))


def _receipt(receipt: answers.Receipt) -> Response:
    body = {
        "id": receipt.annotation_id,
        "item": receipt.item_id,
        "created_at": receipt.created_at,
        "feedback": receipt.feedback and asdict(receipt.feedback),
        **next_as_json(receipt.next),
    }
    return Response(body, status=201 if receipt.created else 200)


class NextLeases(Api):
    @extend_schema(
        operation_id="next_leases",
        request=NextRequest,
        responses={200: NextView, **PROBLEMS(400, 401, 403, 404)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Reserve the next items for yourself. Asking again returns what this client still holds."""
        data = valid(NextRequest, request)
        found = queue.next_leases(
            annotator=self.user(), project=Project(pk=project_id), count=data["count"], client=data["client"]
        )
        return Response(next_as_json(found))


class Submit(Api):
    @extend_schema(
        operation_id="submit_answer",
        request=SubmitRequest,
        responses={200: ReceiptView, 201: ReceiptView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, lease_id: int) -> Response:
        """Hand in an answer and, in the same round trip, reserve the next items. Safe to resend with the same nonce."""
        data = valid(SubmitRequest, request)
        receipt = answers.submit(
            annotator=self.user(),
            lease_id=lease_id,
            given=_given(data),
            client=data["client"],
            next_count=data["next"],
        )
        return _receipt(receipt)


class SkipLease(Api):
    @extend_schema(
        operation_id="skip_item",
        request=SkipRequest,
        responses={200: NextView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, lease_id: int) -> Response:
        """Give an item back unanswered; the project's skip policy says what becomes of it."""
        data = valid(SkipRequest, request)
        found = answers.skip(
            annotator=self.user(),
            lease_id=lease_id,
            reason=data["reason"],
            client=data["client"],
            next_count=data["next"],
        )
        return Response(next_as_json(found))


class RenewedLease(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    expires_at = serializers.DateTimeField()


class RenewView(serializers.Serializer[Any]):
    leases = RenewedLease(many=True)


class Renew(Api):
    @extend_schema(
        operation_id="renew_leases", request=RenewRequest, responses={200: RenewView, **PROBLEMS(400, 401)}
    )
    def post(self, request: Request) -> Response:
        """Keep leases for another full term. Those that are over are left out of the answer."""
        data = valid(RenewRequest, request)
        kept = queue.renew(annotator=self.user(), leases=data["leases"], client=data["client"])
        return Response({"leases": [{"id": lease, "expires_at": until} for lease, until in kept]})


class Draft(Api):
    @extend_schema(
        operation_id="save_draft", request=SaveDraftRequest, responses={204: None, **PROBLEMS(400, 401, 404)}
    )
    def put(self, request: Request, lease_id: int) -> Response:
        """Keep an unfinished answer with its lease."""
        data = valid(SaveDraftRequest, request)
        queue.save_draft(annotator=self.user(), lease_id=lease_id, answer=data["answer"])
        return Response(status=204)


class Revise(Api):
    @extend_schema(
        operation_id="revise_annotation",
        request=AnswerRequest,
        responses={200: ReceiptView, 201: ReceiptView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, annotation_id: int) -> Response:
        """Replace an own answer. The old one stays in the item's history."""
        data = valid(AnswerRequest, request)
        return _receipt(
            answers.revise(annotator=self.user(), annotation_id=annotation_id, given=_given(data))
        )


class MineRequest(serializers.Serializer[Any]):
    before = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=100, default=20)


class MyAnnotation(serializers.Serializer[Any]):
    annotation = serializers.IntegerField()
    lease = serializers.IntegerField()
    item = LeasedItem()
    answer = serializers.JSONField()
    schema = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class MineView(serializers.Serializer[Any]):
    results = MyAnnotation(many=True)
    next = serializers.CharField(allow_null=True)


class Mine(Api):
    @extend_schema(
        operation_id="my_annotations",
        parameters=[
            OpenApiParameter("before", int, description="Only annotations with a smaller id."),
            OpenApiParameter("limit", int, description="From 1 to 100."),
        ],
        responses={200: MineView, **PROBLEMS(400, 401, 403, 404)},
    )
    def get(self, request: Request, project_id: int) -> Response:
        """Your own current answers in this project, the latest first."""
        project = self.project(project_id, Action.LABEL)
        form = MineRequest(data=request.query_params)
        form.is_valid(raise_exception=True)
        limit, before = form.validated_data["limit"], form.validated_data.get("before")
        found = my_annotations(annotator=self.user(), project=project, before=before, limit=limit)
        following = (
            f"{request.path}?before={found[-1]['annotation']}&limit={limit}" if len(found) == limit else None
        )
        return Response({"results": found, "next": following})


urlpatterns = [
    path("projects/<int:project_id>/next/", NextLeases.as_view(), name="next"),
    path("projects/<int:project_id>/mine/", Mine.as_view(), name="mine"),
    path("leases/renew/", Renew.as_view(), name="renew"),
    path("leases/<int:lease_id>/submit/", Submit.as_view(), name="submit"),
    path("leases/<int:lease_id>/skip/", SkipLease.as_view(), name="skip"),
    path("leases/<int:lease_id>/draft/", Draft.as_view(), name="draft"),
    path("annotations/<int:annotation_id>/revise/", Revise.as_view(), name="revise"),
]
