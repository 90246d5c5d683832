"""One item: what was answered and everything that happened to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from annotation.models import Annotation, Comment, Flag, Item, Lease, Skip, User
from annotation.questions import Shown
from annotation.reports.audit import item_events
from annotation.reports.decisions import steps_of
from annotation.reports.readings import Readings, readings_under

MOST_ENTRIES = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as it reads under the current schema; `given` is what the person said under version `version`."""

    id: int
    annotator: User
    answer: dict[str, Any]
    lacking: tuple[str, ...]
    given: dict[str, Any]
    version: int
    shown: tuple[Shown, ...]
    seconds: float | None
    origin: str
    created_at: datetime
    supersedes: int | None
    # The answers that this one replaced, the latest first.
    revisions: tuple[Answer, ...] = ()
    # What was suggested, question by question, and whether the answer says the same; empty and None where nothing was.
    suggested: dict[str, Any] = field(default_factory=dict)
    suggested_shown: tuple[Shown, ...] = ()
    followed: bool | None = None
    # Whether it counts, or was set aside because of how its author did on gold questions.
    counts: bool = True

    @property
    def is_older(self) -> bool:
        """Whether it reads differently from what was given."""
        return self.answer != self.given or bool(self.lacking)


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened. `user` is None where nobody was behind it."""

    at: datetime
    kind: str
    text: str
    user: User | None = None
    note: str = ""
    shown: tuple[Shown, ...] = ()


@dataclass(frozen=True, slots=True)
class Thread:
    """A comment and the replies to it."""

    comment: Comment
    replies: tuple[Comment, ...]


def answers_of(item: Item, *, annotator: User | None = None) -> tuple[Answer, ...]:
    """The current answers, each with the ones it replaced; only one person's if told so."""
    schema_id = item.project.schema_id
    if schema_id is None:
        return ()
    found = Annotation.objects.filter(item=item).select_related("annotator").order_by("pk")
    if annotator is not None:
        found = found.filter(annotator=annotator)
    aside = set(
        Lease.objects.filter(item=item, state=Lease.State.SET_ASIDE).values_list("annotator_id", flat=True)
    )
    chains: dict[int, list[Answer]] = {}
    readings = readings_under(schema_id)
    for annotation in found:
        chains.setdefault(annotation.annotator_id, []).append(_answer(annotation, readings))
    return tuple(_with_revisions(chain, counts=person not in aside) for person, chain in chains.items())


def _with_revisions(chain: list[Answer], *, counts: bool) -> Answer:
    *earlier, last = chain
    return replace(last, revisions=tuple(reversed(earlier)), counts=counts)


def _answer(annotation: Annotation, readings: Readings) -> Answer:
    read, lacking = readings.read(annotation.schema_id, annotation.answer)
    suggested = annotation.suggested or {}
    values = {name: one["value"] for name, one in suggested.items()}
    return Answer(
        id=annotation.pk,
        annotator=annotation.annotator,
        answer=read,
        lacking=tuple(sorted(lacking)),
        given=annotation.answer,
        version=readings.version(annotation.schema_id),
        shown=tuple(readings.form.shown(read)),
        seconds=annotation.seconds,
        origin=annotation.origin,
        created_at=annotation.created_at,
        supersedes=annotation.supersedes_id,
        suggested=suggested,
        suggested_shown=tuple(readings.form.shown(readings.form.fit(values, set())[0])),
        followed=annotation.followed,
    )


def timeline(item: Item, answers: Iterable[Answer], *, gold: bool = False) -> list[Entry]:
    """Everything that happened to an item, newest first. `gold`: whether gold questions may be spoken of."""
    entries = [_imported(item), *_turns(item), *_answered(answers), *_changed(item, gold=gold)]
    entries += [
        Entry(step.at, "adjudication", step.text, step.by, step.note, step.shown)
        for step in steps_of(schema_id=item.project.schema_id, items=[item.pk])[item.pk]
    ]
    entries += [
        Entry(skip.created_at, "skip", f"skipped it ({skip.policy})", skip.annotator, skip.reason)
        for skip in Skip.objects.filter(item=item).select_related("annotator")
    ]
    entries += [
        Entry(comment.created_at, "comment", "commented", comment.author, comment.body)
        for comment in Comment.objects.filter(item=item).select_related("author")
    ]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:MOST_ENTRIES]


def _imported(item: Item) -> Entry:
    source = f"imported from “{item.dataset.name}”" if item.dataset else "added"
    return Entry(item.created_at, "import", source, item.dataset.created_by if item.dataset else None)


def _turns(item: Item) -> Iterator[Entry]:
    words = {
        Lease.State.ACTIVE: "is working on it",
        Lease.State.ASSIGNED: "has it assigned",
        Lease.State.RETURNED: "had it, but did not answer in time",
    }
    for lease in Lease.objects.filter(item=item).select_related("annotator"):
        text = words.get(Lease.State(lease.state))
        if text:
            yield Entry(lease.created_at, "lease", text, lease.annotator)


_FOLLOWED = {True: "as a model suggested", False: "other than a model suggested"}


def _answered(answers: Iterable[Answer]) -> Iterator[Entry]:
    for answer in answers:
        for given in (answer, *answer.revisions):
            text = "answered" if given.supersedes is None else "revised the answer"
            note = {"simulated": "simulated", "imported": "imported answer"}.get(given.origin, "")
            if given.followed is not None:
                note = f"{note}, {_FOLLOWED[given.followed]}" if note else _FOLLOWED[given.followed]
            yield Entry(given.created_at, "answer", text, given.annotator, note, given.shown)


def _changed(item: Item, *, gold: bool) -> Iterator[Entry]:
    kinds = ("flag", "item", "gold") if gold else ("flag", "item")
    for event in item_events(item=item, kinds=kinds):
        user = event.user if event.kind != "flag" or event.user else None
        changes = "; ".join(f"{one.field}: {one.before} → {one.after}" for one in event.changes if one.after)
        note = changes if event.kind in {"item", "gold"} else ""
        yield Entry(event.at, event.kind, event.text, user, note)


def threads(item: Item) -> list[Thread]:
    """The comments on an item with their replies, oldest first."""
    said = list(Comment.objects.filter(item=item).select_related("author").order_by("pk"))
    return [
        Thread(comment, tuple(reply for reply in said if reply.parent_id == comment.pk))
        for comment in said
        if comment.parent_id is None
    ]


def flags_of(item: Item) -> list[Flag]:
    """All flags, the open ones first."""
    found = Flag.objects.filter(item=item).select_related("author", "closed_by").order_by("-pk")
    return sorted(found, key=lambda flag: flag.closed_at is not None)
