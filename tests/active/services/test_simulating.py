"""Simulations on what a project has labeled."""

from __future__ import annotations

import pytest

from active.models import Simulation
from active.services import simulating, simulations
from tests.active.learning import make_learning

pytestmark = pytest.mark.django_db
SMALL = {"strategies": ["margin"], "seeds": 2, "start": 5, "batch": 10, "budget": 25}


def test_curves_of_every_strategy() -> None:
    project, _ = make_learning(items=60, answered=60)
    asked = simulations.request(project=project, by=project.created_by, **SMALL)

    simulating.run(simulation_id=asked.pk)

    asked.refresh_from_db()
    assert (asked.state, asked.error, asked.progress) == ("done", "", 1.0)
    names = [one["name"] for one in asked.result["strategies"]]
    assert names == ["margin", "random"]
    curve = asked.result["strategies"][0]
    assert curve["labels"] == [5, 15, 25]
    assert len(curve["mean"]) == len(curve["low"]) == 3
    assert asked.result["train"] + asked.result["test"] == 60


def test_one_that_was_cancelled_stays_so() -> None:
    project, _ = make_learning(items=60, answered=60)
    asked = simulations.request(project=project, by=project.created_by, **SMALL)
    simulations.cancel(simulation=asked, by=project.created_by)

    simulating.run(simulation_id=asked.pk)

    asked.refresh_from_db()
    assert asked.state == "cancelled"


def test_a_worker_that_dies_three_times_ends_it() -> None:
    project, _ = make_learning(items=60, answered=60)
    asked = simulations.request(project=project, by=project.created_by, **SMALL)
    Simulation.objects.filter(pk=asked.pk).update(attempts=3)

    simulating.run(simulation_id=asked.pk)

    asked.refresh_from_db()
    assert (asked.state, "died 3 times" in asked.error) == ("failed", True)
