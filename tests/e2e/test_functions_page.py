"""Labeling functions in a browser: a mistake is seen and mended, accuracy rises, a version goes from draft to votes on the pool."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from annotation.models import Project
from labelmodel.models import FunctionVersion, VoteShard
from labelmodel.services import function_run
from tests.factories import make_member
from tests.labelmodel.written import label, make_texts

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

TEXTS = [
    *(f"subscribe to channel {n}" for n in range(8)),
    *(f"I will not subscribe, lovely song {n}" for n in range(6)),
    *(f"lovely song {n}" for n in range(6)),
]


@pytest.fixture
def written() -> Project:
    project, items = make_texts(TEXTS)
    for item, value in zip(items, ["spam"] * 8 + ["ham"] * 12, strict=True):
        label(item, value)
    return project


def test_a_mistake_is_seen_and_mended_and_the_function_votes(
    signed_in: Any, problems: Callable[[Page], Page], written: Project
) -> None:
    owner, manager = written.created_by, make_member(written, "manager")
    page = problems(signed_in(owner).new_page())
    page.goto(f"/projects/{written.pk}/functions/")
    page.keyboard.press("n")
    page.get_by_role("link", name="Regular expression").click()
    page.get_by_label("Name").fill("says_subscribe")

    # A mistake is told at the field, while one types.
    pattern = page.get_by_label("Pattern")
    pattern.fill("(subscribe")
    page.keyboard.press("Alt+1")
    expect(page.get_by_role("radio", name="Spam")).to_be_checked()
    expect(page.get_by_text("This pattern cannot be read")).to_be_visible()
    expect(pattern).to_have_attribute("aria-invalid", "true")

    # Mended: it is right on 8 of 14, and the wrong ones are shown.
    accuracy = page.locator("[data-figure=accuracy]")
    pattern.fill("subscribe")
    expect(accuracy).to_have_text("57 %")
    expect(pattern).not_to_have_attribute("aria-invalid", "true")
    expect(page.locator("#examples-wrong li")).to_have_count(6)
    expect(page.locator("#examples-wrong mark").first).to_have_text("subscribe")

    # Better: accuracy rises.
    page.get_by_text("More conditions").click()
    page.get_by_label("But not where this is found").fill("song")
    expect(accuracy).to_have_text("100 %")
    expect(page.locator("#examples-wrong")).to_have_count(0)

    # A test that fails, then passes.
    page.get_by_label("text, or a payload as JSON").fill("subscribe now")
    expect(page.locator(".test-result")).to_contain_text("fails")
    page.get_by_label("Must get").select_option(label="Spam")
    expect(page.locator(".test-result")).to_contain_text("passes")
    page.get_by_role("button", name="Submit for review").click()
    expect(page.get_by_text("It waits for review.")).to_be_visible()

    # Somebody else approves and activates it; a worker tries it, then runs it on the pool.
    other = problems(signed_in(manager).new_page())
    other.goto(page.url)
    other.get_by_role("button", name="Approve and try on a sample").click()
    expect(other.get_by_text("Being tried on a sample of the pool")).to_be_visible()
    function_run.run_project(project_id=written.pk)
    expect(other.get_by_text("Tried on 20 items")).to_be_visible()
    other.keyboard.press("a")
    expect(other.get_by_text("Active", exact=True).first).to_be_visible()
    function_run.run_project(project_id=written.pk)

    other.goto(f"/projects/{written.pk}/functions/runs/")
    expect(other.get_by_role("cell", name="40.0 %")).to_be_visible()
    assert FunctionVersion.objects.get(project=written).state == "active"
    assert VoteShard.objects.get().cast == {"spam": 8}
    other.goto(f"/projects/{written.pk}/functions/")
    expect(other.get_by_role("row", name="says_subscribe")).to_contain_text("100 %")


def test_rules_come_and_go_and_a_phone_shows_what_it_does(
    signed_in: Any, problems: Callable[[Page], Page], written: Project
) -> None:
    page = problems(signed_in(written.created_by, viewport={"width": 390, "height": 800}).new_page())
    page.goto(f"/projects/{written.pk}/functions/new/")
    page.get_by_label("Any of these").fill("channel")
    page.locator(".label-chip").filter(has_text="Spam").click()
    coverage = page.locator("[data-figure=coverage]")
    expect(coverage).to_contain_text("40.0")

    page.get_by_role("button", name="Another rule").click()
    rules = page.locator(".function-rule")
    expect(rules).to_have_count(2)
    page.keyboard.press("2")
    rules.nth(1).get_by_label("Any of these").fill("song")
    expect(rules.nth(1).get_by_role("radio", name="Ham")).to_be_checked()
    expect(coverage).to_contain_text("100.0")

    rules.nth(1).get_by_role("button", name="Take this rule away").click()
    expect(coverage).to_contain_text("40.0")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
