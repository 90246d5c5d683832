"""Flags and comments."""

from __future__ import annotations

import pytest

from annotation.models import Comment, Flag, FlagEvent, Item
from tests.annotation.items_help import give
from tests.factories import make_items

pytestmark = pytest.mark.django_db


@pytest.fixture
def item(project, annotator):
    found = project.items.order_by("pk").first()
    Item.objects.filter(pk=found.pk).update(wanted=3, open_slots=3)
    give(found, annotator)
    return found


@pytest.fixture
def flags(item):
    return f"/api/v1/items/{item.pk}/flags/"


@pytest.fixture
def comments(item):
    return f"/api/v1/items/{item.pk}/comments/"


def test_a_flag_is_made_once_and_takes_a_new_reason(api, annotator, flags):
    me = api(annotator)
    first = me.post(flags, {"reason": " cut off "}, format="json")
    again = me.post(flags, {"reason": "garbled"}, format="json")
    silent = me.post(flags, {}, format="json")

    assert (first.status_code, again.status_code, silent.status_code) == (201, 200, 200)
    assert first.json()["reason"] == "cut off"
    assert silent.json()["reason"] == "garbled"
    assert Flag.objects.count() == 1


def test_a_withdrawn_flag_is_closed_and_may_be_made_again(api, annotator, flags):
    me = api(annotator)
    me.post(flags, {"reason": "one"}, format="json")

    assert [me.delete(flags).status_code for _ in range(2)] == [204, 204]
    assert me.post(flags, {"reason": "two"}, format="json").status_code == 201
    assert Flag.objects.filter(closed_at=None).count() == 1


def test_adjudicators_and_authors_close_flags_others_do_not(
    api, annotator, second_annotator, adjudicator, viewer, stranger, flags, item
):
    flag = api(annotator).post(flags, {"reason": "x"}, format="json").json()
    url = f"/api/v1/flags/{flag['id']}/close/"
    refused = [api(user).post(url).status_code for user in (second_annotator, viewer, stranger, None)]
    closed = api(adjudicator).post(url).json()
    again = api(annotator).post(url).json()

    assert refused == [403, 403, 404, 401]
    assert closed["closed_by"] == again["closed_by"] == "ada"
    assert FlagEvent.objects.count() == 2


def test_closing_a_flag_that_is_not_there_is_404(api, adjudicator):
    assert api(adjudicator).post("/api/v1/flags/999999/close/").status_code == 404


def test_a_reply_to_a_reply_joins_the_thread(api, annotator, adjudicator, comments):
    first = api(annotator).post(comments, {"body": "Is this a joke?"}, format="json").json()
    reply = api(adjudicator).post(comments, {"body": "Yes.", "parent": first["id"]}, format="json").json()
    deeper = api(annotator).post(comments, {"body": "Ha.", "parent": reply["id"]}, format="json").json()

    listed = api(annotator).get(comments).json()["results"]
    assert [(one["author"], one["body"], one["parent"]) for one in listed] == [
        ("anna", "Is this a joke?", None),
        ("ada", "Yes.", first["id"]),
        ("anna", "Ha.", first["id"]),
    ]
    assert deeper["parent"] == first["id"]


def test_comments_page_by_key(api, annotator, comments):
    me = api(annotator)
    for number in range(3):
        me.post(comments, {"body": f"No. {number}"}, format="json")

    first = me.get(comments, {"limit": 2}).json()
    second = me.get(first["next"]).json()

    assert [one["body"] for one in first["results"] + second["results"]] == ["No. 0", "No. 1", "No. 2"]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({}, ["body"]),
        ({"body": ""}, ["body"]),
        ({"body": " \n "}, ["body"]),
        ({"body": "a\0b"}, ["body"]),
        ({"body": 5}, ["body"]),
        ({"body": ["x"]}, ["body"]),
        ({"body": "x" * 5001}, ["body"]),
        ({"body": "x", "parent": 999}, ["parent"]),
        ({"body": "x", "parent": "y"}, ["parent"]),
        ({"body": "x", "parent": 2**70}, ["parent"]),
    ],
)
def test_a_bad_comment_is_a_fault_with_its_path(api, annotator, comments, body, at):
    response = api(annotator).post(comments, body, format="json")

    assert response.status_code == 400
    assert [error["path"] for error in response.json()["errors"]] == [at]
    assert not Comment.objects.exists()


def test_a_parent_on_another_item_is_refused(api, annotator, comments, project):
    [other] = make_items(project, 1)
    elsewhere = Comment.objects.create(item=other, author=annotator, body="there")

    assert (
        api(annotator).post(comments, {"body": "x", "parent": elsewhere.pk}, format="json").status_code == 400
    )


@pytest.mark.parametrize("body", [{"reason": "a\0"}, {"reason": "x" * 501}, {"reason": 5}, ["x"]])
def test_a_bad_flag_is_400(api, annotator, flags, body):
    assert api(annotator).post(flags, body, format="json").status_code == 400


def test_who_may_read_and_who_may_speak(
    api, comments, flags, annotator, second_annotator, adjudicator, viewer, stranger
):
    people = (annotator, adjudicator, viewer, second_annotator, stranger, None)
    read = [api(user).get(comments).status_code for user in people]
    spoken = [api(user).post(comments, {"body": "x"}, format="json").status_code for user in people]
    flagged = [api(user).post(flags, {}, format="json").status_code for user in people]
    withdrawn = [api(user).delete(flags).status_code for user in people]

    assert read == [200, 200, 200, 403, 404, 401]
    assert spoken == flagged == [201, 201, 403, 403, 404, 401]
    assert withdrawn == [204, 204, 403, 403, 404, 401]


def test_the_database_keeps_one_open_flag_for_each_person(item, annotator):
    from django.db import IntegrityError

    Flag.objects.create(item=item, author=annotator)

    with pytest.raises(IntegrityError):
        Flag.objects.create(item=item, author=annotator)
