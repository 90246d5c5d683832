"""A real browser against a real server: granian as in production, on the test database."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from annotation.models import User
from tests.labelmodel.endpoints.stub import KEYS, Stub, serving

ROOT = Path(__file__).resolve().parents[2]
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser test that fails is tried once more: a busy machine's delays are told from faults, and reported as R."""
    for item in items:
        if item.get_closest_marker("e2e"):
            item.add_marker(pytest.mark.flaky(reruns=1))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _database_url() -> str:
    """The address of the database that pytest-django has made."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    # Emptying the tables after a test must win over a last request of its page, which then notices the deadlock first.
    options = quote("-c plan_cache_mode=force_generic_plan -c deadlock_timeout=50ms")
    query = "&".join(filter(None, [parts.query, f"options={options}"]))
    return urlunsplit(parts._replace(path="/" + settings.DATABASES["default"]["NAME"], query=query))


@pytest.fixture(scope="session")
def language_model() -> Iterator[Stub]:
    """A server that answers as language models do; web processes know it as the endpoint “main”, with its keys."""
    with serving() as found:
        yield found


def endpoints_of(stub: Stub) -> dict[str, Any]:
    """LLM_ENDPOINTS with this server."""
    return {"main": {"base_url": stub.base_url, "keys": list(KEYS)}}


@pytest.fixture(scope="session")
def server(
    django_db_setup: None,
    django_db_blocker: Any,
    tmp_path_factory: pytest.TempPathFactory,
    language_model: Stub,
) -> Iterator[str]:
    """The address of a running web server."""
    port = free_port()
    log = tmp_path_factory.mktemp("web") / "web.log"
    # DEBUG serves the static files as they are, without collecting them first.
    environment = {**os.environ, "DATABASE_URL": _database_url(), "DEBUG": "1", "HTTPS": "0"}
    environment |= {"LLM_ENDPOINTS": json.dumps(endpoints_of(language_model)), "LLM_ALLOW_PRIVATE": "1"}
    command = [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "wsgi",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    command += ["--blocking-threads", "4", "config.wsgi:application"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _wait(f"http://127.0.0.1:{port}/health/live", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)
        with django_db_blocker.unblock():
            _end_other_sessions()


def _end_other_sessions() -> None:
    """PostgreSQL notices a little later that servers and workers have gone; the database cannot be dropped before."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()"""
        )


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=20):
                return
        except urllib.error.HTTPError:
            break
        except (urllib.error.URLError, OSError):
            if process.poll() is not None:
                break
            time.sleep(0.1)
    raise RuntimeError(f"The web server did not start:\n{log.read_text()[-4000:]}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if path is None:
        pytest.skip("No Chromium: install it, or set CHROMIUM to its path.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--headless=new"])
        yield browser
        browser.close()


@pytest.fixture
def signed_in(
    server: str, browser: Browser, transactional_db: None
) -> Iterator[Callable[..., BrowserContext]]:
    """`signed_in(user)` is a browser in which this person is signed in."""
    contexts: list[BrowserContext] = []

    def open_for(user: User, **options: Any) -> BrowserContext:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        context = browser.new_context(base_url=server, **options)
        context.add_cookies(
            [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": server}]
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        return context

    yield open_for
    for context in contexts:
        context.close()
    _wait_for_last_requests()


def _wait_for_last_requests() -> None:
    """A page that goes away still tells the server so; the tables are emptied when that is done."""
    busy = """SELECT count(*) FROM pg_stat_activity
              WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'"""
    end, quiet = time.monotonic() + 10, 0
    while quiet < 3 and time.monotonic() < end:
        time.sleep(0.02)
        with connection.cursor() as cursor:
            cursor.execute(busy)
            quiet = 0 if cursor.fetchone()[0] else quiet + 1


@pytest.fixture
def problems() -> Iterator[Callable[[Page], Page]]:
    """`problems(page)` makes the test fail when the page logs an error or throws."""
    found: list[str] = []

    def watch(page: Page) -> Page:
        page.on("pageerror", lambda error: found.append(f"thrown: {error}"))
        page.on("console", lambda message: message.type == "error" and found.append(message.text))
        return page

    yield watch
    # A request that was cut off or refused on purpose is logged by the browser itself, and by htmx.
    expected = ("Failed to load resource", "htmx:afterRequest", "htmx:sendError", "htmx:sendAbort")
    assert [text for text in found if not any(word in text for word in expected)] == []
