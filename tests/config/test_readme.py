"""What the README, CONTRIBUTING and the tutorial name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config.demo import people

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = ("README.md", "CONTRIBUTING.md", "docs/tutorial.md")
FOLDERS = "annotation|benchmarks|config|docker|docs|static|templates|tests"


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    text = (ROOT / page).read_text()
    links = re.findall(r'\]\(([^)#]+)\)|(?:src|srcset)="([^"]+)"', text)
    relative = [link for pair in links for link in pair if link and "://" not in link]

    assert [link for link in relative if not (ROOT / page).parent.joinpath(link).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_is_named_exists(page: str) -> None:
    text = (ROOT / page).read_text()
    named = re.findall(rf"`((?:{FOLDERS})/[\w./-]*)`", text)

    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_readme_names_the_commands_and_everybody_who_signs_in() -> None:
    text = (ROOT / "README.md").read_text()

    assert {"make demo", "make test"} <= set(re.findall(r"make \w+", text))
    told = {person.username for person in people.EVERYBODY} - {
        person.username for person in people.COLLEAGUES
    }
    assert told <= set(re.findall(r"`(\w+)`", text))


def test_pictures_are_small() -> None:
    for picture in (ROOT / "docs" / "img").iterdir():
        assert picture.stat().st_size < 150 * 1024
