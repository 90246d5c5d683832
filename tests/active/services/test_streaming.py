"""Items that come between rounds."""

from __future__ import annotations

import pytest

from active.models import EmbeddingShard, Selection
from active.services import requests, streaming, waiting
from annotation.models import Item
from annotation.services import queue
from tests.active.learning import add, answer, make_learning, run

pytestmark = pytest.mark.django_db


def test_what_the_model_is_unsure_about_comes_early() -> None:
    project, _ = make_learning(answered=24)
    round = run(project)
    round.figures["bar"] = 0.0
    round.save()
    arrived = add(project, 6)

    streaming.score_new(project_id=project.pk)

    found = Selection.objects.filter(kind="arrived", published=True)
    assert set(found.values_list("item", flat=True)) == {item.pk for item in arrived}
    assert Item.objects.get(pk=arrived[0].pk).priority == 1.0
    assert not waiting.has_new_items(project.pk)


def test_what_it_is_sure_about_waits_for_its_turn() -> None:
    project, _ = make_learning(answered=24)
    round = run(project)
    round.figures["bar"] = 1.1
    round.save()
    add(project, 6)

    streaming.score_new(project_id=project.pk)

    assert not Selection.objects.filter(kind="arrived").exists()
    assert not waiting.has_new_items(project.pk)


def test_before_the_first_round_there_is_nothing_to_add_to() -> None:
    project, _ = make_learning()

    assert not waiting.has_new_items(project.pk)
    assert waiting.with_new_items() == []


def test_a_round_that_is_pending_does_it_itself() -> None:
    project, _ = make_learning(answered=24)
    run(project)
    add(project, 6)
    requests.request(project=project, by=project.created_by)
    shards = EmbeddingShard.objects.count()

    streaming.score_new(project_id=project.pk)

    assert waiting.with_new_items() == []
    assert EmbeddingShard.objects.count() == shards


def test_people_get_them_behind_the_batch() -> None:
    project, anna = make_learning(answered=24, batch=5)
    round = run(project)
    round.figures["bar"] = 0.0
    round.save()
    (arrived, *_) = add(project, 3)

    streaming.score_new(project_id=project.pk)

    keys = answer(project, anna, 8)
    assert arrived.key in keys[5:]
    assert queue.next_leases(annotator=anna, project=project).turns[0].key not in keys
