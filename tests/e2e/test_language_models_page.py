"""A language model as a labeling function, in a browser: what it answers, keys that are refused or cool down, and votes in the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from annotation.models import Item, Project
from labelmodel.endpoints import usage
from labelmodel.services.llm_endpoints import configured, redis
from tests.e2e.conftest import endpoints_of
from tests.factories import make_item
from tests.labelmodel.endpoints.stub import KEYS, Request, Said, Stub, completion, labeled, problem
from tests.labelmodel.services.function_help import said, work_off
from tests.labelmodel.written import make_texts

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

TEXTS = [
    *(f"subscribe to channel {n}" for n in range(3)),
    *(f"lovely song {n}" for n in range(3)),
    "babble",
    "wine",
]


def sensible(request: Request) -> Said:
    """Labels by what an item says; some answers are no labels."""
    text = str(request.item["text"])
    if text == "babble":
        return completion("Well, it depends on what one calls an advertisement.")
    return labeled("wine" if text == "wine" else "spam" if "subscribe" in text else "ham")


def too_much(request: Request) -> Said:
    """The second key is forbidden, the third has to wait."""
    if request.key == KEYS[1]:
        return problem(403, "Country not supported", Retry_After="600")
    return problem(429, "Rate limit reached", Retry_After="600")


@pytest.fixture
def endpoint(language_model: Stub, settings: Any) -> Stub:
    """As if nobody had asked yet; the first key is not known there."""
    settings.LLM_ALLOW_PRIVATE, settings.LLM_ENDPOINTS = True, endpoints_of(language_model)
    for key in configured()["main"].keys:
        usage.forget(redis(), "main", key.id)
    language_model.keys, language_model.does = set(KEYS[1:]), sensible
    return language_model


def test_a_language_model_votes_and_pages_say_how_its_keys_stand(
    signed_in: Any, problems: Callable[[Page], Page], endpoint: Stub
) -> None:
    project, _ = make_texts(TEXTS)
    owner = project.created_by
    owner.is_staff = True
    owner.save(update_fields=["is_staff"])
    page = problems(signed_in(owner).new_page())

    write(page, project)
    see_what_it_answers(page, project)
    page.keyboard.press("a")
    expect(page.get_by_text("Active", exact=True).first).to_be_visible()
    work_off(project)

    # All keys are refused or cool down on what arrives; the run pauses, and pages say why.
    endpoint.does = too_much
    Item.objects.bulk_create(make_item(project, f"new-{n}", {"text": f"subscribe, {n}"}) for n in range(6))
    page.goto(f"/projects/{project.pk}/functions/runs/")
    page.keyboard.press("r")
    expect(page.get_by_text("A worker runs them")).to_be_visible()
    work_off(project)
    latest = page.locator(".run-card").first
    expect(latest).to_contain_text("Paused")
    expect(latest).to_contain_text("All keys are cooling down. It goes on by itself in 10 min.")
    put_keys_back(page)

    endpoint.does = sensible
    work_off(project)
    page.goto(f"/projects/{project.pk}/functions/runs/")
    expect(latest).to_contain_text("Done")
    expect(latest.get_by_role("cell", name="100.0 %")).to_be_visible()
    voted = said(project.function_versions.get())
    assert [voted[f"new-{n}"] for n in range(6)] == ["spam"] * 6
    assert (voted["item-00000"], voted["item-00003"], voted["item-00006"]) == ("spam", "ham", None)


def write(page: Page, project: Project) -> None:
    page.goto(f"/projects/{project.pk}/functions/")
    page.keyboard.press("n")
    page.get_by_role("link", name="Language model (endpoint)").click()
    page.get_by_label("Name", exact=True).fill("asks_a_model")
    page.get_by_label("Endpoint", exact=True).select_option("main")
    page.get_by_label("Model", exact=True).fill("small")
    page.get_by_label("What it is to find out").fill("Is {{text}} an advertisement?")
    page.get_by_role("button", name="Submit for review").click()
    expect(page.get_by_text("It waits for review.")).to_be_visible()


def see_what_it_answers(page: Page, project: Project) -> None:
    page.get_by_role("button", name="Approve and try on a sample").click()
    expect(page.get_by_text("Being tried on a sample of the pool")).to_be_visible()
    work_off(project)
    trial = page.get_by_role("region", name="Trial on a sample")
    expect(trial).to_contain_text("Tried on 8 items")
    expect(trial).to_contain_text("did not answer with a label (1 ×)")
    expect(trial).to_contain_text("named a label that is not allowed (1 ×)")
    answers = trial.get_by_role("region", name="What it says of some items")
    expect(answers.get_by_role("row", name="subscribe to channel 0")).to_contain_text("Spam")
    expect(answers.get_by_role("row", name="babble")).to_contain_text("no vote")


def put_keys_back(page: Page) -> None:
    page.goto("/account/")
    page.get_by_role("link", name="Language models").click()
    rows = page.get_by_role("region", name="Keys of main").locator("tbody tr")
    expect(rows.nth(0)).to_contain_text("Switched off")
    expect(rows.nth(0)).to_contain_text("401: Incorrect API key provided: …0001.")
    expect(rows.nth(1)).to_contain_text("403: Country not supported")
    expect(rows.nth(2)).to_contain_text("429: Rate limit reached")
    expect(page.get_by_text("0 of 3 keys usable")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": 1280, "height": 800})
    for place in (1, 2):
        rows.nth(place).get_by_role("button", name="Put back").click()
        expect(rows.nth(place)).to_contain_text("On")
    expect(page.get_by_text("2 of 3 keys usable")).to_be_visible()
