"""What does not fit together is refused with a reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from annotation.agreement import Judgments, coded
from tests.annotation.agreement.examples import crowd

GOOD: dict[str, Any] = {
    "item": [0, 0, 1],
    "source": [0, 1, 0],
    "value": [0, 1, 1],
    "n_items": 2,
    "n_sources": 2,
    "values": ("a", "b"),
}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"source": [0, 0, 0]}, "judged the same item twice"),
        ({"item": [0, 0]}, "different lengths"),
        ({"item": [0, 0, 2]}, "item has an index outside 0 to 1"),
        ({"value": [0, -1, 1]}, "value has an index outside"),
        ({"value": [0.5, 1, 1]}, "value holds float64"),
        ({"source": [[0, 1, 0]]}, "source has 2 dimensions"),
        ({"level": "ratio"}, "level is one of nominal, ordinal, interval, set"),
        ({"values": ("a", "a")}, "same value twice"),
        ({"level": "interval"}, "finite numbers"),
        ({"level": "interval", "values": (1.0, float("nan"))}, "finite numbers"),
        ({"level": "interval", "values": (1.0, 1)}, "same number twice"),
        ({"level": "set"}, "frozensets"),
    ],
)
def test_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Judgments(**{**GOOD, **wrong})


def test_coded_from_names() -> None:
    found = coded([7, 7, 9], ["ann", "bob", "ann"], ["yes", "no", "yes"], level="nominal")

    assert found.items[found.judgments.item].tolist() == [7, 7, 9]
    assert found.sources[found.judgments.source].tolist() == ["ann", "bob", "ann"]
    assert [found.judgments.values[value] for value in found.judgments.value] == ["yes", "no", "yes"]


def test_coded_refuses_an_answer_that_cannot_be_chosen() -> None:
    with pytest.raises(ValueError, match="'maybe' is not among the values"):
        coded([1], [1], ["maybe"], level="nominal", values=("yes", "no"))


def test_where_keeps_only_those_rows() -> None:
    found = crowd(10).where(np.arange(30) < 6)

    assert (len(found), found.n_items) == (6, 10)
    assert found.tally.n_items == 2
