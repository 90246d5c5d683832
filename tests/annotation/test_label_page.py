"""What the server sends for the labeling page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from annotation.models import Lease, Project, User
from annotation.pages.label import MODULES
from annotation.reports.remaining import _OPEN_TO_ME
from annotation.services import queue
from tests.factories import make_item, make_member, make_project, make_schema, make_user

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
NAME = "0123456789abcdef" * 2


def get(user: User, project: Project, **headers: Any) -> Any:
    return signed_in(user).get(f"/projects/{project.pk}/label/", **headers)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def data(response: Any, name: str) -> Any:
    found = re.search(
        rf'<script id="label-{name}" type="application/json">(.*?)</script>', response.content.decode()
    )
    assert found
    return json.loads(found[1])


def test_the_first_items_are_leased_and_in_the_page(project: Project, annotator: User) -> None:
    response = get(annotator, project)

    following = data(response, "next")
    assert [lease["item"]["key"] for lease in following["leases"]] == [f"item-{n:05}" for n in range(5)]
    assert Lease.objects.filter(annotator=annotator, client=data(response, "config")["client"]).count() == 5
    assert b"Text number 0." in response.content
    assert "no-store" in response["Cache-Control"]


def test_a_tab_that_comes_back_gets_its_own_items(project: Project, annotator: User) -> None:
    client = signed_in(annotator)
    first = client.get(f"/projects/{project.pk}/label/")
    name = data(first, "config")["client"]
    client.cookies["label_client"] = f"{name}.{NAME}"
    again = client.get(f"/projects/{project.pk}/label/")

    assert data(again, "config")["client"] == name
    assert data(again, "next")["leases"] == data(first, "next")["leases"]
    assert again.cookies["label_client"].value == NAME
    assert Lease.objects.count() == 5


def test_a_made_up_name_is_not_taken(project: Project, annotator: User) -> None:
    client = signed_in(annotator)
    client.cookies["label_client"] = "'; DROP TABLE--"
    response = client.get(f"/projects/{project.pk}/label/")

    assert re.fullmatch("[0-9a-f]{32}", data(response, "config")["client"])
    assert response.cookies["label_client"].value == ""


def test_a_page_loaded_on_suspicion_reserves_nothing(project: Project, annotator: User) -> None:
    response = get(annotator, project, headers={"Sec-Purpose": "prefetch;prerender"})

    assert data(response, "next")["leases"] == []
    assert not Lease.objects.exists()


def test_what_is_left_counts_what_this_person_may_still_get(project: Project, annotator: User) -> None:
    project.memberships.filter(user=annotator).update(answered=3)
    other = queue.next_leases(annotator=make_member(project), project=project, count=2, client="x")

    assert len(other.turns) == 2
    assert data(get(annotator, project), "config")["left"] == 3


def test_much_that_is_left_is_not_counted_to_the_end(annotator: User) -> None:
    project = make_project(items=1010)
    make_member(project, user=annotator)
    response = get(annotator, project)

    assert data(response, "config")["left"] is None
    assert b"1,000+" in response.content


def test_roles(project: Project, viewer: User, stranger: User, adjudicator: User) -> None:
    assert get(viewer, project).status_code == 403
    assert get(stranger, project).status_code == 404
    assert get(adjudicator, project).status_code == 200
    assert Client().get(f"/projects/{project.pk}/label/").status_code == 302


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda project: Project.objects.update(archived_at=timezone.now()), "This project is archived"),
        (lambda project: Project.objects.update(schema=None), "There are no questions yet"),
        (lambda project: project.items.all().delete(), "There is nothing to label yet"),
    ],
)
def test_where_nothing_can_be_labeled_the_page_says_why(
    project: Project, manager: User, annotator: User, spoil: Any, words: str
) -> None:
    spoil(project)

    assert words in get(manager, project).content.decode()
    assert words in get(annotator, project).content.decode()
    assert not Lease.objects.exists()


def test_an_administrator_who_is_no_member_is_told_so(project: Project, admin: User) -> None:
    assert "You are not a member of this project" in get(admin, project).content.decode()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"paused_reason": "Please <call> me"}, "Please &lt;call&gt; me"),
        ({"annotation_limit": 0}, "You have reached your limit"),
    ],
)
def test_members_who_may_not_go_on_are_told_why(
    project: Project, annotator: User, values: dict[str, Any], words: str
) -> None:
    project.memberships.filter(user=annotator).update(**values)

    assert words in get(annotator, project).content.decode()
    assert not Lease.objects.exists()


def test_each_kind_of_field_is_shown_as_such() -> None:
    user = make_user()
    project = make_project()
    make_member(project, user=user)
    fields = [{"name": kind, "type": kind} for kind in ("text", "number", "link", "image", "hidden")]
    make_schema(project, fields=fields)
    payload = {
        "text": "<i>",
        "number": 3.5,
        "link": "javascript:alert(1)",
        "image": "a b/c?.png",
        "hidden": "secret-7",
        "no": 1,
    }
    make_item(project, "k", payload).save()
    html = get(user, project).content.decode()

    assert '<div class="item-text" dir="auto">&lt;i&gt;</div>' in html
    assert '<div class="item-number tabular">3.5</div>' in html
    assert '<div class="item-text" dir="auto">javascript:alert(1)</div>' in html
    assert f'src="/projects/{project.pk}/media/a%20b/c%3F.png"' in html
    assert html.count("secret-7") == 1  # for the scripts, as every payload


def test_without_fields_everything_is_shown_as_text(annotator: User) -> None:
    project = make_project()
    make_member(project, user=annotator)
    make_schema(project, fields=[])
    make_item(project, "k", {"a": "first", "b": {"c": 1}}).save()
    html = get(annotator, project).content.decode()

    assert '<h3 class="item-field">a</h3><div class="item-text" dir="auto">first</div>' in html
    assert '<h3 class="item-field">b</h3>' in html


def test_every_script_of_the_page_is_preloaded() -> None:
    """Else the browser finds it out import by import."""
    found: set[str] = set()
    waiting = ["js/label/main.js"]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            imports = re.findall(r'from "(\..*?)"', (ROOT / "static" / path).read_text())
            folder = (ROOT / "static" / path).parent
            waiting += [str((folder / name).resolve().relative_to(ROOT / "static")) for name in imports]

    assert found == set(MODULES)


def test_every_action_is_in_the_docs() -> None:
    actions = re.findall(r'^  (\w+): \["', (ROOT / "static/js/label/keys.js").read_text(), re.MULTILINE)
    told = re.findall(r"^\| .+ \| `(\w+)` \|$", (ROOT / "docs/labeling-page.md").read_text(), re.MULTILINE)

    assert actions
    assert told == actions


def test_what_is_left_is_counted_along_the_index_of_the_queue(project: Project, annotator: User) -> None:
    scope = {"annotator": annotator.pk, "project": project.pk, "priority": 0.0, "item": 0, "most": 9}
    with connection.cursor() as cursor:
        # So few rows would not need an index.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN {_OPEN_TO_ME}", scope)
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "using item_queue" in plan
