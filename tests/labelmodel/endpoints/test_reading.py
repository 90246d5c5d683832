"""From what models write to labels."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelmodel.endpoints.prompting import Named
from labelmodel.endpoints.reading import REASONS, Read, Reader

READER = Reader((Named("positive"), Named("negative"), Named("mixed_up", "Mixed feelings")), "unsure")


@pytest.mark.parametrize(
    "text",
    [
        '{"label": "positive"}',
        '{"label": "Positive", "confidence": 0.9}',
        '{"label": ["positive"]}',
        '{"labels": ["positive", "positive"]}',
        '["positive"]',
        '"positive"',
        '```json\n{"label": "positive"}\n```',
        'Sure! {"label": "positive"} Anything else?',
        '<think>{"label": "negative"}? No.</think>{"label": "positive"}',
        'They say "bad", so negative?</think>\n\npositive',
        "positive",
        "  POSITIVE.\n",
        "**Positive**",
        "Label: positive",
        "The label is: “Positive”.",
        "Answer = positive",
        "positive\n\nThe author praises the taste.",
        "The author praises the taste.\n\nPositive",
        '{"label": "Label: positive"}',
    ],
)
def test_a_label_in_many_dresses(text: str) -> None:
    assert READER.read(text).label == "positive"


@pytest.mark.parametrize(
    "text", ["mixed_up", "Mixed up", "mixed-up", "MIXED FEELINGS", '{"label": "mixed feelings"}']
)
def test_a_label_by_its_title_and_without_its_punctuation(text: str) -> None:
    assert READER.read(text).label == "mixed_up"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("unsure", "unsure"),
        ('{"label": "Unsure"}', "unsure"),
        ('{"label": null}', "unsure"),
        ("positive, negative", "several"),
        ("positive and negative", "several"),
        ("positive\nnegative", "several"),
        ('{"label": ["positive", "negative"]}', "several"),
        ('{"label": "positive/negative"}', "several"),
        ("neutral", "other label"),
        ('{"label": "neutral"}', "other label"),
        ('{"label": ["positive", "neutral"]}', "other label"),
        ("not positive", "other label"),
        ("The author says many things about the product, none of them positive.", "rubbish"),
        ('{"sentiment": "positive"}', "rubbish"),
        ('{"label": {}}', "rubbish"),
        ('{"label": []}', "rubbish"),
        ("", "rubbish"),
        ("```\n```", "rubbish"),
        ("I'm sorry, but I can't help with that.", "refused"),
        ("I can’t assist with this request.", "refused"),
        ("As an AI language model, I have no feelings about it.", "refused"),
        ("<think>positive", "rubbish"),
    ],
)
def test_what_is_no_vote_says_why(text: str, reason: str) -> None:
    assert READER.read(text) == Read(None, reason)  # type: ignore[arg-type]
    assert reason in REASONS


def test_refusals_by_the_protocol() -> None:
    assert READER.read("positive", refusal="I will not.").reason == "refused"
    assert READER.read("", finish="content_filter").reason == "refused"


def test_what_was_cut_off_before_the_label() -> None:
    assert READER.read('{"label": "pos', finish="length").reason == "cut off"
    assert READER.read("<think>Let me see", finish="length").reason == "cut off"
    assert READER.read('{"label": "positive"}', finish="length").label == "positive"


def test_labels_that_differ_by_punctuation_only() -> None:
    reader = Reader((Named("C"), Named("C++"), Named("c#")))

    assert [reader.read(text).label for text in ("C", "c++", "C#", "`C++`", "C.", "c+")] == [
        "C",
        "C++",
        "c#",
        "C++",
        "C",
        None,
    ]


def test_labels_that_differ_by_case_only() -> None:
    reader = Reader((Named("us"), Named("US")))

    assert [reader.read(text).label for text in ("us", "US", "Us")] == ["us", "US", None]


def test_a_value_goes_before_a_title() -> None:
    reader = Reader((Named("a", "b"), Named("b", "a")))

    assert [reader.read(text).label for text in ("a", "b", "B")] == ["a", "b", "b"]


def test_labels_with_words_that_divide_lists() -> None:
    reader = Reader((Named("black and white"), Named("black"), Named("yes, but"), Named("n/a")))

    assert [reader.read(text).label for text in ("Black and white.", "yes, but", "N/A")] == [
        "black and white",
        "yes, but",
        "n/a",
    ]


@pytest.mark.parametrize("text", ['{"label": true}', "true", "True."])
def test_labels_that_json_has_words_for(text: str) -> None:
    assert Reader((Named("true"), Named("false"))).read(text).label == "true"


@pytest.mark.parametrize("text", ['{"label": 5}', "5", '{"label": "5"}'])
def test_numbers_as_labels(text: str) -> None:
    assert Reader((Named("4"), Named("5"))).read(text).label == "5"


def test_labels_in_other_scripts() -> None:
    reader = Reader((Named("好"), Named("плохо", "Плохой отзыв"), Named("straße")))

    assert [reader.read(text).label for text in ("好。", "ПЛОХО!", "STRASSE")] == ["好", "плохо", "straße"]


@pytest.mark.parametrize(
    ("said", "confidence"),
    [
        ("0.8", 0.8),
        ("80", 0.8),
        ('"80%"', 0.8),
        ('"0.5%"', 0.005),
        ("1", 1.0),
        ("-1", None),
        ('"high"', None),
        ("null", None),
        ("1e999", None),
    ],
)
def test_a_confidence_in_many_dresses(said: str, confidence: float | None) -> None:
    read = READER.read(f'{{"label": "positive", "confidence": {said}}}')

    assert read.confidence == (None if confidence is None else pytest.approx(confidence))


def test_less_confident_than_asked_for_is_no_vote() -> None:
    reader = Reader(READER.labels, "unsure", least=0.7)

    assert reader.read('{"label": "positive", "confidence": 0.6}') == Read(None, "doubtful", 0.6)
    assert reader.read('{"label": "positive", "confidence": 0.7}').label == "positive"
    assert reader.read("positive", chance=0.6).reason == "doubtful"
    assert reader.read("positive").label == "positive"


@given(st.text())
def test_nothing_that_a_model_writes_breaks_it(text: str) -> None:
    read = READER.read(text)

    assert (read.label is None) == (read.reason is not None)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["label", "labels", "x"]), inner),
    )
)
def test_no_json_breaks_it(value: object) -> None:
    read = READER.read(json.dumps(value))

    assert (read.label is None) == (read.reason is not None)


@pytest.mark.parametrize(
    "piece",
    ["{", "{a", " ", "<think>", "</think>", ", ", "label", "label ", "[", '"', "```", "*", "I can", "ａ"],
)
def test_long_rubbish_is_read_in_linear_time(piece: str) -> None:
    # In quadratic time this would take hours.
    assert READER.read(piece * 200_000).label is None
