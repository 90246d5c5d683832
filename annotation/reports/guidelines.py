"""What changed in a project's guidelines: for the notice on the labeling page, and for reading it up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher

from annotation.models import GuidelinesChange, GuidelinesSeen, Project, User

# Unchanged lines around a change that are shown.
AROUND = 2
# Beyond this many lines that differ, they are not compared one by one.
MOST_COMPARED = 2000


@dataclass(frozen=True, slots=True)
class Line:
    """`kind` is same, del, ins, or gap (unchanged lines that are left out)."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Changed:
    """One or several changes in one: the latest's id, time, author and note, and the lines that differ."""

    id: int
    at: datetime
    by: User
    note: str
    lines: tuple[Line, ...]


def unseen(*, user: User, project: Project) -> Changed | None:
    """What others have changed since this member joined and last took notice; None when there is nothing."""
    member = project.memberships.filter(user=user).values_list("created_at", flat=True).first()
    if member is None:
        return None
    seen = GuidelinesSeen.objects.filter(user=user, project=project).values_list("change", flat=True).first()
    fresh = project.guidelines_changes.filter(pk__gt=seen or 0, created_at__gt=member).exclude(by=user)
    last = fresh.select_related("by").order_by("-pk").first()
    if last is None:
        return None
    first = fresh.order_by("pk").values_list("before", flat=True).first()
    lines = tuple(difference(first or "", last.after))
    return Changed(last.pk, last.created_at, last.by, last.note, lines) if lines else None


def changes(*, project: Project, before: int | None = None, limit: int = 20) -> list[Changed]:
    """The changes of a project's guidelines, the latest first."""
    found = GuidelinesChange.objects.filter(project=project).select_related("by").order_by("-pk")
    if before is not None:
        found = found.filter(pk__lt=before)
    return [
        Changed(one.pk, one.created_at, one.by, one.note, tuple(difference(one.before, one.after)))
        for one in found[:limit]
    ]


def difference(before: str, after: str) -> Iterator[Line]:
    """The lines that differ, with a few of those around them; nothing where texts are equal."""
    old, new = before.splitlines(), after.splitlines()
    if old == new:
        return
    for tag, i1, i2, j1, j2 in _steps(old, new):
        if tag == "equal":
            yield from _around(old[i1:i2], first=i1 == 0, last=i2 == len(old) and j2 == len(new))
        else:
            yield from (Line("del", text) for text in old[i1:i2])
            yield from (Line("ins", text) for text in new[j1:j2])


def _steps(old: list[str], new: list[str]) -> Sequence[tuple[str, int, int, int, int]]:
    if max(len(old), len(new)) <= MOST_COMPARED:
        return SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [("replace", 0, len(old), 0, len(new))]


def _around(same: list[str], *, first: bool, last: bool) -> Iterator[Line]:
    head = [] if first else same[:AROUND]
    tail = [] if last else same[max(len(head), len(same) - AROUND) :]
    yield from (Line("same", text) for text in head)
    if len(head) + len(tail) < len(same):
        yield Line("gap", "")
    yield from (Line("same", text) for text in tail)
