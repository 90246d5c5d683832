"""What every question type must do, whatever it asks."""

from __future__ import annotations

import copy
import json
import math
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.template.loader import get_template, render_to_string
from hypothesis import given
from hypothesis import strategies as st

from annotation.questions import QUESTION_TYPES, BadValue, check_questions, compile_form, normalize_questions
from annotation.questions.types import QuestionType
from tests.annotation.questions.strategies import questions_of, values_of

ROOT = Path(__file__).resolve().parents[3]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)

pytestmark = pytest.mark.parametrize("kind", QUESTION_TYPES.values(), ids=QUESTION_TYPES)


@given(data=st.data())
def test_a_definition_passes_its_own_check_and_is_normalized_once(kind: QuestionType, data: Any) -> None:
    question = data.draw(questions_of(kind.name))

    assert check_questions([question]) == []
    once = normalize_questions([question])
    assert check_questions(once) == []
    assert normalize_questions(once) == once


@given(junk=st.dictionaries(st.sampled_from(["labels", "min", "max", "step", "max_length", "hotkeys", "unit",
       "multiline", "min_choices", "max_choices", "min_text", "help", "title", "required", "show_when"]), JSON))  # fmt: skip
def test_any_json_as_a_definition_gives_faults_not_errors(kind: QuestionType, junk: dict[str, Any]) -> None:
    question = {"name": "q", "type": kind.name, **junk}

    if not check_questions([question]):
        compile_form(normalize_questions([question]))


@given(value=JSON)
def test_any_json_as_a_value_is_cleaned_or_refused(kind: QuestionType, value: Any) -> None:
    question = _example(kind)

    with suppress(BadValue):
        json.dumps(kind.clean(question, value), allow_nan=False)


@given(data=st.data())
def test_cleaning_is_idempotent_and_leaves_the_value_alone(kind: QuestionType, data: Any) -> None:
    question = normalize_questions([data.draw(questions_of(kind.name))])[0]
    value = data.draw(values_of(question))
    before = copy.deepcopy(value)

    cleaned = kind.clean(question, value)

    assert value == before
    assert kind.clean(question, cleaned) == cleaned


@given(data=st.data())
def test_votes_chips_and_cells_speak_of_a_clean_value(kind: QuestionType, data: Any) -> None:
    question = normalize_questions([data.draw(questions_of(kind.name))])[0]
    value = kind.clean(question, data.draw(values_of(question)))

    votes = kind.votes(question, value)
    listed = kind.values(question)
    assert all(isinstance(vote, str) for vote in votes)
    assert listed is None or set(votes) <= set(listed)
    assert all(chip.text for chip in kind.chips(question)(value))
    assert len(kind.cells(question, value)) == len(kind.cells(question, None)) == len(kind.columns(question))
    assert all(cell is None or isinstance(cell, (str, int, float)) for cell in kind.cells(question, value))


@given(data=st.data())
def test_a_value_can_be_said_again(kind: QuestionType, data: Any) -> None:
    question = normalize_questions([data.draw(questions_of(kind.name))])[0]
    value = kind.clean(question, data.draw(values_of(question)))

    assert kind.clean(question, kind.adopt(question, kind.said(value))) == value


def test_values_that_no_type_accepts(kind: QuestionType) -> None:
    for value in ({}, {"a": 1}, True, math.nan, math.inf, [["a"]], [None], "\0", 10**400):
        with pytest.raises(BadValue):
            kind.clean(_example(kind), value)


def test_an_unknown_option_is_a_fault(kind: QuestionType) -> None:
    faults = check_questions([{**_example(kind), "colour": "red"}])

    assert [fault.path for fault in faults] == [(0, "colour")]


def test_it_has_a_template_and_a_widget(kind: QuestionType) -> None:
    html = render_to_string("annotation/questions/form.html", {"questions": [_example(kind)]})

    assert get_template(kind.template)
    assert 'data-question="q"' in html
    assert 'name="answer-q"' in html
    assert (ROOT / f"static/js/questions/{kind.name}.js").exists()
    assert f"./{kind.name}.js" in (ROOT / "static/js/questions/form.js").read_text()


def test_markup_in_a_definition_is_text(kind: QuestionType) -> None:
    evil = "<script>alert(1)</script>"
    question = {**_example(kind), "title": evil, "help": evil}
    for label in question.get("labels", ()):
        label.update(title=evil, help=evil)
    html = render_to_string("annotation/questions/form.html", {"questions": [question]})

    assert "<script" not in html
    assert "&lt;script&gt;" in html


def _example(kind: QuestionType) -> dict[str, Any]:
    question: dict[str, Any] = {"name": "q", "type": kind.name}
    if kind.name.endswith("choice"):
        question["labels"] = [{"value": "a"}, {"value": "b"}]
    return normalize_questions([question])[0]


@given(data=st.data())
def test_a_known_answer_is_right_and_no_answer_is_wrong(kind: QuestionType, data: Any) -> None:
    question = normalize_questions([data.draw(questions_of(kind.name))])[0]
    value = kind.clean(question, data.draw(values_of(question)))
    if value in (None, []):
        return

    assert kind.right(question, value, value, 0)
    assert not kind.right(question, None, value, 0)


def test_a_scale_is_one_that_agreement_knows(kind: QuestionType) -> None:
    assert kind.scale in {"nominal", "ordinal", "interval", "set", ""}
    assert bool(kind.scale) == bool(kind.votes(_example(kind), ["a"] if kind.scale == "set" else "1"))
