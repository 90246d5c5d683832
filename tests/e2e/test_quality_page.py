"""The page of quality: two annotators disagree, and the page says about what, with the figures beside the pictures."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from annotation.models import Item, Project, User
from annotation.reports.agreement import COMPUTED_AT_ONCE
from annotation.services import adjudication, gold
from labelmodel.services import refresh
from tests.annotation.items_help import say
from tests.e2e.test_journey import worker  # noqa: F401
from tests.factories import SENTIMENT, make_dataset, make_member, make_project, make_user

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
STARS: list[dict[str, Any]] = [{"name": "stars", "type": "rating", "title": "Stars", "required": False}]
LABELS = ("positive", "negative", "neutral")


def seeded(owner: User) -> Project:
    """Sixty items of two datasets, three people of whom one errs often, gold questions and a decision."""
    project = make_project(owner=owner, items=60, questions=[*SENTIMENT, *STARS], annotations_per_item=3)
    dataset = make_dataset(project, name="reviews")
    items = list(project.items.order_by("pk"))
    Item.objects.filter(pk__in=[item.pk for item in items[30:]]).update(dataset=dataset)
    chance = random.Random(3)
    known = [{"sentiment": LABELS[n % 3], "stars": 1 + n % 5} for n in range(10)]
    gold.put(
        project=project,
        by=owner,
        items=[gold.Known(answer=answer, key=item.key) for answer, item in zip(known, items, strict=False)],
    )
    for name, skill in (("anna", 0.95), ("bert", 0.9), ("cleo", 0.6)):
        person = make_member(project, user=make_user(name))
        for n, item in enumerate(items):
            right = chance.random() < skill
            said = LABELS[n % 3] if right else chance.choice(LABELS)
            say(item, person, sentiment=said, stars=1 + n % 5 if right else chance.randint(1, 5))
    refresh.refresh(project_id=project.pk)
    return project


@pytest.fixture
def page(
    owner: User, signed_in: Callable[..., BrowserContext], problems: Callable[[Page], Page]
) -> tuple[Page, Project]:
    project = seeded(owner)
    expert = make_member(project, "adjudicator", user=make_user("ada"))
    for item in project.items.filter(state="disputed").order_by("-doubt", "pk")[:3]:
        step = adjudication.Step(f"nonce-{item.pk}")
        adjudication.decide(
            item_id=item.pk, by=expert, answer={"sentiment": "neutral", "stars": 3}, step=step
        )
    return problems(signed_in(owner).new_page()), project


def test_nothing_is_wider_than_a_phone(page: tuple[Page, Project]) -> None:
    shown, project = page
    shown.set_viewport_size({"width": 390, "height": 844})
    shown.goto(f"/projects/{project.pk}/quality/")

    shown.evaluate("for (const table of document.querySelectorAll('main details')) table.open = true")
    expect(shown.get_by_role("region", name="Against gold questions, as a table")).to_be_visible()
    assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
    highest = "Math.max(...[...document.querySelectorAll('main h2')].map((title) => title.offsetHeight))"
    assert shown.evaluate(highest) < 80


def test_what_is_disputed_and_how_far_people_agree(page: tuple[Page, Project]) -> None:
    shown, project = page
    shown.goto(f"/projects/{project.pk}/quality/")

    expect(shown.get_by_role("region", name="Coefficients of Sentiment")).to_contain_text(
        "Krippendorff's alpha"
    )
    expect(shown.get_by_role("region", name="Agreement of every two people")).to_contain_text("cleo")
    expect(shown.get_by_role("region", name="Gold results")).to_contain_text("Sentiment")
    expect(shown.get_by_text("too few to tell").first).to_be_visible()
    _look(shown, "quality")

    shown.locator("#agreement").get_by_role("link", name="Stars").click()
    expect(shown.get_by_role("region", name="Coefficients of Stars")).to_contain_text("Gwet's AC2")

    shown.get_by_role("region", name="Most confused labels").get_by_role("link").first.click()
    expect(shown).to_have_url(re.compile("agreement.*disagree"))
    expect(shown.get_by_role("region", name="Items")).to_be_visible()
    _look(shown, "data")

    shown.goto(f"/projects/{project.pk}/")
    expect(shown.get_by_text("Agreement: Sentiment")).to_be_visible()
    _look(shown, "overview")


def test_what_takes_long_comes_from_a_worker_without_a_reload(
    page: tuple[Page, Project], request: pytest.FixtureRequest
) -> None:
    shown, project = page
    project.memberships.filter(user__username="anna").update(answered=COMPUTED_AT_ONCE)
    shown.goto(f"/projects/{project.pk}/quality/")
    expect(shown.get_by_text("Newer figures are being computed")).to_be_visible()

    request.getfixturevalue("worker")

    expect(shown.get_by_role("region", name="Coefficients of Sentiment")).to_be_visible(timeout=30_000)
    expect(shown.get_by_text("Newer figures are being computed")).to_have_count(0)


def _look(page: Page, name: str) -> None:
    """Pictures for people, where SCREENSHOTS names a folder."""
    if not (folder := os.environ.get("SCREENSHOTS")):
        return
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        for width, height, device in ((1440, 900, "desktop"), (390, 844, "phone")):
            page.set_viewport_size({"width": width, "height": height})
            page.screenshot(path=Path(folder) / f"{name}-{device}-{theme}.png", full_page=True)
