"""What runs and the label model say of each function, for the table of all of them."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from annotation.models import Project
from labelmodel.models import FunctionRun, FunctionVersion, WeakRun
from labelmodel.reports import functions_table
from labelmodel.services import functions
from tests.labelmodel.written import make_function, make_texts

pytestmark = pytest.mark.django_db
SONG = {"rules": [{"label": "ham", "any": ["song"]}]}


@pytest.fixture
def project() -> Project:
    return make_texts(["song", "hello"])[0]


def run_of(version: FunctionVersion, *, kind: str = "new", **line: Any) -> FunctionRun:
    project = version.project
    lines = {str(version.pk): {"evaluated": 10, **line}}
    return FunctionRun.objects.create(
        project=project, kind=kind, trigger="page", created_by=project.created_by, state="done", lines=lines
    )


def test_the_latest_run_over_the_pool_tells_errors_and_drift(project: Project) -> None:
    version = make_function(project, "song", SONG)
    run_of(version, errors=9)
    run = run_of(version, errors=2, messages=[{"item": 1, "message": "oh"}], drift=-0.2, drift_z=-4.0)
    run_of(version, kind="canary", errors=7)
    run_of(version, evaluated=0)
    few = run_of(version, evaluated=1, errors=1, hit_rate=1.0)

    (one,) = functions_table.listed(project)

    assert (one.health.run, one.health.errors, one.health.messages) == (few.pk, 1, ())
    assert run.pk < few.pk
    assert (one.health.drift, one.health.drifts) == (-0.2, True)


@pytest.mark.parametrize(("drift", "z"), [(0.2, 2.0), (0.001, 9.0), (None, None)])
def test_chance_and_trifles_are_no_drift(project: Project, drift: float | None, z: float | None) -> None:
    run_of(make_function(project, "song", SONG), drift=drift, drift_z=z)

    (one,) = functions_table.listed(project)

    assert not one.health.drifts


def test_the_label_model_s_estimate_is_that_of_the_latest_run_that_counts(project: Project) -> None:
    version = make_function(project, "song", SONG)

    def fit(accuracy: float, **values: Any) -> WeakRun:
        told = {"accuracy": accuracy, "low": 0.5, "high": 0.9, "judgments": 12.0}
        metrics = {
            "sources": [{"key": version.pk, "estimated": told}, {"key": "import:x @ 1", "estimated": told}]
        }
        return WeakRun.objects.create(
            project=project, question="kind", schema=project.schema, method="majority", trigger="page",
            created_by=project.created_by, metrics=metrics, **{"state": "done", **values},
        )  # fmt: skip

    fit(0.1)
    run = fit(0.7)
    fit(0.2, withdrawn_at=timezone.now())
    fit(0.3, state="failed")

    (one,) = functions_table.listed(project)

    assert one.estimate == functions_table.Estimate(0.7, 0.5, 0.9, 12.0, run.pk)


def test_the_active_version_is_shown_and_a_later_one_waits(project: Project) -> None:
    version = make_function(project, "song", SONG)
    draft = functions.new_version(
        function=version.function, by=project.created_by, kind="keywords", definition=SONG
    )

    (one,) = functions_table.listed(project, question="kind")

    assert (one.version, one.waiting) == (version, draft)
    assert functions_table.listed(project, question="other") == []
    FunctionVersion.objects.filter(pk=draft.pk).update(state="refused")
    assert functions_table.listed(project)[0].waiting is None


def test_many_functions_cost_no_more_statements(project: Project, django_assert_max_num_queries: Any) -> None:
    for number in range(12):
        run_of(make_function(project, f"song {number}", SONG))

    with django_assert_max_num_queries(10):
        functions_table.listed(project)
