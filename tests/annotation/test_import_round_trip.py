"""What we export, in whatever format, imports unchanged: the same people said the same, at the same time, of the same items."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotation.formats.master import Master
from annotation.formats.registry import FORMATS
from annotation.models import Annotation, Project, Snapshot, User
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
START = datetime(2000, 1, 1, tzinfo=UTC)


def project_with(payload: list[dict[str, Any]], said: list[Any], people: list[User]) -> Project:
    """A project whose items have been answered by these people, one after the other."""
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

    @given(payloads, given_answers)
    @hypothesis_settings
    def check(payload: list[dict[str, Any]], said: list[Any]) -> None:
        project = project_with(payload, said, people)
        snapshot, before = made(project, rows="annotations"), told(project)
        files = {name: file_of(snapshot, name) for name in FILES} | {
            name: live(project, name) for name in LIVE
        }
        for name, data in files.items():
            empty = empty_for(people)

            dataset = imported(empty, data, f"export.{ENDINGS.get(name, name.split()[0])}")

            assert (dataset.state, list(dataset.rejections.all())) == ("done", []), name
            assert told(empty) == before, name
            assert_slots_add_up(empty)

    check()


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
