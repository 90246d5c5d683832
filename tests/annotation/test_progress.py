"""The figures of a project: that they are right, in whose time, and who sees them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client, override_settings
from django.utils import timezone

from annotation.models import Annotation, Flag, Item, Project, Skip, User
from annotation.pages import words
from annotation.pages.charts import HIGHEST, bar_chart
from annotation.reports import people, progress
from annotation.reports.cached import LONGEST, SHORTEST, cached, lifetime
from annotation.services import answers, members, queue
from tests.factories import make_dataset, make_items, make_member, make_project, make_user


def answer(project: Project, user: User, *, seconds: float = 4.0) -> None:
    """One item, taken and answered."""
    lease = queue.next_leases(annotator=user, project=project).turns[0]
    given = answers.Answer({"sentiment": "positive"}, f"nonce-{lease.id}", seconds, None)
    answers.submit(annotator=user, lease_id=lease.id, given=given, client="", next_count=0)


def write(project: Project, user: User, moments: list[datetime], **values: Any) -> None:
    """Answers at these moments, written straight into the table."""
    items = make_items(project, len(moments), state="resolved", answers=1, open_slots=0)
    Annotation.objects.bulk_create(
        Annotation(
            project=project,
            item=item,
            annotator=user,
            schema=project.schema,
            answer={"sentiment": "positive"},
            nonce=f"{user.pk}-{item.pk}",
            created_at=moment,
            **{"seconds": 5.0, **values},
        )
        for item, moment in zip(items, moments, strict=True)
    )


def seen_by(project: Project, user: User) -> progress.Progress:
    cache.clear()
    return progress.of_project(project=project, viewer=user)


# What is left


def test_counts_follow_the_items(project: Project, owner: User, annotator: User) -> None:
    Item.objects.filter(pk=project.items.earliest("pk").pk).update(state="retired", open_slots=0)
    answer(project, annotator)

    found = seen_by(project, owner)

    assert found.items == progress.Counts(open=3, disputed=0, resolved=1, retired=1)
    assert found.items.share == 25
    assert found.answers == 1


def test_reserved_items_are_still_wanted(owner: User) -> None:
    project = make_project(owner=owner, items=4, annotations_per_item=3)
    queue.next_leases(annotator=owner, project=project, count=2)

    found = seen_by(project, owner)

    assert found.remaining.answers == 12
    assert found.at_work == 1


def test_work_left_is_answers_times_the_median_and_says_of_how_many(
    project: Project, owner: User, annotator: User
) -> None:
    for seconds in (2.0, 4.0, 60.0):
        answer(project, annotator, seconds=seconds)

    left = seen_by(project, owner).remaining

    assert (left.answers, left.median_seconds, left.basis, left.seconds) == (2, 4.0, 3, 8.0)


def test_work_left_is_not_known_before_the_first_answer(project: Project, owner: User) -> None:
    assert seen_by(project, owner).remaining.seconds is None


def test_open_flags_are_counted_and_closed_ones_are_not(
    project: Project, owner: User, annotator: User
) -> None:
    first, second = project.items.order_by("pk")[:2]
    Flag.objects.create(item=first, author=annotator)
    Flag.objects.create(item=second, author=annotator, closed_at=timezone.now(), closed_by=owner)

    assert seen_by(project, owner).open_flags == 1


# Days and hours


def test_a_day_begins_where_the_reader_is(project: Project, annotator: User) -> None:
    now = timezone.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    write(project, annotator, [midnight - timedelta(minutes=30)])
    readers = [make_member(project, user=make_user(time_zone=zone)) for zone in ("UTC", "Asia/Kolkata")]

    utc, kolkata = (seen_by(project, reader) for reader in readers)

    there = (
        now.astimezone(readers[1].zone).date()
        - (midnight - timedelta(minutes=30)).astimezone(readers[1].zone).date()
    )
    assert utc.days[-2].annotations == 1
    assert kolkata.days[-1 - there.days].annotations == 1


def test_annotations_of_today_are_told_by_the_hour(project: Project, owner: User, annotator: User) -> None:
    now = timezone.now()
    write(project, annotator, [now, now])

    found = seen_by(project, owner)

    assert found.today == sum(found.hours) == 2
    assert len(found.hours) == now.hour + 1
    assert found.hours[-1] == 2


def test_history_older_than_the_drawing_is_left_out(project: Project, owner: User, annotator: User) -> None:
    write(project, annotator, [timezone.now() - timedelta(days=ago) for ago in (1, 13, 40)])

    found = seen_by(project, owner)

    assert len(found.days) == progress.DAYS
    assert sum(day.annotations for day in found.days) == 2
    assert found.answers == 0  # the member's own count, which only a submit moves


# People


def test_pace_is_that_of_work_without_the_breaks(project: Project, owner: User, annotator: User) -> None:
    start = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)
    morning = [start + timedelta(seconds=30 * n) for n in range(5)]
    evening = [start + timedelta(hours=9, seconds=30 * n) for n in range(5)]
    write(project, annotator, morning + evening, seconds=20.0)

    person = next(row for row in people.of_project(project) if row.user_id == annotator.pk)

    assert person.per_hour == pytest.approx(120)
    assert person.median_seconds == 20.0
    assert person.last_active == evening[-1]


def test_skips_are_those_of_this_project(project: Project, owner: User, annotator: User) -> None:
    other = make_project(items=1)
    for item in (project.items.first(), other.items.first()):
        Skip.objects.create(item=item, annotator=annotator, policy="others")

    person = next(row for row in people.of_project(project) if row.user_id == annotator.pk)

    assert person.skips == 1


def test_who_has_left_is_still_counted(project: Project, owner: User, annotator: User) -> None:
    answer(project, annotator)
    members.remove(project=project, by=owner, user_id=annotator.pk)

    found = seen_by(project, owner)

    assert found.answers == 1
    assert [(row.username, row.role) for row in found.people if row.answered] == [("anna", people.FORMER)]


def test_an_annotator_sees_only_themselves(project: Project, annotator: User, second_annotator: User) -> None:
    answer(project, second_annotator)

    found = seen_by(project, annotator)

    assert [person.user_id for person in found.people] == [annotator.pk]
    assert found.answers == 1


@pytest.mark.parametrize("role", ["owner", "manager", "adjudicator", "viewer"])
def test_who_browses_sees_everybody(project: Project, annotator: User, role: str) -> None:
    found = seen_by(project, make_member(project, role))

    assert len(found.people) == 3


def test_simulated_answers_are_said_to_be_simulated(project: Project, owner: User) -> None:
    robot = make_member(project, user=make_user(demo=True), answered=1)
    write(project, robot, [timezone.now()], origin="simulated")

    found = seen_by(project, owner)

    assert found.simulated
    assert found.remaining.simulated


# Keeping figures


def test_what_is_costly_is_kept_longer_and_nothing_for_more_than_a_minute() -> None:
    assert [lifetime(spent) for spent in (0.0001, 0.2, 30)] == [SHORTEST, 20, LONGEST]


def test_figures_are_kept_for_all_viewers(
    project: Project, owner: User, viewer: User, django_assert_max_num_queries: Any
) -> None:
    seen_by(project, owner)

    with django_assert_max_num_queries(1):
        progress.of_project(project=project, viewer=viewer)


def test_figures_are_computed_while_redis_is_away(project: Project, owner: User) -> None:
    gone = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "unix:///nowhere.sock",
        }
    }

    with override_settings(CACHES=gone):
        assert progress.of_project(project=project, viewer=owner).items.open == 5
        assert progress.counts_of([project])[project.pk].open == 5
        assert cached("any", lambda: 7) == 7


@pytest.mark.parametrize("count", [0, 40])
def test_the_figures_take_the_same_number_of_queries_whatever_the_project_holds(
    owner: User, django_assert_max_num_queries: Any, count: int
) -> None:
    project = make_project(owner=owner, items=count)
    for _ in range(count // 4):
        make_member(project)

    with django_assert_max_num_queries(12):
        progress.of_project(project=project, viewer=owner)


def test_the_list_of_projects_counts_all_of_them_in_one_query(
    owner: User, django_assert_num_queries: Any
) -> None:
    projects = [make_project(owner=owner, items=n) for n in range(4)]

    with django_assert_num_queries(1):
        first = progress.counts_of(projects)
    with django_assert_num_queries(0):
        again = progress.counts_of(projects)

    assert [first[project.pk].open for project in projects] == [0, 1, 2, 3]
    assert first == again


def test_each_annotator_is_found_by_one_probe_of_the_index(project: Project) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {people._PEOPLE}", {"project": 1, "former": "", "break": 1, "latest": 1})
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "annotation_by_person" in plan
    assert "Seq Scan on annotation_annotation" not in plan


# REST and page


def test_progress_over_rest(api: Any, project: Project, viewer: User, annotator: User) -> None:
    answer(project, annotator)

    body = api(viewer).get(f"/api/v1/projects/{project.pk}/progress/").json()

    assert body["items"] == {"open": 4, "disputed": 0, "resolved": 1, "retired": 0}
    assert body["remaining"] == {"answers": 4, "seconds": 16.0, "median_seconds": 4.0, "basis": 1}
    assert len(body["days"]) == 14
    assert {person["username"] for person in body["people"]} == {"olga", "anna", "vera"}


def test_the_overview_refreshes_only_its_figures(client: Client, project: Project, annotator: User) -> None:
    client.force_login(annotator)
    url = f"/projects/{project.pk}/"

    page, fragment = client.get(url), client.get(url, headers={"HX-Request": "true"})

    assert "<html" in page.content.decode()
    assert "<html" not in fragment.content.decode()
    assert "as of" in fragment.content.decode()
    assert "HX-Request" in page["Vary"]


def test_the_overview_says_what_to_do_first(client: Client, owner: User) -> None:
    project = make_project(owner=owner)
    client.force_login(owner)

    steps = client.get(f"/projects/{project.pk}/").context["steps"]

    assert [step.done for step in steps] == [False, True, False, False]


def test_an_annotator_of_an_unfinished_project_is_told_to_wait(client: Client, owner: User) -> None:
    project = make_project(owner=owner)
    client.force_login(make_member(project))

    page = client.get(f"/projects/{project.pk}/").content.decode()

    assert "Being set up." in page
    assert "Import a file" not in page


@pytest.mark.parametrize(
    ("states", "words_of_it"),
    [(["resolved"], "and they agree"), (["resolved", "disputed"], "1 item is disputed"), (["open"], "")],
)
def test_the_overview_says_when_everything_is_answered(
    client: Client, owner: User, states: list[str], words_of_it: str
) -> None:
    project = make_project(owner=owner)
    for state in states:
        make_items(project, 1, state=state)
    client.force_login(owner)

    found = client.get(f"/projects/{project.pk}/")

    assert words_of_it in found.content.decode()
    assert (found.context["notice"] is None) == (not words_of_it)


# Words and drawings


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, ""),
        (0.42, "0.4 s"),
        (12, "12 s"),
        (89, "89 s"),
        (90, "2 min"),
        (3599, "1 h"),
        (3600, "1 h"),
        (5430, "1 h 30 min"),
        (36_000, "10 h"),
        (7_200_000, "2,000 h"),
    ],
)
def test_lengths_of_time_in_words(seconds: float | None, said: str) -> None:
    assert words.duration(seconds) == said


@pytest.mark.parametrize(
    ("share", "said"), [(0, "0 %"), (0.01, "under 1 %"), (99.99, "99 %"), (100, "100 %")]
)
def test_a_share_never_rounds_up_to_all_or_down_to_none(share: float, said: str) -> None:
    assert words.percent(share) == said


def test_the_highest_bar_reaches_the_top_and_the_last_is_labeled() -> None:
    chart = bar_chart("Days", "annotations", [("1", 5), ("2", 0), ("3", 10), ("4", 2)], every=3)

    assert [bar.height for bar in chart.bars] == [HIGHEST / 2, 0, HIGHEST, pytest.approx(HIGHEST / 5)]
    assert [bar.label for bar in chart.bars] == ["1", "", "", "4"]
    assert getattr(chart.peak, "name", "") == "3"


def test_a_chart_of_nothing_has_no_bars_to_speak_of() -> None:
    assert bar_chart("Days", "annotations", [("1", 0)], every=1).peak is None


def test_who_imports_sees_that_an_import_is_under_way(client: Client, owner: User) -> None:
    project = make_project(owner=owner)
    make_dataset(project, state="running")

    for user, told in ((owner, True), (make_member(project), False)):
        client.force_login(user)
        assert ("1 import is under way." in client.get(f"/projects/{project.pk}/").content.decode()) is told
