"""From a file to labeled data: a manager, an annotator and an ML engineer, in a real browser and over REST."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from annotation.models import Annotation, Project
from tests.config.processes import wait_for
from tests.e2e.conftest import ROOT, _database_url
from tests.factories import make_user
from tests.invariants import assert_slots_add_up

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
PASSWORD = "a-long-password-1"


@pytest.fixture
def worker(django_db_setup: None, tmp_path: Path) -> Iterator[None]:
    """A real Celery worker on the test's database and broker."""
    env = {**os.environ, "DATABASE_URL": _database_url()}
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "config",
        "worker",
        "-Q",
        "default",
        "--pool",
        "solo",
        "-l",
        "warning",
    ]
    with (tmp_path / "worker.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
    yield
    process.terminate()
    process.wait(30)


@pytest.fixture
def csv_file(tmp_path: Path) -> Path:
    path = tmp_path / "reviews.csv"
    lines = [f'r{n},"Review number {n}, with a comma",shop{n % 3}' for n in range(40)]
    path.write_text("id,text,shop\n" + "\n".join(lines) + "\n")
    return path


def sign_in(browser: Browser, server: str, username: str) -> Page:
    context = browser.new_context(base_url=server, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto("/login/")
    page.get_by_label("User name").fill(username)
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
    return page


def create_project(page: Page, csv_file: Path) -> Project:
    page.goto("/projects/new/")
    page.get_by_label("Name").fill("Shop reviews")
    page.get_by_role("button", name="Create project").click()
    page.wait_for_url("**/projects/*/**")
    project = Project.objects.get(name="Shop reviews")
    page.goto(f"/projects/{project.pk}/imports/")
    page.locator("input[type=file]").set_input_files(csv_file)
    if page.get_by_role("button", name="Upload", exact=True).is_visible():
        page.get_by_role("button", name="Upload", exact=True).click()
    page.get_by_role("button", name="Import reviews.csv").click()
    wait_for(lambda: project.items.count() == 40, seconds=60)
    return project


def build_schema(page: Page, project: Project) -> None:
    page.goto(f"/projects/{project.pk}/schema/")
    page.wait_for_selector("[data-builder=ready]")
    page.get_by_role("button", name="Single choice").click()
    page.keyboard.type("Mood")
    page.get_by_label("Label 1", exact=True).fill("good")
    page.keyboard.press("Enter")
    page.keyboard.type("bad")
    page.get_by_label("Delete label 3").click()
    page.get_by_role("button", name="Publish…").click()
    page.get_by_role("dialog").get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("Version 1 is published.")).to_be_visible()


def add_annotator(page: Page, project: Project, username: str) -> None:
    page.goto(f"/projects/{project.pk}/members/")
    page.locator("[name=username]").fill(username)
    page.get_by_label("Role", exact=True).select_option("annotator")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("row", name=username)).to_be_visible()


def shown(page: Page) -> str | None:
    found = re.search(r"Review number (\d+)", page.locator("main").inner_text())
    return found and found[1]


def label_by_keyboard(page: Page, project: Project, count: int) -> None:
    """The network is cut after ten answers and restored three answers later."""
    page.goto(f"/projects/{project.pk}/label/")
    expect(page.get_by_text("Review number 0, with a comma")).to_be_visible()
    for number in range(count):
        if number == 10:
            # The page has to hold the next items before the network goes.
            wait_for(lambda: project.leases.filter(state="active").count() >= 4, seconds=40)
            page.wait_for_timeout(1500)
        if number in {10, 13}:
            page.context.set_offline(number == 10)
        before = shown(page)
        page.keyboard.press("1" if number % 3 else "2")
        page.keyboard.press("Enter")
        wait_for(lambda seen=before: shown(page) not in {seen, None}, seconds=40)


def fetch(server: str, path: str, token: str = "", body: Any = None) -> bytes:
    request = urllib.request.Request(
        f"{server}/api/v1/{path}", data=json.dumps(body).encode() if body else None
    )
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Token {token}")
    with urllib.request.urlopen(request, timeout=20) as response:
        return response.read()


def test_from_a_file_to_labeled_data(
    server: str, browser: Browser, worker: None, csv_file: Path, transactional_db: None
):
    make_user("mira", can_create_projects=True)
    make_user("anna")
    manager = sign_in(browser, server, "mira")
    project = create_project(manager, csv_file)
    build_schema(manager, project)
    add_annotator(manager, project, "anna")

    annotator = sign_in(browser, server, "anna")
    label_by_keyboard(annotator, project, 30)
    wait_for(lambda: Annotation.objects.filter(project=project).count() >= 30, seconds=30)

    token = json.loads(fetch(server, "auth/token/", body={"username": "mira", "password": PASSWORD}))["token"]
    rows = [
        json.loads(line)
        for line in fetch(server, f"projects/{project.pk}/annotations/?format=jsonl", token).splitlines()
    ]
    assert len(rows) == len({row["key"] for row in rows}) == Annotation.objects.count()
    assert {row["annotator"] for row in rows} == {"anna"}
    assert {row["answer"]["mood"] for row in rows} == {"good", "bad"}
    assert_slots_add_up(project)
