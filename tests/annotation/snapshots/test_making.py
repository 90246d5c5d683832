"""Snapshots: what is in them, and that the same is the same."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from unittest.mock import Mock

import pytest
from django.db import connection
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from annotation.errors import InvalidInput, NotAllowed
from annotation.models import Item, ItemTag, Project, Snapshot, Tag
from annotation.services import jobs, schemas, snapshots
from annotation.services.snapshot_choices import Choice
from annotation.snapshots import chunks, making
from annotation.snapshots.writing import Writer
from tests.annotation.items_help import revise, say
from tests.annotation.snapshots.help import agree, asked, lines, made, rows, table
from tests.factories import SENTIMENT, make_dataset, make_items, make_project, make_schema

# They are read over a connection of their own, which sees only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def items(project):
    return list(project.items.order_by("pk"))


def test_a_time_that_is_meant_from_now_on_is_the_moment_of_asking(project, items, monkeypatch):
    """A worker that dies leaves the snapshot to another one, hours later it may be."""
    for item in items:
        agree(item)
    Item.objects.filter(pk=items[0].pk).update(created_at=timezone.now() - timedelta(minutes=90))
    snapshot = asked(project, where="created > -1h")
    later = timezone.now() + timedelta(hours=5)
    monkeypatch.setattr(timezone, "now", lambda: later)
    with monkeypatch.context() as died:
        died.setattr(Writer, "write", Mock(side_effect=jobs.Lost))
        assert making.run(snapshot_id=snapshot.pk)
    Snapshot.objects.update(heartbeat_at=later - timedelta(days=1))

    assert making.run(snapshot_id=snapshot.pk)

    snapshot.refresh_from_db()
    assert (snapshot.state, snapshot.attempts) == ("done", 2)
    assert [row["key"] for row in rows(snapshot)] == [item.key for item in items[1:]]
    since = parse_datetime(snapshot.manifest["where"].removeprefix("created > "))
    assert abs(snapshot.created_at - since - timedelta(hours=1)) < timedelta(seconds=5)


def test_a_consensus_row_tells_who_stands_behind_it(project, items, annotator, second_annotator):
    for person in (second_annotator, annotator):
        say(items[1], person, sentiment="positive")
    agree(items[1], votes=2, run=7)

    assert rows(made(project)) == [
        {
            "item_id": items[1].pk,
            "key": "item-00001",
            "dataset": None,
            "state": "resolved",
            "payload": {"text": "Text number 1."},
            "tags": [],
            "consensus": {
                "sentiment": {
                    "value": "positive",
                    "confidence": 0.9,
                    "status": "auto",
                    "method": "majority",
                    "votes": 2,
                    "run": 7,
                    "sources": {"person": 2, "simulated": 0, "imported": 0},
                }
            },
            "annotators": ["anna", "bert"],
        }
    ]


def test_an_answer_row_is_the_last_of_its_revisions(project, items, annotator):
    last = revise(say(items[0], annotator, sentiment="positive"), sentiment="negative")

    [row] = rows(made(project, rows="annotations"))
    assert row["annotation_id"] == last.pk
    assert (row["annotator"], row["answer"], row["revisions"]) == ("anna", {"sentiment": "negative"}, 1)
    assert row["counts"] is True
    assert "given" not in row


def test_the_hash_is_of_the_lines(project, items, annotator):
    say(items[0], annotator, sentiment="positive")
    snapshot = made(project, rows="annotations")

    assert hashlib.sha256(lines(snapshot)).hexdigest() == snapshot.sha256
    assert snapshot.manifest["jsonl"]["size"] == len(lines(snapshot))


def test_the_same_choice_of_the_same_state_has_the_same_hash(project, items):
    for item in items:
        agree(item)

    first, second = made(project), made(project)

    assert first.sha256 == second.sha256
    assert first.manifest["parquet"]["sha256"] == second.manifest["parquet"]["sha256"]
    assert (first.number, second.number) == (1, 2)


def test_older_answers_read_under_the_current_questions(project, items, owner, annotator, second_annotator):
    old, other = say(items[0], annotator, sentiment="positive"), say(items[1], annotator, sentiment="neutral")
    agree(items[1], value="positive", status="adjudicated", distribution={"positive": 1.0})
    renamed = [{**SENTIMENT[0], "labels": [{"value": "good"}, {"value": "negative"}, {"value": "neutral"}]}]
    mapping = {"sentiment": {"labels": {"positive": "good"}}}
    schemas.create_schema(
        project=project, by=owner, fields=project.schema.fields, questions=renamed, mapping=mapping
    )
    project.refresh_from_db()
    new = say(items[2], second_annotator, sentiment="good")

    answers = {row["annotation_id"]: row for row in rows(made(project, rows="annotations"))}
    assert [answers[one.pk]["answer"]["sentiment"] for one in (old, other, new)] == [
        "good",
        "neutral",
        "good",
    ]
    assert answers[old.pk]["given"] == {"sentiment": "positive"}
    [row] = rows(made(project, probabilities=True))
    assert row["consensus"]["sentiment"]["value"] == "good"
    assert row["consensus"]["sentiment"]["probabilities"] == {"good": 1.0}


@pytest.mark.parametrize(
    ("choice", "kept"),
    [
        ({}, [0, 1, 2]),
        ({"adjudicated": True}, [1]),
        ({"min_confidence": 0.8}, [0, 1]),
        ({"unlabeled": True}, [0, 1, 2, 4]),
        ({"where": "state = resolved"}, [0]),
        ({"gold": True}, [0, 1, 2, 4]),
        ({"holdout": True}, [0, 1, 2, 3]),
    ],
)
def test_choices_leave_items_out(project, items, annotator, choice, kept):
    say(items[0], annotator, sentiment="positive")
    agree(items[0], confidence=0.8)
    agree(items[1], status="adjudicated", confidence=1.0)
    agree(items[2], confidence=0.5)
    project.items.filter(pk=items[3].pk).update(role="holdout")
    agree(items[3])
    agree(items[4], status="known", confidence=1.0)

    assert [row["item_id"] for row in rows(made(project, **choice))] == [items[n].pk for n in kept]


def test_a_question_whose_consensus_does_not_count_is_empty(owner):
    second = {**SENTIMENT[0], "name": "tone"}
    project = make_project(owner=owner, items=1, questions=[*SENTIMENT, second])
    item = project.items.get()
    agree(item, "sentiment", confidence=0.9)
    agree(item, "tone", confidence=0.4)

    [row] = rows(made(project, min_confidence=0.5))

    assert list(row["consensus"]) == ["sentiment"]


def test_answers_of_a_time_range(project, items, annotator):
    first, second = (say(item, annotator, sentiment="neutral") for item in items[:2])

    late = rows(made(project, rows="annotations", since=second.created_at))
    early = rows(made(project, rows="annotations", until=second.created_at))
    assert [row["annotation_id"] for row in late] == [second.pk]
    assert [row["annotation_id"] for row in early] == [first.pk]
    agree(items[0])
    assert rows(made(project, since=second.created_at + timedelta(seconds=1))) == []


def test_set_aside_answers_say_so_and_stand_behind_nothing(project, items, manager, annotator):
    answer = say(items[0], annotator, sentiment="positive")
    items[0].leases.update(state="set_aside")
    project.suspensions.create(
        created_at=timezone.now(),
        user=annotator,
        reason="x",
        first_annotation=1,
        last_annotation=9,
        right=0,
        judged=1,
        bar=0.5,
    )
    agree(items[0])

    [row] = rows(made(project, rows="annotations"))
    assert (row["annotation_id"], row["counts"]) == (answer.pk, False)
    [row] = rows(made(project))
    assert row["annotators"] == []
    assert row["consensus"]["sentiment"]["sources"]["person"] == 0


def test_datasets_tags_and_payload_columns(project, items):
    dataset = make_dataset(project, name="mails")
    project.items.filter(pk=items[0].pk).update(
        dataset=dataset, payload={"text": 'a "quoted"\nline', "n": 1e3}
    )
    for name in ("late", "early"):
        ItemTag.objects.create(tag=Tag.objects.create(project=project, name=name), item=items[0])
    agree(items[0])
    snapshot = made(project, dataset=dataset.pk)

    [row] = rows(snapshot)
    assert (row["dataset"], row["tags"]) == ("mails", ["early", "late"])
    assert row["payload"] == {"text": 'a "quoted"\nline', "n": 1000}
    assert table(snapshot).column("payload.text").to_pylist() == ['a "quoted"\nline']


def test_odd_numbers_do_not_end_a_snapshot(project, items):
    fields = [{"name": "n", "type": "number"}, {"name": "text", "type": "text"}]
    make_schema(project, fields=fields)
    for item, text in zip(items, ["1e400", "1e-400", '"3"', "2.50", "0"], strict=True):
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE annotation_item SET payload = %s WHERE id = %s", [f'{{"n": {text}}}', item.pk]
            )

    snapshot = made(project, unlabeled=True)

    assert table(snapshot).column("payload.n").to_pylist() == [None, None, None, 2.5, 0]


def test_a_project_without_questions_or_items_makes_an_empty_snapshot(owner):
    project = Project.objects.create(name="bare", created_by=owner)
    project.memberships.create(user=owner, role="owner")

    for kind in ("consensus", "annotations"):
        assert made(project, rows=kind).row_count == 0
    make_items(project, 1)
    assert [row["consensus"] for row in rows(made(project, unlabeled=True))] == [{}]


def test_the_manifest_counts_what_is_in_it(project, items, annotator):
    say(items[0], annotator, sentiment="positive")
    agree(items[0], run=3, method="dawid-skene")
    agree(items[1], value="negative", kinds=["expert"], status="adjudicated")

    manifest = made(project, where=" state != retired").manifest

    assert manifest["where"] == "state != retired"
    assert manifest["schema"]["version"] == 1
    counts = manifest["counts"]
    assert counts["labels"] == {"sentiment": {"positive": 1, "negative": 1, "neutral": 0}}
    assert counts["kinds"] == {"sentiment": {"expert": 1, "person": 1}}
    assert counts["statuses"] == {"sentiment": {"adjudicated": 1, "auto": 1}}
    assert counts["people"] == {"anna": 1}
    assert {"run": 3, "method": "dawid-skene", "items": 1} in manifest["label_model"]["sentiment"]


def test_what_only_managers_may_know_stays_with_them(project, items, owner, viewer):
    secret = made(project, gold=True)

    with pytest.raises(NotAllowed):
        snapshots.snapshot_for(user=viewer, snapshot_id=secret.pk)
    assert not snapshots.snapshots_for(user=viewer, project=project)
    with pytest.raises(NotAllowed):
        snapshots.create(project=project, by=viewer, choice=Choice(holdout=True))


def test_faults_are_told_all_at_once(project, owner):
    choice = Choice(
        rows="annotations", where="colour = red", min_confidence=2, probabilities=True, dataset=999
    )

    with pytest.raises(InvalidInput) as caught:
        snapshots.create(project=project, by=owner, choice=choice)

    assert {fault.path[0] for fault in caught.value.faults} == {
        "where",
        "min_confidence",
        "probabilities",
        "dataset",
    }


def test_a_large_project_is_read_in_chunks(project, items, monkeypatch):
    monkeypatch.setattr(chunks, "MOST_ROWS", 2)
    for item in items:
        agree(item)
    apart = made(project)
    monkeypatch.undo()

    assert apart.manifest["parquet"]["row_groups"] == 3
    assert apart.sha256 == made(project).sha256
