from __future__ import annotations

from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client

from annotation.importing.fetching import FetchFault, name_of
from annotation.importing.pictures import Picture, inspect
from annotation.importing.records import Limits
from annotation.models import Media, Project, Schema, User
from annotation.services import import_job
from annotation.services.media import keep
from tests.annotation.importing.test_archives import packed
from tests.annotation.importing.test_pictures import image
from tests.annotation.importing.uploads import counts, imported, run, upload
from tests.factories import make_member, make_project, make_user

pytestmark = pytest.mark.django_db
RED, BLUE = image(size=(2, 2)), image(size=(3, 3))


@pytest.fixture
def project(db: None) -> Project:
    """Shows images."""
    project = make_project(owner=make_user("olga"))
    fields = [{"name": "photo", "type": "image"}, {"name": "caption", "type": "text"}]
    project.schema = Schema.objects.create(
        project=project, version=7, fields=fields, created_by=project.created_by
    )
    project.save()
    return project


def kept(project: Project, name: str = "cats/1.png", data: bytes = RED) -> Media:
    assert keep(project=project, dataset=None, pictures=[inspect(name, data, Limits())]) == {}
    return Media.objects.get(project=project, name=name)


class Web:
    """A web of a few images, which counts how often it is asked. Real fetching is tested on its own."""

    def __init__(self, **pages: bytes) -> None:
        self.pages, self.asked = {f"https://x.org/{name}": data for name, data in pages.items()}, []

    def __call__(self, url: str, limits: Limits) -> Picture:
        self.asked.append(url)
        if url not in self.pages:
            raise FetchFault("The server answered 404 Not Found.")
        return inspect(f"{name_of(url)}.png", self.pages[url], limits)


def payloads(project: Project) -> list[dict[str, Any]]:
    return [item.payload for item in project.items.order_by("id")]


def test_a_zip_of_images_becomes_items_that_name_them(project: Project) -> None:
    dataset = imported(project, packed(("cats/1.png", RED), ("2.png", BLUE), ("notes.txt", b"hm")), "x.zip")

    assert counts(dataset) == ("done", 3, 2, 0, 1)
    assert payloads(project) == [{"photo": "cats/1.png"}, {"photo": "2.png"}]
    assert [(media.name, media.width, media.dataset_id) for media in project.media.order_by("id")] == [
        ("cats/1.png", 2, dataset.pk),
        ("2.png", 3, dataset.pk),
    ]
    with default_storage.open(project.media.earliest("id").file.name) as file:
        assert file.read() == RED


def test_a_zip_imported_again_changes_nothing(project: Project) -> None:
    for _ in range(2):
        dataset = imported(project, packed(("1.png", RED), ("2.png", BLUE)), "x.zip")

    assert counts(dataset) == ("done", 2, 0, 2, 0)
    assert project.media.count() == 2


def test_another_image_under_a_known_name_is_refused(project: Project) -> None:
    imported(project, packed(("1.png", RED)), "x.zip")

    dataset = imported(project, packed(("1.png", BLUE)), "y.zip")

    assert counts(dataset) == ("done", 1, 0, 0, 1)
    assert "another image called '1.png'" in dataset.rejections.get().message


def test_rows_name_the_images_of_an_earlier_zip(project: Project) -> None:
    media = imported(project, packed(("1.png", RED), ("2.png", BLUE)), "x.zip", media_only=True)
    rows = imported(project, "photo,caption\n1.png,red\nmissing.png,none\n")

    assert counts(media) == ("done", 2, 2, 0, 0)
    assert counts(rows) == ("done", 2, 1, 0, 1)
    assert payloads(project) == [{"photo": "1.png", "caption": "red"}]
    rejection = rows.rejections.get()
    assert (rejection.row, rejection.field) == (2, "photo")
    assert "no image 'missing.png'" in rejection.message


def test_images_on_the_web_are_fetched_once_and_named(project: Project) -> None:
    web = Web(red=RED)
    data = "photo,caption\nhttps://x.org/red,a\nhttps://x.org/gone,b\nhttps://x.org/red,c\n,d\n"

    dataset = run(upload(project, data), fetch=web)

    name = f"{name_of('https://x.org/red')}.png"
    assert counts(dataset) == ("done", 4, 3, 0, 1)
    assert payloads(project) == [
        {"photo": name, "caption": "a"}, {"photo": name, "caption": "c"}, {"photo": "", "caption": "d"},
    ]  # fmt: skip
    assert sorted(web.asked) == ["https://x.org/gone", "https://x.org/red"]
    assert dataset.rejections.values_list("row", "field", "message").get() == (
        2, "photo", "The server answered 404 Not Found.",
    )  # fmt: skip


def test_a_second_import_asks_only_for_what_is_missing(project: Project) -> None:
    data = "photo,caption\nhttps://x.org/red,a\nhttps://x.org/blue,b\n"
    run(upload(project, data), fetch=Web(red=RED))
    web = Web(blue=BLUE)

    dataset = run(upload(project, data), fetch=web)

    assert counts(dataset) == ("done", 2, 1, 1, 0)
    assert web.asked == ["https://x.org/blue"]


def test_internal_addresses_are_refused_row_by_row(project: Project) -> None:
    """With the real fetcher: nothing is asked."""
    dataset = imported(
        project, "photo,caption\nhttp://127.0.0.1/x.png,a\nhttp://169.254.169.254/latest,b\n,c\n"
    )

    assert counts(dataset) == ("done", 3, 1, 0, 2)
    assert set(dataset.rejections.values_list("message", flat=True)) == {
        "127.0.0.1 is an internal address; only the internet is asked.",
        "169.254.169.254 is an internal address; only the internet is asked.",
    }


def test_an_import_of_images_in_small_batches(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_job, "PICTURE_BATCH_ROWS", 3)
    images = [(f"{n}.png", image(size=(n + 1, 1))) for n in range(10)]

    assert counts(imported(project, packed(*images), "x.zip")) == ("done", 10, 10, 0, 0)
    assert [payload["photo"] for payload in payloads(project)] == [name for name, _ in images]


# Served to members


def test_headers_keep_browsers_from_running_anything(client: Client, project: Project) -> None:
    kept(project)
    client.force_login(make_member(project, "annotator"))

    answer = client.get(f"/projects/{project.pk}/media/cats/1.png")

    assert answer["Content-Type"] == "image/png"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
    assert answer["Content-Disposition"] == 'inline; filename="1.png"'
    assert b"".join(answer.streaming_content) == RED


def test_asked_again_nothing_is_sent(client: Client, project: Project) -> None:
    kept(project)
    client.force_login(project.created_by)
    first = client.get(f"/projects/{project.pk}/media/cats/1.png")
    list(first.streaming_content)
    etag = first["ETag"]

    answer = client.get(f"/projects/{project.pk}/media/cats/1.png", headers={"if-none-match": etag})

    assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", etag)


def test_only_members_get_media(client: Client, project: Project, stranger: User) -> None:
    kept(project)
    url = f"/projects/{project.pk}/media/cats/1.png"

    assert client.get(url).status_code == 302
    client.force_login(stranger)
    assert client.get(url).status_code == 404
    client.force_login(make_member(make_project(), "owner"))
    assert client.get(url).status_code == 404


@pytest.mark.parametrize("name", ["cats/2.png", "../1.png", "cats/1.png/", "cats%00", "x" * 3000])
def test_names_that_are_not_there(client: Client, project: Project, name: str) -> None:
    kept(project)
    client.force_login(project.created_by)

    assert client.get(f"/projects/{project.pk}/media/{name}").status_code == 404


def test_a_content_type_that_is_not_on_the_list_is_not_served(client: Client, project: Project) -> None:
    media = kept(project)
    Media.objects.filter(pk=media.pk).update(content_type="text/html")
    client.force_login(project.created_by)

    assert client.get(f"/projects/{project.pk}/media/cats/1.png").status_code == 404


def test_a_file_that_the_storage_lost(client: Client, project: Project) -> None:
    kept(project, data=image(size=(31, 17))).file.delete(save=False)
    client.force_login(project.created_by)

    assert client.get(f"/projects/{project.pk}/media/cats/1.png").status_code == 404


def test_the_same_content_is_stored_once_and_under_no_foreign_name(project: Project) -> None:
    first, second = kept(project, "a.png"), kept(project, "../b.png".removeprefix("../"))

    assert first.file.name == second.file.name
    assert first.sha256 in first.file.name
