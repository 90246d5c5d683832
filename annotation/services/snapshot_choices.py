"""What goes into a snapshot: the choices that people make, as they are kept, and the items that they lead to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from django.db.models import Q, QuerySet

from annotation.errors import Fault, InvalidInput, NotAllowed
from annotation.filtering import checked, matching
from annotation.models import Annotation, Consensus, Dataset, Item, Project, Snapshot

Rows = Snapshot.Rows


@dataclass(frozen=True, slots=True)
class Choice:
    rows: str = Rows.CONSENSUS
    # A filter, as annotation.filtering reads it.
    where: str = ""
    dataset: int | None = None
    # Items with an answer from `since` on and before `until`; of rows that are answers, those answers alone.
    since: datetime | None = None
    until: datetime | None = None
    # A consensus counts only if an expert decided it, or if it is at least so sure. Items without any are left out.
    adjudicated: bool = False
    min_confidence: float | None = None
    # Of consensus rows: with the probability of each label; with items that have no consensus.
    probabilities: bool = False
    unlabeled: bool = False
    # Of consensus rows: with what labeling functions say, in columns of its own.
    probable: bool = False
    # What is known of gold questions; the items that are kept from people to check models.
    gold: bool = False
    holdout: bool = False

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        kept = {name: value for name, value in snapshot.options.items() if name in cls.__dataclass_fields__}
        for name in ("since", "until"):
            kept[name] = datetime.fromisoformat(kept[name]) if kept.get(name) else None
        return cls(**{**kept, "rows": snapshot.rows, "where": snapshot.where})

    def options(self) -> dict[str, Any]:
        """What differs from the defaults, apart from the rows and the filter, as JSON."""
        names = [name for name in self.__dataclass_fields__ if name not in {"rows", "where"}]
        said = {name: getattr(self, name) for name in names if getattr(self, name) not in (None, False)}
        return {
            name: value.isoformat() if isinstance(value, datetime) else value for name, value in said.items()
        }

    def faults(self, project: Project) -> Iterator[Fault]:
        """What is wrong apart from the filter."""
        if self.rows not in Rows.values:
            yield Fault(("rows",), f"Rows are one of {', '.join(Rows.values)}.")
        if self.dataset is not None and not Dataset.objects.filter(project=project, pk=self.dataset).exists():
            yield Fault(("dataset",), "There is no such dataset in this project.")
        if self.min_confidence is not None and not 0 <= self.min_confidence <= 1:
            yield Fault(("min_confidence",), "A confidence lies between 0 and 1.")
        if self.since is not None and self.until is not None and self.since >= self.until:
            yield Fault(("until",), "This is not later than since.")
        if self.rows == Rows.ANNOTATIONS:
            for name in ("probabilities", "unlabeled", "probable"):
                if getattr(self, name):
                    yield Fault((name,), "Only consensus rows have this; leave it out, or ask for them.")


def check_choice(*, project: Project, choice: Choice, gold: bool) -> tuple[str, bool]:
    """The filter as it is kept, with times as they are now, and whether only those may see the rows who may configure the project; `gold` says whether
    this person may. Raises InvalidInput with all faults, and NotAllowed."""
    faults = list(choice.faults(project))
    secret = choice.gold or choice.holdout
    if secret and not gold:
        raise NotAllowed(
            "Known answers and holdout items are for those who may configure the project; leave them out."
        )
    try:
        where = checked(project, choice.where, gold=False)
    except NotAllowed:
        secret, where = True, checked(project, choice.where, gold=gold)
    except InvalidInput as error:
        raise InvalidInput(str(error), faults=[*faults, *error.faults]) from error
    if faults:
        raise InvalidInput(faults[0].message, faults=faults)
    return where.fixed, secret


def items_of(*, project: Project, choice: Choice) -> QuerySet[Item]:
    """The items of a checked choice, without order."""
    found = matching(project, checked(project, choice.where, gold=True))
    if not choice.holdout:
        found = found.filter(role=Item.Role.POOL)
    if choice.dataset is not None:
        found = found.filter(dataset=choice.dataset)
    if in_time := _in_time(choice):
        given = Annotation.objects.filter(in_time, project=project, superseded_by=None)
        found = found.filter(pk__in=given.values("item"))
    if choice.rows == Rows.CONSENSUS and not choice.unlabeled:
        found = found.filter(pk__in=consensus_of(project=project, choice=choice).values("item"))
    elif choice.rows == Rows.ANNOTATIONS:
        found = found.filter(answers__gt=0)
        if choice.adjudicated or choice.min_confidence is not None:
            found = found.filter(pk__in=consensus_of(project=project, choice=choice).values("item"))
    return found


def consensus_of(*, project: Project, choice: Choice) -> QuerySet[Consensus]:
    """The consensus that counts."""
    found = Consensus.objects.filter(project=project)
    if not choice.gold:
        found = found.exclude(status=Consensus.Status.KNOWN)
    if choice.adjudicated:
        found = found.exclude(status=Consensus.Status.AUTO)
    if choice.min_confidence is not None:
        found = found.filter(confidence__gte=choice.min_confidence)
    return found


def _in_time(choice: Choice) -> Q:
    since = Q(created_at__gte=choice.since) if choice.since else Q()
    return since & Q(created_at__lt=choice.until) if choice.until else since


def count_up_to(*, project: Project, choice: Choice, most: int) -> int:
    """How many rows a checked choice leads to now, counted no further than `most`."""
    found = items_of(project=project, choice=choice)
    if choice.rows == Rows.CONSENSUS:
        return found.values("pk")[:most].count()
    given = Annotation.objects.filter(_in_time(choice), project=project, superseded_by=None)
    return given.filter(item__in=found.values("pk")).values("pk")[:most].count()
