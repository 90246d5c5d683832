"""A suggestion on the labeling page: seen, adopted by one key, overruled, and recorded."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from annotation.models import Annotation
from annotation.services import predictions
from annotation.services.predictions import Predicted
from tests.factories import make_member, make_project, make_user

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def test_a_suggestion_is_adopted_by_one_key_or_overruled(
    signed_in: Callable[..., BrowserContext], problems: Callable[[Page], Page]
) -> None:
    project = make_project(items=4, suggestions=True)
    items = list(project.items.order_by("pk").values_list("pk", flat=True))
    said = [Predicted(item, "sentiment", "negative", 0.91, {}) for item in items[:3]]
    predictions.keep(
        project_id=project.pk, schema_id=project.schema_id, found=said, source="logistic", version=3
    )
    anna = make_member(project, user=make_user("anna"))
    page = problems(signed_in(anna).new_page())
    page.goto(f"/projects/{project.pk}/label/")
    page.wait_for_selector("#desk[data-ready]")
    strip, marked = page.locator("#suggestion"), page.locator("[data-suggested]")

    expect(strip).to_contain_text("Suggested by model version 3")
    expect(strip).to_contain_text("Negative, 91 %")
    expect(marked).to_contain_text("Negative")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This question needs an answer.")).to_be_visible()  # nothing is answered by it
    page.keyboard.press("a")
    expect(page.get_by_role("radio", name="Negative")).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.locator("#item-key")).to_have_text("item-00001")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.locator("#item-key")).to_have_text("item-00002")
    strip.get_by_role("button", name="Adopt").click()
    page.keyboard.press("Enter")
    expect(page.locator("#item-key")).to_have_text("item-00003")
    expect(strip).to_be_hidden()  # the model has said nothing of this one
    expect(marked).to_have_count(0)
    page.keyboard.press("a")
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    expect(page.locator("#saved[data-pending='0']")).to_be_attached()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#desk")).to_have_attribute("data-view", "past")
    expect(strip).to_be_hidden()

    kept = Annotation.objects.order_by("item").values_list("answer__sentiment", "followed")
    assert list(kept) == [("negative", True), ("positive", False), ("negative", True), ("neutral", None)]
