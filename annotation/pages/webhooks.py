"""Webhooks of a project: who is told what, and what became of each message."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils import timezone

from annotation import tasks
from annotation.errors import NotFound
from annotation.models import Delivery, Webhook
from annotation.pages.base import ProjectPage
from annotation.pages.forms import attempt, model_limit, tell
from annotation.pages.gold import id_of
from annotation.reports import deliveries as report
from annotation.roles import Action
from annotation.services import webhooks
from annotation.services.event_types import EVENT_TYPES

PAGE = 50


class WebhookForm(forms.Form):
    url = forms.CharField(
        max_length=model_limit(Webhook, "url"),
        label="Address",
        help_text="Messages are posted there. It begins with https:// and belongs to the internet.",
        widget=forms.URLInput(attrs={"placeholder": "https://example.org/querent", "autocomplete": "off"}),
    )
    description = forms.CharField(
        max_length=model_limit(Webhook, "description"), required=False, label="What it is for"
    )
    types = forms.MultipleChoiceField(required=False, label="Events")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["types"].choices = list(EVENT_TYPES.items())  # type: ignore[attr-defined]

    @property
    def chosen(self) -> set[str]:
        """The events that are ticked; all of them where none is named."""
        given = self["types"].value() or []
        return set(given) if self.is_bound else set(given or EVENT_TYPES)

    def clean_types(self) -> list[str]:
        if not (chosen := list(self.cleaned_data["types"])):
            raise forms.ValidationError("Choose at least one event.")
        return chosen


class WebhooksPage(ProjectPage):
    """What these pages share."""

    action = Action.CONFIGURE
    tab = "settings"

    def context(self, **context: Any) -> dict[str, Any]:
        crumbs = [
            ("Settings", reverse("project-settings", args=[self.project.pk])),
            ("Webhooks", reverse("webhooks", args=[self.project.pk]) if "webhook" in context else ""),
            *([(context["webhook"].url, "")] if "webhook" in context else []),
        ]
        return {**super().context(**context), "crumbs": crumbs, "events": EVENT_TYPES}

    def webhook(self, webhook_id: int) -> Webhook:
        found = webhooks.webhook_for(user=self.user(), webhook_id=webhook_id)
        if found.project_id != self.project.pk:
            raise NotFound("There is no such webhook in this project.")
        return found


class Webhooks(WebhooksPage):
    template = "annotation/webhooks.html"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        return self._page(WebhookForm())

    def post(self, request: HttpRequest, project_id: int) -> HttpResponse:
        form = WebhookForm(request.POST)
        if form.is_valid():
            create = partial(webhooks.create, project=self.project, by=self.user(), **form.cleaned_data)
            if made := attempt(form, create):
                # Shown in the answer to the very request that made it, and never again.
                return self._page(WebhookForm(), made=made)
        return self._page(form, status=422)

    def _page(self, form: WebhookForm, *, status: int = 200, **more: Any) -> HttpResponse:
        return self.render(status=status, form=form, standings=report.standings(self.project), **more)


class OneWebhook(WebhooksPage):
    template = "annotation/webhook.html"

    def get(self, request: HttpRequest, project_id: int, webhook_id: int) -> HttpResponse:
        webhook = self.webhook(webhook_id)
        return self.page(webhook, WebhookForm(initial=vars(webhook)))

    def post(self, request: HttpRequest, project_id: int, webhook_id: int) -> HttpResponse:
        webhook = self.webhook(webhook_id)
        form = WebhookForm(request.POST)
        if form.is_valid():
            change = partial(webhooks.change, webhook=webhook, by=self.user(), **form.cleaned_data)
            if attempt(form, change):
                messages.success(request, "The webhook is changed.")
                return redirect("webhook", project_id, webhook_id)
        return self.page(webhook, form, status=422)

    def page(self, webhook: Webhook, form: WebhookForm, *, status: int = 200, **more: Any) -> HttpResponse:
        state = self.request.GET.get("state", "")
        state = state if state in Delivery.State.values else ""
        before = id_of(self.request.GET.get("after", ""))
        rows = report.log(webhook, state=state, before=before, limit=PAGE + 1)
        kept = {"state": state} if state else {}
        following = urlencode({**kept, "after": rows[PAGE - 1].delivery.pk}) if len(rows) > PAGE else ""
        return self.render(
            fragment="annotation/webhook_log.html",
            status=status,
            webhook=webhook,
            form=form,
            rows=rows[:PAGE],
            state=state,
            states=Delivery.State.choices,
            next=f"?{following}" if following else "",
            first=not before,
            now=timezone.now(),
            # Looked at again while something is on its way.
            moving=any(row.soon for row in rows) and not before,
            **more,
        )


class RotateWebhook(OneWebhook):
    def get(self, request: HttpRequest, project_id: int, webhook_id: int) -> HttpResponse:
        return redirect("webhook", project_id, webhook_id)

    def post(self, request: HttpRequest, project_id: int, webhook_id: int) -> HttpResponse:
        made = webhooks.rotate(webhook=self.webhook(webhook_id), by=self.user())
        return self.page(made, WebhookForm(initial=vars(made)), made=made)


class SwitchWebhook(WebhooksPage):
    def post(self, request: HttpRequest, project_id: int, webhook_id: int) -> HttpResponse:
        active = "on" in request.POST
        webhooks.change(webhook=self.webhook(webhook_id), by=self.user(), active=active)
        messages.success(
            request,
            "The webhook is on." if active else "The webhook is off; what happens now is not kept for it.",
        )
        return redirect("webhook", project_id, webhook_id)


class RemoveWebhook(WebhooksPage):
    def post(self, request: HttpRequest, project_id: int, webhook_id: int) -> HttpResponse:
        webhooks.remove(webhook=self.webhook(webhook_id), by=self.user())
        messages.success(request, "The webhook is removed.")
        return redirect("webhooks", project_id)


class PingWebhook(WebhooksPage):
    def post(self, request: HttpRequest, project_id: int, webhook_id: int) -> HttpResponse:
        ping = partial(webhooks.ping, webhook=self.webhook(webhook_id), by=self.user())
        tell(request, ping, done="A test message is on its way; the list below tells whether it arrives.")
        tasks.tell_soon()
        return redirect("webhook", project_id, webhook_id)


class Redeliver(WebhooksPage):
    def post(self, request: HttpRequest, project_id: int, webhook_id: int, delivery_id: int) -> HttpResponse:
        webhook = self.webhook(webhook_id)
        delivery = webhooks.delivery_for(user=self.user(), delivery_id=delivery_id)
        if delivery.webhook_id != webhook.pk:
            raise NotFound("There is no such message of this webhook.")
        again = partial(webhooks.redeliver, delivery=delivery, by=self.user())
        tell(request, again, done="The message is on its way again.")
        tasks.tell_soon()
        kept = request.POST.get("state", "")
        here = reverse("webhook", args=[project_id, webhook_id])
        return redirect(f"{here}?state={kept}" if kept in Delivery.State.values else here)


_ONE = "projects/<int:project_id>/webhooks/<int:webhook_id>/"
urlpatterns = [
    path("projects/<int:project_id>/webhooks/", Webhooks.as_view(), name="webhooks"),
    path(_ONE, OneWebhook.as_view(), name="webhook"),
    path(f"{_ONE}rotate/", RotateWebhook.as_view(), name="webhook-rotate"),
    path(f"{_ONE}switch/", SwitchWebhook.as_view(), name="webhook-switch"),
    path(f"{_ONE}remove/", RemoveWebhook.as_view(), name="webhook-remove"),
    path(f"{_ONE}ping/", PingWebhook.as_view(), name="webhook-ping"),
    path(f"{_ONE}deliveries/<int:delivery_id>/redeliver/", Redeliver.as_view(), name="redeliver"),
]
