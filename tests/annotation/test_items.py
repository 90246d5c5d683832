"""Items over REST: filters, pages, who sees what."""

from __future__ import annotations

import pytest

from annotation.filtering import quoted
from annotation.models import Dataset, Flag, GoldQuestion, Item, ItemEvent, Lease
from annotation.services import schemas
from tests.annotation.items_help import give, keys, make_findable, revise, say
from tests.factories import SENTIMENT, make_dataset, make_item, make_member, make_project, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def items(project):
    return list(project.items.order_by("pk"))


@pytest.fixture
def path(project):
    return f"/api/v1/projects/{project.pk}/items/"


@pytest.fixture
def boss(api, manager):
    return api(manager)


def rename(project, by, **labels):
    """Publish a version in which labels have other names; a label that becomes None is for people to decide."""
    project.refresh_from_db()
    [question] = project.schema.questions
    values = [labels.get(one["value"], one["value"]) for one in question["labels"]]
    asked = {**SENTIMENT[0], "labels": [{"value": value} for value in values if value]}
    return schemas.create_schema(
        project=project, by=by, fields=[], questions=[asked], mapping={"sentiment": {"labels": labels}}
    )


def test_a_list_has_items_with_payload_and_current_answers(boss, path, items, annotator):
    first = say(items[0], annotator, sentiment="positive")
    second = revise(first, sentiment="negative")

    item = boss.get(path).json()["results"][0]

    assert (item["key"], item["payload"], item["state"]) == (
        "item-00000",
        {"text": "Text number 0."},
        "resolved",
    )
    assert [(one["id"], one["annotator"], one["answer"]) for one in item["annotations"]] == [
        (second.pk, "anna", {"sentiment": "negative"})
    ]


def test_pages_follow_each_other_without_a_gap(boss, path, items):
    first = boss.get(path, {"limit": 2}).json()
    second = boss.get(first["next"]).json()
    third = boss.get(second["next"]).json()

    assert [one["key"] for page in (first, second, third) for one in page["results"]] == [
        item.key for item in items
    ]
    assert third["next"] is None


def test_a_page_of_large_payloads_is_cut_short_and_goes_on(boss, path, project, items):
    big = {"text": "x" * 5_000_000}
    for number in range(3):
        make_item(project, f"big-{number}", {**big, "n": number}).save()
    from annotation.reports import items_listed

    items_listed.MOST_BYTES, before = 100_000, items_listed.MOST_BYTES
    try:
        first = boss.get(path).json()
        second = boss.get(first["next"]).json()
    finally:
        items_listed.MOST_BYTES = before

    assert [one["key"] for one in first["results"] + second["results"]][5:] == ["big-0", "big-1"]
    assert second["next"] is not None or len(first["results"] + second["results"]) == 8


def test_filter_by_state(boss, path, items, annotator):
    say(items[2], annotator, sentiment="positive")

    assert keys(boss.get(path, {"where": "state = resolved"})) == ["item-00002"]
    assert "item-00002" not in keys(boss.get(path, {"where": "state = open"}))


def test_filter_by_label_and_by_annotator(boss, path, items, annotator, second_annotator):
    Item.objects.update(wanted=2, open_slots=2)
    say(items[0], annotator, sentiment="positive")
    say(items[0], second_annotator, sentiment="negative")
    say(items[1], second_annotator, sentiment="positive")

    assert keys(boss.get(path, {"where": "label.sentiment = positive"})) == ["item-00000", "item-00001"]
    assert keys(boss.get(path, {"where": "annotator = bert"})) == ["item-00000", "item-00001"]
    assert keys(boss.get(path, {"where": "label.sentiment = negative and annotator = bert"})) == [
        "item-00000"
    ]
    assert keys(boss.get(path, {"where": "answered.sentiment"})) == ["item-00000", "item-00001"]


def test_a_label_filter_sees_only_what_stands(boss, path, items, annotator):
    revise(say(items[0], annotator, sentiment="positive"), sentiment="neutral")

    assert keys(boss.get(path, {"where": "label.sentiment = positive"})) == []
    assert keys(boss.get(path, {"where": "label.sentiment = neutral"})) == ["item-00000"]


def test_to_have_an_item_is_not_to_have_answered_it(boss, path, items, annotator):
    give(items[0], annotator)

    assert keys(boss.get(path, {"where": "annotator = anna"})) == []


def test_old_answers_are_found_and_read_under_the_current_labels(
    boss, path, items, annotator, project, owner
):
    say(items[0], annotator, sentiment="positive")
    rename(project, owner, positive="good")
    rename(project, owner, good="great")
    say(items[1], annotator, sentiment="great")

    response = boss.get(path, {"where": "label.sentiment = great"})

    assert keys(response) == ["item-00000", "item-00001"]
    assert [one["annotations"][0]["answer"] for one in response.json()["results"]] == [
        {"sentiment": "great"}
    ] * 2
    assert [one["annotations"][0]["schema"] for one in response.json()["results"]] == [1, 3]


def searching(words):
    return {"where": f"text ~ {quoted(words)}"}


def test_search_finds_words_beginnings_phrases_and_refuses_excluded_ones(boss, path, project):
    found = [
        make_item(project, "a", {"text": "the quick brown fox"}),
        make_item(project, "b", {"text": "a brown bear, quick to anger"}),
        make_item(project, "c", {"text": "quicksilver"}),
    ]
    for item in found:
        item.save()
    make_findable(*found)

    assert keys(boss.get(path, searching("quick"))) == ["a", "b", "c"]
    assert keys(boss.get(path, searching("quick "))) == ["a", "b", "c"]
    assert keys(boss.get(path, searching("brown qui"))) == ["a", "b"]
    assert keys(boss.get(path, searching('"quick brown"'))) == ["a"]
    assert keys(boss.get(path, searching("brown -fox"))) == ["b"]
    assert keys(boss.get(path, searching("fox or bear"))) == ["a", "b"]
    assert keys(boss.get(path, searching("QUICKSIL"))) == ["c"]


@pytest.mark.parametrize(
    "text", ["'", "a:*", "!!", "&", "a & | b", "\\", "(((", '"', "-", "or", "foo or", "'':*", "🦊", "  "]
)
def test_no_search_text_is_an_error(boss, path, text):
    assert boss.get(path, searching(text)).status_code in {200, 400 if not text.strip() else 200}


def test_filter_by_dataset_flag_and_gold(boss, path, project, items, annotator, owner):
    dataset = make_dataset(project)
    Item.objects.filter(pk=items[1].pk).update(dataset=dataset)
    Flag.objects.create(item=items[2], author=annotator)
    GoldQuestion.objects.create(
        item=items[3],
        project=project,
        schema=project.schema,
        answer={"sentiment": "positive"},
        created_by=owner,
    )

    assert keys(boss.get(path, {"where": f"dataset = {dataset.pk}"})) == ["item-00001"]
    assert keys(boss.get(path, {"where": "flagged"})) == ["item-00002"]
    assert keys(boss.get(path, {"where": "gold"})) == ["item-00003"]


@pytest.mark.parametrize(
    ("wanted", "at"),
    [
        ({"where": "state = done"}, ["where", 0]),
        ({"where": "state = open and label.mood = x"}, ["where", 17]),
        ({"where": "state ="}, ["where", 7]),
        ({"where": "a\0b"}, ["where"]),
        ({"where": "x" * 5001}, ["where"]),
        ({"state": "open"}, ["state"]),
        ({"fields": "key,color"}, ["fields"]),
        ({"after": "x"}, ["after"]),
        ({"after": str(2**70)}, ["after"]),
        ({"limit": "0"}, ["limit"]),
        ({"limit": "100000"}, ["limit"]),
    ],
)
def test_a_bad_filter_is_a_fault_with_its_path(boss, path, wanted, at):
    response = boss.get(path, wanted)

    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert [error["path"] for error in response.json()["errors"]] == [at]


def test_a_list_has_the_fields_that_are_asked_for(boss, path, items):
    first = boss.get(path, {"fields": "key, state", "limit": 1}).json()

    assert first["results"] == [{"id": items[0].pk, "key": "item-00000", "state": "open"}]
    assert boss.get(first["next"]).json()["results"][0].keys() == {"id", "key", "state"}


def test_a_dataset_of_another_project_does_not_exist_here(boss, path):
    other = make_dataset(make_project())

    assert boss.get(path, {"where": f"dataset = {other.pk}"}).status_code == 400


def test_who_may_list(api, path, annotator, viewer, stranger, adjudicator):
    statuses = [api(user).get(path).status_code for user in (viewer, adjudicator, annotator, stranger, None)]

    assert statuses == [200, 200, 403, 404, 401]


def test_only_those_who_configure_may_ask_for_gold(api, path, viewer, adjudicator, manager):
    statuses = [api(user).get(path, {"where": "gold"}).status_code for user in (viewer, adjudicator, manager)]

    assert statuses == [403, 403, 200]


def test_a_list_takes_the_same_number_of_queries_whatever_its_length(
    boss, path, items, annotator, django_assert_max_num_queries
):
    for item in items:
        say(item, annotator, sentiment="positive")
    boss.get(path)

    with django_assert_max_num_queries(14):
        assert len(keys(boss.get(path))) == 5


def test_an_item_shows_answers_revisions_flags_and_history(boss, items, annotator, second_annotator):
    Item.objects.update(wanted=2, open_slots=2)
    revise(say(items[0], annotator, sentiment="positive"), sentiment="negative")
    say(items[0], second_annotator, sentiment="positive")
    Flag.objects.create(item=items[0], author=annotator, reason="odd")

    body = boss.get(f"/api/v1/items/{items[0].pk}/").json()

    assert body["state"] == "disputed"
    assert [(one["annotator"], one["answer"]["sentiment"]) for one in body["annotations"]] == [
        ("anna", "negative"),
        ("bert", "positive"),
    ]
    assert [one["answer"] for one in body["annotations"][0]["revisions"]] == [{"sentiment": "positive"}]
    assert [flag["reason"] for flag in body["flags"]] == ["odd"]
    told = [(entry["user"], entry["text"]) for entry in body["history"]]
    assert ("anna", "revised the answer") in told
    assert ("bert", "answered") in told


def test_an_answer_that_people_must_decide_again_says_so(boss, items, annotator, project, owner):
    say(items[0], annotator, sentiment="positive")
    rename(project, owner, positive=None)

    [answer] = boss.get(f"/api/v1/items/{items[0].pk}/").json()["annotations"]

    assert (answer["answer"], answer["lacking"], answer["given"]) == (
        {},
        ["sentiment"],
        {"sentiment": "positive"},
    )


def test_an_annotator_opens_only_items_that_were_given_to_them(api, items, annotator):
    give(items[0], annotator)
    me = api(annotator)

    assert me.get(f"/api/v1/items/{items[0].pk}/").status_code == 200
    assert me.get(f"/api/v1/items/{items[1].pk}/").status_code == 403


def test_an_annotator_sees_only_their_own_part(api, items, annotator, second_annotator):
    Item.objects.update(wanted=2, open_slots=2)
    say(items[0], annotator, sentiment="positive")
    say(items[0], second_annotator, sentiment="negative")
    Flag.objects.create(item=items[0], author=second_annotator, reason="bert's")

    body = api(annotator).get(f"/api/v1/items/{items[0].pk}/").json()

    assert [one["annotator"] for one in body["annotations"]] == ["anna"]
    assert (body["flags"], body["history"]) == ([], [])


def test_strangers_find_no_item_and_nobody_finds_one_that_is_not_there(api, items, stranger, manager):
    assert api(stranger).get(f"/api/v1/items/{items[0].pk}/").status_code == 404
    assert api(manager).get("/api/v1/items/999999999/").status_code == 404
    assert api(manager).get(f"/api/v1/items/{2**80}/").status_code == 404


def test_retire_takes_an_item_out_of_the_queue_and_reopen_brings_it_back(
    boss, api, items, annotator, project
):
    assert boss.post(f"/api/v1/items/{items[0].pk}/retire/").json()["state"] == "retired"
    assert boss.post(f"/api/v1/items/{items[0].pk}/retire/").status_code == 200
    lease = api(annotator).post(f"/api/v1/projects/{project.pk}/next/").json()["leases"][0]
    assert lease["item"]["key"] == "item-00001"

    assert boss.post(f"/api/v1/items/{items[0].pk}/reopen/").json()["state"] == "open"


def test_reopen_asks_for_one_more_answer(boss, items, annotator):
    say(items[0], annotator, sentiment="positive")

    body = boss.post(f"/api/v1/items/{items[0].pk}/reopen/").json()

    assert (body["state"], body["wanted"], body["answers"]) == ("open", 2, 1)


@pytest.mark.parametrize("action", ["retire", "reopen"])
def test_who_may_retire_and_reopen(api, items, annotator, adjudicator, viewer, stranger, action):
    give(items[0], annotator)
    url = f"/api/v1/items/{items[0].pk}/{action}/"

    assert [api(user).post(url).status_code for user in (annotator, adjudicator, viewer, stranger, None)] == [
        403,
        403,
        403,
        404,
        401,
    ]


@pytest.mark.django_db(transaction=True)
def test_retiring_over_rest_is_recorded_with_its_person_and_address(api, items, manager):
    client = api(None)
    client.credentials(HTTP_AUTHORIZATION=f"Token {token_of(manager)}")

    client.post(f"/api/v1/items/{items[0].pk}/retire/")

    event = ItemEvent.objects.get(pgh_obj_id=items[0].pk)
    assert event.pgh_context == {
        "user": manager.pk,
        "url": f"/api/v1/items/{items[0].pk}/retire/",
        "method": "POST",
        "address": "127.0.0.1",
    }


def token_of(user):
    from annotation.models import ApiToken

    return ApiToken.objects.create(user)[1]


def test_retired_items_of_others_stay_out_of_reach(api, items):
    other = make_project()
    foreign = make_member(other, "manager", user=make_user("fred"))

    assert api(foreign).post(f"/api/v1/items/{items[0].pk}/retire/").status_code == 404
    assert not Lease.objects.exists()
    assert Dataset.objects.count() == 0
