"""Labeling functions that vote by the tags of items."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotation.errors import InvalidInput
from annotation.models import Item, ItemTag, Project, Tag
from labelmodel import functions
from labelmodel.functions import KINDS, Context, DefinitionError
from labelmodel.services import feedback, function_pool, function_review, run_requests
from labelmodel.services.function_rules import prepared
from labelmodel.services.run_lines import Line
from tests.labelmodel.services.function_help import active, draft, reviews, run, said

pytestmark = pytest.mark.django_db
CONTEXT = Context({"text": "text"}, ("positive", "negative", "neutral"))


def make_tagged(**tags: list[int]) -> Project:
    """Six reviews; each tag is on the items with these numbers."""
    project = reviews()
    for name, numbers in tags.items():
        put(project, name, *numbers)
    return project


def put(project: Project, name: str, *numbers: int) -> Tag:
    tag, _ = Tag.objects.get_or_create(project=project, name=name)
    items = Item.objects.filter(project=project, key__in=[f"item-{n:05}" for n in numbers])
    ItemTag.objects.bulk_create(ItemTag(tag=tag, item=item) for item in items)
    return tag


def rule(label: str, **lists: list[str]) -> dict[str, Any]:
    return {"label": label, **lists}


def votes(project: Project, *rules: dict[str, Any]) -> list[str | None]:
    version = active(project, kind="tags", definition={"rules": list(rules)})
    return [label for _, label in sorted(said(version).items())]


def test_the_first_rule_that_passes_gives_the_label() -> None:
    project = make_tagged(praise=[0, 1], shop=[1, 2], old=[3])

    assert votes(project, rule("positive", any=["praise"]), rule("negative", any=["shop", "old"])) == [
        "positive", "positive", "negative", "negative", None, None,
    ]  # fmt: skip


def test_all_and_none_of_tags() -> None:
    project = make_tagged(praise=[0, 1, 2], shop=[1, 2], old=[2])

    assert votes(project, rule("positive", all=["praise", "shop"], **{"not": ["old"]})) == [
        None, "positive", None, None, None, None,
    ]  # fmt: skip


def test_tags_of_other_projects_are_not_seen() -> None:
    make_tagged(praise=[0, 1])

    with pytest.raises(InvalidInput, match="no tag “praise”") as caught:
        draft(make_tagged(shop=[0]), kind="tags", definition=rule("positive", any=["praise"]))
    assert caught.value.faults[0].path == ("definition", "rules", 0, "any", 0)


def test_a_batch_takes_one_query() -> None:
    project = make_tagged(praise=[0], shop=[1])
    definition = {"rules": [rule("positive", any=["praise"]), rule("negative", any=["shop"])]}
    function = prepared(draft(project, kind="tags", definition=definition))
    ids = function_pool.content(project.pk, next(iter(function_pool.blocks(project.pk))).number).ids
    (batch,) = function_pool.batches(project.pk, ids, [], whole=False)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        (cast,) = functions.apply([function], batch)

    assert cast.label.tolist() == [0, 1, -1, -1, -1, -1]
    assert cast.errors == {}
    assert len(queries) <= 1


def test_tags_that_change_count_when_everything_is_run_anew() -> None:
    project = make_tagged(praise=[0])
    version = active(project, kind="tags", definition=rule("positive", any=["praise"]))
    put(project, "praise", 4)
    run_requests.request(project=project, by=project.created_by, kind="new")
    run(project)
    assert said(version)["item-00004"] is None
    run_requests.request(project=project, by=project.created_by, kind="all")
    run(project)

    assert said(version)["item-00004"] == "positive"


def test_a_tag_that_is_gone_makes_it_fail_loudly() -> None:
    project = make_tagged(praise=[0])
    version = active(project, kind="tags", definition=rule("positive", any=["praise"]))
    project.tags.all().delete()
    run_requests.request(project=project, by=project.created_by, kind="all")

    assert "no tag “praise”" in Line.of(run(project).lines[str(version.pk)]).fault
    assert said(version)["item-00000"] == "positive"


def test_the_editor_shows_what_it_covers() -> None:
    project = make_tagged(praise=[0, 1, 2])
    found = feedback.preview(
        project=project, question="sentiment", kind="tags",
        definition=rule("positive", any=["praise"]),
    )  # fmt: skip

    assert found.coverage == pytest.approx(0.5)


def test_a_test_with_a_payload_cannot_pass() -> None:
    project = make_tagged(praise=[0])
    version = draft(
        project, kind="tags", definition=rule("positive", any=["praise"]),
        tests=[{"payload": {"text": "good"}, "label": None}],
    )  # fmt: skip

    with pytest.raises(InvalidInput) as caught:
        function_review.submit(version=version, by=project.created_by)
    assert "see the trial" in caught.value.faults[0].message


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"label": "positive"}, ("any",)),
        ({"label": "other", "any": ["a"]}, ("label",)),
        ({"label": "positive", "any": "a"}, ("any",)),
        ({"label": "positive", "any": [5]}, ("any", 0)),
        ({"label": "positive", "any": ["a"], "fields": ["text"]}, ("fields",)),
        ({"rules": []}, ("rules",)),
    ],
)
def test_faults_say_where(given: dict[str, Any], path: tuple[Any, ...]) -> None:
    with pytest.raises(DefinitionError) as caught:
        functions.check("tags", given, CONTEXT)

    assert path in {fault.path for fault in caught.value.faults}


def test_checking_again_changes_nothing() -> None:
    once = functions.check("tags", rule("positive", any=["a", " a"]), CONTEXT)

    assert once == {"rules": [{"label": "positive", "any": ["a"]}]}
    assert functions.check("tags", once, CONTEXT) == once
    assert not KINDS["tags"].reads(once)
