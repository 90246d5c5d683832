"""Signed links, by which a program fetches one snapshot in one format without a token, for some time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core import signing
from django.utils import timezone

from annotation.errors import LinkExpired, LinkInvalid, NotAllowed, NotFound
from annotation.formats.base import Format
from annotation.models import Snapshot, User
from annotation.services.snapshot_files import check_made
from annotation.services.snapshots import snapshot_for

SALT = "annotation.snapshot-link"
DEFAULT_MINUTES = 60
MOST_MINUTES = 7 * 24 * 60


@dataclass(frozen=True, slots=True)
class Link:
    secret: str
    expires_at: datetime


def sign(*, snapshot: Snapshot, form: Format, by: User, minutes: int = DEFAULT_MINUTES) -> Link:
    """A link for somebody who may have the snapshot. Raises NotReady."""
    check_made(snapshot)
    expires_at = (timezone.now() + timedelta(minutes=minutes)).replace(microsecond=0)
    what = [snapshot.pk, form.name, by.pk, int(expires_at.timestamp())]
    return Link(signing.dumps(what, salt=SALT), expires_at)


def signer_of(*, secret: str, snapshot_id: int, format: str) -> User:
    """Who made the link, if it is one for this file and they may still have it. Raises LinkInvalid and LinkExpired."""
    try:
        signed_id, signed_format, user_id, expires = signing.loads(secret, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise LinkInvalid(
            "This link was not made here, or not all of it arrived. Put it in quotation marks."
        ) from error
    if (signed_id, signed_format) != (snapshot_id, format):
        raise LinkInvalid("This link is for another file. A link is for one snapshot in one format.")
    if timezone.now().timestamp() >= expires:
        raise LinkExpired("The time of this link is over. Make another one.")
    return _still(user_id, snapshot_id)


def _still(user_id: int, snapshot_id: int) -> User:
    """The person, if they may still have the snapshot."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    over = LinkExpired("Whoever made this link may no longer export here. Make one of your own.")
    if user is None:
        raise over
    try:
        snapshot_for(user=user, snapshot_id=snapshot_id)
    except (NotAllowed, NotFound) as error:
        raise over from error
    return user
