"""The language of filters: what it takes, what it refuses and where, and that a tree survives being written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.errors import InvalidInput
from annotation.expressions import (
    EVERYTHING,
    LONGEST,
    And,
    Condition,
    Not,
    Or,
    all_of,
    any_of,
    conditions,
    no,
    parse,
    write,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: name not in {"and", "or", "not", "in", "is", "missing"}
)
COMPARED = st.builds(
    lambda name, part, operator, value: Condition(name, part, operator, (value,)),
    NAMES,
    TEXTS,
    st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "~"]),
    TEXTS,
)
LISTED = st.builds(
    lambda name, values: Condition(name, "", "in", tuple(dict.fromkeys(values))),
    NAMES,
    st.lists(TEXTS, min_size=1, max_size=3),
)
BARE = st.builds(
    lambda name, part, how: Condition(name, part, how), NAMES, TEXTS, st.sampled_from(["", "missing"])
)
TREES = st.recursive(
    COMPARED | LISTED | BARE,
    lambda inner: (
        st.builds(no, inner)
        | st.builds(all_of, st.lists(inner, min_size=1, max_size=3))
        | st.builds(any_of, st.lists(inner, min_size=1, max_size=3))
    ),
    max_leaves=12,
)


@given(TREES)
def test_what_is_written_reads_the_same(tree):
    assert parse(write(tree)) == tree
    assert write(parse(write(tree))) == write(tree)


def test_and_binds_closer_than_or_and_not_closest():
    a, b, c = (Condition(name) for name in "abc")

    assert parse("a or b and not c") == Or((a, And((b, Not(c)))))
    assert parse("(a or b) and c") == And((Or((a, b)), c))
    assert parse("not (not (a))") == a
    assert parse("") == parse("  \n ") == EVERYTHING


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a = open", ("open",)),
        ("a=0.8", ("0.8",)),
        ("a>-7d", ("-7d",)),
        ("a >= 2026-01-31T12:00:00+01:00", ("2026-01-31T12:00:00+01:00",)),
        (r'a ~ "say \"yes\" \\ no"', ('say "yes" \\ no',)),
        ("a = 'it is'", ("it is",)),
        ("a IN (1, \"two\", 'three', 1)", ("1", "two", "three")),
        ("a = not", ("not",)),
        ("a = 🦊ä漢", ("🦊ä漢",)),
        ("a is not missing", ()),
    ],
)
def test_values_are_words_or_quoted(text, values):
    [condition] = conditions(parse(text))

    assert (condition.field, condition.values) == ("a", values)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("meta.source = 1", "source"),
        ('meta."my field" = 1', "my field"),
        ("meta.a.b = 1", "a.b"),
        ("META.A = 1", "A"),
    ],
)
def test_what_comes_after_the_dot(text, part):
    assert parse(text) == Condition("meta", part, "=", ("1",))


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("state =", 7, "breaks off"),
        ("state = open and", 16, "breaks off"),
        ("(flagged", 8, "“)”"),
        ("flagged)", 7, "“)” is not expected"),
        ("flagged gold", 8, "“gold” is not expected"),
        ("state = open or or gold", 19, "“gold” is not expected"),
        ("state = = open", 8, "a field or a value"),
        ('text ~ "never closed', 7, "never closed"),
        ("state in ()", 10, "“)” is not expected"),
        ("state = \\", 8, "not expected"),
        ("state = a\0", 9, "remove it"),
        ("flagged; DROP TABLE annotation_item", 9, "not expected"),
        ("a" * (LONGEST + 1), LONGEST, "at most 5,000 characters"),
        (" or ".join(["flagged"] * 61), 660, "at most 60 conditions"),
    ],
)
def test_what_cannot_be_read_says_where_and_what_was_due(text, place, words):
    with pytest.raises(InvalidInput) as error:
        parse(text)

    assert error.value.faults[0].path == ("where", place)
    assert words in str(error.value)


def test_brackets_that_say_nothing_may_be_many_but_real_ones_only_some():
    assert parse("(" * 2000 + "a" + ")" * 2000) == Condition("a")
    assert parse("not " * 1000 + "a") == Condition("a")
    with pytest.raises(InvalidInput, match="brackets inside each other"):
        parse("(a or (a and " * 15 + "a" + "))" * 15)
