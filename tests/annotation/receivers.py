"""A real HTTP server that is told things by webhooks, and behaves as its path says."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook as Verifier


class Receiver(ThreadingHTTPServer):
    """`got` holds each request as (path, headers, body)."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()

    def handle_error(self, *_: Any) -> None:
        """Clients leave in the middle here."""

    def url(self, path: str = "/ok") -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"

    def verified(self, secret: str) -> list[Any]:
        """The messages, of which each must carry a good signature."""
        return [Verifier(secret).verify(body, headers) for _, headers, body in self.got]

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for _, headers, _ in self.got]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver
    left = False

    def do_POST(self) -> None:
        with self.server.lock:
            self.server.at_once += 1
            self.server.most_at_once = max(self.server.most_at_once, self.server.at_once)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, dict(self.headers), body))
        getattr(self, f"on_{self.path.strip('/').partition('?')[0]}")()
        self.leave()

    def leave(self) -> None:
        """Whoever has the answer may send the next message, before this thread ends."""
        with self.server.lock:
            self.server.at_once -= not self.left
            self.left = True

    def log_message(self, *_: Any) -> None:
        pass

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.leave()
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def on_ok(self) -> None:
        self.reply(200, b"thanks")

    def on_unwell(self) -> None:
        self.reply(500, b"out of order \0 " + b"x" * 2000)

    def on_busy(self) -> None:
        self.reply(429, Retry_After="4000")

    def on_gone(self) -> None:
        self.reply(410)

    def on_moved(self) -> None:
        self.reply(307, Location="/ok")

    def on_slow(self) -> None:
        time.sleep(0.6)
        self.reply(200)

    def on_drip(self) -> None:
        for byte in b"HTTP/1.1 200 OK\r\n" * 5:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(0.05)

    def on_trickle(self) -> None:
        self.send_response(200)
        self.end_headers()
        for _ in range(60):
            self.wfile.write(b"x")
            self.wfile.flush()
            time.sleep(0.05)

    def on_rubbish(self) -> None:
        self.wfile.write(b"\x00\xff\x17 this is not HTTP\r\n\r\n")

    def on_hangs_up(self) -> None:
        self.connection.close()

    def on_short(self) -> None:
        time.sleep(0.02)
        self.reply(204)


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield receiver
    finally:
        receiver.shutdown()
        receiver.server_close()
        thread.join()
