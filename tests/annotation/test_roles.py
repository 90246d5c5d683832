"""The table of rights in code, in the docs and on the Members page is one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client

from annotation.models import Project, User
from annotation.pages.members import ROLES
from annotation.roles import ACTIONS, CAN, Action, Role, may

DOCS = Path(__file__).parents[2] / "docs" / "roles.md"


def documented() -> dict[Role, set[Action]]:
    """The table of docs/roles.md as the code would write it."""
    lines = [line.strip("| ").split(" | ") for line in DOCS.read_text().splitlines() if line.startswith("| ")]
    head, rows = lines[0], lines[1:]
    can: dict[Role, set[Action]] = {Role(role): set() for role in head[1:]}
    for action, *answers in rows:
        for role, answer in zip(head[1:], answers, strict=True):
            if answer == "yes":
                can[Role(role)].add(Action(re.match(r"`(\w+)`", action)[1]))  # type: ignore[index]
    return can


def test_the_documented_table_is_the_one_in_code() -> None:
    assert documented() == {role: set(actions) for role, actions in CAN.items()}


def test_every_action_and_every_role_has_words() -> None:
    assert set(ACTIONS) == set(Action)
    assert set(ROLES) == set(Role)


def test_the_documented_words_are_those_of_the_page() -> None:
    text = DOCS.read_text()

    for action, words in ACTIONS.items():
        assert f"`{action}`: {words[0].lower()}{words[1:]}".replace("label: ", "") in text


@pytest.mark.parametrize("action", Action)
def test_a_stranger_may_do_nothing(action: Action) -> None:
    assert not may(None, action)


def test_an_owner_may_do_everything() -> None:
    assert CAN[Role.OWNER] == set(Action)


def test_who_reads_the_members_page_reads_what_each_role_may_do(
    client: Client, project: Project, viewer: User
) -> None:
    client.force_login(viewer)

    page = client.get(f"/projects/{project.pk}/members/").content.decode()

    assert all(words.replace("'", "&#x27;") in page for words in ACTIONS.values())
