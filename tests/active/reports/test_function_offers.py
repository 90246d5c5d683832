"""What the editor of labeling functions offers: labeled items as exemplars, versions of models that may vote."""

from __future__ import annotations

import pytest

from annotation.services import gold
from labelmodel.reports.function_offers import offered
from tests.active.learned import make_model
from tests.active.learning import make_learning
from tests.annotation.items_help import make_findable

pytestmark = pytest.mark.django_db


def test_items_are_found_by_words_labeled_ones_first_with_their_label() -> None:
    project, _ = make_learning(items=30, answered=8)
    make_findable(*project.items.all())

    found = offered(project, "sentiment", "similar", "film num")

    assert [one.value for one in found] == [
        "item-00000 = positive",
        "item-00008 = ",
        "item-00016 = ",
        "item-00024 = ",
    ]
    assert found[0].words.startswith("A lovely and lovely film")


def test_without_words_labeled_items_are_offered_and_a_key_finds_its_item() -> None:
    project, _ = make_learning(items=30, answered=8)

    assert {one.value for one in offered(project, "sentiment", "similar")} >= {"item-00001 = negative"}
    assert offered(project, "sentiment", "similar", "item-00020")[0].value == "item-00020 = "
    assert offered(project, "sentiment", "similar", '"half') == []


def test_what_judges_people_and_models_is_never_offered() -> None:
    project, _ = make_learning(items=30)
    known = [gold.Known({"sentiment": "positive"}, key="item-00000")]
    known.append(gold.Known({"sentiment": "positive"}, key="item-00008", use="holdout"))
    gold.put(project=project, by=project.created_by, items=known)
    make_findable(*project.items.all())

    found = {one.value for one in offered(project, "sentiment", "similar", "film")}

    assert found == {"item-00016 = ", "item-00024 = "}


def test_models_that_may_not_vote_are_not_offered() -> None:
    project, _ = make_learning(items=2)
    make_model(project, state="promoted")
    make_model(project, metrics={"learned_from": {"functions": {"items": 5}}})
    make_model(project, file="")

    (one,) = offered(project, "sentiment", "model")

    assert (one.value, one.words) == ("1", "In use, learned from 60 items")
