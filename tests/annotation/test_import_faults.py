"""Files with answers that break off, hold nonsense, or come while workers die: what is whole is imported, once."""

from __future__ import annotations

import io
import json
import random
import signal
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotation.models import Annotation, Dataset, Lease, Project
from tests.annotation.importing.uploads import counts, imported, upload
from tests.annotation.test_import_answers import QUESTIONS, annotation, choice, task
from tests.annotation.test_imports_killed import silence, worker
from tests.factories import make_project
from tests.invariants import assert_slots_add_up


@pytest.fixture
def project(db: None) -> Project:
    return make_project(questions=QUESTIONS)


@pytest.mark.django_db
def test_json_that_breaks_off_keeps_what_came_before(project: Project) -> None:
    whole = json.dumps([task(n, annotation(n, choice("Positive"))) for n in (1, 2, 3)])

    dataset = imported(project, whole[:-60], "export.json")

    assert counts(dataset) == ("failed", 2, 2, 0, 0)
    assert "broken at row 3" in dataset.error
    assert Annotation.objects.count() == 2


@pytest.mark.django_db
def test_a_parquet_that_breaks_off_says_so(project: Project) -> None:
    out = io.BytesIO()
    pq.write_table(pa.table({"text": ["a"], "sentiment": ["Positive"], "annotator": ["ann"]}), out)

    dataset = imported(project, out.getvalue()[:-30], "x.parquet")

    assert dataset.state == "failed"
    assert "cut off or damaged" in dataset.error


@pytest.mark.django_db
def test_a_huge_line_is_refused_and_the_rest_imported(
    project: Project, settings: pytest.FixtureRequest
) -> None:
    settings.MAX_ROW_MB = 1  # type: ignore[attr-defined]
    row = {"text": "a", "_task_hash": 1, "_input_hash": 1, "answer": "accept", "label": "Positive"}
    lines = [{**row, "pad": "x" * 2**21}, {**row, "_input_hash": 2}]
    data = "".join(json.dumps(one) + "\n" for one in reversed(lines))

    dataset = imported(project, data, "x.jsonl", questions={"label": "sentiment"})

    assert (dataset.rows_imported, dataset.answers_imported, dataset.rows_rejected) == (1, 1, 1)


@pytest.mark.django_db
def test_values_out_of_range_and_unknown_questions_are_told(project: Project) -> None:
    stars = {"from_name": "stars", "type": "rating", "value": {"rating": 9}}
    odd = {"from_name": "mood", "type": "choices", "value": {"choices": ["x"]}}
    said = [annotation(1, choice("Positive"), stars), annotation(2, choice("Positive"), odd, by=2)]

    dataset = imported(project, json.dumps([task(1, *said)]), "export.json")

    assert [(one.field, one.message) for one in dataset.rejections.all()] == [
        ("stars", "The answer by 1 is left out: The answer is a whole number from 1 to 5."),
        (
            "mood",
            "The answer by 2 is left out: The project has no such question; it asks “sentiment”, “stars”, “note”.",
        ),
    ]


@pytest.mark.django_db
def test_an_item_with_other_content_is_refused_with_its_answers(project: Project) -> None:
    imported(project, json.dumps([task(1)]), "export.json")
    changed = task(1, annotation(1, choice("Positive"))) | {"data": {"text": "other"}}

    dataset = imported(project, json.dumps([changed]), "export.json")

    assert "and other content" in dataset.rejections.get().message
    assert (dataset.rows_rejected, dataset.report["answers_refused"], Annotation.objects.count()) == (1, 1, 0)


@pytest.mark.django_db
def test_predictions_with_an_impossible_score_are_refused(project: Project) -> None:
    said = {"id": 5, "model_version": "m1", "score": 7, "result": [choice("Neutral")]}

    dataset = imported(project, json.dumps([task(1, predictions=[said])]), "export.json")

    assert "a score is a number from 0 to 1, not 7" in dataset.rejections.get().message
    assert dataset.report["predictions_refused"] == 1


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_killed_workers_lose_and_repeat_no_answer() -> None:
    project, tasks, chance, kills = make_project(questions=QUESTIONS), 3_000, random.Random(5), 0
    rows = [
        task(n, annotation(n, choice("Positive")), annotation(n + tasks, choice("Neutral"), by=2))
        for n in range(1, tasks)
    ]
    dataset = upload(project, json.dumps(rows), "export.json")

    while Dataset.objects.get(pk=dataset.pk).state != "done":
        process = worker(dataset)
        if kills < 2:
            time.sleep(chance.uniform(0.2, 0.6))
            process.send_signal(signal.SIGKILL)
            kills += Dataset.objects.get(pk=dataset.pk).state == "running"
        process.communicate(timeout=120)
        silence(dataset)

    dataset.refresh_from_db()
    said = Annotation.objects.filter(project=project).count()
    assert (said, dataset.answers_imported, Lease.objects.count()) == (2 * (tasks - 1),) * 3
    assert_slots_add_up(project)
