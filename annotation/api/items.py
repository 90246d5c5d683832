"""REST: items, their flags and comments."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation import filtering
from annotation.api.base import Api, valid
from annotation.api.docs import PROBLEMS
from annotation.api.evidence import EvidenceView
from annotation.api.fields import Text
from annotation.api.paging import PAGE_PARAMETERS, PageRequest, following_url, paged, query
from annotation.api.pushes import PushedItems
from annotation.api.rows import NDJSON, rows_of
from annotation.api.where import WHERE_PARAMETERS, WhereRequest
from annotation.models import Comment, Item
from annotation.reports.blind import standing
from annotation.reports.evidence import evidence_seen
from annotation.reports.item import Answer, answers_of, flags_of, timeline
from annotation.reports.items_listed import listed
from annotation.roles import Action, may
from annotation.services import items, talk
from annotation.services.items import open_item

_MOST = 2**63 - 1


class ItemsRequest(WhereRequest, PageRequest):
    fields_wanted = Text(default="", allow_blank=True, max_length=500)

    def get_fields(self) -> dict[str, Any]:
        """`fields` by its name in the address; serializers have a property of that name."""
        found = super().get_fields()
        found["fields"] = found.pop("fields_wanted")
        return found

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        names = [name.strip() for name in attrs["fields"].split(",") if name.strip()]
        known = ItemView().fields
        if strange := [name for name in names if name not in known]:
            words = f"There is no field “{strange[0][:60]}”; there are {', '.join(known)}."
            raise serializers.ValidationError({"fields": words})
        return super().validate({**attrs, "fields": names})


class AnnotationView(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    annotator = serializers.CharField()
    answer = serializers.JSONField(help_text="As it reads under the current schema.")
    schema = serializers.IntegerField(help_text="The version under which it was given.")
    origin = serializers.ChoiceField(["person", "simulated", "imported"])
    seconds = serializers.FloatField(allow_null=True)
    created_at = serializers.DateTimeField()


class ItemView(serializers.Serializer[Any]):
    """All but the id is there unless `fields` leaves it out."""

    id = serializers.IntegerField()
    key = serializers.CharField(required=False)
    payload = serializers.JSONField(required=False)
    state = serializers.ChoiceField(Item.State.values, required=False)
    wanted = serializers.IntegerField(required=False, help_text="How many people shall answer.")
    answers = serializers.IntegerField(required=False, help_text="How many have.")
    dataset = serializers.IntegerField(allow_null=True, required=False)
    open_flags = serializers.IntegerField(required=False)
    created_at = serializers.DateTimeField(required=False)
    annotations = AnnotationView(many=True, required=False)


class ItemListView(serializers.Serializer[Any]):
    results = ItemView(many=True)
    next = serializers.CharField(allow_null=True)


class RevisionView(AnnotationView):
    suggested = serializers.JSONField(
        help_text="{question: {value, confidence, source, version}}: what was shown as a suggestion; empty where nothing was."
    )
    followed = serializers.BooleanField(
        allow_null=True, help_text="Whether the answer says what was suggested; null where nothing was."
    )
    given = serializers.JSONField(help_text="As it was given.")
    lacking = serializers.ListField(
        child=serializers.CharField(),
        help_text="Questions of the current schema that people must answer again.",
    )


class FullAnnotationView(RevisionView):
    counts = serializers.BooleanField(help_text="False for an answer that was set aside.")
    revisions = RevisionView(many=True, help_text="The answers that this one replaced, the latest first.")


class FlagView(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    item = serializers.IntegerField(source="item_id")
    author = serializers.CharField(source="author.username")
    reason = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    closed_by = serializers.CharField(source="closed_by.username", allow_null=True, default=None)


class EntryView(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    kind = serializers.CharField()
    user = serializers.CharField(source="user.username", allow_null=True, default=None)
    text = serializers.CharField()
    note = serializers.CharField(allow_blank=True)


class ItemBriefView(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    key = serializers.CharField()
    state = serializers.ChoiceField(Item.State.values)
    wanted = serializers.IntegerField()
    answers = serializers.IntegerField()


class ItemDetailView(ItemBriefView):
    payload = serializers.JSONField()
    dataset = serializers.IntegerField(
        source="dataset_id", allow_null=True, help_text="Null also if your role does not browse."
    )
    created_at = serializers.DateTimeField(allow_null=True, help_text="Null if your role does not browse.")
    annotations = FullAnnotationView(
        many=True, help_text="All, or only your own if your role does not browse."
    )
    consensus = EvidenceView(
        many=True, help_text="What the answers amount to, by question; empty if your role does not browse."
    )
    flags = FlagView(many=True)
    history = EntryView(many=True, help_text="Newest first; empty if your role does not browse.")


def answer_as_json(given: Answer) -> dict[str, Any]:
    return {
        "id": given.id,
        "annotator": given.annotator.username,
        "answer": given.answer,
        "schema": given.version,
        "origin": given.origin,
        "seconds": given.seconds,
        "created_at": given.created_at,
        "given": given.given,
        "lacking": list(given.lacking),
        "suggested": given.suggested,
        "followed": given.followed,
        "revisions": [answer_as_json(older) for older in given.revisions],
    }


class Items(PushedItems):
    @extend_schema(
        operation_id="items",
        parameters=[
            *WHERE_PARAMETERS,
            OpenApiParameter(
                "fields", str, description="Which fields of the items, separated by commas; all unless told."
            ),
            *PAGE_PARAMETERS,
        ],
        responses={
            (200, "application/json"): ItemListView,
            (200, NDJSON): OpenApiTypes.STR,
            **PROBLEMS(400, 401, 403, 404),
        },
    )
    def get(self, request: Request, project_id: int) -> Response:
        """The project's items by id, with their current answers. A page is shorter than `limit` when items are large.

        With `Accept: application/x-ndjson` one item on each line, and the next page in the header `Link`.
        """
        project = self.project(project_id, Action.BROWSE)
        asked = query(ItemsRequest, request)
        gold = may(project.role_of(self.user()), Action.CONFIGURE)
        where = filtering.checked(project, asked.pop("where"), gold=gold)
        results, last = listed(project=project, where=where, gold=gold, **asked)
        return rows_of(request, {"results": results, "next": following_url(request, last)})


class OneItem(Api):
    @extend_schema(operation_id="item", responses={200: ItemDetailView, **PROBLEMS(401, 403, 404)})
    def get(self, request: Request, item_id: int) -> Response:
        """An item with its answers, flags and history. Annotators see items that they were given, and their own part."""
        user = self.user()
        opened = open_item(user=user, item_id=item_id)
        item, browse = opened.item, opened.may(Action.BROWSE)
        answers = answers_of(item, annotator=None if browse else user)
        seen = standing(
            item, gold=opened.may(Action.CONFIGURE), browse=browse, answered=bool(answers) and not browse
        )
        flags = [flag for flag in flags_of(item) if browse or flag.author_id == user.pk]
        history = timeline(item, answers, gold=opened.may(Action.CONFIGURE)) if browse else []
        evidence = evidence_seen(item, browse=browse, gold=opened.may(Action.CONFIGURE))
        return Response(
            {
                "id": item.pk,
                "key": item.key,
                "state": seen.state,
                "wanted": seen.wanted,
                "answers": seen.answers,
                "payload": item.payload,
                # Where an item comes from would tell those that were added as gold questions.
                "dataset": item.dataset_id if browse else None,
                "created_at": item.created_at if browse else None,
                "annotations": [
                    # Whose answers were set aside is the managers' matter.
                    {**answer_as_json(answer), "counts": answer.counts or not browse}
                    for answer in answers
                ],
                "consensus": EvidenceView(evidence, many=True).data,
                "flags": FlagView(flags, many=True).data,
                "history": EntryView(history, many=True).data,
            }
        )


class Retire(Api):
    @extend_schema(
        operation_id="retire_item", request=None, responses={200: ItemBriefView, **PROBLEMS(401, 403, 404)}
    )
    def post(self, request: Request, item_id: int) -> Response:
        """Take an item out of the queue. Its answers stay, and people who hold it may still hand theirs in."""
        return Response(ItemBriefView(items.retire(item_id=item_id, by=self.user())).data)


class Reopen(Api):
    @extend_schema(
        operation_id="reopen_item",
        request=None,
        responses={200: ItemBriefView, **PROBLEMS(401, 403, 404, 409)},
    )
    def post(self, request: Request, item_id: int) -> Response:
        """Ask for one more answer, or bring a retired item back. 409 for gold questions and what an expert decided."""
        return Response(ItemBriefView(items.reopen(item_id=item_id, by=self.user())).data)


class FlagRequest(serializers.Serializer[Any]):
    reason = Text(max_length=500, default="", allow_blank=True)


class Flags(Api):
    @extend_schema(
        operation_id="flag_item",
        request=FlagRequest,
        responses={200: FlagView, 201: FlagView, **PROBLEMS(400, 401, 403, 404)},
    )
    def post(self, request: Request, item_id: int) -> Response:
        """Ask others to look at an item. Yours is one flag: flagging again changes its reason."""
        data = valid(FlagRequest, request)
        flag, created = talk.flag(by=self.user(), item_id=item_id, reason=data["reason"])
        return Response(FlagView(flag).data, status=201 if created else 200)

    @extend_schema(operation_id="withdraw_flag", responses={204: None, **PROBLEMS(401, 403, 404)})
    def delete(self, request: Request, item_id: int) -> Response:
        """Withdraw your flag."""
        talk.withdraw_flag(by=self.user(), item_id=item_id)
        return Response(status=204)


class CloseFlag(Api):
    @extend_schema(
        operation_id="close_flag", request=None, responses={200: FlagView, **PROBLEMS(401, 403, 404)}
    )
    def post(self, request: Request, flag_id: int) -> Response:
        """Say that a flag is dealt with."""
        return Response(FlagView(talk.close_flag(by=self.user(), flag_id=flag_id)).data)


class CommentRequest(serializers.Serializer[Any]):
    body = Text(max_length=5000)
    parent = serializers.IntegerField(  # type: ignore[assignment]
        required=False, allow_null=True, min_value=1, max_value=_MOST
    )


class CommentView(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    author = serializers.CharField(source="author.username")
    body = serializers.CharField()
    parent = serializers.SerializerMethodField()  # type: ignore[assignment]
    created_at = serializers.DateTimeField()

    def get_parent(self, comment: Comment) -> int | None:
        return comment.parent_id


class CommentListView(serializers.Serializer[Any]):
    results = CommentView(many=True)
    next = serializers.CharField(allow_null=True)


class Comments(Api):
    @extend_schema(
        operation_id="comments",
        parameters=PAGE_PARAMETERS,
        responses={200: CommentListView, **PROBLEMS(400, 401, 403, 404)},
    )
    def get(self, request: Request, item_id: int) -> Response:
        """What was said about an item, oldest first."""
        wanted = query(PageRequest, request)
        said = talk.comments(
            by=self.user(), item_id=item_id, after=wanted["after"], limit=wanted["limit"] + 1
        )
        return Response(paged(request=request, rows=said, limit=wanted["limit"], view=CommentView))

    @extend_schema(
        operation_id="comment",
        request=CommentRequest,
        responses={201: CommentView, **PROBLEMS(400, 401, 403, 404)},
    )
    def post(self, request: Request, item_id: int) -> Response:
        """Comment on an item, or reply to a comment."""
        data = valid(CommentRequest, request)
        said = talk.comment(by=self.user(), item_id=item_id, body=data["body"], parent_id=data.get("parent"))
        return Response(CommentView(said).data, status=201)


urlpatterns = [
    path("projects/<int:project_id>/items/", Items.as_view(), name="items"),
    path("items/<int:item_id>/", OneItem.as_view(), name="item"),
    path("items/<int:item_id>/retire/", Retire.as_view(), name="retire"),
    path("items/<int:item_id>/reopen/", Reopen.as_view(), name="reopen"),
    path("items/<int:item_id>/flags/", Flags.as_view(), name="flags"),
    path("items/<int:item_id>/comments/", Comments.as_view(), name="comments"),
    path("flags/<int:flag_id>/close/", CloseFlag.as_view(), name="close-flag"),
]
