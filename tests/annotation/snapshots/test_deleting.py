"""Snapshots that are deleted: who may, what goes with them, what stays, and a storage that is away."""

from __future__ import annotations

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse

from annotation import tasks
from annotation.models import Comparison, Snapshot
from annotation.reports.audit import Wanted, project_events
from annotation.services import jobs, snapshot_deletion, snapshots, splits
from annotation.services.stored import StorageFault
from annotation.snapshots import comparing
from tests.active.storages import BucketStorage
from tests.annotation.snapshots.help import agree, asked, made, rows
from tests.factories import make_item

pytestmark = pytest.mark.django_db(transaction=True)
PARTS = [{"name": "train", "share": 0.5}, {"name": "test", "share": 0.5}]


@pytest.fixture
def items(project):
    found = list(project.items.order_by("pk"))
    for item in found:
        agree(item)
    return found


def files(snapshot):
    try:
        return default_storage.listdir(snapshot_deletion.folder_of(snapshot.project_id, snapshot.number))[1]
    except FileNotFoundError:
        return []


def url(snapshot):
    return f"/api/v1/snapshots/{snapshot.pk}/"


def test_a_manager_deletes_one_and_its_files_go(api, manager, project, items):
    snapshot = made(project)
    assert len(files(snapshot)) == 2

    assert api(manager).delete(url(snapshot)).status_code == 204
    tasks.remove_snapshot_files(snapshot.pk)

    assert files(snapshot) == []
    assert api(manager).get(url(snapshot)).status_code == 404
    assert api(manager).delete(url(snapshot)).status_code == 404


def test_who_may_only_export_may_not(api, viewer, adjudicator, stranger, project, items):
    snapshot = made(project)

    assert api(viewer).delete(url(snapshot)).status_code == 403
    assert api(adjudicator).delete(url(snapshot)).status_code == 403
    assert api(stranger).delete(url(snapshot)).status_code == 404
    assert Snapshot.objects.filter(pk=snapshot.pk).exists()


def test_a_number_is_never_given_again(api, owner, project, items):
    first, last = made(project), made(project)
    for snapshot in (last, first):
        snapshot_deletion.delete(snapshot=snapshot, by=owner)

    assert asked(project).number == 3
    assert len(files(first)) == 2, "files go when a worker comes"


def test_one_that_is_being_made_is_refused(api, owner, project, items):
    snapshot = asked(project)

    refused = api(owner).delete(url(snapshot))
    assert refused.status_code == 409
    assert "Cancel it first" in refused.json()["detail"]
    jobs.cancel(snapshot)

    assert api(owner).delete(url(snapshot)).status_code == 204


def test_one_that_is_being_compared_is_refused_and_its_comparisons_go_with_it(api, owner, project, items):
    old, new, other = made(project), made(project), made(project)
    for one in (new, other):
        snapshots.compare(old=old, new=one, by=owner)

    refused = api(owner).delete(url(new))
    assert "is being compared with snapshot 1" in refused.json()["detail"]
    for comparison in Comparison.objects.all():
        comparing.run(comparison_id=comparison.pk)
    assert api(owner).delete(url(new)).status_code == 204

    assert [comparison.new_id for comparison in Comparison.objects.all()] == [other.pk]


def test_its_split_stays_with_what_it_settled(api, owner, project, items):
    split = splits.create(project=project, by=owner, name="by time", kind="time", parts=PARTS)
    first = made(project, split=split)
    before = {row["key"]: row["split"] for row in rows(first)}
    split.refresh_from_db()
    begins = split.begins
    snapshot_deletion.delete(snapshot=first, by=owner)

    newcomer = make_item(project, "new", {"text": "New."})
    newcomer.save()
    agree(newcomer)
    after = {row["key"]: row["split"] for row in rows(made(project, split=split))}

    split.refresh_from_db()
    assert (split.begins, len(begins)) == (begins, 1)
    assert before.items() <= after.items()
    assert len(after) == len(before) + 1


class Away(BucketStorage):
    def listdir(self, path):
        raise ConnectionError("no route to host")


def test_a_storage_that_is_away_gets_another_try(owner, project, items, settings):
    snapshot = made(project)
    snapshot_deletion.delete(snapshot=snapshot, by=owner)
    kept = settings.STORAGES

    settings.STORAGES = {**kept, "default": {"BACKEND": f"{__name__}.Away"}}
    with pytest.raises(StorageFault, match="no route to host"):
        snapshot_deletion.remove_files(snapshot_id=snapshot.pk)
    settings.STORAGES = kept

    assert StorageFault in tasks.remove_snapshot_files.autoretry_for
    snapshot_deletion.remove_files(snapshot_id=snapshot.pk)
    assert files(snapshot) == []


def test_files_of_one_that_is_there_are_never_removed(project, items):
    snapshot = made(project)

    snapshot_deletion.remove_files(snapshot_id=snapshot.pk)

    assert len(files(snapshot)) == 2


def test_a_file_elsewhere_goes_too_once_no_other_one_has_it(owner, project, items):
    first, second = made(project), made(project)
    name = "snapshots/2026/01/restored.parquet"
    with default_storage.open(first.file.name) as file:
        default_storage.save(name, file)
    Snapshot.objects.update(file=name)

    for one, there in ((first, True), (second, False)):
        one.refresh_from_db()
        snapshot_deletion.delete(snapshot=one, by=owner)
        snapshot_deletion.remove_files(snapshot_id=one.pk)
        assert default_storage.exists(name) is there


def test_the_page_says_what_is_lost_and_the_history_who_did_it(client, manager, viewer, project, items):
    snapshot = made(project)
    place = reverse("snapshot", args=[project.pk, snapshot.pk])
    client.force_login(viewer)
    assert "delete-title" not in client.get(place).content.decode()
    client.force_login(manager)
    assert "Lost for good: 5 rows and the manifest." in client.get(place).content.decode()

    answer = client.post(reverse("snapshot-delete", args=[project.pk, snapshot.pk]), follow=True)

    assert "Snapshot 1 is deleted." in answer.content.decode()
    told = project_events(project=project, wanted=Wanted(kinds=("snapshot",)))
    assert told[0].text == f"deleted snapshot 1 with the SHA-256 {snapshot.sha256}"
    assert told[0].user == manager
    assert [event.text for event in told[1:]] == ["snapshot 1 done: 5 rows", "asked for snapshot 1"]


def test_the_page_refuses_in_words(client, manager, project, items):
    snapshot = asked(project)
    client.force_login(manager)

    answer = client.post(reverse("snapshot-delete", args=[project.pk, snapshot.pk]), follow=True)

    assert "Snapshot 1 is being made." in answer.content.decode()
