"""Rounds for questions that take several labels, and for ratings."""

from __future__ import annotations

from typing import Any

import pytest

from active.models import ModelVersion
from annotation.services import answers, queue
from annotation.services.answers import Answer
from labelmodel.services import refresh
from tests.active.learning import make_learning, run, truth
from tests.factories import make_schema

pytestmark = pytest.mark.django_db
TOPICS = {
    "name": "topics",
    "type": "multiple_choice",
    "labels": [{"value": "good"}, {"value": "bad"}, {"value": "rare"}],
}
STARS = {"name": "stars", "type": "rating", "min": 1, "max": 5}


def said(question: str, n: int) -> Any:
    good = truth(n) == "positive"
    if question == "stars":
        return 5 - n % 2 if good else 1 + n % 2
    return ["good"] if good else ["bad"]


@pytest.mark.parametrize(("question", "kind"), [(TOPICS, "set"), (STARS, "ordinal")])
def test_it_learns_and_chooses(question: dict[str, Any], kind: str) -> None:
    project, anna = make_learning()
    make_schema(project, [question])
    name = question["name"]
    for turn in queue.next_leases(annotator=anna, project=project, count=30).turns:
        given = Answer({name: said(name, int(turn.key[-5:]))}, str(turn.id))
        answers.submit(annotator=anna, lease_id=turn.id, given=given)
    refresh.refresh(project_id=project.pk)

    round = run(project)

    model = ModelVersion.objects.get()
    assert (round.state, round.error, model.parameters["kind"]) == ("done", "", kind)
    assert round.chosen + round.explored == 10
    assert model.metrics["cross_validated"]["n"] == 30
    assert round.point.judged_on == "random"


@pytest.mark.parametrize("strategy", ["class_balanced", "vote_entropy", "bald", "k_center", "badge"])
def test_sets_are_chosen_by_every_strategy(strategy: str) -> None:
    project, anna = make_learning(items=60)
    make_schema(project, [TOPICS])
    for turn in queue.next_leases(annotator=anna, project=project, count=20).turns:
        given = Answer({"topics": said("topics", int(turn.key[-5:]))}, str(turn.id))
        answers.submit(annotator=anna, lease_id=turn.id, given=given)
    refresh.refresh(project_id=project.pk)

    round = run(project, strategy=strategy, n=5)

    assert (round.state, round.error, round.chosen + round.explored) == ("done", "", 5)
