"""Snapshots: what is in them, and that the same is the same."""

from __future__ import annotations

import hashlib

import pytest

from tests.annotation.items_help import revise, say
from tests.annotation.snapshots.help import agree, lines, made, rows

# They are read over a connection of their own, which sees only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def items(project):
    return list(project.items.order_by("pk"))


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
