"""The labeling loop over REST: shapes, statuses, problem documents."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from annotation.models import Annotation, ApiToken, Lease
from tests.factories import make_member, make_project, make_schema

pytestmark = pytest.mark.django_db
POSITIVE = {"sentiment": "positive"}


def post(client, path, body=None):
    return client.post(f"/api/v1/{path}", body or {}, format="json")


@pytest.fixture
def me(api, annotator):
    return api(annotator)


@pytest.fixture
def lease(me, project):
    return post(me, f"projects/{project.pk}/next/").json()["leases"][0]


def test_next_answers_with_leases_items_schema_and_progress(me, project):
    body = post(me, f"projects/{project.pk}/next/", {"count": 2}).json()

    assert (body["status"], body["schema"], body["progress"]) == ("ok", 1, {"answered": 0})
    assert body["leases"][0]["item"]["payload"] == {"text": "Text number 0."}
    assert set(body["leases"][0]) == {"id", "item", "expires_at", "reason", "draft", "suggestion"}


def test_submit_answers_201_with_the_next_lease_and_200_on_a_resend(me, lease):
    body = {"answer": POSITIVE, "nonce": "a", "seconds": 2.5, "schema": 1, "next": 1}
    first, again = (post(me, f"leases/{lease['id']}/submit/", body) for _ in range(2))

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json()["leases"][0]["item"]["key"] == "item-00001"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"nonce": "a"}, ["answer"]),
        ({"answer": POSITIVE}, ["nonce"]),
        ({"answer": POSITIVE, "nonce": ""}, ["nonce"]),
        ({"answer": POSITIVE, "nonce": "x" * 65}, ["nonce"]),
        ({"answer": POSITIVE, "nonce": "a\0"}, ["nonce"]),
        ({"answer": {"sentiment": "posi\0tive"}, "nonce": "a"}, ["answer"]),
        ({"answer": POSITIVE, "nonce": "a", "seconds": -1}, ["seconds"]),
        ({"answer": POSITIVE, "nonce": "a", "seconds": "long"}, ["seconds"]),
        ({"answer": POSITIVE, "nonce": "a", "next": 1000}, ["next"]),
        ({"answer": POSITIVE, "nonce": "a", "schema": 0}, ["schema"]),
        ({"answer": {"sentiment": "happy"}, "nonce": "a"}, ["sentiment"]),
        ({"answer": {"mood": "good", **POSITIVE}, "nonce": "a"}, ["mood"]),
        ({"answer": {}, "nonce": "a"}, ["sentiment"]),
    ],
)
def test_a_faulty_submit_is_a_problem_that_names_the_path(me, lease, body, path):
    response = post(me, f"leases/{lease['id']}/submit/", body)

    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    assert path in [error["path"] for error in response.json()["errors"]]
    assert not Annotation.objects.exists()


@pytest.mark.parametrize("raw", ["", "{", "[]", "null", '"x"', "1e999", '{"answer": NaN}', "\0"])
def test_a_body_that_is_not_an_object_is_a_problem(me, lease, raw):
    response = me.post(f"/api/v1/leases/{lease['id']}/submit/", raw, content_type="application/json")

    assert response.status_code == 400
    assert response.json()["code"] in {"invalid", "parse_error"}


def test_an_unknown_schema_version_is_refused(me, lease):
    response = post(me, f"leases/{lease['id']}/submit/", {"answer": POSITIVE, "nonce": "a", "schema": 9})

    assert response.status_code == 400


def test_an_answer_under_an_old_version_counts_while_it_reads_the_same(me, project, lease):
    make_schema(project)
    response = post(me, f"leases/{lease['id']}/submit/", {"answer": POSITIVE, "nonce": "a", "schema": 1})

    assert response.status_code == 201
    assert Annotation.objects.get().schema.version == 1


def test_an_answer_under_an_old_version_that_no_longer_fits_is_a_conflict(me, project, lease):
    make_schema(
        project,
        [{"name": "sentiment", "type": "single_choice", "labels": [{"value": "good"}, {"value": "bad"}]}],
    )
    response = post(me, f"leases/{lease['id']}/submit/", {"answer": POSITIVE, "nonce": "a", "schema": 1})

    assert (response.status_code, response.json()["code"]) == (409, "schema_changed")


def test_somebody_elses_lease_is_404_and_an_unknown_one_too(api, second_annotator, lease):
    other = api(second_annotator)

    for lease_id in (lease["id"], 10**15, 10**30):
        assert (
            post(other, f"leases/{lease_id}/submit/", {"answer": POSITIVE, "nonce": "a"}).status_code == 404
        )


def test_skip_renew_and_draft(me, project, lease):
    assert (
        me.put(f"/api/v1/leases/{lease['id']}/draft/", {"answer": POSITIVE}, format="json").status_code == 204
    )
    assert post(me, f"projects/{project.pk}/next/").json()["leases"][0]["draft"] == POSITIVE
    renewed = post(me, "leases/renew/", {"leases": [lease["id"]]}).json()["leases"]
    skipped = post(me, f"leases/{lease['id']}/skip/", {"reason": "Too hard.", "next": 1})

    assert renewed[0]["id"] == lease["id"]
    assert skipped.json()["leases"][0]["item"]["key"] == "item-00001"


def test_mine_lists_the_latest_first_and_pages_by_key(me, project):
    for number in range(3):
        taken = post(me, f"projects/{project.pk}/next/").json()["leases"][0]
        post(me, f"leases/{taken['id']}/submit/", {"answer": POSITIVE, "nonce": str(number)})

    first = me.get(f"/api/v1/projects/{project.pk}/mine/?limit=2").json()
    rest = me.get(first["next"]).json()

    assert [row["item"]["key"] for row in first["results"] + rest["results"]] == [
        "item-00002",
        "item-00001",
        "item-00000",
    ]
    assert rest["next"] is None


def test_revise_replaces_an_own_answer(me, lease):
    made = post(me, f"leases/{lease['id']}/submit/", {"answer": POSITIVE, "nonce": "a"}).json()["id"]
    response = post(me, f"annotations/{made}/revise/", {"answer": {"sentiment": "negative"}, "nonce": "b"})

    assert response.status_code == 201
    assert Lease.objects.get().annotation.answer == {"sentiment": "negative"}


def test_a_token_is_enough_and_a_revoked_or_mangled_one_is_not(project, annotator):
    token, secret = ApiToken.objects.create(user=annotator, name="script")
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
    assert post(client, f"projects/{project.pk}/next/").status_code == 200

    token.delete()

    assert post(client, f"projects/{project.pk}/next/").status_code == 401
    for wrong in ("x", secret[:-1], secret + "a", "ä" * 20, "a b", ""):
        client.credentials(HTTP_AUTHORIZATION=f"Token {wrong}")
        assert post(client, f"projects/{project.pk}/next/").status_code == 401


def test_submit_and_next_take_few_statements(project, annotator, django_assert_max_num_queries, lease, me):
    with django_assert_max_num_queries(4):
        post(me, f"leases/{lease['id']}/submit/", {"answer": POSITIVE, "nonce": "q", "next": 1})


def test_markup_in_a_payload_comes_back_as_it_was(api):
    project = make_project()
    person = make_member(project)
    from tests.factories import make_item

    make_item(project, "<b>", {"text": "<script>alert(1)</script>"}).save()

    item = post(api(person), f"projects/{project.pk}/next/").json()["leases"][0]["item"]

    assert (item["key"], item["payload"]["text"]) == ("<b>", "<script>alert(1)</script>")
