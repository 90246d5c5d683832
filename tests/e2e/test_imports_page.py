"""Importing in a browser: choose a file, see how it is read, say what the columns become, watch it come in."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from annotation.models import Dataset, Project
from annotation.services import import_run, imports
from tests.annotation.importing.uploads import upload
from tests.factories import make_project, make_user

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
ROWS = (
    "nr;Rezension\n"
    + "".join(f"{n};Größe und Straße, schön für Köln {n}\n" for n in range(1, 41))
    + ";ohne Nummer\n"
)


@pytest.fixture
def project(transactional_db: None) -> Project:
    return make_project(owner=make_user("olga"))


@pytest.fixture
def page(project: Project, signed_in: Callable[..., Any], problems: Callable[[Page], Page]) -> Page:
    page = problems(signed_in(project.created_by).new_page())
    page.goto(f"/projects/{project.pk}/imports/")
    return page


def choose(page: Page, name: str, data: bytes) -> None:
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "text/plain", "buffer": data})


def wait_until_redrawn(page: Page, encoding: str) -> None:
    # As the server drew it: until then the form on screen is about to be replaced, and for a frame after does not listen.
    expect(page.locator(f"option[value={encoding}][selected]")).to_have_count(1)
    expect(page.locator(".htmx-swapping, .htmx-added, .htmx-settling")).to_have_count(0)


def test_from_file_to_items(page: Page, project: Project) -> None:
    expect(page.get_by_text("Nothing imported yet")).to_be_visible()
    choose(page, "rezensionen.csv", ROWS.encode("cp1252"))
    expect(page.get_by_role("heading", name="What each column becomes")).to_be_visible()
    expect(page.get_by_label("Encoding")).to_have_value("cp1252")
    expect(page.get_by_label("Delimiter")).to_have_value(";")
    expect(page.get_by_label("Rezension becomes")).to_have_value("text")
    expect(page.get_by_role("cell", name="Größe und Straße, schön für Köln 1", exact=True)).to_be_visible()

    page.get_by_label("Key", exact=True).select_option("nr")
    page.get_by_role("button", name="Import rezensionen.csv").click()
    expect(page.get_by_text("Waiting for a worker.")).to_be_visible()
    import_run.run(dataset_id=Dataset.objects.get().pk)

    expect(page.get_by_text("Imported, except for some rows.")).to_be_visible()
    expect(page.get_by_role("row", name="41 nr The row has no key.")).to_be_visible()
    assert project.items.get(key="7").payload == {"nr": "7", "text": "Größe und Straße, schön für Köln 7"}
    with page.expect_download() as download:
        page.get_by_role("link", name="Download all 1").click()
    assert download.value.path().read_text().startswith("file,row,field,message\nrezensionen.csv,41,nr,")


def test_the_rows_follow_when_the_file_is_read_otherwise(page: Page) -> None:
    choose(page, "x.csv", ROWS.encode("cp1252"))
    page.get_by_label("Encoding").select_option("iso-8859-2")
    wait_until_redrawn(page, "iso-8859-2")
    expect(page.get_by_role("cell", name="Größe und Straße, schön für Köln 1", exact=True)).to_be_visible()
    page.get_by_label("Encoding").select_option("koi8-r")
    expect(page.get_by_role("cell", name="Größe und Straße, schön für Köln 1", exact=True)).to_have_count(0)
    wait_until_redrawn(page, "koi8-r")
    page.get_by_label("First row", exact=True).select_option("no")
    expect(page.get_by_role("columnheader", name="column_2")).to_be_visible()
    page.get_by_label("column_2 becomes").select_option("")

    expect(page.locator("tbody tr").first.locator("td").nth(2)).to_have_class("left-out")


def test_a_file_that_is_not_read_says_so_and_another_can_be_chosen(page: Page) -> None:
    choose(page, "report.pdf", b"%PDF-1.7 ...")
    expect(page.get_by_text("This is a PDF document. Extract its text first.")).to_be_visible()

    choose(page, "x.csv", b"text\nhello\n")

    expect(page.get_by_role("heading", name="What each column becomes")).to_be_visible()


def test_discard_and_cancel(page: Page, project: Project) -> None:
    choose(page, "x.csv", b"text\nhello\n")
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("Cancelled.", exact=True)).to_be_visible()
    page.get_by_role("button", name="Read the file otherwise").click()
    page.get_by_role("button", name="Import x.csv").click()
    page.get_by_role("button", name="Cancel the import").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Cancel the import").click()

    expect(page.get_by_text("Cancelled.", exact=True)).to_be_visible()
    assert Dataset.objects.get().state == "cancelled"


def test_the_list_follows_what_is_under_way(page: Page, project: Project) -> None:
    dataset = upload(project, "text\nhello\n", "waits.csv")
    page.reload()
    row = page.get_by_role("row", name="waits")
    expect(row.get_by_text("waiting", exact=True)).to_be_visible()

    import_run.run(dataset_id=dataset.pk)

    expect(row.get_by_text("done", exact=True)).to_be_visible()
    assert imports.waiting() == []


def test_without_javascript(project: Project, signed_in: Callable[..., Any]) -> None:
    page = signed_in(project.created_by, java_script_enabled=False).new_page()
    page.goto(f"/projects/{project.pk}/imports/")
    choose(page, "x.csv", b"text;n\nhello;1\n")
    page.get_by_role("button", name="Upload").click()
    page.get_by_label("Key", exact=True).select_option("n")
    page.get_by_role("button", name="Import x.csv").click()
    import_run.run(dataset_id=Dataset.objects.get().pk)
    page.reload()

    expect(page.get_by_text("The items are in the queue.")).to_be_visible()
    assert project.items.get().key == "1"


def test_no_click_acts_before_the_page_listens(page: Page, project: Project) -> None:
    dataset = upload(project, "text\nhello\n", "x.csv")
    page.route("**/lib/dialogs.js", lambda route: (time.sleep(1), route.continue_()))
    page.goto(f"/projects/{project.pk}/imports/{dataset.pk}/", wait_until="commit")
    page.get_by_role("button", name="Cancel the import").click()

    expect(page.get_by_role("alertdialog")).to_be_visible()
    dataset.refresh_from_db()
    assert dataset.state == "waiting"
