"""Somebody cancels while a language model is asked, or while nobody may ask it: both end at once."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from labelmodel.models import FunctionVersion
from labelmodel.services import asking_requests, function_asking, function_run, functions, run_requests
from tests.labelmodel.endpoints.stub import KEYS, Said, Stub, problem, serving
from tests.labelmodel.services.function_help import draft, reviews

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def stub(settings: Any) -> Iterator[Stub]:
    with serving() as found:
        settings.LLM_ALLOW_PRIVATE = True
        endpoint = {"base_url": found.base_url, "keys": [KEYS[0]]}
        settings.LLM_ENDPOINTS = {f"stub-{uuid.uuid4().hex[:12]}": endpoint}
        yield found


def _go_on(run_id: int) -> None:
    try:
        function_asking.go_on(run_id=run_id)
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("said", "how"),
    [
        (Said(late=60), "cancel"),
        (problem(429, "Slow down", Retry_After="18"), "cancel"),
        (Said(late=60), "stop"),
    ],
    ids=["an answer", "a pause", "the kill switch"],
)
def test_what_is_asked_ends_at_once(stub: Stub, settings: Any, said: Said, how: str) -> None:
    project = reviews(["good film", "bad film"])
    (endpoint,) = settings.LLM_ENDPOINTS
    asked = {"endpoint": endpoint, "model": "m", "task": "Judge {{text}}."}
    version = draft(project, kind="endpoint", definition=asked)
    FunctionVersion.objects.filter(pk=version.pk).update(state="active", activated_at=timezone.now())
    run = run_requests.request(project=project, by=project.created_by)
    function_run.run_project(project_id=project.pk)
    assert asking_requests.due() == [run.pk]
    came = threading.Event()

    def does(_: object) -> Said:
        came.set()
        return said

    stub.does = does
    worker = threading.Thread(target=_go_on, args=(run.pk,))
    worker.start()
    assert came.wait(20)
    if how == "cancel":
        run_requests.cancel(run=run, by=project.created_by)
    else:
        functions.stop(function=version.function, by=project.created_by, reason="Too expensive.")
    worker.join(12)

    assert not worker.is_alive()
    run.refresh_from_db()
    assert run.state == ("cancelled" if how == "cancel" else "done")
    assert not version.shards.exists()
