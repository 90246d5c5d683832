"""Two weeks of work by invented people: who answered which item when, and what. Pure; the same seed, the same weeks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import log
from random import Random
from zoneinfo import ZoneInfo

from config.demo.people import Person
from config.demo.plan import Answer, DemoProject, Script

DAYS = 14
# Nobody is at work at the moment itself: the newest items are left to real people.
STOPPED = timedelta(minutes=12)


@dataclass(frozen=True, slots=True)
class Moment:
    """Somebody is done with an item, which took them so many seconds."""

    at: datetime
    username: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Step:
    """What became of that item: an answer, perhaps corrected soon after, or a skip with its reason."""

    moment: Moment
    key: str
    answer: Answer | None
    corrected: Answer | None = None
    corrected_at: datetime | None = None
    reason: str = ""


def work(
    *, people: Sequence[Person], keys: Sequence[str], plan: DemoProject, now: datetime, seed: int
) -> list[Step]:
    """The items in order, each answered by as many people as the project wants; those at the end by fewer, where time ran out."""
    rng = Random(seed)
    script = plan.script()
    skill = {person.username: person.habits.skill for person in people if person.habits}
    places = _Places(len(keys), plan.annotations_per_item)
    steps = []
    moments = list(_moments(people, plan, now, rng))
    # Fewer moments where there are few items, so that the work does not end in the first days.
    moments = rng.sample(moments, min(len(moments), len(keys) * plan.annotations_per_item))
    for moment in sorted(moments, key=lambda moment: moment.at):
        place = places.next_for(moment.username)
        if place is None:
            continue
        step = _step(moment, keys[place], skill[moment.username], script, rng)
        places.touch(place, moment.username, answered=step.answer is not None)
        steps.append(step)
    return steps


class _Places:
    """The queue in little: the first item that wants an answer and that this person has not had."""

    def __init__(self, count: int, wanted: int) -> None:
        self._wanted = [wanted] * count
        self._had: list[set[str]] = [set() for _ in range(count)]
        self._starts: dict[str, int] = {}

    def next_for(self, username: str) -> int | None:
        for place in range(self._starts.get(username, 0), len(self._wanted)):
            if self._wanted[place] and username not in self._had[place]:
                self._starts[username] = place
                return place
        return None

    def touch(self, place: int, username: str, *, answered: bool) -> None:
        self._had[place].add(username)
        self._wanted[place] -= answered


def _step(moment: Moment, key: str, skill: float, script: Script, rng: Random) -> Step:
    if rng.random() < 0.06 * script.hardness(key):
        return Step(moment, key, None, reason=rng.choice([*script.skip_reasons, ""]))
    step = Step(moment, key, script.answer(key, skill, rng))
    if rng.random() < 0.05 and step.answer is not None:
        second = script.corrected(key, step.answer)
        if second != step.answer:
            return replace(
                step, corrected=second, corrected_at=moment.at + timedelta(seconds=rng.uniform(8, 70))
            )
    return step


def _moments(people: Sequence[Person], plan: DemoProject, now: datetime, rng: Random) -> Iterator[Moment]:
    for person in people:
        for start in _starts(person, plan.hours, now, rng):
            yield from _stretch(person, start, now - STOPPED, rng.randint(*plan.stretch), rng)
        if person.username == plan.last_seen:
            yield from _stretch(person, now - timedelta(minutes=40), now - STOPPED, plan.stretch[1], rng)


def _starts(person: Person, hours: tuple[float, float], now: datetime, rng: Random) -> list[datetime]:
    """When this person sat down to work: on week days, in their own working hours, at most once a day."""
    assert person.habits is not None
    zone = ZoneInfo(person.time_zone)
    today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    days = [day for ago in range(DAYS) if (day := today - timedelta(days=ago)).weekday() < 5]
    chosen = rng.sample(days, min(person.habits.sessions, len(days)))
    return [day + timedelta(hours=person.habits.first_hour + rng.uniform(*hours)) for day in sorted(chosen)]


def _stretch(person: Person, start: datetime, end: datetime, most: int, rng: Random) -> Iterator[Moment]:
    assert person.habits is not None
    at = start
    for _ in range(most):
        seconds = min(max(rng.lognormvariate(log(person.habits.seconds), 0.5), 1.2), 120.0)
        at += timedelta(seconds=seconds + rng.expovariate(1 / 1.2))
        if at > end:
            return
        yield Moment(at, person.username, round(seconds, 1))
        if rng.random() < 0.02:
            at += timedelta(seconds=rng.uniform(60, 420))
