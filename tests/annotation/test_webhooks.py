"""Webhooks against a real receiver: events, signatures, every way to fail, and what becomes of messages."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from standardwebhooks import WebhookVerificationError

from annotation.errors import Conflict, InvalidInput, NotAllowed
from annotation.importing import connecting
from annotation.importing.connecting import Patience
from annotation.models import Dataset, Delivery, Event, Project, User, Webhook
from annotation.services import answers, deliveries, members, queue, webhooks
from annotation.services.answers import Answer
from annotation.services.event_types import EVENT_TYPES
from tests.annotation.receivers import Receiver, receiving
from tests.factories import make_dataset, make_project

pytestmark = pytest.mark.django_db
QUICK = Patience(silence=0.3, altogether=0.4)


@pytest.fixture(autouse=True)
def _to_loopback(settings: Any) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def make(project: Project, receiver: Receiver, path: str = "/ok", types: list[str] | None = None) -> Webhook:
    return webhooks.create(project=project, by=project.created_by, url=receiver.url(path), types=types or [])


def answered(project: Project, annotator: User, nonce: str = "n") -> int:
    turn = queue.next_leases(annotator=annotator, project=project).turns[0]
    given = Answer({"sentiment": "positive"}, nonce, 2.5)
    return answers.submit(annotator=annotator, lease_id=turn.id, given=given).annotation_id


def told(webhook: Webhook, **options: Any) -> int:
    deliveries.fan_out()
    return deliveries.deliver(webhook_id=webhook.pk, **options)


def only(webhook: Webhook) -> Delivery:
    return Delivery.objects.get(webhook=webhook)


def due_again(webhook: Webhook) -> None:
    Delivery.objects.filter(webhook=webhook).update(next_at=timezone.now())


# What is told


def test_an_answer_is_told_with_a_good_signature(
    project: Project, annotator: User, receiver: Receiver
) -> None:
    webhook = make(project, receiver, types=["annotation.created"])
    made = answered(project, annotator)

    assert told(webhook) == 1

    [message] = receiver.verified(webhook.secret)
    item = project.items.first()
    assert (message["type"], message["project"]) == ("annotation.created", project.pk)
    assert message["data"]["id"] == made
    assert message["data"]["key"] == item.key  # type: ignore[union-attr]
    assert message["data"]["annotator"] == "anna"
    assert message["data"]["answer"] == {"sentiment": "positive"}


def test_each_type_is_told_only_where_it_is_wanted(
    project: Project, annotator: User, receiver: Receiver
) -> None:
    resolved = make(project, receiver, types=["item.resolved"])
    revised = make(project, receiver, types=["annotation.revised"])
    made = answered(project, annotator)
    answers.revise(annotator=annotator, annotation_id=made, given=Answer({"sentiment": "neutral"}, "m"))

    deliveries.fan_out()

    assert [row.type for row in resolved.deliveries.all()] == ["item.resolved"]
    assert [row.type for row in revised.deliveries.all()] == ["annotation.revised"]
    assert only(revised).data["supersedes"] == made


def test_a_dispute_a_pause_and_an_import_are_told(
    annotator: User, second_annotator: User, project: Project, receiver: Receiver
) -> None:
    Project.objects.filter(pk=project.pk).update(annotations_per_item=2)
    project.items.update(wanted=2, open_slots=2)
    make(project, receiver, types=["item.disputed", "member.paused", "import.finished"])
    dataset = make_dataset(project, state="running")
    for person, said in ((annotator, "positive"), (second_annotator, "negative")):
        turn = queue.next_leases(annotator=person, project=project).turns[0]
        answers.submit(annotator=person, lease_id=turn.id, given=Answer({"sentiment": said}, "n"))
    members.change(project=project, by=project.created_by, user_id=annotator.pk, paused_reason="Rest.")
    Dataset.objects.filter(pk=dataset.pk).update(state="done")

    assert [event.type for event in Event.objects.order_by("pk")] == [
        "item.disputed",
        "member.paused",
        "import.finished",
    ]


def test_nothing_is_written_where_nobody_listens(
    project: Project, annotator: User, receiver: Receiver
) -> None:
    elsewhere = make_project()
    make(elsewhere, receiver)
    off = make(project, receiver)
    webhooks.change(webhook=off, by=project.created_by, active=False)
    answered(project, annotator)

    assert not Event.objects.exists()


def test_what_is_rolled_back_is_not_told(project: Project, annotator: User, receiver: Receiver) -> None:
    make(project, receiver)

    with transaction.atomic():
        answered(project, annotator)
        transaction.set_rollback(True)

    assert not Event.objects.exists()


def test_one_event_has_one_id_for_all_who_are_told(
    project: Project, annotator: User, receiver: Receiver
) -> None:
    for _ in range(2):
        make(project, receiver, types=["item.resolved"])
    answered(project, annotator)
    deliveries.fan_out()
    deliveries.fan_out()

    assert Delivery.objects.count() == 2
    assert len(set(Delivery.objects.values_list("message_id", flat=True))) == 1


def test_upper_layers_tell_too() -> None:
    assert {"round.finished", "model.promoted", "label_model.finished"} < set(EVENT_TYPES)


# What comes of sending


def test_what_arrived_is_not_sent_again(project: Project, annotator: User, receiver: Receiver) -> None:
    webhook = make(project, receiver, types=["item.resolved"])
    answered(project, annotator)
    told(webhook)
    told(webhook)

    sent = only(webhook)
    assert len(receiver.got) == 1
    assert (sent.state, sent.status_code, sent.answer, sent.attempts) == ("delivered", 200, "thanks", 1)


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/unwell", 500, "out of order ␀ x"),
        ("/moved", 307, ""),
        ("/rubbish", None, "No answer"),
        ("/hangs_up", None, "No answer"),
        ("/slow", None, "No answer"),
        ("/drip", None, "within 0.4 seconds"),
    ],
)
def test_what_did_not_arrive_waits_for_the_next_attempt(
    project: Project, receiver: Receiver, path: str, status: int | None, words: str
) -> None:
    webhook = make(project, receiver, path)
    webhooks.ping(webhook=webhook, by=project.created_by)
    told(webhook, patience=QUICK)

    sent = only(webhook)
    assert (sent.state, sent.status_code, sent.attempts) == ("waiting", status, 1)
    assert words in sent.answer
    assert timedelta(seconds=3) < sent.next_at - timezone.now() < timedelta(seconds=7)  # type: ignore[operator]
    # A redirect is not followed, wherever it leads.
    assert [asked for asked, _, _ in receiver.got] == [path]


def test_an_answer_that_never_ends_is_cut_off_and_its_status_counts(
    project: Project, receiver: Receiver
) -> None:
    webhook = make(project, receiver, "/trickle")
    webhooks.ping(webhook=webhook, by=project.created_by)
    told(webhook, patience=QUICK)

    sent = only(webhook)
    assert (sent.state, sent.status_code) == ("delivered", 200)
    assert len(sent.answer) < 60


def test_a_receiver_may_ask_for_more_time(project: Project, receiver: Receiver) -> None:
    webhook = make(project, receiver, "/busy")
    webhooks.ping(webhook=webhook, by=project.created_by)
    told(webhook)

    assert only(webhook).next_at - timezone.now() > timedelta(seconds=3900)  # type: ignore[operator]


def test_every_attempt_has_the_same_id_and_the_last_one_gives_up(
    project: Project, receiver: Receiver
) -> None:
    webhook = make(project, receiver, "/unwell")
    webhooks.ping(webhook=webhook, by=project.created_by)
    for _ in range(deliveries.MOST_ATTEMPTS + 2):
        told(webhook)
        due_again(webhook)

    assert only(webhook).state == "failed"
    assert len(receiver.got) == deliveries.MOST_ATTEMPTS
    assert len(set(receiver.ids)) == 1


def test_attempts_go_on_for_about_three_days() -> None:
    waits = [deliveries.pause(attempt, 0.5) for attempt in range(1, deliveries.MOST_ATTEMPTS)]

    assert waits == sorted(waits)
    assert timedelta(days=2.5) < timedelta(seconds=sum(waits)) < timedelta(days=3.5)
    assert deliveries.pause(3, 0.0) < deliveries.pause(3, 1.0)


def test_who_answers_gone_is_told_nothing_more(project: Project, receiver: Receiver) -> None:
    webhook = make(project, receiver, "/gone")
    webhooks.ping(webhook=webhook, by=project.created_by)
    told(webhook)

    webhook.refresh_from_db()
    assert not webhook.active
    assert "410" in webhook.off_reason
    assert only(webhook).state == "failed"


def test_what_fails_for_days_is_switched_off_and_can_be_switched_on(
    project: Project, receiver: Receiver
) -> None:
    webhook = make(project, receiver, "/unwell")
    webhooks.ping(webhook=webhook, by=project.created_by)
    Webhook.objects.filter(pk=webhook.pk).update(failing_since=timezone.now() - timedelta(days=6))
    told(webhook)

    webhook.refresh_from_db()
    assert (webhook.active, webhook.off_reason) == (False, "Nothing arrived for 5 days.")
    again = webhooks.change(webhook=webhook, by=project.created_by, active=True)
    assert (again.active, again.off_reason, again.failing_since) == (True, "", None)


def test_a_receiver_that_works_again_is_no_longer_failing(project: Project, receiver: Receiver) -> None:
    webhook = make(project, receiver, "/unwell")
    webhooks.ping(webhook=webhook, by=project.created_by)
    told(webhook)
    webhook.refresh_from_db()
    assert webhook.failing_since
    Webhook.objects.filter(pk=webhook.pk).update(url=receiver.url("/ok"))
    due_again(webhook)
    told(webhook)

    webhook.refresh_from_db()
    assert webhook.failing_since is None


def test_a_failing_receiver_is_asked_one_at_a_time(project: Project, receiver: Receiver) -> None:
    webhook = make(project, receiver, "/unwell")
    Webhook.objects.filter(pk=webhook.pk).update(failing_since=timezone.now())
    for _ in range(5):
        webhooks.ping(webhook=webhook, by=project.created_by)
    told(webhook)

    assert len(receiver.got) == 1


def test_only_a_few_messages_are_under_way_at_once(project: Project, receiver: Receiver) -> None:
    webhook = make(project, receiver, "/short")
    for _ in range(25):
        webhooks.ping(webhook=webhook, by=project.created_by)

    assert told(webhook) == 25
    assert 1 < receiver.most_at_once <= deliveries.IN_FLIGHT


def test_a_message_is_sent_again_on_request_under_its_id(project: Project, receiver: Receiver) -> None:
    webhook = make(project, receiver)
    sent = webhooks.ping(webhook=webhook, by=project.created_by)
    told(webhook)
    sent.refresh_from_db()
    webhooks.redeliver(delivery=sent, by=project.created_by)
    told(webhook)

    assert receiver.ids == [sent.message_id] * 2
    with pytest.raises(Conflict, match="about to be sent"):
        webhooks.redeliver(
            delivery=webhooks.ping(webhook=webhook, by=project.created_by), by=project.created_by
        )


def test_both_secrets_sign_until_the_old_one_ends(project: Project, receiver: Receiver) -> None:
    webhook = make(project, receiver)
    old = webhook.secret
    new = webhooks.rotate(webhook=webhook, by=project.created_by).secret
    webhooks.ping(webhook=webhook, by=project.created_by)
    told(webhook)

    assert receiver.verified(old) == receiver.verified(new) != []
    Webhook.objects.filter(pk=webhook.pk).update(old_secret_until=timezone.now())
    webhooks.ping(webhook=webhook, by=project.created_by)
    told(webhook)
    with pytest.raises(WebhookVerificationError):
        receiver.verified(old)


def test_old_messages_are_taken_away(project: Project, receiver: Receiver, settings: Any) -> None:
    webhook = make(project, receiver)
    for days in (31, 29):
        made = webhooks.ping(webhook=webhook, by=project.created_by)
        Delivery.objects.filter(pk=made.pk).update(created_at=timezone.now() - timedelta(days=days))

    assert deliveries.forget_old() == 1
    assert Delivery.objects.count() == 1


# Internal addresses


def test_an_internal_address_is_told_nothing(
    project: Project, receiver: Receiver, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name leads to this machine by the time that something is sent."""
    _resolve_to(monkeypatch, ["127.0.0.1"])
    webhook = make(project, receiver)
    Webhook.objects.filter(pk=webhook.pk).update(url=f"http://hooks.example.org:{receiver.server_port}/ok")
    settings.WEBHOOK_ALLOW_PRIVATE = False
    webhooks.ping(webhook=webhook, by=project.created_by)
    told(webhook)

    assert receiver.got == []
    assert "hooks.example.org is an internal address" in only(webhook).answer


def test_one_internal_address_among_others_is_enough(
    project: Project, receiver: Receiver, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _resolve_to(monkeypatch, ["93.184.216.34", "169.254.169.254"])
    webhook = make(project, receiver)
    Webhook.objects.filter(pk=webhook.pk).update(url="https://hooks.example.org/")
    settings.WEBHOOK_ALLOW_PRIVATE = False
    webhooks.ping(webhook=webhook, by=project.created_by)
    told(webhook)

    assert "internal address" in only(webhook).answer


def test_the_connection_goes_to_the_address_that_was_checked(
    project: Project, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _resolve_to(monkeypatch, ["127.0.0.1"])
    webhook = make(project, receiver)
    Webhook.objects.filter(pk=webhook.pk).update(url=f"http://hooks.example.org:{receiver.server_port}/ok")
    webhooks.ping(webhook=webhook, by=project.created_by)
    told(webhook)

    assert asked == ["hooks.example.org"]
    [(_, headers, _)] = receiver.got
    assert headers["Host"] == f"hooks.example.org:{receiver.server_port}"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/", "https://127.0.0.1/", "https://[::1]/", "https://10.1.2.3/", "https://169.254.169.254/",
        "https://[::ffff:10.0.0.1]/", "ftp://example.org/", "https://me@example.org/", "https://example.org/#x",
        "https://exa mple.org/", "example.org", "https://",
    ],
)  # fmt: skip
def test_addresses_that_are_refused_at_once(project: Project, settings: Any, url: str) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = False

    with pytest.raises(InvalidInput) as refused:
        webhooks.create(project=project, by=project.created_by, url=url)

    assert [fault.path for fault in refused.value.faults] == [("url",)]


# Who may, and how many


def test_only_those_who_configure_the_project_may(project: Project, adjudicator: User) -> None:
    with pytest.raises(NotAllowed):
        webhooks.create(project=project, by=adjudicator, url="https://example.org/")


def test_there_is_a_limit_and_unknown_events_are_refused(project: Project) -> None:
    for _ in range(webhooks.MOST_WEBHOOKS):
        webhooks.create(project=project, by=project.created_by, url="https://example.org/")

    with pytest.raises(Conflict, match="at most 20"):
        webhooks.create(project=project, by=project.created_by, url="https://example.org/")
    with pytest.raises(InvalidInput, match=r"no event 'item\.eaten'"):
        webhooks.change(webhook=project.webhooks.all()[0], by=project.created_by, types=["item.eaten"])


def _resolve_to(monkeypatch: pytest.MonkeyPatch, addresses: list[str]) -> list[str]:
    """The name server answers so; ours cannot be told to."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def answer(host: str, port: int, **options: Any) -> list[Any]:
        asked.append(host)
        return [found for address in addresses for found in real(address, port, **options)]

    monkeypatch.setattr(connecting.socket, "getaddrinfo", answer)
    return asked
