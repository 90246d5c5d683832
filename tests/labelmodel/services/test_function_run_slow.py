"""Functions that wait for others do not delay the votes of those that do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest import mock

import pytest

from annotation.models import Project
from labelmodel.functions import KINDS, Batch, Cast
from labelmodel.models import FunctionVersion
from labelmodel.services import run_requests
from tests.labelmodel.services.function_help import (
    activate,
    add_items,
    all_first,
    draft,
    reviews,
    run,
    said,
    told,
)

pytestmark = pytest.mark.django_db


@contextmanager
def waiting(apply: Callable[[Batch], Cast]) -> Iterator[None]:
    """A kind that waits for others, and may look into the database meanwhile."""
    with told(apply, name="slow"):
        slow = replace(KINDS["slow"], waits=True, by_item=True)
        with mock.patch.dict(KINDS, {"slow": slow}):
            yield


def make_both(project: Project) -> tuple[FunctionVersion, FunctionVersion]:
    """A slow function, and a quick one, both active, and an item that neither has seen."""
    both = activate(draft(project, "asks", {}, kind="slow")), activate(draft(project, "good words"))
    add_items(project, ["good old times"])
    return both


def test_votes_of_quick_ones_are_kept_before_others_are_asked() -> None:
    project = reviews()
    there: list[bool] = []
    versions: list[FunctionVersion] = []

    def ask(batch: Batch) -> Cast:
        if versions:
            there.append("item-00006" in said(versions[1]))
        return all_first(batch)

    with waiting(ask):
        versions += make_both(project)
        done = run(project)

    assert there == [True]
    assert (done.state, done.done, done.total) == ("done", 14, 14)
    assert len(said(versions[0])) == len(said(versions[1])) == 7


@pytest.mark.parametrize("kind", ["new", "all"])
def test_what_comes_while_others_are_asked_gets_quick_votes_at_once(kind: str) -> None:
    project = reviews()
    seen: list[set[str]] = []
    versions: list[FunctionVersion] = []

    def ask(batch: Batch) -> Cast:
        if versions and len(seen) < 2:
            seen.append(set(said(versions[1])))
            if len(seen) == 1:
                add_items(project, ["good news"])
        return all_first(batch)

    with waiting(ask):
        both = make_both(project)
        if kind == "all":
            run(project)
        versions += both
        run_requests.request(project=project, by=project.created_by, kind=kind)
        run(project)

    # The second time that somebody is asked, it is about the item that came.
    assert len(seen) == 2
    assert "item-00007" in seen[1]
    assert said(both[0])["item-00007"] == "positive"
