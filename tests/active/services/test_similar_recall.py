"""What an index finds is measured; where it misses too much, all vectors are compared."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from active.models import Encoder, SimilarSearch
from active.reports.similar import nearest
from active.services import similar_index, similar_recall
from active.services.similar_recall import ALL, EXACT
from annotation.models import Item, Project
from tests.factories import make_items, make_project

pytestmark = pytest.mark.django_db
COUNT, DIMENSION = 1_500, 128


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr(similar_index, "INDEXED_FROM", 10)
    monkeypatch.setattr(similar_recall, "LOOKS", (10, 14))
    project = make_project()
    make_items(project, COUNT)
    return project


@pytest.fixture
def poor_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of so few vectors a good one finds all."""
    monkeypatch.setattr(similar_index, "NEIGHBOURS", 3)
    monkeypatch.setattr(similar_index, "LOOKED_AT", 6)


def filled(project: Project, vectors: npt.NDArray[np.float64]) -> Encoder:
    encoder = Encoder.objects.create(
        project=project, version=1, kind="vectors", dimension=DIMENSION, state="ready"
    )
    ids = np.array(sorted(project.items.values_list("pk", flat=True)), dtype=np.int64)
    similar_index._copy_some(encoder, ids, vectors.astype(np.float16))
    assert similar_index._index(encoder, COUNT)
    return encoder


def in_clusters() -> npt.NDArray[np.float64]:
    chance = np.random.default_rng(0)
    return chance.normal(size=(100, DIMENSION))[np.arange(COUNT) % 100] + 0.2 * chance.normal(
        size=(COUNT, DIMENSION)
    )


def without_order() -> npt.NDArray[np.float64]:
    return np.random.default_rng(0).normal(size=(COUNT, DIMENSION))


def test_vectors_in_clusters_are_found_by_the_index(project: Project) -> None:
    reach = similar_recall.measured(filled(project, in_clusters()), COUNT)

    assert reach.looked_at > 0
    assert reach.recall >= similar_recall.ENOUGH


@pytest.mark.usefixtures("poor_graph")
def test_vectors_without_order_are_all_compared(project: Project) -> None:
    assert similar_recall.measured(filled(project, without_order()), COUNT) == EXACT


@pytest.mark.usefixtures("poor_graph")
def test_too_many_to_compare_take_the_longest_look_and_say_what_it_finds(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(similar_recall, "MOST_COMPARED", COUNT - 1)

    reach = similar_recall.measured(filled(project, without_order()), COUNT)

    assert reach.looked_at == 14
    assert 0.05 < reach.recall < similar_recall.ENOUGH


@pytest.mark.parametrize("where", ["", "state = disputed"])
def test_comparing_all_finds_the_nearest(project: Project, where: str) -> None:
    vectors = without_order()
    search = SimilarSearch.objects.create(
        project=project,
        created_by=project.created_by,
        encoder=filled(project, vectors),
        state="done",
        vectors=COUNT,
        looked_at=ALL,
    )
    items = list(project.items.order_by("pk"))
    disputed = range(0, COUNT, 3)
    Item.objects.filter(pk__in=[items[n].pk for n in disputed]).update(state="disputed")
    passing = disputed if where else range(COUNT)

    found = [row.id for row in nearest(item=items[7], where=where).rows]

    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    likeness = unit @ unit[7]
    expected = sorted((n for n in passing if n != 7), key=lambda n: -likeness[n])[:10]
    assert len(set(found) & {items[n].pk for n in expected}) >= 9
    assert search.recall == 1.0


def test_it_is_measured_again_only_when_the_index_has_grown(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = filled(project, in_clusters())
    search = SimilarSearch(
        project=project, encoder=encoder, vectors=COUNT, looked_at=400, recall=0.98, created_by=None
    )

    assert similar_index._reach(search, encoder, COUNT + 10).looked_at == 400
    assert similar_index._reach(search, encoder, COUNT * 2).looked_at < 400
