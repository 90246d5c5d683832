"""What the figures of people are: right, of whom, and as of when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotation.models import Project, User
from labelmodel.reports import people, person
from labelmodel.reports.people import Share
from tests.factories import make_member
from tests.labelmodel.crew import ITEMS, make_crew

pytestmark = pytest.mark.django_db


@pytest.fixture
def crew() -> tuple[Project, dict[str, User]]:
    return make_crew()


def by_name(project: Project) -> dict[str, people.Quality]:
    cache.clear()
    return {one.person.username: one for one in people.of_project(project)}


def test_gold_estimates_and_agreement_of_each_person(crew: tuple[Project, dict[str, User]]) -> None:
    found = by_name(crew[0])

    careful, errs, hasty = (found[name].on("sentiment") for name in ("carla", "erwin", "hasty"))
    assert careful is not None
    assert errs is not None
    assert hasty is not None
    assert careful.gold == careful.gold_now == Share(5, 5)
    assert (errs.gold, hasty.gold) == (Share(4, 5), Share(3, 5))
    assert careful.agreed == Share(ITEMS, ITEMS)
    assert errs.agreed == Share(32, 40)
    assert careful.estimated is not None
    assert errs.estimated is not None
    assert careful.estimated.accuracy > errs.estimated.accuracy > 0.7
    assert careful.estimated.low < careful.estimated.accuracy < careful.estimated.high
    assert {(one.consensus, one.said) for one in errs.mistakes} == {
        ("positive", "negative"),
        ("negative", "positive"),
    }


def test_who_hurries_and_says_one_label_is_hinted_at_and_nobody_else(
    crew: tuple[Project, dict[str, User]],
) -> None:
    found = by_name(crew[0])

    assert {hint.kind for hint in found["hasty"].hints} == {"random", "constant", "fast"}
    assert not any(found[name].hints for name in ("carla", "conrad", "erwin"))


def test_another_rotation_counts_by_itself(crew: tuple[Project, dict[str, User]]) -> None:
    project, _ = crew
    Project.objects.filter(pk=project.pk).update(gold_rotation=2)
    project.refresh_from_db()

    one = by_name(project)["carla"].on("sentiment")

    assert one is not None
    assert (one.gold_now, one.gold) == (Share(0, 0), Share(5, 5))


def test_own_gold_figures_stop_at_the_full_hour(crew: tuple[Project, dict[str, User]]) -> None:
    project, members = crew
    now = timezone.now()

    def gold(until: Any) -> Share:
        found = people.of_person(project=project, user_id=members["carla"].pk, until=until)
        assert found is not None
        return found.questions[0].gold

    assert gold(people.full_hour(now)) == Share(5, 5)
    assert gold(now - timedelta(hours=2)) == Share(0, 0)
    assert people.full_hour(now).minute == 0


def test_queries_do_not_grow_with_people(crew: tuple[Project, dict[str, User]]) -> None:
    project, _ = crew

    def count() -> int:
        cache.clear()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            people.of_project(project)
        return len(queries)

    before = count()
    for _ in range(5):
        make_member(project)
    assert count() == before <= 8


def test_differences_name_the_latest_items_and_leave_gold_to_who_may_know(
    crew: tuple[Project, dict[str, User]],
) -> None:
    project, members = crew
    scope: dict[str, Any] = {"project": project, "user_id": members["erwin"].pk}

    told, blind = (person.differences(**scope, gold=gold) for gold in (True, False))

    assert sum(one.count for one in told) == 8
    assert sum(one.count for one in blind) == 7
    assert told[0].items[0].key in {"item-00030", "item-00035"}


def test_pace_is_by_day_of_the_reader(crew: tuple[Project, dict[str, User]]) -> None:
    project, members = crew

    (day,) = person.days(project=project, user_id=members["hasty"].pk, zone=members["hasty"].zone)

    assert (day.answers, day.median_seconds) == (ITEMS, 0.8)
