"""Images from the web, against real servers on loopback; and every way to an internal address that we know of."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from annotation.importing import connecting, fetching
from annotation.importing.fetching import Address, FetchFault, Patience, is_public, picture
from annotation.importing.records import Limits
from tests.annotation.importing.test_pictures import image

PNG = image(size=(8, 8))


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append((self.headers["Host"], self.path))  # type: ignore[attr-defined]
        getattr(self, f"do_{self.path.strip('/').partition('?')[0].partition('/')[0]}")()

    def log_message(self, *_: Any) -> None:
        pass

    def reply(self, body: bytes = PNG, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_image(self) -> None:
        self.reply(Content_Type="text/html")

    def do_text(self) -> None:
        self.reply(b"<html>", Content_Type="image/png")

    def do_missing(self) -> None:
        self.reply(b"", 404)

    def do_large(self) -> None:
        self.reply(PNG, Content_Length=str(10**9))

    def do_endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        for _ in range(1000):
            self.wfile.write(b"x" * 10_000)

    def do_cut(self) -> None:
        self.reply(PNG[:-5], Content_Length=str(len(PNG)))

    def do_moved(self) -> None:
        self.reply(b"", 302, Location=self.path.partition("?")[2] or "/image")

    def do_loop(self) -> None:
        self.reply(b"", 302, Location="/loop")

    def do_drip(self) -> None:
        self.send_response(200)
        for _ in range(100):
            self.wfile.write(b"X")
            self.wfile.flush()
            time.sleep(0.05)

    def do_trickle(self) -> None:
        """Its length is not told: the answer ends with the connection."""
        self.send_response(200)
        self.end_headers()
        for byte in PNG:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(0.05)

    def do_silent(self) -> None:
        time.sleep(2)


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    found = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.asked = []  # type: ignore[attr-defined]
    found.daemon_threads = True
    found.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients leave in the middle here
    thread = threading.Thread(target=found.serve_forever, args=(0.02,))
    thread.start()
    yield found
    found.shutdown()
    found.server_close()
    thread.join()


def loopback(address: Address) -> bool:
    return address.is_loopback


def fetch(server: ThreadingHTTPServer, path: str, **options: Any) -> Any:
    url = f"http://127.0.0.1:{server.server_port}{path}"
    return picture(url, Limits(picture_bytes=100_000), allowed=options.pop("allowed", loopback), **options)


def test_an_image_is_known_by_its_content_and_named_by_its_address(server: ThreadingHTTPServer) -> None:
    found = fetch(server, "/image?size=8")

    assert (found.data, found.content_type, found.width) == (PNG, "image/png", 8)
    assert found.name == f"{fetching.name_of(f'http://127.0.0.1:{server.server_port}/image?size=8')}.png"


def test_a_redirect_is_followed(server: ThreadingHTTPServer) -> None:
    assert fetch(server, "/moved").data == PNG


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/text", "SVG|Not an image"),
        ("/missing", "answered 404"),
        ("/large", "larger than"),
        ("/endless", "larger than"),
        ("/cut", "ended before"),
        ("/loop", "more than 5 times"),
        ("/moved?file:///etc/passwd", "Not an address"),
        ("/moved?ftp://127.0.0.1/", "Not an address"),
        ("/moved?//user:pw@127.0.0.1/", "user name"),
    ],
)
def test_what_is_no_image(server: ThreadingHTTPServer, path: str, why: str) -> None:
    with pytest.raises(FetchFault, match=why):
        fetch(server, path)


@pytest.mark.parametrize("path", ["/drip", "/trickle", "/silent"])
def test_a_slow_server_is_left(server: ThreadingHTTPServer, path: str) -> None:
    started = time.monotonic()

    with pytest.raises(FetchFault, match=r"too slow|timed out"):
        fetch(server, path, patience=Patience(silence=0.3, altogether=0.6))

    assert time.monotonic() - started < 1.5


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "127.9.9.9", "2130706433", "0x7f000001", "0177.0.0.1", "0", "0.0.0.0", "localhost",
        "LOCALHOST", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
    ],
)  # fmt: skip
def test_loopback_in_every_spelling_is_never_asked(server: ThreadingHTTPServer, host: str) -> None:
    with pytest.raises(FetchFault):
        picture(f"http://{host}:{server.server_port}/image", Limits())

    assert server.asked == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1",
        "224.0.0.1", "240.0.0.1", "255.255.255.255", "0.1.2.3", "fc00::1", "fd12::1", "fe80::1", "fec0::1", "ff02::1", "::1",
        "::", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a00:1", "64:ff9b:1::a00:1", "2002:a00:1::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_of_the_internet(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_of_the_internet(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


def test_a_name_that_leads_to_an_internal_address(
    server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _resolve_to(monkeypatch, ["8.8.8.8", "127.0.0.1"])

    with pytest.raises(FetchFault, match="internal address"):
        picture(f"http://images.example.org:{server.server_port}/image", Limits())

    assert server.asked == []  # type: ignore[attr-defined]


def test_a_redirect_to_an_internal_address(server: ThreadingHTTPServer) -> None:
    """The first hop is allowed by its port alone; the second leads to the same machine by another name."""

    def once(address: Address) -> bool:
        return address == ipaddress.ip_address("127.0.0.1")

    with pytest.raises(FetchFault, match="internal address"):
        fetch(server, f"/moved?http://127.0.0.2:{server.server_port}/image", allowed=once)

    assert [path for _, path in server.asked] == [f"/moved?http://127.0.0.2:{server.server_port}/image"]  # type: ignore[attr-defined]


def test_a_name_that_changes_its_address_after_the_check(
    server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Resolved once for each hop: the connection goes to the address that was checked."""
    asked = _resolve_to(monkeypatch, ["127.0.0.1"])

    found = picture(f"http://images.example.org:{server.server_port}/image", Limits(), allowed=loopback)

    assert found.data == PNG
    assert len(asked) == 1
    assert server.asked == [(f"images.example.org:{server.server_port}", "/image")]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "url",
    [
        "http://", "http:///image", "https://:80/", "http://a b/", "http://x.org/\r\nHost: y", "http://x.org:99999/",
        "http://x.org:0/", "http://[::1", "gopher://x.org/", "http://" + "a" * 300 + ".org/", "http://no-such-host.invalid/",
        "http://user@x.org/",
    ],
)  # fmt: skip
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(FetchFault):
        picture(url, Limits())


def _resolve_to(monkeypatch: pytest.MonkeyPatch, addresses: list[str]) -> list[str]:
    """The name server answers so; ours cannot be told to."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def answer(host: str, port: int, **options: Any) -> list[Any]:
        asked.append(host)
        return [found for address in addresses for found in real(address, port, **options)]

    monkeypatch.setattr(connecting.socket, "getaddrinfo", answer)
    return asked
