"""Sketches of texts: alike texts share bands, other ones do not, whatever the language."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.importing.bands import Bands, within
from annotation.importing.contents import Content, similarities, sketches, texts_of
from annotation.importing.likeness import SHINGLE, jaccard, shingles
from annotation.importing.likeness import sketches as sketch

TEXTS = st.text(max_size=60)


def similarity(one: str, other: str) -> float:
    return similarities([(Content(one), Content(other))])[0]


def counts(*texts: str) -> list[int]:
    return np.diff(shingles(texts).ends).tolist()


def by_hand(text: str) -> set[str]:
    """The shingles of a text of small letters, figures and single blanks."""
    return {text[n : n + SHINGLE] for n in range(max(1, len(text) - SHINGLE + 1))} if text else set()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hello, World!", "  hello   world "),
        ("ab cd", "ab-cd"),
        ("日本語のテキストです。", "日本語のテキストです"),
        ("ﬁne ｗｉｄｅ", "fine wide"),
        ("Straße", "STRASSE"),
        ("😀😀🎉", "😀😀🎉!"),
        ("e\u0301te\u0301 a\u0300 la mer", "été à la mer"),
    ],
)
def test_what_readers_take_for_the_same_is_the_same(one: str, other: str) -> None:
    assert similarity(one, other) == 1.0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("😀😀😀😀😀", "😢😢😢😢😢"),
        ("abcdefgh", "ijklmnop"),
        ("ab", "abc"),
        ("", ""),
        ("!?", "…"),
        ("", "text"),
    ],
)
def test_what_has_nothing_in_common_is_nothing_alike(one: str, other: str) -> None:
    assert similarity(one, other) == 0.0


def test_a_text_without_letters_has_nothing_to_be_found_by() -> None:
    assert counts("", " \t\n", "!!! ...", "a", "abcde", "abcdef", "😀") == [0, 0, 0, 1, 1, 2, 1]
    assert sketch(["", "!!!", "word"])[1].tolist() == [False, False, True]


def test_one_word_of_a_text_without_spaces_changes_little() -> None:
    text = "私は昨日の夜に友達と一緒に新しい映画を見に行きましたがとても面白かったです"

    assert 0.5 < similarity(text, text.replace("映画", "芝居")) < 1.0


@given(st.lists(st.text(alphabet="abc xyz1", max_size=30), max_size=12))
def test_similarity_is_how_far_the_sets_of_shingles_overlap(texts: list[str]) -> None:
    clean = [" ".join(text.split()) for text in texts]
    sets = [by_hand(text) for text in clean]
    pairs = [(one, other) for one in range(len(texts)) for other in range(len(texts))]

    found = similarities([(Content(texts[one]), Content(texts[other])) for one, other in pairs])

    for (one, other), value in zip(pairs, found, strict=True):
        whole = sets[one] | sets[other]
        shared = sets[one] & sets[other]
        assert value == pytest.approx(len(shared) / len(whole) if shared else 0.0)


@given(TEXTS, st.lists(TEXTS, max_size=8))
def test_the_sketch_of_a_text_depends_on_nothing_beside_it(text: str, others: list[str]) -> None:
    alone, there = sketch([text])
    among, also = sketch([*others, text, *others])

    assert there[0] == also[len(others)]
    assert (alone[0] == among[len(others)]).all()


@settings(max_examples=30)
@given(st.randoms(use_true_random=False))
def test_the_same_text_always_shares_every_band(chance: random.Random) -> None:
    text = " ".join(chance.choices(["red", "green", "blue", "fox", "river", "日本"], k=chance.randint(1, 30)))
    found, there = sketch([text, text.upper() + "!"])

    assert there.all()
    assert (found[0] == found[1]).all()


def words(chance: random.Random, count: int) -> list[str]:
    return [
        "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(3, 9))) for _ in range(count)
    ]


def test_nearly_all_pairs_from_the_threshold_on_share_a_band_and_strangers_hardly_ever() -> None:
    chance = random.Random(5)
    texts = [words(chance, 20) for _ in range(800)]
    changed = [[*text[:9], "changed", *text[10:]] for text in texts]
    found, _ = sketch([" ".join(text) for text in [*texts, *changed]])

    pairs = within(found)
    partners = set(zip(pairs.others.tolist(), pairs.rows.tolist(), strict=True))
    assert sum((n, n + 800) in partners for n in range(800)) > 780
    assert len(partners) < 820


def test_bands_find_the_first_ones_however_they_were_added() -> None:
    chance = random.Random(1)
    texts = [" ".join(words(chance, 12)) for _ in range(60)]
    found, _ = sketch([*texts, *texts])
    seen = Bands()
    for first in range(0, 120, 10):
        seen.add(found[first : first + 10], np.arange(first, first + 10) * 7)

    pairs = seen.candidates(found[:60])
    assert {(row, other) for row, other in zip(pairs.rows.tolist(), pairs.others.tolist(), strict=True)} >= {
        (n, (n + more) * 7) for n in range(60) for more in (0, 60)
    }
    ids, again = seen.everything()
    assert ids.tolist() == [n * 7 for n in range(120)]
    assert (again == found).all()


def test_of_a_band_that_many_share_the_first_few_are_candidates() -> None:
    found, _ = sketch(["the same text again and again"] * 50)

    pairs = within(found)
    assert set(pairs.others[pairs.rows == 49].tolist()) == set(range(8))


def test_long_texts_are_compared_by_their_beginning() -> None:
    assert len(texts_of([{"text": "x" * 300_000}], {"text": "text"})[0]) == 200_000


def test_what_is_compared_is_what_the_schema_shows() -> None:
    payload = {"text": "Words", "note": "hidden", "n": 3, "image": "a.png", "more": None}
    fields = {"text": "text", "n": "number", "note": "hidden", "image": "image", "more": "text"}

    assert texts_of([payload], fields) == ["Words\n3"]
    assert texts_of([{"b": "two", "a": 1}], {}) == ["two\n1"]
    assert texts_of([{}], {"text": "text"}) == [""]


def test_an_item_with_both_is_as_alike_as_the_less_alike_of_both() -> None:
    one, other = bytes(32), bytes([255] * 4 + [0] * 28)

    assert similarities([(Content("same words", one), Content("same words", other))]) == [0.75]
    assert similarities([(Content("same words", one), Content("other things", one))]) == [0.0]
    assert similarities([(Content("", one), Content("", one)), (Content("", one), Content("", b""))]) == [
        1.0,
        0.0,
    ]


def test_an_item_with_a_picture_is_found_by_its_picture() -> None:
    found, there = sketches([Content("one", bytes(32)), Content("two", bytes(32)), Content("", b"")])

    assert (found[0] == found[1]).all()
    assert there.tolist() == [True, True, False]


def test_jaccard_of_nothing_is_nothing() -> None:
    assert jaccard(frozenset(), frozenset()) == 0.0
