"""Images from the web, and never from an internal address.

Names are resolved here, every address that a name leads to is checked, and the connection goes to a checked address, so
that a name that changes its address between check and connection gains nothing. Each redirect is checked the same way.
"""

from __future__ import annotations

import hashlib
import http.client
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from annotation.importing.pictures import ENDINGS_BY_TYPE, Picture, PictureFault, inspect
from annotation.importing.records import Limits

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
IS_URL = re.compile(r"https?://", re.IGNORECASE)
_MOVED = {301, 302, 303, 307, 308}
_REDIRECTS = 5
_IN_PATH = "/%:@!$&'()*+,;=~-._"


class FetchFault(Exception):
    """The image could not be had. `str(error)` says why and how to mend it."""


@dataclass(frozen=True)
class Patience:
    """Seconds: for a connection and each silence on it, and for one image altogether."""

    silence: float = 5.0
    altogether: float = 30.0


def is_public(address: Address) -> bool:
    """Whether this address belongs to the internet, whatever form it hides in."""
    if isinstance(address, ipaddress.IPv6Address):
        # Those of NAT64 (64:ff9b::/96) are among the reserved ones.
        if address.teredo or address.sixtofour:
            return False
        if address.ipv4_mapped:
            return is_public(address.ipv4_mapped)
        if address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def picture(
    url: str,
    limits: Limits,
    *,
    allowed: Callable[[Address], bool] = is_public,
    patience: Patience = Patience(),
) -> Picture:
    """Fetch one image; its name is made from the URL. Raises FetchFault."""
    deadline = time.monotonic() + patience.altogether
    target = url
    for _ in range(_REDIRECTS + 1):
        parts = _checked(target)
        connection = _connection(parts, allowed, patience)
        try:
            with _cut_off_at(deadline, connection):
                answer = _ask(connection, parts)
                if answer.status not in _MOVED:
                    return _inspect(url, _read(answer, limits), limits)
                target = urljoin(target, answer.getheader("Location") or "")
        except (OSError, http.client.HTTPException) as error:
            late = time.monotonic() >= deadline
            why = "the server is too slow" if late else _words(error)
            raise FetchFault(
                f"The image could not be fetched ({why}). Import the row again later."
            ) from error
        finally:
            connection.close()
    raise FetchFault(f"The address leads on more than {_REDIRECTS} times. Give the final one.")


def name_of(url: str) -> str:
    """The name, without ending, under which the image at this address is kept."""
    return f"web/{hashlib.sha256(url.encode('utf-8', 'replace')).hexdigest()[:32]}"


def _checked(url: str) -> SplitResult:
    if any(ord(character) <= 32 or ord(character) == 127 for character in url):
        raise FetchFault("The address has spaces or control characters. Write them as %20 and the like.")
    try:
        parts = urlsplit(url)
        valid = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise FetchFault("Not an address of the form https://example.org/image.png.")
    if parts.username is not None:
        raise FetchFault("The address holds a user name. Give one that is open to everybody.")
    return parts


def _connection(
    parts: SplitResult, allowed: Callable[[Address], bool], patience: Patience
) -> http.client.HTTPConnection:
    host, port = str(parts.hostname), parts.port or (443 if parts.scheme == "https" else 80)
    addresses = _resolve(host, port)
    for _, _, _, place in addresses:
        address = ipaddress.ip_address(str(place[0]).partition("%")[0])
        if not allowed(address):
            raise FetchFault(f"{host} is an internal address; images are fetched from the internet only.")
    make = _PinnedHttps if parts.scheme == "https" else _Pinned
    return make(host, port, addresses, patience.silence)


def _resolve(host: str, port: int) -> list[Any]:
    try:
        name = host if ":" in host else host.encode("idna").decode("ascii")
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError) as error:
        raise FetchFault(f"There is no host called {host[:100]}, or it cannot be found now.") from error
    return [(family, kind, protocol, place) for family, kind, protocol, _, place in found]


class _Pinned(http.client.HTTPConnection):
    """Connects to the addresses that were checked, whatever the name leads to by now."""

    def __init__(self, host: str, port: int, addresses: list[Any], silence: float) -> None:
        super().__init__(host, port, timeout=silence)
        self._addresses = addresses

    def connect(self) -> None:
        self.sock = self._open()

    def _open(self) -> socket.socket:
        failure: OSError = OSError("no address")
        for family, kind, protocol, place in self._addresses[:3]:
            found = socket.socket(family, kind, protocol)
            try:
                found.settimeout(self.timeout)
                found.connect(place)
            except OSError as error:
                found.close()
                failure = error
            else:
                return found
        raise failure


class _PinnedHttps(_Pinned):
    default_port = http.client.HTTPS_PORT

    def connect(self) -> None:
        self.sock = ssl.create_default_context().wrap_socket(self._open(), server_hostname=self.host)


def _ask(connection: http.client.HTTPConnection, parts: SplitResult) -> http.client.HTTPResponse:
    path = quote(parts.path or "/", safe=_IN_PATH)
    if parts.query:
        path += "?" + quote(parts.query, safe=_IN_PATH + "?")
    headers = {
        "Accept": ", ".join(sorted(ENDINGS_BY_TYPE)),
        "Accept-Encoding": "identity",
        "User-Agent": "Querent",
    }
    connection.request("GET", path, headers=headers)
    return connection.getresponse()


@contextmanager
def _cut_off_at(deadline: float, connection: http.client.HTTPConnection) -> Iterator[None]:
    """End the connection at the deadline: each single byte of a slow server would start the time for a silence anew."""
    connection.connect()
    timer = threading.Timer(max(deadline - time.monotonic(), 0), _cut_off, [connection.sock])
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _cut_off(connected: socket.socket) -> None:
    with suppress(OSError):
        # Not the method of ssl.SSLSocket, which takes the session away from under the reading thread.
        socket.socket.shutdown(connected, socket.SHUT_RDWR)


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


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
