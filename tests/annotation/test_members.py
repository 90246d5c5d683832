"""Who may make whom what: the rules of membership, over REST and by page."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from annotation.errors import Conflict, NotAllowed, NotFound
from annotation.models import Lease, Membership, Project, User
from annotation.services import answers, members, queue
from tests.factories import make_member, make_project, make_user


def role_of(project: Project, user: User) -> str | None:
    return Membership.objects.filter(project=project, user=user).values_list("role", flat=True).first()


def url_of(project: Project, user: User | None = None) -> str:
    return f"/api/v1/projects/{project.pk}/members/" + (f"{user.pk}/" if user else "")


# Adding


def test_a_manager_adds_an_annotator_by_name(
    api: Any, project: Project, manager: User, stranger: User
) -> None:
    body = {"username": "Sven", "role": "annotator", "annotation_limit": 10}

    made = api(manager).post(url_of(project), body, format="json")

    assert made.status_code == 201
    assert made.json().items() >= {"user_id": stranger.pk, "username": "sven", "role": "annotator"}.items()
    assert role_of(project, stranger) == "annotator"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"username": "nobody", "role": "annotator"}, 400),
        ({"username": "sven", "role": "king"}, 400),
        ({"username": "sven"}, 400),
        ({"username": "sven", "role": "annotator", "annotation_limit": -1}, 400),
        ({"username": "a\0b", "role": "annotator"}, 400),
        ({"username": "anna", "role": "viewer"}, 409),
    ],
)
def test_who_cannot_be_added_is_not(
    api: Any, project: Project, manager: User, annotator: User, stranger: User, body: Any, status: int
) -> None:
    assert api(manager).post(url_of(project), body, format="json").status_code == status
    assert role_of(project, stranger) is None


def test_who_is_switched_off_is_not_added(project: Project, owner: User, stranger: User) -> None:
    User.objects.filter(pk=stranger.pk).update(is_active=False)

    with pytest.raises(Exception, match="Nobody here is called sven"):
        members.add(project=project, by=owner, username="sven", role="annotator")


def test_only_owners_make_owners(project: Project, manager: User, owner: User, stranger: User) -> None:
    with pytest.raises(NotAllowed):
        members.add(project=project, by=manager, username="sven", role="owner")

    assert members.add(project=project, by=owner, username="sven", role="owner").role == "owner"


@pytest.mark.parametrize("role", ["adjudicator", "annotator", "viewer"])
def test_other_members_add_nobody(api: Any, project: Project, stranger: User, role: str) -> None:
    member = make_member(project, role)

    answer = api(member).post(url_of(project), {"username": "sven", "role": "viewer"}, format="json")

    assert answer.status_code == 403


def test_who_comes_back_goes_on_from_what_they_gave_before(
    project: Project, owner: User, annotator: User
) -> None:
    lease = queue.next_leases(annotator=annotator, project=project).turns[0]
    given = answers.Answer({"sentiment": "positive"}, "n1", 1.0, None)
    answers.submit(annotator=annotator, lease_id=lease.id, given=given, client="", next_count=0)
    members.remove(project=project, by=owner, user_id=annotator.pk)

    member = members.add(project=project, by=owner, username="anna", role="annotator")

    assert member.answered == 1


# Changing and removing


def test_an_owner_hands_over_and_leaves(project: Project, owner: User, manager: User) -> None:
    members.change(project=project, by=owner, user_id=manager.pk, role="owner")

    members.remove(project=project, by=owner, user_id=owner.pk)

    assert role_of(project, manager) == "owner"
    assert role_of(project, owner) is None


def test_the_last_owner_is_neither_demoted_nor_removed(api: Any, project: Project, owner: User) -> None:
    url = url_of(project, owner)

    assert api(owner).patch(url, {"role": "manager"}, format="json").status_code == 409
    assert api(owner).delete(url).status_code == 409
    assert role_of(project, owner) == "owner"


def test_a_manager_does_not_touch_an_owner(project: Project, owner: User, manager: User) -> None:
    make_member(project, "owner")

    with pytest.raises(NotAllowed):
        members.change(project=project, by=manager, user_id=owner.pk, role="viewer")
    with pytest.raises(NotAllowed):
        members.remove(project=project, by=manager, user_id=owner.pk)


def test_a_manager_does_not_promote_themselves(project: Project, manager: User) -> None:
    with pytest.raises(NotAllowed):
        members.change(project=project, by=manager, user_id=manager.pk, role="owner")


@pytest.mark.parametrize(
    "change", [{"role": "viewer"}, {"paused_reason": "holiday"}], ids=["made a viewer", "paused"]
)
def test_who_may_no_longer_label_gives_back_what_they_hold(
    project: Project, owner: User, annotator: User, change: dict[str, str]
) -> None:
    queue.next_leases(annotator=annotator, project=project, count=2)

    members.change(project=project, by=owner, user_id=annotator.pk, **change)

    assert not Lease.objects.filter(state="active").exists()
    assert project.items.filter(open_slots=1).count() == 5


def test_who_is_removed_gives_back_what_they_hold_and_gets_nothing(
    api: Any, project: Project, manager: User, annotator: User
) -> None:
    queue.next_leases(annotator=annotator, project=project, count=2)

    assert api(manager).delete(url_of(project, annotator)).status_code == 204
    assert project.items.filter(open_slots=1).count() == 5
    with pytest.raises(NotFound):
        queue.next_leases(annotator=annotator, project=project)


def test_a_paused_member_reads_the_reason_and_goes_on_when_it_is_gone(
    api: Any, project: Project, manager: User, annotator: User
) -> None:
    url = url_of(project, annotator)

    api(manager).patch(url, {"paused_reason": "Wait for the new guidelines."}, format="json")
    paused = queue.next_leases(annotator=annotator, project=project)
    api(manager).patch(url, {"paused_reason": ""}, format="json")

    assert (paused.status, paused.detail) == ("paused", "Wait for the new guidelines.")
    assert queue.next_leases(annotator=annotator, project=project).status == "ok"


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_a_stranger_is_no_member_to_change(
    api: Any, project: Project, manager: User, stranger: User, method: str
) -> None:
    assert getattr(api(manager), method)(url_of(project, stranger)).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_demote_each_other_at_once_leave_one() -> None:
    first, second = make_user(), make_user()
    project = make_project(owner=first)
    make_member(project, "owner", user=second)
    start, refused = threading.Barrier(2), []

    def demote(by: User, other: User) -> None:
        start.wait()
        try:
            members.change(project=project, by=by, user_id=other.pk, role="viewer")
        except (Conflict, NotAllowed) as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=demote, args=pair) for pair in ((first, second), (second, first))]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    assert len(refused) == 1
    assert Membership.objects.filter(project=project, role="owner").count() == 1


# Lists and pages


def test_the_list_pages_by_user_and_costs_the_same_for_many(
    api: Any, project: Project, viewer: User, django_assert_max_num_queries: Any
) -> None:
    for _ in range(10):
        make_member(project)

    with django_assert_max_num_queries(4):
        first = api(viewer).get(f"{url_of(project)}?limit=7").json()
    second = api(viewer).get(first["next"]).json()

    assert len({row["user_id"] for row in first["results"] + second["results"]}) == 12
    assert second["next"] is None


def test_an_annotator_does_not_see_who_else_is_there(api: Any, project: Project, annotator: User) -> None:
    assert api(annotator).get(url_of(project)).status_code == 403


def test_the_page_costs_the_same_for_many(
    client: Client, project: Project, manager: User, django_assert_max_num_queries: Any
) -> None:
    for _ in range(20):
        make_member(project)
    client.force_login(manager)

    with django_assert_max_num_queries(12):
        page = client.get(f"/projects/{project.pk}/members/")

    assert len(page.context["members"]) == 22


def test_the_page_adds_changes_and_removes(
    client: Client, project: Project, manager: User, stranger: User
) -> None:
    client.force_login(manager)
    page = f"/projects/{project.pk}/members/"

    assert client.post(f"{page}add/", {"username": "sven", "role": "annotator"}).status_code == 302
    form = {"role": "adjudicator", "annotation_limit": "7", "paused_reason": ""}
    assert client.post(f"{page}{stranger.pk}/", form).status_code == 302
    member = Membership.objects.get(project=project, user=stranger)
    assert (member.role, member.annotation_limit) == ("adjudicator", 7)

    client.post(f"{page}{stranger.pk}/remove/")
    assert role_of(project, stranger) is None


def test_the_page_says_who_is_unknown_and_offers_no_owner_to_a_manager(
    client: Client, project: Project, manager: User
) -> None:
    client.force_login(manager)
    url = f"/projects/{project.pk}/members/add/"

    unknown = client.post(url, {"username": "<i>x</i>", "role": "annotator"})
    owner = client.post(url, {"username": "mira", "role": "owner"})

    assert unknown.status_code == 422
    assert "Nobody here is called &lt;i&gt;x&lt;/i&gt;" in unknown.content.decode()
    assert owner.status_code == 422


def test_the_page_of_an_owner_is_closed_to_a_manager(
    client: Client, project: Project, owner: User, manager: User
) -> None:
    client.force_login(manager)
    url = f"/projects/{project.pk}/members/{owner.pk}/"

    assert "Only an owner changes or removes owners" in client.get(url).content.decode()
    assert client.post(url, {"role": "owner", "paused_reason": "x"}).status_code in {403, 422}
    assert client.post(f"{url}remove/").status_code == 403


def test_removing_the_last_owner_by_page_says_why_not(client: Client, project: Project, owner: User) -> None:
    client.force_login(owner)

    answer = client.post(f"/projects/{project.pk}/members/{owner.pk}/remove/", follow=True)

    assert "the last owner" in answer.content.decode()
    assert role_of(project, owner) == "owner"
