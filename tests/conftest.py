"""The standing cast: one project, and people who are something in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from rest_framework.test import APIClient

from annotation.models import Project, User
from tests.factories import make_member, make_project, make_user

# Playwright's synchronous API runs an event loop in the test's thread; Django would refuse to query there.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


def pytest_configure(config: pytest.Config) -> None:
    settings.PASSWORD_HASHERS = ["tests.hashing.QuickHasher"]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that wait long begin first, so that they wait beside others instead of after them."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The test database, which goes in the end although a process that a test killed may still hold a session."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(autouse=True)
def _fresh_cache(request: pytest.FixtureRequest) -> Any:
    """No test sees another's cached figures, throttles or sessions."""
    if {"db", "transactional_db", "project"} & set(request.fixturenames):
        cache.clear()


@pytest.fixture
def owner(db: None) -> User:
    return make_user("olga", can_create_projects=True)


@pytest.fixture
def project(owner: User) -> Project:
    return make_project(owner=owner, items=5)


@pytest.fixture
def manager(project: Project) -> User:
    return make_member(project, "manager", user=make_user("mira"))


@pytest.fixture
def annotator(project: Project) -> User:
    return make_member(project, "annotator", user=make_user("anna"))


@pytest.fixture
def second_annotator(project: Project) -> User:
    return make_member(project, "annotator", user=make_user("bert"))


@pytest.fixture
def adjudicator(project: Project) -> User:
    return make_member(project, "adjudicator", user=make_user("ada"))


@pytest.fixture
def viewer(project: Project) -> User:
    return make_member(project, "viewer", user=make_user("vera"))


@pytest.fixture
def stranger(db: None) -> User:
    return make_user("sven")


@pytest.fixture
def admin(db: None) -> User:
    return make_user("root", is_staff=True, is_superuser=True)


@pytest.fixture
def api() -> Any:
    """`api(user)` is a REST client that is signed in as this user."""

    def client_for(user: User | None) -> APIClient:
        client = APIClient(enforce_csrf_checks=False)
        if user is not None:
            client.force_authenticate(user)
        return client

    client_for.__name__ = "api"
    return client_for
