"""A round, from the labels to the queue."""

from __future__ import annotations

import pytest

from active.models import LearningSettings, ModelVersion, Round, RoundShard, Selection
from active.names import STRATEGIES
from active.services import requests, rounds, waiting
from annotation.models import Consensus, Item, Prediction, Project
from annotation.services import gold, queue, schemas
from tests.active.learning import add, answer, make_learning, run, truth
from tests.invariants import assert_slots_add_up

pytestmark = pytest.mark.django_db


def chosen(round: Round) -> list[str]:
    return list(
        round.selections.filter(published=True, priority__gt=1)
        .order_by("rank")
        .values_list("item__key", flat=True)
    )


def test_the_queue_follows() -> None:
    project, anna = make_learning(answered=24)

    round = run(project)

    assert (round.state, round.error, round.labels) == ("done", "", 24)
    assert round.chosen + round.explored == 10
    (turn,) = queue.next_leases(annotator=anna, project=project).turns
    assert turn.key == chosen(round)[0]
    assert turn.reason == "Chosen because its answer teaches much"
    assert_slots_add_up(project)


def test_what_it_says_of_itself() -> None:
    project, _ = make_learning(answered=24)

    round = run(project)

    assert set(round.timings) == {"embedding", "training", "scoring", "choosing"}
    assert sum(round.figures["scores"]["counts"]) == round.pool == 96
    assert set(round.figures["predicted"]) == {"positive", "negative", "neutral"}
    first = round.selections.earliest("rank")
    assert first.reason
    assert first.nearest[0]["key"].startswith("item-")
    assert not RoundShard.objects.exclude(found=b"").exists()


def test_the_model_learns_and_predicts() -> None:
    project, _ = make_learning(answered=24)

    round = run(project)

    model = ModelVersion.objects.get()
    assert (model.state, model.items, model.parameters["labels"][:2]) == (
        "promoted",
        24,
        ["positive", "negative"],
    )
    said = Prediction.objects.filter(project=project)
    right = [one.value == truth(int(one.item.key[-5:])) for one in said.select_related("item")]
    assert len(right) >= round.batch
    assert sum(right) / len(right) > 0.8


def test_without_a_label_typical_items_come_first() -> None:
    project, _ = make_learning()

    round = run(project)

    assert (round.state, round.labels, round.chosen + round.explored) == ("done", 0, 10)
    assert not ModelVersion.objects.exists()
    assert round.selections.filter(strategy="adaptive").exists()


def test_one_label_so_far() -> None:
    project, anna = make_learning()
    for turn in queue.next_leases(annotator=anna, project=project, count=4).turns[::2]:
        from annotation.services import answers
        from annotation.services.answers import Answer

        answers.submit(
            annotator=anna, lease_id=turn.id, given=Answer({"sentiment": "positive"}, str(turn.id))
        )
    from labelmodel.services import refresh

    refresh.refresh(project_id=project.pk)

    assert run(project).state == "done"


def test_two_items() -> None:
    project, _ = make_learning(items=2)

    round = run(project)

    assert (round.state, sorted(chosen(round))) == ("done", ["item-00000", "item-00001"])


def test_nothing_to_choose_from() -> None:
    project, _ = make_learning(items=0)

    assert run(project).state == "done"


def test_the_next_round_takes_back_what_nobody_has_begun() -> None:
    project, anna = make_learning(answered=24)
    first = chosen(run(project))
    answer(project, anna, 4)

    second = chosen(run(project, strategy="random"))

    ahead = Item.objects.filter(project=project, priority__gt=1, answers=0).values_list("key", flat=True)
    assert set(ahead) == set(second)
    assert not set(second) & set(first[:4])


def test_answers_of_the_meantime_are_not_asked_for_again() -> None:
    project, anna = make_learning(answered=24)
    round = requests.request(project=project, by=project.created_by)
    shards = rounds.prepare(round_id=round.pk)
    rounds.score(shard_id=shards[0])
    meanwhile = answer(project, anna, 12)

    rounds.finish(round_id=round.pk)

    round.refresh_from_db()
    assert (round.state, round.error) == ("done", "")
    assert not set(chosen(round)) & set(meanwhile)
    assert requests.answers_given(project.pk) - round.answers == 12
    assert_slots_add_up(project)


def test_steps_that_come_twice_change_nothing() -> None:
    project, _ = make_learning(answered=24)
    round = requests.request(project=project, by=project.created_by)
    shards = rounds.prepare(round_id=round.pk)
    assert rounds.prepare(round_id=round.pk) == []
    assert [rounds.score(shard_id=shards[0]) for _ in range(2)] == [round.pk, round.pk]
    rounds.finish(round_id=round.pk)
    before = list(Selection.objects.values_list("pk", "item", "priority"))

    rounds.finish(round_id=round.pk)

    assert list(Selection.objects.values_list("pk", "item", "priority")) == before


def test_the_same_labels_are_not_learned_twice() -> None:
    project, _ = make_learning(answered=24)
    run(project)

    again = run(project)

    assert ModelVersion.objects.count() == 1
    assert again.model_id == ModelVersion.objects.get().pk


def test_gold_questions_are_neither_learned_nor_chosen() -> None:
    project, _ = make_learning(answered=24)
    keys = ["item-00003", "item-00050"]
    known = [gold.Known({"sentiment": "positive"}, key=key) for key in keys]
    gold.put(project=project, by=project.created_by, items=known)

    round = run(project)

    assert round.labels == 23
    assert not round.selections.filter(item__key__in=keys).exists()


def test_a_round_that_is_cancelled_publishes_nothing() -> None:
    project, _ = make_learning(answered=24)
    round = requests.request(project=project, by=project.created_by)
    shards = rounds.prepare(round_id=round.pk)

    requests.cancel(round=round, by=project.created_by)
    rounds.score(shard_id=shards[0])
    rounds.finish(round_id=round.pk)

    assert not Item.objects.filter(priority__gt=0).exists()


def test_other_questions_mean_beginning_again() -> None:
    project, _ = make_learning(answered=24)
    round = requests.request(project=project, by=project.created_by)
    shards = rounds.prepare(round_id=round.pk)
    rounds.score(shard_id=shards[0])
    assert project.schema is not None
    labels = [*project.schema.questions[0]["labels"], {"value": "mixed", "title": "Mixed"}]
    schemas.create_schema(
        project=project,
        by=project.created_by,
        fields=project.schema.fields,
        questions=[{**project.schema.questions[0], "labels": labels}],
    )

    rounds.finish(round_id=round.pk)

    round.refresh_from_db()
    assert (round.state, round.notes) == (
        "waiting",
        ["The questions changed while it was under way, so it began again."],
    )
    assert waiting.unfinished() == [("prepare", round.pk)]


def test_a_worker_that_dies_three_times_ends_it() -> None:
    project, _ = make_learning(answered=24)
    round = requests.request(project=project, by=project.created_by)
    Round.objects.filter(pk=round.pk).update(attempts=3)

    rounds.prepare(round_id=round.pk)

    round.refresh_from_db()
    assert (round.state, "died 3 times" in round.error) == ("failed", True)


def test_doubtful_answers_are_asked_again() -> None:
    project, _ = make_learning(answered=40, ask_again=0.5)
    wrong = Consensus.objects.filter(item__key="item-00004")
    wrong.update(value="negative", distribution={"negative": 0.7, "positive": 0.3}, confidence=0.7)
    Project.objects.filter(pk=project.pk).update(annotations_at_most=2)
    from tests.factories import make_member

    make_member(project)

    round = run(project)

    again = round.selections.filter(kind="again", published=True)
    assert "item-00004" in again.values_list("item__key", flat=True)
    item = Item.objects.get(key="item-00004")
    assert (item.state, item.wanted, item.open_slots) == ("open", 2, 1)
    assert_slots_add_up(project)


def test_what_may_not_be_asked_again_takes_nobodys_place() -> None:
    project, _ = make_learning(answered=60, ask_again=0.5, explore=0.0)
    wrong = Consensus.objects.filter(item__key__in=["item-00004", "item-00006", "item-00008"])
    wrong.update(value="negative", distribution={"negative": 0.7, "positive": 0.3}, confidence=0.7)
    Item.objects.filter(key__in=["item-00004", "item-00006"]).update(state="disputed")
    LearningSettings.objects.update(again_at_most=0)

    round = run(project)

    assert not round.selections.filter(kind="again").exists()
    assert round.chosen == round.batch


def test_two_strategies_share_a_batch() -> None:
    project, _ = make_learning(answered=24, rival="random", explore=0.0)

    round = run(project)

    strategies = round.selections.filter(kind="new").values_list("strategy", flat=True)
    assert round.rival == "random"
    assert "adaptive" in strategies


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_chooses(strategy: str) -> None:
    project, _ = make_learning(answered=24)

    round = run(project, strategy=strategy, n=6)

    assert (round.state, round.error) == ("done", "")
    assert len(chosen(round)) == 6


def test_settings_of_another_question_start_anew() -> None:
    project, _ = make_learning(answered=24)
    settings = LearningSettings.objects.get()
    settings.learner = "committee"
    settings.strategy = "vote_entropy"
    settings.save()

    round = run(project)

    assert (round.state, round.error, ModelVersion.objects.get().learner) == ("done", "", "committee")


def test_what_came_later_is_embedded_by_the_next_round() -> None:
    project, _ = make_learning(answered=24)
    run(project)
    add(project, 10)
    assert waiting.has_new_items(project.pk)

    round = run(project)

    assert round.pool == 106
    assert not waiting.has_new_items(project.pk)


def test_what_either_strategy_has_taught_is_compared() -> None:
    project, anna = make_learning(
        items=240, answered=90, rival="random", explore=0.0, batch=40, ask_again=0.0
    )
    run(project)
    answer(project, anna, 44)

    round = run(project)

    told = round.figures["rivals"]
    assert told["strategies"] == ["adaptive", "random"]
    assert min(told["labels"]) >= 20
    assert told["low"] <= told["difference"] <= told["high"]
    assert "Adaptive against Random" in told["sentence"]


def test_options_are_for_the_learner_that_they_were_given_for() -> None:
    project, _ = make_learning(answered=24, learner="boosting", learner_options={"trees": 20})

    round = run(project, strategy="vote_entropy")

    assert (round.state, round.error) == ("done", "")
    assert ModelVersion.objects.get().parameters["options"] == {}
