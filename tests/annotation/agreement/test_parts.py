"""Items, labels and confusions."""

from __future__ import annotations

import numpy as np
import pytest

from annotation.agreement import agreement, coded, confusions, items_with, per_item, per_label
from tests.annotation.agreement.examples import KRIPPENDORFF, crowd, of_rows

A, B, AB = frozenset("a"), frozenset("b"), frozenset("ab")


def test_per_item_leaves_out_items_with_one_judgment() -> None:
    found = per_item(of_rows(KRIPPENDORFF))

    assert found.item.tolist() == list(range(11))
    assert found.agreement.tolist() == [1, 0.5, 1, 1, 1, 0, 1, 0.5, 1, 1, 1]
    assert found.n_judgments.tolist() == [3, 4, 4, 4, 4, 4, 4, 4, 4, 3, 2]


@pytest.mark.parametrize(
    ("level", "values", "answers", "expected"),
    [
        ("nominal", None, "acc", 1 / 3),
        ("ordinal", "abc", "acc", 1 / 3),
        ("ordinal", "abc", "abb", 2 / 3),
        ("interval", (1.0, 4.0, 0.0), (1.0, 0.0, 0.0), 1 - (2 / 3) / 4),
        ("set", None, (A, AB, AB), (0.5 + 0.5 + 1) / 3),
    ],
)
def test_per_item_by_level(level, values, answers, expected) -> None:  # type: ignore[no-untyped-def]
    judgments = coded([0, 0, 0], [0, 1, 2], answers, level=level, values=values).judgments

    assert per_item(judgments).agreement.tolist() == pytest.approx([expected])


def test_the_mean_over_items_is_percent_agreement() -> None:
    judgments = crowd(100)

    assert per_item(judgments).agreement.mean() == pytest.approx(agreement(judgments, "percent").value)


def test_a_labels_alpha_is_that_of_the_label_against_the_rest() -> None:
    judgments = crowd(80)
    rest = coded(judgments.item, judgments.source, (judgments.value == 2).tolist(), level="nominal").judgments

    assert per_label(judgments)[2].alpha == pytest.approx(agreement(rest, "alpha").value)


def test_specific_agreement() -> None:
    found = {one.label: one for one in per_label(of_rows(["a a b a", "a b b a", ". . b c"]))}

    # Of 4 who said a, in the company of one other or two, the others said a in 1, 1, 0, ½ + ½ ... of cases.
    assert found["a"].specific == pytest.approx((1 + 1 + 0 + 0.5 + 0.5) / 5)
    assert (found["b"].n_judgments, found["b"].n_items) == (4, 2)
    assert found["c"].specific == 0


def test_labels_of_sets_are_their_members() -> None:
    found = per_label(coded([0, 0, 1, 1], [0, 1, 0, 1], [A, AB, B, B], level="set").judgments)

    assert [(one.label, one.n_judgments, one.n_items) for one in found] == [("a", 2, 1), ("b", 3, 2)]
    assert [one.specific for one in found] == pytest.approx([1, 2 / 3])


def test_confusions_are_the_commonest_first() -> None:
    judgments = of_rows(KRIPPENDORFF)
    first, second, *_ = confusions(judgments, 3)

    # Every pair of judgments with a 1 or a 2 in it: 33; four of them are a 1 and a 2.
    assert (first.first, first.second, first.count, first.n_items) == ("1", "2", 4, 2)
    assert first.rate == pytest.approx(4 / 33)
    assert (second.first, second.second, second.count) == ("2", "3", 4)


def test_items_with_both_values() -> None:
    assert items_with(of_rows(KRIPPENDORFF), 0, 1).tolist() == [5, 7]


def test_confusions_of_agreed_items_are_none() -> None:
    judgments = crowd(20)

    assert confusions(judgments.where(np.arange(0, 60, 3))) == []
