"""Gold questions over REST, and that their answers stay with those who set them."""

from __future__ import annotations

import json

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from annotation.models import GoldQuestion, Item, ItemText, Project
from tests.annotation.items_help import say
from tests.factories import make_project, make_schema
from tests.invariants import assert_slots_add_up

pytestmark = pytest.mark.django_db
POSITIVE = {"sentiment": "positive"}


@pytest.fixture
def url(project):
    return f"/api/v1/projects/{project.pk}/gold/"


@pytest.fixture
def put(api, manager, url):
    return lambda *items: api(manager).post(url, {"items": list(items)}, format="json")


def test_an_item_becomes_a_gold_question_and_gets_another_answer(put, project):
    first = put({"key": "item-00001", "answer": POSITIVE, "explanation": "Clearly."})
    second = put({"key": "item-00001", "answer": {"sentiment": "negative"}})

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == {"created": 1, "updated": 0, "errors": []}
    assert second.json() == {"created": 0, "updated": 1, "errors": []}
    assert GoldQuestion.objects.get().answer == {"sentiment": "negative"}


def test_a_payload_adds_a_findable_item_that_wants_no_answers(put, project):
    put(
        {"payload": {"text": "a new one"}, "answer": POSITIVE},
        {"key": "k", "payload": {"text": "z"}, "answer": POSITIVE},
    )

    item = Item.objects.get(key="k")
    assert (item.role, item.state, item.wanted, item.open_slots) == ("pool", "resolved", 0, 0)
    assert_slots_add_up(project)
    assert GoldQuestion.objects.count() == ItemText.objects.count() == 2


def test_the_same_payload_again_is_the_same_item(put):
    for created in (1, 0):
        body = put({"payload": {"text": "once"}, "answer": POSITIVE}).json()
        assert (body["created"], body["updated"]) == (created, 1 - created)

    assert GoldQuestion.objects.count() == 1


def test_those_with_faults_are_refused_by_themselves(put):
    body = put(
        {"key": "item-00000", "answer": POSITIVE},
        {"key": "item-00001", "answer": {"sentiment": "happy"}},
        {"key": "nowhere", "answer": POSITIVE},
        {"answer": POSITIVE},
        {"key": "item-00002", "answer": POSITIVE, "tolerance": {"mood": 1}},
        {"key": "item-00003", "payload": {"text": "another text"}, "answer": POSITIVE},
    ).json()

    assert body["created"] == 1
    assert [error["path"] for error in body["errors"]] == [
        ["items", 1, "answer", "sentiment"],
        ["items", 2, "key"],
        ["items", 3],
        ["items", 4, "tolerance", "mood"],
        ["items", 5, "payload"],
    ]


def test_when_all_have_faults_nothing_is_made_and_the_answer_is_400(put):
    response = put({"key": "nowhere", "answer": POSITIVE}, {"payload": {"text": "x"}, "answer": {}})

    assert response.status_code == 400
    assert len(response.json()["errors"]) == 2
    assert not GoldQuestion.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"items": []},
        {"items": "x"},
        {"items": [5]},
        {"items": [{}]},
        {"items": [{"key": "item-00000"}]},
        {"items": [{"key": "a\0", "answer": POSITIVE}]},
        {"items": [{"key": "k", "payload": {"text": "a\0"}, "answer": POSITIVE}]},
        {"items": [{"key": "k", "payload": {"a\0": 1}, "answer": POSITIVE}]},
        {"items": [{"key": "k", "payload": {}, "answer": POSITIVE}]},
        {"items": [{"key": "k", "payload": "x", "answer": POSITIVE}]},
        {"items": [{"key": "item-00000", "answer": POSITIVE, "tolerance": {"sentiment": "x"}}]},
        {"items": [{"key": "item-00000", "answer": POSITIVE, "tolerance": {"sentiment": -1}}]},
        {"items": [{"key": "x" * 201, "answer": POSITIVE}]},
        {"items": [{"key": "", "answer": POSITIVE}]},
        {"items": [{"key": "item-00000", "answer": POSITIVE, "explanation": "a\0"}]},
        {"items": [{"key": "item-00000", "answer": POSITIVE}] * 1001},
    ],
)
def test_bad_requests_are_400_with_paths(api, manager, url, body):
    response = api(manager).post(url, body, format="json")

    assert response.status_code == 400
    assert response.json()["errors"]


def test_an_image_must_be_there(put, project):
    make_schema(project, fields=[{"name": "picture", "type": "image", "title": "Picture"}])

    response = put({"payload": {"picture": "no.png"}, "answer": POSITIVE})

    assert [error["path"] for error in response.json()["errors"]] == [["items", 0, "payload", "picture"]]


def test_a_project_without_questions_has_no_gold(api, manager, url, project):
    Project.objects.filter(pk=project.pk).update(schema=None)

    response = api(manager).post(url, {"items": [{"key": "item-00000", "answer": POSITIVE}]}, format="json")

    assert (response.status_code, response.json()["code"]) == (409, "conflict")


def test_the_list_pages_by_item_and_shows_answers(api, manager, put, url):
    put(*({"key": f"item-0000{n}", "answer": POSITIVE} for n in range(3)))
    first = api(manager).get(url, {"limit": 2}).json()
    second = api(manager).get(first["next"]).json()

    assert [one["item"]["key"] for one in first["results"] + second["results"]] == [
        "item-00000",
        "item-00001",
        "item-00002",
    ]
    assert first["results"][0]["answer"] == POSITIVE
    assert second["next"] is None


def test_removing_makes_an_ordinary_item_of_it(api, manager, put, url, project):
    put({"key": "item-00000", "answer": POSITIVE})
    item = project.items.get(key="item-00000")

    assert api(manager).delete(f"{url}{item.pk}/").status_code == 204
    assert api(manager).delete(f"{url}{item.pk}/").status_code == 404
    item.refresh_from_db()
    assert (item.state, item.wanted, item.open_slots) == ("open", 1, 1)
    assert_slots_add_up(project)


def test_who_may_see_and_change_gold(api, url, put, project, owner, annotator, adjudicator, viewer, stranger):
    put({"key": "item-00000", "answer": POSITIVE})
    item = project.items.get(key="item-00000")
    body = {"items": [{"key": "item-00001", "answer": POSITIVE}]}
    people = (owner, adjudicator, annotator, viewer, stranger, None)

    assert [api(user).get(url).status_code for user in people] == [200, 403, 403, 403, 404, 401]
    assert [api(user).post(url, body, format="json").status_code for user in people] == [
        201,
        403,
        403,
        403,
        404,
        401,
    ]
    assert [api(user).delete(f"{url}{item.pk}/").status_code for user in reversed(people)] == [
        401,
        404,
        403,
        403,
        403,
        204,
    ]


def test_gold_of_another_project_cannot_be_removed_from_here(api, manager, owner, url):
    other = make_project(owner=owner, items=1)
    item = other.items.get()
    GoldQuestion.objects.create(
        item=item, project=other, schema=other.schema, answer=POSITIVE, created_by=owner
    )

    assert api(manager).delete(f"{url}{item.pk}/").status_code == 404


def routes(patterns, prefix=""):
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            yield path


def test_no_page_and_no_route_shows_a_gold_answer_to_those_who_label(
    api, client, project, annotator, adjudicator, put
):
    """Every GET of the URL map, with this project, this item and this person wherever an id is asked for."""
    marker = "q7z-known-only-to-managers"
    item = project.items.order_by("pk").first()
    put({"key": item.key, "answer": POSITIVE, "explanation": marker})
    say(item, annotator, sentiment="neutral")
    ids = {"project_id": project.pk, "item_id": item.pk, "user_id": annotator.pk}
    seen = 0
    for person in (annotator, adjudicator):
        client.force_login(person)
        browser, rest = client, api(person)
        for route in routes(get_resolver().url_patterns):
            path = "/" + route
            for name in ("project_id", "item_id", "user_id"):
                path = path.replace(f"<int:{name}>", str(ids[name]))
            if "<" in path or "admin" in path or "^" in path or "logout" in path:
                continue
            response = (rest if path.startswith("/api/v1/") else browser).get(path)
            body = b"".join(response) if response.streaming else response.content
            assert marker.encode() not in body, path
            assert b"gold" not in body or "/items/" not in path, path
            seen += response.status_code == 200

    assert seen > 10


def test_the_next_item_says_nothing_of_gold(api, put, project, annotator):
    put({"key": "item-00000", "answer": POSITIVE, "explanation": "secret"})
    project.items.exclude(key="item-00000").update(state="retired")
    Project.objects.filter(pk=project.pk).update(training_questions=1)

    body = api(annotator).post(f"/api/v1/projects/{project.pk}/next/", {}, format="json").json()

    assert body["leases"][0]["item"]["key"] == "item-00000"
    assert "gold" not in json.dumps(body)
    assert "secret" not in json.dumps(body)
