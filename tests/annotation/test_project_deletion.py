from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.files.storage import default_storage
from django.test import override_settings

from annotation.errors import Conflict, InvalidInput, NotAllowed
from annotation.models import Item, Project, ProjectFile, User
from annotation.services import project_deletion, project_files, projects
from tests.annotation.archive_help import archived, full_project
from tests.factories import make_project

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _storage(tmp_path: Path) -> Any:
    with override_settings(MEDIA_ROOT=tmp_path):
        yield


def rows() -> dict[str, int]:
    return {model._meta.label: model._default_manager.count() for model in apps.get_models()}


def test_an_archived_project_goes_with_everything_and_nothing_else_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(project_deletion, "BATCH", 3)
    kept = make_project(items=3, owner=User.objects.create(username="other"))
    before = rows()
    project = full_project()
    made = archived(project)
    stored = project.media.get().file.name
    projects.archive(project=project, by=project.created_by)

    job = project_files.ask_to_delete(project=project, by=project.created_by, name=project.name)
    assert not Project.objects.visible_to(project.created_by).exists()
    project_files.run(file_id=job.pk)

    job.refresh_from_db()
    assert (job.state, job.error, job.project) == ("done", "", None)
    left = {name: count - before[name] for name, count in rows().items() if count != before[name]}
    assert set(left) == {
        "annotation.ProjectFile",
        "annotation.ProjectFileEvent",
        "annotation.ProjectEvent",
        "annotation.User",
        "annotation.UserEvent",
    }
    assert list(Item.objects.values_list("project", flat=True).distinct()) == [kept.pk]
    assert not default_storage.exists(stored)
    made.refresh_from_db()
    assert default_storage.exists(made.file.name)


def test_only_an_archived_project_by_its_owner_under_its_name() -> None:
    project = make_project(items=1)
    owner, manager = project.created_by, User.objects.create(username="mira")
    project.memberships.create(user=manager, role="manager")

    with pytest.raises(Conflict, match="Archive the project first"):
        project_files.ask_to_delete(project=project, by=owner, name=project.name)
    projects.archive(project=project, by=owner)
    with pytest.raises(InvalidInput, match="Type the project's name"):
        project_files.ask_to_delete(project=project, by=owner, name="another")
    with pytest.raises(NotAllowed):
        project_files.ask_to_delete(project=project, by=manager, name=project.name)
    assert not ProjectFile.objects.exists()


def test_a_project_that_is_being_deleted_cannot_be_brought_back(admin: User) -> None:
    project = make_project(items=1)
    projects.archive(project=project, by=project.created_by)
    job = project_files.ask_to_delete(project=project, by=project.created_by, name=project.name)

    with pytest.raises(Conflict, match="being deleted"):
        projects.restore(project=project, by=admin)
    with pytest.raises(Conflict, match="carried through"):
        project_files.cancel(file=job)
