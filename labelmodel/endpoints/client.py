"""One request to an endpoint, and what came of it: sent once, to a checked address, over TLS, never redirected.

Whatever goes wrong is a Reply, too. Nothing here waits or tries again.
"""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult

import orjson

from annotation.importing.connecting import (
    Address,
    Patience,
    Pinned,
    Unreachable,
    checked,
    connection_to,
    cut_off_at,
    is_public,
    target_of,
    words,
)
from labelmodel.endpoints.keys import Secret
from labelmodel.endpoints.replies import Reply, failed, misfit, reply_of

PATIENCE = Patience(silence=60.0, altogether=120.0)
MOST_BYTES = 2 * 2**20
# For the connection alone; an answer takes longer, and is silent until it is there.
_CONNECT = 10.0
_PATH = "/chat/completions"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where it is: `base_url` as providers write it, such as https://api.openai.com/v1.

    `private`: it is on an internal address, which the operator allows; only such a one may speak plain HTTP.
    """

    base_url: str
    private: bool = False

    def allowed(self, address: Address) -> bool:
        """Whether requests may go to this address."""
        if is_public(address):
            return self._encrypted
        return self.private and _may_serve(address)

    @property
    def _encrypted(self) -> bool:
        return self.base_url.lower().startswith("https:")

    def place(self) -> SplitResult:
        """Where requests go. Raises Unreachable for what is no address of an endpoint."""
        parts = checked(self.base_url)
        if parts.query or parts.fragment:
            raise Unreachable("The address of an endpoint ends with its path, such as /v1.")
        if parts.scheme == "http" and not self.private:
            raise Unreachable("Give an address with https: keys and items are not sent in the clear.")
        return parts._replace(path=parts.path.rstrip("/").removesuffix(_PATH) + _PATH)


def _may_serve(address: Address) -> bool:
    """Whether a model server may be there. Clouds tell their secrets at link-local addresses."""
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        return _may_serve(mapped)
    return (address.is_private or address.is_loopback) and not (
        address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved
    )


class Lines:
    """The connections that are open now, so that all can be cut when somebody cancels. Threads share it."""

    def __init__(self) -> None:
        self._open: set[Pinned] = set()
        self._lock = threading.Lock()
        self._cut = False

    @property
    def are_cut(self) -> bool:
        return self._cut

    def check(self) -> None:
        """Raises ConnectionAbortedError when they are cut."""
        if self._cut:
            raise ConnectionAbortedError("cancelled")

    @contextmanager
    def held(self, connection: Pinned) -> Iterator[None]:
        with self._lock:
            self.check()
            self._open.add(connection)
        try:
            yield
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def cut(self) -> None:
        """End all of them; those who read from them get an error. New ones are refused."""
        with self._lock:
            self._cut = True
            for connection in self._open:
                if connection.line is None:
                    continue
                with suppress(OSError):
                    # As in connecting.py: not the method of ssl.SSLSocket, which a reading thread may be in.
                    socket.socket.shutdown(connection.line, socket.SHUT_RDWR)


def post(
    endpoint: Endpoint,
    body: bytes,
    secret: Secret | None,
    *,
    patience: Patience = PATIENCE,
    lines: Lines | None = None,
) -> Reply:
    """Send this request once. `body` is JSON. The key is in no message of the reply."""
    started, lines = time.monotonic(), lines or Lines()
    try:
        parts = endpoint.place()
        connect = Patience(silence=min(_CONNECT, patience.silence), altogether=patience.altogether)
        connection = connection_to(parts, endpoint.allowed, connect)
    except Unreachable as error:
        return _unreachable(error, endpoint)
    try:
        with lines.held(connection), cut_off_at(started + patience.altogether, connection):
            connection.sock.settimeout(patience.silence)
            # One that was only being opened could not be cut.
            lines.check()
            connection.request("POST", target_of(parts), body=body, headers=_headers(secret))
            answer = connection.getresponse()
            said = _read(answer)
            if time.monotonic() - started >= patience.altogether:
                # An answer without a length looks whole where it was cut off.
                raise TimeoutError
            lines.check()
    except (OSError, http.client.HTTPException, ValueError) as error:
        late = time.monotonic() - started >= patience.altogether or isinstance(error, TimeoutError)
        why = "it did not answer in time" if late else words(error)
        return failed(_hidden(f"No answer from the endpoint: {why}.", secret))
    return reply_of(answer.status, dict(answer.getheaders()), said, lambda text: _hidden(text, secret))


def _unreachable(error: Unreachable, endpoint: Endpoint) -> Reply:
    why = str(error)
    if "cannot be found now" in why:
        # Name servers fail and recover.
        return failed(why)
    if "internal address" not in why:
        return misfit(why)
    if not endpoint.private:
        return misfit(f"{why} With LLM_ALLOW_PRIVATE, endpoints may be on internal ones.")
    return misfit("Plain HTTP goes to internal addresses only, and nothing goes to link-local ones.")


def _headers(secret: Secret | None) -> dict[str, str]:
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": "Querent",
    }
    return headers if secret is None else {**headers, "Authorization": f"Bearer {secret.reveal()}"}


def _read(answer: http.client.HTTPResponse) -> bytes:
    if answer.length is not None and answer.length > MOST_BYTES:
        raise ValueError(f"its answer is larger than {MOST_BYTES // 2**20} MB")
    said = answer.read(MOST_BYTES + 1)
    if len(said) > MOST_BYTES:
        raise ValueError(f"its answer is larger than {MOST_BYTES // 2**20} MB")
    if answer.length:
        raise ConnectionError("the connection ended before the answer did")
    return said


def _hidden(text: str, secret: Secret | None) -> str:
    return secret.hide_in(text) if secret else text


def written(body: dict[str, Any]) -> bytes:
    """A request as it is sent, always the same bytes for the same request."""
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
