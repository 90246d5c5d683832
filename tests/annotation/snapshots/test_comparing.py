"""What changed from one snapshot to another."""

from __future__ import annotations

import pytest

from annotation.errors import Conflict, InvalidInput
from annotation.services import schemas, snapshots, splits
from annotation.snapshots import chunks, comparing
from tests.annotation.items_help import revise, say
from tests.annotation.snapshots.help import agree, asked, made
from tests.factories import SENTIMENT

pytestmark = pytest.mark.django_db(transaction=True)


def compared(old, new):
    found = snapshots.compare(old=old, new=new, by=old.created_by)
    comparing.run(comparison_id=found.pk)
    found.refresh_from_db()
    assert found.state == "done", found.error
    return found.result


@pytest.fixture
def items(project):
    return list(project.items.order_by("pk"))


def test_what_came_went_and_changed(project, items, monkeypatch):
    monkeypatch.setattr(chunks, "MOST_ROWS", 2)
    for item in items[:4]:
        agree(item)
    old = made(project)
    items[0].consensus.all().delete()
    items[1].consensus.update(value="negative")
    project.items.filter(pk=items[2].pk).update(payload={"text": "other"})
    agree(items[4])

    result = compared(old, made(project))

    assert result["rows"] == {"old": 4, "new": 4, "both": 3}
    assert (result["added"], result["removed"], result["payload_changed"]) == (1, 1, 1)
    assert result["examples"]["removed"] == [{"item_id": items[0].pk, "key": "item-00000"}]
    sentiment = result["questions"]["sentiment"]
    assert sentiment["changes"] == [{"from": "positive", "to": "negative", "count": 1}]
    assert sentiment["agreement"]["percent"] == pytest.approx(2 / 3)
    assert sentiment["examples"] == [
        {"item_id": items[1].pk, "key": "item-00001", "from": "positive", "to": "negative"}
    ]


def test_kappa_is_that_of_the_two_by_two_table(project, items):
    for item, value in zip(items, ["positive", "positive", "negative", "negative"], strict=False):
        agree(item, value=value)
    old = made(project)
    items[0].consensus.update(value="negative")

    # 3 of 4 the same, and by chance half of them: (0.75 - 0.5) / 0.5.
    assert compared(old, made(project))["questions"]["sentiment"]["agreement"]["kappa"] == pytest.approx(0.5)


def test_answers_are_compared_by_person(project, items, annotator, second_annotator):
    answer = say(items[0], annotator, sentiment="positive")
    old = made(project, rows="annotations")
    revise(answer, sentiment="neutral")
    say(items[0], second_annotator, sentiment="positive")

    result = compared(old, made(project, rows="annotations"))

    assert (result["added"], result["removed"]) == (1, 0)
    assert result["examples"]["added"][0]["annotator"] == "bert"
    assert result["questions"]["sentiment"]["changed"] == 1


def test_renamed_labels_are_no_changes(project, items, owner):
    for item, value in zip(items, ("positive", "negative", "neutral"), strict=False):
        agree(item, value=value, status="adjudicated")
    old = made(project)
    renamed = [{**SENTIMENT[0], "name": "mood", "labels": [{"value": "good"}, {"value": "neutral"}]}]
    mapping = {"mood": {"from": "sentiment", "labels": {"positive": "good", "negative": "neutral"}}}
    schemas.create_schema(
        project=project, by=owner, fields=project.schema.fields, questions=renamed, mapping=mapping
    )

    result = compared(old, made(project))

    mood = result["questions"]["mood"]
    assert (mood["both"], mood["changed"]) == (3, 0)
    assert mood["called"] == [
        {"from": "positive", "to": "good", "count": 1},
        {"from": "negative", "to": "neutral", "count": 1},
    ]


def test_what_people_must_decide_again_is_told(project, items, owner):
    for item, value in zip(items, ("positive", "negative"), strict=False):
        agree(item, value=value, status="adjudicated")
    old = made(project)
    split = [{**SENTIMENT[0], "labels": [{"value": one} for one in ("glad", "proud", "negative", "neutral")]}]
    mapping = {"sentiment": {"labels": {"positive": None}}}
    schemas.create_schema(
        project=project, by=owner, fields=project.schema.fields, questions=split, mapping=mapping
    )

    result = compared(old, made(project, unlabeled=True))["questions"]["sentiment"]

    assert (result["both"], result["lost"]) == (1, 0)
    assert result["called"] == [{"from": "positive", "to": None, "count": 1}]


def test_items_that_moved_between_parts(project, items, owner):
    for item in items:
        agree(item)
    parts = [{"name": "a", "share": 0.5}, {"name": "b", "share": 0.5}]
    first, second = (
        splits.create(project=project, by=owner, name=str(seed), kind="random", parts=parts, seed=seed)
        for seed in (1, 2)
    )

    moved = compared(made(project, split=first), made(project, split=second))["moved"]

    assert moved["both"] == 5
    assert moved["changed"] == sum(move["count"] for move in moved["changes"]) > 0


def test_what_cannot_be_compared(project, items):
    done = made(project)

    with pytest.raises(InvalidInput):
        snapshots.compare(old=done, new=done, by=done.created_by)
    with pytest.raises(InvalidInput):
        snapshots.compare(old=done, new=made(project, rows="annotations"), by=done.created_by)
    with pytest.raises(Conflict):
        snapshots.compare(old=done, new=asked(project), by=done.created_by)
