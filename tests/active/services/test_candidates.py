"""What shards leave for choosing, and how a batch is put together: arithmetic without a database."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from active.services import choosing, picking
from active.services.candidates import Candidates, merged
from active.services.choices import Choice


def some(n: int, start: int = 1) -> Candidates:
    rng = np.random.default_rng(start)
    return Candidates(
        np.arange(start, start + n),
        rng.normal(size=(n, 4)).astype(np.float16),
        rng.random(n, dtype=np.float32),
        rng.random(n) < 0.5,
        rng.random(n) < 0.5,
        scored=10 * n,
        counts=np.arange(20),
        predicted=np.array([n, 0, 1]),
    )


def choice(item: int, kind: str = "new", value: float = 0.0) -> Choice:
    return Choice(item=item, kind=kind, strategy="margin", score=0.0, value=value, reason="")


def test_bytes_bring_back_the_same() -> None:
    before = some(7)

    after = Candidates.from_bytes(before.to_bytes())

    assert after.scored == 70
    for name, value in vars(before).items():
        np.testing.assert_array_equal(getattr(after, name), value)


def test_shards_are_put_together() -> None:
    both = merged([some(3), some(2, start=10)])

    assert both.items.tolist() == [1, 2, 3, 10, 11]
    assert both.scored == 50
    assert both.predicted.tolist() == [5, 0, 2]
    assert len(merged([])) == 0


def test_some_rows_keep_the_counts_of_all() -> None:
    part = some(5).at(np.array([0, 3]))

    assert part.items.tolist() == [1, 4]
    assert part.scored == 50


@given(st.integers(0, 40), st.integers(0, 20))
def test_what_is_put_in_between_keeps_everybodys_order(n_chosen: int, n_between: int) -> None:
    chosen, between = [choice(n) for n in range(n_chosen)], [choice(100 + n) for n in range(n_between)]

    items = [one.item for one in choosing.spread(chosen, between)]

    assert [item for item in items if item < 100] == list(range(n_chosen))
    assert [item for item in items if item >= 100] == list(range(100, 100 + n_between))


def test_random_ones_come_evenly() -> None:
    items = [one.item for one in choosing.spread([choice(n) for n in range(18)], [choice(100), choice(101)])]

    assert [place for place, item in enumerate(items) if item >= 100] == [5, 15]


def test_near_duplicates_make_room_for_others() -> None:
    vectors = np.array([[1, 0], [1, 0.01], [0, 1], [1, 0.02], [-1, 0]], dtype=np.float32)

    assert picking.different(vectors, 3) == [0, 2, 4]


def test_where_all_are_alike_the_first_ones_serve() -> None:
    assert picking.different(np.ones((5, 2), dtype=np.float32), 3) == [0, 1, 2]


def test_asking_again_has_to_be_worth_more_than_asking_new() -> None:
    again = [choice(1, "again", 0.3), choice(2, "again", 0.1)]

    kept = choosing._worth_more(
        again, [choice(3, value=0.2), choice(4, value=0.1), choice(5, value=0.25)], most=5
    )

    assert [one.item for one in kept] == [1]


def test_so_many_are_asked_again_and_no_more() -> None:
    again = [choice(1, "again", 0.3), choice(2, "again", 0.2), choice(3, "again", 0.1)]

    assert [one.item for one in choosing._worth_more(again, [], most=2)] == [1, 2]
    assert choosing._worth_more(again, [], most=-1) == []
