"""Images from the web, and never from an internal address: each redirect is checked like the first address."""

from __future__ import annotations

import hashlib
import http.client
import re
import time
from urllib.parse import SplitResult, urljoin

from annotation.importing.connecting import (
    PATIENCE,
    Address,
    Allowed,
    Patience,
    Unreachable,
    checked,
    connection_to,
    cut_off_at,
    is_public,
    target_of,
    words,
)
from annotation.importing.pictures import ENDINGS_BY_TYPE, Picture, PictureFault, inspect
from annotation.importing.records import Limits

__all__ = ["Address", "FetchFault", "Patience", "is_public", "name_of", "picture"]

IS_URL = re.compile(r"https?://", re.IGNORECASE)
_MOVED = {301, 302, 303, 307, 308}
_REDIRECTS = 5


class FetchFault(Exception):
    """The image could not be had. `str(error)` says why and how to mend it."""


def picture(
    url: str,
    limits: Limits,
    *,
    allowed: Allowed = is_public,
    patience: Patience = PATIENCE,
) -> Picture:
    """Fetch one image; its name is made from the URL. Raises FetchFault."""
    deadline = time.monotonic() + patience.altogether
    target = url
    for _ in range(_REDIRECTS + 1):
        try:
            parts = checked(target)
            connection = connection_to(parts, allowed, patience)
        except Unreachable as error:
            raise FetchFault(str(error)) from error
        try:
            with cut_off_at(deadline, connection):
                answer = _ask(connection, parts)
                if answer.status not in _MOVED:
                    data = _read(answer, limits)
                    if time.monotonic() >= deadline:
                        # Without its length told, what was cut off looks whole.
                        raise TimeoutError
                    return _inspect(url, data, limits)
                target = urljoin(target, answer.getheader("Location") or "")
        except (OSError, http.client.HTTPException) as error:
            late = time.monotonic() >= deadline
            why = "the server is too slow" if late else words(error)
            raise FetchFault(
                f"The image could not be fetched ({why}). Import the row again later."
            ) from error
        finally:
            connection.close()
    raise FetchFault(f"The address leads on more than {_REDIRECTS} times. Give the final one.")


def name_of(url: str) -> str:
    """The name, without ending, under which the image at this address is kept."""
    return f"web/{hashlib.sha256(url.encode('utf-8', 'replace')).hexdigest()[:32]}"


def _ask(connection: http.client.HTTPConnection, parts: SplitResult) -> http.client.HTTPResponse:
    headers = {
        "Accept": ", ".join(sorted(ENDINGS_BY_TYPE)),
        "Accept-Encoding": "identity",
        "User-Agent": "Querent",
    }
    connection.request("GET", target_of(parts), headers=headers)
    return connection.getresponse()


def _read(answer: http.client.HTTPResponse, limits: Limits) -> bytes:
    if answer.status != 200:
        raise FetchFault(f"The server answered {answer.status} {answer.reason[:100]}.")
    too_large = f"The image is larger than {limits.picture_bytes / 2**20:g} MB. Make it smaller."
    if answer.length is not None and answer.length > limits.picture_bytes:
        raise FetchFault(too_large)
    data = answer.read(limits.picture_bytes + 1)
    if len(data) > limits.picture_bytes:
        raise FetchFault(too_large)
    if answer.length:
        raise ConnectionError("the connection ended before the image did")
    return data


def _inspect(url: str, data: bytes, limits: Limits) -> Picture:
    try:
        found = inspect("", data, limits)
    except PictureFault as fault:
        raise FetchFault(str(fault)) from fault
    name = f"{name_of(url)}.{ENDINGS_BY_TYPE[found.content_type]}"
    return Picture(name, found.data, found.content_type, found.width, found.height)
