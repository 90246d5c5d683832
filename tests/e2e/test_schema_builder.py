"""A manager builds, tries, publishes and changes a schema in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from annotation.models import Item, Project, User
from annotation.services import snapshots
from annotation.services.readings import read_answer
from annotation.services.schemas import create_schema
from annotation.snapshots import comparing
from tests.annotation.items_help import say
from tests.annotation.snapshots.help import agree, lines, made, rows
from tests.annotation.test_schemas import answer
from tests.factories import FIELDS, make_member, make_project, make_user

pytestmark = pytest.mark.e2e

TOPIC: dict[str, Any] = {
    "name": "topic",
    "type": "single_choice",
    "title": "What is it about?",
    "labels": [{"value": value} for value in ("sport", "politics", "misc")],
}


@pytest.fixture
def builder(signed_in: Any, problems: Any) -> Callable[[Project, User], Page]:
    def open_builder(project: Project, user: User, *, query: str = "") -> Page:
        page: Page = problems(signed_in(user, viewport={"width": 1280, "height": 900}).new_page())
        page.goto(f"/projects/{project.pk}/schema/{query}")
        page.wait_for_selector("[data-builder=ready]")
        return page

    return open_builder


def empty_project() -> Project:
    owner = make_user("olga", can_create_projects=True)
    project = Project.objects.create(name="Reviews", created_by=owner)
    project.memberships.create(user=owner, role="owner")
    return project


def publish(page: Page) -> None:
    page.get_by_role("button", name="Publish…").click()
    page.get_by_role("dialog").get_by_role("button", name="Publish", exact=True).click()


def wait_until_published(page: Page, version: int) -> None:
    # The status stays, while a message about it goes after a few seconds.
    status = page.locator("#builder-status", has_text=f"Version {version}, published")
    status.wait_for(timeout=60_000)


def test_a_first_schema_is_built_by_hand_tried_and_published(builder: Any) -> None:
    project = empty_project()
    page = builder(project, project.created_by)

    page.get_by_role("button", name="Single choice").click()
    page.keyboard.type("What is the mood?")
    expect(page.get_by_label("Name")).to_have_value("what_is_the_mood")
    page.get_by_label("Label 1", exact=True).fill("good")
    page.keyboard.press("Enter")
    page.keyboard.type("bad")
    page.get_by_label("Delete label 3").click()
    page.get_by_text("Paste many").click()
    page.get_by_label("Labels, one per line").fill("ugly\n\n bad \nodd")
    page.get_by_role("button", name="Add these labels").click()

    preview = page.locator("[data-preview]")
    expect(preview.get_by_role("radio")).to_have_count(4)
    preview.get_by_role("radio", name="good").focus()
    page.keyboard.press("3")
    expect(preview.get_by_role("radio", name="ugly")).to_be_checked()
    page.get_by_text("What is stored").click()
    expect(page.locator("[data-preview-value]")).to_contain_text('"what_is_the_mood": "ugly"')

    publish(page)
    wait_until_published(page, 1)
    project.refresh_from_db()
    assert project.schema is not None
    assert [label["value"] for label in project.schema.questions[0]["labels"]] == [
        "good",
        "bad",
        "ugly",
        "odd",
    ]


def test_renaming_and_removing_states_what_becomes_of_old_answers(builder: Any) -> None:
    project = make_project(items=3, questions=[TOPIC])
    first = project.schema
    answer(project, {"topic": "sport"}, {"topic": "sport"}, {"topic": "misc"})
    page = builder(project, project.created_by)

    page.get_by_label("Label 1", exact=True).fill("sports")
    page.get_by_label("Delete misc").click()
    page.get_by_role("button", name="Publish…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("“sport” in “topic” becomes “sports”.")).to_be_visible()
    expect(dialog.get_by_text("2 answers, 2 items", exact=True)).to_be_visible()
    expect(dialog.get_by_role("button", name="Publish", exact=True)).to_be_disabled()

    dialog.get_by_label("“misc” in “topic” is gone. Its 1 answer").select_option("become “politics”")
    expect(dialog.get_by_text("All 3 answers on 3 items read completely")).to_be_visible()
    dialog.get_by_role("button", name="Publish", exact=True).click()
    wait_until_published(page, 2)

    second = project.schemas.get(version=2)
    assert second.mapping == {"topic": {"labels": {"sport": "sports", "misc": "politics"}}}
    assert first is not None
    assert read_answer(first, second, {"topic": "misc"}) == ({"topic": "politics"}, set())


def test_rename_merge_and_split_with_answers_reach_the_next_snapshot_and_no_older_one(builder: Any) -> None:
    labels = ("sport", "politics", "elections", "misc")
    project = make_project(items=4, questions=[{**TOPIC, "labels": [{"value": one} for one in labels]}])
    project.items.update(wanted=2, open_slots=2)
    for person in (make_member(project), make_member(project)):
        for item, said in zip(project.items.order_by("pk"), labels, strict=True):
            say(item, person, topic=said)
    for item, said in zip(project.items.order_by("pk"), labels, strict=True):
        agree(item, "topic", said, status="adjudicated")
    old = made(project)
    before = lines(old)
    page = builder(project, project.created_by)

    # Renamed, joined, and taken apart into two that people tell from each other.
    page.get_by_label("Label 1", exact=True).fill("sports")
    page.get_by_label("Delete elections").click()
    page.get_by_label("Delete misc").click()
    page.get_by_text("Paste many").click()
    page.get_by_label("Labels, one per line").fill("art\nscience")
    page.get_by_role("button", name="Add these labels").click()
    page.get_by_role("button", name="Publish…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("“elections” in “topic” is gone. Its 2 answers").select_option("become “politics”")
    dialog.get_by_label("“misc” in “topic” is gone. Its 2 answers").select_option("are for people to decide")
    expect(dialog.get_by_text("“elections” in “topic” joins “politics”.")).to_be_visible()
    expect(dialog.get_by_text("2 answers, 1 item").first).to_be_visible()
    expect(dialog.get_by_text("2 of 8 answers will be incomplete, on 1 of 4 items")).to_be_visible()
    expect(dialog.get_by_text("1 snapshot", exact=True)).to_be_visible()
    dialog.get_by_role("button", name="Publish", exact=True).click()
    wait_until_published(page, 2)

    new = made(Project.objects.get(pk=project.pk), unlabeled=True)
    read = {row["key"]: (row["consensus"].get("topic") or {}).get("value") for row in rows(new)}
    assert list(read.values()) == ["sports", "politics", "politics", None]
    [step] = new.manifest["schema"]["mappings"]
    assert (new.manifest["schema"]["version"], step["to"]) == (2, 2)
    assert step["mapping"]["topic"]["labels"] == {"sport": "sports", "elections": "politics", "misc": None}
    old.refresh_from_db()
    assert (lines(old), old.manifest["schema"]) == (before, {"version": 1, "mappings": []})

    comparing.run(comparison_id=snapshots.compare(old=old, new=new, by=project.created_by).pk)
    page.goto(f"/projects/{project.pk}/snapshots/{old.pk}/compare/{new.pk}/")
    expect(page.get_by_text("0 of 3 changed")).to_be_visible()
    told = page.get_by_text("As the earlier one reads today")
    for words in ("sport as sports (1)", "elections as politics (1)", "misc is for people to decide (1)"):
        expect(told).to_contain_text(words)


def test_the_draft_outlives_a_reload_and_can_be_discarded(builder: Any) -> None:
    project = make_project(items=1, questions=[TOPIC])
    page = builder(project, project.created_by)

    page.get_by_label("Question", exact=True).fill("Which topic?")
    expect(page.get_by_text("Not published; kept in this browser")).to_be_visible()
    page.reload()
    page.wait_for_selector("[data-builder=ready]")
    expect(page.get_by_text("This is your unpublished draft")).to_be_visible()
    expect(page.get_by_label("Question", exact=True)).to_have_value("Which topic?")

    page.get_by_role("button", name="Discard draft").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Discard").click()
    expect(page.get_by_label("Question", exact=True)).to_have_value("What is it about?")
    assert (
        page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('schema-draft')).length") == 0
    )


def test_a_draft_goes_on_from_a_version_that_somebody_published_meanwhile(builder: Any) -> None:
    project = make_project(items=1, questions=[TOPIC])
    page = builder(project, project.created_by)
    page.get_by_role("textbox", name="Help (optional)").fill("Choose one.")
    create_schema(
        project=project, by=project.created_by, fields=FIELDS, questions=[{**TOPIC, "title": "Topic?"}]
    )

    publish(page)
    expect(page.get_by_role("alert").filter(has_text="You edited version 1")).to_be_visible()
    page.reload()
    page.wait_for_selector("[data-builder=ready]")
    expect(page.get_by_text("Version 2 was published after you began.")).to_be_visible()
    expect(page.get_by_role("textbox", name="Help (optional)")).to_have_value("Choose one.")
    publish(page)
    wait_until_published(page, 3)


def test_questions_move_and_come_back_by_keyboard(builder: Any) -> None:
    note = {"name": "note", "type": "text"}
    project = make_project(items=1, questions=[TOPIC, note])
    page = builder(project, project.created_by)
    order = page.locator(".builder-toggle .truncate")

    page.get_by_role("button", name="Move “note” up").focus()
    page.keyboard.press("Enter")
    expect(order).to_have_text(["note", "What is it about?"])
    page.get_by_role("button", name="Delete “note”").click()
    expect(order).to_have_text(["What is it about?"])
    page.get_by_role("status").get_by_role("button", name="Undo").click()
    expect(order).to_have_text(["note", "What is it about?"])


def test_labels_are_dragged_to_another_place(builder: Any) -> None:
    project = make_project(items=1, questions=[TOPIC])
    page = builder(project, project.created_by)

    page.locator(".builder-label .grip").nth(2).drag_to(
        page.locator(".builder-label").nth(0), target_position={"x": 60, "y": 4}
    )

    expect(page.get_by_label("Label 1", exact=True)).to_have_value("misc")
    expect(page.locator("[data-preview] .choice-words").first).to_have_text("misc")


def test_a_colour_is_chosen_by_arrow_keys(builder: Any) -> None:
    project = make_project(items=1, questions=[TOPIC])
    page = builder(project, project.created_by)

    page.get_by_label("Colour of sport: blue").press("Enter")
    page.get_by_role("radio", name="blue").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-preview] .choice.c-purple")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.get_by_label("Colour of sport: purple")).to_be_focused()


def test_a_key_that_is_taken_is_told_beside_the_label(builder: Any) -> None:
    project = make_project(items=1, questions=[TOPIC])
    page = builder(project, project.created_by)

    page.get_by_label("Key of sport").fill("k")
    page.get_by_label("Key of misc").fill("k")
    expect(
        page.locator(".builder-label").nth(2).get_by_text("“k” is the key of “sport” already.")
    ).to_be_visible()
    expect(page.get_by_role("button", name="Publish…")).to_be_disabled()
    page.get_by_label("Key of misc").fill("s")
    expect(page.get_by_text("“s” is the key of skipping on the labeling page.").first).to_be_visible()
    page.get_by_label("Key of misc").fill("m")
    expect(page.locator("[data-preview] kbd")).to_have_text(["k", "1", "m"])


def test_a_condition_follows_the_label_that_it_names(builder: Any) -> None:
    project = make_project(items=1, questions=[TOPIC])
    page = builder(project, project.created_by)

    page.get_by_role("button", name="Text", exact=True).click()
    page.keyboard.type("Which one?")
    page.get_by_label("Asked", exact=True).select_option("depending on “What is it about?”")
    page.get_by_role("checkbox", name="misc").check()
    preview = page.locator("[data-preview]")
    expect(preview.get_by_label("Which one?")).to_be_hidden()
    page.locator(".builder-toggle").first.click()
    page.get_by_label("Label 3", exact=True).fill("other")
    expect(preview.get_by_text("other")).to_be_visible()
    preview.get_by_text("other").click()
    expect(preview.get_by_role("textbox", name="Which one?")).to_be_visible()

    publish(page)
    wait_until_published(page, 2)
    second = project.schemas.get(version=2)
    assert second.questions[1]["show_when"] == {"question": "topic", "any_of": ["other"]}


def test_the_same_can_be_written_as_json(builder: Any) -> None:
    project = make_project(items=1, questions=[TOPIC])
    page = builder(project, project.created_by)
    page.get_by_role("tab", name="JSON").click()
    text = page.get_by_label("The same as REST has it")

    text.fill("{")
    page.get_by_role("button", name="Apply to the draft").click()
    expect(page.get_by_role("alert").filter(has_text="JSON")).to_be_visible()
    text.fill('{"fields": [], "questions": [{"name": "topic", "type": "rating", "max": 3}]}')
    page.get_by_role("button", name="Apply to the draft").click()
    expect(page.locator("[data-preview] .point")).to_have_count(3)
    page.go_back()
    expect(page.get_by_role("tab", name="Questions")).to_have_attribute("aria-selected", "true")


def test_fields_are_chosen_among_the_keys_of_the_items(builder: Any) -> None:
    project = make_project(items=2, questions=[TOPIC])
    Item.objects.filter(project=project).update(payload={"text": "Words", "photo": "a.png", "id": 7})
    page = builder(project, project.created_by)
    page.get_by_role("tab", name="Fields").click()

    page.get_by_role("button", name="photo").click()
    expect(page.get_by_label("Shown as").nth(1)).to_have_value("image")
    expect(page.locator("[data-preview] .item-image")).to_be_visible()
    publish(page)
    wait_until_published(page, 2)
    names = [field["name"] for field in project.schemas.get(version=2).fields]
    assert names == ["text", "photo"]


def test_a_starter_is_a_schema_that_can_be_published_as_it_is(builder: Any) -> None:
    project = empty_project()
    page = builder(project, project.created_by)

    for name in ("Sentiment", "Topics", "Image classes", "Rating"):
        page.get_by_role("button", name=name).first.click()
        expect(page.get_by_role("button", name="Publish…")).to_be_enabled()
        page.get_by_role("button", name="Undo", exact=True).click()
        expect(page.get_by_role("button", name="Publish…")).to_be_disabled()


def test_an_older_version_can_be_begun_from(builder: Any) -> None:
    project = make_project(items=1, questions=[TOPIC])
    create_schema(
        project=project, by=project.created_by, fields=FIELDS, questions=[{**TOPIC, "title": "Topic?"}]
    )
    page = builder(project, project.created_by, query="?from=1")

    expect(page.get_by_label("Question", exact=True)).to_have_value("What is it about?")
    publish(page)
    wait_until_published(page, 3)


def test_ten_thousand_labels_can_be_edited(builder: Any) -> None:
    many = {**TOPIC, "labels": [{"value": f"label {number}"} for number in range(9_999)]}
    project = make_project(items=1, questions=[many])
    page = builder(project, project.created_by)

    # At once, as pasting does it; typing thousands of lines takes the browser minutes.
    page.get_by_label("One label per line").evaluate(
        'field => { field.value += "\\nlast"; field.dispatchEvent(new Event("input", { bubbles: true })); }'
    )
    # Not by expect: what it tells about a page of this size when it fails takes it minutes.
    page.locator("[data-preview] [value=last]").wait_for(state="attached", timeout=60_000)
    publish(page)
    wait_until_published(page, 2)
    assert len(project.schemas.get(version=2).questions[0]["labels"]) == 10_000
