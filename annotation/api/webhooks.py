"""REST: webhooks, and what became of their messages."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation import tasks
from annotation.api.base import Api, valid
from annotation.api.docs import PROBLEMS
from annotation.api.fields import Text
from annotation.api.paging import LARGEST_PAGE, PageRequest, paged, query
from annotation.models import Delivery, Webhook
from annotation.roles import Action
from annotation.services import webhooks


class WebhookRequest(serializers.Serializer[Any]):
    url = Text(max_length=2000, help_text="Where messages are posted to, beginning with https://.")
    types = serializers.ListField(
        child=Text(max_length=60),
        required=False,
        max_length=50,
        help_text="What to tell: such as `annotation.created`; empty: everything. docs/webhooks.md lists them.",
    )
    description = Text(max_length=200, required=False, allow_blank=True)


class WebhookChange(WebhookRequest):
    url = Text(max_length=2000, required=False)
    active = serializers.BooleanField(required=False)


class WebhookView(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    project = serializers.IntegerField(source="project_id")
    url = serializers.CharField()
    types = serializers.ListField(child=serializers.CharField(), help_text="Empty: everything.")
    description = serializers.CharField(allow_blank=True)
    active = serializers.BooleanField()
    off_reason = serializers.CharField(
        allow_blank=True, help_text="Why it was switched off, where nobody did it."
    )
    failing_since = serializers.DateTimeField(
        allow_null=True, help_text="Since when nothing arrives; null while it works."
    )
    created_by = serializers.CharField(source="created_by.username")
    created_at = serializers.DateTimeField()


class WebhookWithSecretView(WebhookView):
    secret = serializers.CharField(help_text="Messages are signed with it. It is told only now.")
    old_secret_until = serializers.DateTimeField(
        allow_null=True, help_text="Until then messages are signed with the secret before it, too."
    )


class WebhookPage(serializers.Serializer[Any]):
    results = WebhookView(many=True)


class DeliveryView(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    webhook = serializers.IntegerField(source="webhook_id")
    message_id = serializers.CharField(help_text="The header webhook-id: the same however often it is sent.")
    type = serializers.CharField()
    data = serializers.JSONField()  # type: ignore[assignment]
    happened_at = serializers.DateTimeField()
    state = serializers.ChoiceField(Delivery.State.values)
    attempts = serializers.IntegerField()
    next_at = serializers.DateTimeField(
        allow_null=True, help_text="When it is sent (again); null when it is not."
    )
    tried_at = serializers.DateTimeField(allow_null=True, help_text="When it was sent last.")
    status_code = serializers.IntegerField(allow_null=True, help_text="Of the last answer; null without one.")
    answer = serializers.CharField(
        allow_blank=True, help_text="Its first 500 characters, or why there was none."
    )
    seconds = serializers.FloatField(allow_null=True)


class DeliveryPage(serializers.Serializer[Any]):
    results = DeliveryView(many=True)
    next = serializers.CharField(allow_null=True)


class DeliveriesRequest(PageRequest):
    state = serializers.ChoiceField(Delivery.State.values, required=False)


def _view(webhook: Webhook, *, status: int = 200, secret: bool = False) -> Response:
    view = WebhookWithSecretView if secret else WebhookView
    return Response(view(webhook).data, status=status)


class Webhooks(Api):
    @extend_schema(operation_id="list_webhooks", responses={200: WebhookPage, **PROBLEMS(401, 403, 404)})
    def get(self, request: Request, project_id: int) -> Response:
        """The project's webhooks; there are at most 20."""
        project = self.project(project_id, Action.CONFIGURE)
        return Response(
            {"results": WebhookView(project.webhooks.select_related("created_by"), many=True).data}
        )

    @extend_schema(
        operation_id="create_webhook",
        request=WebhookRequest,
        responses={201: WebhookWithSecretView, **PROBLEMS(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, project_id: int) -> Response:
        """Have an address told what happens. The answer holds the secret that signs messages: it is shown only now."""
        project = self.project(project_id, Action.CONFIGURE)
        made = webhooks.create(project=project, by=self.user(), **valid(WebhookRequest, request))
        return _view(made, status=201, secret=True)


class OneWebhook(Api):
    @extend_schema(operation_id="get_webhook", responses={200: WebhookView, **PROBLEMS(401, 403, 404)})
    def get(self, request: Request, webhook_id: int) -> Response:
        """One webhook, and whether it works."""
        return _view(webhooks.webhook_for(user=self.user(), webhook_id=webhook_id))

    @extend_schema(
        operation_id="change_webhook",
        request=WebhookChange,
        responses={200: WebhookView, **PROBLEMS(400, 401, 403, 404)},
    )
    def patch(self, request: Request, webhook_id: int) -> Response:
        """Change what is given; `active` switches it off and on. While it is off, nothing is kept for it."""
        webhook = webhooks.webhook_for(user=self.user(), webhook_id=webhook_id)
        return _view(webhooks.change(webhook=webhook, by=self.user(), **valid(WebhookChange, request)))

    @extend_schema(operation_id="delete_webhook", responses={204: None, **PROBLEMS(401, 403, 404)})
    def delete(self, request: Request, webhook_id: int) -> Response:
        """Remove it, with the record of its messages."""
        webhook = webhooks.webhook_for(user=self.user(), webhook_id=webhook_id)
        webhooks.remove(webhook=webhook, by=self.user())
        return Response(status=204)


class Rotate(Api):
    @extend_schema(
        operation_id="rotate_webhook_secret",
        request=None,
        responses={200: WebhookWithSecretView, **PROBLEMS(401, 403, 404)},
    )
    def post(self, request: Request, webhook_id: int) -> Response:
        """Make a new secret. For a day, messages are signed with both, so that the receiver can change over."""
        webhook = webhooks.webhook_for(user=self.user(), webhook_id=webhook_id)
        return _view(webhooks.rotate(webhook=webhook, by=self.user()), secret=True)


class Ping(Api):
    @extend_schema(
        operation_id="ping_webhook",
        request=None,
        responses={202: DeliveryView, **PROBLEMS(401, 403, 404, 409)},
    )
    def post(self, request: Request, webhook_id: int) -> Response:
        """Send a test message, of type `webhook.ping`. Its delivery tells whether it arrived."""
        webhook = webhooks.webhook_for(user=self.user(), webhook_id=webhook_id)
        made = webhooks.ping(webhook=webhook, by=self.user())
        tasks.tell_soon()
        return Response(DeliveryView(made).data, status=202)


class Deliveries(Api):
    @extend_schema(
        operation_id="list_deliveries",
        parameters=[
            OpenApiParameter("state", str, enum=Delivery.State.values),
            OpenApiParameter(
                "after", int, description="Only messages before this id, for the list goes back in time."
            ),
            OpenApiParameter("limit", int, description=f"From 1 to {LARGEST_PAGE}; 100 unless told."),
        ],
        responses={200: DeliveryPage, **PROBLEMS(400, 401, 403, 404)},
    )
    def get(self, request: Request, webhook_id: int) -> Response:
        """A webhook's messages, the latest first, and what became of each. They are kept for 30 days unless the operator
        says otherwise."""
        webhook = webhooks.webhook_for(user=self.user(), webhook_id=webhook_id)
        page = query(DeliveriesRequest, request)
        found = webhook.deliveries.order_by("-pk")
        if page["after"]:
            found = found.filter(pk__lt=page["after"])
        if "state" in page:
            found = found.filter(state=page["state"])
        rows = list(found[: page["limit"] + 1])
        return Response(paged(request=request, rows=rows, limit=page["limit"], view=DeliveryView))


class OneDelivery(Api):
    @extend_schema(operation_id="get_delivery", responses={200: DeliveryView, **PROBLEMS(401, 403, 404)})
    def get(self, request: Request, delivery_id: int) -> Response:
        """One message, and what became of it."""
        return Response(DeliveryView(webhooks.delivery_for(user=self.user(), delivery_id=delivery_id)).data)


class Redeliver(Api):
    @extend_schema(
        operation_id="redeliver",
        request=None,
        responses={202: DeliveryView, **PROBLEMS(401, 403, 404, 409)},
    )
    def post(self, request: Request, delivery_id: int) -> Response:
        """Send a message again, under the same id, whatever became of it before."""
        delivery = webhooks.delivery_for(user=self.user(), delivery_id=delivery_id)
        made = webhooks.redeliver(delivery=delivery, by=self.user())
        tasks.tell_soon()
        return Response(DeliveryView(made).data, status=202)


urlpatterns = [
    path("projects/<int:project_id>/webhooks/", Webhooks.as_view(), name="webhooks"),
    path("webhooks/<int:webhook_id>/", OneWebhook.as_view(), name="webhook"),
    path("webhooks/<int:webhook_id>/rotate/", Rotate.as_view(), name="webhook-rotate"),
    path("webhooks/<int:webhook_id>/ping/", Ping.as_view(), name="webhook-ping"),
    path("webhooks/<int:webhook_id>/deliveries/", Deliveries.as_view(), name="deliveries"),
    path("deliveries/<int:delivery_id>/", OneDelivery.as_view(), name="delivery"),
    path("deliveries/<int:delivery_id>/redeliver/", Redeliver.as_view(), name="redeliver"),
]
