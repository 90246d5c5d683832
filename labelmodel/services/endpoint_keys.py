"""What people change about the keys of language models. Every change is written down, with who made it and why.

Keys belong to the whole installation, so administrators change them, or whoever has a shell there (`by` None).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.admin.models import CHANGE, LogEntry
from redis import RedisError

from annotation.errors import DomainError, NotAllowed, NotFound
from annotation.models import User
from labelmodel.endpoints import usage
from labelmodel.endpoints.configured import Configured
from labelmodel.services import asking_requests
from labelmodel.services.llm_endpoints import configured, redis

log = logging.getLogger(__name__)
# What entries of the log are about; behind it the endpoint and, where it is about a key, its id.
ABOUT = "language model:"
LONGEST_REASON = 300


class PoolAway(DomainError):
    """Redis, which holds how keys stand, cannot be asked."""

    code = "unavailable"
    status = 503


def administrators_only(by: User) -> None:
    """Raises NotAllowed unless this person is an administrator."""
    if not by.is_staff:
        raise NotAllowed("Only administrators see and change the keys of language models.")


def put_back(*, by: User | None, endpoint: str, key: str) -> None:
    """Use a key again that was switched off or cools down. Raises NotAllowed, NotFound, PoolAway."""
    one, shown = _found(by, endpoint, key)
    with _asking_redis():
        usage.put_back(redis(), one.name, key)
    _changed(by, one, key, f"Put back key {shown}.")


def switch_off(*, by: User | None, endpoint: str, key: str, why: str) -> None:
    """Use a key no more, until it is put back. Raises NotAllowed, NotFound, PoolAway."""
    one, shown = _found(by, endpoint, key)
    said = why.strip()[:LONGEST_REASON] or "Switched off by hand."
    with _asking_redis():
        usage.switch_off(redis(), one.name, key, f"{said} ({by})" if by else said)
    _changed(by, one, key, f"Switched off key {shown}: {said}")


def wake(*, by: User | None, endpoint: str) -> None:
    """Ask an endpoint again that is given a rest. Raises NotAllowed, NotFound, PoolAway."""
    one, _ = _found(by, endpoint, None)
    with _asking_redis():
        usage.wake(redis(), one.name)
    _changed(by, one, "", "Woke the endpoint.")


def changes(most: int = 20) -> list[LogEntry]:
    """What people changed on pages and over REST, the latest first."""
    found = LogEntry.objects.filter(object_id__startswith=ABOUT).select_related("user")
    return list(found.order_by("-action_time", "-pk")[:most])


@contextmanager
def _asking_redis() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        raise PoolAway("Redis, which holds how keys stand, cannot be asked now.") from error


def _found(by: User | None, endpoint: str, key: str | None) -> tuple[Configured, str]:
    if by is not None:
        administrators_only(by)
    known = configured()
    if endpoint not in known:
        raise NotFound(f"There is no endpoint “{endpoint[:100]}”. There are: {', '.join(known) or 'none'}.")
    one = known[endpoint]
    if key is None:
        return one, ""
    mine = next((own for own in one.keys if own.id == key), None)
    if mine is None:
        ids = ", ".join(own.id for own in one.keys)
        raise NotFound(f"There is no key “{key[:100]}”. There are: {ids}.")
    return one, f"{mine.id} {mine.secret.shown if mine.secret else '(no key)'}"


def _changed(by: User | None, one: Configured, key: str, words: str) -> None:
    log.info("endpoint %s: %s by %s", one.name, words, by or "the command line")
    if by is not None:
        LogEntry.objects.create(
            user=by,
            object_id=f"{ABOUT}{one.name}:{key}",
            object_repr=one.name,
            action_flag=CHANGE,
            change_message=words,
        )
    # Runs that wait for it look again.
    asking_requests.wake(one.name)
