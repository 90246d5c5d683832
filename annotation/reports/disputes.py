"""What an expert sees of disputed items: the answers side by side, what speaks for each, and what happened before."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from string import ascii_uppercase
from typing import Any

import orjson
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from annotation.errors import Fault, InvalidAnswer, InvalidInput
from annotation.models import (
    Annotation,
    Comment,
    DisputeClaim,
    Flag,
    Item,
    Lease,
    Project,
    User,
)
from annotation.questions import Shown
from annotation.reports.decisions import Step, steps_under
from annotation.reports.evidence import Evidence, evidence_of
from annotation.reports.readings import Readings, readings_under
from annotation.roles import Role

Answer = dict[str, Any]
# Among so many disputes, the most doubtful ones, others like one are looked for.
MOST_COMPARED = 2000
# Counts for display stop here.
MOST_COUNTED = 1000
_COUNTING = [Lease.State.SUBMITTED, Lease.State.AGAIN]


@dataclass(frozen=True, slots=True)
class Given:
    """One current answer. `annotator` is None where answers are shown without names."""

    letter: str
    annotator: User | None
    answer: Answer
    shown: tuple[Shown, ...]
    lacking: tuple[str, ...]
    seconds: float | None
    revisions: int
    origin: str
    asked_again: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment or an open flag; `who` is a name, or "Annotator A" where names are not shown."""

    who: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Dispute:
    """`differing` are the questions on which the answers differ; `suggestion` is the answer to begin an edit with."""

    item: Item
    answers: tuple[Given, ...]
    differing: tuple[str, ...]
    suggestion: Answer
    evidence: tuple[Evidence, ...]
    comments: tuple[Remark, ...]
    flags: tuple[Remark, ...]
    steps: tuple[Step, ...]
    claimed_by: User | None = None
    alike: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """What is disputed, and why an expert may not get all of it. Counts stop at MOST_COUNTED."""

    open: int
    own: int
    sent_back: int
    held: tuple[tuple[User, int], ...]


# Which disputes there are


def open_count(project: Project) -> int:
    """How many disputes there are, at most MOST_COUNTED."""
    return project.items.filter(state=Item.State.DISPUTED)[:MOST_COUNTED].count()


def listed(
    *, project: Project, after: tuple[float, int] | None, limit: int, sent_back: bool | None = None
) -> list[int]:
    """Ids of disputes, the most doubtful first, after the one with this doubt and id."""
    found = _disputed(project)
    if sent_back is not None:
        found = found.filter(_is_sent_back() if sent_back else ~_is_sent_back())
    if after is not None:
        doubt, item = after
        found = found.filter(rank__gte=-doubt).filter(Q(rank__gt=-doubt) | Q(pk__gt=item))
    return list(found.values_list("pk", flat=True)[:limit])


def _disputed(project: Project) -> QuerySet[Any]:
    ranked = project.items.filter(state=Item.State.DISPUTED).annotate(rank=-F("doubt"))
    return ranked.order_by(-F("doubt"), "pk")


def _is_sent_back() -> Exists:
    return Exists(Lease.objects.filter(item=OuterRef("pk"), state=Lease.State.AGAIN))


def _is_answered_by(user: User) -> Exists:
    return Exists(Lease.objects.filter(item=OuterRef("pk"), annotator=user, annotation__isnull=False))


def _held() -> QuerySet[DisputeClaim]:
    return DisputeClaim.objects.filter(expires_at__gt=timezone.now())


def decidable(*, project: Project, by: User) -> QuerySet[Any]:
    """Disputes that this expert may decide now, the most doubtful first: not with others, not sent back, not answered
    by themselves."""
    others = _held().filter(item=OuterRef("pk")).exclude(expert=by)
    found = _disputed(project).filter(~Exists(others), ~_is_sent_back())
    return found if project.adjudicate_own else found.filter(~_is_answered_by(by))


def standing(*, project: Project, by: User) -> Standing:
    """How many disputes there are, and what keeps some from this expert."""
    disputed = project.items.filter(state=Item.State.DISPUTED)
    own = 0 if project.adjudicate_own else disputed.filter(_is_answered_by(by))[:MOST_COUNTED].count()
    held = (
        _held()
        .filter(item__project=project, item__state=Item.State.DISPUTED)
        .exclude(expert=by)
        .values("expert")
        .annotate(n=Count("pk"))
        .order_by("-n", "expert")[:20]
    )
    counts = {row["expert"]: row["n"] for row in held}
    experts = User.objects.in_bulk(list(counts))
    return Standing(
        open=open_count(project),
        own=own,
        sent_back=disputed.filter(_is_sent_back())[:MOST_COUNTED].count(),
        held=tuple((experts[expert], n) for expert, n in counts.items()),
    )


# What there is to see of them


def disputes(*, project: Project, viewer: User, items: Sequence[int], alike: bool = False) -> list[Dispute]:
    """What this expert sees of these items, in this order; the number of queries does not depend on how many."""
    if project.schema_id is None or not items:
        return []
    readings = readings_under(project.schema_id)
    rows = Item.objects.filter(project=project).in_bulk(list(items))
    given = _answers(readings, items, anonymous=is_anonymous(project, viewer))
    evidence = evidence_of(schema_id=project.schema_id, items=items)
    steps, claims = steps_under(readings, items), _claims(items)
    comments = _remarks(Comment.objects.filter(item__in=items), given, "body")
    flags = _remarks(Flag.objects.filter(item__in=items, closed_at=None), given, "reason")
    others = alike_to(project=project, by=viewer, items=items) if alike else {}
    found = []
    for item in (rows[item_id] for item_id in items if item_id in rows):
        answers = tuple(one for one, _ in given[item.pk])
        found.append(
            Dispute(
                item=item,
                answers=answers,
                differing=_differing(readings, answers),
                suggestion=_suggestion(readings, answers, evidence[item.pk]),
                evidence=evidence[item.pk],
                comments=tuple(comments[item.pk]),
                flags=tuple(flags[item.pk]),
                steps=tuple(steps[item.pk]),
                claimed_by=claims.get(item.pk),
                alike=len(others.get(item.pk, ())),
            )
        )
    return found


def is_anonymous(project: Project, viewer: User) -> bool:
    """Whether this person decides without knowing who said what."""
    return project.anonymous_answers and project.role_of(viewer) == Role.ADJUDICATOR


def letter(position: int) -> str:
    """A, B, ... Z, AA, AB, ..."""
    first, last = divmod(position, len(ascii_uppercase))
    return (letter(first - 1) if first else "") + ascii_uppercase[last]


def _answers(
    readings: Readings, items: Sequence[int], *, anonymous: bool
) -> dict[int, list[tuple[Given, int]]]:
    """The answers that count by item, in the order in which the item was given out, each with its author's id."""
    turns = (
        Lease.objects.filter(item__in=items, state__in=_COUNTING, annotation__isnull=False)
        .select_related("annotation", "annotator")
        .order_by("pk")
    )
    versions = Annotation.objects.filter(item__in=items).values_list("item", "annotator")
    said_by = {(item, person): n for item, person, n in versions.annotate(n=Count("pk"))}
    found: dict[int, list[tuple[Given, int]]] = defaultdict(list)
    for turn in turns:
        annotation = turn.annotation
        assert annotation is not None, "filtered"
        read, lacking = readings.read(annotation.schema_id, annotation.answer)
        one = Given(
            letter=letter(len(found[turn.item_id])),
            annotator=None if anonymous else turn.annotator,
            answer=read,
            shown=tuple(readings.form.shown(read)),
            lacking=tuple(sorted(lacking)),
            seconds=annotation.seconds,
            revisions=said_by.get((turn.item_id, turn.annotator_id), 1) - 1,
            origin=annotation.origin,
            asked_again=turn.state == Lease.State.AGAIN,
            created_at=annotation.created_at,
        )
        found[turn.item_id].append((one, turn.annotator_id))
    return found


def _differing(readings: Readings, answers: Sequence[Given]) -> tuple[str, ...]:
    return tuple(
        name for name in readings.form.parts if len({_key(one.answer.get(name)) for one in answers}) > 1
    )


def _key(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _suggestion(readings: Readings, answers: Sequence[Given], evidence: Iterable[Evidence]) -> Answer:
    """What is likeliest question by question; the answer that says most of it where that does not go together."""
    known = {one.question: one.value for one in evidence if one.value is not None}
    likeliest = {}
    for name in readings.form.parts:
        said_ = Counter(_key(one.answer[name]) for one in answers if name in one.answer)
        value = known.get(name, orjson.loads(said_.most_common(1)[0][0]) if said_ else None)
        if value is not None:
            likeliest[name] = value
    try:
        return readings.form.clean(likeliest)
    except InvalidAnswer:
        best = max(
            answers, default=None, key=lambda one: sum(one.answer.get(n) == v for n, v in likeliest.items())
        )
        return best.answer if best else {}


def _remarks(
    rows: QuerySet[Any], given: dict[int, list[tuple[Given, int]]], words: str
) -> dict[int, list[Remark]]:
    """Comments or flags by item; whoever answered the item is called by their letter where names are not shown."""
    found: dict[int, list[Remark]] = defaultdict(list)
    for row in rows.select_related("author").order_by("pk"):
        hidden = {person: one.letter for one, person in given[row.item_id] if one.annotator is None}
        who = f"Annotator {hidden[row.author_id]}" if row.author_id in hidden else row.author.username
        found[row.item_id].append(Remark(who, getattr(row, words), row.created_at))
    return found


def _claims(items: Sequence[int]) -> dict[int, User]:
    return {claim.item_id: claim.expert for claim in _held().filter(item__in=items).select_related("expert")}


# Disputes like others


def alike_to(*, project: Project, by: User, items: Sequence[int]) -> dict[int, list[int]]:
    """For each of these disputes the others in which the same people said the same, among the MOST_COMPARED most
    doubtful ones that this expert may decide."""
    if project.schema_id is None or not items:
        return {}
    candidates = list(decidable(project=project, by=by).values_list("pk", flat=True)[:MOST_COMPARED])
    people = _who_said_what(project, [*candidates, *items])
    by_content: dict[Any, list[int]] = defaultdict(list)
    for item in candidates:
        by_content[people.get(item)].append(item)
    return {
        item: [other for other in by_content[people[item]] if other != item] if item in people else []
        for item in items
    }


def _who_said_what(project: Project, items: Sequence[int]) -> dict[int, frozenset[tuple[int, bytes]]]:
    # Here, not above: NumPy would take every web process 15 MB for what few pages need.
    from annotation.reports.said import said

    assert project.schema_id is not None, "there are answers, so there is a schema"
    rows = said(project_id=project.pk, schema_id=project.schema_id, items=list(set(items)))
    keys = [_key(answer) for answer in rows.answers]
    found: dict[int, set[tuple[int, bytes]]] = defaultdict(set)
    for item, person, code in zip(rows.item.tolist(), rows.person.tolist(), rows.code.tolist(), strict=True):
        found[item].add((person, keys[code]))
    return {item: frozenset(pairs) for item, pairs in found.items()}


def place_of(text: str) -> tuple[float, int]:
    """Doubt and id of the last dispute seen, from the `after` of an earlier page. Raises InvalidInput."""
    doubt, _, item = text.partition("~")
    try:
        place = float(doubt), int(item)
    except ValueError:
        place = (-1.0, -1)
    if not (0 <= place[0] <= 1 and 0 <= place[1] < 2**63):
        fault = Fault(("after",), "This is not a place in the list; follow the `next` of an earlier page.")
        raise InvalidInput("The request has faults; see errors.", faults=[fault])
    return place


def place(item: Item) -> str:
    return f"{item.doubt!r}~{item.pk}"
