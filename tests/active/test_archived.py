from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from active.models import CurvePoint, Encoder, LearningSettings, ModelVersion, Round, Selection
from active.reports.similar import nearest, standing_of
from active.services import similar, similar_index
from annotation.models import Project, User
from tests.active.learning import add
from tests.annotation.archive_help import archived, bytes_of, restored
from tests.factories import make_project, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def learned(tmp_path: Path, settings: Any) -> Project:
    """A project that learned: settings, a model in use, a round over and one under way."""
    settings.MEDIA_ROOT = tmp_path
    project = make_project(items=3)
    first, second, _ = project.items.order_by("pk")
    LearningSettings.objects.create(project=project, batch=17)
    encoder = Encoder.objects.create(
        project=project, version=1, kind="tfidf", state="ready", file="e", sha256="e" * 64
    )
    about: dict[str, Any] = {"project": project, "question": "sentiment", "schema": project.schema}
    model = ModelVersion.objects.create(
        **about,
        version=1,
        encoder=encoder,
        learner="logistic",
        items=2,
        state="promoted",
        file="m",
        data_sha256="d" * 64,
    )
    over = Round.objects.create(
        **about,
        number=1,
        state="done",
        trigger="page",
        strategy="adaptive",
        batch=1,
        encoder=encoder,
        model=model,
    )
    Round.objects.create(**about, number=2, state="scoring", trigger="page", strategy="adaptive", batch=1)
    near = [{"item": first.pk, "key": first.key, "label": "positive", "similarity": 0.5}]
    Selection.objects.create(
        round=over,
        item=second,
        kind="new",
        strategy="adaptive",
        score=1,
        rank=1,
        priority=1,
        reason="Odd",
        nearest=near,
    )
    CurvePoint.objects.create(
        round=over,
        project=project,
        question="sentiment",
        labels=2,
        judged_on="random",
        judged=2,
        accuracy=1,
        low=0,
        high=1,
    )
    return project


def test_what_was_learned_goes_with_the_project_as_a_record(learned: Project) -> None:
    admin = make_user("root", is_staff=True, is_superuser=True)

    made = restored(bytes_of(archived(learned)), admin)

    assert made.error == ""
    project = made.project
    assert project.learning.batch == 17
    (over,) = project.rounds.all()
    assert (over.number, over.point.accuracy, over.model.state) == (1, 1.0, "retired")
    (chosen,) = over.selections.all()
    assert chosen.item.project == project
    assert chosen.nearest[0]["item"] == project.items.get(key=chosen.nearest[0]["key"]).pk


def test_similar_items_are_off_and_can_be_turned_on_again(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    project = make_project()
    add(project, 40)
    similar.turn_on(project=project, by=project.created_by)
    similar_index.run(project_id=project.pk)
    admin = make_user("root", is_staff=True, is_superuser=True)

    made = restored(bytes_of(archived(project)), admin)

    assert made.error == ""
    item = made.project.items.get(key="item-00001")
    assert standing_of(item).state == "off"
    similar.turn_on(project=made.project, by=admin)
    similar_index.run(project_id=made.project.pk)
    found = nearest(item=item, limit=10).rows
    assert {int(row.key[-5:]) % 2 for row in found} == {1}
    assert {row.id for row in found} <= set(made.project.items.values_list("pk", flat=True))


def test_no_file_of_a_stranger_is_ever_loaded(learned: Project) -> None:
    made = restored(bytes_of(archived(learned)), make_user("root", is_staff=True))

    assert set(Encoder.objects.filter(project=made.project).values_list("file", "sha256")) == {
        ("stayed-behind", "")
    }
    assert set(ModelVersion.objects.filter(project=made.project).values_list("file", "size")) == {("", 0)}
    assert User.objects.filter(username="root").exists()
