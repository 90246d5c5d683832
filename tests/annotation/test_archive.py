from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.files.storage import default_storage
from django.db.models import F
from django.test import override_settings

from annotation.errors import DomainError, NotAllowed, NotFound
from annotation.models import (
    Alike,
    AlikeSearch,
    Annotation,
    ConsensusDue,
    Item,
    ProjectFile,
    Rejection,
    User,
)
from annotation.reports.audit import Wanted, project_events
from annotation.services import alike, alike_search, project_files, queue
from annotation.services.archiving.tables import TABLES
from tests.annotation.archive_help import (
    archived,
    bytes_of,
    changed,
    counts,
    full_project,
    packed,
    parts_of,
    restored,
    with_manifest,
)
from tests.factories import make_project, make_user
from tests.invariants import assert_slots_add_up

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _storage(tmp_path: Path) -> Any:
    with override_settings(MEDIA_ROOT=tmp_path):
        yield


@pytest.fixture
def admin() -> User:
    return make_user("root", is_staff=True, is_superuser=True)


def content(data: bytes) -> dict[str, Any]:
    """What must be the same however often it is archived and restored."""
    parts: dict[str, Any] = parts_of(data)
    manifest = json.loads(parts.pop("manifest.json"))
    parts["manifest"] = {**manifest, "made_at": "", "tables": [about["rows"] for about in manifest["tables"]]}
    return parts


def test_a_restored_project_is_the_same_project() -> None:
    project = full_project()
    owner = project.created_by
    User.objects.filter(pk=owner.pk).update(is_staff=True)
    owner.refresh_from_db()
    first = bytes_of(archived(project))

    made = restored(first, owner)
    again = bytes_of(archived(made.project))

    assert made.error == ""
    assert content(again) == content(first)
    assert_slots_add_up(made.project)
    assert made.project.schema.version == project.schema.version


def test_the_example_has_something_in_every_table() -> None:
    manifest = archived(full_project()).manifest

    assert [
        name for name, rows in manifest["tables"].items() if not rows and name.startswith("annotation.")
    ] == []


def test_every_column_of_every_table_is_carried_or_left_on_purpose() -> None:
    known = {table.model for table in TABLES} | {User}
    for table in TABLES:
        names = {field.column for field in table.model._meta.concrete_fields}
        assert names >= table.leave, table.name
        for column in table.columns():
            assert column.target is None or column.target in known, (table.name, column.name)


def test_no_table_is_left_behind_unnoticed() -> None:
    left = {
        # Other people's, or other servers': accounts, tokens, webhooks with their messages, files of projects.
        *("User", "ApiToken", "Webhook", "Event", "Delivery", "ProjectFile"),
        # Made anew: search words, sketches, neighbours, vectors, label models, lengths of downloads, comparisons, what is due.
        *(
            "ItemText",
            "Likeness",
            "AlikeSearch",
            "EmbeddingShard",
            "ItemVector",
            "RoundShard",
            "SimilarSearch",
        ),
        *("LabelModelRun", "SourceQuality", "SnapshotFormat", "Comparison", "ConsensusDue"),
        # Votes of labeling functions and what they amount to; tables are uploaded again.
        *("VoteShard", "FunctionRun", "WeakRun", "PosteriorShard", "FunctionTable"),
        # Of the moment: claims, bulk actions, simulations.
        *("DisputeClaim", "BulkAction", "Simulation"),
    }
    known = {table.model for table in TABLES}
    ours = [
        model
        for app in ("annotation", "active", "labelmodel")
        for model in apps.get_app_config(app).get_models()
    ]

    rest = {
        model.__name__ for model in ours if model not in known and not hasattr(model, "pgh_tracked_model")
    }
    assert rest == left


def test_people_are_found_by_their_names_or_made_to_stand_in(admin: User) -> None:
    project = full_project()
    data = bytes_of(archived(project))
    zoe = User.objects.get(username="zoe")
    renamed = changed(data, "people.csv", lambda body: body.replace(b",Anna,", b",Berta,"))

    made = restored(renamed, admin, name="Moved")

    stand_in = User.objects.get(username="Berta")
    assert (stand_in.imported, stand_in.is_active, stand_in.has_usable_password()) == (True, False, False)
    assert set(made.project.memberships.values_list("user__username", flat=True)) >= {
        "zoe",
        "Berta",
        "ada",
        "root",
    }
    assert made.project.annotations.filter(annotator=zoe).count() == 5
    assert made.project.name == "Moved"


def test_who_is_no_administrator_cannot_put_words_into_other_peoples_mouths() -> None:
    project = full_project()
    data = bytes_of(archived(project))
    mover = make_user("mover", can_create_projects=True)

    made = restored(data, mover)

    assert made.error == ""
    assert not made.project.memberships.filter(user__username="zoe").exists()
    assert made.project.memberships.get(user=mover).role == "owner"
    assert User.objects.get(username="zoe-2").imported
    assert_slots_add_up(made.project)


def test_a_restored_project_can_be_worked_on(admin: User) -> None:
    made = restored(bytes_of(archived(full_project())), admin)
    zoe = User.objects.get(username="zoe")

    turns = queue.next_leases(annotator=zoe, project=made.project, count=2).turns
    mine = ConsensusDue.objects.filter(project=made.project)

    assert turns[0].draft is not None
    assert mine.exists()
    assert None not in made.project.items.filter(dataset=None).values_list("text__words", flat=True)


def test_the_history_says_once_that_it_was_restored(admin: User) -> None:
    made = restored(bytes_of(archived(full_project())), admin)

    (event,) = project_events(project=made.project, wanted=Wanted())
    assert event.user == admin
    assert event.text.startswith("restored the project from")


BAD: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "no zip": (lambda data: b"hello", "no whole zip archive"),
    "cut off": (lambda data: data[: len(data) // 2], "no whole zip archive"),
    "another zip": (lambda data: packed({"a.txt": b""}), "has no manifest.json"),
    "newer": (lambda data: with_manifest(data, lambda m: m.update(version=2)), "Update it first"),
    "newer table": (
        lambda data: with_manifest(data, lambda m: m["tables"].append({"name": "annotation.dream"})),
        "There is no table annotation.dream here",
    ),
    "newer column": (
        lambda data: with_manifest(data, lambda m: m["tables"][0]["columns"].append("mood")),
        "no column mood here",
    ),
    "another kind": (lambda data: with_manifest(data, lambda m: m.update(kind="x")), "not a project's file"),
    "numbers": (
        lambda data: with_manifest(data, lambda m: m["tables"][0].update(rows="1")),
        "no sensible number",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_file_of_a_project_is_refused_at_once(admin: User, name: str) -> None:
    spoil, words = BAD[name]
    data = bytes_of(archived(make_project(items=2)))

    with pytest.raises(DomainError, match=words):
        restored(spoil(data), admin)
    assert not ProjectFile.objects.filter(kind="restore").exists()


def _item(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda data: changed(data, "tables/annotation.item.csv", lambda body: body.replace(old, new, 1))


def _rows(table: str, old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda data: changed(
        data, f"tables/annotation.{table}.csv", lambda body: body.replace(old, new, 1)
    )


def _damaged(data: bytes) -> bytes:
    parts = parts_of(data)
    parts["tables/annotation.item.csv"] = parts["tables/annotation.item.csv"].replace(
        b"number 1", b"number 9"
    )
    return packed(parts)


WRONG: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "other content": (_damaged, r"item\.csv is not what the manifest says"),
    "a missing part": (
        lambda data: packed({k: v for k, v in parts_of(data).items() if "lease" not in k}),
        r"annotation\.lease\.csv is missing",
    ),
    "a word for a number": (
        _rows("item", b",open,pool,0,", b",open,pool,soon,"),
        r"item\.csv: invalid input syntax.*line \d+, column priority",
    ),
    "no JSON": (_rows("item", b'"{""text""', b'"{""text'), r"item\.csv: invalid input syntax for type json"),
    "a list for an object": (
        _rows("item", b'"{""text"": ""Text number 0.""}"', b'"[1]"'),
        r"row 1, payload is no JSON object",
    ),
    "a state that is none": (_rows("item", b",open,pool,", b",ajar,pool,"), r"row \d, state says ajar"),
    "a counter": (_rows("item", b",2,0,2,", b",2,1,1,"), r"counters of item item-0000. do not fit"),
    "another project's item": (
        _rows("lease", b"\n1,1,1,", b"\n1,1,500,"),
        r"lease\.csv: In row 1, item_id names item 500",
    ),
    "another project": (
        _rows("item", b"\n1,1,", b"\n1,2,"),
        r"item\.csv: In row 1, project_id names project 2",
    ),
    "a person who is not there": (
        _rows("membership", b"\n1,1,3,", b"\n1,1,77,"),
        r"row 1, user_id names person 77",
    ),
    "an answer that is none": (
        _rows("annotation", b"negative", b"terrible"),
        r"not one that its questions allow",
    ),
    "twice the same id": (_rows("item", b"\n2,1,", b"\n1,1,"), r"item\.csv: could not create unique index"),
    "a question of no type": (_rows("schema", b"single_choice", b"magic"), r"schema\.csv, version 1"),
    "a name that is none": (
        lambda data: changed(data, "people.csv", lambda body: body.replace(b"zoe", b"z<e")),
        r"people\.csv, row \d: Enter a valid username",
    ),
    "a file of no row": (
        lambda data: changed(data, "files.csv", lambda body: b"../../etc/passwd,1,aa\n"),
        "which is no file of a row",
    ),
    "too many answers a person": (_rows("project", b",2,30,", b",999,30,"), r"project\.csv"),
}


def test_a_file_with_anything_wrong_in_it_leaves_nothing_behind(admin: User) -> None:
    data = bytes_of(archived(full_project()))
    before, people = counts(), User.objects.count()

    for name, (spoil, words) in WRONG.items():
        made = restored(spoil(data), admin)

        assert made.state == "failed", name
        assert re.search(words, made.error), (name, made.error)
        assert (counts(), User.objects.count()) == (before, people), name


def test_an_image_that_is_none_is_refused_and_those_before_it_do_not_stay(admin: User) -> None:
    data = bytes_of(archived(full_project()))
    (image,) = [name for name in parts_of(data) if "media" in name and "files/" in name]
    before = _stored()

    bad = changed(data, image, lambda body: b"<script>" + body)
    made = restored(bad, admin)

    assert "not what the manifest says" in made.error or "image" in made.error
    assert _stored() - before == {made.file.name}


def _stored(folder: str = "") -> set[str]:
    folders, files = default_storage.listdir(folder)
    below = [_stored(f"{folder}/{name}".strip("/")) for name in folders]
    return {f"{folder}/{name}".strip("/") for name in files}.union(*below)


def test_what_unpacks_to_too_much_is_refused(admin: User, settings: Any) -> None:
    data = bytes_of(archived(make_project(items=1)))
    bomb = packed({**parts_of(data), "bomb": b"0" * 3_000_000})
    settings.MAX_RESTORE_MB = 1

    with pytest.raises(DomainError, match="would unpack to"):
        restored(bomb, admin)


def test_an_image_that_is_gone_is_told_and_loses_nothing_else(admin: User) -> None:
    project = full_project()
    default_storage.delete(project.media.get().file.name)

    made = archived(project)

    assert made.manifest["missing_count"] == 1
    assert restored(bytes_of(made), admin).error == ""


def test_owners_only_and_nobody_sees_others_files(admin: User) -> None:
    project = full_project()
    manager = project.memberships.get(user__username="zoe").user
    made = archived(project)

    with pytest.raises(NotAllowed):
        project_files.archive(project=project, by=manager)
    with pytest.raises(NotFound):
        project_files.file_for(by=manager, file_id=made.pk)
    with pytest.raises(NotAllowed, match="may not create projects"):
        restored(bytes_of(made), manager)
    assert project_files.file_for(by=project.created_by, file_id=made.pk) == made


def test_a_file_is_done_with_its_last_row() -> None:
    made = archived(full_project())

    assert made.done == made.total > 0


def test_a_worker_that_was_killed_leaves_no_file_and_the_next_one_makes_it(admin: User) -> None:
    project = full_project()
    made = project_files.archive(project=project, by=project.created_by)
    ProjectFile.objects.filter(pk=made.pk).update(
        state="running", attempts=1, heartbeat_at="2026-01-01T00:00Z"
    )

    assert project_files.run(file_id=made.pk)

    made.refresh_from_db()
    assert (made.state, made.attempts) == ("done", 2)
    assert default_storage.size(made.file.name) == made.size


def test_a_row_that_was_left_out_still_names_what_it_is_nearly_the_same_as(admin: User) -> None:
    project = full_project()
    # Whatever else is in the database moves the ids of what is restored.
    gone = make_project(items=7).items.earliest("pk")
    dataset = project.datasets.get()
    Rejection.objects.create(dataset=dataset, row=5, message="Of another project", other=gone.pk)
    Rejection.objects.create(dataset=dataset, row=6, message="It is gone", other=10**12)

    made = restored(bytes_of(archived(project)), admin)

    assert made.error == ""
    named = dict(Rejection.objects.filter(dataset__project=made.project).values_list("row", "other"))
    second = made.project.items.order_by("pk")[1]
    assert named == {3: None, 4: second.pk, 5: None, 6: None}


def test_files_of_the_version_before_say_less_and_in_another_order(admin: User) -> None:
    data = bytes_of(archived(full_project()))
    rejections = "tables/annotation.rejection.csv"

    def earlier(manifest: dict[str, Any]) -> None:
        tables = manifest["tables"]
        tables.sort(key=lambda about: about["name"] != "annotation.rejection")
        tables[0]["columns"].remove("other")

    def less(body: bytes) -> bytes:
        out = io.StringIO()
        csv.writer(out, quoting=csv.QUOTE_ALL).writerows(
            row[:-1] for row in csv.reader(io.StringIO(body.decode(), newline=""))
        )
        return out.getvalue().encode()

    assert parts_of(data)[rejections].startswith(b"id,dataset_id,row,field,message,other\n")
    made = restored(with_manifest(changed(data, rejections, less), earlier), admin)

    assert made.error == ""
    assert Rejection.objects.filter(dataset__project=made.project, other=None).count() == 2


def test_a_table_that_is_listed_twice_is_refused(admin: User) -> None:
    data = bytes_of(archived(full_project()))

    with pytest.raises(DomainError, match="lists a table twice"):
        restored(
            with_manifest(data, lambda manifest: manifest["tables"].append(manifest["tables"][0])), admin
        )


def test_near_duplicates_stay_marked_and_can_be_looked_for_again(admin: User) -> None:
    project = full_project()
    made = restored(bytes_of(archived(project)), admin)

    assert Alike.objects.filter(item__project=made.project).count() == 1
    assert alike.search_of(made.project) is None
    assert alike.request(project=made.project, by=admin).state == "waiting"
    alike_search.run(project_id=made.project.pk)
    assert AlikeSearch.objects.get(project=made.project).state == "done"


def test_imported_answers_that_lack_something_come_through(admin: User) -> None:
    project = full_project()
    Annotation.objects.create(
        project=project, item=project.items.earliest("pk"), annotator=project.created_by, schema=project.schema, answer={},
        kept={"boxes": [1]}, nonce="i", origin="imported", created_at="2026-01-01T00:00Z",
    )  # fmt: skip
    Item.objects.filter(pk=project.items.earliest("pk").pk).update(
        answers=F("answers") + 1, open_slots=F("open_slots") - 1
    )

    made = restored(bytes_of(archived(project)), admin)

    assert made.error == ""
    assert made.project.annotations.get(origin="imported").kept == {"boxes": [1]}
