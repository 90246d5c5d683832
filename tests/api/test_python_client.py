"""docs/python-client.md uses nothing that a client generated from the OpenAPI document does not have."""

from __future__ import annotations

import re
from pathlib import Path

from tests.api.test_openapi import DOCUMENT

PAGE = (Path(__file__).parents[2] / "docs" / "python-client.md").read_text()
OPERATIONS = {
    (operation["tags"][0], operation["operationId"]): operation
    for path in DOCUMENT["paths"].values()
    for method, operation in path.items()
    if method != "parameters"
}


def pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def test_every_operation_that_the_page_calls_is_there():
    called = re.findall(r"^from querent_api\.api\.(\w+) import (.+)$", PAGE, re.MULTILINE)

    wanted = {(tag, name) for tag, names in called for name in names.split(", ")}
    assert len(wanted) >= 9
    assert wanted <= OPERATIONS.keys()


def test_every_class_that_the_page_uses_is_there():
    used = re.findall(r"^from querent_api\.models import (?:\(([^)]*)\)|(.+))$", PAGE, re.MULTILINE)

    choices = {
        pascal(f"{name}_{parameter['name']}")
        for (_, name), operation in OPERATIONS.items()
        for parameter in operation.get("parameters", [])
        if "enum" in parameter["schema"]
    }
    wanted = {name for listed, line in used for name in re.findall(r"\w+", listed or line)}
    assert len(wanted) >= 10
    assert wanted <= DOCUMENT["components"]["schemas"].keys() | choices


def test_no_name_is_one_that_nobody_chose():
    names = DOCUMENT["components"]["schemas"]

    assert [name for name in names if re.search(r"RequestRequest$|[A-F0-9]{3}Enum$", name)] == []
