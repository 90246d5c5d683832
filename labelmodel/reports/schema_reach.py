"""What a new version of the questions means for labeling functions: told before it is published."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from annotation.models import Project
from annotation.questions import Change
from annotation.questions.changes import Kind
from annotation.services.schema_reach import REACHES, Consequence
from labelmodel.models import FunctionVersion

_WHOLE = {Kind.QUESTION_REMOVED, Kind.QUESTION_RENAMED, Kind.TYPE_CHANGED}
_GONE = {Kind.LABEL_RENAMED, Kind.LABELS_MERGED, Kind.LABEL_UNDECIDED, Kind.LABEL_DROPPED}
_LONGEST_NAME = 60


def add() -> None:
    """Tell it before a schema is published. Harmless when repeated."""
    if _functions not in REACHES:
        REACHES.append(_functions)


def _functions(project: Project, touching: Sequence[Change]) -> Iterator[Consequence]:
    """As services/function_faults.py will say it then."""
    gone = {change.source for change in touching if change.kind in _WHOLE}
    labels = {(change.source, change.label) for change in touching if change.kind in _GONE}
    voting = FunctionVersion.objects.voting().filter(project=project).select_related("function")
    names = [
        version.function.name
        for version in voting.only("labels", "votes_for", "function__name", "function__question")
        if version.function.question in gone
        or any((version.function.question, label) in labels for label in version.votes_for or version.labels)
    ]
    listed = ", ".join(f"“{name[:_LONGEST_NAME]}”" for name in names[:5]) + ("…" if len(names) > 5 else "")
    text = f"These labeling functions vote for what is gone: {listed}. They are not run, and count no more, until they get a new version."
    yield Consequence("functions", len(names), text)
