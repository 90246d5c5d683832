"""Managers compare people and look into one; the person sees themselves; another method is fitted to compare."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from labelmodel.services import refresh
from tests.labelmodel.crew import make_crew

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_from_the_table_of_people_to_what_one_of_them_mixes_up(
    signed_in: Any, problems: Callable[[Page], Page]
) -> None:
    project, crew = make_crew()
    page = problems(signed_in(project.created_by).new_page())
    page.goto(f"/projects/{project.pk}/quality/people/")
    expect(page.get_by_text("Worth a look")).to_be_visible()

    page.get_by_role("link", name="Estimated accuracy", exact=True).click()
    expect(page.get_by_role("columnheader", name="Estimated accuracy", exact=True)).to_have_attribute(
        "aria-sort", "descending"
    )
    page.get_by_role("columnheader", name="Estimated accuracy", exact=True).get_by_role("link").click()
    expect(page.get_by_role("columnheader", name="Estimated accuracy", exact=True)).to_have_attribute(
        "aria-sort", "ascending"
    )
    expect(page.locator("tbody tr").first).to_contain_text("hasty")
    page.get_by_role("row", name=re.compile("erwin")).get_by_role("link", name="erwin").click()

    expect(page.get_by_role("heading", level=1, name="erwin")).to_be_visible()
    expect(page.get_by_role("link", name="item-00035")).to_be_visible()
    own = problems(signed_in(crew["erwin"]).new_page())
    own.goto(f"/projects/{project.pk}/quality/people/{crew['erwin'].pk}/")
    expect(own.get_by_role("heading", level=1, name="How I am doing")).to_be_visible()
    expect(own.get_by_text("item-00035")).to_have_count(0)


def test_another_method_is_fitted_and_the_page_follows(
    signed_in: Any, problems: Callable[[Page], Page]
) -> None:
    project, _ = make_crew()
    page = problems(signed_in(project.created_by).new_page())
    page.goto(f"/projects/{project.pk}/label-model/")

    page.get_by_label("Method").select_option("dawid_skene")
    page.get_by_role("button", name="Fit again now").click()
    expect(page.get_by_role("row", name=re.compile("Dawid-Skene"))).to_contain_text("waiting")
    # As the worker does.
    refresh.refresh(project_id=project.pk)

    expect(page.get_by_text("items read otherwise")).to_be_visible()
