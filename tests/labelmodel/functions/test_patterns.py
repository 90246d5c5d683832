"""Patterns take linear time."""

import pytest

from tests.labelmodel.functions.samples import said

# Each takes longer than the world has existed where an engine tries one way after the other.
CATASTROPHIC = [
    r"(a+)+$",
    r"(a|a)*$",
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
