"""Making, changing, archiving and listing projects, over REST and by page."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from annotation.models import Item, Project, User
from annotation.services import projects, queue
from tests.factories import SENTIMENT, make_project, make_user

RULES = {
    "description": "Which mood?",
    "guidelines": "Read *all* of it.\n",
    "annotations_per_item": 3,
    "lease_minutes": 10,
    "skip_policy": "drop",
    "annotation_limit": 100,
}
# As the page says them.
SETTINGS = {
    "annotations_at_most": 5,
    "target_confidence": 90,
    "gold_rate": "2.5",
    "gold_bar": 70,
    "gold_feedback": "on",
    "training_questions": 10,
    "training_bar": 80,
    "adjudicate_own": "on",
}


def create(client: Any, **body: Any) -> Any:
    return client.post(
        "/api/v1/projects/", {"name": "Moods", "annotations_per_item": 1, **body}, format="json"
    )


# Making


def test_a_project_is_made_with_its_schema_in_one_request(api: Any, owner: User) -> None:
    schema = {"fields": [{"name": "text", "type": "text"}], "questions": SENTIMENT}

    made = create(api(owner), **RULES, schema=schema)

    assert made.status_code == 201
    body = made.json()
    assert body.items() >= {**RULES, "name": "Moods", "role": "owner", "archived_at": None}.items()
    assert body["schema"]["version"] == 1
    assert body["schema"]["questions"][0]["name"] == "sentiment"
    assert api(owner).get(body["url"]).json() == body


def test_a_project_without_questions_has_no_schema_yet(api: Any, owner: User) -> None:
    assert create(api(owner)).json()["schema"] is None


def test_a_wrong_schema_leaves_no_project_behind(api: Any, owner: User) -> None:
    answer = create(api(owner), schema={"questions": [{"name": "x", "type": "no such type"}]})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["path"][:3] == ["schema", "questions", 0]
    assert not Project.objects.exists()


def test_who_may_not_create_projects_is_told_so(api: Any, stranger: User) -> None:
    answer = create(api(stranger))

    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"name": ""}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": 5}, "name"),
        ({"annotations_per_item": 0}, "annotations_per_item"),
        ({"annotations_per_item": 101}, "annotations_per_item"),
        ({"annotations_per_item": 10**30}, "annotations_per_item"),
        ({"lease_minutes": 0}, "lease_minutes"),
        ({"skip_policy": "never"}, "skip_policy"),
        ({"annotation_limit": -1}, "annotation_limit"),
        ({"guidelines": "x" * 100_001}, "guidelines"),
        ({"guidelines": "a\0b"}, "guidelines"),
        ({"schema": []}, "schema"),
        ({"schema": {"questions": "none"}}, "schema"),
    ],
)
def test_a_project_that_cannot_be_is_refused_with_the_path(
    api: Any, owner: User, body: Any, path: str
) -> None:
    answer = create(api(owner), **body)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["path"][0] == path


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"text"', b"\xff"])
def test_a_body_that_is_no_object_is_refused(api: Any, owner: User, body: bytes) -> None:
    answer = api(owner).post("/api/v1/projects/", body, content_type="application/json")

    assert answer.status_code == 400


# Changing


def test_a_manager_changes_words_and_rules(api: Any, project: Project, manager: User) -> None:
    answer = api(manager).patch(f"/api/v1/projects/{project.pk}/", {**RULES, "name": "New"}, format="json")

    assert answer.status_code == 200
    assert answer.json().items() >= {**RULES, "name": "New", "role": "manager"}.items()


def test_another_overlap_goes_to_every_item_that_is_there(
    project: Project, owner: User, annotator: User
) -> None:
    queue.next_leases(annotator=annotator, project=project, count=1)

    projects.change(project=project, by=owner, annotations_per_item=3)

    assert set(project.items.values_list("wanted", flat=True)) == {3}
    assert sorted(project.items.values_list("open_slots", flat=True)) == [2, 3, 3, 3, 3]


def test_a_change_to_the_same_changes_nothing(
    project: Project, owner: User, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(4):
        projects.change(project=project, by=owner, name=project.name, annotations_per_item=1)


def test_an_archived_project_is_restored_before_it_is_changed(
    api: Any, project: Project, owner: User
) -> None:
    client, url = api(owner), f"/api/v1/projects/{project.pk}/"

    assert client.post(f"{url}archive/").json()["archived_at"]
    assert client.patch(url, {"name": "New"}, format="json").status_code == 409
    assert client.post(f"{url}restore/").json()["archived_at"] is None
    assert client.patch(url, {"name": "New"}, format="json").status_code == 200


def test_nobody_gets_items_of_an_archived_project(project: Project, owner: User, annotator: User) -> None:
    projects.archive(project=project, by=owner)

    assert queue.next_leases(annotator=annotator, project=project).status == "finished"


def test_a_manager_does_not_archive(api: Any, project: Project, manager: User) -> None:
    assert api(manager).post(f"/api/v1/projects/{project.pk}/archive/").status_code == 403


def test_an_annotator_does_not_change_the_project(api: Any, project: Project, annotator: User) -> None:
    assert (
        api(annotator).patch(f"/api/v1/projects/{project.pk}/", {"name": "x"}, format="json").status_code
        == 403
    )


@pytest.mark.parametrize("project_id", [0, 10**30])
def test_a_project_that_is_not_there_is_not_found(api: Any, owner: User, project_id: int) -> None:
    assert api(owner).get(f"/api/v1/projects/{project_id}/").status_code == 404


# Listing


def test_everybody_lists_the_projects_that_they_are_in(api: Any, project: Project, annotator: User) -> None:
    make_project()

    found = api(annotator).get("/api/v1/projects/").json()["results"]

    assert [(row["id"], row["role"]) for row in found] == [(project.pk, "annotator")]


def test_an_administrator_lists_all_as_owner(api: Any, project: Project, admin: User) -> None:
    found = api(admin).get("/api/v1/projects/").json()["results"]

    assert [(row["id"], row["role"]) for row in found] == [(project.pk, "owner")]


def test_archived_projects_are_listed_apart_and_pages_follow_each_other(api: Any, owner: User) -> None:
    active = [make_project(owner=owner) for _ in range(3)]
    projects.archive(project=active[1], by=owner)

    first = api(owner).get("/api/v1/projects/?limit=1").json()
    second = api(owner).get(first["next"]).json()
    archived = api(owner).get("/api/v1/projects/?archived=true").json()

    assert [row["id"] for row in first["results"] + second["results"]] == [active[0].pk, active[2].pk]
    assert [row["id"] for row in archived["results"]] == [active[1].pk]


# Pages


def test_the_list_costs_the_same_for_one_project_and_for_twenty(
    client: Client, owner: User, django_assert_max_num_queries: Any
) -> None:
    for _ in range(20):
        make_project(owner=owner, items=1)
    client.force_login(owner)

    with django_assert_max_num_queries(6):
        page = client.get("/")

    assert len(page.context["rows"]) == 20


def test_the_list_says_what_each_member_can_do_next(client: Client, owner: User) -> None:
    ready, empty = make_project(owner=owner, items=1), make_project(owner=owner)
    mute = make_project(owner=owner, items=1)
    Project.objects.filter(pk=mute.pk).update(schema=None)
    client.force_login(owner)

    steps = {row.project.pk: row.step for row in client.get("/").context["rows"]}

    assert steps == {ready.pk: "label", empty.pk: "import", mute.pk: "schema"}


def test_the_list_is_searched_and_turned_page_by_page(client: Client, owner: User) -> None:
    for number in range(30):
        make_project(owner=owner)
        Project.objects.filter(pk=Project.objects.latest("pk").pk).update(name=f"Study {number}")
    client.force_login(owner)

    first = client.get("/?q=study")
    second = client.get("/" + first.context["next"])

    names = [row.project.name for page in (first, second) for row in page.context["rows"]]
    assert names == [f"Study {number}" for number in reversed(range(30))]
    assert "No project matches" in client.get("/?q=zebra").content.decode()


@pytest.mark.parametrize("query", ["q=%00", "before=x", f"before={10**30}", "archived=9"])
def test_a_strange_query_still_shows_the_list(
    client: Client, project: Project, owner: User, query: str
) -> None:
    client.force_login(owner)

    assert client.get(f"/?{query}").status_code == 200


def test_who_has_no_project_is_told_whom_to_ask(client: Client, stranger: User) -> None:
    client.force_login(stranger)

    page = client.get("/").content.decode()

    assert "A manager adds you by your user name" in page
    assert "sven" in page


def test_the_new_project_form_makes_a_project_and_shows_the_way_on(client: Client, owner: User) -> None:
    client.force_login(owner)
    form = {
        "name": "Moods",
        "annotations_per_item": 2,
        "skip_policy": "later",
        "guidelines": " keep\n  this ",
    }

    made = client.post("/projects/new/", form)

    project = Project.objects.get()
    assert made.url == f"/projects/{project.pk}/"
    assert (project.annotations_per_item, project.skip_policy) == (2, "later")
    assert project.guidelines.split() == ["keep", "this"]
    assert [step.done for step in client.get(made.url).context["steps"]] == [False, False, False, False]


def test_a_form_with_faults_comes_back_with_them(client: Client, owner: User) -> None:
    client.force_login(owner)

    answer = client.post("/projects/new/", {"name": "", "annotations_per_item": 500, "skip_policy": "later"})

    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"name", "annotations_per_item"}


def test_who_may_not_create_projects_does_not_see_the_form(client: Client, stranger: User) -> None:
    client.force_login(stranger)

    assert client.get("/projects/new/").status_code == 403
    assert "New project" not in client.get("/").content.decode()


def test_names_and_guidelines_are_never_markup(client: Client, owner: User) -> None:
    evil = "<script>alert(1)</script>"
    project = make_project(
        owner=owner, items=1, description=evil, guidelines=f"{evil}\n\n[x](javascript:alert(1))"
    )
    Project.objects.filter(pk=project.pk).update(name=evil)
    client.force_login(owner)

    for url in ("/", f"/projects/{project.pk}/", f"/projects/{project.pk}/settings/"):
        page = client.get(url).content.decode()
        assert evil not in page
        assert 'href="javascript' not in page


def test_the_preview_shows_markdown_without_markup_of_people(client: Client, stranger: User) -> None:
    client.force_login(stranger)

    page = client.post("/projects/markdown/", {"guidelines": "**bold** <img src=x onerror=alert(1)>"})

    assert "<strong>bold</strong>" in page.content.decode()
    assert "<img" not in page.content.decode()


def test_the_settings_page_saves_every_rule(client: Client, project: Project, manager: User) -> None:
    client.force_login(manager)

    sent = {**RULES, **SETTINGS, "name": "New"}
    assert client.post(f"/projects/{project.pk}/settings/", sent).status_code == 302
    project.refresh_from_db()
    assert project.annotations_per_item == 3
    assert (project.annotations_at_most, project.target_confidence, project.gold_rate) == (5, 0.9, 0.025)
    assert (project.gold_bar, project.training_questions, project.training_bar) == (0.7, 10, 0.8)
    assert (project.gold_feedback, project.adjudicate_own) == (True, True)
    assert Item.objects.filter(project=project, wanted=3).count() == 5


def test_only_an_owner_is_offered_to_archive(
    client: Client, project: Project, manager: User, owner: User
) -> None:
    client.force_login(manager)
    assert "Archive project" not in client.get(f"/projects/{project.pk}/settings/").content.decode()

    client.force_login(owner)
    assert "Archive project" in client.get(f"/projects/{project.pk}/settings/").content.decode()
    client.post(f"/projects/{project.pk}/archive/")
    cache.clear()
    assert "Restore" in client.get(f"/projects/{project.pk}/").content.decode()


def test_an_address_under_api_that_does_not_exist_is_a_problem_document(client: Client, db: None) -> None:
    client.force_login(make_user())

    answer = client.get("/api/v1/nothing/")

    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_settings_from_an_old_page_leave_alone_what_others_have_changed(
    client: Client, project: Project, manager: User
) -> None:
    client.force_login(manager)
    here = f"/projects/{project.pk}/settings/"
    old = client.get(here).context["form"]
    shown = {name: old[name].value() for name in old.fields}
    sent = {name: "" if value is None else value for name, value in shown.items()}
    Project.objects.filter(pk=project.pk).update(description="Written meanwhile", lease_minutes=7)

    client.post(here, {**sent, **{f"initial-{name}": value for name, value in sent.items()}, "name": "New"})

    project.refresh_from_db()
    assert (project.name, project.description, project.lease_minutes) == ("New", "Written meanwhile", 7)


RIGOUR = {
    "annotations_at_most": 5,
    "target_confidence": 0.9,
    "gold_rate": 0.1,
    "gold_exposures": 20,
    "gold_feedback": True,
    "gold_bar": 0.7,
    "training_questions": 5,
    "training_bar": 0.6,
    "adjudicate_own": True,
    "anonymous_answers": False,
}


def test_the_rules_of_trust_are_there_over_rest(
    api: Any, project: Project, manager: User, admin: User
) -> None:
    changed = api(manager).patch(f"/api/v1/projects/{project.pk}/", RIGOUR, format="json")
    made = create(api(admin), **RIGOUR)

    assert (changed.status_code, made.status_code) == (200, 201)
    for body in (changed.json(), made.json(), api(manager).get(f"/api/v1/projects/{project.pk}/").json()):
        assert RIGOUR.items() <= body.items()


@pytest.mark.parametrize("first", [{}, {"annotations_at_most": 3}])
def test_at_most_is_never_below_at_least(api: Any, project: Project, manager: User, first: Any) -> None:
    url = f"/api/v1/projects/{project.pk}/"
    api(manager).patch(url, first, format="json")
    body = {"annotations_per_item": 4} if first else {"annotations_per_item": 4, "annotations_at_most": 2}

    answer = api(manager).patch(url, body, format="json")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["path"] == ["annotations_at_most"]


def test_the_settings_page_tells_what_does_not_go_together(
    client: Client, project: Project, manager: User
) -> None:
    client.force_login(manager)
    Project.objects.filter(pk=project.pk).update(gold_bar=0.5)
    here = f"/projects/{project.pk}/settings/"

    assert "there are none yet" in client.get(here).content.decode()
    answer = client.post(here, {**RULES, **SETTINGS, "name": "New", "annotations_at_most": 2})
    assert answer.status_code == 422
    assert "At most must not be less than the 3 answers" in answer.content.decode()
