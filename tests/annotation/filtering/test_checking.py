"""What a project cannot answer, and what not everybody may ask."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.utils import timezone

from annotation import filtering
from annotation.errors import InvalidInput, NotAllowed
from annotation.filtering import limits
from annotation.models import GoldQuestion, Item
from tests.factories import make_dataset, make_project

pytestmark = pytest.mark.django_db


def ids(project, text, *, gold=False):
    return set(
        filtering.matching(project, filtering.checked(project, text, gold=gold)).values_list("pk", flat=True)
    )


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("colour = red", 0, "no field “colour”"),
        ("state = opne", 0, "none of: open, disputed"),
        ("flagged and label.mood = x", 12, "its questions: sentiment"),
        ("label = x", 0, "Say which question"),
        ("meta = 3", 0, "Say which field"),
        ("label.sentiment = glad", 0, "none of: positive"),
        ("label.sentiment < 3", 0, "neither"),
        ("label.sentiment ~ x", 0, "answered in words"),
        ("state.x = open", 0, "stands alone"),
        ("state ~ open", 0, "takes =, !=, in"),
        ("flagged = yes", 0, "stands alone"),
        ("answers = many", 0, "not a whole number"),
        ("confidence < high", 0, "not a number"),
        ("confidence < nan", 0, "not a number"),
        ("id = 99999999999999999999", 0, "not a whole number"),
        ("created > 2026-02-30", 0, "not a time"),
        ("created > -7y", 0, "not a time"),
        ("created > 0001-01-01", 0, "out of range"),
        ("annotator = nobody", 0, "no member “nobody”"),
        ("tag = x", 0, "no tag “x”"),
        ("text ~ ' '", 0, "Say which words"),
        ("round = first", 0, "not a whole number"),
        ("strategy = luck", 0, "no strategy “luck”"),
        ("similar = nothing", 0, "no item with the key"),
    ],
)
def test_what_the_project_cannot_answer(project, text, place, words):
    with pytest.raises(InvalidInput) as error:
        filtering.checked(project, text, gold=True)

    assert [fault.path for fault in error.value.faults] == [("where", place)]
    assert words in error.value.faults[0].message


@pytest.mark.parametrize(
    ("name", "gold", "hint"),
    [
        ("stat", False, "Did you mean “state”?"),
        ("glod", True, "“gold”"),
        ("zzz", False, "There are state, key"),
    ],
)
def test_a_field_that_is_not_there_is_told_with_the_nearest(project, name, gold, hint):
    with pytest.raises(InvalidInput) as told:
        filtering.checked(project, f"{name} = open", gold=gold)

    assert hint in told.value.faults[0].message


def test_the_nearest_is_none_that_only_others_may_use(project):
    with pytest.raises(InvalidInput) as told:
        filtering.checked(project, "glod", gold=False)

    assert "gold" not in told.value.faults[0].message


def test_all_faults_are_told_at_once(project):
    with pytest.raises(InvalidInput) as error:
        filtering.checked(project, "state = x or (tag = y and flagged)", gold=True)

    assert [fault.path[1] for fault in error.value.faults] == [0, 14]


def test_datasets_of_others_are_not_there(project):
    other = make_dataset(make_project(), name="theirs")

    for value in ("theirs", str(other.pk)):
        with pytest.raises(InvalidInput, match="no dataset"):
            filtering.checked(project, f"dataset = {value}", gold=True)


@pytest.mark.parametrize(
    "text", ["gold", "not gold", "flagged or role = pool", "status = known", "status != known"]
)
def test_gold_questions_are_for_those_who_may_know_them(project, text):
    filtering.checked(project, text, gold=True)
    with pytest.raises(NotAllowed):
        filtering.checked(project, text, gold=False)


def test_no_count_tells_gold_questions_apart(project, owner):
    gold, retired = project.items.order_by("pk")[:2]
    Item.objects.filter(pk=gold.pk).update(wanted=0, answers=7, state="resolved")
    Item.objects.filter(pk=retired.pk).update(wanted=0, state="retired")
    GoldQuestion.objects.create(
        item=gold, project=project, schema=project.schema, answer={}, created_by=owner
    )

    assert ids(project, "wanted = 0", gold=True) == {gold.pk, retired.pk}
    assert ids(project, "wanted = 0") == {retired.pk}
    assert ids(project, "answers > 1") == set()
    assert gold.pk in ids(project, "wanted = 1 and answers = 1 and answers >= 1")


def test_the_text_of_a_filter_is_the_same_for_all_that_say_the_same(project):
    one = filtering.checked(project, "(STATE=open)AND not( flagged )", gold=False)

    assert one.text == "state = open and not flagged"
    assert one == filtering.checked(project, one.text, gold=False)
    assert not filtering.checked(project, " ", gold=False)


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("created > -1h", "created > 2026-02-28T23:30:00Z"),
        ("answered_at in (today, yesterday)", "answered_at in (2026-03-01, 2026-02-28)"),
        (
            "not (imported <= -1w or flagged) and created = 2026-01-31",
            "not (imported <= 2026-02-22T00:30:00Z or flagged) and created = 2026-01-31",
        ),
        ("meta.when = today", "meta.when = today"),
    ],
)
def test_times_that_are_meant_from_now_on_can_be_kept_as_they_are(project, monkeypatch, text, fixed):
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 3, 1, 0, 30, 0, 7, tzinfo=UTC))
    where = filtering.checked(project, text, gold=False)

    assert (where.text, where.fixed) == (text, fixed)
    assert filtering.checked(project, fixed, gold=False).fixed == fixed


def test_a_time_before_all_times_is_refused(project):
    with pytest.raises(InvalidInput, match="out of range"):
        filtering.checked(project, "created > -999999w", gold=False)


def test_the_words_of_a_search_box_join_a_filter(project):
    assert filtering.words_filter("a or b", ' "red fox" ') == '(a or b) and text ~ "\\"red fox\\""'
    assert filtering.words_filter("", "fox") == "text ~ fox"
    assert filtering.words_filter("flagged", " ") == "flagged"
    with pytest.raises(InvalidInput):
        filtering.words_filter("a) or (b", "fox")


def wait(condition):
    with limits.time_limit("50ms"), limits.blamed(condition), connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(1)")


def test_a_search_that_takes_too_long_names_what_is_slow(project):
    with pytest.raises(InvalidInput, match="because of “flagged”"):
        wait("flagged")
