"""A label model for functions: fitted, measured on what people labeled, published when it is whole."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from annotation.models import Prediction, Project
from annotation.services import gold
from labelmodel import tasks
from labelmodel.models import FunctionVersion, LabelingFunction, PosteriorShard, WeakRun, WeakSettings
from labelmodel.services import (
    function_review,
    functions,
    probability_shards,
    weak,
    weak_due,
    weak_fitting,
    weak_run,
    weak_stream,
)
from tests.factories import SENTIMENT, make_item
from tests.labelmodel.weak_help import TRUTH, add_function, cast, fit, label, make_weak, truth

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    project = make_weak()
    cast(project)
    return project


def probable(run: WeakRun) -> probability_shards.Probable:
    (shard,) = PosteriorShard.objects.filter(run=run)
    return probability_shards.unpack(shard.data)


def right(project: Project, run: WeakRun) -> float:
    found = probable(run)
    keys = dict(project.items.values_list("pk", "key"))
    return float(np.mean([
        run.labels[row.argmax()] == truth(int(keys[item][-5:]))
        for item, row in zip(found.items.tolist(), found.posterior, strict=True)
    ]))  # fmt: skip


def test_a_fit_gives_every_item_that_is_voted_on_a_probable_label(project: Project) -> None:
    run = fit(project)

    assert (run.state, run.error) == ("done", "")
    found = probable(run)
    assert len(found) == run.metrics["covered"] < run.items == 300
    assert found.posterior.sum(axis=1) == pytest.approx(1)
    assert right(project, run) > 0.8
    assert sorted(run.versions) == sorted(FunctionVersion.objects.values_list("pk", flat=True))
    assert weak.published(project, SENTIMENT_OF(project)) == run


def SENTIMENT_OF(project: Project) -> Any:
    assert project.schema is not None
    return project.schema.questions[0]


def test_figures_come_from_items_that_the_model_had_not_seen(project: Project) -> None:
    label(project, 60)

    run = fit(project)

    judged = run.metrics["judged"]
    assert (run.labeled, judged["n"]) == (60, 60)
    assert 0.6 < judged["accuracy"] < 0.99
    assert judged["low"] < judged["accuracy"] < judged["high"]
    assert 0 < judged["brier"] < 0.6
    assert sum(one["n"] for one in judged["reliability"]) == judged["covered"]
    rows = run.metrics["precisions"]
    assert rows[0]["threshold"] == 0.5
    assert all(0 <= row["share"] <= 1 for row in rows)
    assert [row["share"] for row in rows] == sorted((row["share"] for row in rows), reverse=True)


def test_what_people_say_moves_what_is_thought_of_a_function(project: Project) -> None:
    before = {one["name"]: one["estimated"] for one in fit(project).metrics["sources"]}
    label(project, 100)

    after = {one["name"]: one for one in fit(project).metrics["sources"]}

    assert after["sure"]["estimated"]["accuracy"] > after["shaky"]["estimated"]["accuracy"]
    assert after["shaky"]["estimated"]["accuracy"] != before["shaky"]["accuracy"]
    told = after["sure"]["labeled"]
    assert told["precision"] == pytest.approx(0.95, abs=0.08)
    assert told["low"] < told["precision"] <= told["high"]
    assert 0 < told["recall"] < 1


def test_two_functions_that_say_the_same_are_told(project: Project) -> None:
    pairs = fit(project).metrics["dependent"]

    assert ["copy", "fair"] in [sorted(one["names"]) for one in pairs]
    assert ["fair", "sure"] not in [sorted(one["names"]) for one in pairs]


def test_gold_questions_and_the_holdout_are_no_evidence_and_get_no_label(project: Project) -> None:
    known = [gold.Known({"sentiment": "positive"}, key=f"item-{n:05}") for n in range(10)]
    gold.put(project=project, by=project.created_by, items=known[:5])
    gold.put(project=project, by=project.created_by, items=[replace(one, use="holdout") for one in known[5:]])

    run = fit(project)

    assert (run.items, run.labeled) == (290, 0)
    aside = project.items.filter(key__lt="item-00010").values_list("pk", flat=True)
    assert not set(aside) & set(probable(run).items.tolist())


def test_a_given_class_balance_is_used_and_said(project: Project) -> None:
    shares = {"positive": 0.2, "negative": 0.7, "neutral": 0.1}
    WeakSettings.objects.filter(project=project).update(class_balance={"sentiment": shares})

    run = fit(project)

    assert run.prior == shares
    assert run.metrics["class_balance"] == "given"


def test_the_class_balance_of_labeled_items(project: Project) -> None:
    WeakSettings.objects.filter(project=project).update(class_balance={"sentiment": "labeled"})
    label(project, 30)

    run = fit(project)

    assert run.prior["positive"] == pytest.approx(2 / 3, abs=0.05)
    assert run.metrics["class_balance"] == "labeled"


def test_a_newer_run_replaces_the_older_only_when_it_is_whole(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = fit(project)

    def die(*args: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(weak_run, "metrics", die)
        with pytest.raises(KeyboardInterrupt):
            fit(project)
    new = WeakRun.objects.exclude(pk=old.pk).get()
    assert new.state == "running"
    assert weak.published(project, SENTIMENT_OF(project)) == old

    WeakRun.objects.filter(pk=new.pk).update(heartbeat_at="2020-01-01T00:00Z")
    weak_run.run(run_id=new.pk)

    assert weak.published(project, SENTIMENT_OF(project)) == new
    assert list(PosteriorShard.objects.values_list("run", flat=True)) == [new.pk]


def test_of_two_that_end_in_another_order_the_later_one_counts(project: Project) -> None:
    first, second = (
        weak.want(project=project, question="sentiment", by=project.created_by, trigger="rest", method=method)
        for method in ("majority", "dawid_skene")
    )
    weak_run.run(run_id=second.pk)
    weak_run.run(run_id=first.pk)

    assert weak.published(project, SENTIMENT_OF(project)) == second
    assert list(PosteriorShard.objects.values_list("run", flat=True)) == [second.pk]


def test_items_that_come_are_judged_without_a_fit(project: Project) -> None:
    run = fit(project)
    assert weak_due.stale_projects() == []
    item = make_item(project, "late", {"text": "surenegative fairnegative copynegative"})
    item.save()
    cast(project)

    assert weak_due.stale_projects() == [project.pk]
    assert weak_stream.catch_up(project_id=project.pk) == 1

    found = probable(run)
    row = found.posterior[found.items.tolist().index(item.pk)]
    assert run.labels[row.argmax()] == "negative"
    assert weak_due.stale_projects() == []
    assert WeakRun.objects.count() == 1


def test_the_kill_switch_takes_probable_labels_away_at_once(project: Project) -> None:
    fit(project)
    functions.stop(function=LabelingFunction.objects.get(name="shaky"), by=None, reason="Too slow.")
    assert weak.published(project, SENTIMENT_OF(project)) is None

    new = fit(project)

    assert weak.published(project, SENTIMENT_OF(project)) == new
    assert len(new.versions) == 3


def test_a_rollback_withdraws_what_came_of_a_function(project: Project) -> None:
    run = fit(project)
    bad = LabelingFunction.objects.get(name="shaky")

    function_review.roll_back(function=bad, by=project.created_by, reason="It reads the label.")

    assert weak.published(project, SENTIMENT_OF(project)) is None
    assert not PosteriorShard.objects.exists()
    cast(project)
    weak_due.want_where_behind()
    new = WeakRun.objects.get(state="waiting")
    weak_run.run(run_id=new.pk)
    assert weak.published(project, SENTIMENT_OF(project)) == new
    assert len(WeakRun.objects.get(pk=new.pk).versions) == len(run.versions) - 1


def test_a_rollback_in_the_middle_of_a_run_ends_it(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = LabelingFunction.objects.get(name="shaky")
    write = weak_stream.write

    def roll_back(*args: Any) -> None:
        function_review.roll_back(function=bad, by=project.created_by, reason="It reads the label.")
        write(*args)

    with monkeypatch.context() as patch:
        patch.setattr(weak_stream, "write", roll_back)
        run = fit(project)

    assert (run.state, bool(run.withdrawn_at)) == ("cancelled", True)
    assert weak.published(project, SENTIMENT_OF(project)) is None
    new = fit(project)
    assert list(PosteriorShard.objects.values_list("run", flat=True)) == [new.pk]


def test_tasks_do_it_all(project: Project) -> None:
    tasks.sweep_probable()
    run = WeakRun.objects.get()

    tasks.fit_functions(run.pk)
    make_item(project, "late", {"text": "surenegative"}).save()
    cast(project)
    tasks.judge_items(project.pk)

    run.refresh_from_db()
    assert run.state == "done"
    assert len(probable(run)) == run.metrics["covered"] + 1
    tasks.sweep_probable()
    assert WeakRun.objects.count() == 1


def test_a_run_without_votes_fails_and_says_so() -> None:
    project = make_weak(0)

    run = fit(project)

    assert (run.state, run.error) == ("failed", weak_run.NO_VOTES)


def test_another_method_by_choice_and_from_then_on(project: Project) -> None:
    run = fit(project, method="dawid_skene")

    assert (run.state, run.method) == ("done", "dawid_skene")
    assert fit(project).method == "dawid_skene"


def replace_version(row: Prediction, version: str, at: str) -> Prediction:
    return Prediction(
        project=row.project, item=row.item, schema=row.schema, question=row.question, kind=row.kind,
        source=row.source, version=version, value="neutral", confidence=1.0, created_at=at,
    )  # fmt: skip


def test_imported_predictions_vote_beside_functions_by_choice(project: Project) -> None:
    WeakSettings.objects.filter(project=project).update(cascade=["import:gpt"])
    rows = [
        Prediction(
            project=project, item=item, schema=project.schema, question="sentiment", kind="import", source="gpt",
            version="3", value=truth(int(item.key[-5:])), confidence=0.9, created_at="2026-01-01T00:00Z",
        )
        for item in project.items.all()
    ]  # fmt: skip
    Prediction.objects.bulk_create(rows)
    old = [replace_version(row, "2", "2025-01-01T00:00Z") for row in rows[:5]]
    Prediction.objects.bulk_create(old)

    run = fit(project)

    assert run.versions[-1] == "import:gpt @ 3"
    told = run.metrics["sources"][-1]
    assert (told["votes"], told["function"]) == (300, None)
    assert run.metrics["coverage"] == 1.0
    assert weak_stream.catch_up(project_id=project.pk) == 0


def test_a_set_question_judges_each_label_by_itself() -> None:
    questions = [{**SENTIMENT[0], "type": "multiple_choice"}]
    project = make_weak(questions=questions)
    cast(project)
    label(project, 30, as_set=True)

    run = fit(project)

    assert run.state == "done", run.error
    (shard,) = PosteriorShard.objects.filter(run=run)
    found = probability_shards.unpack(shard.data, is_set=True)
    voted = found.posterior[:, [run.labels.index(label) for label in TRUTH]]
    assert voted.max(axis=1).min() > 0.3
    assert run.metrics["conflict"] == 0
    assert run.metrics["judged"]["n"] == 30 * 3
    assert run.metrics["judged"]["accuracy"] > 0.7
    told = {one["name"]: one["labeled"] for one in run.metrics["sources"]}
    assert told["sure"]["precision"] > 0.7


def test_the_lane_lists_what_teaches_most_and_what_nothing_votes_on(project: Project) -> None:
    label(project, 5)
    run = fit(project)

    kinds = {one["kind"] for one in run.review}
    assert {"conflict", "uncovered"} <= kinds
    labeled = set(project.items.filter(answers__gt=0).values_list("pk", flat=True))
    assert not labeled & {one["item"] for one in run.review}
    reason = next(one["reason"] for one in run.review if one["kind"] == "conflict")
    assert reason.startswith("Functions disagree: “")
    assert "says Positive" in reason


def test_most_of_the_lane_is_about_functions_where_they_vote_on_little(project: Project) -> None:
    FunctionVersion.objects.exclude(function__name="sure").update(state="retired")
    label(project, 5)

    review = fit(project).review

    bare = sum(one["kind"] == "uncovered" for one in review)
    assert 0 < bare <= len(review) / 4


def test_a_large_pool_is_fitted_by_an_even_part_and_judged_whole(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weak_fitting, "MOST_ITEMS", 40)

    run = fit(project)

    assert (run.items, run.total, run.done) == (300, 600, 600)
    assert 40 <= run.metrics["fitted_to"] <= 40 + run.labeled
    assert sum(run.shards.values_list("rows", flat=True)) > 200


def test_parameters_are_kept_and_read_again(project: Project) -> None:
    run = fit(project)

    kept = weak_fitting.unpack(bytes(run.parameters))

    assert weak_fitting.pack(kept) == bytes(run.parameters)
    assert len(kept) == 1


def test_a_label_that_is_gone_hides_old_probable_labels(project: Project) -> None:
    from tests.factories import make_schema

    fit(project)
    make_schema(project, [{**SENTIMENT[0], "labels": SENTIMENT[0]["labels"][:2]}])

    assert weak.published(project, SENTIMENT_OF(project)) is None


def test_a_function_that_votes_on_everything_and_one_on_nothing() -> None:
    project = make_weak(100)
    rules = [{"label": "positive", "any": ["number"]}]
    add_function(
        project, "all", definition={"fields": ["text"], "case": False, "words": True, "rules": rules}
    )
    add_function(project, "none")
    cast(project)

    run = fit(project)

    assert run.state == "done", run.error
    told = {one["name"]: one for one in run.metrics["sources"]}
    assert (told["all"]["coverage"], told["none"]["votes"]) == (1.0, 0)
    assert right(project, run) > 0.5
