"""Labeling functions that vote by similarity to exemplar items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from active.models import Encoder
from active.services import embeddings
from active.services.similar_kind import Exemplars
from annotation.errors import InvalidInput
from annotation.models import Item, Project
from annotation.services.stored import StorageFault
from labelmodel.functions import ABSTAIN, Cast, Context, DefinitionError, apply, build, check, prepare
from labelmodel.models import VoteShard, WeakSettings
from labelmodel.services import feedback, run_requests
from labelmodel.services.run_lines import Line
from tests.active.learning import add, make_learning, run
from tests.labelmodel.services.function_help import active, draft, said
from tests.labelmodel.services.function_help import run as vote

CONTEXT = Context({"text": "text"}, ("positive", "negative", "neutral"))
TWO = [{"key": "item-00000", "label": "positive"}, {"key": "item-00001", "label": "negative"}]


def like(least: float = 0.01, exemplars: Sequence[dict[str, Any]] = TWO, **more: Any) -> dict[str, Any]:
    return {"exemplars": list(exemplars), "least": least, **more}


# Arrays


def cast(vectors: Any, *, least: float = 0.5, there: Any = None) -> Cast:
    """Items 0, 1, ... with these vectors; the exemplars point right and up."""
    rows = np.array(vectors, dtype=np.float32)
    found = np.ones(len(rows), dtype=bool) if there is None else np.array(there)
    exemplars = Exemplars(1, np.eye(2, dtype=np.float32) * 3, lambda ids: (found[ids], rows[ids]))
    function = prepare("similar", like(least), CONTEXT, {"exemplars": exemplars})
    (made,) = apply([function], build([(n, {}) for n in range(len(rows))], []))
    return made


def test_the_nearest_exemplar_gives_its_label_where_it_is_near_enough() -> None:
    found = cast([[9, 1], [0.1, 0.7], [-1, -1], [1, -2], [0, 0]])

    assert found.label.tolist() == [0, 1, ABSTAIN, ABSTAIN, ABSTAIN]
    assert (found.errors, dict(found.unseen), found.stopped) == ({}, {}, None)


def test_what_is_as_near_as_was_asked_for_is_near_enough() -> None:
    assert cast([[3, 4]], least=0.8).label.tolist() == [1]
    assert cast([[3, 4]], least=0.81).label.tolist() == [ABSTAIN]


def test_items_without_a_vector_are_left_for_later() -> None:
    found = cast([[1, 0], [0, 0], [0, 1]], there=[True, False, True])

    assert found.label.tolist() == [0, ABSTAIN, 1]
    assert dict(found.unseen) == {1: "has no vector yet"}
    assert found.again_in == 300


def test_a_storage_that_is_out_of_reach_is_no_abstention() -> None:
    def broken(ids: Any) -> Any:
        raise StorageFault("The disk is away.")

    exemplars = Exemplars(1, np.eye(2, dtype=np.float32), broken)
    function = prepare("similar", like(), CONTEXT, {"exemplars": exemplars})
    (found,) = apply([function], build([(1, {}), (2, {})], []))

    assert set(found.unseen) == {0, 1}
    assert "The disk is away." in found.unseen[0]


def test_pieces_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.random.default_rng(0).normal(size=(50, 2))
    there = np.arange(50) % 5 > 0
    whole = cast(vectors, there=there)
    monkeypatch.setattr("labelmodel.functions.applying.ROWS", 7)
    pieces = cast(vectors, there=there)

    assert whole.label.tolist() == pieces.label.tolist()
    assert dict(whole.unseen) == dict(pieces.unseen)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"least": 0.5}, ("exemplars",)),
        (like(exemplars=[]), ("exemplars",)),
        (like(exemplars=[{"key": "", "label": "positive"}]), ("exemplars", 0, "key")),
        (like(exemplars=[{"key": "a", "label": "other"}]), ("exemplars", 0, "label")),
        (like(exemplars=[{"key": "a", "label": "positive"}] * 2), ("exemplars", 1, "key")),
        ({"exemplars": TWO}, ("least",)),
        (like(0.0), ("least",)),
        (like(1.5), ("least",)),
        (like(float("nan")), ()),
        (like(True), ("least",)),
        (like(encoder="new"), ("encoder",)),
        (like(fields=["text"]), ("fields",)),
    ],
)
def test_faults_say_where(given: dict[str, Any], path: tuple[Any, ...]) -> None:
    with pytest.raises(DefinitionError) as caught:
        check("similar", given, CONTEXT)

    assert path in {fault.path for fault in caught.value.faults}


def test_checking_again_changes_nothing() -> None:
    once = check("similar", like(1, encoder=2), CONTEXT)

    assert check("similar", once, CONTEXT) == once


# The pool


def make_embedded(items: int = 40, **settings: Any) -> Project:
    """A project whose items have vectors."""
    project, _ = make_learning(items=items, answered=12, **settings)
    run(project)
    return project


def embed(project: Project) -> None:
    embeddings.embed_new(encoder=embeddings.current(project=project, settings=project.learning))


@pytest.mark.django_db
def test_exemplars_vote_on_the_pool() -> None:
    project = make_embedded()
    version = active(project, kind="similar", definition=like(0.3))
    votes = said(version)

    assert version.definition["encoder"] == 1
    assert version.votes_for == ["positive", "negative"]
    assert (votes["item-00000"], votes["item-00001"]) == ("positive", "negative")
    assert len(votes) == 40
    right = [label == ("positive", "negative")[int(key[-2:]) % 2] for key, label in votes.items() if label]
    assert len(right) > 4
    assert sum(right) > 0.6 * len(right)


@pytest.mark.django_db
def test_new_items_are_asked_about_again_when_they_have_vectors() -> None:
    project = make_embedded()
    version = active(project, kind="similar", definition=like())
    add(project, 2)
    run_requests.request(project=project, by=project.created_by, kind="new")
    line = Line.of(vote(project).lines[str(version.pk)])
    assert line.unseen == 2
    assert "item-00040" not in said(version)
    assert VoteShard.objects.get(version=version).again_at is not None
    embed(project)
    VoteShard.objects.update(again_at=None)
    run_requests.request(project=project, by=project.created_by, kind="new")
    vote(project)

    assert {"item-00040", "item-00041"} <= said(version).keys()


@pytest.mark.django_db
def test_a_vector_of_what_an_item_said_before_counts_for_nothing() -> None:
    project = make_embedded()
    encoder = Encoder.objects.get(project=project)
    items = np.array(sorted(project.items.values_list("pk", flat=True)), dtype=np.int64)
    Item.objects.filter(pk__in=items[:2].tolist()).update(payload={"text": "Something else."})
    before, _ = embeddings.gather_current(encoder, items)
    embed(project)
    after, vectors = embeddings.gather_current(encoder, items)

    assert before.tolist() == [False, False, *[True] * 38]
    assert after.all()
    assert vectors[0].tolist() == vectors[1].tolist()


@pytest.mark.django_db
def test_another_encoder_stops_it_loudly_and_so_does_a_sensitive_field() -> None:
    project = make_embedded()
    version = active(project, kind="similar", definition=like())
    settings = WeakSettings.objects.filter(project=project)
    settings.update(sensitive_fields=["text"])
    run_requests.request(project=project, by=project.created_by, kind="all")
    assert "“text”, which is marked as sensitive" in Line.of(vote(project).lines[str(version.pk)]).fault
    settings.update(sensitive_fields=[])
    Encoder.objects.create(
        project=project, version=2, kind="text", state="ready", dimension=8, sha256="e" * 64
    )
    run_requests.request(project=project, by=project.created_by, kind="all")

    assert "version 2 of the encoder" in Line.of(vote(project).lines[str(version.pk)]).fault


@pytest.mark.django_db
def test_without_vectors_there_is_nothing_to_compare() -> None:
    with pytest.raises(InvalidInput, match="No item of this project has a vector"):
        draft(make_learning(items=4)[0], kind="similar", definition=like())


@pytest.mark.django_db
def test_an_exemplar_that_is_not_there_is_a_fault_of_the_definition() -> None:
    project = make_embedded()
    with pytest.raises(InvalidInput, match="no item “nothing”") as caught:
        draft(
            project, kind="similar", definition=like(exemplars=[*TWO, {"key": "nothing", "label": "neutral"}])
        )

    assert caught.value.faults[0].path == ("definition", "exemplars", 2, "key")


@pytest.mark.django_db
def test_an_exemplar_without_a_vector_is_told() -> None:
    project = make_embedded()
    add(project, 1)
    with pytest.raises(InvalidInput, match="“item-00040” has no vector yet"):
        feedback.preview(
            project=project, question="sentiment", kind="similar",
            definition=like(exemplars=[{"key": "item-00040", "label": "positive"}]),
        )  # fmt: skip


@pytest.mark.django_db
def test_the_editor_shows_what_it_covers() -> None:
    project = make_embedded()
    found = feedback.preview(project=project, question="sentiment", kind="similar", definition=like(1.0))

    assert found.votes == 2
