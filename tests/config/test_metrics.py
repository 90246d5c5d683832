"""/metrics is right with several processes, cheap, and not for strangers."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from annotation.models import ConsensusDue, Project
from annotation.services import consensus
from config import metrics, metrics_gauges
from labelmodel.models import LabelingFunction
from tests.config.processes import ROOT
from tests.factories import make_user
from tests.labelmodel.weak_help import cast, fit, label, make_weak

LIVE_OK = 'querent_request_seconds_count{method="GET",route="health-live",status="2xx"}'
# Serves once, waits for a word, and serves on: so that two of them are counting at the same time.
SERVE = """
import django, os; django.setup()
from django.test import Client
def serve():
    assert Client(headers={"Host": "127.0.0.1"}).get("/health/live").status_code == 200
serve()
print("served", flush=True)
input()
for _ in range(int(os.environ["TIMES"]) - 1):
    serve()
"""


def value(page: str, name: str) -> float:
    return next((float(line.rsplit(" ", 1)[1]) for line in page.splitlines() if line.startswith(name)), 0.0)


def serving(environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SERVE],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def scrape(client: Client, monkeypatch: pytest.MonkeyPatch, db: None) -> Any:
    def read() -> str:
        monkeypatch.setattr(metrics, "_installation", metrics_gauges.Installation())
        response = client.get("/metrics")
        assert response.status_code == 200
        return response.content.decode()

    return read


def test_requests_are_counted_by_route(client: Client, scrape: Any) -> None:
    before = value(scrape(), LIVE_OK)
    client.get("/health/live")

    assert value(scrape(), LIVE_OK) == before + 1


def test_unknown_paths_and_invented_methods_share_a_series(client: Client, scrape: Any) -> None:
    client.generic("BREW", "/no/such/page")

    page = scrape()
    assert 'method="other",route="none",status="4xx"' in page
    assert "BREW" not in page


def test_processes_are_added_up(tmp_path: Path, scrape: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = {
        **os.environ,
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "HTTPS": "false",
    }
    with ExitStack() as stack:
        both = [stack.enter_context(serving({**shared, "TIMES": times})) for times in ("2", "3")]
        for process in both:
            assert process.stdout
            assert process.stdout.readline() == "served\n"
        for process in both:
            process.communicate("\n", timeout=60)
    monkeypatch.setattr(metrics, "_DIRECTORY", tmp_path)

    assert value(scrape(), LIVE_OK) == 5


def test_items_and_queue_are_counted(project: Project, scrape: Any) -> None:
    page = scrape()

    assert value(page, 'querent_items{state="open"}') == 5
    assert value(page, f'querent_queue_items{{project="{project.pk}"}}') == 5
    assert value(page, 'querent_component_up{component="database"}') == 1


def test_votes_that_no_worker_has_looked_at_are_counted_with_their_age(project: Project, scrape: Any) -> None:
    consensus.mark_due(project_id=project.pk, items=[project.items.earliest("pk").pk])
    ConsensusDue.objects.update(created_at=timezone.now() - timedelta(minutes=5))

    page = scrape()

    assert value(page, "querent_consensus_due ") == 1
    assert value(page, "querent_consensus_due_seconds ") >= 300
    assert value(page, 'querent_label_model_runs{state="failed"}') == 0


def test_labeling_functions_are_told_by_question_and_by_function(scrape: Any) -> None:
    project = make_weak(60)
    cast(project)
    label(project, 10)
    run = fit(project)

    page = scrape()

    of_question = f'{{project="{project.pk}",question="sentiment"}}'
    assert value(page, f"querent_functions_coverage{of_question}") == run.metrics["coverage"]
    assert value(page, f"querent_functions_brier{of_question}") == run.metrics["judged"]["brier"]
    function = LabelingFunction.objects.get(name="sure").pk
    rate = value(page, f'querent_function_hit_rate{{function="{function}",project="{project.pk}"}}')
    assert 0.3 < rate < 0.7
    assert value(page, 'querent_function_fits{state="done"}') == 1


def test_counts_are_kept_for_a_while(project: Project, client: Client, scrape: Any) -> None:
    scrape()
    project.items.all().delete()

    assert value(client.get("/metrics").content.decode(), 'querent_items{state="open"}') == 5


def test_refusals_are_no_errors(client: Client, scrape: Any) -> None:
    client.force_login(make_user())

    assert client.get("/projects/999/").status_code == 404
    assert client.get("/projects/new/").status_code == 403
    assert 'route="project' not in "".join(
        line for line in scrape().splitlines() if "querent_errors_total" in line
    )


def test_unhandled_exceptions_are_counted(rf: Any) -> None:
    middleware = metrics.MetricsMiddleware(lambda request: None)  # type: ignore[arg-type,return-value]
    counter = metrics.ERRORS.labels("none", "ZeroDivisionError")
    before = counter._value.get()

    middleware.process_exception(rf.get("/"), ZeroDivisionError())

    assert counter._value.get() == before + 1


@pytest.mark.parametrize(
    ("headers", "address", "status"),
    [
        ({}, "127.0.0.1", 200),
        ({}, "10.0.0.1", 403),
        ({"X-Forwarded-For": "10.0.0.1"}, "127.0.0.1", 403),
        ({"Authorization": "Bearer wrong"}, "10.0.0.1", 403),
        ({"Authorization": "Bearer right"}, "10.0.0.1", 200),
    ],
)
@pytest.mark.django_db
def test_who_may_read(client: Client, settings: Any, headers: Any, address: str, status: int) -> None:
    settings.METRICS_TOKEN = "right"

    assert client.get("/metrics", headers=headers, REMOTE_ADDR=address).status_code == status
