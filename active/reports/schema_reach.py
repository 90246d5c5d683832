"""What a new version of the questions means for what was learned from the old ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from active.models import ModelVersion, Round
from annotation.models import Project
from annotation.questions import Change
from annotation.services.schema_reach import REACHES, Consequence


def add() -> None:
    """Tell it before a schema is published. Harmless when repeated."""
    if _learned not in REACHES:
        REACHES.append(_learned)


def _learned(project: Project, touching: Sequence[Change]) -> Iterator[Consequence]:
    questions = {change.source for change in touching}
    used = ModelVersion.objects.filter(
        project=project, question__in=questions, state=ModelVersion.State.PROMOTED
    )
    text = "The model in use learned the old labels; the next round learns the new ones."
    yield Consequence("learning", used.count(), text)
    rounds = Round.objects.pending().filter(project=project, question__in=questions)
    yield Consequence("rounds", rounds.count(), "The round under way begins again under the new version.")
