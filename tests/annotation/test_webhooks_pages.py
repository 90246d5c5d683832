"""The pages of webhooks: making one, what became of its messages, sending again; what the history says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.models import Delivery, Project, User, Webhook
from annotation.reports import audit
from annotation.services import deliveries, webhooks
from annotation.services.event_types import EVENT_TYPES
from tests.annotation.receivers import Receiver, receiving
from tests.factories import make_project

pytestmark = pytest.mark.django_db
FORM = {"url": "https://example.org/hook", "description": "the trainer", "types": ["item.resolved"]}


@pytest.fixture
def page(client: Client, project: Project) -> Client:
    client.force_login(project.created_by)
    return client


@pytest.fixture
def webhook(project: Project) -> Webhook:
    return webhooks.create(project=project, by=project.created_by, url="https://example.org/hook")


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    with receiving() as found:
        yield found


def url(project: Project, name: str = "webhooks", *args: Any) -> str:
    return reverse(name, args=[project.pk, *args])


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_a_new_webhook_shows_its_secret_once(page: Client, project: Project) -> None:
    made = text(page.post(url(project), FORM))

    webhook = project.webhooks.get()
    assert (webhook.types, webhook.description) == (["item.resolved"], "the trainer")
    assert webhook.secret in made
    assert webhook.secret not in text(page.get(url(project)))
    assert webhook.secret not in text(page.get(url(project, "webhook", webhook.pk)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"url": "https://10.0.0.1/"}, "internal address"),
        ({"url": "http://example.org/"}, "must begin with https"),
        ({"url": ""}, "required"),
        ({"types": []}, "at least one event"),
        ({"types": ["item.eaten"]}, "not one of the available choices"),
    ],
)
def test_what_is_wrong_is_said_beside_the_form(
    page: Client, project: Project, change: dict[str, Any], words: str
) -> None:
    answer = page.post(url(project), {**FORM, **change})

    assert answer.status_code == 422
    assert words in text(answer)
    assert not project.webhooks.exists()


def test_the_log_tells_what_was_sent_and_answered_and_sends_again(
    page: Client, project: Project, receiver: Receiver
) -> None:
    webhook = webhooks.create(project=project, by=project.created_by, url=receiver.url("/gone"))
    page.post(url(project, "webhook-ping", webhook.pk))
    deliveries.deliver(webhook_id=webhook.pk)
    here = url(project, "webhook", webhook.pk)
    failed = text(page.get(f"{here}?state=failed"))

    assert "webhook.ping" in failed
    assert '<span class="mono">410</span>' in failed
    assert "wants no more messages" in failed
    assert "None of these" in text(page.get(f"{here}?state=delivered"))

    page.post(url(project, "webhook-switch", webhook.pk), {"on": ""})
    Webhook.objects.update(url=receiver.url())
    page.post(url(project, "redeliver", webhook.pk, Delivery.objects.get().pk))
    assert deliveries.deliver(webhook_id=webhook.pk) == 1


def test_the_log_is_a_fragment_for_htmx_that_pages(page: Client, project: Project, webhook: Webhook) -> None:
    for _ in range(51):
        webhooks.ping(webhook=webhook, by=project.created_by)
    here = url(project, "webhook", webhook.pk)
    fragment = text(page.get(here, headers={"HX-Request": "true"}))

    assert fragment.startswith('<section id="messages"')
    assert "every 2s" in fragment
    assert text(page.get(f"{here}?after={Delivery.objects.all()[1].pk}")).count("webhook.ping") > 0


def test_a_new_secret_is_shown_and_the_old_one_is_good_for_a_day(
    page: Client, project: Project, webhook: Webhook
) -> None:
    shown = text(page.post(url(project, "webhook-rotate", webhook.pk)))

    before = webhook.secret
    webhook.refresh_from_db()
    assert webhook.secret in shown
    assert webhook.secret != before == webhook.old_secret
    assert "both signatures" in shown


def test_changing_and_removing(page: Client, project: Project, webhook: Webhook) -> None:
    here = url(project, "webhook", webhook.pk)
    page.post(here, {**FORM, "types": list(EVENT_TYPES)})
    webhook.refresh_from_db()
    assert (webhook.types, webhook.description) == ([], "the trainer")

    page.post(url(project, "webhook-remove", webhook.pk))
    assert not project.webhooks.exists()


def test_another_projects_webhook_is_not_here(page: Client, project: Project, owner: User) -> None:
    other = make_project(owner=owner)
    webhook = webhooks.create(project=other, by=owner, url="https://example.org/")
    sent = webhooks.ping(webhook=webhook, by=owner)

    assert page.get(url(project, "webhook", webhook.pk)).status_code == 404
    mine = webhooks.create(project=project, by=owner, url="https://example.org/")
    assert page.post(url(project, "redeliver", mine.pk, sent.pk)).status_code == 404


def test_the_overview_tells_of_one_that_was_switched_off(
    page: Client, project: Project, webhook: Webhook
) -> None:
    Webhook.objects.update(active=False, off_reason="Nothing arrived for 5 days.")

    assert "Nothing arrived for 5 days." in text(page.get(reverse("project", args=[project.pk])))


def test_the_history_says_what_was_done(project: Project, webhook: Webhook) -> None:
    webhooks.rotate(webhook=webhook, by=project.created_by)
    webhooks.change(webhook=webhook, by=project.created_by, active=False)
    webhooks.remove(webhook=webhook, by=project.created_by)

    events = audit.project_events(project=project, wanted=audit.Wanted(kinds=("webhook",)))
    assert [event.text for event in events] == [
        "removed the webhook to https://example.org/hook",
        "switched the webhook to https://example.org/hook off",
        "made a new secret for the webhook to https://example.org/hook",
        "made the webhook to https://example.org/hook",
    ]
    assert all(webhook.secret not in str(event) for event in events)
