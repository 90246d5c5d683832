"""Votes as they are kept, and as label models read them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.models import GoldQuestion, Project
from annotation.services.schemas import create_schema
from labelmodel.models import VoteShard
from labelmodel.services import functions, vote_shards
from labelmodel.services.vote_shards import ABSTAIN, BLOCK, UNSEEN
from tests.factories import SENTIMENT, make_item
from tests.labelmodel.services.function_help import active, draft, reviews, words
from tests.labelmodel.services.test_functions import relabel


@given(st.lists(st.tuples(st.integers(0, BLOCK - 1), st.integers(ABSTAIN, 9_999)), max_size=50))
def test_a_block_comes_back_as_it_was(votes: list[tuple[int, int]]) -> None:
    label = vote_shards.empty()
    for place, vote in votes:
        label[place] = vote

    assert np.array_equal(vote_shards.unpack(vote_shards.pack(label)), label)


def test_a_block_is_small() -> None:
    label = vote_shards.empty()
    assert len(vote_shards.pack(label)) < 100

    label[:] = np.where(np.random.default_rng(0).random(BLOCK) < 0.7, ABSTAIN, 1)

    assert len(vote_shards.pack(label)) < BLOCK / 5


@pytest.mark.parametrize(
    "data", [b"", b"\x01", b"\x03\x00\x00\x01\x00abc", b"\x01\x00\x00\x01\x00not packed"]
)
def test_bytes_that_are_no_block_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no block"):
        vote_shards.unpack(data)


@pytest.fixture
def project(db: None) -> Project:
    return reviews()


def test_votes_are_read_as_estimators_take_them(project: Project) -> None:
    good = active(project)
    bad = active(project, "bad words", words("negative", "bad"))

    read = vote_shards.votes(project, "sentiment")

    assert read.items.tolist() == sorted(project.items.values_list("pk", flat=True))
    assert (read.versions, read.labels) == ([good.pk, bad.pk], ["positive", "negative", "neutral"])
    rows = sorted(zip(read.item.tolist(), read.source.tolist(), read.label.tolist(), strict=True))
    assert rows == [(0, 0, 0), (1, 1, 1), (2, 0, 0), (4, 0, 0), (4, 1, 1), (5, 1, 1)]
    assert not read.aside.any()


def test_gold_questions_and_the_holdout_are_marked_and_retired_items_left_out(project: Project) -> None:
    active(project)
    first, second, third, *_ = project.items.order_by("pk")
    GoldQuestion.objects.create(
        item=first, project=project, schema=project.schema, answer={}, created_by=project.created_by
    )
    project.items.filter(pk=second.pk).update(role="holdout")
    project.items.filter(pk=third.pk).update(state="retired")

    read = vote_shards.votes(project, "sentiment")

    assert third.pk not in read.items
    assert read.items[read.gold].tolist() == [first.pk]
    assert read.items[read.holdout].tolist() == [second.pk]
    assert read.items[read.aside].tolist() == [first.pk, second.pk]


def test_some_items_and_some_blocks(project: Project) -> None:
    version = active(project)
    far = make_item(project, "far", {"text": "good"})
    far.pk = 10 * BLOCK + project.items.latest("pk").pk
    far.save()
    active(project, "again")
    wanted = [project.items.earliest("pk").pk, far.pk]

    read = vote_shards.votes(project, "sentiment", items=wanted)

    assert read.items.tolist() == wanted
    assert sorted(zip(read.item.tolist(), read.source.tolist(), strict=True)) == [
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
    ]
    (part,) = vote_shards.blocks(project, "sentiment", [version], numbers=[far.pk // BLOCK])
    assert (part.items.tolist(), part.label.tolist()) == ([far.pk], [0])


def test_labels_are_those_of_now_whatever_order_they_had(project: Project) -> None:
    active(project, definition={"rules": [words("positive", "good"), words("negative", "bad")]})
    question = {**SENTIMENT[0], "labels": [*reversed(SENTIMENT[0]["labels"])]}
    create_schema(project=project, by=project.created_by, fields=[], questions=[question], mapping={})
    project.refresh_from_db()

    read = vote_shards.votes(project, "sentiment")

    assert read.labels == ["neutral", "negative", "positive"]
    assert [read.labels[label] for label in read.label] == [
        "positive",
        "negative",
        "positive",
        "positive",
        "negative",
    ]


def test_stopped_and_faulty_functions_do_not_count(project: Project) -> None:
    good, bad = active(project), active(project, "bad words", words("negative", "bad"))
    neutral = active(project, "neutral words", words("neutral", "neither"))
    functions.stop(function=bad.function, by=None, reason="Enough.")
    relabel(project, labels=["negative", "neutral"])

    assert good.state == "active"
    assert vote_shards.votes(project, "sentiment").versions == [neutral.pk]


def test_a_project_without_items_or_functions(project: Project) -> None:
    empty = reviews([])
    draft(empty)

    for one in (empty, project):
        read = vote_shards.votes(one, "sentiment")
        assert (len(read), read.versions) == (0, [])
        assert len(read.items) == one.items.count()


def test_items_that_nobody_has_seen_have_no_votes(project: Project) -> None:
    version = active(project)
    VoteShard.objects.all().delete()

    read = vote_shards.votes(project, "sentiment", [version])

    assert (len(read), len(read.items)) == (0, 6)
    assert UNSEEN < ABSTAIN < 0
