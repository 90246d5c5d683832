from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client

from annotation.models import Project, ProjectFile, Reservoir, User
from annotation.services import project_files
from tests.factories import make_project, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _storage(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_an_owner_asks_for_a_file_and_sees_how_far_it_is(project: Project, owner: User) -> None:
    client = signed_in(owner)

    client.post(f"/projects/{project.pk}/files/")
    page = client.get(f"/projects/{project.pk}/files/").content.decode()

    assert ProjectFile.objects.get().state == "waiting"
    assert "Waiting for a worker" in page
    assert 'hx-trigger="every 2s"' in page


def test_a_file_that_failed_says_why_and_can_be_tried_again(project: Project, owner: User) -> None:
    made = ProjectFile.objects.create(
        project=project, kind="archive", state="failed", error="Disk full.", created_by=owner
    )
    client = signed_in(owner)

    assert "Disk full." in client.get(f"/projects/{project.pk}/files/").content.decode()
    client.post(f"/project-files/{made.pk}/retry/")

    assert ProjectFile.objects.get().state == "waiting"


@pytest.mark.django_db(transaction=True)
def test_the_whole_way_over_rest(api: Any, tmp_path: Path) -> None:
    owner = make_user("olga", can_create_projects=True)
    project, client = make_project(owner=owner, items=3), api(owner)

    made = client.post(f"/api/v1/projects/{project.pk}/files/")
    project_files.run(file_id=made.json()["id"])
    done = client.get(made["Location"]).json()
    whole = client.get(done["download"])
    data = b"".join(whole.streaming_content)
    part = client.get(done["download"], headers={"Range": "bytes=4-9"})
    asked = client.post("/api/v1/projects/restore/", {"file": ContentFile(data, "p.zip"), "name": "Again"})
    project_files.run(file_id=asked.json()["id"])
    restored = client.get(asked["Location"]).json()

    assert (made.status_code, done["status"], whole["Content-Length"]) == (202, "done", str(len(data)))
    assert (part.status_code, b"".join(part.streaming_content)) == (206, data[4:10])
    assert client.get(done["download"], headers={"If-None-Match": whole["ETag"]}).status_code == 304
    assert (restored["status"], restored["download"]) == ("done", None)
    assert Project.objects.get(pk=restored["project"]).name == "Again"


def test_a_file_that_is_none_is_refused_at_once(api: Any, owner: User) -> None:
    client = api(owner)

    answer = client.post("/api/v1/projects/restore/", {"file": ContentFile(b"hello", "p.zip")})

    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, ["file"])


def test_the_page_says_what_is_wrong_with_a_file(owner: User) -> None:
    answer = signed_in(owner).post("/projects/restore/", {"file": ContentFile(b"hello", "p.zip")})

    assert answer.status_code == 422
    assert "no whole zip archive" in answer.content.decode()


def test_deleting_asks_for_the_name_and_an_archived_project(project: Project, owner: User, api: Any) -> None:
    client = api(owner)
    url = f"/api/v1/projects/{project.pk}/delete/"

    assert client.post(url, {"name": project.name}, format="json").status_code == 409
    client.post(f"/api/v1/projects/{project.pk}/archive/")
    assert client.post(url, {"name": "another"}, format="json").status_code == 400
    assert client.post(url, {"name": project.name}, format="json").status_code == 202
    assert client.get(f"/api/v1/projects/{project.pk}/").status_code == 404


def test_a_bounded_pool_over_rest_and_on_its_page(project: Project, owner: User, api: Any) -> None:
    client, url = api(owner), f"/api/v1/projects/{project.pk}/reservoir/"

    assert client.get(url).status_code == 404
    made = client.put(url, {"size": 50, "seed": 7}, format="json").json()
    signed_in(owner).post(f"/projects/{project.pk}/pool/", {"size": "60"})

    assert (made["size"], made["items"], made["beside"]) == (50, 0, 5)
    assert Reservoir.objects.values_list("size", "seed").get() == (60, 7)
    assert client.delete(url).status_code == 204
    assert client.get(url).status_code == 404


def test_who_is_not_an_owner_gets_no_file(project: Project, manager: User, api: Any) -> None:
    client = api(manager)
    made = ProjectFile.objects.create(project=project, kind="archive", created_by=project.created_by)

    assert client.post(f"/api/v1/projects/{project.pk}/files/").status_code == 403
    assert client.get(f"/api/v1/project-files/{made.pk}/").status_code == 404
    assert signed_in(manager).get(f"/projects/{project.pk}/files/").status_code == 403
