"""The page of learning follows what happens to rounds without a reload: turned on, started, under way, done, cancelled."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from active.models import Round, RoundShard
from active.services import requests
from annotation.models import Project, User
from tests.active.learned import (
    FIGURES,
    make_encoder,
    make_model,
    make_point,
    make_round,
    make_selections,
    turn_on,
)

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(owner: User, signed_in: Callable[..., BrowserContext], problems: Callable[[Page], Page]) -> Page:
    return problems(signed_in(owner).new_page())


def test_turned_on_the_page_follows_the_first_round_to_its_end(page: Page, project: Project) -> None:
    page.goto(f"/projects/{project.pk}/learning/")
    page.get_by_role("button", name="Let the queue learn").click()
    expect(page.get_by_text("Waiting for a worker", exact=True)).to_be_visible()
    round = Round.objects.get()

    # As workers do.
    encoder = make_encoder(project)
    requests.enter(round, "training", started_at=timezone.now(), encoder=encoder)
    expect(page.locator("[aria-current=step]")).to_have_text(re.compile("Training"))
    shards = [encoder.shards.create(rows=10, first_item=n, last_item=n, file="x", sha256="x") for n in (1, 2)]
    for shard in shards:
        RoundShard.objects.create(round=round, shard=shard)
    requests.enter(round, "scoring", timings={"embedding": 0.3, "training": 1.1})
    round.shards.filter(shard=shards[0]).update(
        started_at=timezone.now(), finished_at=timezone.now(), scored=10
    )
    expect(page.get_by_text("1 of 2 parts, 10 items")).to_be_visible()
    make_selections(round, list(project.items.all()))
    Round.objects.filter(pk=round.pk).update(
        state="done", labels=3, model=make_model(project, state="promoted"), figures=FIGURES, finished_at=timezone.now()
    )  # fmt: skip
    make_point(Round.objects.get(), 0.7)

    expect(page.get_by_role("heading", name="Learning curve")).to_be_visible()
    expect(page.get_by_text("after 20 more answers")).to_be_visible(timeout=15_000)
    page.get_by_role("link", name="what comes next, and why").click()
    expect(page.get_by_role("region", name="Queue")).to_contain_text("the model hesitates")


def test_a_round_is_started_and_cancelled(page: Page, project: Project) -> None:
    turn_on(project)
    make_point(make_round(project), 0.8)
    page.goto(f"/projects/{project.pk}/learning/")
    page.locator("#curve-table summary").click()

    page.get_by_text("A round with another strategy or batch").click()
    page.get_by_label("Strategy").select_option("margin")
    page.get_by_label("How many to choose").fill("7")
    page.get_by_role("button", name="Start this round").click()
    expect(page.get_by_text("Margin, 7 items")).to_be_visible()
    page.get_by_role("button", name="Cancel").first.click()
    page.get_by_role("button", name="Cancel the round").click()

    expect(page.get_by_text("The round is over")).to_be_visible()
    expect(page.get_by_text("Margin, 7 items")).to_have_count(0)
    assert Round.objects.get(strategy="margin").state == "cancelled"


def test_what_is_open_stays_open_while_the_page_follows(page: Page, project: Project) -> None:
    turn_on(project)
    make_point(make_round(project), 0.8)
    page.goto(f"/projects/{project.pk}/learning/")
    page.locator("#curve-table summary").click()

    make_round(project, state="training", timings={"embedding": 0.2})

    expect(page.locator("[aria-current=step]")).to_have_text(re.compile("Training"), timeout=15_000)
    expect(page.get_by_role("region", name="Learning curve, as a table")).to_be_visible()


@pytest.mark.parametrize(
    "rest", ["", "queue/", "rounds/", "rounds/1/", "models/", "models/1/", "settings/", "simulations/"]
)
def test_nothing_is_wider_than_a_phone(page: Page, project: Project, rest: str) -> None:
    turn_on(project, target=0.9)
    done = make_round(project, model=make_model(project, state="promoted"))
    make_point(done, 0.8)
    make_selections(done, list(project.items.all()))
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"/projects/{project.pk}/learning/{rest}")

    page.evaluate("for (const part of document.querySelectorAll('main details')) part.open = true")
    expect(page.locator("main h1")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
