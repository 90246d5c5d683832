"""Votes from answers: sets label by label, parts of a ballot, and more labels than any array could hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.questions import normalize_questions
from annotation.reports.said import Said
from labelmodel.services import comparing, figures, fitting
from labelmodel.services.coding import Ballot, ballot, found, parts

SINGLE = normalize_questions(
    [{"name": "q", "type": "single_choice", "labels": [{"value": "a"}, {"value": "b"}]}]
)
MULTI = normalize_questions(
    [{"name": "q", "type": "multiple_choice", "labels": [{"value": value} for value in "abcd"]}]
)


def said_of(rows: list[tuple[int, int, object]]) -> Said:
    """(item, person, value) as what people said."""
    item, person = (np.array([row[n] for row in rows], dtype=np.int64) for n in (0, 1))
    return Said(
        item,
        person,
        np.arange(len(rows)),
        np.zeros(len(rows)),
        np.zeros(len(rows), dtype=np.int64),
        [{"q": row[2]} for row in rows],
    )


def cast(rows: list[tuple[int, int, object]], question: object = SINGLE[0]) -> Ballot:
    made = ballot(said_of(rows), question)  # type: ignore[arg-type]
    assert made is not None
    return made


def test_of_a_set_every_label_that_anybody_gave_is_voted_on() -> None:
    votes = cast([(7, 1, ["a", "b"]), (7, 2, ["b"]), (9, 1, ["d"])], MULTI[0])

    assert votes.pair is not None
    told = {
        (
            int(votes.items[votes.pair[0][pair]]),
            votes.labels[votes.pair[1][pair]],
            votes.people[source],
            int(label),
        )
        for pair, source, label in zip(votes.votes.item, votes.votes.source, votes.votes.label, strict=True)
    }
    assert told == {(7, "a", 1, 1), (7, "a", 2, 0), (7, "b", 1, 1), (7, "b", 2, 1), (9, "d", 1, 1)}


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 4), st.sets(st.sampled_from("abcd")).map(sorted)),
                min_size=1, unique_by=lambda row: row[:2]))  # fmt: skip
def test_parts_of_a_ballot_are_the_ballot(rows: list[tuple[int, int, object]]) -> None:
    whole = cast(rows, MULTI[0])
    posterior = np.random.default_rng(0).dirichlet([1, 1], whole.votes.n_items)

    pieces = [one for part, mine in parts(whole, 4) for one in found(part, posterior[mine], "m", 1)]

    assert pieces == found(whole, posterior, "m", 1)


def test_more_labels_than_any_array_holds_are_fitted_in_part_and_judged_in_full(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    labels = [{"value": f"l{n}"} for n in range(40)]
    question = normalize_questions([{"name": "q", "type": "single_choice", "labels": labels}])[0]
    rows: list[tuple[int, int, object]] = [(i, p, f"l{i % 40}") for i in range(200) for p in range(3)]
    monkeypatch.setattr(fitting, "MOST_CELLS", 40 * 50)
    monkeypatch.setattr(fitting, "CELLS_AT_ONCE", 40 * 30)

    votes = cast(rows, question)
    fitted = fitting.fit(votes, "partial_pooling", {3: "l3"})

    assert not fitted.whole
    assert len(fitted.ballot.items) == 50
    judged = {
        one.item: one.value
        for part, posterior in fitting.posteriors(votes, fitted, {})
        for one in found(part, posterior, "m", None)
    }
    assert judged == {i: f'"l{i % 40}"' for i in range(200)}


def counted(
    rows: list[tuple[int, int, object]], question: object = SINGLE[0]
) -> dict[int, dict[str, object]]:
    votes = cast(rows, question)
    fitted = fitting.fit(votes, "majority", {})
    return dict(zip(votes.people, figures.count(votes, fitted.fit.posterior), strict=True))


def test_agreement_counts_items_that_others_answered_too() -> None:
    rows = [(item, person, "a") for item in range(4) for person in (1, 2, 3)] + [(9, 1, "a")]
    rows[2] = (0, 3, "b")

    found = counted(rows)

    assert (found[1]["answers"], found[1]["compared"], found[1]["agreed"]) == (5, 4, 4)
    assert (found[3]["compared"], found[3]["agreed"]) == (4, 3)
    assert found[1]["others"] == pytest.approx(7 / 8)
    assert found[3]["mistakes"] == [{"consensus": "a", "said": "b", "count": 1}]


def test_somebody_who_says_one_label_whatever_comes_stands_out() -> None:
    truth = ["a", "b"] * 40
    rows: list[tuple[int, int, object]] = [(i, p, truth[i]) for i in range(80) for p in (1, 2, 3)]
    rows += [(i, 4, "a") for i in range(80)]

    found = counted(rows)

    said = found[4]["said"]
    assert isinstance(said, dict)
    assert (said["label"], said["count"], said["of"]) == ("a", 80, 80)
    assert 38 < said["expected"] < 48
    assert said["z"] > 6
    assert found[1]["said"]["z"] < 5  # type: ignore[index]
    assert found[4]["chance"] == pytest.approx(0.5, abs=0.02)


def test_mistakes_of_a_set_are_labels_missed_and_labels_added() -> None:
    rows: list[tuple[int, int, object]] = [(i, p, ["a", "b"]) for i in range(3) for p in (1, 2)]
    rows += [(i, 3, ["a", "c"]) for i in range(3)]

    mistakes = counted(rows, MULTI[0])[3]["mistakes"]

    assert {"consensus": "b", "said": None, "count": 3} in mistakes  # type: ignore[operator]
    assert {"consensus": None, "said": "c", "count": 3} in mistakes  # type: ignore[operator]


def test_a_method_is_compared_by_what_it_foresees_and_by_what_is_known() -> None:
    rng = np.random.default_rng(3)
    rows: list[tuple[int, int, object]] = []
    for i in range(120):
        rows += [(i, p, "ab"[(i % 2) ^ (rng.random() < 0.1)]) for p in (1, 2, 3)]
    votes = cast(rows)

    told = comparing.compare(votes, fitting.fit(votes, "majority", {}), "majority", {0: "a", 1: "b", 2: "a"})

    assert (told["with"], told["items"], told["known"], told["left_out"]) == ("partial_pooling", 120, 3, 120)
    assert told["right"] == told["right_before"] == 3
    assert told["log_likelihood"] < 0
    assert told["differ"] <= 2
