"""Nothing that people choose by name is undocumented, and what the docs link to is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from active.acquisition import ACQUISITIONS
from active.encoders import ENCODERS
from annotation.agreement import COEFFICIENTS
from annotation.filtering import FIELDS
from annotation.formats.registry import FORMATS
from annotation.services.event_types import EVENT_TYPES
from labelmodel.estimators import ESTIMATORS
from labelmodel.functions import KINDS

ROOT = Path(__file__).resolve().parent.parent
DOCS = sorted((ROOT / "docs").rglob("*.md"))
METHODS = ROOT / "docs" / "methods"


def test_every_setting_is_documented() -> None:
    code = (ROOT / "config" / "settings.py").read_text()
    told = (ROOT / "docs" / "operations.md").read_text()
    names = set(re.findall(r'env\.\w+\(\s*"(\w+)"', code))

    assert len(names) > 15
    assert {name for name in names if f"`{name}`" not in told} == set()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_estimator_has_a_page(name: str) -> None:
    page = METHODS / f"{name}.md"

    assert page.exists()
    assert page.name in (METHODS / "label-models.md").read_text()


@pytest.mark.parametrize("name", ACQUISITIONS)
def test_every_acquisition_function_has_a_page(name: str) -> None:
    page = METHODS / f"{name}.md"

    assert page.exists()
    assert f"]({page.name})" in (METHODS / "acquisition.md").read_text()


@pytest.mark.parametrize("name", ENCODERS)
def test_every_encoder_has_a_section(name: str) -> None:
    page = (METHODS / "encoders.md").read_text()

    assert re.search(rf"^## .*\b{name}\b", page, re.MULTILINE)
    assert f"| `{name}` |" in page


@pytest.mark.parametrize("name", COEFFICIENTS)
def test_every_coefficient_is_documented(name: str) -> None:
    pages = "".join(page.read_text() for page in METHODS.glob("*.md"))

    assert f"`{name}`" in pages


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_labeling_function_is_documented(name: str) -> None:
    assert f"| `{name}` |" in (ROOT / "docs" / "labeling-functions.md").read_text()


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_of_snapshots_is_documented(name: str) -> None:
    assert f"| `{name}` |" in (ROOT / "docs" / "formats.md").read_text()


def test_every_field_of_filters_is_documented_as_it_is() -> None:
    told = {line.split("|")[1].split()[0].split(".")[0]: line for line in _rows(ROOT / "docs" / "filters.md")}

    assert told.keys() == FIELDS.keys()
    assert {
        name
        for name, one in FIELDS.items()
        if one.about not in told[name] or f"`{one.example}`" not in told[name]
    } == set()


def _rows(page: Path) -> list[str]:
    """The rows of its table."""
    lines = [line for line in page.read_text().splitlines() if line.startswith("| ")]
    return lines[1:]


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_every_event_is_documented(name: str) -> None:
    assert f"| `{name}` |" in (ROOT / "docs" / "webhooks.md").read_text()


def test_every_command_is_documented() -> None:
    commands = {
        path.stem
        for path in ROOT.glob("*/management/commands/*.py")
        if not path.name.startswith("_")
        and path.parts[-4] in {"config", "annotation", "labelmodel", "active"}
    }
    told = "".join(page.read_text() for page in [*DOCS, ROOT / "README.md", ROOT / "CONTRIBUTING.md"])

    assert commands
    assert {name for name in commands if f"manage.py {name}" not in told} == set()


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_every_link_of_the_docs_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    relative = [link for link in links if "://" not in link]

    assert [link for link in relative if not (page.parent / link).exists()] == []
