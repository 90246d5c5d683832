"""Webhooks and their messages, ready to show."""

from __future__ import annotations

from dataclasses import dataclass

import orjson
from django.db import connection

from annotation.models import Delivery, Project, Webhook

State = Delivery.State
# Of so many of the latest messages of each webhook the list counts what became of them.
COUNTED = 1_000
_COUNTS = """
SELECT w.id, d.state, count(*) AS n FROM annotation_webhook w
CROSS JOIN LATERAL (SELECT state FROM annotation_delivery WHERE webhook_id = w.id ORDER BY id DESC LIMIT %(most)s) d
WHERE w.project_id = %(project)s GROUP BY w.id, d.state
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """A webhook, and what became of its latest messages."""

    webhook: Webhook
    delivered: int
    waiting: int
    failed: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A message with its body as it was sent, set out to be read."""

    delivery: Delivery
    body: str
    soon: bool


def standings(project: Project) -> list[Standing]:
    counts: dict[int, dict[str, int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, {"project": project.pk, "most": COUNTED})
        for webhook, state, n in cursor.fetchall():
            counts.setdefault(webhook, {})[state] = n
    order = (State.DELIVERED, State.WAITING, State.FAILED)
    return [
        Standing(webhook, *(counts.get(webhook.pk, {}).get(state.value, 0) for state in order))
        for webhook in project.webhooks.select_related("created_by")
    ]


def switched_off(project: Project) -> list[Webhook]:
    """Webhooks that were switched off because nothing arrived, of which somebody ought to know."""
    return list(project.webhooks.filter(active=False).exclude(off_reason="").order_by("pk"))


def log(webhook: Webhook, *, state: str, before: int, limit: int) -> list[Shown]:
    """A webhook's messages, the latest first; `before` is the last id of the page before, or 0."""
    found = Delivery.objects.filter(webhook=webhook).order_by("-pk")
    if state:
        found = found.filter(state=state)
    if before:
        found = found.filter(pk__lt=before)
    return [_shown(webhook, delivery) for delivery in found[:limit]]


def _shown(webhook: Webhook, delivery: Delivery) -> Shown:
    body = {
        "type": delivery.type,
        "timestamp": delivery.happened_at,
        "project": webhook.project_id,
        "data": delivery.data,
    }
    soon = delivery.state == State.WAITING and delivery.attempts == 0 and webhook.active
    return Shown(delivery, orjson.dumps(body, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode(), soon)
