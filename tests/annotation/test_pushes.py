"""Rows that programs send: added once, brought up to date on request, refused one by one with the reason."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.contrib.postgres.search import SearchQuery
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotation.errors import Conflict, InvalidInput, NotAllowed, NotFound, TooLarge
from annotation.models import Dataset, GoldQuestion, Item, Media, Prediction, Project, User
from annotation.services import answers, gold, push_said, pushes, queue, reservoir, words
from annotation.services.answers import Answer
from annotation.services.push_rows import Row
from annotation.services.pushes import Choices, Report
from tests.annotation.importing.uploads import imported
from tests.factories import make_items, make_project, make_schema
from tests.invariants import assert_slots_add_up

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(owner: User) -> Project:
    return make_project(owner=owner)


def push(project: Project, *rows: Any, **choices: Any) -> Report:
    return pushes.push(project=project, by=project.created_by, rows=list(rows), choices=Choices(**choices))


def row(key: str | None, text: str = "hello", **more: Any) -> dict[str, Any]:
    return {**({} if key is None else {"key": key}), "payload": {"text": text}, **more}


def said(value: str = "positive", **more: Any) -> dict[str, Any]:
    return {"question": "sentiment", "value": value, "source": "m", "version": "1", **more}


def results(report: Report) -> list[str]:
    return [one.result for one in report.rows]


def fault(row: Row) -> tuple[Any, str]:
    [found] = row.errors
    return found.path, found.message


def predictions(project: Project) -> list[tuple[Any, float, dict[str, float]]]:
    rows = Prediction.objects.filter(project=project).order_by("item", "source", "version")
    return list(rows.values_list("value", "confidence", "distribution"))


def test_rows_become_items_in_their_order(project: Project) -> None:
    report = push(project, row("b", "two"), row("a", "one"), row(None, "three"))

    items = list(project.items.order_by("pk"))
    assert [item.payload["text"] for item in items] == ["two", "one", "three"]
    assert [item.key for item in items[:2]] == ["b", "a"]
    assert [one.id for one in report.rows] == [item.pk for item in items]
    assert report.counts == {
        "rows": 3, "created": 3, "updated": 0, "unchanged": 0, "sampled_out": 0, "refused": 0
    }  # fmt: skip


def test_sending_again_changes_nothing(project: Project) -> None:
    rows = [row("a", predictions=[said()], tags=["new"]), row(None, "no key")]
    push(project, *rows)
    before = list(Item.objects.order_by("pk").values()) + list(Prediction.objects.values())

    again = push(project, *rows)

    assert results(again) == ["unchanged", "unchanged"]
    assert list(Item.objects.order_by("pk").values()) + list(Prediction.objects.values()) == before


def test_what_a_file_brought_is_the_same_item(project: Project) -> None:
    imported(project, '{"text": "hello"}\n', "x.jsonl")

    assert results(push(project, row(None))) == ["unchanged"]


def test_other_content_is_refused_unless_it_is_asked_for(project: Project) -> None:
    push(project, row("a"))

    refused = push(project, row("a", "changed"))
    updated = push(project, row("a", "changed"), on_change="update")

    assert (results(refused), results(updated)) == (["refused"], ["updated"])
    assert "on_change=update" in fault(refused.rows[0])[1]
    assert project.items.get().payload == {"text": "changed"}
    assert results(push(project, row("a", "changed"))) == ["unchanged"]


def test_what_people_answered_is_changed_only_by_force(project: Project, annotator: User) -> None:
    push(project, row("a"))
    turn = queue.next_leases(annotator=annotator, project=project).turns[0]
    held = push(project, row("a", "changed"), on_change="update")
    answers.submit(annotator=annotator, lease_id=turn.id, given=Answer({"sentiment": "positive"}, "n"))
    answered = push(project, row("a", "changed"), on_change="update")
    forced = push(project, row("a", "changed"), on_change="update", force=True)

    assert "to label now" in fault(held.rows[0])[1]
    assert "answered it as it is" in fault(answered.rows[0])[1]
    assert results(forced) == ["updated"]
    assert project.annotations.count() == 1


def test_a_gold_question_is_changed_only_by_force(project: Project) -> None:
    known = gold.Known({"sentiment": "positive"}, key="a", payload={"text": "hello"})
    gold.put(project=project, by=project.created_by, items=[known])

    report = push(project, row("a", "changed"), on_change="update")

    assert GoldQuestion.objects.count() == 1
    assert "gold question" in fault(report.rows[0])[1]


def test_a_change_is_in_the_history_and_what_was_known_of_the_old_content_goes(project: Project) -> None:
    push(project, row("a", "aardvark", predictions=[said()]))
    words.index_dataset(dataset_id=Dataset.objects.get().pk)

    push(project, row("a", "zebra", predictions=[said("negative")]), on_change="update")

    [event] = project.items.get().events.filter(pgh_label="update")  # type: ignore[attr-defined]
    assert event.payload == {"text": "zebra"}
    assert [value for value, *_ in predictions(project)] == ["negative"]
    assert said_in("aardvark", "zebra") == [0, 0]
    [dataset_id] = words.unsearchable()
    words.index_dataset(dataset_id=dataset_id)
    assert said_in("aardvark", "zebra") == [0, 1]


def said_in(*searched: str) -> list[int]:
    """How many items each of these words is found in."""
    return [Item.objects.filter(text__words=SearchQuery(word)).count() for word in searched]


def test_whoever_changes_an_item_has_the_dataset_it_is_in_looked_at(project: Project) -> None:
    push(project, row("a", "aardvark"), dataset="one")
    push(project, row("b", "buzzard"), dataset="two")
    for dataset_id in words.unsearchable():
        words.index_dataset(dataset_id=dataset_id)

    report = push(project, row("a", "zebra"), dataset="two", on_change="update")

    assert report.to_index == {Dataset.objects.get(name="one").pk} == set(words.unsearchable())


def test_an_item_of_no_dataset_is_found_at_once(project: Project) -> None:
    make_items(project, 1)

    push(project, row("item-00000", "zebra"), on_change="update")

    assert said_in("zebra") == [1]


def test_a_change_while_words_are_indexed_is_not_forgotten(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(project, row("a", "aardvark"), row("b", "buzzard"))
    index = words.index

    def with_a_change(*, item_ids: list[int]) -> None:
        index(item_ids=item_ids)
        monkeypatch.setattr(words, "index", index)
        push(project, row("a", "zebra"), on_change="update")

    monkeypatch.setattr(words, "index", with_a_change)
    dataset_id = Dataset.objects.get().pk
    words.index_dataset(dataset_id=dataset_id)

    assert words.unsearchable() == [dataset_id]
    words.index_dataset(dataset_id=dataset_id)
    assert words.unsearchable() == []
    assert said_in("aardvark", "zebra", "buzzard") == [0, 1, 1]


def test_new_items_are_found_by_their_words_however_often_rows_come(project: Project) -> None:
    for text in ("one", "two"):
        push(project, row(None, text))
        assert words.unsearchable() == [Dataset.objects.get().pk]
        words.index_dataset(dataset_id=Dataset.objects.get().pk)

        assert words.unsearchable() == []
        assert Item.objects.filter(text__words=SearchQuery(text)).count() == 1


def test_there_is_one_dataset_for_each_source(project: Project) -> None:
    push(project, row("a"))
    push(project, row("b"), row("a"), row("a", "other"))
    push(project, row("c"), dataset="crawler")

    rows = Dataset.objects.order_by("pk")
    assert [
        (one.name, one.rows_read, one.rows_imported, one.rows_unchanged, one.rows_rejected) for one in rows
    ] == [
        ("api", 4, 2, 1, 1),
        ("crawler", 1, 1, 0, 0),
    ]
    assert {one.state for one in rows} == {"done"}
    assert project.items.get(key="c").dataset == rows[1]


def test_one_key_twice_in_a_call(project: Project) -> None:
    report = push(project, row("a"), row("a", tags=["twice"]), row("a", "other"))

    assert results(report) == ["created", "unchanged", "refused"]
    assert report.rows[1].id == report.rows[0].id
    assert fault(report.rows[2]) == (("key",), "Row 1 has the same key with other content.")
    assert project.tags.get().name == "twice"


@pytest.mark.parametrize(
    ("raw", "path", "words_of_it"),
    [
        (3, (), "A row is an object"),
        ({"text": "hello"}, ("text",), "belong into payload"),
        ({"key": "a"}, ("payload",), "The payload is an object"),
        ({"key": "a", "payload": {}}, ("payload", "text"), "nothing to show"),
        ({"key": True, "payload": {"text": "x"}}, ("key",), "a text or a number"),
        ({"key": " ", "payload": {"text": "x"}}, ("key",), "empty"),
        ({"key": "k" * 201, "payload": {"text": "x"}}, ("key",), "201 characters"),
        ({"key": "a\0", "payload": {"text": "x"}}, ("key",), "U+0000"),
        ({"key": "a", "payload": {"text": "x\0"}}, ("payload", "text"), "U+0000"),
        ({"key": "a", "payload": {"text": "x" * 6_000_000}}, ("payload",), "longer than 5 MB"),
        ({"key": "a", "payload": {"text": "x"}, "tags": "new"}, ("tags",), "a list"),
        ({"key": "a", "payload": {"text": "x"}, "tags": ["new", " "]}, ("tags", 1), "Give the tag a name"),
        ({"key": "a", "payload": {"text": "x"}, "predictions": {}}, ("predictions",), "a list"),
        (
            {"key": "a", "payload": {"text": "x"}, "predictions": [said("sad")]},
            ("predictions", 0, "value"),
            "no label “sad”",
        ),
    ],
)
def test_bad_rows_are_refused_with_the_place_and_the_others_taken(
    project: Project, raw: Any, path: tuple[Any, ...], words_of_it: str
) -> None:
    report = push(project, row("good"), raw)

    assert results(report) == ["created", "refused"]
    assert fault(report.rows[1])[0] == path
    assert words_of_it in fault(report.rows[1])[1]
    assert [item.key for item in project.items.all()] == ["good"]


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (said(source="model"), ("source",)),
        (said(source=""), ("source",)),
        (said(version=None), ("version",)),
        (said(confidence=1.5), ("confidence",)),
        (said(score="high"), ("score",)),
        (said(question="mood"), ("question",)),
        (said(value=None), ("value",)),
        (said(distribution={"sad": 1.0}), ("distribution", "sad")),
        (said(distribution={"positive": 2}), ("distribution",)),
        (said(model="x"), ("model",)),
    ],
)
def test_bad_predictions_say_what_is_wrong(project: Project, raw: dict[str, Any], path: tuple[str]) -> None:
    push(project, row("a"))

    [found] = push_said.push(project=project, by=project.created_by, rows=[{"key": "a", **raw}])

    assert fault(found)[0] == path
    assert predictions(project) == []


def test_a_prediction_is_a_value_or_a_distribution(project: Project) -> None:
    shares = {"positive": 0.2, "negative": 0.7, "neutral": 0.1}
    kept = [said(score=0.9), said(value=None, version=2, distribution=shares), said(version="3")]
    kept += [said(version="4", score=1.0), said(version="5", score=1), said(version="6", score=0.5)]

    push(project, row("a", predictions=kept))

    assert predictions(project) == [
        ("positive", 0.9, {}),
        ("negative", 0.7, shares),
        # Without a score; the ones behind it have one.
        ("positive", 1.0, {}),
        ("positive", 1.0, {"positive": 1.0}),
        ("positive", 1.0, {"positive": 1.0}),
        ("positive", 0.5, {}),
    ]


def test_of_the_same_thing_said_with_and_without_a_score_each_is_kept_as_it_is(project: Project) -> None:
    pushed = [
        row(str(n), predictions=[said(**score)])
        for n, score in enumerate([{}, {"score": 0.5}, {}, {"score": 1.0}])
    ]

    push(project, *pushed)

    scores = [one.score for one in Prediction.objects.order_by("item")]
    assert scores == [None, 0.5, None, 1.0]


def test_predictions_about_items_that_are_there(project: Project) -> None:
    made = push(project, row("a"), row("b")).rows
    rows = [
        {"key": "a", **said(confidence=0.5)},
        {"item": made[1].id, **said("neutral")},
        {"key": "c", **said()},
        {"item": made[1].id, "key": "a", **said()},
    ]

    first = push_said.push(project=project, by=project.created_by, rows=rows)
    again = push_said.push(
        project=project, by=project.created_by, rows=[rows[0], {**rows[1], "value": "negative"}]
    )

    assert [one.result for one in first] == ["created", "created", "refused", "refused"]
    assert [one.result for one in again] == ["unchanged", "updated"]
    assert [value for value, *_ in predictions(project)] == ["positive", "negative"]


def test_the_latest_of_those_predictions_is_suggested(project: Project, annotator: User) -> None:
    Project.objects.filter(pk=project.pk).update(suggestions=True)
    push(project, row("a", predictions=[said("neutral", confidence=0.8)]))

    [turn] = queue.next_leases(annotator=annotator, project=project).turns

    assert '"value": "neutral"' in (turn.suggested or "")


def test_new_items_come_to_those_who_had_everything(project: Project, annotator: User) -> None:
    make_items(project, 1, priority=0.0)
    for number in range(34):
        push(project, row(f"k{number}", f"text {number}"))
        [turn] = queue.next_leases(annotator=annotator, project=project).turns
        answers.submit(
            annotator=annotator, lease_id=turn.id, given=Answer({"sentiment": "neutral"}, f"n{number}")
        )

    assert queue.next_leases(annotator=annotator, project=project).status == "ok"
    assert_slots_add_up(project)


def test_images_are_named_and_never_fetched(project: Project) -> None:
    make_schema(project, fields=[{"name": "picture", "type": "image"}])
    project.refresh_from_db()
    Media.objects.create(
        project=project, name="a.png", file="x", content_type="image/png", size=1, sha256="0" * 64
    )
    names = ["a.png", "b.png", "https://example.org/c.png"]

    report = push(project, *({"key": name, "payload": {"picture": name}} for name in names))

    assert results(report) == ["created", "refused", "refused"]
    assert "Upload it first" in fault(report.rows[1])[1]
    assert "not fetched here" in fault(report.rows[2])[1]


def test_a_bounded_pool_takes_a_sample(project: Project) -> None:
    reservoir.put(project=project, by=project.created_by, size=5)

    report = push(project, *(row(f"k{n}", f"text {n}") for n in range(50)))

    counts = report.counts
    assert (counts["created"], counts["sampled_out"]) == (5, 45)
    assert project.items.count() == 5
    assert Dataset.objects.get().rows_sampled_out == 45


def test_limits_roles_and_archives(project: Project, adjudicator: User, stranger: User) -> None:
    with pytest.raises(TooLarge, match="10,001 rows"):
        push(project, *([row("a")] * 10_001))
    with pytest.raises(InvalidInput, match="name"):
        push(project, row("a"), dataset=" ")
    for person, error in ((adjudicator, NotAllowed), (stranger, NotFound)):
        with pytest.raises(error):
            pushes.push(project=project, by=person, rows=[row("a")])
    project.archived_at = project.created_at
    with pytest.raises(Conflict, match="archived"):
        push(project, row("a"))


KEYS = st.one_of(st.none(), st.sampled_from(["a", "b", "c"]))
ROWS = st.lists(
    st.builds(
        lambda key, text, tag, label: row(key, text, tags=tag, predictions=[said(label)] if label else []),
        KEYS,
        st.sampled_from(["one", "two", "three", ""]),
        st.lists(st.sampled_from(["x", "y"]), max_size=2),
        st.sampled_from(["", "positive", "sad"]),
    ),
    max_size=6,
)


@given(calls=st.lists(ROWS, max_size=3), on_change=st.sampled_from(["refuse", "update"]))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pushing_any_rows_twice_is_pushing_them_once(
    owner: User, calls: list[list[dict[str, Any]]], on_change: str
) -> None:
    project = make_project(owner=owner)

    def state() -> Any:
        items = project.items.order_by("pk").values_list("pk", "key", "payload", "open_slots")
        tags = project.items.order_by("pk", "tags__tag").values_list("pk", "tags__tag")
        kept = Prediction.objects.filter(project=project).order_by("pk").values()
        return list(items), list(tags), list(kept)

    for rows in calls:
        first = push(project, *rows, on_change=on_change)
        once = state()
        again = push(project, *rows, on_change=on_change)

        assert state() == once
        refused = [one.number for one in first.rows if one.result == "refused"]
        assert [one.number for one in again.rows if one.result == "refused"] == refused
        assert {one.result for one in again.rows} <= {"unchanged", "refused"}


@pytest.mark.django_db(transaction=True)
def test_programs_that_push_the_same_keys_at_once(owner: User) -> None:
    project = make_project(owner=owner)
    rows = [row(f"k{n}", f"text {n}", predictions=[said()]) for n in range(300)]
    reports: list[Report] = []

    def work(mine: list[dict[str, Any]]) -> None:
        try:
            reports.append(push(project, *mine))
        finally:
            connection.close()

    threads = [
        threading.Thread(target=work, args=(part,)) for part in (rows, rows[::-1], rows[100:], rows[:200])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(report.counts["created"] for report in reports) == 300
    assert sum(report.counts["unchanged"] for report in reports) == 700
    assert project.items.count() == Prediction.objects.count() == 300


def test_the_page_of_an_import_tells_where_these_items_come_from(client: Any, project: Project) -> None:
    report = push(project, row("a"), row("a", "other"))
    client.force_login(project.created_by)

    page = client.get(f"/projects/{project.pk}/imports/{report.dataset.pk}/").content.decode()

    assert "Sent over REST by programs" in page
    assert "How the file was read" not in page
