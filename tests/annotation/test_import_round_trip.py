"""What we export, in whatever format, imports unchanged: the same people said the same, at the same time, of the same items."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotation.formats.master import Master
from annotation.formats.registry import FORMATS
from annotation.models import Annotation, ItemTag, Project, Snapshot, Tag, User
from annotation.reports import exports
from annotation.reports.export_sql import Wanted
from annotation.services import answers, queue
from annotation.services.answers import Answer
from tests.annotation.formats.masters import written
from tests.annotation.importing.uploads import imported
from tests.annotation.snapshots.help import agree, made
from tests.factories import make_member, make_project, make_schema, make_user
from tests.invariants import assert_slots_add_up

# Snapshots are made on connections of their own.
pytestmark = pytest.mark.django_db(transaction=True)

LABELS = ["A", "b", 'say "x"', "a|b\\", "[1]", "日本 😀"]
QUESTIONS = [
    {"name": "one", "type": "single_choice", "labels": [{"value": label} for label in LABELS]},
    {
        "name": "several",
        "type": "multiple_choice",
        "min_choices": 0,
        "labels": [{"value": label} for label in LABELS],
    },
    {"name": "stars", "type": "rating", "required": False},
    {"name": "number", "type": "number", "required": False},
    {"name": "words", "type": "text", "required": False},
]
# Rows are the same but for what differs between projects, and what is known only where it happened.
ELSEWHERE = ("item_id", "annotation_id", "dataset", "origin", "schema_version", "revisions")

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
finite = st.floats(0, 1e6, allow_nan=False).map(lambda number: round(number, 4))
answered = st.fixed_dictionaries(
    {"one": st.sampled_from(LABELS), "several": st.lists(st.sampled_from(LABELS), unique=True)},
    optional={
        "stars": st.integers(1, 5),
        "number": finite,
        "words": st.sampled_from(["fine", "=1+1", "[2]", 'a\nb, "c"', "é😀"]),
    },
)
given_answers = st.lists(
    st.tuples(answered, st.none() | finite, st.integers(0, 10**15)), min_size=1, max_size=6
)
payloads = st.lists(
    st.fixed_dictionaries(
        {"text": words.filter(str.strip)},
        optional={"extra": st.none() | words | finite | st.lists(words, max_size=2)},
    ),
    min_size=1,
    max_size=3,
)
TAGS = ["hard", "a|b\\", 'say "x"', "=1+1", "日本 😀"]
# For each item its tags, and whether it is out of work.
marks = st.lists(
    st.tuples(st.lists(st.sampled_from(TAGS), unique=True), st.booleans()), min_size=3, max_size=3
)
START = datetime(2000, 1, 1, tzinfo=UTC)


def project_with(
    payload: list[dict[str, Any]], said: list[Any], people: list[User], marked: Sequence[Any] = ()
) -> Project:
    """A project whose items have been answered by these people, one after the other, and marked."""
    project = make_project(owner=people[0], annotations_per_item=2, questions=QUESTIONS)
    make_schema(project, QUESTIONS, fields=[])
    for user in people[1:]:
        make_member(project, user=user)
    lines = "".join(json.dumps({"k": f"key {n}", **one}) + "\n" for n, one in enumerate(payload))
    imported(project, lines, "x.jsonl", key_field="k", mapping={"k": None})
    for number, (answer, seconds, later) in enumerate(said):
        user = people[number % len(people)]
        for turn in queue.next_leases(annotator=user, project=project).turns:
            at = START + timedelta(microseconds=later)
            answers.submit(
                annotator=user,
                lease_id=turn.id,
                given=Answer(answer, f"{project.pk}-{number}", seconds),
                now=at,
            )
    for item, (tags, retired) in zip(project.items.order_by("pk"), marked, strict=False):
        for name in tags:
            ItemTag.objects.create(item=item, tag=Tag.objects.get_or_create(project=project, name=name)[0])
        if retired:
            queue.retire(project=project, item_ids=[item.pk])
    return project


def empty_for(people: list[User]) -> Project:
    """A project with the same questions and people, and nothing in it."""
    empty = make_project(owner=people[0], annotations_per_item=2, questions=QUESTIONS)
    make_schema(empty, QUESTIONS, fields=[])
    for user in people[1:]:
        make_member(empty, user=user)
    return empty


def told(project: Project) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in live(project, "jsonl annotation").splitlines()]
    kept = [{name: value for name, value in row.items() if name not in ELSEWHERE} for row in found]
    return sorted(kept, key=lambda row: (row["key"], row["annotator"]))


def marks_of(project: Project) -> dict[str, tuple[list[str], bool]]:
    return {
        item.key: (sorted(one.tag.name for one in item.tags.select_related("tag")), item.state == "retired")
        for item in project.items.all()
    }


def without_state(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != "state"} for row in rows]


def file_of(snapshot: Snapshot, name: str) -> bytes:
    with snapshot.file.open("rb") as file:
        stored = file.read()
    form = FORMATS[name]
    return stored if form.write is None else written(form, Master(io.BytesIO(stored)), snapshot.manifest)


def live(project: Project, name: str) -> bytes:
    format, per = name.split()
    return b"".join(exports.stream(Wanted(project.pk, format=format, per=per)))  # type: ignore[arg-type]


hypothesis_settings = settings(
    max_examples=5, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
ENDINGS = {"huggingface": "zip", "label_studio": "json", "jsonl item": "jsonl", "csv item": "csv"}


@pytest.fixture
def people(db: None) -> list[User]:
    return [make_user(name) for name in ("olga", "Änne", "bert@x.org")]


FILES = ("jsonl", "csv", "parquet", "huggingface", "label_studio")
LIVE = ("jsonl annotation", "csv annotation", "jsonl item", "csv item")


@pytest.mark.slow
def test_own_exports_import_unchanged(people: list[User], tmp_path: Any, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path

    @given(payloads, given_answers, marks)
    @hypothesis_settings
    def check(payload: list[dict[str, Any]], said: list[Any], marked: list[Any]) -> None:
        project = project_with(payload, said, people, marked)
        snapshot, before = made(project, rows="annotations"), told(project)
        files = {name: file_of(snapshot, name) for name in FILES} | {
            name: live(project, name) for name in LIVE
        }
        for name, data in files.items():
            empty = empty_for(people)

            dataset = imported(empty, data, f"export.{ENDINGS.get(name, name.split()[0])}")

            assert (dataset.state, list(dataset.rejections.all())) == ("done", []), name
            # Label Studio knows no retired items.
            same = without_state if name == "label_studio" else list
            assert same(told(empty)) == same(before), name
            assert_slots_add_up(empty)

    check()


@pytest.mark.slow
def test_tags_and_retired_items_come_back(people: list[User], tmp_path: Any, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path

    @given(payloads, given_answers, marks)
    @hypothesis_settings
    def check(payload: list[dict[str, Any]], said: list[Any], marked: list[Any]) -> None:
        project = project_with(payload, said, people, marked)
        snapshot, before = made(project, unlabeled=True), marks_of(project)
        count = {"tags": sum(len(tags) for tags, _ in before.values())}
        count |= {"retired": sum(retired for _, retired in before.values())}
        for name in ("jsonl", "csv", "parquet", "huggingface"):
            empty, data, file = empty_for(people), file_of(snapshot, name), f"x.{ENDINGS.get(name, name)}"

            dataset = imported(empty, data, file)
            again = imported(empty, data, f"again-{file}")

            assert (dataset.state, marks_of(empty)) == ("done", before), name
            assert {what: dataset.report.get(what, 0) for what in count} == count, name
            assert not {"tags", "retired", "left_out"} & again.report.keys(), name
            assert_slots_add_up(empty)

    check()


def test_tags_and_retired_items_are_left_out_where_nobody_wants_them(
    people: list[User], tmp_path: Any, settings: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    project = project_with([{"text": "x"}, {"text": "y"}], [], people, [(["hard", "odd"], True), ([], False)])
    data, empty = file_of(made(project, unlabeled=True), "jsonl"), empty_for(people)

    dataset = imported(empty, data, "x.jsonl", tags="leave", retired="leave")

    assert marks_of(empty) == {"key 0": ([], False), "key 1": ([], False)}
    assert dataset.report["left_out"] == {"tags": 2, "retired": 1}


def test_what_people_work_on_here_is_not_retired_by_an_import(
    people: list[User], tmp_path: Any, settings: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    project = project_with([{"text": "x"}], [], people, [(["hard"], False)])
    here = empty_for(people)
    imported(here, file_of(made(project, unlabeled=True), "jsonl"), "x.jsonl")
    queue.retire(project=project, item_ids=[project.items.get().pk])
    ItemTag.objects.create(item=project.items.get(), tag=Tag.objects.create(project=project, name="x" * 60))

    dataset = imported(here, file_of(made(project, unlabeled=True), "jsonl"), "y.jsonl")

    assert marks_of(here) == {"key 0": (["hard", "x" * 60], False)}
    assert (dataset.report["tags"], dataset.report["left_out"]) == (1, {"retired": 1})


def test_what_cannot_be_a_tag_is_told(people: list[User], tmp_path: Any, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    project = project_with([{"text": "x"}], [], people)
    row = json.loads(file_of(made(project, unlabeled=True), "jsonl"))
    empty = empty_for(people)

    dataset = imported(empty, json.dumps({**row, "tags": ["good", "x" * 61, ""]}), "x.jsonl", answers=False)

    assert marks_of(empty) == {"key 0": (["good"], False)}
    assert [rejection.field for rejection in dataset.rejections.all()] == ["tags"]


def test_what_was_simulated_stays_so(people: list[User], tmp_path: Any, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    project = project_with([{"text": "x"}], [], people)
    (turn,) = queue.next_leases(annotator=people[0], project=project).turns
    answers.submit(
        annotator=people[0],
        lease_id=turn.id,
        given=Answer({"one": "A", "several": []}, "n", origin="simulated"),
    )
    empty = make_project(owner=people[0], questions=QUESTIONS)

    imported(empty, file_of(made(project, rows="annotations"), "jsonl"), "x.jsonl")

    assert Annotation.objects.get(project=empty).origin == "simulated"


def test_questions_come_with_our_own_parquet(people: list[User], tmp_path: Any, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    project = project_with([{"text": "x"}], [({"one": "A", "several": ["b"]}, None, 0)], people)
    bare = Project.objects.create(name="Bare", created_by=people[0])
    make_member(bare, "owner", user=people[0])

    dataset = imported(
        bare, file_of(made(project, rows="annotations"), "parquet"), "x.parquet", make_questions=True
    )

    assert (dataset.state, dataset.error, dataset.answers_imported) == ("done", "", 1)
    bare.refresh_from_db()
    assert bare.schema.questions == project.schema.questions


def test_consensus_comes_as_what_a_model_said(people: list[User], tmp_path: Any, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    project = project_with([{"text": "x"}], [({"one": "A", "several": []}, None, 0)], people)
    agree(project.items.get(), "one", "A", confidence=0.75)
    empty = make_project(owner=people[0], questions=QUESTIONS)

    for name, ending in {"jsonl": "jsonl", "csv": "csv", "parquet": "parquet"}.items():
        imported(empty, file_of(made(project), name), f"x.{ending}")

        said = empty.items.get().predictions.get()
        assert (said.source, said.version, said.value, said.confidence) == (
            "consensus",
            "majority",
            "A",
            0.75,
        )


def test_the_consensus_in_label_studios_form_is_nobodys_answer(
    people: list[User], tmp_path: Any, settings: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    project = project_with([{"text": "x"}], [({"one": "A", "several": []}, None, 0)], people)
    agree(project.items.get(), "one", "A", confidence=0.75)
    empty = make_project(owner=people[0], questions=QUESTIONS)

    imported(empty, file_of(made(project), "label_studio"), "x.json")

    item = empty.items.get()
    said = item.predictions.get()
    assert (said.source, said.value, said.confidence) == ("consensus", "A", 0.75)
    assert not item.annotations.exists()
