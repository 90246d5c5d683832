"""The same done to many items."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotation.errors import Conflict, InvalidInput, NotAllowed, NotFound
from annotation.models import BulkAction, Item, ItemEvent, ItemTag, Lease, Tag
from annotation.reports.audit import Wanted, project_events
from annotation.services import bulk, bulk_acting, gold, items, queue, tags, views
from tests.annotation.items_help import say
from tests.factories import make_items, make_project
from tests.invariants import assert_slots_add_up

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _slots_add_up(project):
    yield
    assert_slots_add_up(project)


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch):
    monkeypatch.setattr(bulk_acting, "BATCH", 2)


@pytest.fixture
def rows(project):
    return list(project.items.order_by("pk"))


def do(project, by, action, **how):
    job = bulk.create(project=project, by=by, action=action, **how)
    assert bulk.run(action_id=job.pk)
    job.refresh_from_db()
    return job


def outcome(job):
    return job.state, job.done, job.changed, job.left


def tagged(project, name):
    found = ItemTag.objects.filter(tag__project=project, tag__name=name)
    return list(found.order_by("item").values_list("item", flat=True))


def test_all_that_match_are_tagged_and_the_others_not(project, adjudicator, rows):
    items.retire(item_id=rows[2].pk, by=project.created_by)

    job = do(project, adjudicator, "tag", where="state = open", tag="look again")

    assert outcome(job) == ("done", 4, 4, {})
    assert job.total == 4
    assert tagged(project, "look again") == [row.pk for row in rows if row is not rows[2]]


def test_what_has_the_tag_already_is_left_and_capitals_make_no_other_one(project, manager, rows):
    do(project, manager, "tag", items=[rows[0].pk], tag="Odd")

    job = do(project, manager, "tag", tag="odd")

    assert outcome(job) == ("done", 5, 4, {"tagged": 1})
    assert Tag.objects.filter(project=project).count() == 1


def test_a_tag_is_taken_off_again(project, manager, rows):
    do(project, manager, "tag", items=[rows[0].pk, rows[1].pk], tag="odd")

    job = do(project, manager, "untag", where="tag = odd", tag="odd")

    assert outcome(job) == ("done", 2, 2, {})
    assert tagged(project, "odd") == []


def test_asking_again_leaves_what_is_open_known_or_decided(project, manager, rows, annotator, owner):
    say(rows[0], annotator, sentiment="positive")
    items.retire(item_id=rows[1].pk, by=owner)
    gold.put(project=project, by=owner, items=[gold.Known(key=rows[2].key, answer={"sentiment": "positive"})])

    job = do(project, manager, "requeue")

    assert outcome(job) == ("done", 5, 2, {"gold": 1, "open": 2})
    assert list(project.items.filter(state="open").order_by("pk")) == [*rows[:2], *rows[3:]]
    assert Item.objects.get(pk=rows[0].pk).wanted == 2


def test_who_had_passed_an_item_that_is_asked_again_may_get_it(
    project, manager, rows, annotator, second_annotator
):
    for row in rows:
        say(row, annotator, sentiment="positive")
    queue.next_leases(annotator=second_annotator, project=project)

    do(project, manager, "requeue", items=[rows[3].pk])

    found = queue.next_leases(annotator=second_annotator, project=project)
    assert [turn.item_id for turn in found.turns] == [rows[3].pk]


def test_retiring_tells_the_audit_trail_who_did(project, manager, rows):
    job = do(project, manager, "retire", where="key = item-00001")

    event = ItemEvent.objects.get(pgh_obj_id=rows[1].pk)
    assert outcome(job) == ("done", 1, 1, {})
    assert event.pgh_context["user"] == manager.pk


def test_assigning_deals_items_out_over_batches(project, manager, rows, annotator, second_annotator):
    job = do(project, manager, "assign", people=["anna", "bert"])

    held = dict(Lease.objects.filter(state="assigned").values_list("item", "annotator__username"))
    assert outcome(job) == ("done", 5, 5, {})
    assert [held[row.pk] for row in rows] == ["anna", "bert", "anna", "bert", "anna"]


def test_assignments_are_taken_back_of_one_or_of_all(project, manager, annotator, second_annotator):
    do(project, manager, "assign", people=["anna", "bert"])

    one = do(project, manager, "unassign", people=["bert"])
    rest = do(project, manager, "unassign")

    assert outcome(one) == ("done", 5, 2, {"not_assigned": 3})
    assert outcome(rest) == ("done", 5, 3, {"not_assigned": 2})
    assert project.items.filter(open_slots=1).count() == 5


def test_what_came_after_the_request_is_not_touched(project, manager):
    job = bulk.create(project=project, by=manager, action="tag", tag="old")
    late = make_items(project, 3)

    bulk.run(action_id=job.pk)

    assert len(tagged(project, "old")) == 5
    assert not ItemTag.objects.filter(item__in=late).exists()


def test_a_time_that_is_meant_from_now_on_is_the_moment_of_asking(project, manager, rows, monkeypatch):
    Item.objects.filter(pk=rows[0].pk).update(created_at=timezone.now() - timedelta(hours=2))
    job = bulk.create(project=project, by=manager, action="retire", where="created < -1h")
    later = timezone.now() + timedelta(hours=3)
    monkeypatch.setattr(timezone, "now", lambda: later)

    bulk.run(action_id=job.pk)

    assert list(project.items.filter(state="retired").values_list("pk", flat=True)) == [rows[0].pk]


def test_a_cancelled_action_stops_and_goes_on_where_it_was(project, manager, rows, monkeypatch):
    job = bulk.create(project=project, by=manager, action="tag", tag="odd")
    batch = bulk_acting.batch

    def cancelled_meanwhile(running, where):
        if running.cursor == rows[1].pk:
            bulk.cancel(job=BulkAction.objects.get(pk=job.pk))
        return batch(running, where)

    monkeypatch.setattr(bulk_acting, "batch", cancelled_meanwhile)
    bulk.run(action_id=job.pk)
    monkeypatch.setattr(bulk_acting, "batch", batch)
    job.refresh_from_db()
    stopped = outcome(job)
    bulk.retry(job=job)
    bulk.run(action_id=job.pk)
    job.refresh_from_db()

    assert stopped == ("cancelled", 2, 2, {})
    assert outcome(job) == ("done", 5, 5, {})


def test_a_tag_that_is_deleted_meanwhile_ends_the_action_with_a_reason(project, manager):
    job = bulk.create(project=project, by=manager, action="tag", tag="odd")
    tags.delete(tag=Tag.objects.get(), by=manager)

    bulk.run(action_id=job.pk)

    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "The tag odd was deleted meanwhile.")


def test_who_has_lost_the_right_meanwhile_changes_nothing(project, manager):
    job = bulk.create(project=project, by=manager, action="retire")
    project.memberships.filter(user=manager).update(role="viewer")

    bulk.run(action_id=job.pk)

    job.refresh_from_db()
    assert job.state == "failed"
    assert project.items.filter(state="open").count() == 5


@pytest.mark.parametrize(
    ("who", "may"),
    [
        ("owner", {"requeue", "retire", "assign", "unassign", "tag", "untag"}),
        ("manager", {"requeue", "retire", "assign", "unassign", "tag", "untag"}),
        ("adjudicator", {"tag", "untag"}),
        ("annotator", set()),
        ("viewer", set()),
    ],
)
def test_who_may_do_what(request, project, who, may):
    user = request.getfixturevalue(who)
    assert set(bulk.allowed(project.role_of(user))) == may
    for action in set(BulkAction.Action.values) - may:
        with pytest.raises(NotAllowed):
            bulk.create(project=project, by=user, action=action, tag="x")


def test_to_a_stranger_there_is_no_project(project, stranger):
    with pytest.raises(NotFound):
        bulk.create(project=project, by=stranger, action="tag", tag="x")


@pytest.mark.parametrize(
    ("how", "field", "message"),
    [
        ({"action": "eat"}, "action", "An action is one of"),
        ({"action": "tag"}, "tag", "Give the tag a name."),
        ({"action": "tag", "tag": "x" * 61}, "tag", "at most 60"),
        ({"action": "untag", "tag": "none"}, "tag", "no such tag"),
        ({"action": "retire", "tag": "x"}, "tag", "A tag goes with"),
        ({"action": "retire", "people": ["anna"]}, "people", "People go with"),
        ({"action": "assign"}, "people", "Say whom"),
        ({"action": "assign", "people": ["sven"]}, "people", "sven is not a member"),
        ({"action": "assign", "people": ["vera"]}, "people", "does not label"),
        ({"action": "retire", "items": [1], "where": "state = open"}, "items", "not both"),
        ({"action": "retire", "where": "state = upside"}, "where", "upside"),
    ],
)
def test_what_cannot_be_done_is_refused_at_once(project, owner, viewer, how, field, message):
    with pytest.raises(InvalidInput) as refused:
        bulk.create(project=project, by=owner, **how)

    assert refused.value.faults[0].path[0] == field
    assert message in refused.value.faults[0].message


def test_items_of_another_project_are_refused(project, owner):
    other = make_project(owner=owner, items=1)

    with pytest.raises(InvalidInput, match="not in this project"):
        bulk.create(project=project, by=owner, action="retire", items=[other.items.get().pk])


def test_an_archived_project_is_left_alone(project, owner):
    project.archived_at = project.created_at
    project.save(update_fields=["archived_at"])

    with pytest.raises(Conflict):
        bulk.create(project=project, by=owner, action="retire")


def test_the_history_tells_of_bulk_actions_tags_and_views(project, manager):
    views.save(project=project, by=manager, name="Ours", where="flagged")
    do(project, manager, "tag", where="state = open", tag="odd")
    do(project, manager, "retire")

    told = [
        event.text for event in project_events(project=project, wanted=Wanted(kinds=("bulk", "tag", "view")))
    ]

    # Of one moment, as one transaction has it.
    assert set(told) == {
        "bulk action done: retire, 5 items changed",
        "asked for a bulk action: retire, all items",
        "bulk action done: tag “odd”, 5 items changed",
        "asked for a bulk action: tag “odd”, items with state = open",
        "made the tag “odd”",
        "saved the view “Ours”",
    }
