"""Near-duplicates in an import: marked or left out, once, whatever is killed and whoever imports beside it."""

from __future__ import annotations

import io
import json
import random
import signal
import threading
import time
import zipfile
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotation import filtering
from annotation.errors import InvalidInput
from annotation.importing.contents import Content, similarities
from annotation.models import Alike, Dataset, Likeness, Project
from annotation.services import import_job, import_run, imports, items, likeness
from tests.annotation.importing.test_picture_likeness import saved, scene
from tests.annotation.importing.uploads import counts, imported, run, upload
from tests.annotation.test_imports_killed import silence, worker
from tests.factories import make_items, make_project, make_schema

pytestmark = pytest.mark.django_db
FOX = "The quick brown fox jumps over the lazy dog near the river bank today"
SKY = "Astronomers have found another small planet that goes round a distant star"


@pytest.fixture
def project(db: None) -> Project:
    return make_project()


def lines(*rows: tuple[str, str]) -> str:
    return "".join(json.dumps({"id": key, "text": text}) + "\n" for key, text in rows)


def taken(project: Project, *rows: tuple[str, str], alike: str = "mark", **choices: Any) -> Dataset:
    return imported(project, lines(*rows), "x.jsonl", key_field="id", alike=alike, **choices)


def marks(project: Project) -> dict[str, str]:
    return dict(Alike.objects.filter(item__project=project).values_list("item__key", "of__key"))


def keys(project: Project) -> list[str]:
    return list(project.items.order_by("pk").values_list("key", flat=True))


def test_by_default_nothing_is_looked_for(project: Project) -> None:
    taken(project, ("a", FOX), ("b", FOX + "!"), alike="keep")

    assert keys(project) == ["a", "b"]
    assert not Alike.objects.exists()
    assert not Likeness.objects.exists()


def test_marked_ones_are_imported_and_can_be_filtered_by(project: Project) -> None:
    dataset = taken(project, ("a", FOX), ("b", SKY), ("c", FOX.upper() + "!"), ("d", "Something else"))

    assert counts(dataset) == ("done", 4, 4, 0, 0)
    assert (dataset.rows_alike, marks(project)) == (1, {"c": "a"})
    assert Alike.objects.get().similarity == 1.0
    where = filtering.checked(project, "alike", gold=False)
    assert [item.key for item in filtering.matching(project, where)] == ["c"]


def test_skipped_ones_are_left_out_and_told_with_the_other_item(project: Project) -> None:
    dataset = taken(
        project, ("a", FOX), ("b", SKY), ("c", FOX.replace("lazy", "sleepy")), alike="skip", alike_from=0.7
    )

    assert (counts(dataset), dataset.rows_alike) == (("done", 3, 2, 0, 0), 1)
    assert keys(project) == ["a", "b"]
    told = dataset.rejections.get()
    value = similarities([(Content(FOX), Content(FOX.replace("lazy", "sleepy")))])[0]
    assert (told.row, told.other) == (3, project.items.get(key="a").pk)
    assert told.message.startswith(f"Nearly the same as 'a' (similarity {value:.2f})")


@pytest.mark.parametrize("alike", ["mark", "skip"])
def test_items_of_imports_that_looked_for_nothing_count(project: Project, alike: str) -> None:
    taken(project, ("a", FOX), ("b", SKY), alike="keep")

    dataset = taken(project, ("c", SKY + "."), ("d", "Another text about cooking beans"), alike=alike)

    assert dataset.rows_alike == 1
    assert marks(project) == ({"c": "b"} if alike == "mark" else {})


def test_batches_know_of_those_before(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_job, "BATCH_ROWS", 2)

    taken(project, ("a", FOX), ("b", SKY), ("c", FOX + "."), ("d", SKY + "!"), ("e", FOX + "?"))

    assert marks(project) == {"c": "a", "d": "b", "e": "a"}


def test_of_many_that_are_alike_the_first_one_stays(project: Project) -> None:
    dataset = taken(project, *((f"k{n}", FOX + "." * n) for n in range(30)), alike="skip")

    assert keys(project) == ["k0"]
    assert set(dataset.rejections.values_list("other", flat=True)) == {project.items.get().pk}


def test_importing_again_changes_nothing(project: Project) -> None:
    rows = (("a", FOX), ("b", FOX + "!"))
    taken(project, *rows)
    again = taken(project, *rows, ("c", SKY))

    assert counts(again) == ("done", 3, 1, 2, 0)
    assert (again.rows_alike, marks(project)) == (0, {"b": "a"})


def test_the_threshold_decides(project: Project) -> None:
    other = FOX.replace("lazy", "sleepy")
    value = similarities([(Content(FOX), Content(other))])[0]

    taken(project, ("a", FOX), ("b", other), alike_from=round(value - 0.01, 3))
    taken(project, ("c", FOX.replace("river", "mountain")), alike_from=1)

    assert 0.7 < value < 0.8
    assert marks(project) == {"b": "a"}


def test_retired_and_deleted_items_are_nobodys_duplicates(project: Project) -> None:
    taken(project, ("a", FOX), ("b", SKY))
    items.retire(item_id=project.items.get(key="a").pk, by=project.created_by)
    project.items.filter(key="b").delete()

    dataset = taken(project, ("c", FOX + "."), ("d", SKY + "."), alike="skip")

    assert counts(dataset) == ("done", 2, 2, 0, 0)


def test_empty_texts_are_not_alike(project: Project) -> None:
    make_schema(project, fields=[{"name": "text", "type": "text"}, {"name": "id", "type": "text"}])
    data = "".join(json.dumps({"id": key, "text": ""}) + "\n" for key in ("?", "!", "…"))

    dataset = imported(project, data, "x.jsonl", key_field="id", alike="skip")

    assert counts(dataset) == ("done", 3, 3, 0, 0)
    assert Likeness.objects.filter(sketch=b"").count() == 3


def test_other_fields_make_other_sketches(project: Project) -> None:
    taken(project, ("a", FOX), ("b", SKY))
    make_schema(project, fields=[{"name": "id", "type": "text"}, {"name": "text", "type": "text"}])

    taken(project, ("c", FOX), ("A", FOX), alike_from=1)

    assert marks(project) == {"A": "a"}
    assert Likeness.objects.values("recipe").distinct().count() == 1


def archive(**pictures: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, data in pictures.items():
            packed.writestr(name.replace("_", "."), data)
    return out.getvalue()


def test_the_same_picture_in_another_format_is_a_near_duplicate() -> None:
    project = make_project()
    make_schema(project, fields=[{"name": "image", "type": "image"}])
    first, second = scene(1), scene(2)
    imported(project, archive(a_png=saved(first), b_png=saved(second)), "x.zip")

    data = archive(c_jpg=saved(first.resize((150, 150)), "JPEG", quality=70), d_png=saved(scene(3)))
    dataset = imported(project, data, "y.zip", alike="skip")

    assert (counts(dataset)[2], dataset.rows_alike) == (1, 1)
    assert "Nearly the same as" in dataset.rejections.get().message


@pytest.mark.parametrize(
    "choices", [{"alike": "drop"}, {"alike_from": 0.5}, {"alike": "mark", "alike_from": 1.5}]
)
def test_choices_that_mean_nothing_are_refused(project: Project, choices: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as raised:
        upload(project, lines(("a", FOX)), "x.jsonl", **choices)
    assert raised.value.faults[0].path[0] in {"alike", "alike_from"}


def test_too_many_items_are_said_to_be_too_many(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    make_items(project, 3)
    monkeypatch.setattr(likeness, "MOST_ITEMS", 2)

    dataset = taken(project, ("a", FOX))

    assert dataset.state == "failed"
    assert "more than 2 items" in dataset.error


def test_set_up_again_it_counts_from_the_start(project: Project) -> None:
    dataset = taken(project, ("a", FOX), ("b", FOX + "!"))
    Dataset.objects.update(state="failed")

    assert imports.reopen(dataset=dataset).rows_alike == 0


_CHANGES = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=25)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(_CHANGES, st.integers(1, 7), st.sampled_from(["mark", "skip"]))
def test_every_row_is_imported_or_alike_an_item_that_is_there(
    changes: list[tuple[int, int]], batch: int, alike: str
) -> None:
    project = make_project()
    chance = random.Random(3)
    texts = [
        " ".join(chance.choices(["red", "green", "fox", "river", "stone", "日本語"], k=25)) for _ in range(5)
    ]
    rows = [(f"k{n}", texts[which] + " end" * more) for n, (which, more) in enumerate(changes)]
    before, import_job.BATCH_ROWS = import_job.BATCH_ROWS, batch
    try:
        dataset = taken(project, *rows, alike=alike)
    finally:
        import_job.BATCH_ROWS = before

    given_texts, there = dict(rows), set(keys(project))
    left_out = dataset.rejections.count()
    assert dataset.rows_imported == len(there) == len(rows) - left_out
    assert dataset.rows_alike == (left_out if alike == "skip" else len(marks(project)))
    for item, of in marks(project).items():
        assert similarities([(Content(given_texts[item]), Content(given_texts[of]))])[0] >= 0.8
    if alike == "skip":
        ids = set(project.items.values_list("pk", flat=True))
        assert set(dataset.rejections.values_list("other", flat=True)) <= ids
        kept = [Content(given_texts[key]) for key in sorted(there, key=lambda key: int(key[1:]))]
        same = [similarities([(one, other)])[0] for n, one in enumerate(kept) for other in kept[:n]]
        assert max(same, default=0.0) < 1.0


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_know_of_each_other() -> None:
    project = make_project()
    parts = [
        upload(project, lines(*((f"{name}{n}", f"{FOX} {n // 2} {n // 2}") for n in range(200))), "x.jsonl",
               key_field="id", alike="skip", alike_from=1)
        for name in "ab"
    ]  # fmt: skip

    def work(dataset: Dataset) -> None:
        while not import_run.run(dataset_id=dataset.pk):
            time.sleep(0.05)
        connection.close()

    threads = [threading.Thread(target=work, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert project.items.count() == 100
    assert sum(Dataset.objects.values_list("rows_alike", flat=True)) == 300


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_killed_neither_loses_nor_doubles_a_mark() -> None:
    project = make_project()
    rows = 12_000
    texts = (f"{FOX} {n // 3 * 7919} {n // 3 * 104729} {n // 3}" for n in range(rows))
    data = lines(*((f"k{n}", text) for n, text in enumerate(texts)))
    dataset = upload(project, data, "x.jsonl", key_field="id", alike="mark", alike_from=1)
    chance = random.Random(4)
    kills = 0

    while Dataset.objects.get(pk=dataset.pk).state != "done":
        process = worker(dataset)
        if kills < 3:
            time.sleep(chance.uniform(0.4, 0.9))
            process.send_signal(signal.SIGKILL)
            kills += Dataset.objects.get(pk=dataset.pk).state == "running"
        process.communicate(timeout=60)
        silence(dataset)

    dataset.refresh_from_db()
    assert kills
    assert counts(dataset) == ("done", rows, rows, 0, 0)
    assert dataset.rows_alike == Alike.objects.count()
    assert Likeness.objects.count() == rows
    assert marks(project) == {f"k{n}": f"k{n // 3 * 3}" for n in range(rows) if n % 3}


def test_run_twice_it_is_done_once(project: Project) -> None:
    dataset = taken(project, ("a", FOX), ("b", FOX + "!"))

    assert not import_run.run(dataset_id=dataset.pk)
    assert counts(run(dataset)) == ("done", 2, 2, 0, 0)
