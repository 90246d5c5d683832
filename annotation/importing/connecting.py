"""Connections into the internet, and never to an internal address.

Names are resolved here, every address that a name leads to is checked, and the connection goes to a checked address, so
that a name that changes its address between check and connection gains nothing.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Allowed = Callable[[Address], bool]
_IN_PATH = "/%:@!$&'()*+,;=~-._"


class Unreachable(Exception):
    """Nothing can be asked there. `str(error)` says why and how to mend it."""


@dataclass(frozen=True)
class Patience:
    """Seconds: for a connection and each silence on it, and for one answer altogether."""

    silence: float = 5.0
    altogether: float = 30.0


PATIENCE = Patience()


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


def checked(url: str) -> SplitResult:
    """The parts of an address that may be asked. Raises Unreachable."""
    if any(ord(character) <= 32 or ord(character) == 127 for character in url):
        raise Unreachable("The address has spaces or control characters. Write them as %20 and the like.")
    try:
        parts = urlsplit(url)
        valid = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise Unreachable("Not an address of the form https://example.org/path.")
    if parts.username is not None:
        raise Unreachable("The address holds a user name. Give one that is open to everybody.")
    return parts


def connection_to(parts: SplitResult, allowed: Allowed, patience: Patience) -> Pinned:
    """A connection, not opened yet, to addresses that are all allowed. Raises Unreachable."""
    host, port = str(parts.hostname), parts.port or (443 if parts.scheme == "https" else 80)
    addresses = _resolve(host, port)
    for _, _, _, place in addresses:
        address = ipaddress.ip_address(str(place[0]).partition("%")[0])
        if not allowed(address):
            raise Unreachable(f"{host} is an internal address; only the internet is asked.")
    make = _PinnedHttps if parts.scheme == "https" else Pinned
    return make(host, port, addresses, patience.silence)


def _resolve(host: str, port: int) -> list[Any]:
    try:
        name = host if ":" in host else host.encode("idna").decode("ascii")
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"There is no host called {host[:100]}, or it cannot be found now.") from error
    return [(family, kind, protocol, place) for family, kind, protocol, _, place in found]


class Pinned(http.client.HTTPConnection):
    """Connects to the addresses that were checked, whatever the name leads to by now.

    `line` stays when `sock` goes: of an answer that ends with the connection, its reader alone has the socket.
    """

    line: socket.socket | None = None

    def __init__(self, host: str, port: int, addresses: list[Any], silence: float) -> None:
        super().__init__(host, port, timeout=silence)
        self._addresses = addresses

    def connect(self) -> None:
        self.line = self.sock = self._open()

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


class _PinnedHttps(Pinned):
    default_port = http.client.HTTPS_PORT

    def connect(self) -> None:
        # Known before the handshake, so that one that takes for ever can be cut off.
        self.line = self.sock = ssl.create_default_context().wrap_socket(
            self._open(), server_hostname=self.host, do_handshake_on_connect=False
        )
        self.sock.do_handshake()


def target_of(parts: SplitResult) -> str:
    """What stands behind the host, as a request names it."""
    return quote(parts.path or "/", safe=_IN_PATH) + (
        "?" + quote(parts.query, safe=_IN_PATH + "?") if parts.query else ""
    )


@contextmanager
def cut_off_at(deadline: float, connection: Pinned) -> Iterator[None]:
    """Connect, and end the connection at the deadline: each single byte of a slow server would start the time for a
    silence anew."""
    timer = threading.Timer(max(deadline - time.monotonic(), 0), _cut_off, [connection])
    timer.start()
    try:
        connection.connect()
        yield
    finally:
        timer.cancel()


def _cut_off(connection: Pinned) -> None:
    if connection.line is None:
        return
    with suppress(OSError):
        # Not the method of ssl.SSLSocket, which takes the session away from under the reading thread.
        socket.socket.shutdown(connection.line, socket.SHUT_RDWR)


def words(error: Exception) -> str:
    """What went wrong on the line, on one line."""
    return " ".join(str(error).split())[:200] or type(error).__name__
