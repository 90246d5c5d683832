"""The data table in a browser: filter, select all, tag, save the view, find it again."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from annotation.models import BulkAction, ItemTag, SavedView
from annotation.services import bulk
from tests.annotation.items_help import make_findable, say
from tests.factories import make_items

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(signed_in: Any, manager: Any) -> Page:
    return signed_in(manager).new_page()


def add_filter(page: Page, field: str, comparison: str = "", value: str = "") -> None:
    editor = page.locator("#filter-editor")
    editor.get_by_label("Field", exact=True).select_option(label=field)
    if comparison:
        editor.get_by_label("Comparison").select_option(label=comparison)
    if value:
        editor.locator("[data-editor=choice]").select_option(label=value)


def test_filter_select_all_tag_and_save_the_view(page: Page, project: Any, annotator: Any) -> None:
    make_items(project, 60)
    rows = list(project.items.order_by("pk"))
    for row in rows[:3]:
        say(row, annotator, sentiment="negative")
    say(rows[3], annotator, sentiment="positive")
    page.goto(f"/projects/{project.pk}/items/")

    # By keyboard: open, or somebody says negative.
    page.keyboard.press("f")
    add_filter(page, "State", "is", "open")
    page.get_by_role("button", name="Or something else").click()
    add_filter(page, "Somebody says", "is", "Negative")
    page.get_by_role("button", name="Apply").press("Enter")
    expect(page.locator(".items-bar [role=status]")).to_contain_text("64 items")
    expect(page).to_have_url(re.compile("where="))

    # A range, then all that match.
    boxes = page.locator("[data-select]")
    boxes.nth(0).click()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(page.locator("[data-selected]")).to_have_text("3 items selected")
    page.locator("[data-select-all]").click()
    expect(page.locator("[data-selected]")).to_have_text("All 64 items selected")

    page.keyboard.press("t")
    page.locator("#bulk-tag-name").fill("look again")
    # Twice, as hands do: it is asked for once.
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.wait_for_load_state("networkidle")
    card = page.locator(".bulk-card")
    expect(card).to_contain_text("Tag as “look again”")
    job = BulkAction.objects.get()
    page.reload()
    bulk.run(action_id=job.pk)
    expect(card).to_contain_text("64 items changed.")
    expect(page.locator(".items-tag").first).to_have_text("look again")
    assert ItemTag.objects.count() == 64

    page.locator(".items-bar summary").click()
    page.get_by_role("button", name="Save as a new view…").click()
    page.locator("#view-name").fill("To look at")
    page.keyboard.press("Enter")
    expect(page.locator(".items-bar")).to_contain_text("64 items in To look at")
    assert SavedView.objects.get().where == "state = open or label.sentiment = negative"

    # Another tab, days later.
    page.goto(f"/projects/{project.pk}/items/?view={SavedView.objects.get().pk}")
    expect(page.locator(".filter-chip")).to_have_count(2)
    page.locator(".filter-chip").first.get_by_role("button").first.press("Delete")
    expect(page.locator(".items-bar [role=status]")).to_contain_text("3 items")
    expect(page.locator(".items-bar")).to_contain_text("changed")


def test_the_editor_offers_frequent_values_of_a_field_and_marks_what_reads_all_items(
    page: Page, project: Any
) -> None:
    for place, item in enumerate(project.items.order_by("pk")):
        item.payload = {"text": "x", "source": "web" if place else "print"}
        item.save(update_fields=["payload"])
    make_findable(*project.items.all())
    page.goto(f"/projects/{project.pk}/items/")
    editor = page.locator("#filter-editor")
    slow = editor.get_by_text("it reads all of them")

    page.keyboard.press("f")
    add_filter(page, "Field")
    editor.get_by_label("Which field").fill("source")
    editor.get_by_label("Which field").press("Tab")
    offered = editor.locator("#filter-values option")
    expect(offered).to_have_count(2)
    assert offered.evaluate_all("found => found.map((one) => one.value)") == ["web", "print"]
    expect(slow).to_be_hidden()
    editor.get_by_label("Comparison").select_option(label="contains")
    expect(slow).to_be_visible()
    expect(offered).to_have_count(0)
    editor.get_by_label("Comparison").select_option(label="is")
    editor.locator("#filter-value").fill("web")
    page.get_by_role("button", name="Apply").click()

    expect(page.locator("tr.row-link")).to_have_count(4)


def test_a_filter_is_written_as_text_and_its_fault_shown(page: Page, project: Any) -> None:
    page.goto(f"/projects/{project.pk}/items/")

    page.get_by_role("button", name="As text").click()
    page.get_by_label("Filter as text").fill("state = open and (")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("breaks off")
    page.get_by_label("Filter as text").fill('state = open and key ~ "0003"')
    page.keyboard.press("Enter")

    expect(page.locator("tr.row-link")).to_have_count(1)
    page.get_by_role("button", name="As text").click()
    expect(page.locator(".filter-chip")).to_have_count(2)
