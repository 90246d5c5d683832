from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.errors import InvalidAnswer
from annotation.questions import clean_answer, compile_form, normalize_questions, votes
from tests.annotation.questions.strategies import answers_to, schemas

FORM = compile_form(
    normalize_questions(
        [
            {"name": "kind", "type": "single_choice", "labels": [{"value": "animal"}, {"value": "plant"}]},
            {
                "name": "legs",
                "type": "number",
                "min": 0,
                "step": 0.1,
                "show_when": {"question": "kind", "any_of": ["animal"]},
            },
            {
                "name": "many",
                "type": "rating",
                "show_when": {"question": "legs", "answered": True},
                "required": False,
            },
            {
                "name": "looks",
                "type": "multiple_choice",
                "required": False,
                "max_choices": 2,
                "labels": [{"value": "big"}, {"value": "a|b", "title": "A or B"}, {"value": "red"}],
            },
            {"name": "note", "type": "text", "required": False, "max_length": 5, "multiline": False},
        ]
    )
)


def paths(answer: Any) -> list[tuple[Any, ...]]:
    with pytest.raises(InvalidAnswer) as caught:
        FORM.clean(answer)
    return [fault.path for fault in caught.value.faults]


@pytest.mark.parametrize("answer", [None, [], "x", 3, [["kind", "plant"]]])
def test_an_answer_is_an_object(answer: Any) -> None:
    assert paths(answer) == [()]


@pytest.mark.parametrize(
    ("answer", "faulty"),
    [
        ({}, [("kind",)]),
        ({"kind": None}, [("kind",)]),
        ({"kind": "stone"}, [("kind",)]),
        ({"kind": ["plant"]}, [("kind",)]),
        ({"kind": "plant", "legs": 3}, [("legs",)]),
        ({"kind": "animal"}, [("legs",)]),
        ({"kind": "animal", "legs": -1}, [("legs",)]),
        ({"kind": "animal", "legs": 0.25}, [("legs",)]),
        ({"kind": "animal", "legs": 4, "many": 6}, [("many",)]),
        ({"kind": "plant", "looks": ["big", "blue"]}, [("looks", 1)]),
        ({"kind": "plant", "looks": ["big", "big"]}, [("looks",)]),
        ({"kind": "plant", "looks": ["big", "a|b", "red"]}, [("looks",)]),
        ({"kind": "plant", "note": "123456"}, [("note",)]),
        ({"kind": "plant", "note": "1\n2"}, [("note",)]),
        ({"kind": "plant", "colour": 1, "": 2}, [("colour",), ("",)]),
        # What depends on a faulty answer is not judged.
        ({"kind": "stone", "legs": 3}, [("kind",)]),
    ],
)
def test_each_fault_of_an_answer_has_its_path(answer: Any, faulty: list[Any]) -> None:
    assert paths(answer) == faulty


def test_what_says_nothing_is_left_out_and_the_rest_is_put_in_one_notation() -> None:
    said = {"kind": "animal", "legs": 4.0, "many": None, "looks": ["red", "big"], "note": " \r\n "}

    cleaned = FORM.clean(said)

    assert cleaned == {"kind": "animal", "legs": 4, "looks": ["big", "red"]}
    assert type(cleaned["legs"]) is int


def test_null_is_no_answer_to_a_question_that_is_not_asked() -> None:
    assert FORM.clean({"kind": "plant", "legs": None}) == {"kind": "plant"}


def test_steps_are_counted_in_decimals() -> None:
    assert FORM.clean({"kind": "animal", "legs": 0.3})["legs"] == 0.3


def test_none_of_these_is_an_answer_where_the_definition_says_so() -> None:
    labels = [{"value": "a"}]
    many = {"name": "q", "type": "multiple_choice", "labels": labels}

    assert clean_answer(normalize_questions([{**many, "min_choices": 0}]), {"q": []}) == {"q": []}
    assert clean_answer(normalize_questions([{**many, "required": False}]), {"q": []}) == {}
    with pytest.raises(InvalidAnswer):
        clean_answer(normalize_questions([many]), {"q": []})


def test_votes_leave_out_what_cannot_be_compared() -> None:
    answer = {"kind": "animal", "legs": 4, "looks": ["big", "red"], "note": "hi"}

    assert FORM.votes(answer) == {"kind": ["animal"], "legs": ["4"], "looks": ["big", "red"]}
    assert votes(FORM.questions, answer) == FORM.votes(answer)


def test_cells_stand_under_their_columns() -> None:
    assert FORM.columns() == ["kind", "legs", "many", "looks", "note"]
    assert FORM.cells({"kind": "plant", "looks": ["big", "a|b"]}) == ["plant", None, None, "big|a\\|b", None]


def test_an_answer_is_shown_by_titles_and_colours() -> None:
    [kind, looks] = FORM.shown({"kind": "plant", "looks": ["a|b", "gone"]})

    assert (kind.title, kind.chips[0].text, kind.chips[0].color) == ("Kind", "plant", "orange")
    assert [(chip.text, chip.color) for chip in looks.chips] == [("A or B", "orange"), ("gone", "")]


@given(data=st.data())
def test_clean_answers_stay_as_they_are_over_any_schema(data: Any) -> None:
    questions = data.draw(schemas())
    answer = data.draw(answers_to(questions))
    given_answer = copy.deepcopy(answer)
    form = compile_form(questions)

    cleaned = form.clean(answer)

    assert answer == given_answer
    assert form.clean(json.loads(json.dumps(cleaned))) == cleaned
    assert form.fit(cleaned, set()) == (cleaned, set())
    assert len(form.cells(cleaned)) == len(form.columns())
    assert set(form.votes(cleaned)) <= set(cleaned)


@given(
    answer=st.dictionaries(
        st.sampled_from(["kind", "legs", "many", "looks", "note", "x"]),
        st.none()
        | st.integers()
        | st.floats()
        | st.text(max_size=4)
        | st.lists(st.text(max_size=3), max_size=3),
    )
)
def test_whatever_is_kept_is_valid(answer: dict[str, Any]) -> None:
    try:
        cleaned = FORM.clean(answer)
    except InvalidAnswer as error:
        assert error.faults  # noqa: PT017
    else:
        assert FORM.clean(cleaned) == cleaned
