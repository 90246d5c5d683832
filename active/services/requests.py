"""Rounds as pending work: asked for, started by themselves, cancelled, moved from phase to phase, and failed."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import IntegrityError, connection, transaction
from django.db.models import Max, Sum
from django.utils import timezone

from active.models import LearningSettings, Round, RoundShard
from active.names import STRATEGIES
from active.services import function_changes, learning
from annotation.errors import Conflict, Fault, InvalidInput, NotFound
from annotation.models import Item, Membership, Project, User
from annotation.roles import Action
from annotation.services.access import check

State, Trigger = Round.State, Round.Trigger
LARGEST_BATCH = 10_000
MOST_ATTEMPTS = 3
# The more labels there are, the more new ones it takes to change a model: this part of them.
FRESH_SHARE = 0.01
# The queue runs low when less than this part of a batch is left.
LOW_SHARE = 0.2
# After a failure, and where no answers come, a round starts by itself after this long at the soonest.
REST = timedelta(minutes=10)

LOST = (
    f"The worker died {MOST_ATTEMPTS} times at this, most likely for lack of memory. Look into the workers' log, give "
    "them more memory or choose a smaller batch, and start a round again. The queue stays as the last round left it."
)


def request(
    *,
    project: Project,
    by: User,
    trigger: str = Trigger.REST,
    strategy: str | None = None,
    n: int | None = None,
) -> Round:
    """Ask for a round: the row is the pending work. While one is pending, asking for the same gives that one.

    Raises NotAllowed, InvalidInput, Conflict where nothing can be learned or another one is pending.
    """
    check(user=by, project=project, action=Action.CONFIGURE)
    if project.archived_at:
        raise Conflict("The project is archived; restore it first.")
    _check(strategy, n)
    settings, _ = LearningSettings.objects.get_or_create(project=project, defaults={"automatic": False})
    if learning.learned_question(project, settings) is None:
        raise Conflict(learning.NOTHING_TO_LEARN)
    found = pending_round(project) or _add(project, settings, trigger, by=by, strategy=strategy, n=n)
    if (strategy or found.strategy, n or found.batch) != (found.strategy, found.batch):
        raise Conflict(f"Round {found.number} is under way; wait until it is done, or cancel it.")
    return found


def _check(strategy: str | None, n: int | None) -> None:
    faults = []
    if strategy is not None and strategy not in STRATEGIES:
        names = ", ".join(STRATEGIES)
        faults.append(Fault(("acquisition",), f"There is no such strategy; choose one of {names}."))
    if n is not None and not 1 <= n <= LARGEST_BATCH:
        faults.append(Fault(("n",), f"n must be from 1 to {LARGEST_BATCH}."))
    if faults:
        raise InvalidInput(" ".join(fault.message for fault in faults), faults=faults)


def _add(
    project: Project,
    settings: LearningSettings,
    trigger: str,
    *,
    by: User | None = None,
    strategy: str | None = None,
    n: int | None = None,
) -> Round:
    question = learning.learned_question(project, settings)
    assert question is not None, "only called with a question"
    assert project.schema is not None, "a question has a schema"
    latest = Round.objects.filter(project=project).aggregate(n=Max("number"))["n"] or 0
    try:
        with transaction.atomic():
            return Round.objects.create(
                project=project,
                number=latest + 1,
                question=question["name"],
                schema=project.schema,
                trigger=trigger,
                requested_by=by,
                strategy=strategy or settings.strategy,
                rival="" if strategy else settings.rival,
                batch=n or settings.batch,
                answers=answers_given(project.pk),
                moved_at=timezone.now(),
            )
    except IntegrityError:
        # Somebody else asked at the same moment: theirs is the round.
        return Round.objects.filter(project=project).order_by("-pk")[:1].get()


def pending_round(project: Project) -> Round | None:
    return Round.objects.pending().filter(project=project).first()


def round_of(*, user: User, round_id: int, action: Action = Action.BROWSE) -> Round:
    """Raises NotFound for strangers, NotAllowed for members."""
    found = Round.objects.select_related("project__schema").filter(pk=round_id).first()
    if found is None:
        raise NotFound("There is no such round, or you are not a member of its project.")
    check(user=user, project=found.project, action=action)
    return found


def cancel(*, round: Round, by: User) -> Round:
    """Stop a round; the queue stays as the last one left it. Harmless when it is over.

    Raises NotAllowed, and Conflict when it is about to publish, for half a queue is none.
    """
    check(user=by, project=round.project, action=Action.CONFIGURE)
    over = {
        "state": State.CANCELLED,
        "finished_at": timezone.now(),
        "error": f"Cancelled by {by.username}.",
    }
    # Only until it chooses: one that has just been published stays done.
    if Round.objects.pending().exclude(state=State.CHOOSING).filter(pk=round.pk).update(**over):
        drop_candidates(round)
    round.refresh_from_db()
    if round.is_pending:
        raise Conflict(f"Round {round.number} is publishing what it chose; it is done in a moment.")
    return round


def drop_candidates(round: Round) -> None:
    RoundShard.objects.filter(round=round).update(found=b"")


def answers_given(project_id: int) -> int:
    """How many answers the members of a project have given; as cheap as it has members."""
    total = Membership.objects.filter(project=project_id).aggregate(n=Sum("answered"))["n"]
    return int(total or 0)


def start_due() -> None:
    """Start the rounds whose time has come: rows that are the pending work."""
    ready = LearningSettings.objects.filter(automatic=True, project__archived_at=None)
    idle = ready.exclude(project__schema=None).exclude(project__rounds__state__in=Round.PENDING)
    for settings in idle.select_related("project__schema"):
        trigger = trigger_of(settings)
        if trigger and learning.learned_question(settings.project, settings):
            _add(settings.project, settings, trigger)


def trigger_of(settings: LearningSettings, now: datetime | None = None) -> str | None:
    """Why a round should start now, or None."""
    project = settings.project_id
    latest = Round.objects.filter(project=project).order_by("-pk").first()
    if latest is None:
        return Trigger.START if Item.objects.in_queue().filter(project=project).exists() else None
    moment = now or timezone.now()
    passed = moment - (latest.finished_at or latest.created_at)
    fresh = answers_given(project) - latest.answers
    done = latest.state == State.DONE
    if done or passed > REST:
        if fresh >= enough_answers(settings, latest):
            return Trigger.LABELS
        if function_changes.due(settings, moment):
            return Trigger.FUNCTIONS
    if fresh > 0 and settings.every_minutes and passed >= timedelta(minutes=settings.every_minutes):
        return Trigger.SCHEDULE
    if done and (fresh > 0 or passed > REST) and _runs_low(project, latest):
        return Trigger.DRY
    return None


def enough_answers(settings: LearningSettings, latest: Round | None) -> int:
    """After how many new answers a round starts by itself."""
    return max(settings.new_labels, int(FRESH_SHARE * latest.labels) if latest else 0)


_LEFT = """
SELECT count(*) FROM (
    SELECT 1 FROM annotation_item
    WHERE project_id = %s AND state = 'open' AND open_slots > 0 AND priority * -1 < 0
    ORDER BY priority * -1, id LIMIT %s) left_over
"""
_OTHERS = """
SELECT EXISTS (SELECT FROM annotation_item
    WHERE project_id = %s AND state = 'open' AND open_slots > 0 AND priority * -1 >= 0)
"""


def _runs_low(project_id: int, latest: Round) -> bool:
    """Little is left of what was chosen, and there is something else to choose from."""
    enough = max(1, int(LOW_SHARE * latest.batch))
    with connection.cursor() as cursor:
        cursor.execute(_LEFT, [project_id, enough])
        if cursor.fetchone()[0] >= enough:
            return False
        cursor.execute(_OTHERS, [project_id])
        return bool(cursor.fetchone()[0])


def fail(round: Round, error: str) -> None:
    """Told on the page; the queue stays as the last round left it."""
    over = {"state": State.FAILED, "error": error, "finished_at": timezone.now()}
    if Round.objects.pending().filter(pk=round.pk).update(**over):
        drop_candidates(round)


def enter(round: Round, state: str, **fields: object) -> bool:
    """Move a pending round on to a phase; False when it has been cancelled meanwhile."""
    values = {"state": state, "moved_at": timezone.now(), "attempts": 0, **fields}
    moved = Round.objects.pending().filter(pk=round.pk).update(**values)
    for name, value in values.items():
        setattr(round, name, value)
    return bool(moved)
