"""What Label Studio itself wrote, where it is at hand (QUERENT_DATA or ../shared/data): everything in it is accounted for."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from django.core.files import File

from annotation.models import Annotation, Dataset, Lease, Membership, Project
from annotation.services import import_options, import_run, imports
from tests.factories import make_user
from tests.invariants import assert_slots_add_up

FOLDER = Path(os.environ.get("QUERENT_DATA", Path(__file__).parents[4] / "shared" / "data")) / "exports"
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        not FOLDER.is_dir(), reason="no real exports: set QUERENT_DATA to the folder that has exports/"
    ),
]


def brought(name: str, **choices: object) -> Dataset:
    user = make_user()
    project = Project.objects.create(name=name, created_by=user)
    Membership.objects.create(project=project, user=user, role="owner")
    with (FOLDER / "label_studio_1.23.2" / name).open("rb") as file:
        dataset = imports.create(
            project=project,
            by=user,
            upload=File(file, name),
            choices=import_options.Choices(make_questions=True, **choices),  # type: ignore[arg-type]
        )
    import_run.run(dataset_id=dataset.pk)
    dataset.refresh_from_db()
    assert dataset.state == "done", dataset.error
    assert_slots_add_up(project)
    return dataset


def test_reviews() -> None:
    dataset = brought("reviews.json", gold="questions")

    assert (dataset.rows_imported, dataset.rejections.count()) == (200, 0)
    # 200 annotations: 184 answers, 8 ground truth, 8 cancelled, two of them by the same person of the same text.
    report = dataset.report
    assert (dataset.answers_imported, report["gold"], report["skipped"]) == (192, 8, 6)
    assert report["answers_unchanged"] == 2
    questions = {question["name"]: question["type"] for question in dataset.project.schema.questions}
    assert questions == {
        "sentiment": "single_choice", "topics": "multiple_choice", "stars": "rating", "note": "text",
    }  # fmt: skip
    assert dataset.predictions_imported > 0


def test_the_same_from_rows() -> None:
    from_json = brought("reviews.min.json")
    from_csv = brought("reviews.csv")

    said = [
        Counter(
            (answer["sentiment"], answer.get("stars"), tuple(answer.get("topics", ())), answer.get("note"))
            for answer in Annotation.objects.filter(project=dataset.project).values_list("answer", flat=True)
        )
        for dataset in (from_json, from_csv)
    ]
    assert said[0] == said[1]


def test_entities_and_boxes_are_kept() -> None:
    for name, types in {
        "entities.json": {"labels"},
        "entities.csv": {"labels"},
        "boxes.json": {"rectanglelabels", "polygonlabels"},
    }.items():
        dataset = brought(name)

        assert set(dataset.report["kept"]) == types
        assert dataset.rejections.count() == 0
        assert Lease.objects.filter(project=dataset.project, state="submitted").count() > 10
