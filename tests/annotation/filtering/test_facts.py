"""What the index of payloads says, in SQL as in Python."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.filtering import facts
from annotation.models import ItemText
from tests.annotation.items_help import make_findable
from tests.factories import make_item

NUMBERS = st.floats(-1e12, 1e12).map(lambda value: round(value, 6)) | st.sampled_from(
    [0.0, -0.0, 1.0, 1e-9, 3e11]
)


def in_every_range(number):
    """All ranges that a number lies in, from coarse to fine, as words.py writes them down."""
    return {f"nn{level}:{facts._place(number) >> level}" for level in facts.LEVELS}


@given(NUMBERS, NUMBERS)
def test_a_comparison_is_true_only_of_numbers_in_its_ranges(value, limit):
    lies = in_every_range(value)

    assert not value < limit or lies & set(facts.of_range("n", "<", repr(limit)))
    assert not value >= limit or lies & set(facts.of_range("n", ">=", repr(limit)))
    assert value != limit or lies & set(facts.of_range("n", "=", repr(limit)))


@given(st.floats(0.01, 1e6), st.floats(0.01, 1e6))
def test_a_narrow_range_is_few_terms_and_leaves_most_out(low, high):
    low, high = sorted([low, high])
    found = facts.of_ranges("n", [(">", repr(low)), ("<", repr(high))])

    assert len(found) < 120
    assert not in_every_range(low / 1.1) & set(found)
    assert not in_every_range(high * 1.1) & set(found)


@pytest.mark.parametrize("text", ["", "1e999", "1" * 400, "0x10", "nan", "٣", "5\n", "--1"])
def test_what_looks_like_a_number_and_is_none(text):
    assert facts.number(text) is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    "value", ["web", 5, 5.25, -3, 0, "17", "1e3", True, "2024-02-29", "2024-02-29T10:00Z", "ä|=?", 1e30]
)
def test_the_database_writes_down_the_same(project, value):
    item = make_item(project, "x", {"n": value, "list": ["a", {"b": 1}], "none": None, "text": "x" * 101})
    item.save()
    make_findable(item)
    said = str(value).lower() if isinstance(value, bool) else str(value)

    kept = set(ItemText.objects.values_list("facts", flat=True).get(item=item))

    def hashed(words):
        from django.db import connection

        with connection.cursor() as cursor:
            sql = "SELECT array_agg(hashtextextended(t, 0)) FROM unnest(%s::text[]) t"
            cursor.execute(sql, [[f"{project.pk}.{word}" for word in words]])
            return set(cursor.fetchone()[0] or [])

    assert kept & hashed(facts.of_value("n", said))
    assert hashed(["list=a", "n?", "list?", "text?"]) <= kept
    assert not kept & hashed(["none?", f"text={'x' * 101}"])
    if (number := facts.number(said)) is not None:
        assert hashed(in_every_range(number)) <= kept
