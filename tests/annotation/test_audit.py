"""Who changed what: recorded by the database, told in words."""

from __future__ import annotations

import pytest
from django.db import connection
from django.utils import timezone

from annotation.models import ApiToken, Flag, GoldQuestion, Item, Membership, Project, User
from annotation.reports.audit import Wanted, item_events, project_events
from tests.factories import make_dataset, make_items, make_member, make_project, make_schema, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(project):
    return f"/api/v1/projects/{project.pk}/audit/"


@pytest.fixture
def boss(api, owner):
    return api(owner)


def told(project, **wanted):
    return [event.text for event in project_events(project=project, wanted=Wanted(**wanted))]


def changed(project, **wanted):
    [event, *_] = project_events(project=project, wanted=Wanted(**wanted))
    return [(one.field, one.before, one.after) for one in event.changes]


def test_a_change_of_role_reads_in_words(project, annotator):
    Membership.objects.filter(user=annotator).update(role="adjudicator")

    assert told(project, kinds=("membership",))[0] == "changed anna's membership"
    assert changed(project, kinds=("membership",)) == [("role", "annotator", "adjudicator")]


def test_times_read_in_words(project):
    Project.objects.filter(pk=project.pk).update(archived_at="2026-11-25T03:04:02.203955Z")

    assert changed(project, kinds=("project",)) == [("archived at", "nothing", "2026-11-25 03:04:02 UTC")]


def test_joining_and_leaving(project, annotator):
    Membership.objects.get(user=annotator).delete()

    assert told(project, kinds=("membership",))[:2] == ["removed anna (annotator)", "added anna as annotator"]


def test_changes_of_the_project(project):
    project.name, project.guidelines = "Other", "Be kind."
    project.save()
    Project.objects.filter(pk=project.pk).update(archived_at=timezone.now())

    texts = told(project, kinds=("project",))
    assert texts[0] == "archived the project"
    assert texts[1] == "changed the project"
    events = project_events(project=project, wanted=Wanted(kinds=("project",)))
    assert {(one.field, one.before is None) for one in events[1].changes} == {
        ("name", False),
        ("guidelines", True),
    }


def test_a_new_schema_version(project):
    make_schema(project)

    assert told(project, kinds=("schema",))[0] == "added version 2 of the schema"
    assert changed(project, kinds=("project",)) == [("schema", "version 1", "version 2")]


def test_datasets_gold_and_flags(project, owner, annotator):
    dataset = make_dataset(project)
    type(dataset).objects.filter(pk=dataset.pk).update(state="done")
    item = project.items.first()
    gold = GoldQuestion.objects.create(
        item=item, project=project, schema=project.schema, answer={"sentiment": "positive"}, created_by=owner
    )
    gold.delete()
    Flag.objects.create(item=item, author=annotator, reason="<script>")
    Flag.objects.update(closed_at=timezone.now(), closed_by=owner)

    assert told(project, kinds=("dataset",)) == ["dataset “first”: done", "uploaded the dataset “first”"]
    assert told(project, kinds=("gold",))[1] == f"made {item.key} a gold question"
    assert told(project, kinds=("flag",)) == [
        f"closed the flag of anna on {item.key}",
        f"flagged {item.key}: <script>",
    ]


def test_bulk_sql_is_recorded_too_and_told_as_one_event(project):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE annotation_item SET state = 'retired' WHERE project_id = %s", [project.pk])

    [event] = project_events(project=project, wanted=Wanted(kinds=("item",)))
    assert (event.text, event.count, event.user) == ("retired 5 items", 5, None)


def test_labeling_itself_leaves_no_event_of_the_item(project):
    Item.objects.update(state="resolved", open_slots=0, answers=1, priority=3.0)

    assert told(project, kinds=("item",)) == []


def test_items_brought_back_changed_and_deleted(project):
    item = project.items.first()
    for change in ({"state": "retired"}, {"state": "open"}, {"key": "renamed"}):
        Item.objects.filter(pk=item.pk).update(**change)
    Item.objects.filter(pk=item.pk).delete()

    events = item_events(item=item)
    assert [event.text for event in events] == [
        "deleted it",
        "changed it",
        "brought it back",
        "retired it",
    ]
    assert [(one.field, one.after) for one in events[1].changes] == [("key", "renamed")]


def test_nothing_of_another_project_is_told(project):
    other = make_project(items=1)
    Flag.objects.create(item=other.items.get(), author=other.created_by)
    Item.objects.filter(project=other).update(state="retired")

    assert not any(event.item_id for event in project_events(project=project, wanted=Wanted()))
    assert f"created the project “{other.name}”" not in told(project)


def all_by_pages(project, limit):
    paged, after = [], ""
    while found := project_events(project=project, wanted=Wanted(limit=limit, after=after)):
        paged += [event.cursor for event in found[:limit]]
        if len(found) <= limit:
            break
        after = found[limit - 1].cursor
    return paged


def make_history(project):
    make_items(project, 40)
    ids = list(project.items.order_by("pk").values_list("pk", flat=True))
    for number in range(6):
        make_member(project)
        Item.objects.filter(pk__in=ids[number * 5 : number * 5 + 5]).update(state="retired")
    Item.objects.filter(pk__in=ids[:10]).update(state="open")


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
def test_pages_follow_each_other_when_all_happened_at_once(project, limit):
    make_history(project)
    everything = [event.cursor for event in project_events(project=project, wanted=Wanted(limit=1000))]

    assert all_by_pages(project, limit) == everything
    assert len(set(everything)) == len(everything) > 10


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("limit", [1, 4])
def test_pages_follow_each_other_in_time(project, limit):
    make_history(project)
    everything = project_events(project=project, wanted=Wanted(limit=1000))

    assert all_by_pages(project, limit) == [event.cursor for event in everything]
    assert [event.at for event in everything] == sorted((event.at for event in everything), reverse=True)
    assert [event.count for event in everything if event.kind == "item"] == [10, 5, 5, 5, 5, 5, 5]


def test_over_rest_the_person_and_the_address_are_known_by_session_and_by_token(
    client, project, owner, manager, boss, path
):
    token = ApiToken.objects.create(manager)[1]
    client.post(
        f"/api/v1/projects/{project.pk}/members/",
        {"username": make_user("newt").username, "role": "viewer"},
        content_type="application/json",
        HTTP_AUTHORIZATION=f"Token {token}",
        REMOTE_ADDR="192.0.2.7",
    )
    client.force_login(owner)
    client.post(
        f"/api/v1/projects/{project.pk}/members/",
        {"username": make_user("olm").username, "role": "annotator"},
        content_type="application/json",
    )

    by_session, by_token = boss.get(path, {"kind": "membership"}).json()["results"][:2]

    assert (by_session["user"], by_session["text"]) == ("olga", "added olm as annotator")
    assert (by_token["user"], by_token["text"], by_token["address"]) == (
        "mira",
        "added newt as viewer",
        "192.0.2.7",
    )
    assert (by_token["method"], by_token["url"]) == ("POST", f"/api/v1/projects/{project.pk}/members/")


@pytest.mark.django_db(transaction=True)
def test_filters_by_person_kind_and_time(boss, path, project, owner, manager):
    boss.patch(f"/api/v1/projects/{project.pk}/", {"name": "Mine"}, format="json")
    newest = boss.get(path, {"limit": 1}).json()["results"][0]

    def count(**wanted):
        return len(boss.get(path, wanted).json()["results"])

    assert newest["text"] == "changed the project"
    assert {one["kind"] for one in boss.get(path, {"kind": "schema"}).json()["results"]} == {"schema"}
    assert count(user=manager.pk) == 0
    assert count(since=newest["at"]) >= 1
    assert count(until=newest["at"]) == count() - count(since=newest["at"])
    assert count(until="2001-01-01T00:00:00Z") == 0


@pytest.mark.parametrize(
    ("wanted", "at"),
    [
        ({"kind": "everything"}, "kind"),
        ({"user": "mira"}, "user"),
        ({"user": str(2**70)}, "user"),
        ({"since": "yesterday"}, "since"),
        ({"after": "x"}, "after"),
        ({"after": "1.2.3"}, "after"),
        ({"after": "1.item.x"}, "after"),
        ({"after": f"{10**30}.item.1"}, "after"),
        ({"after": f"1.item.{10**30}"}, "after"),
        ({"after": "1.item.\0"}, "after"),
        ({"limit": "0"}, "limit"),
    ],
)
def test_bad_parameters_are_faults_with_their_paths(boss, path, wanted, at):
    response = boss.get(path, wanted)

    assert response.status_code == 400
    assert [error["path"] for error in response.json()["errors"]] == [[at]]


def test_who_may_read_the_history(api, path, owner, manager, adjudicator, annotator, viewer, stranger):
    people = (owner, manager, adjudicator, annotator, viewer, stranger, None)

    assert [api(user).get(path).status_code for user in people] == [200, 200, 403, 403, 403, 404, 401]


def test_events_cannot_be_altered(project):
    from django.db import ProgrammingError

    with pytest.raises(ProgrammingError), connection.cursor() as cursor:
        cursor.execute("UPDATE annotation_membershipevent SET role = 'owner'")


def test_a_page_takes_a_few_queries_whatever_happened(boss, path, project, django_assert_max_num_queries):
    for _ in range(10):
        make_member(project)
    boss.get(path)

    with django_assert_max_num_queries(8):
        boss.get(path)


def test_a_deleted_person_is_told_by_number(project):
    user = make_member(project)
    Membership.objects.filter(user=user).delete()
    User.objects.filter(pk=user.pk).delete()

    assert told(project, kinds=("membership",))[0] == f"removed user {user.pk} (annotator)"
