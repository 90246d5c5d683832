"""Training, misses, a warning, a pause with its reason; and the manager who settles it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from annotation.models import GoldQuestion, Lease, Membership, Project, Suspension
from tests.annotation.gold_help import make_gold_project, put
from tests.factories import make_member, make_user
from tests.invariants import assert_slots_add_up

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
Watch = Callable[[Page], Page]
SignIn = Callable[..., BrowserContext]


@pytest.fixture
def project(transactional_db: None) -> Project:
    project = make_gold_project(
        gold_questions=20,
        items=60,
        gold_rate=0.5,
        gold_bar=0.6,
        training_questions=2,
        training_bar=0.5,
        guidelines="Be *positive*.",
    )
    keys = GoldQuestion.objects.values_list("item__key", flat=True)
    put(project, *keys, explanation="The tone decides.")
    return project


def picture(page: Page, name: str) -> None:
    """For people who look at the pages: only where they say where to put it."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def answer(page: Page, key: str) -> None:
    before = page.locator("#item-key").inner_text()
    page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect(page.locator("#item-key")).not_to_have_text(before)


def is_gold(page: Page) -> bool:
    return GoldQuestion.objects.filter(item__key=page.locator("#item-key").inner_text()).exists()


def test_from_training_to_a_pause_and_back(project: Project, signed_in: SignIn, problems: Watch) -> None:
    anna = make_member(project, user=make_user("anna"))
    page = problems(signed_in(anna, viewport={"width": 1440, "height": 900}).new_page())
    page.goto(f"/projects/{project.pk}/label/")
    page.wait_for_selector("#desk[data-ready]")

    expect(page.locator("#training")).to_have_text("Training: 0 of 2")
    answer(page, "2")
    feedback = page.locator("#feedback")
    expect(feedback).to_contain_text("should have been Positive")
    expect(feedback).to_contain_text("The tone decides.")
    expect(page.locator("#live")).to_contain_text("should have been Positive")
    picture(page, "label-feedback")
    page.keyboard.press("Escape")
    expect(feedback).to_be_hidden()
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(feedback).to_contain_text("right.")
    expect(page.locator("#training")).to_be_hidden()
    expect(page.locator("#desk")).to_have_attribute("data-view", "turn")

    warned = False
    while page.locator("#desk").get_attribute("data-view") == "turn":
        page.keyboard.press("2" if is_gold(page) else "3")
        page.keyboard.press("Enter")
        expect(page.locator("#saved[data-pending='0']")).to_be_attached()
        if not warned and (warned := page.locator("#warning").is_visible()):
            picture(page, "label-warning")

    assert warned
    expect(page.locator("[data-empty=paused]")).to_contain_text("0 of the last 5 check questions right")
    picture(page, "label-paused")
    assert not Lease.objects.filter(annotator=anna, state="active").exists()

    manage = problems(signed_in(project.created_by, viewport={"width": 1440, "height": 900}).new_page())
    manage.goto(f"/projects/{project.pk}/members/")
    expect(manage.get_by_text("in doubt.")).to_be_visible()
    picture(manage, "members")
    manage.get_by_role("button", name="Ask others").click()
    manage.locator("dialog[open]").get_by_role("button", name="Ask others").click()
    expect(manage.get_by_text("others are asked in their place")).to_be_visible()
    manage.get_by_role("button", name="Let go on").click()
    manage.locator("dialog[open]").get_by_role("button", name="Let go on").click()
    expect(manage.get_by_text("They can go on.")).to_be_visible()

    assert Suspension.objects.get().set_aside == Lease.objects.filter(state="set_aside").count() > 0
    assert Membership.objects.get(user=anna).paused_reason == ""
    assert_slots_add_up(project)
    page.get_by_role("button", name="Look again").click()
    expect(page.locator("#desk")).to_have_attribute("data-view", "turn")


def test_what_a_rotation_is_can_be_read_on_a_phone(project: Project, signed_in: SignIn) -> None:
    page = signed_in(project.created_by, viewport={"width": 390, "height": 844}).new_page()
    page.goto(f"/projects/{project.pk}/gold/")

    words = page.get_by_text("Nobody gets the same gold question twice").bounding_box()
    assert words is not None
    assert words["width"] > 250


def test_a_known_answer_is_given_in_the_real_form(
    project: Project, signed_in: SignIn, problems: Watch
) -> None:
    page = problems(signed_in(project.created_by).new_page())
    item = project.items.order_by("pk").first()
    assert item is not None
    page.goto(f"/projects/{project.pk}/items/{item.pk}/")
    page.get_by_role("link", name="Make this a gold question").click()
    page.wait_for_selector("form[data-ready]")
    page.get_by_role("button", name="Make it a gold question").click()
    expect(page.get_by_text("This question needs an answer.")).to_be_visible()
    page.get_by_text("Negative").click()
    page.get_by_label("Explanation").fill("Sour.")
    picture(page, "gold-edit")
    page.get_by_role("button", name="Make it a gold question").click()

    expect(page.get_by_text(f"{item.key} is a gold question.")).to_be_visible()
    picture(page, "gold")
    assert GoldQuestion.objects.get(item=item).answer == {"sentiment": "negative"}
