"""Near-duplicates of a whole project: looked for by a worker, shown in pairs, retired or kept."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from annotation.errors import Conflict, InvalidInput, NotAllowed, NotFound
from annotation.models import Alike, AlikeSearch, BulkAction, Item, Likeness, Project, User
from annotation.services import alike, alike_search, bulk, items
from tests.annotation.importing.test_picture_likeness import saved, scene
from tests.annotation.importing.uploads import imported
from tests.annotation.test_import_alike import FOX, SKY, marks
from tests.factories import make_item, make_member, make_project, make_schema

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(owner: User) -> Project:
    return make_project(owner=owner)


def add(project: Project, **texts: str) -> None:
    Item.objects.bulk_create(make_item(project, key, {"text": text}) for key, text in texts.items())


def looked(project: Project, threshold: float = 0.8) -> AlikeSearch:
    alike.request(project=project, by=project.created_by, threshold=threshold)
    alike_search.run(project_id=project.pk)
    return AlikeSearch.objects.get(pk=project.pk)


def test_every_item_is_held_against_all_earlier_ones(project: Project) -> None:
    add(project, a=FOX, b=SKY, c=FOX + "!", d="Beans on toast, again and again", e=SKY.upper())

    search = looked(project)

    assert (search.state, search.done, search.total, search.found) == ("done", 5, 5, 2)
    assert marks(project) == {"c": "a", "e": "b"}


def test_parts_know_of_each_other(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alike_search, "_AT_ONCE", 3)
    add(project, **{f"k{n:02}": f"{FOX} {n % 5}{n % 5}{n % 5}{n % 5}{n % 5}{n % 5}" for n in range(20)})

    assert looked(project, threshold=1).found == 15
    assert marks(project) == {f"k{n:02}": f"k{n % 5:02}" for n in range(5, 20)}


def test_looking_again_marks_anew(project: Project) -> None:
    add(project, a=FOX, b=FOX.replace("lazy", "sleepy"), c=SKY, d=SKY)
    looked(project, 0.7)
    assert marks(project) == {"b": "a", "d": "c"}

    assert looked(project, 1).found == 1
    assert marks(project) == {"d": "c"}


def test_a_worker_that_died_leaves_the_rest_to_the_next(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alike_search, "_AT_ONCE", 2)
    add(project, a=FOX, b=FOX, c=SKY, d=SKY, e=FOX, f=SKY)
    write, written = alike_search._write, []

    def dying(*given: Any) -> None:
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(given)
        write(*given)

    monkeypatch.setattr(alike_search, "_write", dying)
    with pytest.raises(KeyboardInterrupt):
        looked(project)
    monkeypatch.setattr(alike_search, "_write", write)
    AlikeSearch.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))
    alike_search.run(project_id=project.pk)

    search = AlikeSearch.objects.get()
    assert (search.state, search.found, search.done) == ("done", 4, 6)
    assert marks(project) == {"b": "a", "d": "c", "e": "a", "f": "c"}


def test_retired_items_stay_out_of_it(project: Project) -> None:
    add(project, a=FOX, b=FOX, c=FOX)
    items.retire(item_id=project.items.get(key="a").pk, by=project.created_by)

    looked(project)

    assert marks(project) == {"c": "b"}


def test_pictures_are_compared_by_what_they_look_like(project: Project) -> None:
    make_schema(project, fields=[{"name": "image", "type": "image"}])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, data in {
            "a.png": saved(scene(1)),
            "b.png": saved(scene(2)),
            "c.jpg": saved(scene(1), "JPEG"),
        }.items():
            packed.writestr(name, data)
    imported(project, out.getvalue(), "x.zip")

    assert looked(project).found == 1
    (pair,) = Alike.objects.select_related("item", "of")
    assert (pair.of.payload, pair.item.payload) == ({"image": "a.png"}, {"image": "c.jpg"})


def test_sketches_are_made_once(project: Project) -> None:
    add(project, a=FOX, b=SKY)
    looked(project)
    before = set(Likeness.objects.values_list("item", "recipe"))

    looked(project)

    assert set(Likeness.objects.values_list("item", "recipe")) == before
    assert len(before) == 2


def test_asking_twice_is_asking_once(project: Project) -> None:
    first = alike.request(project=project, by=project.created_by)
    again = alike.request(project=project, by=project.created_by, threshold=0.9)

    assert (again.pk, again.threshold) == (first.pk, 0.8)


@pytest.mark.parametrize("threshold", [0.5, 1.1, float("nan")])
def test_a_threshold_that_means_nothing_is_refused(project: Project, threshold: float) -> None:
    with pytest.raises(InvalidInput):
        alike.request(project=project, by=project.created_by, threshold=threshold)


def test_of_each_pair_the_later_one_is_retired(project: Project) -> None:
    add(project, a=FOX, b=FOX, c=FOX, d=SKY)
    looked(project)

    for action in alike.retire_all(project=project, by=project.created_by):
        bulk.run(action_id=action.pk)

    assert dict(project.items.values_list("key", "state")) == {
        "a": "open", "b": "retired", "c": "retired", "d": "open",
    }  # fmt: skip
    with pytest.raises(Conflict):
        alike.retire_all(project=project, by=project.created_by)


def test_a_pair_of_which_one_is_retired_is_settled(project: Project) -> None:
    add(project, a=FOX, b=FOX, c=FOX)
    looked(project)
    items.retire(item_id=project.items.get(key="a").pk, by=project.created_by)

    assert alike.pairs_open(project) == []


def test_both_can_be_kept(project: Project) -> None:
    add(project, a=FOX, b=FOX)
    looked(project)
    item = project.items.get(key="b")

    alike.keep_both(item_id=item.pk, by=project.created_by)

    assert marks(project) == {}
    with pytest.raises(NotFound):
        alike.retire(item_id=item.pk, by=project.created_by)


def test_only_who_imports_may_look_and_retire(project: Project) -> None:
    viewer = make_member(project, "viewer")

    with pytest.raises(NotAllowed):
        alike.request(project=project, by=viewer)
    with pytest.raises(NotAllowed):
        alike.retire_all(project=project, by=viewer)


def page(user: User, path: str, *, post: bool = False, status: int = 200, **data: Any) -> Any:
    client = Client()
    client.force_login(user)
    response = client.post(path, data) if post else client.get(path)
    assert response.status_code == status
    return response


def body(user: User, path: str, **data: Any) -> str:
    return str(page(user, path, **data).content.decode())


def test_the_page_shows_pairs_side_by_side_with_what_to_do(owner: User, project: Project) -> None:
    here = f"/projects/{project.pk}/alike/"
    assert "Nobody has looked yet." in body(owner, here)
    page(owner, f"{here}find/", post=True, status=302, threshold="0.75")
    assert "Waiting for a worker" in body(owner, here)
    add(project, a=FOX, b=FOX + "!")
    alike_search.run(project_id=project.pk)

    shown = body(owner, here)
    assert shown.count('class="stack stack-sm alike-side"') == 2
    assert "Similarity 1.00" in shown
    later = project.items.get(key="b").pk
    page(owner, f"{here}{later}/retire/", post=True, status=302)
    assert project.items.get(key="b").state == "retired"
    assert "No near-duplicates." in body(owner, here)


def test_the_buttons_keep_both_or_retire_all(owner: User, project: Project) -> None:
    add(project, a=FOX, b=FOX, c=SKY, d=SKY)
    looked(project)
    here = f"/projects/{project.pk}/alike/"

    page(owner, f"{here}{project.items.get(key='b').pk}/keep/", post=True, status=302)
    page(owner, f"{here}retire/", post=True, status=302)

    assert marks(project) == {"d": "c"}
    assert BulkAction.objects.get().items == [project.items.get(key="d").pk]


def test_a_wrong_threshold_comes_back_with_the_form(owner: User, project: Project) -> None:
    here = f"/projects/{project.pk}/alike/"

    assert "greater than or equal to 0.7" in body(
        owner, f"{here}find/", post=True, status=422, threshold="0.1"
    )
    assert not AlikeSearch.objects.exists()


def test_readers_see_the_pairs_and_no_buttons(stranger: User, project: Project) -> None:
    add(project, a=FOX, b=FOX)
    looked(project)
    reader = make_member(project, "viewer")
    here = f"/projects/{project.pk}/alike/"

    shown = body(reader, here)
    assert "Similarity 1.00" in shown
    assert "Retire" not in shown
    page(reader, f"{here}find/", post=True, status=403, threshold="0.8")
    page(make_member(project, "annotator"), here, status=403)
    page(stranger, here, status=404)


def test_an_item_says_what_it_is_nearly_the_same_as(owner: User, project: Project) -> None:
    add(project, a=FOX, b=FOX, c=FOX)
    looked(project)
    urls = {key: f"/projects/{project.pk}/items/{pk}/" for key, pk in project.items.values_list("key", "pk")}

    first, last = body(owner, urls["a"]), body(owner, urls["c"])
    assert f'href="{urls["b"]}"' in first
    assert f'href="{urls["c"]}"' in first
    assert "1.00, earlier" in last


def test_rest_does_what_pages_do(api: Any, owner: User, project: Project) -> None:
    client, here = api(owner), f"/api/v1/projects/{project.pk}/near-duplicates/"
    assert client.get(f"{here}search/").status_code == 404
    assert client.post(f"{here}search/", {"threshold": 0.6}, format="json").status_code == 400
    assert client.post(f"{here}search/", {"threshold": 0.9}, format="json").json()["status"] == "waiting"
    add(project, a=FOX, b=FOX, c=FOX)
    alike_search.run(project_id=project.pk)

    assert client.get(f"{here}search/").json()["found"] == 2
    first = client.get(f"{here}?limit=1").json()
    assert [(row["key"], row["of_key"], row["similarity"]) for row in first["results"]] == [("b", "a", 1.0)]
    assert [row["key"] for row in client.get(first["next"]).json()["results"]] == ["c"]
    item = first["results"][0]["item"]
    assert client.delete(f"/api/v1/items/{item}/near-duplicate/").status_code == 204
    assert client.delete(f"/api/v1/items/{item}/near-duplicate/").status_code == 404


def test_an_item_whose_content_changes_is_compared_anew(project: Project) -> None:
    add(project, a=FOX, b=FOX, c=SKY)
    looked(project)
    project.items.filter(key="b").update(payload={"text": SKY})

    assert marks(project) == {}
    looked(project)
    assert marks(project) == {"c": "b"}
