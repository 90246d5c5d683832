"""Values that the filter editor suggests."""

from __future__ import annotations

import pytest

from annotation.filtering import limits
from annotation.models import Item
from annotation.reports import field_values
from tests.factories import make_item, make_items, make_project

pytestmark = pytest.mark.django_db


def fill(project, payloads):
    Item.objects.filter(project=project).delete()
    Item.objects.bulk_create(
        make_item(project, f"k{place}", payload) for place, payload in enumerate(payloads)
    )


def found(project, field):
    return field_values.frequent(project=project, field=field).values


def test_the_most_frequent_come_first_as_filters_take_them(project):
    fill(
        project,
        [
            {"a": "x", "tags": ["p", "q"]},
            {"a": "x", "tags": ["q"]},
            {"a": 5},
            {"a": True},
            {"a": None},
            {"b": 1},
        ],
    )

    assert found(project, "a") == (("x", 2), ("5", 1), ("true", 1))
    assert found(project, "tags") == (("q", 2), ("p", 1))
    assert found(project, "none") == ()


def test_what_is_no_metadata_is_left_out(project):
    fill(
        project,
        [{"a": "y" * 101}, {"a": ""}, {"a": {"b": 1}}, {"a": [["deep"]]}, {"a": "ok", "t": "z" * 90_000}],
    )

    assert found(project, "a") in ((), (("ok", 1),))
    assert found(project, "t") == ()


def test_a_large_project_is_sampled_and_only_what_several_have_is_told(project):
    sizes = field_values.PLACES * field_values.TOGETHER
    fill(project, [{"a": f"v{place % 4}", "id": place} for place in range(3 * sizes)])

    told = field_values.frequent(project=project, field="a")

    assert [value for value, _ in sorted(told.values)] == ["v0", "v1", "v2", "v3"]
    assert (told.looked, told.whole) == (sizes, False)
    assert found(project, "id") == ()
    assert field_values.frequent(project=project, field="a") == told


def test_a_few_items_among_those_of_others_are_all_seen(project):
    fill(project, [{"a": "first"}])
    make_items(make_project(), 2_500)
    make_item(project, "last", {"a": "last"}).save()

    assert found(project, "a") == (("first", 1), ("last", 1))


def test_without_items_or_time_there_is_none(project, monkeypatch):
    fill(project, [])
    assert found(project, "a") == ()

    make_items(project, 3)
    monkeypatch.setattr(field_values, "_FREQUENT", "SELECT pg_sleep(9), 1, 1")
    assert field_values.frequent(project=project, field="a") == field_values.NOTHING
    with limits.time_limit("1s"):
        assert project.items.count() == 3


def test_those_who_browse_may_ask(api, viewer, annotator, stranger, project):
    url = f"/api/v1/projects/{project.pk}/field-values/?field=text"

    answer = api(viewer).get(url)

    assert answer.json()["whole"] is True
    assert answer.json()["values"][0] == {"value": "Text number 0.", "items": 1}
    assert api(viewer).get(url.partition("?")[0]).status_code == 400
    assert api(annotator).get(url).status_code == 403
    assert api(stranger).get(url).status_code == 404
