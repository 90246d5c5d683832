"""One request against a server that speaks the protocol, and every way to fail at it."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from typing import Any

import pytest

from annotation.importing.connecting import Patience, Unreachable
from labelmodel.endpoints import client
from labelmodel.endpoints.client import Endpoint, Lines, post, written
from labelmodel.endpoints.keys import Secret
from labelmodel.endpoints.replies import Reply
from tests.labelmodel.endpoints.stub import KEYS, Said, Stub, completion, problem

SECRET = Secret(KEYS[0])
BODY = written({"model": "m", "messages": [{"role": "user", "content": "{}"}]})
QUICK = Patience(silence=0.3, altogether=0.5)


def sent(stub: Stub, does: Said | None = None, *, secret: Secret | None = SECRET, **more: Any) -> Reply:
    if does is not None:
        stub.does = lambda _: does
    return post(Endpoint(stub.base_url, private=True), BODY, secret, **{"patience": QUICK, **more})


def test_an_answer_comes_with_what_it_cost(stub: Stub) -> None:
    reply = sent(stub, completion("positive", tokens=(40, 3)))

    assert reply == Reply("answered", text="positive", finish="stop", tokens_in=40, tokens_out=3, status=200)
    assert stub.asked[0].key == KEYS[0]
    assert stub.asked[0].body["model"] == "m"


def test_a_local_server_needs_no_key(stub: Stub) -> None:
    stub.keys = {None}

    assert sent(stub, completion("positive"), secret=None).kind == "answered"


@pytest.mark.parametrize("path", ["/", "/chat/completions", "/chat/completions/"])
def test_addresses_may_be_written_as_providers_do(stub: Stub, path: str) -> None:
    stub.does = lambda _: completion("positive")

    assert post(Endpoint(stub.base_url + path, private=True), BODY, SECRET).kind == "answered"


@pytest.mark.parametrize(
    ("does", "kind", "words"),
    [
        (problem(401, "Incorrect API key provided: sk-first-key-0001."), "denied", "provided: …0001."),
        (problem(403, "Country not supported"), "limited", "Country"),
        (problem(429, "Rate limit reached"), "limited", "Rate limit"),
        (problem(500, "The server had an error"), "failed", "had an error"),
        (problem(503, "Overloaded"), "failed", "Overloaded"),
        (problem(404, "The model `m` does not exist", code="model_not_found"), "misfit", "does not exist"),
        (problem(400, "maximum context length is 10", code="context_length_exceeded"), "refused", "context"),
        (problem(400, "Filtered", code="content_filter"), "refused", "Filtered"),
        (problem(413, "Too much"), "refused", "Too much"),
        (problem(400, "response_format is not supported"), "form", "response_format"),
        (problem(400, "Unknown parameter: 'seed'"), "doubtful", "seed"),
        (problem(422, "Input should be"), "doubtful", "Input"),
        (Said(400, b"<html>"), "doubtful", "answered 400"),
        (Said(302, b"", {"Location": "http://169.254.169.254/"}), "misfit", "elsewhere"),
        (Said(200, b'{"choices": [{"mess'), "failed", "not as chat completions"),
        (Said(200, b"<html>Welcome</html>"), "failed", "not as chat completions"),
        (Said(200, b'{"choices": []}'), "failed", "not as chat completions"),
        (Said(200, b'{"choices": [{"message": null}]}'), "failed", "not as chat completions"),
        (Said(200, b"[" * 100_000), "failed", "not as chat completions"),
        (Said(only=-1), "failed", "No answer"),
        (Said(200, completion("positive").body, only=20), "failed", "No answer"),
        (Said(200, b"x", {"Content-Length": str(10**9)}), "failed", "larger than 2 MB"),
        (Said(200, b"x" * (3 * 2**20), {"Content-Length": ""}), "failed", ""),
        (Said(late=0.45), "failed", "in time"),
        (Said(200, b" " * 1000, drip=0.01), "failed", "in time"),
    ],
)
def test_what_goes_wrong_is_a_reply(stub: Stub, does: Said, kind: str, words: str) -> None:
    reply = sent(stub, does)

    assert reply.kind == kind
    assert words in reply.said
    assert KEYS[0] not in repr(reply)
    assert len(stub.asked) == 1


def test_a_server_that_is_away_failed() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/v1"
        reply = post(Endpoint(url, private=True), BODY, SECRET, patience=QUICK)

    assert (reply.kind, "refused" in reply.said) == ("failed", True)


def test_no_answer_takes_longer_than_allowed(stub: Stub) -> None:
    started = time.monotonic()

    assert sent(stub, Said(200, b" " * 2000, drip=0.05)).kind == "failed"
    assert time.monotonic() - started < 50


def test_a_cancelled_request_ends_at_once(stub: Stub) -> None:
    lines = Lines()
    threading.Timer(0.2, lines.cut).start()
    started = time.monotonic()
    patience = Patience(silence=60.0, altogether=60.0)

    assert sent(stub, Said(late=60.0), lines=lines, patience=patience).kind == "failed"
    assert time.monotonic() - started < 30
    assert sent(stub, lines=lines).kind == "failed"
    assert len(stub.asked) == 1


# Its length is not told: it ends with its connection.
ENDLESS = {"Content-Length": "", "Connection": "close"}


def test_an_answer_that_ends_with_its_connection_is_not_waited_for_either(stub: Stub) -> None:
    started = time.monotonic()

    assert sent(stub, Said(200, b" " * 2000, ENDLESS, drip=0.05)).kind == "failed"
    assert time.monotonic() - started < 50


def test_what_has_begun_to_answer_is_cancelled_too(stub: Stub) -> None:
    lines = Lines()
    threading.Timer(0.5, lines.cut).start()
    started = time.monotonic()
    patience = Patience(silence=60.0, altogether=60.0)

    assert (
        sent(stub, Said(200, b" " * 2000, ENDLESS, drip=0.05), lines=lines, patience=patience).kind
        == "failed"
    )
    assert time.monotonic() - started < 30


@pytest.mark.parametrize(
    ("url", "private", "words"),
    [
        ("http://127.0.0.1:1/v1", False, "https"),
        ("https://127.0.0.1:1/v1", False, "LLM_ALLOW_PRIVATE"),
        ("https://10.0.0.1/v1", False, "LLM_ALLOW_PRIVATE"),
        ("https://[::ffff:10.0.0.1]/v1", False, "LLM_ALLOW_PRIVATE"),
        ("https://169.254.169.254/v1", False, "LLM_ALLOW_PRIVATE"),
        ("http://169.254.169.254/v1", True, "link-local"),
        ("http://[::ffff:169.254.169.254]/v1", True, "link-local"),
        ("http://[fe80::1]/v1", True, "link-local"),
        ("http://0.0.0.0:1/v1", True, "link-local"),
        ("http://8.8.8.8/v1", True, "Plain HTTP"),
        ("https://user:word@example.org/v1", False, "user name"),
        ("ftp://example.org/v1", False, "Not an address"),
        ("https://example.org/v1?key=abc", False, "ends with its path"),
        ("https://exam ple.org/v1", False, "spaces"),
    ],
)
def test_where_nothing_is_sent(url: str, private: bool, words: str) -> None:
    reply = post(Endpoint(url, private), BODY, SECRET, patience=QUICK)

    assert reply.kind == "misfit"
    assert words in reply.said


def test_a_name_that_is_not_found_may_be_found_later() -> None:
    assert post(Endpoint("https://nobody.invalid/v1"), BODY, SECRET, patience=QUICK).kind == "failed"


def test_a_name_is_looked_up_once(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    places = iter([("127.0.0.1", stub.server_port)])

    def changing(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", next(places))]

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    stub.does = lambda _: completion("positive")

    assert post(Endpoint("http://models.example/v1", private=True), BODY, SECRET).kind == "answered"


def test_certificates_are_checked(stub: Stub, tmp_path: Any) -> None:
    """A server that offers no certificate for its name gets no key."""
    reply = post(
        Endpoint(stub.base_url.replace("http:", "https:"), private=True), BODY, SECRET, patience=QUICK
    )

    assert reply.kind == "failed"
    assert not stub.asked
    assert ssl.create_default_context().verify_mode == ssl.CERT_REQUIRED


@pytest.mark.parametrize("url", ["https://api.example.org/v1", "http://models.internal:8000/v1/"])
def test_an_address_may_be_checked_before_it_is_used(url: str) -> None:
    assert Endpoint(url, private=True).place().path == "/v1/chat/completions"


def test_an_address_that_cannot_be_used_says_so() -> None:
    with pytest.raises(Unreachable, match="https"):
        Endpoint("http://api.example.org/v1").place()


def test_equal_requests_are_equal_bytes() -> None:
    assert written({"b": 1, "a": {"d": 2, "c": 3}}) == written({"a": {"c": 3, "d": 2}, "b": 1})


def test_answers_are_bounded() -> None:
    assert client.MOST_BYTES == 2 * 2**20
