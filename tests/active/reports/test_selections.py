"""What rounds chose, compared."""

from __future__ import annotations

import pytest

from active.reports import selections
from active.reports.selections import Side
from annotation.models import Project
from tests.active.learned import make_round, make_selections
from tests.factories import make_items

pytestmark = pytest.mark.django_db


@pytest.fixture
def compared(project: Project) -> Project:
    make_items(project, 15)
    items = list(project.items.order_by("pk"))
    make_selections(make_round(project, pool=100), items[:10], published=False)
    make_selections(make_round(project, pool=100, strategy="margin"), items[9:3:-1], published=False)
    return project


def test_overlap_and_the_order_of_what_is_shared(compared: Project) -> None:
    found = selections.compare(project=compared, first=Side(1, "adaptive"), second=Side(2, "margin"))

    assert (found.sizes, found.shared, found.by_chance) == ((10, 6), 6, 0.6)
    assert found.correlation == pytest.approx(-1)
    assert [pick.other if pick else None for pick, _ in found.picks][:6] == [None] * 4 + [6, 5]
    assert found.picks[9][1] is None


def test_a_choice_is_like_itself(compared: Project) -> None:
    side = Side(1, "adaptive")

    found = selections.compare(project=compared, first=side, second=side)

    assert (found.shared, found.correlation) == (10, 1)


def test_what_is_in_reserve_was_not_picked(compared: Project) -> None:
    done = compared.rounds.get(number=1)
    done.selections.filter(rank__gt=4).update(priority=0.9)

    found = selections.compare(project=compared, first=Side(1, "adaptive"), second=Side(2, "margin"))

    assert found.sizes == (4, 6)
    assert found.correlation is None


def test_what_there_is_to_compare(compared: Project) -> None:
    make_round(compared, rival="margin", explored=3)
    make_round(compared, state="failed")
    make_round(compared, chosen=0)
    compared.rounds.filter(number__lt=3).update(explored=0)

    assert [(side.round, side.strategy) for side in selections.sides(compared)] == [
        (3, "adaptive"),
        (3, "margin"),
        (3, "random"),
        (2, "margin"),
        (1, "adaptive"),
    ]
