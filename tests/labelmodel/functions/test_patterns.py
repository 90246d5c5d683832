"""Patterns take linear time."""

import pytest

from labelmodel.functions import DefinitionError
from labelmodel.functions.regex import places
from tests.labelmodel.functions.samples import function, said

# Each takes longer than the world has existed where an engine tries one way after the other.
CATASTROPHIC = [
    r"(a+)+$",
    r"^(a|a)*$",
    r"(a|aa)+$",
    r"(.*a){12}$",
    r"^(([a-z])+.)+[A-Z]([a-z])+$",
    r"(x+x+)+y",
]


@pytest.mark.parametrize("pattern", CATASTROPHIC)
def test_catastrophic_patterns_are_harmless(pattern):
    texts = [{"text": "a" * 20_000 + "!"}, {"text": "x" * 20_000}]

    assert said("pattern", {"label": "ham", "pattern": pattern, "fields": ["text"], "case": True}, texts) == [
        None,
        None,
    ]


def test_letters_are_those_of_all_scripts():
    payloads = [{"text": "ÄRGER"}, {"text": "жук"}, {"text": "ärgerlich"}, {"text": "a٣"}]

    assert said("pattern", {"label": "ham", "pattern": r"\bärger\b|^\w+к$|\d"}, payloads) == [
        "ham",
        "ham",
        None,
        "ham",
    ]


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        ("abc", 3),
        (r"\d{3}-\d{4}", 8),
        (r"(ab{2}){10}c", 31),
        (r"(?:a|b){3,}", 9),
        (r"(?i:a){0,5}", 5),
        (r"[a-z{9}]{2}", 2),
        (r"\{9\}", 3),
        (r"\p{Greek}{4}", 4),
        (r"\pL{20}x", 21),
        (r"(?P<name>a){7}", 7),
        (r"(?i)ab", 3),
        (r"a{0}", 1),
        (r"((a{10}){10}){10}", 1_000),
    ],
)
def test_counted_repetitions_are_written_out(pattern, count):
    assert places(pattern) == count


@pytest.mark.parametrize("pattern", [r"\pL{20}%d", r"[\W_]{300}%d", r"\w{900}%d"])
def test_many_patterns_that_take_long_to_prepare_are_refused_together(pattern):
    rules = [{"label": "ham", "pattern": pattern % n, "not": "a"} for n in range(100)]

    with pytest.raises(DefinitionError, match="take too long to prepare"):
        function("pattern", {"rules": rules})


@pytest.mark.parametrize("pattern", [r"(.{0,100}){0,50}z", r"((a{10}){10}){11}", r"\w{1001}"])
def test_patterns_that_cost_too_much_are_refused(pattern):
    with pytest.raises(DefinitionError, match=r"places|too large"):
        function("pattern", {"label": "ham", "pattern": pattern})
