"""How good the simulated answers are: gold questions that people met, what the label model makes of it all, and disputes
that the adjudicator has decided. Done by the same services that real people's work goes through."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

import pghistory
import pgtrigger
from django.db import transaction
from django.utils import timezone

from annotation.models import Adjudication, Consensus, GoldResult, Item, Project, User
from annotation.services import adjudication, answers, consensus, gold_turns, queue
from annotation.services.adjudication import Step
from annotation.services.answers import Answer
from annotation.services.gold_turns import WINDOW
from config.demo.history import CLIENT, COMMAND, SEED
from config.demo.people import EVERYBODY, Person
from config.demo.plan import DemoProject
from config.demo.simulation import DAYS
from labelmodel.services import refresh

DECIDED = 30
# Gold questions are clearer than other items: by so much people are better at them.
GOLD_SKILL = 0.06


def exists(project: Project) -> bool:
    return Consensus.objects.filter(project=project, run__isnull=False).exists()


@transaction.atomic
def meet_gold(*, project: Project, plan: DemoProject, now: datetime) -> None:
    """Everybody answers some of the gold questions on the day before the work begins. Harmless when repeated."""
    if GoldResult.objects.filter(project=project).exists():
        return
    rng = Random(SEED)
    at = now - timedelta(days=DAYS, hours=18)
    for person in _people(plan):
        count = project.gold_questions.filter(holdout=False).count() * rng.randint(40, 60) // 100
        for _ in range(count):
            at += timedelta(seconds=rng.uniform(40, 160))
            _answer_one(project, person, plan, at, rng)


@transaction.atomic
def write(*, project: Project, plan: DemoProject, now: datetime) -> None:
    """Fill in what the answers amount to, who fell below the bar, and what the adjudicator decided. All or nothing."""
    rng = Random(SEED + 1)
    Project.objects.filter(pk=project.pk).update(gold_bar=plan.gold_bar)
    for person in _people(plan):
        if person.username == plan.hurries:
            _fall_below(project, person, plan, now, rng)
    consensus.mark_all_due(project_id=project.pk)
    refresh.refresh(project_id=project.pk)
    _decide(project, plan, now)
    refresh.refresh(project_id=project.pk)


def _fall_below(project: Project, person: Person, plan: DemoProject, now: datetime, rng: Random) -> None:
    """This person has had enough, and gets one gold question after another wrong until the project stops them."""
    member = project.memberships.filter(user__username=person.username)
    for number in range(WINDOW):
        if member.exclude(paused_reason="").exists():
            return
        at = now - timedelta(minutes=11) + timedelta(seconds=20 * number)
        _answer_one(project, person, plan, at, rng, skill=0.02)


def _people(plan: DemoProject) -> list[Person]:
    return [person for person in EVERYBODY if person.habits and person.username in plan.roles]


def _answer_one(
    project: Project, person: Person, plan: DemoProject, at: datetime, rng: Random, skill: float | None = None
) -> None:
    """This person meets one more gold question."""
    assert person.habits is not None, "only those who work"
    user = User.objects.get(username=person.username)
    member = queue.lock_member(annotator_id=user.pk, project_id=project.pk)
    lease = {"client": CLIENT, "now": at, "expires": at, **queue.BEFORE_ALL}
    scope = {"project": project.pk, "annotator": user.pk, **lease}
    for turn in gold_turns.take(member=member, lease=scope, count=1):
        good = min(0.99, person.habits.skill + GOLD_SKILL) if skill is None else skill
        said = plan.script().answer(turn.key, good, rng)
        seconds = round(person.habits.seconds * rng.uniform(0.6, 1.6), 1)
        given = Answer(said, f"simulated-gold-{turn.id}", seconds, origin="simulated")
        answers.submit(annotator=user, lease_id=turn.id, given=given, now=at)


def _decide(project: Project, plan: DemoProject, now: datetime) -> None:
    """The adjudicator has been through the most doubtful disputes; the others wait."""
    rng, script = Random(SEED), plan.script()
    expert = User.objects.get(username="adjudicator")
    disputed = Item.objects.filter(project=project, state=Item.State.DISPUTED).order_by("-doubt", "pk")
    notes = ("The guidelines say so.", "Clear from the last sentence.", "", "", "")
    with pghistory.context(user=expert.pk, url=COMMAND):
        for item in disputed[: min(DECIDED, disputed.count() // 2)]:
            step = Step(f"simulated-{item.pk}", rng.choice(notes))
            adjudication.decide(
                item_id=item.pk, by=expert, answer=script.answer(item.key, 0.995, rng), step=step
            )
    with pgtrigger.ignore("annotation.Adjudication:append_only"):
        for made in Adjudication.objects.filter(project=project):
            at = now - timedelta(hours=rng.uniform(2, 90))
            Adjudication.objects.filter(pk=made.pk).update(created_at=min(at, timezone.now()))
