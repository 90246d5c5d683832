"""Similar items: vectors in the database, filled, indexed, searched and let go of."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from active.models import ItemVector, LearningSettings, SimilarSearch
from active.reports import similar as report
from active.reports.similar import nearest, standing_of
from active.services import embeddings, similar, similar_index
from annotation.errors import Conflict, InvalidInput, NotAllowed
from annotation.models import Item, Project
from annotation.models.item import UNSEEN_FOR
from annotation.services import items, pushes
from annotation.services.pushes import Choices
from tests.active.learning import add, text
from tests.factories import make_item, make_member, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    project = make_project()
    add(project, 60)
    return project


def ready(project: Project) -> SimilarSearch:
    similar.turn_on(project=project, by=project.created_by)
    similar_index.run(project_id=project.pk)
    return SimilarSearch.objects.get(pk=project.pk)


def state(item: Item) -> str:
    return standing_of(item).state


def test_every_item_gets_its_vector_and_the_nearest_come_first(project: Project) -> None:
    search = ready(project)

    item = project.items.get(key="item-00000")
    found = nearest(item=item, limit=59).rows
    assert (search.state, search.error, search.vectors) == ("done", "", 60)
    assert len({row.id for row in found} - {item.pk}) == 59
    assert [row.distance for row in found] == sorted(row.distance for row in found)
    assert {int(row.key[-5:]) % 2 for row in found[:10]} == {0}


def test_distances_are_those_of_the_embedding_store(project: Project) -> None:
    search = ready(project)

    items = np.array(sorted(project.items.values_list("pk", flat=True)))
    _, vectors = embeddings.gather(search.encoder, items)
    found = nearest(item=project.items.get(pk=items[0]), limit=59).rows
    cosines = vectors @ vectors[0] / np.linalg.norm(vectors, axis=1) / np.linalg.norm(vectors[0])
    expected = dict(zip(items.tolist(), (1 - cosines).tolist(), strict=True))
    assert max(abs(row.distance - expected[row.id]) for row in found) < 2e-3


def test_an_index_finds_what_comparing_all_finds(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    item = project.items.get(key="item-00001")
    ready(project)
    exact = [row.id for row in nearest(item=item, where="state = open", limit=10).rows]

    monkeypatch.setattr(similar_index, "INDEXED_FROM", 10)
    add(project, 1)
    similar.due()
    similar_index.run(project_id=project.pk)

    assert indexes(project) == [True]
    assert [row.id for row in nearest(item=item, limit=10).rows] == exact


def indexes(project: Project) -> list[bool]:
    """Whether each index of the project's encoders is whole."""
    names = {similar_index.index_of(pk) for pk in project.encoders.values_list("pk", flat=True)}
    return [whole for name, whole in similar_index._indexes() if name in names]


@pytest.mark.parametrize("few", [0, 5_000])
def test_a_filter_that_few_pass_still_fills_the_list(
    project: Project, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(similar_index, "INDEXED_FROM", 10)
    monkeypatch.setattr(report, "FEW", few)
    ready(project)

    found = nearest(
        item=project.items.get(key="item-00001"), where='text ~ "brilliant 100%" or key = "item-00008"'
    )

    assert [row.key for row in found.rows] == ["item-00008"]


def test_retired_items_are_left_out_unless_a_filter_names_them(project: Project) -> None:
    ready(project)
    item, other = project.items.order_by("pk")[:2]
    items.retire(item_id=other.pk, by=project.created_by)

    assert other.pk not in {row.id for row in nearest(item=item, limit=59).rows}
    assert [row.id for row in nearest(item=item, where="state = retired").rows] == [other.pk]
    assert nearest(item=other, limit=5).rows


def test_a_deleted_item_takes_its_vector_along(project: Project) -> None:
    ready(project)

    project.items.filter(key__in=["item-00001", "item-00002"]).delete()

    assert ItemVector.objects.filter(encoder__project=project).count() == 58
    assert len(nearest(item=project.items.get(key="item-00003"), limit=100).rows) == 57


def test_an_item_says_what_it_waits_for(project: Project) -> None:
    item = project.items.first()
    assert item is not None
    seen = [state(item)]
    similar.turn_on(project=project, by=project.created_by)
    seen.append(state(item))
    similar_index.run(project_id=project.pk)
    seen.append(state(item))
    (new,) = add(project, 1)
    seen.append(state(new))
    assert similar.due() == [project.pk]
    similar_index.run(project_id=project.pk)
    seen.append(state(new))

    assert seen == ["off", "preparing", "ready", "waiting", "ready"]


def test_an_item_in_which_the_encoder_reads_nothing_is_like_no_other(project: Project) -> None:
    empty = Item.objects.bulk_create([make_item(project, "empty", {"text": ""})])[0]
    ready(project)

    assert state(empty) == "nothing"
    with pytest.raises(Conflict, match="reads nothing"):
        nearest(item=empty)


def test_nothing_is_due_while_nothing_is_new(project: Project) -> None:
    ready(project)

    assert similar.due() == []


def push(project: Project, key: str, text: str) -> Item:
    rows = [{"key": key, "payload": {"text": text}}]
    pushes.push(project=project, by=project.created_by, rows=rows, choices=Choices(on_change="update"))
    return project.items.get(key=key)


@pytest.mark.parametrize("indexed", [False, True])
def test_other_content_under_the_same_key_is_like_other_items(
    project: Project, monkeypatch: pytest.MonkeyPatch, *, indexed: bool
) -> None:
    monkeypatch.setattr(similar_index, "INDEXED_FROM", 10 if indexed else 1000)
    item = push(project, "mine", text(100))
    ready(project)
    before = [int(row.key[-5:]) % 2 for row in nearest(item=item, limit=10).rows]

    push(project, "mine", text(101))
    assert similar.due() == [project.pk]
    similar_index.run(project_id=project.pk)

    after = [int(row.key[-5:]) % 2 for row in nearest(item=item, limit=10).rows]
    assert (set(before), set(after)) == ({0}, {1})
    assert ItemVector.objects.count() == 61


def test_what_has_not_changed_keeps_its_row(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    push(project, "mine", text(100))
    push(project, "mine", text(102))
    push(project, "other", text(104))
    ready(project)
    sent: list[int] = []
    monkeypatch.setattr(similar_index, "_copy_some", lambda _, items, vectors: sent.extend(items.tolist()))

    changed = push(project, "other", text(105))
    similar.due()
    similar_index.run(project_id=project.pk)

    assert sent == [changed.pk]


def test_an_item_that_says_nothing_any_more_is_like_no_other(project: Project) -> None:
    item = push(project, "mine", text(100))
    ready(project)

    Item.objects.filter(pk=item.pk).update(payload={"text": ""})
    similar.due()
    similar_index.run(project_id=project.pk)

    assert state(item) == "nothing"


def test_a_change_that_was_seen_late_is_looked_for_once_more(project: Project) -> None:
    item = push(project, "mine", text(100))
    push(project, "mine", text(101))
    ready(project)
    assert similar.due() == []

    # As if it had been made before the work began, and been seen after it.
    changed = Item.objects.get(pk=item.pk).payload_changed_at
    SimilarSearch.objects.update(started_at=changed + UNSEEN_FOR / 2)
    assert similar.due() == []
    Item.objects.filter(pk=item.pk).update(payload_changed_at=changed - 2 * UNSEEN_FOR)
    SimilarSearch.objects.update(started_at=changed - 1.5 * UNSEEN_FOR)
    assert similar.due() == [project.pk]
    similar_index.run(project_id=project.pk)
    assert similar.due() == []


def test_another_encoder_replaces_the_vectors_of_the_one_before(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(similar_index, "INDEXED_FROM", 10)
    before = ready(project).encoder
    LearningSettings.objects.create(project=project, encoder="text", encoder_options={"dimension": 16})
    embeddings.current(project=project, settings=project.learning)

    assert similar.due() == [project.pk]
    similar_index.run(project_id=project.pk)

    search = SimilarSearch.objects.get(pk=project.pk)
    assert search.encoder != before
    assert set(ItemVector.objects.values_list("encoder", flat=True)) == {search.encoder_id}
    assert indexes(project) == [True]


def test_a_worker_that_died_leaves_its_part_to_the_next(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    similar.turn_on(project=project, by=project.created_by)
    monkeypatch.setattr(similar_index, "_COPIED_AT_ONCE", 10)
    sent: list[bytes] = []

    def dying(rows: bytes) -> None:
        sent.append(rows)
        if len(sent) == 3:
            raise KeyboardInterrupt
        send(rows)

    send = similar_index._send
    monkeypatch.setattr(similar_index, "_send", dying)
    with pytest.raises(KeyboardInterrupt):
        similar_index.run(project_id=project.pk)
    SimilarSearch.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))
    similar_index.run(project_id=project.pk)

    assert SimilarSearch.objects.get().state == "done"
    assert ItemVector.objects.count() == 60
    assert len(sent) == 3 + 4


def test_turning_it_off_gives_the_disk_back(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similar_index, "INDEXED_FROM", 10)
    ready(project)

    similar.turn_off(project=project, by=project.created_by)
    assert similar.due() == [project.pk]
    similar_index.run(project_id=project.pk)

    assert not ItemVector.objects.exists()
    assert not SimilarSearch.objects.exists()
    assert indexes(project) == []


def test_managers_ask_for_it_and_end_it(project: Project) -> None:
    viewer, manager = make_member(project, "viewer"), make_member(project, "manager")

    with pytest.raises(NotAllowed):
        similar.turn_on(project=project, by=viewer)
    assert similar.turn_on(project=project, by=manager).state == "waiting"
    with pytest.raises(NotAllowed):
        similar.turn_off(project=project, by=viewer)


def test_vectors_too_long_to_be_searched_are_refused_with_a_reason(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(similar_index, "MOST_DIMENSIONS", 3)

    search = ready(project)

    assert search.state == "failed"
    assert "Choose another encoder" in search.error
    with pytest.raises(Conflict, match="Choose another encoder"):
        nearest(item=project.items.all()[0])


def test_a_filter_that_is_wrong_says_where(project: Project) -> None:
    ready(project)

    with pytest.raises(InvalidInput) as raised:
        nearest(item=project.items.all()[0], where="stat = open")
    assert raised.value.faults[0].path[0] == "where"
