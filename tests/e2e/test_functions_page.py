"""Labeling functions in a browser: a mistake is seen and mended, accuracy rises, a version goes from draft to votes on the pool,
and what people answer in the review lane moves what the label model thinks of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from active.models import LearningSettings
from annotation.models import Item, Project
from labelmodel.models import FunctionVersion, VoteShard, WeakRun
from labelmodel.services import function_run, refresh, weak_due, weak_run
from tests.active import learning
from tests.annotation.items_help import make_findable
from tests.factories import make_item, make_member
from tests.labelmodel.written import label, make_texts

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

TEXTS = [
    *(f"subscribe to channel {n}" for n in range(8)),
    *(f"I will not subscribe, lovely song {n}" for n in range(6)),
    *(f"lovely song {n}" for n in range(6)),
]
# Nobody has labeled these, and the model finds them in the middle of all.
UNKNOWN = [*(f"subscribe {n}" for n in range(8)), *(f"a video, number {n}" for n in range(12))]


@pytest.fixture
def written() -> Project:
    project, items = make_texts(TEXTS)
    for item, value in zip(items, ["spam"] * 8 + ["ham"] * 12, strict=True):
        label(item, value)
    return project


def test_a_function_is_written_votes_and_is_checked_by_people(
    signed_in: Any, problems: Callable[[Page], Page], written: Project
) -> None:
    written.items.update(state="resolved", open_slots=0, answers=1)
    Item.objects.bulk_create(
        make_item(written, f"new-{n:05}", {"text": text}) for n, text in enumerate(UNKNOWN)
    )
    LearningSettings.objects.create(project=written, automatic=False, batch=5, review=1.0)
    owner, manager = written.created_by, make_member(written, "manager")
    page, other = (problems(signed_in(who).new_page()) for who in (owner, manager))

    write_with_a_mistake(page, written)
    review_and_activate(other, written, page.url)
    fit(written)
    other.goto(page.url)
    estimated = other.locator("#function-stats .stat").filter(has_text="Estimated accuracy")
    before = percent(estimated)

    check_by_five_answers(other, written)
    fit(written)
    other.goto(page.url)
    assert percent(estimated) < before - 10


def write_with_a_mistake(page: Page, project: Project) -> None:
    page.goto(f"/projects/{project.pk}/functions/")
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


def review_and_activate(other: Page, project: Project, address: str) -> None:
    # Somebody else approves and activates it; a worker tries it, then runs it on the pool.
    other.goto(address)
    other.get_by_role("button", name="Approve and try on a sample").click()
    expect(other.get_by_text("Being tried on a sample of the pool")).to_be_visible()
    function_run.run_project(project_id=project.pk)
    expect(other.get_by_text("Tried on 40 items")).to_be_visible()
    other.keyboard.press("a")
    expect(other.get_by_text("Active", exact=True).first).to_be_visible()
    function_run.run_project(project_id=project.pk)

    other.goto(f"/projects/{project.pk}/functions/runs/")
    expect(other.get_by_role("cell", name="40.0 %")).to_be_visible()
    assert FunctionVersion.objects.get(project=project).state == "active"
    assert VoteShard.objects.get().cast == {"spam": 16}
    other.goto(f"/projects/{project.pk}/functions/")
    expect(other.get_by_role("row", name="says_subscribe")).to_contain_text("100 %")


def check_by_five_answers(page: Page, project: Project) -> None:
    """The queue asks first what the function says Spam of; all of it is Ham."""
    page.goto(f"/projects/{project.pk}/learning/queue/")
    rows = page.get_by_role("region", name="Queue").locator("tbody tr")
    lane = rows.filter(has_text="functions, round 1")
    expect(rows).to_have_count(20)
    expect(lane).to_have_count(0)
    learning.run(project)
    page.reload()
    expect(lane).to_have_count(5)
    expect(rows.first).to_contain_text("“says_subscribe” says Spam; how often it is right is known from")
    expect(lane.last).to_contain_text("No labeling function votes on it")

    page.goto(f"/projects/{project.pk}/label/")
    for done in range(5):
        expect(page.locator("#mine")).to_have_text(str(done))
        expect(page.get_by_text("Its answer checks the labeling functions")).to_be_visible()
        page.keyboard.press("2")
        page.keyboard.press("Enter")
    expect(page.locator("#saved[data-pending='0']")).to_be_attached()


def fit(project: Project) -> None:
    """As the sweep does it, once answers are weighed."""
    refresh.refresh(project_id=project.pk)
    weak_due.want_where_behind()
    weak_run.run(run_id=WeakRun.objects.get(project=project, state="waiting").pk)


def percent(stat: Locator) -> int:
    expect(stat).to_contain_text("%")
    return int(stat.locator(".stat-value").inner_text().split()[0])


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


def test_exemplars_and_tags_are_chosen_or_typed(
    signed_in: Any, problems: Callable[[Page], Page], written: Project
) -> None:
    make_findable(*written.items.all())
    written.tags.create(name="from the shop")
    page = problems(signed_in(written.created_by).new_page())
    page.goto(f"/projects/{written.pk}/functions/new/?kind=similar")
    adding, offers = page.get_by_label("Find an item"), page.locator("#offers option")
    adding.fill("song")
    expect(offers).to_have_count(12)
    expect(offers.first).to_have_attribute("label", "I will not subscribe, lovely song 0")
    adding.fill("item-00000 = spam")
    adding.press("Enter")
    adding.fill("item-00009 = ham")
    page.get_by_role("button", name="Add", exact=True).click()
    exemplars = page.get_by_label("Exemplars", exact=True)
    expect(exemplars).to_have_value("item-00000 = spam\nitem-00009 = ham")

    page.get_by_role("link", name="Tags", exact=True).click()
    page.wait_for_url("**kind=tags**")  # and until its scripts are there
    expect(offers).to_have_attribute("value", "from the shop")
    page.get_by_label("Choose a tag, for “Any of these tags”").fill("from the shop")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Any of these tags", exact=True)).to_have_value("from the shop")
