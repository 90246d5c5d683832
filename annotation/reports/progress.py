"""How far the work of a project is. Every figure says as of when it holds."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo

from django.core.cache import cache
from django.db import connection
from django.db.models import Count, Sum
from django.utils import timezone
from redis import RedisError

from annotation.models import Flag, Item, Lease, Project, User
from annotation.reports import people
from annotation.reports.cached import cached, lifetime
from annotation.reports.people import Person
from annotation.roles import Action, may

DAYS = 14
SECONDS_OF_HISTORY = 300
# The median time is that of so many of the latest answers.
RECENT = 1000
# Every offset of a time zone is a multiple of a quarter of an hour, so one count of quarters serves all viewers.
QUARTER = 900

_MEDIAN = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds), count(seconds), bool_or(origin = 'simulated')
FROM (SELECT seconds, origin FROM annotation_annotation
      WHERE project_id = %(project)s ORDER BY created_at DESC LIMIT %(recent)s) latest
"""
_QUARTERS = """
SELECT floor(extract(epoch FROM created_at) / %(quarter)s)::bigint, count(*) FROM annotation_annotation
WHERE project_id = %(project)s AND created_at >= %(start)s AND created_at < %(end)s GROUP BY 1
"""


@dataclass(frozen=True)
class Counts:
    """Items by state."""

    open: int = 0
    disputed: int = 0
    resolved: int = 0
    retired: int = 0

    @property
    def total(self) -> int:
        """All but the retired."""
        return self.open + self.disputed + self.resolved

    @property
    def settled(self) -> int:
        """Items that have all the answers that they want."""
        return self.disputed + self.resolved

    @property
    def share(self) -> float:
        """The settled part, in percent."""
        return 100 * self.settled / self.total if self.total else 0.0


@dataclass(frozen=True)
class Remaining:
    """What is left to do, at the median time of the latest `basis` answers that say how long they took."""

    answers: int
    median_seconds: float | None
    basis: int
    simulated: bool

    @property
    def seconds(self) -> float | None:
        return None if self.median_seconds is None else self.answers * self.median_seconds


@dataclass(frozen=True)
class Day:
    day: date
    annotations: int


@dataclass(frozen=True)
class Figures:
    """What one round of queries tells of a project, the same for every viewer."""

    as_of: datetime
    items: Counts
    remaining: Remaining
    open_flags: int
    at_work: int  # people who hold a reserved item
    last_annotation: datetime | None
    everybody: list[Person] = field(repr=False)
    quarters: dict[int, int] = field(repr=False)  # {quarter hours since 1970: annotations}

    @property
    def answers(self) -> int:
        """Items answered, each counted once for each person."""
        return sum(person.answered for person in self.everybody)

    @property
    def simulated(self) -> bool:
        """Whether some of the answers are simulated people's."""
        return any(person.simulated and person.answered for person in self.everybody)


@dataclass(frozen=True)
class Progress(Figures):
    """A project's figures as one viewer sees them: days in their time zone, people as far as their role sees."""

    days: list[Day]
    hours: list[int]  # annotations in each hour of today so far
    people: list[Person]

    @property
    def today(self) -> int:
        return self.days[-1].annotations

    @property
    def this_week(self) -> int:
        return sum(day.annotations for day in self.days[-7:])


def of_project(*, project: Project, viewer: User) -> Progress:
    """The progress of a project as this viewer may see it; from two seconds to a minute old, by its size."""
    figures = cached(f"progress:figures:{project.pk}", lambda: _figures(project))
    all_people = may(project.role_of(viewer), Action.BROWSE)
    return Progress(
        **vars(figures),
        days=_days(figures, viewer.zone),
        hours=_hours(figures, viewer.zone),
        people=[person for person in figures.everybody if all_people or person.user_id == viewer.pk],
    )


def counts_of(projects: Iterable[Project]) -> dict[int, Counts]:
    """Items by state for each of these projects, in one query at most."""
    keys = {f"progress:counts:{project.pk}": project.pk for project in projects}
    try:
        found = {keys[key]: counts for key, counts in cache.get_many(keys).items()}
        if missing := set(keys.values()) - set(found):
            started = time.perf_counter()
            fresh = _count_items(missing)
            kept = lifetime(time.perf_counter() - started)
            cache.set_many(
                {f"progress:counts:{project_id}": counts for project_id, counts in fresh.items()}, kept
            )
            found |= fresh
    except RedisError:
        return _count_items(set(keys.values()))
    return found


def _count_items(project_ids: set[int]) -> dict[int, Counts]:
    """By one scan of the index `item_by_state`."""
    rows = Item.objects.filter(project__in=project_ids).order_by().values_list("project", "state")
    found: dict[int, dict[str, int]] = {project_id: {} for project_id in project_ids}
    for project_id, state, count in rows.annotate(Count("pk")):
        found[project_id][state] = count
    return {project_id: Counts(**states) for project_id, states in found.items()}


def _figures(project: Project) -> Figures:
    now = timezone.now()
    held = Lease.objects.filter(project=project, state=Lease.State.ACTIVE, expires_at__gt=now)
    latest = project.annotations.order_by("-created_at").values_list("created_at", flat=True)
    return Figures(
        as_of=now,
        items=_count_items({project.pk})[project.pk],
        remaining=_remaining(project),
        open_flags=Flag.objects.filter(item__project=project, closed_at=None).count(),
        at_work=held.aggregate(people=Count("annotator", distinct=True))["people"],
        last_annotation=latest.first(),
        everybody=people.of_project(project),
        quarters=_quarters(project, now),
    )


def _remaining(project: Project) -> Remaining:
    free = project.items.filter(open_slots__gt=0).aggregate(slots=Sum("open_slots"))["slots"] or 0
    holding = [Lease.State.ACTIVE, Lease.State.ASSIGNED]
    held = Lease.objects.filter(project=project, state__in=holding).count()
    with connection.cursor() as cursor:
        cursor.execute(_MEDIAN, {"project": project.pk, "recent": RECENT})
        median, basis, simulated = cursor.fetchone()
    return Remaining(free + held, median, basis, bool(simulated))


def _quarters(project: Project, now: datetime) -> dict[int, int]:
    """Annotations in each quarter of an hour of the last days. Those of past hours hardly change, and are kept longer."""
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    start = this_hour - timedelta(days=DAYS + 1)
    key = f"progress:history:{project.pk}:{this_hour:%Y%m%d%H}"
    past = cached(key, lambda: _count_quarters(project, start, this_hour), seconds=SECONDS_OF_HISTORY)
    return past | _count_quarters(project, this_hour, now + timedelta(minutes=1))


def _count_quarters(project: Project, start: datetime, end: datetime) -> dict[int, int]:
    """By one scan of a part of the index `annotation_by_time`."""
    with connection.cursor() as cursor:
        cursor.execute(_QUARTERS, {"project": project.pk, "start": start, "end": end, "quarter": QUARTER})
        return dict(cursor.fetchall())


def _days(figures: Figures, zone: tzinfo) -> list[Day]:
    by_day: Counter[date] = Counter()
    for quarter, count in figures.quarters.items():
        by_day[_local(quarter, zone).date()] += count
    today = figures.as_of.astimezone(zone).date()
    days = [today - timedelta(days=ago) for ago in reversed(range(DAYS))]
    return [Day(day, by_day[day]) for day in days]


def _hours(figures: Figures, zone: tzinfo) -> list[int]:
    now = figures.as_of.astimezone(zone)
    by_hour: Counter[int] = Counter()
    for quarter, count in figures.quarters.items():
        moment = _local(quarter, zone)
        if moment.date() == now.date():
            by_hour[moment.hour] += count
    return [by_hour[hour] for hour in range(now.hour + 1)]


def _local(quarter: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(quarter * QUARTER, UTC).astimezone(zone)
