"""Simulations as pending work: asked for and cancelled. Workers run them (services/simulating.py)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from active.models import LearningSettings, Simulation
from active.names import STRATEGIES
from active.services import learning
from annotation.errors import Conflict, Fault, InvalidInput, NotFound
from annotation.models import Consensus, Project, User
from annotation.questions import QUESTION_TYPES
from annotation.roles import Action
from annotation.services.access import check

State = Simulation.State
PENDING = (State.WAITING, State.RUNNING)
# What every other strategy is held against.
BASELINE = "random"
LEAST_ITEMS = 40
MOST_STRATEGIES, MOST_SEEDS, MOST_START, MOST_BATCH, MOST_BUDGET = 8, 20, 10_000, 10_000, 100_000
# How many models are trained at most: strategies times seeds times batches.
MOST_FITS = 5_000


@dataclass(frozen=True, slots=True)
class Options:
    """`start` labels at random, then batches chosen by each strategy until the budget, so often with other seeds.

    `annotator`: the share of right answers that whoever is simulated gives; of the others each wrong label is as likely.
    """

    strategies: tuple[str, ...]
    seeds: int = 5
    start: int = 20
    batch: int = 50
    budget: int = 1000
    annotator: float = 1.0

    @property
    def fits(self) -> int:
        steps = 1 + max(0, -(-(self.budget - self.start) // max(1, self.batch)))
        return len(self.strategies) * self.seeds * steps


def request(*, project: Project, by: User, **options: Any) -> Simulation:
    """Ask for a replay of strategies on what the project has labeled: the row is the pending work.

    While one is pending, asking for the same gives that one. `options` are those of Options; random is always among the
    strategies. Raises NotAllowed, InvalidInput with every fault, Conflict where too little is labeled or another one is
    pending.
    """
    check(user=by, project=project, action=Action.CONFIGURE)
    if project.archived_at:
        raise Conflict("The project is archived; restore it first.")
    wanted = _checked(options)
    settings = learning.settings_of(project) or LearningSettings(project=project)
    if (question := learning.learned_question(project, settings)) is None:
        raise Conflict(learning.NOTHING_TO_LEARN)
    if QUESTION_TYPES[question["type"]].scale == "set":
        raise Conflict("Simulations know one right label for each item; this question takes several.")
    if (pending := pending_simulation(project)) is None:
        _need_labels(project, question["name"])
        pending = _add(project, question["name"], wanted, by)
    if pending.options != _as_json(wanted):
        raise Conflict("A simulation is under way; wait until it is done, or cancel it.")
    return pending


def pending_simulation(project: Project) -> Simulation | None:
    return Simulation.objects.filter(project=project, state__in=PENDING).first()


def simulation_of(*, user: User, simulation_id: int, action: Action = Action.BROWSE) -> Simulation:
    """Raises NotFound for strangers, NotAllowed for members."""
    found = (
        Simulation.objects.select_related("project__schema", "requested_by").filter(pk=simulation_id).first()
    )
    if found is None:
        raise NotFound("There is no such simulation, or you are not a member of its project.")
    check(user=user, project=found.project, action=action)
    return found


def cancel(*, simulation: Simulation, by: User) -> Simulation:
    """Stop a simulation. Harmless when it is over."""
    check(user=by, project=simulation.project, action=Action.CONFIGURE)
    over = {
        "state": State.CANCELLED,
        "finished_at": timezone.now(),
        "error": f"Cancelled by {by.username}.",
    }
    # Only while it is pending: one that has just come to its end stays done.
    Simulation.objects.filter(pk=simulation.pk, state__in=PENDING).update(**over)
    simulation.refresh_from_db()
    return simulation


def _checked(given: dict[str, Any]) -> Options:
    known = {"strategies": (), **given}
    if unknown := sorted(set(known) - set(Options.__dataclass_fields__)):
        raise _invalid([Fault((name,), "There is no such option.") for name in unknown])
    strategies = tuple(dict.fromkeys([*known["strategies"], BASELINE]))
    options = Options(**{**known, "strategies": strategies})
    if faults := [*_strategy_faults(options), *_number_faults(options)]:
        raise _invalid(faults)
    if options.fits > MOST_FITS:
        message = f"That would train {options.fits:,} models; at most {MOST_FITS:,}: larger batches, fewer seeds or strategies."
        raise _invalid([Fault(("batch",), message)])
    return options


def _strategy_faults(options: Options) -> list[Fault]:
    faults = [
        Fault(("strategies",), f"There is no strategy “{name}”; choose from {', '.join(STRATEGIES)}.")
        for name in options.strategies
        if name not in STRATEGIES
    ]
    if len(options.strategies) < 2:
        faults.append(Fault(("strategies",), "Choose a strategy to be held against random."))
    if len(options.strategies) > MOST_STRATEGIES:
        faults.append(Fault(("strategies",), f"At most {MOST_STRATEGIES} at once, random included."))
    return faults


def _number_faults(options: Options) -> list[Fault]:
    limits = {
        "seeds": (1, MOST_SEEDS),
        "start": (0, MOST_START),
        "batch": (1, MOST_BATCH),
        "budget": (2, MOST_BUDGET),
        "annotator": (0.0, 1.0),
    }
    faults = [
        Fault((name,), f"From {least:g} to {most:g}.")
        for name, (least, most) in limits.items()
        if not least <= getattr(options, name) <= most
    ]
    if not faults and options.budget <= options.start:
        faults.append(Fault(("budget",), "The budget has to be larger than the start."))
    return faults


def _invalid(faults: list[Fault]) -> InvalidInput:
    return InvalidInput(" ".join(fault.message for fault in faults), faults=faults)


def _need_labels(project: Project, question: str) -> None:
    """A replay needs known labels. Counted only as far as it matters."""
    labeled = Consensus.objects.filter(project=project, question=question)[:LEAST_ITEMS].count()
    if labeled < LEAST_ITEMS:
        raise Conflict(
            f"A simulation replays what is labeled: that takes {LEAST_ITEMS} labeled items; there are {labeled}."
        )


def _add(project: Project, question: str, options: Options, by: User) -> Simulation:
    try:
        with transaction.atomic():
            return Simulation.objects.create(
                project=project, question=question, options=_as_json(options), requested_by=by
            )
    except IntegrityError:
        # Somebody else asked at the same moment: theirs is the one.
        return Simulation.objects.filter(project=project).order_by("-pk")[:1].get()


def _as_json(options: Options) -> dict[str, Any]:
    return {**asdict(options), "strategies": list(options.strategies)}
