"""Webhooks: who is told what, and at which address. services/deliveries.py does the telling."""

from __future__ import annotations

import base64
import ipaddress
import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from annotation.errors import Conflict, Fault, InvalidInput, NotFound
from annotation.importing.connecting import Unreachable, checked
from annotation.models import Delivery, Project, User, Webhook
from annotation.roles import Action
from annotation.services import sending
from annotation.services.access import check
from annotation.services.event_types import EVENT_TYPES, PING

MOST_WEBHOOKS = 20
# So long messages are signed with the old secret too.
OVERLAP = timedelta(hours=24)
_SECRET_BYTES = 24


def webhook_for(*, user: User, webhook_id: int) -> Webhook:
    """The webhook, for those who configure its project. Raises NotFound or NotAllowed."""
    found = Webhook.objects.select_related("project", "created_by").filter(pk=webhook_id).first()
    if found is None:
        raise NotFound("There is no such webhook, or you are not a member of its project.")
    check(user=user, project=found.project, action=Action.CONFIGURE)
    return found


def delivery_for(*, user: User, delivery_id: int) -> Delivery:
    """The delivery, for those who configure its project. Raises NotFound or NotAllowed."""
    found = Delivery.objects.select_related("webhook__project").filter(pk=delivery_id).first()
    if found is None:
        raise NotFound("There is no such delivery, or you are not a member of its project.")
    check(user=user, project=found.webhook.project, action=Action.CONFIGURE)
    return found


@transaction.atomic
def create(
    *, project: Project, by: User, url: str, types: Sequence[str] = (), description: str = ""
) -> Webhook:
    """Tell this address of these types of events (none: of all). The secret is in what is returned, and shown only now.

    Raises NotAllowed, InvalidInput, and Conflict when the project has as many as it may have.
    """
    check(user=by, project=project, action=Action.CONFIGURE)
    # Locked: two requests at once must not both make the last one.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if project.webhooks.count() >= MOST_WEBHOOKS:
        raise Conflict(f"A project has at most {MOST_WEBHOOKS} webhooks. Remove one first.")
    return Webhook.objects.create(
        project=project,
        created_by=by,
        url=_address(url),
        types=_types(types),
        description=description.strip(),
        secret=new_secret(),
    )


@transaction.atomic
def change(
    *,
    webhook: Webhook,
    by: User,
    url: str | None = None,
    types: Sequence[str] | None = None,
    description: str | None = None,
    active: bool | None = None,
) -> Webhook:
    """Change what is given. Switched on again, it begins anew: what failed before is forgotten. Raises InvalidInput."""
    check(user=by, project=webhook.project, action=Action.CONFIGURE)
    locked = Webhook.objects.select_for_update(no_key=True, of=("self",)).get(pk=webhook.pk)
    if url is not None and url != locked.url:
        locked.url, locked.failing_since = _address(url), None
    if types is not None:
        locked.types = _types(types)
    if description is not None:
        locked.description = description.strip()
    if active is not None and active != locked.active:
        locked.active, locked.failing_since, locked.off_reason = active, None, ""
    locked.save(update_fields=["url", "types", "description", "active", "failing_since", "off_reason"])
    return locked


def remove(*, webhook: Webhook, by: User) -> None:
    """Tell this address nothing any more; the record of its messages goes too."""
    check(user=by, project=webhook.project, action=Action.CONFIGURE)
    webhook.delete()


def rotate(*, webhook: Webhook, by: User) -> Webhook:
    """Sign with a new secret, and for a day with the old one too. The new one is in what is returned."""
    check(user=by, project=webhook.project, action=Action.CONFIGURE)
    # On what is there: two who rotate at once make two new secrets, one after the other.
    with transaction.atomic():
        locked = Webhook.objects.select_for_update(no_key=True, of=("self",)).get(pk=webhook.pk)
        locked.old_secret, locked.old_secret_until = locked.secret, timezone.now() + OVERLAP
        locked.secret = new_secret()
        locked.save(update_fields=["secret", "old_secret", "old_secret_until"])
    return locked


def ping(*, webhook: Webhook, by: User) -> Delivery:
    """Send a message that says nothing, to see whether it arrives. Raises Conflict for one that is switched off."""
    check(user=by, project=webhook.project, action=Action.CONFIGURE)
    if not webhook.active:
        raise Conflict("The webhook is switched off; switch it on to send a test.")
    now = timezone.now()
    data = {"webhook": webhook.pk, "by": by.username}
    return Delivery.objects.create(
        webhook=webhook, message_id=new_message_id(), type=PING, data=data, happened_at=now, next_at=now
    )


def redeliver(*, delivery: Delivery, by: User) -> Delivery:
    """Send a message again, under the same id, whatever became of it. Raises Conflict for one that waits anyway, and for
    one of a webhook that is switched off."""
    check(user=by, project=delivery.webhook.project, action=Action.CONFIGURE)
    if not delivery.webhook.active:
        raise Conflict("The webhook is switched off; switch it on to send this again.")
    ended = Delivery.objects.filter(pk=delivery.pk)
    due = {"state": Delivery.State.WAITING, "next_at": timezone.now(), "attempts": 0}
    if not ended.exclude(state=Delivery.State.WAITING, attempts=0).update(**due):
        raise Conflict("It is about to be sent anyway.")
    delivery.refresh_from_db()
    return delivery


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def new_message_id() -> str:
    return f"msg_{secrets.token_hex(16)}"


def _types(given: Sequence[str]) -> list[str]:
    unknown = [name for name in given if name not in EVENT_TYPES]
    if unknown:
        message = f"There is no event '{unknown[0][:60]}'; there are {', '.join(EVENT_TYPES)}."
        raise InvalidInput(message, faults=[Fault(("types",), message)])
    chosen = [name for name in EVENT_TYPES if name in given]
    return [] if len(chosen) == len(EVENT_TYPES) else chosen


def _address(url: str) -> str:
    """The address, if it may be told anything. A name is looked up later, each time that something is sent."""
    url = url.strip()
    if fault := _fault_of(url):
        raise InvalidInput(fault, faults=[Fault(("url",), fault)])
    return url


def _fault_of(url: str) -> str:
    try:
        parts = checked(url)
    except Unreachable as error:
        return str(error)
    if parts.scheme != "https" and not settings.WEBHOOK_ALLOW_PRIVATE:
        return "The address must begin with https://, for answers travel there."
    if parts.fragment:
        return "Leave out what follows the #; it is never sent."
    with suppress(ValueError):
        if not sending.allowed(ipaddress.ip_address(str(parts.hostname))):
            return f"{parts.hostname} is an internal address; only the internet is told."
    return ""
