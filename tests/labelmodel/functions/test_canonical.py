"""Equal definitions are recognised."""

import pytest

from labelmodel.functions import KINDS, Kind, canonical, check, fingerprint, register
from tests.labelmodel.functions.samples import CONTEXT


def print_of(kind, **definition):
    return fingerprint(kind, check(kind, definition, CONTEXT))


def test_order_and_defaults_make_no_difference():
    one = print_of("keywords", label="ham", any=["a", "b c"])

    assert one == print_of(
        "keywords", rules=[{"any": ["b  c", "a", "a"], "label": "ham"}], case=False, fields=["note", "text"]
    )
    assert len(one) == 64


@pytest.mark.parametrize(
    "other", [{"any": ["a"]}, {"case": True}, {"label": "spam"}, {"fields": ["text"]}, {"not": ["c"]}]
)
def test_what_changes_votes_makes_a_difference(other):
    given = {"label": "ham", "any": ["a", "b"]}

    assert print_of("keywords", **given) != print_of("keywords", **{**given, **other})


def test_order_of_rules_makes_a_difference():
    rules = [{"label": "ham", "pattern": "a"}, {"label": "spam", "pattern": "b"}]

    assert print_of("pattern", rules=rules) != print_of("pattern", rules=rules[::-1])


def test_kinds_are_told_apart():
    assert canonical("keywords", {}) != canonical("pattern", {})


def test_a_kind_is_registered_once(monkeypatch):
    monkeypatch.setattr("labelmodel.functions.kinds.KINDS", dict(KINDS))
    other = Kind("keywords", "Other", "Other.", *[lambda *given: None] * 3)

    register(KINDS["keywords"])
    with pytest.raises(ValueError, match="keywords"):
        register(other)
