"""Endpoints as an operator writes them down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from labelmodel.endpoints.configured import Misconfigured, id_of, read
from labelmodel.endpoints.keys import KeyLimits, Secret

KEY = "sk-operators-key-0001"
GOOD = {"base_url": "https://api.example.org/v1", "keys": [KEY, "sk-operators-key-0002"]}


def test_an_endpoint_with_its_keys() -> None:
    found = read({"main": {**GOOD, "requests_a_minute": 60, "at_once": 4}}, allow_private=False)["main"]

    assert found.endpoint.base_url == "https://api.example.org/v1"
    assert [key.secret.shown for key in found.keys if key.secret] == ["…0001", "…0002"]
    assert found.keys[0].limits == KeyLimits(60, None, 4)
    assert KEY not in repr(found)


def test_a_key_is_counted_under_the_same_id_wherever_it_stands() -> None:
    one = read({"main": GOOD}, allow_private=False)["main"]
    other = read({"main": {**GOOD, "keys": [*GOOD["keys"][::-1], KEY]}}, allow_private=False)["main"]

    assert [key.id for key in one.keys] == [key.id for key in other.keys][::-1]
    assert KEY not in id_of(Secret(KEY))


def test_keys_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"# from the safe\n{KEY}\n\n")
    found = read(
        {"main": {"base_url": GOOD["base_url"], "keys_file": str(tmp_path / "keys")}}, allow_private=False
    )

    assert [key.secret for key in found["main"].keys] == [Secret(KEY)]


def test_a_server_of_ones_own_needs_no_key() -> None:
    found = read({"local": {"base_url": "http://127.0.0.1:8080/v1"}}, allow_private=True)["local"]

    assert [(key.id, key.secret) for key in found.keys] == [("open", None)]


def test_some_projects_may_use_it() -> None:
    found = read({"a": {**GOOD, "projects": [1, 2]}, "b": GOOD}, allow_private=False)

    assert [found["a"].serves(number) for number in (1, 3)] == [True, False]
    assert found["b"].serves(3)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([], "JSON object"),
        ({"a b": GOOD}, "its name"),
        ({"main": "https://api.example.org"}, "base_url"),
        ({"main": {"keys": [KEY]}}, "base_url"),
        ({"main": {**GOOD, "base_url": "http://api.example.org/v1"}}, "https"),
        ({"main": {**GOOD, "base_url": "nowhere"}}, "Not an address"),
        ({"main": {**GOOD, "key": KEY}}, "no “key”"),
        ({"main": {**GOOD, "keys": [KEY, KEY + " "]}}, "visible characters"),
        ({"main": {**GOOD, "keys": [KEY, 3]}}, "list of at most 100"),
        ({"main": {**GOOD, "keys": [f"{KEY}{n}" for n in range(101)]}}, "list of at most 100"),
        ({"main": {**GOOD, "keys_file": "/nonexistent/keys"}}, "No such file"),
        ({"main": {**GOOD, "requests_a_minute": "60"}}, "whole number"),
        ({"main": {**GOOD, "at_once": 0}}, "at least 1"),
        ({"main": {**GOOD, "projects": ["1"]}}, "numbers"),
    ],
)
def test_what_is_wrong_is_told_without_the_key(given: Any, words: str) -> None:
    with pytest.raises(Misconfigured, match=words) as caught:
        read(given, allow_private=False)

    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None
