"""Exports: every answer that stands, in the shape that was asked for, from one snapshot."""

from __future__ import annotations

import csv
import gzip
import io
import json
import time

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from annotation import filtering
from annotation.models import Annotation, Consensus, Item, Project
from annotation.reports import exports
from annotation.reports.export_sql import Wanted
from annotation.services import schemas
from tests.annotation.items_help import revise, say
from tests.factories import (
    SENTIMENT,
    make_dataset,
    make_item,
    make_items,
    make_member,
    make_project,
    make_schema,
)

# Exports read over a connection of their own, which sees only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)

TOPICS = [
    *SENTIMENT,
    {
        "name": "topics",
        "type": "multiple_choice",
        "required": False,
        "labels": [{"value": "a|b"}, {"value": "c"}],
    },
    {"name": "note", "type": "text", "required": False},
    {"name": "stars", "type": "rating", "required": False},
]
NASTY = 'quote " backslash \\ \\n tab \t newline \n return \r comma , emoji 🦊 <script>alert(1)</script> %s {} null'


@pytest.fixture
def path(project):
    return f"/api/v1/projects/{project.pk}/annotations/"


@pytest.fixture
def get(api, viewer, path):
    return lambda **query: b"".join(api(viewer).get(path, query).streaming_content)


def lines(body):
    return [json.loads(line) for line in body.splitlines()]


def table(body, encoding="utf-8"):
    return list(csv.DictReader(io.StringIO(body.decode(encoding), newline="")))


@pytest.fixture
def items(project):
    Item.objects.filter(project=project).update(wanted=2, open_slots=2)
    return list(project.items.order_by("pk"))


def test_json_lines_have_the_answer_and_where_it_comes_from(get, items, annotator, project):
    dataset = make_dataset(project)
    Item.objects.filter(pk=items[0].pk).update(dataset=dataset)
    answer = say(items[0], annotator, sentiment="positive")

    [line] = lines(get())

    created_at = line.pop("created_at")
    assert timezone.datetime.fromisoformat(created_at) == answer.created_at
    assert line == {
        "item_id": items[0].pk,
        "key": "item-00000",
        "dataset": "first",
        "state": "open",
        "payload": {"text": "Text number 0."},
        "annotation_id": answer.pk,
        "annotator": "anna",
        "origin": "person",
        "schema_version": 1,
        "seconds": 1.5,
        "revisions": 0,
        "counts": True,
        "suggested": None,
        "followed": None,
        "answer": {"sentiment": "positive"},
    }


def test_only_what_stands_is_exported_with_the_number_of_its_revisions(
    get, items, annotator, second_annotator
):
    first = say(items[0], annotator, sentiment="positive")
    second = revise(first, sentiment="neutral")
    revise(second, sentiment="negative")
    say(items[0], second_annotator, sentiment="positive")

    found = [(line["annotator"], line["answer"]["sentiment"], line["revisions"]) for line in lines(get())]

    assert sorted(found) == [("anna", "negative", 2), ("bert", "positive", 0)]


def test_every_character_survives_in_both_formats(get, project, annotator):
    schema = make_schema(project, TOPICS)
    project.refresh_from_db()
    item = make_item(project, NASTY[:100], {"text": NASTY, "more": [1, {"a": "\\"}]})
    item.save()
    say(
        item,
        annotator,
        sentiment="positive",
        note=NASTY.replace("\r", "").replace("\t", ""),
        topics=["a|b", "c"],
    )

    [line] = lines(get())
    [row] = table(get(format="csv"))

    assert line["payload"] == {"text": NASTY, "more": [1, {"a": "\\"}]}
    assert line["key"] == row["key"] == NASTY[:100]
    assert row["payload.text"] == NASTY
    assert row["answer.note"] == line["answer"]["note"]
    assert row["answer.topics"] == r"a\|b|c"
    assert row["answer.stars"] == ""
    assert json.loads(row["answer"]) == line["answer"]
    assert schema.version == 2


def test_a_csv_has_one_column_for_each_field_and_question(get, project, annotator, items):
    make_schema(project, TOPICS, fields=[{"name": "text", "type": "text"}, {"name": "it's", "type": "text"}])
    project.refresh_from_db()
    say(items[0], annotator, sentiment="negative", stars=4)

    body = get(format="csv")

    assert body.splitlines()[0].decode() == (
        '"item_id","key","dataset","state","payload.text","payload.it\'s","annotation_id","annotator","origin",'
        '"schema_version","seconds","created_at","revisions","counts","suggested","followed","answer.sentiment","answer.topics","answer.note",'
        '"answer.stars","answer","given","lacking"'
    )
    [row] = table(body)
    assert (row["payload.it's"], row["dataset"], row["answer.stars"], row["given"]) == ("", "", "4", "")
    assert row["answer.sentiment"] == "negative"


def test_without_fields_the_whole_payload_is_one_column(get, project, annotator, items):
    schemas.create_schema(project=project, by=project.created_by, fields=[], questions=SENTIMENT)
    say(items[0], annotator, sentiment="positive")

    [row] = table(get(format="csv"))

    assert json.loads(row["payload"]) == {"text": "Text number 0."}


def rename(project, **labels):
    project.refresh_from_db()
    [question] = project.schema.questions
    values = [labels.get(one["value"], one["value"]) for one in question["labels"]]
    asked = {**SENTIMENT[0], "labels": [{"value": value} for value in values if value]}
    schemas.create_schema(
        project=project,
        by=project.created_by,
        fields=[],
        questions=[asked],
        mapping={"sentiment": {"labels": labels}},
    )


def test_old_answers_read_under_the_current_schema_and_are_also_there_as_given(
    get, items, annotator, project
):
    say(items[0], annotator, sentiment="positive")
    rename(project, positive="good")
    say(items[1], annotator, sentiment="good")

    old, new = lines(get())
    old_row, new_row = table(get(format="csv"))

    assert (old["answer"], old["given"], old["lacking"]) == (
        {"sentiment": "good"},
        {"sentiment": "positive"},
        [],
    )
    assert (new["answer"], "given" in new) == ({"sentiment": "good"}, False)
    assert (old["schema_version"], new["schema_version"]) == (1, 2)
    assert old_row["answer.sentiment"] == new_row["answer.sentiment"] == "good"
    assert (json.loads(old_row["given"]), new_row["given"]) == ({"sentiment": "positive"}, "")


def test_an_answer_that_cannot_be_read_any_more_says_what_it_lacks(get, items, annotator, project):
    say(items[0], annotator, sentiment="positive")
    rename(project, positive=None)

    [line] = lines(get())
    [row] = table(get(format="csv"))

    assert (line["answer"], line["lacking"]) == ({}, ["sentiment"])
    assert (row["answer.sentiment"], row["lacking"]) == ("", "sentiment")


def test_one_row_for_each_item_with_all_its_answers(get, items, annotator, second_annotator, project):
    say(items[1], annotator, sentiment="positive")
    say(items[0], second_annotator, sentiment="negative")
    rename(project, positive="good")
    say(items[0], annotator, sentiment="good")

    found = lines(get(per="item"))
    rows = table(get(per="item", format="csv"))

    assert [
        (one["key"], [(a["annotator"], a["answer"]["sentiment"]) for a in one["annotations"]])
        for one in found
    ] == [
        ("item-00000", [("bert", "negative"), ("anna", "good")]),
        ("item-00001", [("anna", "good")]),
    ]
    assert found[1]["annotations"][0]["given"] == {"sentiment": "positive"}
    assert [json.loads(row["annotations"]) for row in rows] == [one["annotations"] for one in found]
    assert [row["key"] for row in rows] == ["item-00000", "item-00001"]


def test_filters(get, items, annotator, second_annotator, project):
    dataset = make_dataset(project)
    Item.objects.filter(pk=items[1].pk).update(dataset=dataset)
    say(items[0], annotator, sentiment="positive")
    say(items[0], second_annotator, sentiment="positive")
    late = say(items[1], annotator, sentiment="negative")

    def keys(**query):
        return [line["key"] for line in lines(get(**query))]

    assert keys(where="state = resolved") == ["item-00000"] * 2
    assert keys(where=f'dataset = {dataset.pk} and not key ~ "100%"') == ["item-00001"]
    assert keys(annotator="bert") == ["item-00000"]
    assert keys(since=late.created_at.isoformat()) == ["item-00001"]
    assert keys(where="state = disputed") == []
    assert table(get(where="state = disputed", format="csv")) == []


def test_safe_csv_cannot_start_a_formula(get, project, annotator):
    make_schema(project, TOPICS)
    project.refresh_from_db()
    for number, text in enumerate(["=1+1", "+1", "-1", "@x", "\tx", "fine", "a=b"]):
        item = make_item(project, f"=k{number}", {"text": text}, wanted=1)
        item.save()
        say(item, annotator, sentiment="positive", note="=cmd")

    raw, safe = table(get(format="csv")), table(get(format="csv", safe="1"), "utf-8-sig")

    assert [row["payload.text"] for row in raw] == ["=1+1", "+1", "-1", "@x", "\tx", "fine", "a=b"]
    assert [row["payload.text"] for row in safe] == ["'=1+1", "'+1", "'-1", "'@x", "'\tx", "fine", "a=b"]
    assert {row["answer.note"] for row in safe} == {"'=cmd"}
    assert all(row["key"].startswith("'=k") for row in safe)
    assert get(format="csv", safe="1").startswith(b"\xef\xbb\xbf")


def test_nothing_of_another_project_is_exported(get, items, annotator):
    other = make_project(items=1)
    say(other.items.get(), make_member(other), sentiment="positive")

    assert lines(get()) == []


def test_a_project_without_answers_or_questions_is_an_empty_file(get, project):
    assert get() == b""
    assert table(get(format="csv")) == []
    Project.objects.filter(pk=project.pk).update(schema=None)
    assert get() == b""


def test_the_response_is_a_named_file_that_is_not_kept(api, viewer, path, items, annotator):
    say(items[0], annotator, sentiment="positive")

    plain = api(viewer).get(path, {"format": "csv"}, HTTP_ACCEPT="text/html")
    packed = api(viewer).get(path, HTTP_ACCEPT_ENCODING="gzip, br")

    assert plain["Content-Type"] == "text/csv; charset=utf-8"
    assert plain["Content-Disposition"].endswith('.csv"')
    assert plain["Cache-Control"] == "no-store"
    assert "Content-Encoding" not in plain
    assert packed["Content-Encoding"] == "gzip"
    assert packed["Vary"] == "Accept-Encoding"
    assert lines(gzip.decompress(b"".join(packed.streaming_content)))[0]["key"] == "item-00000"
    plain.close()


@pytest.mark.parametrize(
    ("query", "at"),
    [
        ({"format": "xml"}, "format"),
        ({"format": "JSONL"}, "format"),
        ({"per": "person"}, "per"),
        ({"state": "open"}, "state"),
        ({"annotator": "nobody"}, "annotator"),
        ({"annotator": "a\0"}, "annotator"),
        ({"since": "yesterday"}, "since"),
        ({"safe": "perhaps"}, "safe"),
    ],
)
def test_bad_parameters_are_faults_with_their_paths(api, viewer, path, query, at):
    response = api(viewer).get(path, query)

    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert [error["path"] for error in response.json()["errors"]] == [[at]]


def test_who_may_export(api, path, owner, viewer, adjudicator, annotator, stranger):
    people = (owner, viewer, adjudicator, annotator, stranger, None)

    assert [api(user).get(path).status_code for user in people] == [200, 200, 200, 403, 404, 401]


def test_an_answer_given_while_the_file_is_written_is_not_in_it(project, items, annotator, second_annotator):
    say(items[0], annotator, sentiment="positive")
    exports.BLOCK, block = 1, exports.BLOCK
    try:
        stream = exports.stream(Wanted(project=project.pk))
        first = next(stream)
        say(items[1], annotator, sentiment="negative")
        rest = b"".join(stream)
    finally:
        exports.BLOCK = block

    assert len((first + rest).splitlines()) == 1
    assert Annotation.objects.count() == 2


def exporting():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY (%'"
        )
        return cursor.fetchone()[0]


@pytest.fixture
def many(project, annotator):
    """Answers of 20 MB together: more than the buffers between PostgreSQL and the client hold."""
    make_items(project, 1000)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO annotation_annotation"
            " (project_id, item_id, annotator_id, schema_id, answer, nonce, origin, created_at)"
            " SELECT project_id, id, %s, %s, jsonb_build_object('sentiment', repeat('x', 20000) || id), id::text,"
            " 'person', now() FROM annotation_item WHERE project_id = %s",
            [annotator.pk, project.schema_id, project.pk],
        )


def test_a_client_that_goes_away_ends_the_query(api, viewer, path, many):
    response = api(viewer).get(path)
    next(response.streaming_content)
    before = exporting()
    response.close()

    for _ in range(100):
        if not exporting():
            break
        time.sleep(0.05)
    assert (before, exporting()) == (1, 0)


def test_a_file_that_breaks_off_cannot_pass_for_a_whole_one(api, viewer, path, many):
    received = []

    def receive():
        for block in api(viewer).get(path).streaming_content:
            received.append(block)
            if len(received) == 1:
                hang_up()

    with pytest.raises(psycopg.OperationalError):
        receive()
    *good, last = b"".join(received).splitlines()
    assert all(json.loads(line) for line in good)
    assert b"BROKE OFF" in last
    with pytest.raises(json.JSONDecodeError):
        json.loads(last)


def hang_up():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE query LIKE 'COPY (%' AND pid <> pg_backend_pid()"
        )


def test_what_fails_at_once_is_not_a_200(project, viewer, path, client, items, annotator):
    say(items[0], annotator, sentiment="positive")
    client.force_login(viewer)
    client.raise_request_exception = False
    exports.LONGEST, longest = "nonsense", exports.LONGEST
    try:
        response = client.get(path)
    finally:
        exports.LONGEST = longest

    assert response.status_code == 500


def test_rows_are_counted_up_to_a_limit(project, items, annotator, second_annotator):
    say(items[0], annotator, sentiment="positive")
    say(items[0], second_annotator, sentiment="positive")
    revise(say(items[1], annotator, sentiment="positive"), sentiment="negative")

    settled = exports.wanted(project, where=filtering.checked(project, "state = resolved", gold=True))
    assert exports.count_up_to(Wanted(project=project.pk), 10) == 3
    assert exports.count_up_to(Wanted(project=project.pk), 2) == 2
    assert exports.count_up_to(Wanted(project=project.pk, per="item"), 10) == 2
    assert exports.count_up_to(settled, 10) == 2


# Consensus


@pytest.fixture
def agreed(project, items, annotator, second_annotator):
    """One item with a consensus that was inferred, one that is known, one without."""
    for item in items[:3]:
        say(item, annotator, sentiment="positive")
    for item, status, confidence in ((items[0], "auto", 0.75), (items[1], "known", 1.0)):
        Consensus.objects.create(
            project=project,
            item=item,
            question="sentiment",
            value="negative",
            confidence=confidence,
            entropy=0.5,
            votes=2,
            unanimous=False,
            status=status,
            method="majority",
            schema=project.schema,
            updated_at=timezone.now(),
        )
    return items


def test_items_have_their_consensus(get, agreed):
    first, second, third = lines(get(per="item"))

    assert first["consensus"] == {
        "sentiment": {
            "value": "negative",
            "confidence": 0.75,
            "status": "auto",
            "method": "majority",
            "votes": 2,
        }
    }
    assert second["consensus"] == third["consensus"] == {}
    assert [len(line["annotations"]) for line in (first, second, third)] == [1, 1, 1]


def test_some_items_have_the_same_as_in_a_whole_export(get, agreed):
    assert lines(get(per="item", where="state = open")) == lines(get(per="item"))


def test_csv_has_columns_for_the_consensus(get, agreed):
    first, _, third = table(get(per="item", format="csv"))

    names = ("consensus.sentiment", "confidence.sentiment", "status.sentiment")
    assert [first[name] for name in names] == ["negative", "0.75", "auto"]
    assert [third[name] for name in names] == ["", "", ""]
    assert list(first)[-4:] == [*names, "annotations"]


def test_a_set_is_one_cell_and_text_has_none(get, project, annotator):
    schema = make_schema(project, TOPICS)
    project.refresh_from_db()
    item = make_items(project, 1)[0]
    say(item, annotator, sentiment="positive", topics=["a|b", "c"], note="Hm.")
    Consensus.objects.create(
        project=project,
        item=item,
        question="topics",
        value=["a|b", "c"],
        confidence=0.5,
        entropy=1,
        votes=1,
        unanimous=True,
        method="majority",
        schema=schema,
        updated_at=timezone.now(),
    )

    [row] = table(get(per="item", format="csv"))

    assert row["consensus.topics"] == r"a\|b|c"
    assert "consensus.note" not in row


def test_what_is_known_is_told_to_who_configures(api, path, agreed, manager):
    told = lines(b"".join(api(manager).get(path, {"per": "item"}).streaming_content))

    assert told[1]["consensus"]["sentiment"]["status"] == "known"


@pytest.mark.parametrize(
    ("kind", "per", "last"),
    [
        ("csv", "annotation", b"given,lacking\r\n"),
        ("csv", "item", b"annotations\r\n"),
        ("jsonl", "item", b""),
    ],
)
def test_a_project_without_questions_still_says_what_its_columns_are(kind, per, last):
    project = make_project()
    Project.objects.update(schema=None)

    body = b"".join(exports.stream(Wanted(project=project.pk, format=kind, per=per)))

    assert body.replace(b'"', b"").endswith(last)
    assert bool(body) == bool(last)
