from __future__ import annotations

import csv
import io
from typing import Any

import orjson
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from annotation.models import Dataset, Project, User
from annotation.services import imports
from tests.annotation.importing.test_archives import packed
from tests.annotation.importing.test_pictures import image
from tests.annotation.importing.uploads import imported, run, upload
from tests.factories import make_member, make_project, make_user

pytestmark = pytest.mark.django_db
Api = Any


@pytest.fixture
def project(db: None) -> Project:
    return make_project(owner=make_user("olga"))


def post(api: Api, project: Project, data: bytes | str, name: str = "x.csv", **fields: Any) -> Any:
    file = SimpleUploadedFile(name, data.encode() if isinstance(data, str) else data)
    return api(project.created_by).post(
        f"/api/v1/projects/{project.pk}/imports/", {"file": file, **fields}, format="multipart"
    )


def test_upload_poll_done(api: Api, project: Project) -> None:
    made = post(api, project, "id,text\n1,hello\n2,\n", dataset="First", key_field="id")

    assert made.status_code == 202
    said = made.json()
    assert (said["dataset"], said["status"], said["rows_read"]) == ("First", "waiting", 0)
    assert made["Location"] == said["url"]
    run(Dataset.objects.get(pk=said["id"]))
    done = api(project.created_by).get(said["url"]).json()
    assert {name: done[name] for name in ("status", "rows_read", "rows_imported", "rows_unchanged", "rows_rejected")} == {
        "status": "done", "rows_read": 2, "rows_imported": 1, "rows_unchanged": 0, "rows_rejected": 1,
    }  # fmt: skip
    assert done["progress"] == 1.0
    assert [(error["row"], error["field"]) for error in done["errors"]] == [(2, "text")]


def test_json_lines_as_the_body(api: Api, project: Project) -> None:
    made = api(project.created_by).post(
        f"/api/v1/projects/{project.pk}/imports/?dataset=Pushed&key_field=id",
        b'{"id": 1, "text": "a"}\n{"id": 2, "text": "b"}\n',
        content_type="application/x-ndjson",
    )

    assert made.status_code == 202
    assert made.json()["dataset"] == "Pushed"
    assert run(Dataset.objects.get()).rows_imported == 2


def test_the_choices_of_a_form(api: Api, project: Project) -> None:
    made = post(
        api, project, "1|ä|x\n".encode("cp1252"), delimiter="|", encoding="cp1252", header="false",
        mapping='{"column_2": "text", "column_3": null}', key_field="column_1",
    )  # fmt: skip

    assert made.status_code == 202, made.json()
    run(Dataset.objects.get())
    assert project.items.get().payload == {"column_1": "1", "text": "ä"}


@pytest.mark.parametrize(
    ("data", "fields", "path"),
    [
        (b"", {}, ["file"]),
        (b"%PDF-1.7", {}, ["file"]),
        (b"a,b\n1,2\n", {"key_field": "c"}, ["key_field"]),
        (b"a,b\n1,2\n", {"mapping": "{"}, ["mapping"]),
        (b"a,b\n1,2\n", {"mapping": "[]"}, ["mapping"]),
        (b"a,b\n1,2\n", {"mapping": '{"a": 1}'}, ["mapping"]),
        (b"a,b\n1,2\n", {"mapping": '{"a": "x\\u0000"}'}, ["mapping"]),
        (b"a,b\n1,2\n", {"format": "docx"}, ["format"]),
        (b"a,b\n1,2\n", {"encoding": "rot13"}, ["encoding"]),
        (b"a,b\n1,2\n", {"header": "perhaps"}, ["header"]),
        (b"a,b\n1,2\n", {"dataset": "x" * 121}, ["dataset"]),
    ],
)
def test_faults_are_told_with_their_path(
    api: Api, project: Project, data: bytes, fields: dict[str, str], path: list[str]
) -> None:
    refused = post(api, project, data, **fields)

    assert refused.status_code == 400
    assert refused["Content-Type"] == "application/problem+json"
    assert [error["path"] for error in refused.json()["errors"]] == [path]


def test_a_request_without_file(api: Api, project: Project) -> None:
    refused = api(project.created_by).post(f"/api/v1/projects/{project.pk}/imports/", {}, format="multipart")

    assert refused.json()["errors"][0]["path"] == ["file"]


def test_other_content_types_are_not_read(api: Api, project: Project) -> None:
    refused = api(project.created_by).post(
        f"/api/v1/projects/{project.pk}/imports/", {"rows": []}, format="json"
    )

    assert (refused.status_code, refused.json()["code"]) == (415, "unsupported_media_type")


def test_a_body_that_announces_too_much_is_not_read(api: Api, project: Project, settings: Any) -> None:
    settings.MAX_UPLOAD_MB = 1

    refused = post(api, project, b"text\n" + b"x\n" * (2 * 2**20))

    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
    assert "errors" not in refused.json()  # refused before there was a file that could have faults
    assert not Dataset.objects.exists()


def test_a_draft_is_previewed_changed_and_started(api: Api, project: Project) -> None:
    client = api(project.created_by)
    url = post(api, project, "id;review\n1;good\n2;\n", preview="true").json()["url"]

    preview = client.get(f"{url}preview/").json()
    assert [(column["name"], column["field"], column["unique"]) for column in preview["columns"]] == [
        ("id", "id", True),
        ("review", "text", False),
    ]
    assert preview["rows"] == [{"id": "1", "review": "good"}, {"id": "2", "review": ""}]
    assert [error["row"] for error in preview["errors"]] == [2]
    changed = client.patch(url, {"key_field": "id", "mapping": {"review": "text", "id": None}}, format="json")
    assert changed.json()["options"]["key_field"] == "id"
    assert client.post(f"{url}start/").json()["status"] == "waiting"
    assert client.patch(url, {"key_field": ""}, format="json").status_code == 409


def test_the_preview_of_parquet_is_read_in_another_process(api: Api, project: Project) -> None:
    import pyarrow as pa

    from tests.annotation.importing.test_parquet import parquet

    table = pa.Table.from_pylist([{"text": "a", "blob": b"\xff\xfe", "n": 1}])
    url = post(api, project, parquet(table), "x.parquet", preview="true").json()["url"]

    preview = api(project.created_by).get(f"{url}preview/").json()

    assert preview["rows"] == [{"text": "a", "blob": "(2 bytes)", "n": 1}]


def test_the_preview_of_a_damaged_parquet_file_says_so(api: Api, project: Project) -> None:
    url = post(api, project, b"PAR1 and nothing else", "x.parquet", preview="true").json()["url"]

    assert "cannot be read" in api(project.created_by).get(f"{url}preview/").json()["error"]


def test_cancel_retry_reopen(api: Api, project: Project) -> None:
    client = api(project.created_by)
    url = post(api, project, "text\na\n").json()["url"]

    said = [
        client.post(f"{url}{verb}/").json()["status"]
        for verb in ("cancel", "retry", "cancel", "reopen", "start")
    ]

    assert said == ["cancelled", "waiting", "cancelled", "draft", "waiting"]
    run(Dataset.objects.get())
    over = client.post(f"{url}cancel/")
    assert (over.status_code, over.json()["code"]) == (409, "conflict")


def test_all_rejected_rows_as_csv(api: Api, project: Project) -> None:
    dataset = imported(
        project, "id,text\n" + "".join(f"{n},{'' if n % 2 else 'x'}\n" for n in range(600)), "=a.csv"
    )

    answer = api(project.created_by).get(
        f"/api/v1/imports/{dataset.pk}/errors/", headers={"accept": "text/csv"}
    )

    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert rows[:2] == [
        ["file", "row", "field", "message"],
        [
            "'=a.csv",
            "2",
            "text",
            "The row has nothing to show: 'text' is missing or empty.",
        ],
    ]
    assert len(rows) == 301


def test_only_the_first_hundred_errors_are_in_the_answer(api: Api, project: Project) -> None:
    dataset = imported(project, "id,text\n" + "".join(f"{n},{'' if n % 2 else 'x'}\n" for n in range(600)))

    assert len(api(project.created_by).get(f"/api/v1/imports/{dataset.pk}/").json()["errors"]) == 100


def test_the_list_is_paged_by_key(api: Api, project: Project, django_assert_max_num_queries: Any) -> None:
    made = [upload(project, f"text\n{n}\n", start=False).pk for n in range(5)]

    with django_assert_max_num_queries(5):
        first = api(project.created_by).get(f"/api/v1/projects/{project.pk}/imports/?limit=3").json()
    second = api(project.created_by).get(first["next"]).json()

    assert [one["id"] for one in first["results"] + second["results"]] == made
    assert second["next"] is None


@pytest.mark.parametrize("query", ["after=-1", "limit=0", "limit=x", f"after={2**63}"])
def test_bad_pages(api: Api, project: Project, query: str) -> None:
    assert api(project.created_by).get(f"/api/v1/projects/{project.pk}/imports/?{query}").status_code == 400


def test_who_may(api: Api, project: Project, stranger: User) -> None:
    dataset = upload(project, "text\na\n")
    for user, status in (
        (stranger, 404),
        (make_member(project, "annotator"), 403),
        (make_member(project, "viewer"), 403),
    ):
        client = api(user)
        assert (
            client.post(f"/api/v1/projects/{project.pk}/imports/", {}, format="multipart").status_code
            == status
        )
        for verb in ("", "preview/", "errors/"):
            assert client.get(f"/api/v1/imports/{dataset.pk}/{verb}").status_code == status
        for verb in ("start", "cancel", "retry", "reopen"):
            assert client.post(f"/api/v1/imports/{dataset.pk}/{verb}/").status_code == status
    assert Dataset.objects.get().state == "waiting"


# Images


def test_media_is_added_listed_and_served(api: Api, project: Project, client: Client) -> None:
    data = image(size=(5, 7))
    file = SimpleUploadedFile("../../up.png", data)

    made = api(project.created_by).post(
        f"/api/v1/projects/{project.pk}/media/", {"file": file, "name": "cats/1.png"}, format="multipart"
    )

    assert made.status_code == 201
    said = made.json()
    assert (said["name"], said["content_type"], said["width"], said["height"]) == (
        "cats/1.png",
        "image/png",
        5,
        7,
    )
    listed = api(project.created_by).get(f"/api/v1/projects/{project.pk}/media/").json()
    assert [one["name"] for one in listed["results"]] == ["cats/1.png"]
    client.force_login(make_member(project, "annotator"))
    served = client.get(said["url"].removeprefix("http://testserver"))
    assert b"".join(served.streaming_content) == data


def test_media_under_a_name_that_is_taken(api: Api, project: Project) -> None:
    def add(data: bytes) -> Any:
        file = SimpleUploadedFile("1.png", data)
        return api(project.created_by).post(
            f"/api/v1/projects/{project.pk}/media/", {"file": file}, format="multipart"
        )

    first, again, other = add(image()), add(image()), add(image(size=(9, 9)))

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 409)
    assert first.json()["id"] == again.json()["id"]


@pytest.mark.parametrize(
    "name", ["/etc/1.png", "a/../1.png", "a//1.png", "./1.png", "a\\1.png", "a/", "x" * 201, "a\n.png"]
)
def test_names_that_media_cannot_have(api: Api, project: Project, name: str) -> None:
    file = SimpleUploadedFile("1.png", image())
    refused = api(project.created_by).post(
        f"/api/v1/projects/{project.pk}/media/", {"file": file, "name": name}, format="multipart"
    )

    assert refused.status_code == 400
    assert refused.json()["errors"][0]["path"] == ["name"]


@pytest.mark.parametrize("data", [b"", b"text", b"<svg xmlns='http://www.w3.org/2000/svg'/>"])
def test_what_is_no_image(api: Api, project: Project, data: bytes) -> None:
    file = SimpleUploadedFile("1.png", data, content_type="image/png")
    refused = api(project.created_by).post(
        f"/api/v1/projects/{project.pk}/media/", {"file": file}, format="multipart"
    )

    assert refused.status_code == 400
    assert refused.json()["errors"][0]["path"] == ["file"]


def test_an_image_larger_than_the_limit(api: Api, project: Project, settings: Any) -> None:
    settings.MAX_MEDIA_MB = 0
    file = SimpleUploadedFile("1.png", image())

    refused = api(project.created_by).post(
        f"/api/v1/projects/{project.pk}/media/", {"file": file}, format="multipart"
    )

    assert refused.status_code == 413


def test_a_zip_over_rest(api: Api, project: Project) -> None:
    made = post(api, project, packed(("1.png", image())), "x.zip", media_only="true")

    run(Dataset.objects.get(pk=made.json()["id"]))

    assert project.media.get().name == "1.png"
    assert not project.items.exists()
    assert orjson.loads(orjson.dumps(made.json()["options"]))["media_only"] is True


def test_what_starts_is_queued_for_a_worker(
    api: Api, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message itself; what a worker does with it is tested with a real one in tests/faults."""
    made = post(api, project, "text\na\n").json()

    assert imports.waiting() == [made["id"]]
