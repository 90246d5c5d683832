"""The text encoder and its hashing."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from active.encoders import text
from active.encoders.ngrams import words_and_ngrams
from tests.active.encoders.cases import TEXTS, of

TOPICS = {"card": "card payment bank declined money account", "rain": "weather rain cloud storm wind sunny"}


def words(*texts: str, pairs: bool = False) -> list[list[int]]:
    found, _ = words_and_ngrams(texts, pairs=pairs, lengths=[4], longest=1000)
    return [sorted(found.hash[found.text == number].tolist()) for number in range(len(texts))]


@given(value=st.text(max_size=40), lengths=st.lists(st.integers(3, 6), max_size=3, unique=True))
@settings(max_examples=100, deadline=None)
def test_as_many_words_and_ngrams_as_a_loop_finds(value: str, lengths: list[int]) -> None:
    plain = "".join(letter if letter.isascii() else "-" for letter in value)
    lines = "".join(letter if re.match(r"\w", letter) else " " for letter in f" {plain} ")
    starts = [(start, n) for n in lengths for start in range(len(lines) - n + 1)]

    found, grams = words_and_ngrams([plain], pairs=False, lengths=lengths, longest=1000)

    assert len(found.text) == len(lines.split())
    assert len(grams.text) == sum(" " not in lines[start + 1 : start + n - 1] for start, n in starts)


def test_equal_words_have_equal_hashes_wherever_they_stand() -> None:
    first, second, third = words("The cat, the dog!", "dog the CAT the", "the cat the fog")

    assert first == second
    assert first != third
    assert len(set(first)) == 3


def test_pairs_do_not_reach_into_the_next_text() -> None:
    assert [len(found) for found in words("a b", "c", "", "d e f", pairs=True)] == [3, 1, 0, 5]


def test_forms_of_a_character_and_writings_without_spaces() -> None:
    assert words("caf\u00e9 \uff21") == words("cafe\u0301 a")
    assert words("今天天气") == words("天气 今天")
    assert len(words("今天天气")[0]) == 4


def test_topics_are_apart() -> None:
    rng = np.random.default_rng(0)
    made = {
        name: [" ".join(rng.permutation(topic.split())[:4]) for _ in range(60)]
        for name, topic in TOPICS.items()
    }
    encoder = text.fit(of([*made["card"], *made["rain"]]), ["value"], options={"dimension": 16})

    card, rain, mixed = encoder.encode(of(["declined payment", "storm and wind", "a payment declined"]))

    assert card @ mixed > 0.8
    assert abs(card @ rain) < 0.2


def test_misspelt_words_are_near_by_their_ngrams() -> None:
    sample = of([f"{word} {n % 7}" for n in range(120) for word in ("deposit", "transfer", "password")])
    encoder = text.fit(sample, ["value"], options={"dimension": 16})

    right, misspelt, other = encoder.encode(of(["transfer", "transfered", "password"]))

    assert right @ misspelt > right @ other + 0.5


def test_vectors_have_length_one_or_nothing_known() -> None:
    encoder = text.fit(of(TEXTS), ["value"])

    lengths = np.linalg.norm(encoder.encode(of([*TEXTS, "", "zzzz qqqq"])), axis=1)

    np.testing.assert_allclose(lengths[: len(TEXTS)], 1.0, atol=1e-5)
    np.testing.assert_array_equal(lengths[len(TEXTS) :], 0.0)


def test_long_texts_count_up_to_the_longest_and_pieces_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = text.fit(of(TEXTS), ["value"], options={"longest": 50})
    long = of([f"{one:<50}" + "today " * 2000 for one in TEXTS])
    whole = encoder.encode(long)
    monkeypatch.setattr(text, "CHARACTERS_AT_ONCE", 60)

    np.testing.assert_allclose(encoder.encode(long), whole, atol=1e-6)
    np.testing.assert_allclose(encoder.encode(of([one[:50] for one in TEXTS])), whole, atol=1e-6)
    assert text.fit(of(TEXTS), ["value"], options={"longest": 50}).to_bytes() == encoder.to_bytes()


def test_few_characters_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "CHARACTERS_AT_ONCE", 60)

    pieces = [piece for _, piece in text._pieces(["a" * 90, *["a" * 19] * 7], 40)]

    assert [len(piece) for piece in pieces] == [1, 3, 3, 1]


def test_a_large_sample_is_cut_at_random(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "MOST_CHARACTERS", 300)

    one, same, other = (text._drawn(TEXTS, 100, np.random.default_rng(seed)) for seed in (1, 1, 2))

    assert one == same != other
    assert 200 < len("".join(one)) <= 300
    assert one != TEXTS[: len(one)]


@pytest.mark.parametrize("options", [{"dimension": 0}, {"ngrams": [2]}, {"ngrams": ["a"]}, {"features": 0}])
def test_impossible_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="'text'"):
        text.fit(of(TEXTS), ["value"], options=options)
