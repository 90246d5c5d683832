"""Splits: shares, groups that stay together, and items that never move."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.errors import Conflict, InvalidInput
from annotation.models import Split, SplitItem
from annotation.services import splits
from annotation.snapshots import parting
from annotation.snapshots.hashing import draws, parts_of, quotas, shares
from tests.annotation.snapshots.help import agree, made, rows
from tests.factories import make_items, make_project

PARTS = [{"name": "train", "share": 0.6}, {"name": "dev", "share": 0.2}, {"name": "test", "share": 0.2}]
KEYS = st.lists(st.text(max_size=8), min_size=1, max_size=40, unique=True)


def split(kind="random", **values):
    return Split(kind=kind, parts=PARTS, **values)


def chunk(keys, groups=None):
    return pa.table({"id": range(len(keys)), "key": keys, "parted_by": groups or [None] * len(keys)})


@given(keys=KEYS, seed=st.integers(0, splits.LARGEST_SEED))
def test_an_item_is_in_the_same_part_whatever_is_around_it(keys, seed):
    part = parting.by_key(split(seed=seed))

    alone = [part(chunk([key]))[0] for key in keys]

    assert part(chunk(keys)).tolist() == alone


@given(data=st.data(), keys=KEYS, seed=st.integers(0, 99))
def test_a_group_is_never_in_two_parts(data, keys, seed):
    groups = data.draw(
        st.lists(
            st.sampled_from(["1", "1.0", '"1"', '"b"', "null", None]), min_size=len(keys), max_size=len(keys)
        )
    )

    parts = parting.by_group(split("group", seed=seed, by="g"))(chunk(keys, groups))

    told = {"1.0": "1"}
    found = {
        (told.get(group, group), part)
        for group, part in zip(groups, parts.tolist(), strict=True)
        if group not in {None, "null"}
    }
    assert len(found) == len({group for group, _ in found})


def test_parts_come_near_their_shares():
    parts = parts_of(draws((b"%d" % n for n in range(20_000)), seed=7), PARTS)

    assert np.bincount(parts) / 20_000 == pytest.approx([0.6, 0.2, 0.2], abs=0.015)


@given(count=st.integers(0, 60), there=st.lists(st.integers(0, 20), min_size=3, max_size=3))
def test_quotas_give_each_one_a_place_and_none_where_there_are_too_many(count, there):
    wanted = shares(PARTS)

    given_ = quotas(count, wanted, there)

    assert sum(given_) == count
    total = count + sum(there)
    for more, had, share in zip(given_, there, wanted, strict=True):
        assert more == 0 or had + more < share * total + 1


def test_shares_are_exact():
    assert shares([{"share": 0.1}] * 10) == [Fraction(1, 10)] * 10


@pytest.fixture
def make(owner):
    def split_of(project, kind, **values):
        return splits.create(project=project, by=owner, name=kind, kind=kind, parts=PARTS, **values)

    return split_of


def parts(snapshot):
    return {row["key"]: row["split"] for row in rows(snapshot)}


@pytest.mark.django_db(transaction=True)
def test_labels_are_parted_alike_and_items_stay(owner, make):
    project = make_project(owner=owner, items=30)
    for n, item in enumerate(project.items.order_by("pk")):
        agree(item, value="positive" if n % 3 else "negative")
    by_label = make(project, "stratified", field="sentiment")

    first = made(project, split=by_label)
    counts = {
        part: sum(told["labels"]["sentiment"].values())
        for part, told in first.manifest["counts"]["parts"].items()
    }
    assert counts == {"train": 18, "dev": 6, "test": 6}
    assert first.manifest["counts"]["parts"]["test"]["labels"]["sentiment"]["negative"] == 2
    # Other labels and more items: those that were there stay where they were.
    project.items.first().consensus.update(value="neutral")
    for item in make_items(project, 10):
        agree(item)
    second = made(project, split=by_label)
    assert parts(first).items() <= parts(second).items()
    assert Counter(parts(second).values()) == {"train": 24, "dev": 8, "test": 8}
    assert SplitItem.objects.count() == 40


@pytest.mark.django_db(transaction=True)
def test_times_are_settled_once(owner, make):
    project = make_project(owner=owner)
    for n, item in enumerate(make_items(project, 10)):
        item.payload = {"when": f"2026-01-{n + 1:02}", "text": "x"}
        item.save()
    make_items(project, 1)
    by_time = make(project, "time", field="when")

    first = made(project, split=by_time, unlabeled=True)
    assert list(parts(first).values()) == ["train"] * 6 + ["dev"] * 2 + ["test"] * 2 + [None]
    by_time.refresh_from_db()
    assert by_time.begins == ["2026-01-07T00:00:00+00:00", "2026-01-09T00:00:00+00:00"]
    project.items.filter(key="item-00009").update(payload={"when": "2026-01-01T05:00:00+02:00"})
    assert parts(made(project, split=by_time, unlabeled=True))["item-00009"] == "train"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"name": " "}, ("name",)),
        ({"kind": "magic"}, ("kind",)),
        ({"parts": PARTS[:2]}, ("parts",)),
        ({"parts": PARTS[:1]}, ("parts",)),
        ({"parts": [PARTS[0], {"name": "train", "share": 0.4}]}, ("parts", 1, "name")),
        ({"parts": [{"name": "a", "share": 1.0}, {"name": "b", "share": 0}]}, ("parts", 0, "share")),
        ({"kind": "group"}, ("by",)),
        ({"kind": "stratified", "field": "text"}, ("by",)),
        ({"field": "text"}, ("by",)),
    ],
)
def test_what_is_no_split(project, owner, values, where):
    good = {"name": "a", "kind": "random", "parts": PARTS}

    with pytest.raises(InvalidInput) as caught:
        splits.create(project=project, by=owner, **{**good, **values})

    assert caught.value.faults[0].path == where


def test_a_name_is_taken_once(project, owner, make):
    make(project, "random")

    with pytest.raises(Conflict):
        make(project, "random")
