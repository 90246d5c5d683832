"""What functions say teaches models beside people's answers, and asks people about the functions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from active.models import LearningSettings, ModelVersion, Round, Selection
from active.services import requests, training_data, weak_source, weak_targets
from annotation.models import Consensus, Item, Prediction, Project
from annotation.services import gold
from labelmodel.models import FunctionVersion, LabelingFunction, WeakRun, WeakSettings
from labelmodel.services import function_review, weak_due, weak_run
from labelmodel.services.functions import stop
from tests.active.learning import BAD, GOOD, answer, make_learning, run
from tests.labelmodel.weak_help import cast, fit

pytestmark = pytest.mark.django_db


def make_told(answered: int = 24, **settings: Any) -> Project:
    """A project that learns, with a function for each few words and a fit to what they say."""
    project, person = make_learning(answered=0, **{"from_functions": True, "review": 0.0, **settings})
    for n in range(3):
        add_words(project, f"words {n}", positive=GOOD[2 * n : 2 * n + 2], negative=BAD[2 * n : 2 * n + 2])
    cast(project)
    if answered:
        answer(project, person, answered)
    fit(project)
    return project


def add_words(project: Project, name: str, **words: tuple[str, ...]) -> FunctionVersion:
    function = LabelingFunction.objects.create(
        project=project, question="sentiment", name=name, owner=project.created_by
    )
    rules = [{"label": label, "any": list(terms)} for label, terms in words.items()]
    assert project.schema is not None
    return FunctionVersion.objects.create(
        project=project, function=function, number=1, kind="keywords", state="active", reads=["text"],
        definition={"fields": ["text"], "case": False, "words": True, "rules": rules},
        labels=["positive", "negative", "neutral"], votes_for=list(words), schema=project.schema,
        author=project.created_by,
    )  # fmt: skip


def found(project: Project) -> weak_targets.Probable:
    assert project.schema is not None
    question = project.schema.questions[0]
    labeled = training_data.labeled(project, question)
    made, note = weak_targets.probable(project, question, project.learning, labeled)
    assert made is not None, note
    return made


def test_models_learn_from_what_functions_say_of_unanswered_items() -> None:
    project = make_told()

    round = run(project)

    learned = ModelVersion.objects.get().metrics["learned_from"]
    assert learned["person"]["items"] == 24 == ModelVersion.objects.get().items
    assert learned["functions"]["items"] > 50
    assert learned["functions"]["run"] == WeakRun.objects.get().pk
    assert round.figures["learned_from"] == learned
    assert any("probable labels of labeling functions" in note for note in round.notes)


def test_rest_and_the_page_say_what_a_model_learned_from(api: Any, client: Any) -> None:
    project = make_told()
    round = run(project)
    owner = project.created_by
    client.force_login(owner)

    model = api(owner).get(f"/api/v1/projects/{project.pk}/models/1/").json()
    told = api(owner).get(f"/api/v1/rounds/{round.pk}/").json()
    page = client.get(f"/projects/{project.pk}/learning/models/1/").content.decode()

    assert model["metrics"]["learned_from"]["person"]["items"] == 24
    assert model["metrics"]["learned_from"]["functions"]["worth"] > 0
    assert told["figures"]["learned_from"] == model["metrics"]["learned_from"]
    assert "probable labels of labeling functions, which count as much as" in page


def test_figures_are_about_peoples_answers_alone() -> None:
    project = make_told()

    run(project)

    assert ModelVersion.objects.get().metrics["cross_validated"]["n"] == 24


def test_what_people_answered_is_never_taken_from_functions() -> None:
    project = make_told()
    known = [gold.Known({"sentiment": "positive"}, key="item-00100")]
    known.append(gold.Known({"sentiment": "positive"}, key="item-00101", use="holdout"))
    gold.put(project=project, by=project.created_by, items=known)
    # As where the known answer leaves this question open.
    Consensus.objects.filter(status="known").delete()

    items = set(found(project).items.tolist())

    answered = project.items.filter(answers__gt=0).values_list("pk", flat=True)
    aside = project.items.filter(key__in=["item-00100", "item-00101"]).values_list("pk", flat=True)
    assert not items & {*answered, *aside}
    assert items


def test_none_counts_for_as_much_as_an_answer_and_all_have_a_bound() -> None:
    made = found(make_told())

    assert 0 < made.weights.max() <= weak_targets.MOST_WORTH
    assert made.targets.sum(axis=1) == pytest.approx(1)
    capped = weak_targets._capped(np.full(1000, 0.5), answers=3.0)
    assert capped.sum() == pytest.approx(weak_targets.MOST_TOTAL * 3.0)


def test_without_the_choice_people_alone_teach() -> None:
    project = make_told(from_functions=False)

    run(project)

    assert "functions" not in ModelVersion.objects.get().metrics["learned_from"]


def test_hard_labels_need_a_threshold_that_reaches_the_precision() -> None:
    project = make_told(answered=60, functions_precision=0.8)

    made = found(project)

    assert made.hard["precision"] >= 0.8
    assert set(np.unique(made.targets)) == {0.0, 1.0}


def test_hard_labels_that_nothing_reaches_are_not_made() -> None:
    project = make_told(answered=4, functions_precision=0.99)

    round = run(project)

    assert "functions" not in ModelVersion.objects.get().metrics["learned_from"]
    assert any("No threshold is expected to give hard labels" in note for note in round.notes)


def test_functions_that_mislead_are_left_out() -> None:
    project, person = make_learning(answered=0, from_functions=True, review=0.0)
    for n in range(3):
        add_words(project, f"wrong {n}", positive=BAD[2 * n : 2 * n + 2], negative=GOOD[2 * n : 2 * n + 2])
    cast(project)
    fit(project, method="majority")
    WeakRun.objects.update(metrics={"judged": {"n": 0}})
    answer(project, person, 60)

    round = run(project)

    learned = ModelVersion.objects.get().metrics["learned_from"]
    assert "functions" not in learned
    assert any("makes a model worse" in note for note in round.notes)


def test_a_rollback_starts_a_round_without_what_was_withdrawn() -> None:
    project = make_told()
    run(project)
    assert requests.trigger_of(project.learning) is None

    bad = LabelingFunction.objects.get(name="words 0")
    function_review.roll_back(function=bad, by=project.created_by, reason="Wrong words.")

    # A fit without it is on its way.
    assert requests.trigger_of(project.learning) is None
    cast(project)
    again = fit(project)
    assert requests.trigger_of(project.learning) == Round.Trigger.FUNCTIONS
    run(project)
    used = ModelVersion.objects.get(state="promoted")
    assert (used.metrics["learned_from"]["functions"]["run"], len(again.versions)) == (again.pk, 2)
    assert "taken back" in used.reason
    assert requests.trigger_of(project.learning) is None


def test_the_kill_switch_starts_a_round_without_what_the_function_said() -> None:
    project = make_told()
    run(project)
    first = LabelingFunction.objects.earliest("name")
    stop(function=first, by=project.created_by, reason="Wrong words.")
    # A fit without it is on its way, unless it fails or takes for ever.
    assert requests.trigger_of(project.learning) is None
    later = timezone.now() + timedelta(minutes=11)
    assert requests.trigger_of(project.learning, later) == Round.Trigger.FUNCTIONS

    weak_due.want_where_behind()
    weak_run.run(run_id=WeakRun.objects.get(state="waiting").pk)
    assert requests.trigger_of(project.learning) == Round.Trigger.FUNCTIONS
    run(project)

    used = ModelVersion.objects.get(state="promoted")
    assert used.metrics["learned_from"]["functions"]["run"] == WeakRun.objects.latest("pk").pk
    assert "taken back" in used.reason
    assert requests.trigger_of(project.learning) is None
    for function in LabelingFunction.objects.filter(stopped_at=None):
        stop(function=function, by=project.created_by, reason="Wrong, too.")
    # None is left that could be fitted.
    requests.start_due()
    assert Round.objects.latest("pk").trigger == Round.Trigger.FUNCTIONS


def test_functions_that_come_start_a_round_after_a_rest() -> None:
    project = make_told()
    run(project)
    later = timezone.now() + timedelta(minutes=11)
    fit(project)
    # The same functions, of which people have labeled nothing new.
    assert requests.trigger_of(project.learning, later) is None

    add_words(project, "late", positive=GOOD[:2])
    cast(project)
    fit(project)

    assert requests.trigger_of(project.learning) is None
    assert requests.trigger_of(project.learning, later) == Round.Trigger.FUNCTIONS
    LearningSettings.objects.update(from_functions=False)
    assert requests.trigger_of(LearningSettings.objects.get(), later) is None


def test_a_part_of_the_batch_checks_the_functions() -> None:
    project = make_told(answered=6, review=0.3)

    round = run(project)

    lane = round.selections.filter(kind=Selection.Kind.REVIEW)
    assert (lane.count(), round.figures["review"]) == (3, 3)
    first = lane.earliest("rank")
    assert (first.strategy, first.published) == ("functions", True)
    assert "“words" in first.reason or first.reason == "No labeling function votes on it"
    item = Item.objects.get(pk=first.item_id)
    assert item.reason == "Its answer checks the labeling functions"
    assert round.selections.filter(priority__gt=1).count() == 10


def test_what_checks_functions_is_not_drawn_at_random() -> None:
    project = make_told(answered=6, review=1.0)
    run(project)
    answer(project, project.memberships.get(role="annotator").user, 5)

    assert project.schema is not None
    labeled = training_data.labeled(project, project.schema.questions[0])

    assert labeled.drawn.sum() == 6


def test_the_model_in_use_votes_beside_functions_by_choice() -> None:
    project = make_told()
    run(project)
    WeakSettings.objects.filter(project=project).update(cascade=["model"])

    weak = fit(project)

    assert weak.versions[-1] == "model:1"
    assert weak.metrics["sources"][-1]["votes"] > 60
    assert weak.metrics["sources"][-1]["function"] is None


def test_a_pinned_model_is_the_one_that_voted() -> None:
    project = make_told()
    run(project)
    assert project.schema is not None

    pinned = weak_source.made(project, project.schema.questions[0], "1")

    assert pinned is not None
    rows, labels = pinned.votes(np.sort(np.array(list(project.items.values_list("pk", flat=True)))))
    assert len(rows) == len(labels) > 60
    assert weak_source.made(project, project.schema.questions[0], "7") is None


def test_machine_votes_are_never_evidence_of_people() -> None:
    project = make_told(answered=0)
    run(project)

    assert WeakRun.objects.get().labeled == 0
    assert not Prediction.objects.filter(project=project).exists()
    assert LearningSettings.objects.get().from_functions
