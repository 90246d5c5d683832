"""How a project's learning stands: on or off, what is under way, how good the model is, what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from active.models import LearningSettings, ModelVersion
from active.reports import curve, rounds
from active.reports.curve import Point
from active.reports.rounds import Next, Progress, Told
from active.services import learning, registry
from annotation.models import Project
from annotation.questions.types import Question


@dataclass(frozen=True, slots=True)
class Standing:
    """`question` is None where nothing can be learned. `latest` is the latest round of all, `done` the latest one that
    learned this question. `next` is known while rounds start by themselves and none is pending."""

    settings: LearningSettings
    question: Question | None
    latest: Told | None
    progress: Progress | None
    done: Told | None
    point: Point | None
    model: ModelVersion | None
    next: Next | None

    @property
    def on(self) -> bool:
        return self.settings.automatic

    @property
    def mark(self) -> str:
        """The same while nothing has happened that a reader would see."""
        latest = (self.latest.id, self.latest.state) if self.latest else None
        parts = (self.on, latest, self.model and self.model.pk, self.next)
        return blake2b(repr(parts).encode(), digest_size=8).hexdigest()

    @property
    def pending(self) -> bool:
        return self.latest is not None and self.latest.is_pending


def of(project: Project) -> Standing:
    found = learning.settings_of(project)
    settings = found or LearningSettings(project=project, automatic=False)
    question = learning.learned_question(project, settings)
    name = question["name"] if question else ""
    latest = next(iter(rounds.listed(project=project, limit=1)), None)
    pending = latest is not None and latest.is_pending
    return Standing(
        settings=settings,
        question=question,
        latest=latest,
        progress=rounds.progress(latest) if latest and pending else None,
        done=rounds.latest_done(project, name),
        point=curve.latest(project=project, question=name),
        model=registry.in_use(project, name),
        next=rounds.next_one(settings) if settings.automatic and question and not pending else None,
    )
