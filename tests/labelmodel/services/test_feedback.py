"""Feedback while somebody writes a labeling function: figures, examples, faults, suggestions."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from annotation.errors import InvalidInput
from annotation.models import Item, Project
from labelmodel.models import WeakSettings
from labelmodel.services import feedback, feedback_examples, feedback_pool
from tests.labelmodel.written import label, make_function, make_texts

pytestmark = pytest.mark.django_db

TEXTS = [
    "please subscribe to my channel",  # spam
    "subscribe now for free gifts",  # spam
    "I subscribe to this view, nice song",  # ham
    "what a lovely song",  # ham
    "free money at my site",  # spam
    "the best song ever",
    "nothing to say",
]
SAID = ["spam", "spam", "ham", "ham", "spam"]


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    feedback_pool.forget()
    yield
    feedback_pool.forget()


@pytest.fixture
def project() -> Project:
    made, items = make_texts(TEXTS)
    for item, value in zip(items, SAID, strict=False):
        label(item, value)
    return made


def keywords(*words: str, says: str = "spam", **more: Any) -> dict[str, Any]:
    return {"rules": [{"label": says, "any": list(words)}], **more}


def preview(project: Project, definition: Any, *, kind: str = "keywords", **more: Any) -> feedback.Feedback:
    return feedback.preview(project=project, question="kind", kind=kind, definition=definition, **more)


def test_coverage_accuracy_and_hits_are_counted(project: Project) -> None:
    found = preview(project, keywords("subscribe"))

    assert (found.sample, found.votes, found.coverage) == (7, 3, 3 / 7)
    assert (found.accuracy.right, found.accuracy.n) == (2, 3)
    assert [(hit.label, hit.votes, hit.accuracy.n) for hit in found.hits] == [("spam", 3, 3)]
    assert 0.2 < found.accuracy.low < 2 / 3 < found.accuracy.high < 1


def test_others_overlap_and_conflict(project: Project) -> None:
    make_function(project, "song", keywords("song", says="ham"))
    make_function(project, "free", keywords("free"))
    make_function(project, "off", keywords("money", says="ham"), state="retired")

    found = preview(project, keywords("subscribe"))

    told = {one.name: (round(7 * one.overlaps), round(7 * one.conflicts)) for one in found.neighbours}
    assert told == {"song": (1, 1), "free": (1, 0)}
    assert (round(7 * found.overlaps), round(7 * found.conflicts)) == (2, 1)
    assert (round(7 * found.uncovered_before), round(7 * found.uncovered)) == (2, 1)


def test_a_function_is_not_compared_with_itself(project: Project) -> None:
    version = make_function(project, "song", keywords("song", says="ham"))

    assert preview(project, keywords("song", says="ham"), function_id=version.function_id).neighbours == ()


def test_examples_show_what_matched_what_is_wrong_and_what_nothing_covers(project: Project) -> None:
    make_function(project, "song", keywords("song", says="ham"))

    examples = preview(project, keywords("subscribe")).examples

    (wrong,) = examples.wrong
    assert (wrong.key, wrong.said, wrong.right) == ("item-00002", "spam", ("ham",))
    assert [wrong.text[begin:end] for begin, end in wrong.marks] == ["subscribe"]
    (conflict,) = examples.conflicting
    assert conflict.others == (("song", "ham"),)
    assert {one.key for one in examples.uncovered} == {"item-00004", "item-00006"}
    assert {one.key for one in examples.matched} == {"item-00000", "item-00001", "item-00002"}


@pytest.mark.parametrize(
    ("pattern", "text", "marks"),
    [
        (r"(?i)\braster\b", "stop_rasterizing the Raster backend", [(21, 27)]),
        (r"(?i)song|\bmy\b", "mystery\nsong of my \U0001f44d song", [(8, 12), (16, 18), (21, 25)]),
        (r"^ab$", "ab ab", []),
        (r"b|$", "ab", [(1, 2)]),
        (r"(?x) a  # a letter", "ba", [(1, 2)]),
    ],
)
def test_what_is_marked_stands_where_it_was_found(
    pattern: str, text: str, marks: list[tuple[int, int]]
) -> None:
    assert feedback_examples.marks(["", text], [pattern]) == [[], marks]


def test_holdout_gold_and_doubtful_labels_judge_nothing(project: Project) -> None:
    items = list(Item.objects.filter(project=project).order_by("pk"))
    Item.objects.filter(pk=items[0].pk).update(role="holdout")
    items[1].consensus.update(confidence=0.5)

    found = preview(project, keywords("subscribe"))

    assert found.sample == 6
    assert (found.accuracy.right, found.accuracy.n) == (0, 1)


def test_every_fault_comes_with_its_path(project: Project) -> None:
    with pytest.raises(InvalidInput) as refused:
        preview(
            project,
            {"rules": [{"label": "spam", "pattern": "("}, {"label": "eggs", "pattern": "x"}]},
            kind="pattern",
        )

    paths = {fault.path for fault in refused.value.faults}
    assert paths == {("definition", "rules", 0, "pattern"), ("definition", "rules", 1, "label")}


def test_sensitive_fields_are_never_read_nor_shown(project: Project) -> None:
    preview(project, keywords("subscribe"))
    WeakSettings.objects.create(project=project, sensitive_fields=["text"])
    feedback_pool.of(project).looked = 0.0

    with pytest.raises(InvalidInput, match=r"sensitive|no payload fields"):
        preview(project, keywords("subscribe", fields=["text"]))
    assert feedback_pool.of(project).batch.table.columns == []


def test_what_comes_and_what_people_label_is_seen_soon(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    preview(project, keywords("song"))
    monkeypatch.setattr(feedback_pool, "LOOKED_SECONDS", 0.0)
    monkeypatch.setattr(feedback_pool, "DRAWN_SECONDS", 0.0)

    item = Item.objects.get(project=project, key="item-00005")
    label(item, "ham")
    Item.objects.create(project=project, key="new", payload={"text": "new song"}, digest=b"0" * 16)
    found = preview(project, keywords("song", says="ham"))

    assert (found.sample, found.votes, found.accuracy.n) == (8, 4, 3)


def test_deleted_items_are_no_examples(project: Project) -> None:
    preview(project, keywords("subscribe"))
    item = Item.objects.get(project=project, key="item-00000")
    item.consensus.all().delete()
    item.delete()

    matched = preview(project, keywords("subscribe")).examples.matched

    assert {one.key for one in matched} == {"item-00001", "item-00002"}


def test_a_large_pool_is_sampled_evenly_and_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feedback_pool, "MOST_SAMPLED", 300)
    project, _ = make_texts([f"text {n}" for n in range(1000)])

    found = preview(project, keywords("text"))
    ids = feedback_pool.of(project).batch.ids

    assert (found.sample, found.pool) == (300, 1000)
    # Not the first, and not the last.
    first, last = min(ids), max(ids)
    assert last - first > 900
    assert 0.3 < ((ids - first) / (last - first)).mean() < 0.7


def test_only_the_latest_projects_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feedback_pool, "MOST_PROJECTS", 2)
    projects = [make_texts(["a", "b"])[0] for _ in range(3)]

    for project in projects:
        preview(project, keywords("a"))

    assert list(feedback_pool._pools) == [projects[1].pk, projects[2].pk]


def test_expressions_see_the_first_part_of_the_sample(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feedback_pool, "FEW", 3)

    found = preview(
        project, {"rules": [{"label": "spam", "when": 'item.text.contains("e")'}]}, kind="expression"
    )

    assert found.sample == 3


def test_labels_of_a_set_do_not_contradict_each_other() -> None:
    question = {"name": "topics", "type": "multiple_choice", "labels": [{"value": "a"}, {"value": "b"}]}
    project, items = make_texts(["x y", "x", "y"], questions=[question])
    label(items[0], ["a", "b"])
    label(items[1], ["b"])
    make_function(project, "y", keywords("y", says="b"))

    found = feedback.preview(
        project=project, question="topics", kind="keywords", definition=keywords("x", says="a")
    )

    assert found.overlaps > 0
    assert found.conflicts == 0
    assert (found.accuracy.right, found.accuracy.n) == (1, 2)


def test_functions_are_analysed_beside_each_other(project: Project) -> None:
    song = make_function(project, "song", keywords("song", says="ham"))
    make_function(project, "subscribe", keywords("subscribe"))

    found = feedback.analysis(project=project, question="kind")

    told = {one.function: one for one in found.standings}[song.function_id]
    assert (round(7 * told.coverage), round(7 * told.overlaps), round(7 * told.conflicts)) == (3, 1, 1)
    assert (told.accuracy.right, told.accuracy.n) == (2, 2)
    assert round(7 * found.covered) == 5


def test_phrases_are_suggested_that_tell_a_label_which_nothing_covers() -> None:
    spam = [f"check out my channel number {n}" for n in range(6)]
    ham = [f"lovely song, take {n}" for n in range(6)]
    project, items = make_texts([*spam, *ham, "check out this"])
    for item, value in zip(items, ["spam"] * 6 + ["ham"] * 6, strict=False):
        label(item, value)
    make_function(project, "song", keywords("song", says="ham"))

    found = feedback.suggestions(project=project, question="kind")

    assert {one.label for one in found.phrases} == {"spam"}
    best = found.phrases[0]
    assert (best.words, best.precision.right, best.precision.n, best.uncovered) == ("check out my", 6, 6, 6)
    assert found.uncovered == 6


def test_items_on_which_functions_disagree_are_told(project: Project) -> None:
    make_function(project, "song", keywords("song", says="ham"))
    make_function(project, "subscribe", keywords("subscribe"))

    (one,) = feedback.suggestions(project=project, question="kind").disputed

    assert one.key == "item-00002"
    assert dict(one.others) == {"song": "ham", "subscribe": "spam"}


_LOADED = """
import os, sys, django
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()
import labelmodel.pages.urls, labelmodel.api.urls
print(sorted({"polars", "scipy", "pyarrow"} & set(sys.modules)))
"""


def test_pages_load_no_numerical_libraries_until_somebody_writes() -> None:
    done = subprocess.run([sys.executable, "-c", _LOADED], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
