"""The people of the demo. All are invented; they sign in by the demo password only."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.core.management.base import CommandError
from django.db import transaction
from django.db.models.functions import Lower

from annotation.models import User


@dataclass(frozen=True, slots=True)
class Habits:
    """How a simulated annotator works: `skill` is the share of middling items that come out right, `seconds` the median
    time for one, `sessions` how many stretches of work they put in."""

    skill: float
    seconds: float
    sessions: int
    first_hour: int = 9


@dataclass(frozen=True, slots=True)
class Person:
    username: str
    first_name: str
    last_name: str
    time_zone: str = "UTC"
    habits: Habits | None = None
    rights: dict[str, bool] = field(default_factory=dict)


ADMIN = Person("admin", "Ada", "Brandt", rights={"is_staff": True, "is_superuser": True})
MANAGER = Person("manager", "Marta", "Kowalska", "Europe/Warsaw", rights={"can_create_projects": True})
ADJUDICATOR = Person("adjudicator", "Ines", "Duarte", "Europe/Lisbon")
ENGINEER = Person("engineer", "Jonas", "Lind", "Europe/Stockholm")
ANNOTATORS = (
    Person("annotator1", "Tomás", "Vidal", "Europe/Madrid", Habits(0.90, 9.0, 7)),
    Person("annotator2", "Grace", "Mbeki", "Africa/Johannesburg", Habits(0.84, 7.0, 7)),
    Person("annotator3", "Noa", "Peretz", "Asia/Jerusalem", Habits(0.77, 6.0, 6)),
)
# They only fill the history: nobody is told to sign in as one of them.
COLLEAGUES = (
    Person("lena", "Lena", "Vogt", "Europe/Vienna", Habits(0.92, 12.0, 6, 8)),
    Person("omar", "Omar", "Farouk", "Africa/Cairo", Habits(0.62, 3.5, 5, 12)),
    Person("yuki", "Yuki", "Arai", "Asia/Tokyo", Habits(0.82, 8.0, 5, 10)),
)
EVERYBODY = (ADMIN, MANAGER, ADJUDICATOR, *ANNOTATORS, ENGINEER, *COLLEAGUES)


@transaction.atomic
def load() -> dict[str, User]:
    """Make those who are missing; returns all by username. Raises CommandError where a real account has the name."""
    names = [person.username for person in EVERYBODY]
    there = {
        user.username.lower(): user
        for user in User.objects.alias(low=Lower("username")).filter(low__in=names)
    }
    if real := sorted(name for name, user in there.items() if not user.demo):
        raise CommandError(
            f"There are real accounts called {', '.join(real)}: this is no place for demo people."
        )
    return there | {person.username: _make(person) for person in EVERYBODY if person.username not in there}


def _make(person: Person) -> User:
    user = User(
        username=person.username,
        first_name=person.first_name,
        last_name=person.last_name,
        email=f"{person.username}@example.org",
        time_zone=person.time_zone,
        demo=True,
        **person.rights,
    )
    user.set_unusable_password()
    user.full_clean(exclude={"password"})
    user.save()
    return user
