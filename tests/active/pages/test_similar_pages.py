"""Similar items as pages and over REST: two faces of one report."""

from __future__ import annotations

from typing import Any

import pytest

from active.models import SimilarSearch
from active.services import similar_index
from annotation import filtering
from annotation.errors import InvalidInput
from annotation.models import Project, User
from tests.active.learning import add
from tests.active.pages.test_learning_pages import seen, send
from tests.factories import make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def ready(project: Project) -> Project:
    add(project, 20)
    SimilarSearch.objects.create(project=project, created_by=project.created_by)
    similar_index.run(project_id=project.pk)
    return project


def page(project: Project, rest: str = "", key: str = "item-00007") -> str:
    return f"/projects/{project.pk}/items/{project.items.get(key=key).pk}/{rest}"


def rest(project: Project, query: str = "", key: str = "item-00007") -> str:
    return f"/api/v1/items/{project.items.get(key=key).pk}/similar/{query}"


def test_the_page_of_an_item_loads_its_neighbours_by_their_own_address(owner: User, ready: Project) -> None:
    card = seen(owner, page(ready, "similar/card/"), htmx=True)

    assert f'hx-get="{page(ready, "similar/card/")}"' in seen(owner, page(ready))
    assert card.count('class="row-link"') == 6
    assert page(ready, key="item-00023") in card
    assert "All similar items" in card


def test_the_card_by_itself_leads_to_the_table(owner: User, ready: Project) -> None:
    seen(owner, page(ready, "similar/card/"), status=302)

    assert seen(owner, page(ready, "similar/")).count('class="row-link"') == 24


def test_a_filter_narrows_the_table_and_says_what_is_wrong_with_it(owner: User, ready: Project) -> None:
    one = seen(owner, page(ready, "similar/?where=key+%3D+%22item-00009%22"))
    none = seen(owner, page(ready, "similar/?where=key+%3D+%22x%22"))
    wrong = seen(owner, page(ready, "similar/?where=nothing+%3D+1"), status=422)

    assert one.count('class="row-link"') == 1
    assert "No similar item fits." in none
    assert "There is no field “nothing”" in wrong


def test_a_button_asks_for_them_and_the_page_says_what_it_waits_for(
    manager: User, viewer: User, project: Project
) -> None:
    key = "item-00001"
    off = seen(manager, page(project, "similar/card/", key), htmx=True)
    assert "A manager can ask for that." in seen(viewer, page(project, "similar/card/", key), htmx=True)
    response = send(manager, f"/projects/{project.pk}/similar/on/", next=page(project, "", key))
    on = seen(viewer, page(project, "similar/card/", key), htmx=True)

    assert "Look for similar items</button>" in off
    assert response.url == page(project, "", key)
    assert "Preparing the vectors" in on
    assert 'hx-trigger="load delay:2s"' in on


def test_the_button_leads_nowhere_else(owner: User, project: Project) -> None:
    response = send(owner, f"/projects/{project.pk}/similar/on/", next="//evil.example/")

    assert response.url == f"/projects/{project.pk}/items/"


def test_only_who_configures_may_remove_the_vectors(owner: User, viewer: User, ready: Project) -> None:
    off = f"/projects/{ready.pk}/similar/off/"

    assert "Remove the 25 vectors" not in seen(viewer, page(ready, "similar/"))
    assert send(viewer, off).status_code == 403
    assert "Remove the 25 vectors" in seen(owner, page(ready, "similar/"))
    assert send(owner, off).status_code == 302
    assert "Look for similar items" in seen(owner, page(ready, "similar/"))


def test_annotators_and_strangers_see_none_of_it(annotator: User, stranger: User, ready: Project) -> None:
    seen(annotator, page(ready, "similar/"), status=403)
    seen(stranger, page(ready, "similar/"), status=404)
    seen(annotator, page(ready, "similar/card/"), status=403, htmx=True)


def test_an_item_of_another_project_is_not_there(owner: User, ready: Project) -> None:
    other = make_project(owner=owner, items=1)

    seen(owner, f"/projects/{ready.pk}/items/{other.items.get().pk}/similar/", status=404)


def test_rest_tells_items_and_distances(api: Any, owner: User, ready: Project) -> None:
    found = api(owner).get(rest(ready, "?limit=3&where=state+%3D+open")).json()

    assert [set(row) for row in found["results"]] == [
        {"item", "key", "state", "text", "similarity", "distance"}
    ] * 3
    assert all(row["similarity"] == pytest.approx(1 - row["distance"]) for row in found["results"])
    assert found["encoder"] == 1


@pytest.mark.parametrize("query", ["?limit=0", "?limit=201", "?where=state+%3D"])
def test_rest_refuses_what_it_cannot_answer(api: Any, owner: User, ready: Project, query: str) -> None:
    assert api(owner).get(rest(ready, query)).status_code == 400


def test_rest_says_what_to_do_where_there_are_no_vectors(
    api: Any, manager: User, viewer: User, project: Project
) -> None:
    client, here = api(manager), f"/api/v1/projects/{project.pk}/similar/"
    missing = client.get(rest(project, key="item-00001"))
    assert missing.status_code == 409
    assert "POST" in missing.json()["detail"]
    assert client.get(here).status_code == 404
    assert client.post(here).status_code == 202
    assert client.get(here).json()["ready"] is False
    similar_index.run(project_id=project.pk)
    assert (
        client.get(here).json() | {"ready": True, "status": "done", "vectors": 5} == client.get(here).json()
    )
    assert api(viewer).post(here).status_code == api(viewer).delete(here).status_code == 403
    assert client.delete(here).status_code == 204
    assert client.get(here).status_code == 404


def test_the_neighbours_are_a_filter_of_every_list(ready: Project) -> None:
    where = filtering.checked(ready, 'similar = "item-00007" and key != "item-00009"', gold=False)

    assert filtering.matching(ready, where).count() == 23
    with pytest.raises(InvalidInput, match="no item with the key"):
        filtering.checked(ready, 'similar = "x"', gold=False)
