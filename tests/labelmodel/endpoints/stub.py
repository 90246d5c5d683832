"""A server on loopback that speaks the protocol of chat completions, and every way to fail at it."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEYS = ("sk-first-key-0001", "sk-second-key-0002", "sk-third-key-0003")
FORMS = ("json_schema", "json_object", "text")


@dataclass(frozen=True)
class Request:
    """What was asked."""

    key: str | None
    body: dict[str, Any]
    at: float

    @property
    def system(self) -> str:
        return str(self.body["messages"][0]["content"])

    @property
    def item(self) -> dict[str, Any]:
        return dict(json.loads(self.body["messages"][1]["content"]))


@dataclass(frozen=True)
class Said:
    """What the server does: an answer or an error, perhaps late, perhaps only half of it."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    late: float = 0.0
    # So many bytes of the body, then the connection ends. Less than 0: it ends without a word.
    only: int | None = None
    drip: float = 0.0


def completion(text: Any, *, finish: str = "stop", tokens: tuple[int, int] = (30, 5), **message: Any) -> Said:
    """An answer as the protocol has it."""
    logprobs = message.pop("logprobs", None)
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text, "refusal": None, **message},
        "logprobs": logprobs,
        "finish_reason": finish,
    }
    usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens)}
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "stub",
        "choices": [choice],
        "usage": usage,
    }
    return Said(body=json.dumps(body).encode())


def labeled(label: str, **more: Any) -> Said:
    """An answer in the form of JSON."""
    return completion(json.dumps({"label": label, **more}))


def problem(status: int, message: str = "No.", *, code: str | None = None, **headers: str) -> Said:
    """An error as the protocol has it."""
    body = {"error": {"message": message, "type": "some_error", "param": None, "code": code}}
    return Said(
        status,
        json.dumps(body).encode(),
        {name.replace("_", "-"): value for name, value in headers.items()},
    )


Behaviour = Callable[[Request], Said]


def sensible(request: Request) -> Said:
    """Labels by what an item says."""
    text = str(request.item.get("text"))
    return labeled("positive" if "good" in text else "negative" if "bad" in text else "unsure")


class Stub(ThreadingHTTPServer):
    """`does` says what happens to requests that are in order; `forms` which forms of answers it knows."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.does: Behaviour = sensible
        self.keys: set[str | None] = set(KEYS)
        self.forms: tuple[str, ...] = FORMS
        self.asked: list[Request] = []
        self.flying = self.most_flying = 0
        self.lock, self.closing = threading.Lock(), threading.Event()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, *_: Any) -> None:
        """Clients leave in the middle here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Stub

    def log_message(self, *_: Any) -> None:
        pass

    def do_POST(self) -> None:
        stub = self.server
        with stub.lock:
            stub.flying += 1
            stub.most_flying = max(stub.most_flying, stub.flying)
        try:
            said = self._said()
            stub.closing.wait(said.late)
        finally:
            # Before the answer: who reads it may send the next request at once.
            with stub.lock:
                stub.flying -= 1
        self._say(said)

    def _said(self) -> Said:
        stub = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        kind, _, key = (self.headers["Authorization"] or "").partition(" ")
        request = Request(key or None, body, time.time())
        with stub.lock:
            stub.asked.append(request)
        if self.path != "/v1/chat/completions":
            return problem(404, f"Unknown request URL: POST {self.path}.")
        if request.key not in stub.keys or kind not in {"", "Bearer"}:
            return problem(401, f"Incorrect API key provided: {request.key}.", code="invalid_api_key")
        return self._fault(body) or stub.does(request)

    def _fault(self, body: dict[str, Any]) -> Said | None:
        roles = [message.get("role") for message in body.get("messages", [])]
        if self.headers["Content-Type"] != "application/json" or not body.get("model") or not roles:
            return problem(400, "We could not parse the JSON body of your request.")
        if not set(roles) <= {"system", "user", "assistant"}:
            return problem(400, f"Invalid value: {roles}")
        form = body.get("response_format", {"type": "text"})
        if form["type"] not in self.server.forms:
            return problem(
                400, f"Invalid parameter: 'response_format' of type '{form['type']}' is not supported."
            )
        if form["type"] == "json_object" and "JSON" not in str(body["messages"]):
            return problem(400, "'messages' must contain the word 'json' to use 'response_format'.")
        return None

    def _say(self, said: Said) -> None:
        if said.only is not None and said.only < 0:
            # A reset, not an end.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            return
        self.send_response(said.status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(said.body)),
            **said.headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if said.drip:
            for byte in said.body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(said.drip)
        else:
            self.wfile.write(said.body if said.only is None else said.body[: said.only])
        self.close_connection = self.close_connection or said.only is not None


@contextmanager
def serving() -> Iterator[Stub]:
    """A stub that runs until the block ends."""
    stub = Stub()
    thread = threading.Thread(target=stub.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield stub
    finally:
        stub.closing.set()
        stub.shutdown()
        stub.server_close()
        thread.join()
