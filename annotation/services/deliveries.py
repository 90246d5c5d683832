"""Deliveries: events become messages, messages are sent until they arrive or are given up. At least once, never all at once.

The row is the pending work. One worker at a time sends for one webhook; an attempt is counted before it is made, so that a
worker that is killed in the middle leaves a message that is sent again, under the same id.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Coalesce
from django.utils import timezone

from annotation.importing.connecting import Patience
from annotation.models import Delivery, Webhook
from annotation.services import deliveries_sql as sql
from annotation.services import hot
from annotation.services.locks import alone
from annotation.services.sending import PATIENCE, Message, Outcome, send

EVENTS_AT_ONCE = 5_000
IN_FLIGHT = 4
CLAIMED = 5 * IN_FLIGHT
# A worker sends for one webhook for so long, then lets others have a turn.
RUN_SECONDS = 20.0
# Seconds to wait behind the first, second, ... attempt: ten attempts in three days.
PAUSES = (5, 60, 300, 1_800, 7_200, 18_000, 43_200, 72_000, 115_200)
MOST_ATTEMPTS = len(PAUSES) + 1
JITTER = 0.2
# Behind a worker that died in the middle of an attempt.
ABANDONED = timedelta(seconds=60)
HOPELESS = timedelta(days=5)
GONE = 410
_FORGOTTEN_AT_ONCE = 5_000


def fan_out() -> int:
    """Make messages of the events that were written; how many events. Safe to run twice, at once or one after the other."""
    count = 0
    while taken := len(hot.rows(sql.FAN_OUT, {"most": EVENTS_AT_ONCE, "now": timezone.now()})):
        count += taken
    return count


def due() -> list[int]:
    """Webhooks that have something to be sent now."""
    return [row.id for row in hot.rows(sql.DUE, {"now": timezone.now()})]


def deliver(*, webhook_id: int, patience: Patience = PATIENCE) -> int:
    """Send what is due for one webhook; how many arrived. Does nothing while another worker is at it.

    A few messages at a time; only one while the receiver fails, and the run ends with the first failure.
    """
    arrived = 0
    with alone("webhook", webhook_id) as free:
        end = time.monotonic() + RUN_SECONDS
        while free and time.monotonic() < end:
            outcomes = _round(webhook_id, patience)
            arrived += sum(outcome.arrived for outcome in outcomes)
            if not outcomes or not all(outcome.arrived for outcome in outcomes):
                break
    return arrived


def _round(webhook_id: int, patience: Patience) -> list[Outcome]:
    """Claim some messages, send them, record what came of it."""
    webhook = Webhook.objects.filter(pk=webhook_id, active=True).first()
    if webhook is None:
        return []
    now = timezone.now()
    most = 1 if webhook.failing_since else CLAIMED
    scope = {"webhook": webhook_id, "now": now, "later": now + ABANDONED, "most": most}
    claimed = sorted(hot.rows(sql.CLAIM, scope), key=lambda row: int(row.id))
    outcomes = list(_sent(webhook, claimed, patience))
    if outcomes:
        _record(webhook, claimed, outcomes)
    return outcomes


def _sent(webhook: Webhook, claimed: Sequence[Any], patience: Patience) -> Iterator[Outcome]:
    secrets = secrets_of(webhook, timezone.now())

    def one(row: Any) -> Outcome:
        return send(webhook.url, message_of(webhook, row), secrets, timezone.now(), patience=patience)

    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        yield from pool.map(one, claimed)


def message_of(webhook: Webhook, row: Any) -> Message:
    """The message of a delivery whose `data` is JSON text."""
    body = {
        "type": row.type,
        "timestamp": row.happened_at,
        "project": webhook.project_id,
        "data": orjson.Fragment(row.data),
    }
    return Message(row.message_id, orjson.dumps(body, option=orjson.OPT_UTC_Z).decode())


def secrets_of(webhook: Webhook, now: datetime) -> list[str]:
    """What messages are signed with: the secret, and for some time the one before."""
    overlap = webhook.old_secret and webhook.old_secret_until and webhook.old_secret_until > now
    return [webhook.secret, webhook.old_secret] if overlap else [webhook.secret]


@transaction.atomic
def _record(webhook: Webhook, claimed: Sequence[Any], outcomes: Sequence[Outcome]) -> None:
    fates = [_fate(row.attempts, outcome) for row, outcome in zip(claimed, outcomes, strict=True)]
    columns = {
        "ids": [row.id for row in claimed],
        "states": [fate.state for fate in fates],
        "pauses": [fate.pause for fate in fates],
        "statuses": [outcome.status for outcome in outcomes],
        "answers": [outcome.answer for outcome in outcomes],
        "seconds": [outcome.seconds for outcome in outcomes],
    }
    now = timezone.now()
    hot.rows(sql.RECORD, {**columns, "now": now})
    _standing(webhook, outcomes, now)


@dataclass(frozen=True, slots=True)
class _Fate:
    """What becomes of a message after an attempt."""

    state: str
    pause: float = 0.0


def _fate(attempts: int, outcome: Outcome) -> _Fate:
    if outcome.arrived:
        return _Fate(Delivery.State.DELIVERED.value)
    if attempts >= MOST_ATTEMPTS or outcome.status == GONE:
        return _Fate(Delivery.State.FAILED.value)
    return _Fate(Delivery.State.WAITING.value, max(pause(attempts, random.random()), outcome.wait))  # noqa: S311


def pause(attempts: int, chance: float) -> float:
    """Seconds until the next attempt behind so many; `chance` from 0 to 1 spreads those that failed together."""
    base = PAUSES[min(attempts, len(PAUSES)) - 1]
    return base * (1 - JITTER + 2 * JITTER * chance)


def _standing(webhook: Webhook, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Whether the receiver works, and whether there is still hope for it."""
    mine = Webhook.objects.filter(pk=webhook.pk, active=True)
    if any(outcome.status == GONE for outcome in outcomes):
        mine.update(active=False, off_reason="The address answered 410 Gone: it wants no more messages.")
    elif any(outcome.arrived for outcome in outcomes):
        mine.exclude(failing_since=None).update(failing_since=None)
    elif webhook.failing_since and now - webhook.failing_since > HOPELESS:
        mine.update(active=False, off_reason=f"Nothing arrived for {HOPELESS.days} days.")
    else:
        mine.update(failing_since=Coalesce("failing_since", now))


def forget_old() -> int:
    """Take away messages that are older than they are kept; how many."""
    before = timezone.now() - timedelta(days=settings.WEBHOOK_KEEP_DAYS)
    return len(hot.rows(sql.FORGET, {"before": before, "most": _FORGOTTEN_AT_ONCE}))
