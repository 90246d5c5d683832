from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from annotation.errors import InvalidInput, NotAllowed
from annotation.models import Item, Project, Reservoir, ReservoirItem, User
from annotation.services import queue, reservoir
from tests.annotation.importing.uploads import counts, imported, table
from tests.factories import make_item, make_project
from tests.invariants import assert_slots_add_up

pytestmark = pytest.mark.django_db


@pytest.fixture
def pool() -> Callable[..., Project]:
    def make(size: int, seed: int = 0) -> Project:
        project = make_project()
        reservoir.put(project=project, by=project.created_by, size=size, seed=seed)
        return project

    return make


@transaction.atomic
def arrive(project: Project, keys: Iterable[str]) -> int:
    """As imports do: only new keys are asked for; returns how many were turned away."""
    new = [key for key in keys if not Item.objects.filter(project=project, key=key).exists()]
    admission = reservoir.admit(project_id=project.pk, keys=new)
    assert admission is not None
    Item.objects.bulk_create(make_item(project, key, {"text": key}) for key in new if key in admission)
    reservoir.settle(admission)
    return admission.sampled_out


def keys_of(project: Project) -> set[str]:
    return set(project.items.values_list("key", flat=True))


def lowest(count: int, keys: Iterable[str], seed: int = 0) -> set[str]:
    keys = list(keys)
    placed = sorted(zip(reservoir.places(seed, keys), keys, strict=True))
    return {key for _, key in placed[:count]}


@settings(max_examples=15, deadline=None)
@given(
    batches=st.lists(st.lists(st.integers(0, 40), unique=True, max_size=15), max_size=6),
    size=st.integers(1, 12),
)
def test_the_pool_is_the_lowest_places_of_whatever_came_in_any_order_and_as_often_as_it_likes(
    batches: list[list[int]], size: int
) -> None:
    project = make_project()
    reservoir.put(project=project, by=project.created_by, size=size)

    for batch in batches:
        arrive(project, [f"k{n}" for n in batch])

    assert keys_of(project) == lowest(size, {f"k{n}" for batch in batches for n in batch})
    assert ReservoirItem.objects.filter(reservoir__project=project).count() == project.items.count()


def test_every_moment_of_arrival_has_the_same_chance() -> None:
    arrivals = [f"row-{n}" for n in range(200)]
    kept = [0] * 10

    for seed in range(400):
        for key in lowest(20, arrivals, seed):
            kept[int(key.removeprefix("row-")) // 20] += 1

    # 800 of each tenth are expected; a pool that replaces with a constant chance, say, keeps 3,000 of the first tenth.
    assert chisquare(kept).pvalue > 0.01


def test_places_are_spread_evenly_and_differ_by_seed() -> None:
    keys = [f"row-{n}" for n in range(20_000)]

    spread = [0] * 20
    for place in reservoir.places(7, keys):
        spread[int(place * 20)] += 1

    assert chisquare(spread).pvalue > 0.01
    assert list(reservoir.places(7, keys[:5])) != list(reservoir.places(8, keys[:5]))


def test_what_comes_in_and_what_is_turned_away_is_counted(pool: Callable[..., Project]) -> None:
    project = pool(3)

    away = arrive(project, [f"k{n}" for n in range(10)])

    assert (away, project.items.count(), Reservoir.objects.get().seen) == (7, 3, 10)


def test_an_item_that_somebody_has_in_hand_leaves_the_sample_and_stays(
    pool: Callable[..., Project], stranger: User
) -> None:
    project = pool(2)
    arrive(project, ["a", "b"])
    project.memberships.create(user=stranger, role="annotator")
    held = {turn.key for turn in queue.next_leases(annotator=stranger, project=project, count=2).turns}

    arrive(project, [f"k{n}" for n in range(50)])

    assert held == {"a", "b"}
    assert keys_of(project) == held | lowest(2, [*held, *(f"k{n}" for n in range(50))])
    assert ReservoirItem.objects.count() == 2
    assert_slots_add_up(project)


def test_a_smaller_pool_lets_go_at_once_and_a_larger_one_grows_by_what_still_comes(
    pool: Callable[..., Project],
) -> None:
    first, second = [f"k{n}" for n in range(30)], [f"m{n}" for n in range(30)]
    project = pool(10)
    arrive(project, first)

    reservoir.put(project=project, by=project.created_by, size=4)
    assert keys_of(project) == lowest(4, first)
    reservoir.put(project=project, by=project.created_by, size=100)
    arrive(project, second)

    # All and only those below the ceiling of the time when it was small: still every key with the same chance.
    ceiling = Reservoir.objects.get().highest
    assert keys_of(project) == {
        key
        for key, place in zip(first + second, reservoir.places(0, first + second), strict=True)
        if place < ceiling
    }


def test_items_that_were_there_before_stay_beside_the_pool(pool: Callable[..., Project]) -> None:
    project = make_project(items=5)
    before = keys_of(project)
    reservoir.put(project=project, by=project.created_by, size=2)

    arrive(project, [f"k{n}" for n in range(20)])

    assert keys_of(project) == before | lowest(2, [f"k{n}" for n in range(20)])


def test_an_import_fills_the_pool_and_says_how_many_rows_had_no_place(pool: Callable[..., Project]) -> None:
    project = pool(10)
    rows = [(f"k{n}", f"text {n}") for n in range(100)]

    dataset = imported(project, table(iter(rows)), key_field="id")
    again = imported(project, table(iter(reversed(rows))), key_field="id")

    assert keys_of(project) == lowest(10, [key for key, _ in rows])
    assert (counts(dataset)[1:3], dataset.rows_sampled_out) == ((100, 10), 90)
    assert (counts(again)[1:4], again.rows_sampled_out) == ((100, 0, 10), 90)


def test_the_seed_stays_and_a_size_is_checked(pool: Callable[..., Project], annotator: User) -> None:
    project = pool(10, seed=4)

    with pytest.raises(InvalidInput, match="seed cannot change"):
        reservoir.put(project=project, by=project.created_by, size=5, seed=5)
    with pytest.raises(InvalidInput, match="holds from 1"):
        reservoir.put(project=project, by=project.created_by, size=0)
    project.memberships.create(user=annotator, role="annotator")
    with pytest.raises(NotAllowed):
        reservoir.put(project=project, by=annotator, size=5)


def test_without_a_pool_everything_comes_in_again(pool: Callable[..., Project]) -> None:
    project = pool(2)
    arrive(project, [f"k{n}" for n in range(9)])

    reservoir.remove(project=project, by=project.created_by)

    assert reservoir.admit(project_id=project.pk, keys=["x"]) is None
    assert project.items.count() == 2
    assert not ReservoirItem.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_streams_at_once_leave_the_same_pool_as_one() -> None:
    project = make_project()
    reservoir.put(project=project, by=project.created_by, size=15)
    names = [f"k{n}" for n in range(120)]
    random.Random(3).shuffle(names)

    def feed(part: list[str]) -> None:
        try:
            for start in range(0, len(part), 10):
                arrive(project, part[start : start + 10])
        finally:
            connection.close()

    threads = [threading.Thread(target=feed, args=(names[half::2],)) for half in (0, 1)]
    _run(threads)

    assert keys_of(project) == lowest(15, names)


def _run(threads: list[Any]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
