"""One message to one address: signed as Standard Webhooks says, sent once, never to an internal address, never redirected."""

from __future__ import annotations

import http.client
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from standardwebhooks import Webhook as Signer

from annotation.importing.connecting import (
    Address,
    Patience,
    Unreachable,
    checked,
    connection_to,
    cut_off_at,
    is_public,
    target_of,
    words,
)

PATIENCE = Patience(silence=5.0, altogether=15.0)
_READ = 4_000
LONGEST_ANSWER = 500
LONGEST_WAIT = 86_400


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent, under the same id however often; `body` is JSON."""

    id: str
    body: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it. No status: nothing was answered, and `answer` says why. `wait`: seconds that the receiver asks for."""

    status: int | None
    answer: str
    seconds: float
    wait: float = 0.0

    @property
    def arrived(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def allowed(address: Address) -> bool:
    """Whether webhooks may lead to this address."""
    return bool(settings.WEBHOOK_ALLOW_PRIVATE) or is_public(address)


def headers_of(message: Message, secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """A signature with each secret: a receiver that knows any of them accepts it."""
    signatures = [Signer(secret).sign(message.id, now, message.body) for secret in secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": "Querent",
        "webhook-id": message.id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def send(
    url: str, message: Message, secrets: Sequence[str], now: datetime, *, patience: Patience = PATIENCE
) -> Outcome:
    """Post the message once. Whatever goes wrong is an outcome, too."""
    started = time.monotonic()
    try:
        status, answer, wait = _post(url, message, headers_of(message, secrets, now), patience)
    except Unreachable as error:
        return Outcome(None, _shown(str(error)), time.monotonic() - started)
    except (OSError, http.client.HTTPException, ValueError) as error:
        late = time.monotonic() - started >= patience.altogether
        why = f"No answer within {patience.altogether:g} seconds." if late else f"No answer: {words(error)}."
        return Outcome(None, _shown(why), time.monotonic() - started)
    return Outcome(status, answer, time.monotonic() - started, wait)


def _post(url: str, message: Message, headers: dict[str, str], patience: Patience) -> tuple[int, str, float]:
    parts = checked(url)
    connection = connection_to(parts, allowed, patience)
    try:
        with cut_off_at(time.monotonic() + patience.altogether, connection):
            connection.request("POST", target_of(parts), body=message.body.encode(), headers=headers)
            answer = connection.getresponse()
            said = b""
            # The status is what counts; that the rest of an answer never comes changes nothing.
            with suppress(OSError, http.client.HTTPException):
                said = answer.read(_READ)
            return (
                answer.status,
                _shown(said.decode("utf-8", "replace")),
                _wait(answer.getheader("Retry-After")),
            )
    finally:
        connection.close()


def _shown(said: str) -> str:
    """As much as is kept of what a receiver said: anything may be in it."""
    text = said.replace("\0", "\N{SYMBOL FOR NULL}").strip()
    return text if len(text) <= LONGEST_ANSWER else text[: LONGEST_ANSWER - 1] + "…"


def _wait(told: str | None) -> float:
    """Of a Retry-After only the form in seconds, and no longer than a day."""
    return float(min(int(told), LONGEST_WAIT)) if told and told.isascii() and told.isdecimal() else 0.0
