"""Items and predictions over REST: bodies of many rows, answers row by row, lists as NDJSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from annotation.models import Project, User

pytestmark = pytest.mark.django_db
NDJSON = "application/x-ndjson"


def body(*rows: Any) -> bytes:
    return b"\n".join(row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows)


def row(key: str, text: str = "hello", **more: Any) -> dict[str, Any]:
    return {"key": key, "payload": {"text": text}, **more}


def post(client: Any, project: Project, data: Any, what: str = "items", query: str = "", **kind: Any) -> Any:
    kind = kind or {"content_type": NDJSON}
    return client.post(f"/api/v1/projects/{project.pk}/{what}/{query}", data, **kind)


def test_ndjson_and_a_list_do_the_same(api: Any, project: Project, manager: User) -> None:
    first = post(api(manager), project, body(row("a"), row("b"), b"", row("c"))).json()
    again = post(api(manager), project, [row("a"), row("b"), row("c")], format="json").json()

    assert [one["result"] for one in first["results"]] == ["created"] * 3
    assert [(one["row"], one["key"], one["result"]) for one in again["results"]] == [
        (1, "a", "unchanged"),
        (2, "b", "unchanged"),
        (3, "c", "unchanged"),
    ]
    assert first["dataset"] == again["dataset"]


def test_a_line_that_is_no_json_is_refused_by_itself(api: Any, project: Project, manager: User) -> None:
    told = post(api(manager), project, body(row("a"), b'{"key": ', row("b")), query="?report=faults").json()

    assert (told["summary"]["created"], told["summary"]["refused"]) == (2, 1)
    [refused] = told["results"]
    assert (refused["row"], refused["result"]) == (2, "refused")
    assert "not JSON" in refused["errors"][0]["message"]


@pytest.mark.parametrize("data", [b'{"key": "a"}', b"[", b"3"])
def test_a_body_that_is_no_list_is_refused(api: Any, project: Project, manager: User, data: bytes) -> None:
    answer = post(api(manager), project, data, content_type="application/json")

    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_what_is_too_large_says_how_to_go_on(
    api: Any, project: Project, manager: User, settings: Any
) -> None:
    many = post(api(manager), project, body(*[row("a")] * 10_001))
    settings.MAX_PUSH_MB = 0
    large = post(api(manager), project, body(row("a")))

    assert [answer.status_code for answer in (many, large)] == [413, 413]
    assert [answer.json()["code"] for answer in (many, large)] == ["too_large"] * 2
    assert "in parts" in many.json()["detail"]
    assert "several calls" in large.json()["detail"]


def test_only_those_who_import_may(api: Any, project: Project, adjudicator: User, stranger: User) -> None:
    statuses = [
        post(api(person), project, body(row("a")), what).status_code
        for person in (adjudicator, stranger)
        for what in ("items", "predictions")
    ]

    assert statuses == [403, 403, 404, 404]


def test_predictions_go_in_and_come_out_the_same(
    api: Any, project: Project, manager: User, viewer: User
) -> None:
    said = {"question": "sentiment", "value": "neutral", "confidence": 0.7, "source": "m", "version": "1"}
    keys = [item.key for item in project.items.order_by("pk")]
    post(api(manager), project, body(*({"key": key, **said} for key in keys)), "predictions")

    path = f"/api/v1/projects/{project.pk}/predictions/"
    page = api(viewer).get(f"{path}?source=m&limit=3").json()
    rest = api(viewer).get(page["next"], headers={"Accept": NDJSON})
    lines = [json.loads(line) for line in rest.content.splitlines()]
    back = post(api(manager), project, body(*page["results"], *lines), "predictions").json()

    assert [one["key"] for one in page["results"] + lines] == keys
    assert (rest["Content-Type"], rest.headers.get("Link")) == (NDJSON, None)
    assert back["summary"] == {"rows": 5, "created": 0, "updated": 0, "unchanged": 5, "refused": 0}


def test_a_page_as_ndjson_tells_the_next_one_in_a_header(api: Any, project: Project, manager: User) -> None:
    said = {"question": "sentiment", "value": "neutral", "source": "m", "version": "1"}
    keys = [item.key for item in project.items.order_by("pk")]
    post(api(manager), project, body(*({"key": key, **said} for key in keys)), "predictions")

    page = api(manager).get(f"/api/v1/projects/{project.pk}/predictions/?limit=2", headers={"Accept": NDJSON})

    assert len(page.content.splitlines()) == 2
    assert page["Link"].endswith('>; rel="next"')


def test_items_are_listed_as_lines_too(api: Any, project: Project, manager: User) -> None:
    path = f"/api/v1/projects/{project.pk}/items/?limit=2"
    page = api(manager).get(path, headers={"Accept": NDJSON})

    first = api(manager).get(path).json()
    assert [json.loads(line)["id"] for line in page.content.splitlines()] == [
        one["id"] for one in first["results"]
    ]
    assert page["Link"] == f'<{first["next"]}>; rel="next"'


@pytest.mark.parametrize("cursor", ["x", "W10", "bnVsbA", "WzEsMiwzLDQsNV0"])
def test_a_cursor_that_is_none(api: Any, project: Project, manager: User, cursor: str) -> None:
    answer = api(manager).get(f"/api/v1/projects/{project.pk}/predictions/?after={cursor}")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["path"] == ["after"]
