from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.postgres.search import SearchQuery
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from annotation.errors import Conflict, DomainError, InvalidInput, NotAllowed, NotFound
from annotation.models import Dataset, Item, ItemText, Project, Rejection, Schema, User
from annotation.services import import_job, import_run, imports, projects, queue, words
from annotation.services.import_options import Choices
from tests.annotation.importing.uploads import counts, imported, run, table, upload
from tests.factories import make_dataset, make_item, make_member, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(db: None) -> Project:
    return make_project()


def said(dataset: Dataset) -> list[tuple[int, str, str]]:
    return list(dataset.rejections.values_list("row", "field", "message"))


def test_rows_become_items_in_the_order_of_the_file() -> None:
    project = make_project(annotations_per_item=3)

    dataset = imported(project, table((f"k{n}", f"text {n}") for n in range(50)), key_field="id")

    assert counts(dataset) == ("done", 50, 50, 0, 0)
    assert [(item.key, item.payload) for item in project.items.order_by("id")] == [
        (f"k{n}", {"id": f"k{n}", "text": f"text {n}"}) for n in range(50)
    ]
    first = project.items.earliest("id")
    assert (first.wanted, first.open_slots, first.answers, first.priority) == (3, 3, 0, 0.0)
    assert (first.state, first.role, first.dataset_id) == ("open", "pool", dataset.pk)
    assert (dataset.bytes_read, dataset.attempts) == (dataset.size, 1)
    assert dataset.finished_at is not None


def test_digest_and_content_key_are_those_of_the_canonical_payload(project: Project) -> None:
    imported(project, '{"b": 1, "text": "ä"}\n', "x.jsonl")

    item = project.items.get()
    digest = hashlib.sha256('{"b":1,"text":"ä"}'.encode()).digest()[:16]
    assert (bytes(item.digest), item.key) == (digest, digest.hex())


@pytest.mark.parametrize("key_field", ["id", None])
def test_importing_again_changes_nothing(project: Project, key_field: str | None) -> None:
    data = table((n, f"text {n}") for n in range(30))
    imported(project, data, key_field=key_field)

    again = imported(project, data, key_field=key_field)

    assert counts(again) == ("done", 30, 0, 30, 0)
    assert project.items.count() == 30


def test_a_known_key_with_other_content_is_refused(project: Project) -> None:
    imported(project, table([("a", "old"), ("b", "same")]), key_field="id")

    again = imported(project, table([("b", "same"), ("a", "new"), ("c", "more")]), key_field="id")

    assert counts(again) == ("done", 3, 1, 1, 1)
    ((row, _, message),) = said(again)
    assert row == 2
    assert "the key 'a' and other content" in message
    assert project.items.get(key="a").payload["text"] == "old"


def test_the_same_key_twice_in_a_file(project: Project) -> None:
    dataset = imported(project, table([("a", "x"), ("a", "x"), ("a", "y")]), key_field="id")

    assert counts(dataset) == ("done", 3, 1, 1, 1)
    assert said(dataset) == [(3, "", "Row 1 has the same key 'a' with other content.")]


def test_the_same_key_in_two_batches(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_job, "BATCH_ROWS", 10)
    rows = [(n % 25, f"text {n % 25 if n < 40 else n}") for n in range(60)]

    dataset = imported(project, table(rows), key_field="id")

    assert counts(dataset) == ("done", 60, 25, 15, 20)
    assert [row for row, _, _ in said(dataset)] == list(range(41, 61))
    assert import_job.BATCH_ROWS == 10


def test_bad_rows_are_told_by_row_and_field_and_the_rest_is_imported(project: Project) -> None:
    data = b"id,text\n1,good\n2\n3,caf\xe9\n4,a\0b\n5,\n,no key\n7,fine\n"

    dataset = imported(project, data, key_field="id", encoding="utf-8")

    assert counts(dataset) == ("done", 7, 2, 0, 5)
    assert [(row, field) for row, field, _ in said(dataset)] == [
        (2, ""),
        (3, "text"),
        (4, "text"),
        (5, "text"),
        (6, "id"),
    ]


def test_batches_of_any_size_give_the_same(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_job, "BATCH_ROWS", 7)
    data = table((n, f"text {n}") if n % 5 else (n, "") for n in range(1, 101))

    dataset = imported(project, data, key_field="id")

    assert counts(dataset) == ("done", 100, 80, 0, 20)
    assert [row for row, _, _ in said(dataset)] == list(range(5, 101, 5))
    assert list(project.items.order_by("id").values_list("key", flat=True)) == [
        str(n) for n in range(1, 101) if n % 5
    ]


@pytest.mark.parametrize("format", ["csv", "tsv", "jsonl", "json", "parquet"])
def test_every_format_through_the_whole_job(project: Project, format: str) -> None:
    rows = [{"id": str(n), "text": f'text, {n}\\t "x"\n'} for n in range(20)]

    dataset = imported(project, written(rows, format), f"file.{format}", key_field="id")

    assert counts(dataset) == ("done", 20, 20, 0, 0)
    assert [item.payload for item in project.items.order_by("id")] == rows


def written(rows: list[dict[str, str]], format: str) -> bytes:
    import csv
    import io

    if format == "parquet":
        import pyarrow as pa

        from tests.annotation.importing.test_parquet import parquet

        return parquet(pa.Table.from_pylist(rows))
    if format == "json":
        return json.dumps(rows).encode()
    if format == "jsonl":
        return "\n".join(map(json.dumps, rows)).encode()
    out = io.StringIO(newline="")
    file = csv.DictWriter(out, list(rows[0]), delimiter="\t" if format == "tsv" else ",")
    file.writeheader()
    file.writerows(rows)
    return out.getvalue().encode()


def test_columns_find_their_fields_and_the_mapping_is_kept(project: Project) -> None:
    dataset = imported(project, "Id,Review\n1,a fine film\n")

    assert project.items.get().payload == {"Id": "1", "text": "a fine film"}
    assert dataset.options["mapping"] == {"Review": "text"}


def test_a_mapping_that_was_chosen_is_not_guessed_over(project: Project) -> None:
    imported(project, "a,b\nlong long text,short\n", mapping={"b": "text", "a": None})

    assert project.items.get().payload == {"text": "short"}


def test_numbers_are_made_of_text_where_the_schema_has_numbers(project: Project) -> None:
    project.schema = Schema.objects.create(
        project=project,
        version=9,
        fields=[{"name": "text", "type": "text"}, {"name": "stars", "type": "number"}],
        created_by=project.created_by,
    )
    project.save()

    dataset = imported(project, "text,stars\na,4\nb,many\n")

    assert project.items.get().payload == {"text": "a", "stars": 4}
    assert said(dataset) == [(2, "stars", "'many' is not a number.")]


def test_a_file_that_breaks_off_keeps_what_came_before(project: Project) -> None:
    dataset = imported(project, '[{"text": "a"}, {"text": "b"}, {"te', "x.json")

    assert counts(dataset) == ("failed", 2, 2, 0, 0)
    assert "row 3" in dataset.error
    assert "cut off" in dataset.error


def test_a_file_whose_every_row_is_refused_stops_early(project: Project) -> None:
    dataset = imported(project, "text,n\n" + ",1\n" * 5_000)

    assert counts(dataset) == ("failed", 1000, 0, 0, 1000)
    assert dataset.error.startswith("None of the first 1,000 rows can be imported")


def test_an_uploaded_file_that_is_gone(project: Project) -> None:
    dataset = upload(project, "text\na\n")
    dataset.file.delete(save=False)

    assert counts(run(Dataset.objects.get(pk=dataset.pk)))[0] == "failed"


# Refused at the door


@pytest.mark.parametrize(
    ("data", "name", "choices", "path"),
    [
        (b"", "a.csv", {}, ["file"]),
        (b"%PDF-1.4", "a.csv", {}, ["file"]),
        (bytes(range(256)) * 100, "a.csv", {}, ["file"]),
        (b"a,a\n1,2\n", "a.csv", {"header": True}, ["file"]),
        (b"," * 1_000_000, "a.csv", {}, ["file"]),
        (b"a,b\n1,2\n", "a.csv", {"key_field": "c"}, ["key_field"]),
        (b"a,b\n1,2\n", "a.csv", {"mapping": {"c": "text"}}, ["mapping", "c"]),
        (b"a,b\n1,2\n", "a.csv", {"mapping": {"a": "text", "b": "text"}}, ["mapping", "b"]),
        (b"a,b\n1,2\n", "a.csv", {"mapping": {"a": " "}}, ["mapping", "a"]),
        (b"a,b\n1,2\n", "a.csv", {"encoding": "rot13"}, ["encoding"]),
        (b"a,b\n1,2\n", "a.csv", {"encoding": "no-such"}, ["encoding"]),
        (b"a,b\n1,2\n", "a.csv", {"delimiter": "ab"}, ["delimiter"]),
        (b"a,b\n1,2\n", "a.csv", {"delimiter": "\n"}, ["delimiter"]),
        (b"a,b\n1,2\n", "a.csv", {"quote": "ab"}, ["quote"]),
        (b"a,b\n1,2\n", "a.csv", {"format": "xlsx"}, ["format"]),
        (b"a,b\n1,2\n", "a.json", {"format": "json"}, ["file"]),
        (b"a,b\n1,2\n", "a.csv", {"encoding": "utf-16"}, ["file"]),
        (b'{"a": 1}\n', "a.jsonl", {"key_field": "id"}, ["key_field"]),
    ],
)
def test_what_cannot_be_imported_is_refused_at_the_door(
    project: Project, data: bytes, name: str, choices: dict[str, Any], path: list[str]
) -> None:
    with pytest.raises(InvalidInput) as refused:
        upload(project, data, name, **choices)

    assert [list(fault.path) for fault in refused.value.faults] == [path]
    assert not Dataset.objects.exists()


def test_a_file_larger_than_the_limit(project: Project, settings: Any) -> None:
    settings.MAX_UPLOAD_MB = 1

    with pytest.raises(InvalidInput, match="larger than 1 MB"):
        upload(project, b"text\n" + b"x\n" * 2**20)


def test_who_may_import(project: Project, stranger: User) -> None:
    dataset = upload(project, "text\na\n")

    with pytest.raises(NotFound):
        imports.dataset_for(user=stranger, dataset_id=dataset.pk)
    with pytest.raises(NotAllowed):
        imports.dataset_for(user=make_member(project, "annotator"), dataset_id=dataset.pk)
    assert imports.dataset_for(user=make_member(project, "manager"), dataset_id=dataset.pk) == dataset


def test_an_archived_project_takes_no_imports(project: Project) -> None:
    draft = upload(project, "text\na\n", start=False)
    projects.archive(project=project, by=project.created_by)
    project.refresh_from_db()

    with pytest.raises(Conflict):
        upload(project, "text\na\n")
    with pytest.raises(Conflict):
        imports.start(dataset=draft)


# The states of an import


def test_a_draft_is_changed_and_started(project: Project) -> None:
    draft = upload(project, "a;b\n1;fine, really\n", start=False, delimiter=",")
    assert run(draft).state == "draft"

    imports.change(dataset=draft, choices=Choices(delimiter=";", mapping={"b": "text"}, key_field="a"))
    imports.start(dataset=draft)
    imports.start(dataset=draft)

    assert counts(run(draft)) == ("done", 1, 1, 0, 0)
    assert project.items.get().payload == {"a": "1", "text": "fine, really"}


def test_another_encoding_of_a_draft_is_looked_at_anew(project: Project) -> None:
    draft = upload(project, "Größe;n\nä;1\n".encode("cp1252"), start=False, encoding="koi8-r", delimiter=",")
    changed = imports.change(dataset=draft, choices=Choices(encoding="cp1252"))

    assert (changed.options["encoding"], changed.options["delimiter"]) == ("cp1252", ";")


def test_what_has_started_is_not_changed(project: Project) -> None:
    with pytest.raises(Conflict):
        imports.change(dataset=upload(project, "text\na\n"), choices=Choices(header=False))


@pytest.mark.parametrize(
    ("verb", "states"),
    [
        (imports.start, {"draft": "waiting", "waiting": "waiting", "running": "running"}),
        (imports.cancel, dict.fromkeys(["draft", "waiting", "running", "cancelled"], "cancelled")),
        (
            imports.retry,
            {"failed": "waiting", "cancelled": "waiting", "waiting": "waiting", "running": "running"},
        ),
        (imports.reopen, {"failed": "draft", "cancelled": "draft", "draft": "draft"}),
    ],
)
def test_what_each_verb_does_in_each_state(
    project: Project, verb: Callable[..., Dataset], states: dict[str, str]
) -> None:
    for state in Dataset.State.values:
        dataset = make_dataset(project, state=state)
        if state in states:
            assert verb(dataset=dataset).state == states[state]
        else:
            with pytest.raises(Conflict):
                verb(dataset=dataset)


def test_a_cancelled_import_is_not_taken_up(project: Project) -> None:
    dataset = upload(project, "text\na\n")
    imports.cancel(dataset=dataset)

    assert counts(run(dataset)) == ("cancelled", 0, 0, 0, 0)


def test_retry_goes_on_behind_the_last_row(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_job, "BATCH_ROWS", 10)
    dataset = upload(project, table((n, f"text {n}") for n in range(40)), key_field="id")
    cancel_behind(dataset, 20, monkeypatch)
    assert counts(run(dataset)) == ("cancelled", 20, 20, 0, 0)
    monkeypatch.undo()

    imports.retry(dataset=dataset)

    assert counts(run(dataset)) == ("done", 40, 40, 0, 0)


def test_reopen_starts_over_without_doubling(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_job, "BATCH_ROWS", 10)
    dataset = upload(project, table((n, f"text {n}") for n in range(40)), key_field="id")
    cancel_behind(dataset, 20, monkeypatch)
    run(dataset)
    monkeypatch.undo()

    imports.reopen(dataset=dataset)
    imports.start(dataset=dataset)

    assert counts(run(dataset)) == ("done", 40, 20, 20, 0)
    assert project.items.count() == 40


def cancel_behind(dataset: Dataset, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody cancels as soon as so many rows are there: between two batches, as the job announces the first."""
    announce = queue.rewind

    def rewind(**place: Any) -> None:
        announce(**place)
        if Dataset.objects.get(pk=dataset.pk).rows_read == rows:
            imports.cancel(dataset=dataset)

    monkeypatch.setattr(queue, "rewind", rewind)


# Workers that die, and workers that meet


def test_a_silent_worker_is_replaced_and_a_loud_one_is_not(project: Project) -> None:
    dataset = upload(project, "text\na\n")
    now = timezone.now()
    Dataset.objects.update(state="running", heartbeat_at=now - timedelta(seconds=10))

    assert imports.waiting() == []
    assert counts(run(dataset))[0] == "running"
    Dataset.objects.update(heartbeat_at=now - timedelta(seconds=25))
    assert imports.waiting() == [dataset.pk]
    assert counts(run(dataset))[0] == "done"


def test_a_file_that_kills_its_workers_fails_in_the_end(project: Project) -> None:
    dataset = upload(project, "text\na\n")
    Dataset.objects.update(attempts=import_run.MOST_ATTEMPTS)

    failed = run(dataset)

    assert failed.state == "failed"
    assert "5 times in a row behind row 0" in failed.error
    assert counts(run(imports.retry(dataset=failed)))[0] == "done"


def test_imports_of_one_project_run_one_after_the_other(project: Project) -> None:
    first, second = (upload(project, f"text\n{word}\n") for word in ("a", "b"))
    other = upload(make_project(), "text\nc\n")
    Dataset.objects.filter(pk=first.pk).update(state="running", heartbeat_at=timezone.now())

    assert import_run.run(dataset_id=second.pk) is False
    assert import_run.run(dataset_id=other.pk) is True
    Dataset.objects.filter(pk=first.pk).update(state="done")
    assert imports.waiting_behind(dataset_id=first.pk) == [second.pk]
    assert counts(run(second))[0] == "done"


def test_nothing_to_do_for_an_import_that_is_not_there() -> None:
    assert import_run.run(dataset_id=12345) is False


@pytest.mark.django_db(transaction=True)
def test_two_workers_on_one_import_write_each_row_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second takes over from the first, which was only slow: whatever they do after that, no row is doubled."""
    project = make_project()
    monkeypatch.setattr(import_job, "BATCH_ROWS", 50)
    dataset = upload(
        project, table((n, f"text {n}") if n % 7 else (n, "") for n in range(1, 2001)), key_field="id"
    )
    both, one_at_a_time = threading.Barrier(2), threading.Lock()
    claim = import_run._claim

    def claim_anyway(dataset_id: int) -> Dataset | None:
        with one_at_a_time:
            Dataset.objects.filter(pk=dataset_id).update(heartbeat_at=timezone.now() - timedelta(hours=1))
            claimed = claim(dataset_id)
        assert claimed is not None
        both.wait(10)
        return claimed

    monkeypatch.setattr(import_run, "_claim", claim_anyway)
    in_threads(lambda: import_run.run(dataset_id=dataset.pk), lambda: import_run.run(dataset_id=dataset.pk))
    dataset.refresh_from_db()

    assert counts(dataset) == ("done", 2000, 1715, 0, 285)
    assert project.items.count() == 1715
    assert list(dataset.rejections.values_list("row", flat=True)) == list(range(7, 2001, 7))


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_into_one_project(monkeypatch: pytest.MonkeyPatch) -> None:
    project = make_project()
    monkeypatch.setattr(import_job, "BATCH_ROWS", 100)
    data = table((n, f"text {n}") for n in range(1500))
    one, two = upload(project, data, key_field="id"), upload(project, data, key_field="id")

    def until_done(dataset: Dataset) -> Callable[[], None]:
        def work() -> None:
            while Dataset.objects.get(pk=dataset.pk).state != "done":
                import_run.run(dataset_id=dataset.pk)

        return work

    in_threads(until_done(one), until_done(two))

    found = sorted(counts(Dataset.objects.get(pk=dataset.pk)) for dataset in (one, two))
    assert found == [("done", 1500, 0, 1500, 0), ("done", 1500, 1500, 0, 0)]
    assert project.items.count() == 1500


@pytest.mark.django_db(transaction=True)
def test_items_that_somebody_else_adds_with_the_same_keys() -> None:
    """Their transaction is open while ours sends the same key: ours waits, then finds it and counts it."""
    project = make_project()
    dataset = upload(project, table([("a", "mine"), ("b", "mine")]), key_field="id")
    inserted, go_on = threading.Event(), threading.Event()

    def somebody_else() -> None:
        with transaction.atomic():
            make_item(project, "b", {"text": "theirs"}).save()
            inserted.set()
            go_on.wait(10)

    def worker() -> None:
        inserted.wait(10)
        threading.Timer(0.3, go_on.set).start()
        import_run.run(dataset_id=dataset.pk)

    in_threads(somebody_else, worker)
    dataset.refresh_from_db()

    assert counts(dataset) == ("done", 2, 1, 0, 1)
    assert project.items.get(key="b").payload == {"text": "theirs"}


@pytest.mark.django_db(transaction=True)
def test_a_change_of_the_overlap_reaches_the_batch_that_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    project = make_project(annotations_per_item=1)
    dataset = upload(project, table((n, "text") for n in range(50)), key_field="id")
    sending = threading.Event()
    record = import_job.Job._record

    def slowly(self: Any, *args: Any, **options: Any) -> None:
        sending.set()
        threading.Event().wait(0.3)
        record(self, *args, **options)

    monkeypatch.setattr(import_job.Job, "_record", slowly)

    def manager() -> None:
        sending.wait(10)
        projects.change(project=project, by=project.created_by, annotations_per_item=4)

    in_threads(lambda: import_run.run(dataset_id=dataset.pk), manager)

    assert set(project.items.values_list("wanted", "open_slots")) == {(4, 4)}


def in_threads(*work: Callable[[], Any]) -> None:
    faults: list[BaseException] = []

    def guarded(one: Callable[[], Any]) -> None:
        try:
            one()
        except BaseException as fault:
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=guarded, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []


# What follows an import


def test_imported_items_are_given_out_at_once_also_to_those_who_had_finished(project: Project) -> None:
    annotator = make_member(project)
    assert queue.next_leases(annotator=annotator, project=project).status == "finished"

    imported(project, table([("a", "new")]), key_field="id")

    (turn,) = queue.next_leases(annotator=annotator, project=project).turns
    assert turn.key == "a"


def test_words_are_found_after_indexing(project: Project) -> None:
    dataset = imported(project, "text,tag\nThe quick brown fox,animal\nslow snail,animal\n")
    assert words.unsearchable() == [dataset.pk]

    words.index_dataset(dataset_id=dataset.pk)
    words.index_dataset(dataset_id=dataset.pk)

    assert words.unsearchable() == []
    assert list(found("brown")) == ["The quick brown fox"]
    assert found("animal").count() == 2


def test_words_of_very_long_texts_are_found_at_their_beginning(project: Project) -> None:
    text = "beginning " + " ".join(f"word{n}" for n in range(200_000))
    words.index_dataset(dataset_id=imported(project, json.dumps({"text": text}), "x.jsonl").pk)

    assert found("beginning").count() == 1


def test_an_import_that_is_tried_again_is_indexed_again(project: Project) -> None:
    dataset = imported(project, '[{"text": "a"}, {"te', "x.json")
    words.index_dataset(dataset_id=dataset.pk)

    imports.retry(dataset=dataset)

    assert words.unsearchable() == []  # it is under way
    assert run(dataset).state == "failed"
    assert words.unsearchable() == [dataset.pk]


def found(word: str) -> Any:
    texts = ItemText.objects.filter(words=SearchQuery(word, config="simple")).order_by("item_id")
    return Item.objects.filter(pk__in=texts.values("item_id")).values_list("payload__text", flat=True)


# What the database guarantees


def test_an_item_without_project_or_dataset_is_refused(project: Project) -> None:
    gone = make_item(project, "a", {})
    for change in ({"project_id": 999_999}, {"dataset_id": 999_999}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Item(**{**vars_of(gone), **change}).save()


def test_an_item_is_not_moved_to_nowhere(project: Project) -> None:
    make_item(project, "a", {}).save()

    for change in ({"project_id": 999_999}, {"dataset_id": 999_999}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Item.objects.update(**change)


def test_neither_project_nor_dataset_goes_while_an_item_names_it(project: Project) -> None:
    make_item(project, "a", {}, dataset=make_dataset(project)).save()

    for parents in ("annotation_dataset", "annotation_project"):
        with pytest.raises(IntegrityError):
            delete_all(parents)


@transaction.atomic
def delete_all(parents: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        cursor.execute(f"DELETE FROM {parents}")
        cursor.execute("SET CONSTRAINTS item_orphaned IMMEDIATE")


def vars_of(item: Item) -> dict[str, Any]:
    return {
        field.attname: getattr(item, field.attname)
        for field in Item._meta.concrete_fields
        if field.name != "id"
    }


def test_errors_of_the_domain_have_sentences(project: Project) -> None:
    with pytest.raises(DomainError) as refused:
        upload(project, b"\x1f\x8b\x08")

    assert str(refused.value) == "This is packed by gzip. Unpack it first."
    assert Rejection.objects.count() == 0
