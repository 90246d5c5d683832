"""Bulk actions beside each other, and while people label."""

from __future__ import annotations

import pytest

from annotation.models import Annotation, BulkAction, Item, ItemTag, Lease
from annotation.services import bulk, bulk_acting, queue
from tests.concurrency.test_labeling import in_threads, label_all
from tests.factories import make_member, make_project, make_user
from tests.invariants import assert_slots_add_up

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch):
    monkeypatch.setattr(bulk_acting, "BATCH", 7)


def ask(project, action, **how):
    return bulk.create(project=project, by=project.created_by, action=action, **how)


def run(job):
    bulk.run(action_id=job.pk)
    job.refresh_from_db()
    return job.state


def test_two_actions_at_once_do_both():
    project = make_project(items=60, annotations_per_item=2)
    people = [make_member(project, user=make_user(name)) for name in ("anna", "bert")]
    jobs = [
        ask(project, "assign", people=["anna"]),
        ask(project, "assign", people=["anna", "bert"], everybody=True),
        ask(project, "tag", tag="odd"),
    ]

    states = in_threads(jobs, run)

    assert states == ["done"] * 3
    assert [Lease.objects.filter(annotator=one, state="assigned").count() for one in people] == [60, 60]
    assert ItemTag.objects.count() == 60
    assert not Item.objects.exclude(wanted=2).exists()
    assert_slots_add_up(project)


def test_one_action_is_done_by_one_of_two_workers():
    project = make_project(items=40)
    make_member(project, user=make_user("anna"))
    job = ask(project, "assign", people=["anna"])

    done = in_threads([1, 2], lambda one: bulk.run(action_id=job.pk))

    job.refresh_from_db()
    assert sorted(done) == [False, True]
    assert (job.done, job.changed) == (40, 40)


def test_bulk_actions_while_people_label_leave_every_count_right():
    project = make_project(items=120, annotations_per_item=2, skip_policy="others")
    names = [f"person{n}" for n in range(6)]
    people = [make_member(project, user=make_user(name)) for name in names]
    some = [item.pk for item in project.items.order_by("pk")[:40]]
    jobs = [
        ask(project, "assign", people=names[:2]),
        ask(project, "unassign", people=names[:1]),
        ask(project, "retire", items=some),
        ask(project, "requeue"),
    ]

    def work(one):
        return run(one) if isinstance(one, BulkAction) else label_all(project, one, chaos=0.2)

    ended = in_threads([*jobs, *people], work)

    assert set(ended[:4]) == {"done"}
    assert_slots_add_up(project)
    assert Annotation.objects.exists()


def test_after_all_of_it_nothing_is_stuck():
    project = make_project(items=60, annotations_per_item=2)
    names = [f"person{n}" for n in range(5)]
    people = [make_member(project, user=make_user(name)) for name in names]
    in_threads(
        [ask(project, "assign", people=names[:3]), ask(project, "requeue"), ask(project, "unassign")], run
    )

    in_threads(people, lambda person: label_all(project, person))
    queue.return_expired()

    assert not project.items.filter(state="open", open_slots__gt=0).exists()
    assert_slots_add_up(project)
