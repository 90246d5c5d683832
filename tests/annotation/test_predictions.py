"""Predictions: kept by version, and which one is the latest."""

from __future__ import annotations

import pytest

from annotation.errors import InvalidInput
from annotation.models import Item, Prediction
from annotation.services import predictions
from annotation.services.predictions import Predicted
from tests.factories import make_project

pytestmark = pytest.mark.django_db


def says(item, value="positive", confidence=0.9, question="sentiment"):
    return Predicted(item, question, value, confidence, {value: confidence, "neutral": 1 - confidence})


def keep(project, *found, version=1, **values):
    return predictions.keep(
        project_id=project.pk, schema_id=project.schema_id, found=found, source="m", version=version, **values
    )


def test_what_a_model_says_is_kept_by_version_and_the_latest_is_told(project):
    one, two = project.items.order_by("pk")[:2]
    keep(project, says(one.pk), says(two.pk), version=1)
    keep(project, says(one.pk, "negative", 0.7), version=2)

    found = predictions.latest(items=[one.pk, two.pk, 0])

    assert (found[one.pk]["sentiment"].value, found[one.pk]["sentiment"].version) == ("negative", "2")
    assert (found[two.pk]["sentiment"].value, found[two.pk]["sentiment"].version) == ("positive", "1")
    assert found.keys() == {one.pk, two.pk}
    assert Prediction.objects.count() == 3


def test_the_same_version_again_replaces_what_it_said(project):
    item = project.items.first().pk
    keep(project, says(item))
    keep(project, says(item, "neutral", 0.4), says(item, "negative", 0.5))

    assert [(row.value, row.confidence) for row in Prediction.objects.all()] == [("negative", 0.5)]


def test_taking_a_version_back_makes_the_one_before_the_latest(project, monkeypatch):
    monkeypatch.setattr(predictions, "BATCH", 2)
    items = list(project.items.values_list("pk", flat=True))
    keep(project, *map(says, items), version=1)
    keep(project, *(says(item, "negative") for item in items), version="2")

    assert predictions.forget(project_id=project.pk, source="m", version=2) == 5
    assert {one["sentiment"].version for one in predictions.latest(items=items).values()} == {"1"}


def test_imports_are_told_apart_from_models(project):
    item = project.items.first().pk
    keep(project, says(item), kind="import", version="2024-05")

    assert predictions.latest(items=[item]) == {}
    assert predictions.latest(items=[item], kind="import")[item]["sentiment"].version == "2024-05"


def test_of_many_labels_the_likeliest_are_kept(project):
    item = project.items.first().pk
    shares = {f"label-{n}": n / 1000 for n in range(40)}
    keep(project, Predicted(item, "sentiment", "label-39", 0.039, shares))

    kept = predictions.latest(items=[item])[item]["sentiment"].distribution

    assert sorted(kept.values()) == sorted(shares.values())[-12:]


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -0.1, 1.5])
def test_what_is_no_probability_is_refused(project, odd):
    item = project.items.first().pk

    with pytest.raises(InvalidInput, match="from 0 to 1"):
        keep(project, Predicted(item, "sentiment", "positive", odd, {}))
    with pytest.raises(InvalidInput, match="from 0 to 1"):
        keep(project, Predicted(item, "sentiment", "positive", 0.5, {"positive": odd}))


def test_rounding_just_outside_is_none_of_that(project):
    item = project.items.first().pk
    keep(project, Predicted(item, "sentiment", "positive", 1.0000001, {}))

    assert Prediction.objects.get().confidence == 1.0


@pytest.mark.parametrize("value", ["positive", ["positive", "neutral"], 3, "any words", []])
def test_no_score_is_told_from_a_score_of_1(project, value):
    one, two, three = project.items.order_by("pk").values_list("pk", flat=True)[:3]
    said = [Predicted(one, "sentiment", value, None, {}), Predicted(two, "sentiment", value, 0.5, {})]
    keep(project, *said, Predicted(three, "sentiment", value, 1.0, {}))

    found = predictions.latest(items=[one, two, three])

    told = [found[item]["sentiment"].confidence for item in (one, two, three)]
    assert told == [None, 0.5, 1.0 if value != [] else None]
    assert [row.score for row in Prediction.objects.order_by("item")] == told


def test_items_that_are_gone_or_of_another_project_are_left_out(project):
    other = make_project(items=1)

    assert keep(project, says(10**9), says(other.items.get().pk), says(project.items.first().pk)) == 1
    assert Prediction.objects.get().project_id == project.pk


def test_items_take_their_predictions_with_them():
    project = make_project(items=1)
    keep(project, says(project.items.get().pk))
    Item.objects.all().delete()

    assert not Prediction.objects.exists()
