"""Vectors from a NumPy file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from active.models import Encoder, LearningSettings
from active.services import embeddings
from active.services.vector_imports import import_vectors
from annotation.errors import InvalidInput, NotAllowed
from annotation.models import Project
from tests.factories import make_member, make_project

pytestmark = pytest.mark.django_db


def npy(array: Any) -> io.BytesIO:
    file = io.BytesIO()
    np.save(file, np.asarray(array, dtype=float))
    file.seek(0)
    return file


def take(project: Project, keys: list[str], rows: Any) -> Encoder:
    return import_vectors(project=project, by=project.created_by, keys=keys, file=npy(rows))


def vectors(project: Project) -> list[list[float]]:
    encoder = embeddings.current(project=project, settings=LearningSettings.objects.get(project=project))
    embeddings.embed_new(encoder=encoder)
    items = np.array(project.items.order_by("pk").values_list("pk", flat=True))
    found, rows = embeddings.gather(encoder, items)
    assert found.all()
    return [row.round(3).tolist() for row in rows.astype(float)]


def test_they_are_used_from_then_on() -> None:
    project = make_project(items=3)

    encoder = take(project, ["item-00002", "item-00000"], [[0, 2], [3, 4]])

    assert vectors(project) == [[0.6, 0.8], [0, 0], [0, 1]]
    assert embeddings.current(project=project, settings=project.learning) == encoder
    assert (encoder.kind, encoder.state, encoder.dimension) == ("vectors", "ready", 2)


def test_a_later_file_replaces_what_it_names_and_leaves_the_rest() -> None:
    project = make_project(items=3)
    first = take(project, ["item-00000", "item-00001"], [[1, 0], [1, 0]])

    second = take(project, ["item-00001", "item-00002"], [[0, 1], [0, 1]])

    assert vectors(project) == [[1, 0], [0, 1], [0, 1]]
    assert second.sha256 != first.sha256


def test_they_stay_where_the_content_changes_until_others_come() -> None:
    project = make_project(items=2)
    take(project, ["item-00000", "item-00001"], [[1, 0], [0, 1]])

    project.items.filter(key="item-00001").update(payload={"text": "other"})

    assert vectors(project) == [[1, 0], [0, 1]]


def test_another_dimension_starts_afresh() -> None:
    project = make_project(items=2)
    take(project, ["item-00000", "item-00001"], [[1, 0], [1, 0]])

    take(project, ["item-00001"], [[0, 0, 1]])

    assert vectors(project) == [[0, 0, 0], [0, 0, 1]]


@pytest.mark.parametrize(
    ("keys", "rows", "told"),
    [
        (["item-00000", "nobody"], [[1.0], [1.0]], "no item 'nobody'"),
        (["item-00000", "item-00001"], [[1.0], [np.nan]], "'item-00001'"),
        (["item-00000"], [[1.0], [1.0]], "more rows"),
    ],
)
def test_what_does_not_fit_is_refused_by_key(keys: list[str], rows: Any, told: str) -> None:
    project = make_project(items=2)

    with pytest.raises(InvalidInput, match=told):
        take(project, keys, rows)
    assert not project.encoders.exists()


def test_only_who_configures_imports_vectors(project: Project) -> None:
    with pytest.raises(NotAllowed):
        import_vectors(project=project, by=make_member(project, "adjudicator"), keys=[], file=npy([[1.0]]))


def test_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = make_project(items=2)
    (tmp_path / "a.npy").write_bytes(npy([[1, 0], [0, 1]]).read())
    (tmp_path / "a.txt").write_text("item-00001\nitem-00000\n")
    files = [str(tmp_path / "a.npy"), str(tmp_path / "a.txt")]

    call_command("import_vectors", str(project.pk), *files, "--as", project.created_by.username)

    assert vectors(project) == [[0, 1], [1, 0]]
    assert "2 vectors of 2 numbers are version 1." in capsys.readouterr().out
    with pytest.raises(CommandError, match="No such file"):
        call_command(
            "import_vectors", str(project.pk), "none.npy", files[1], "--as", project.created_by.username
        )
