"""REST of adjudication: what is disputed, what experts decide about it, and guidelines that follow from it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.base import Api, valid
from annotation.api.docs import PROBLEMS
from annotation.api.evidence import EvidenceView
from annotation.api.fields import AnyJson, Text
from annotation.api.paging import LARGEST_PAGE, following_url, query
from annotation.errors import Conflict, NotAllowed, NotFound
from annotation.models import Adjudication, Item, Project, User
from annotation.reports import disputes as report
from annotation.roles import Action
from annotation.services import adjudication
from annotation.services.access import item_for
from annotation.services.adjudication import Step, Taken

_MOST = 2**63 - 1
STATUSES = ["ok", "busy", "finished"]
KINDS = Adjudication.Kind.values


class DisputedItem(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    key = serializers.CharField()
    payload = serializers.JSONField()
    state = serializers.ChoiceField(Item.State.values)
    doubt = serializers.FloatField(help_text="0 to 1: how unsure the answers leave us.")


class GivenView(serializers.Serializer[Any]):
    letter = serializers.CharField(help_text="A, B, ...: what the answer is called here.")
    annotator = serializers.CharField(
        source="annotator.username",
        allow_null=True,
        default=None,
        help_text="Null where experts decide without names.",
    )
    answer = serializers.JSONField(help_text="As it reads under the current schema.")
    lacking = serializers.ListField(child=serializers.CharField())
    seconds = serializers.FloatField(allow_null=True)
    revisions = serializers.IntegerField(help_text="How often it was revised.")
    origin = serializers.ChoiceField(["person", "simulated", "imported"])
    asked_again = serializers.BooleanField(help_text="Sent back; a second look is awaited.")
    created_at = serializers.DateTimeField()


class RemarkView(serializers.Serializer[Any]):
    who = serializers.CharField()
    text = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField()


class StepView(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(KINDS)
    by = serializers.CharField(source="by.username")
    note = serializers.CharField(allow_blank=True)
    answer = serializers.JSONField(allow_null=True)
    at = serializers.DateTimeField()


class DisputeView(serializers.Serializer[Any]):
    item = DisputedItem()
    answers = GivenView(many=True)
    differing = serializers.ListField(
        child=serializers.CharField(), help_text="The questions on which the answers differ."
    )
    suggestion = serializers.JSONField(help_text="The likeliest answer, to begin an edit with.")
    consensus = EvidenceView(many=True, source="evidence")
    comments = RemarkView(many=True)
    flags = RemarkView(many=True, help_text="Open ones.")
    steps = StepView(many=True, help_text="What experts did before, oldest first.")
    claimed_by = serializers.CharField(source="claimed_by.username", allow_null=True, default=None)
    alike = serializers.IntegerField(
        help_text="Other disputes in which the same people said the same; counted when claimed."
    )


class DisputeListView(serializers.Serializer[Any]):
    results = DisputeView(many=True)
    next = serializers.CharField(allow_null=True)


class DisputesRequest(serializers.Serializer[Any]):
    after = serializers.CharField(max_length=60, default="", allow_blank=True)
    limit = serializers.IntegerField(min_value=1, max_value=LARGEST_PAGE, default=50)
    sent_back = serializers.BooleanField(required=False, allow_null=True, default=None)


class Disputes(Api):
    @extend_schema(
        operation_id="disputes",
        parameters=[
            OpenApiParameter("after", str, description="From the `next` of the page before."),
            OpenApiParameter("limit", int, description=f"From 1 to {LARGEST_PAGE}; 50 unless told."),
            OpenApiParameter(
                "sent_back", bool, description="Only those that annotators look at again, or only the others."
            ),
        ],
        responses={200: DisputeListView, **PROBLEMS(400, 401, 403, 404)},
    )
    def get(self, request: Request, project_id: int) -> Response:
        """Disputed items with their answers, the most doubtful first."""
        project = self.project(project_id, Action.ADJUDICATE)
        wanted = query(DisputesRequest, request)
        limit, after = wanted["limit"], report.place_of(wanted["after"]) if wanted["after"] else None
        ids = report.listed(project=project, after=after, limit=limit + 1, sent_back=wanted["sent_back"])
        found = report.disputes(project=project, viewer=self.user(), items=ids[:limit])
        last = report.place(found[-1].item) if len(ids) > limit and found else None
        return Response({"results": DisputeView(found, many=True).data, "next": following_url(request, last)})


class ClaimRequest(serializers.Serializer[Any]):
    count = serializers.IntegerField(min_value=1, max_value=adjudication.MOST_CLAIMED, default=1)
    passed = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=_MOST),
        max_length=adjudication.MOST_PASSED,
        default=list,
        help_text="Items that you have put off for now.",
    )
    first = serializers.IntegerField(
        min_value=1,
        max_value=_MOST,
        required=False,
        allow_null=True,
        help_text="An item to have before the others, if you may decide it now.",
    )


class HeldView(serializers.Serializer[Any]):
    expert = serializers.CharField()
    disputes = serializers.IntegerField()


class ClaimView(serializers.Serializer[Any]):
    status = serializers.ChoiceField(
        STATUSES, help_text="busy: what is left is with others, or not yours to decide."
    )
    disputes = DisputeView(many=True)
    open = serializers.IntegerField(help_text="All disputes of the project; the counts stop at 1,000.")
    own = serializers.IntegerField(help_text="Those that you answered yourself and so may not decide.")
    sent_back = serializers.IntegerField(help_text="Those that annotators look at again.")
    detail = serializers.CharField(
        allow_blank=True, help_text="Why you do not get the item you asked for first."
    )
    held = HeldView(many=True, help_text="Who else has how many on their desk.")


def _take_up(project: Project, user: User, item_id: int) -> str:
    """Why this item cannot be had, or nothing."""
    try:
        if not project.items.filter(pk=item_id).exists():
            raise NotFound("There is no such item in this project.")
        adjudication.take_up(user=user, item_id=item_id)
    except (Conflict, NotAllowed) as error:
        return str(error)
    return ""


class Claim(Api):
    @extend_schema(
        operation_id="claim_disputes",
        request=ClaimRequest,
        responses={200: ClaimView, **PROBLEMS(400, 401, 403, 404)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Take the most doubtful disputes to your desk for ten minutes. Asking again gives the same and renews them."""
        project = self.project(project_id, Action.ADJUDICATE)
        data = valid(ClaimRequest, request)
        first = data.get("first")
        detail = _take_up(project, self.user(), first) if first else ""
        ids = adjudication.claim(
            user=self.user(), project_id=project_id, count=data["count"], passed=data["passed"]
        )
        if first and not detail:
            ids = [first, *(item for item in ids if item != first)]
        found = report.disputes(project=project, viewer=self.user(), items=ids, alike=True)
        standing = report.standing(project=project, by=self.user())
        return Response(
            {
                "status": "ok" if found else "busy" if standing.open else "finished",
                "detail": detail,
                "disputes": DisputeView(found, many=True).data,
                "open": standing.open,
                "own": standing.own,
                "sent_back": standing.sent_back,
                "held": [{"expert": expert.username, "disputes": n} for expert, n in standing.held],
            }
        )


class LetGo(Api):
    @extend_schema(
        operation_id="let_go_disputes", request=None, responses={204: None, **PROBLEMS(401, 403, 404)}
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Clear your desk, so that other experts can have what lies there."""
        adjudication.let_go(user=self.user(), project_id=project_id)
        return Response(status=204)


class StepRequest(serializers.Serializer[Any]):
    note = Text(max_length=adjudication.LONGEST_NOTE, default="", allow_blank=True)
    nonce = Text(
        max_length=64,
        default="",
        allow_blank=True,
        help_text="A fresh random string for each step; the same again is a resend.",
    )


class DecideRequest(StepRequest):
    answer = AnyJson(help_text="{question: value}")


class SendBackRequest(StepRequest):
    note = Text(max_length=adjudication.LONGEST_NOTE, help_text="What the annotators should look at.")


class TakenView(serializers.Serializer[Any]):
    id = serializers.IntegerField(help_text="The step.")
    item = serializers.IntegerField()
    kind = serializers.ChoiceField(KINDS)
    answer = serializers.JSONField(allow_null=True)
    note = serializers.CharField(allow_blank=True)
    by = serializers.CharField()
    created_at = serializers.DateTimeField()


def _step(data: dict[str, Any]) -> Step:
    return Step(nonce=data["nonce"] or uuid4().hex, note=data["note"])


def _taken(taken: Taken) -> Response:
    row = taken.row
    body = {
        "id": row.pk,
        "item": row.item_id,
        "kind": row.kind,
        "answer": row.answer,
        "note": row.note,
        "by": row.by.username,
        "created_at": row.created_at,
    }
    return Response(body, status=201 if taken.created else 200)


_RESPONSES = {200: TakenView, 201: TakenView, **PROBLEMS(400, 401, 403, 404, 409)}


class Decide(Api):
    @extend_schema(operation_id="adjudicate_item", request=DecideRequest, responses=_RESPONSES)
    def post(self, request: Request, item_id: int) -> Response:
        """Settle an item by this answer, whatever its votes say. Safe to resend with the same nonce.

        409 when an expert has decided it already (and who), when its answer is known, or when it is retired.
        """
        # Who may not decide here learns nothing about the answer.
        item_for(user=self.user(), item_id=item_id, action=Action.ADJUDICATE)
        data = valid(DecideRequest, request)
        return _taken(
            adjudication.decide(item_id=item_id, by=self.user(), answer=data["answer"], step=_step(data))
        )


class ReopenDecision(Api):
    @extend_schema(operation_id="reopen_decision", request=StepRequest, responses=_RESPONSES)
    def post(self, request: Request, item_id: int) -> Response:
        """Take an expert's decision back. The item is disputed until an expert decides anew."""
        data = valid(StepRequest, request)
        return _taken(adjudication.reopen(item_id=item_id, by=self.user(), step=_step(data)))


class AskMore(Api):
    @extend_schema(operation_id="ask_for_one_more_answer", request=StepRequest, responses=_RESPONSES)
    def post(self, request: Request, item_id: int) -> Response:
        """Ask one more person about a disputed item."""
        data = valid(StepRequest, request)
        return _taken(adjudication.ask_for_more(item_id=item_id, by=self.user(), step=_step(data)))


class SendBack(Api):
    @extend_schema(operation_id="send_back_item", request=SendBackRequest, responses=_RESPONSES)
    def post(self, request: Request, item_id: int) -> Response:
        """Ask those who answered a disputed item to look again; the note becomes a comment on it."""
        item_for(user=self.user(), item_id=item_id, action=Action.ADJUDICATE)
        data = valid(SendBackRequest, request)
        return _taken(adjudication.send_back(item_id=item_id, by=self.user(), step=_step(data)))


class RetireDispute(Api):
    @extend_schema(operation_id="retire_dispute", request=StepRequest, responses=_RESPONSES)
    def post(self, request: Request, item_id: int) -> Response:
        """Take an item out of work that cannot be answered. Its answers stay."""
        data = valid(StepRequest, request)
        return _taken(adjudication.retire(item_id=item_id, by=self.user(), step=_step(data)))


class AlikeItem(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    key = serializers.CharField()
    payload = serializers.JSONField()


class AlikeView(serializers.Serializer[Any]):
    results = AlikeItem(many=True)


class Alike(Api):
    @extend_schema(operation_id="disputes_alike", responses={200: AlikeView, **PROBLEMS(401, 403, 404)})
    def get(self, request: Request, item_id: int) -> Response:
        """Other disputes in which the same people said the same, among the 2,000 most doubtful; at most 500."""
        item = item_for(user=self.user(), item_id=item_id, action=Action.ADJUDICATE)
        found = report.alike_to(project=item.project, by=self.user(), items=[item_id]).get(item_id, [])
        rows = Item.objects.in_bulk(found[: adjudication.MOST_AT_ONCE])
        return Response({"results": AlikeItem([rows[one] for one in found if one in rows], many=True).data})


class DecideAlikeRequest(DecideRequest):
    items = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=_MOST),
        min_length=1,
        max_length=adjudication.MOST_AT_ONCE,
    )


class RefusedView(serializers.Serializer[Any]):
    item = serializers.IntegerField()
    reason = serializers.CharField()


class DecidedView(serializers.Serializer[Any]):
    decided = serializers.ListField(child=serializers.IntegerField())
    refused = RefusedView(many=True)


class DecideAlike(Api):
    @extend_schema(
        operation_id="decide_disputes",
        request=DecideAlikeRequest,
        responses={200: DecidedView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Settle several items by the same answer, each by itself, and say why others were not."""
        self.project(project_id, Action.ADJUDICATE)
        data = valid(DecideAlikeRequest, request)
        decided, refused = adjudication.decide_alike(
            project_id=project_id,
            item_ids=data["items"],
            by=self.user(),
            answer=data["answer"],
            step=_step(data),
        )
        reasons = [{"item": item, "reason": reason} for item, reason in refused.items()]
        return Response({"decided": decided, "refused": reasons})


urlpatterns = [
    path("projects/<int:project_id>/disputes/", Disputes.as_view(), name="disputes"),
    path("projects/<int:project_id>/disputes/claim/", Claim.as_view(), name="claim-disputes"),
    path("projects/<int:project_id>/disputes/let-go/", LetGo.as_view(), name="let-go-disputes"),
    path("projects/<int:project_id>/disputes/decide/", DecideAlike.as_view(), name="decide-disputes"),
    path("items/<int:item_id>/adjudicate/", Decide.as_view(), name="adjudicate"),
    path("items/<int:item_id>/reopen-decision/", ReopenDecision.as_view(), name="reopen-decision"),
    path("items/<int:item_id>/ask-more/", AskMore.as_view(), name="ask-more"),
    path("items/<int:item_id>/send-back/", SendBack.as_view(), name="send-back"),
    path("items/<int:item_id>/retire-dispute/", RetireDispute.as_view(), name="retire-dispute"),
    path("items/<int:item_id>/alike/", Alike.as_view(), name="alike"),
]
