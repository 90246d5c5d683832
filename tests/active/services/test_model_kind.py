"""Labeling functions that vote as models and imports predict."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from active.models import ModelVersion
from active.services import registry
from annotation.errors import InvalidInput
from annotation.models import Annotation, Item, Prediction, Project
from labelmodel.functions import Context, DefinitionError, check
from labelmodel.models import FunctionVersion, WeakSettings
from labelmodel.services import feedback, run_requests
from labelmodel.services.run_lines import Line
from tests.active.learning import add, answer, make_learning, run, truth
from tests.labelmodel.services.function_help import active, draft, reviews, said
from tests.labelmodel.services.function_help import run as vote

CONTEXT = Context({"text": "text"}, ("positive", "negative", "neutral"))


def make_trained() -> tuple[Project, ModelVersion]:
    """A project with a model in use that learned from 30 answers."""
    project, _ = make_learning(items=80, answered=30)
    run(project)
    return project, ModelVersion.objects.get(project=project, state="promoted")


def line(project: Project, version: FunctionVersion, kind: str = "all") -> Line:
    run_requests.request(project=project, by=project.created_by, kind=kind)
    return Line.of(vote(project).lines[str(version.pk)])


def predict(project: Project, key: str, value: Any, confidence: float, **more: Any) -> None:
    assert project.schema is not None
    values = {"source": "old", "version": "1", "question": "sentiment", "kind": "import", **more}
    Prediction.objects.create(
        project=project, item=Item.objects.get(project=project, key=key), schema=project.schema, value=value,
        confidence=confidence, created_at=timezone.now(), **values,
    )  # fmt: skip


# Models


@pytest.mark.django_db
def test_a_model_votes_where_it_is_sure_and_has_not_seen_the_answer() -> None:
    project, model = make_trained()
    version = active(project, kind="model", definition={"least": 0.6})
    votes = said(version)
    answered = set(Annotation.objects.filter(project=project).values_list("item__key", flat=True))

    assert version.definition == {"least": 0.6, "model": model.version}
    assert len(votes) == 80
    assert all(votes[key] is None for key in answered)
    right = [label == truth(int(key[-5:])) for key, label in votes.items() if label]
    assert len(right) > 20
    assert sum(right) > 0.9 * len(right)


@pytest.mark.django_db
def test_answers_that_came_after_the_model_do_not_silence_it() -> None:
    project, _ = make_trained()
    version = active(project, kind="model", definition={"least": 0.0})
    person = project.memberships.get(user__username="anna").user
    before = sum(label is not None for label in said(version).values())
    answer(project, person, 5)

    assert line(project, version).reasons == {"learned from an answer to it": 30}
    assert sum(label is not None for label in said(version).values()) == before == 50


@pytest.mark.django_db
def test_what_is_less_likely_is_no_vote() -> None:
    project, _ = make_trained()
    found = feedback.preview(project=project, question="sentiment", kind="model", definition={"least": 1.0})

    assert found.votes == 0


@pytest.mark.django_db
def test_items_without_a_vector_are_left_for_later() -> None:
    project, _ = make_trained()
    version = active(project, kind="model", definition={})
    add(project, 3)

    assert line(project, version, "new").unseen == 3
    assert len(said(version)) == 80


@pytest.mark.django_db
def test_a_model_that_learned_from_functions_is_refused() -> None:
    project, model = make_trained()
    version = active(project, kind="model", definition={})
    model.metrics = {**model.metrics, "learned_from": {"person": {}, "functions": {"items": 9}}}
    model.save(update_fields=["metrics"])

    settings = WeakSettings.objects.filter(project=project)
    settings.update(sensitive_fields=["text"])
    assert "“text”, which is marked as sensitive" in registry.no_vote(project, model)
    settings.update(sensitive_fields=[])
    with pytest.raises(InvalidInput, match="learned from labeling functions") as caught:
        draft(project, "another", kind="model", definition={"model": model.version})
    assert caught.value.faults[0].path == ("definition", "model")
    assert "learned from labeling functions" in line(project, version).fault


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "words"),
    [({"file": ""}, "not kept any more"), ({"question": "other"}, "no version 1 of a model")],
)
def test_a_model_that_cannot_vote_is_told(change: dict[str, Any], words: str) -> None:
    project, model = make_trained()
    ModelVersion.objects.filter(pk=model.pk).update(**change)

    with pytest.raises(InvalidInput, match=words):
        draft(project, kind="model", definition={"model": model.version})


@pytest.mark.django_db
def test_without_a_model_there_is_nothing_to_ask() -> None:
    with pytest.raises(InvalidInput, match="no model in use"):
        draft(reviews(), kind="model", definition={})


# Imports


@pytest.mark.django_db
def test_an_import_votes_by_its_scores() -> None:
    project = reviews()
    predict(project, "item-00000", "positive", 0.9)
    predict(project, "item-00001", "negative", 0.7)
    predict(project, "item-00002", "neutral", 1.0)
    predict(project, "item-00003", "neutral", 0.9, version="2")
    predict(project, "item-00004", "neutral", 0.9, distribution={"neutral": 0.9, "positive": 0.1})
    version = active(project, kind="model", definition={"source": "old", "version": "1", "least": 0.8})

    assert said(version) == {
        "item-00000": "positive",
        "item-00001": None,
        "item-00002": "neutral",
        "item-00003": None,
        "item-00004": "neutral",
        "item-00005": None,
    }


@pytest.mark.django_db
def test_the_sample_of_the_editor_is_in_another_order() -> None:
    project = reviews()
    for n in range(6):
        predict(project, f"item-{n:05}", ("positive", "negative")[n % 2], 0.9)
    found = feedback.preview(
        project=project, question="sentiment", kind="model", definition={"source": "old", "version": "1"}
    )

    assert {hit.label: hit.votes for hit in found.hits} == {"positive": 3, "negative": 3}


@pytest.mark.django_db
def test_an_import_that_nobody_made_is_told() -> None:
    with pytest.raises(InvalidInput, match="Nobody has imported predictions of “old”"):
        draft(reviews(), kind="model", definition={"source": "old", "version": "1"})


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"least": 2}, ("least",)),
        ({"least": "much"}, ("least",)),
        ({"model": 0}, ("model",)),
        ({"model": "last"}, ("model",)),
        ({"model": 1, "source": "old", "version": "1"}, ("model",)),
        ({"source": "old"}, ("version",)),
        ({"version": "1"}, ("source",)),
        ({"fields": ["text"]}, ("fields",)),
    ],
)
def test_faults_say_where(given: dict[str, Any], path: tuple[Any, ...]) -> None:
    with pytest.raises(DefinitionError) as caught:
        check("model", given, CONTEXT)

    assert path in {fault.path for fault in caught.value.faults}


def test_checking_again_changes_nothing() -> None:
    once = check("model", {"source": "old", "version": "1"}, CONTEXT)

    assert once == {"source": "old", "version": "1", "least": 0.5}
    assert check("model", once, CONTEXT) == once
