"""What `manage.py simulate` does, between its options and what it prints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from active.learners import LEARNERS
from active.management.simulated_sources import Files, from_files, from_project
from active.replay import Examples, Options, Run, compare, full_accuracy, named, noisy, summarise
from active.replay.drawing import draw
from active.replay.summaries import SHARE, Estimate, Summary

BASELINE = "random"


@dataclass(frozen=True)
class Simulation:
    """The options of the command."""

    file: Path | None
    project: int | None
    question: str
    text: str
    label: str
    embeddings: Path | None
    test: Path | None
    test_embeddings: Path | None
    held_out: float
    strategies: list[str]
    learner: str
    seeds: int
    start: int
    batch: int
    budget: int
    annotator: float
    processes: int

    def data(self) -> tuple[Examples, str, list[str]]:
        """Examples, what they are called, and the names of their labels."""
        if (self.file is None) == (self.project is None):
            raise CommandError("Give a file, or a project by --project: one of them.")
        if self.project is not None:
            examples, title = from_project(self.project, self.question)
            labels: list[str] = []
        else:
            assert self.file is not None
            files = {name: getattr(self, name) for name in Files.__dataclass_fields__ if name != "path"}
            examples, labels = from_files(Files(self.file, **files))
            title = self.file.name
        if self.budget > len(examples):
            raise CommandError(
                f"There are {len(examples):,} items to ask about, fewer than the budget of {self.budget:,}: give a smaller --budget."
            )
        return examples, title, labels

    def run(self, examples: Examples, say: Callable[[str], None]) -> tuple[Summary, list[dict[str, Any]]]:
        """The summary, and each curve."""
        try:
            strategies = named(dict.fromkeys([*self.strategies, BASELINE]))
            learner = LEARNERS[self.learner]
            options = Options(learner, self.start, self.batch, self.budget, noisy(self.annotator))
            runs: list[Run] = []
            for one in compare(examples, strategies, range(self.seeds), options, processes=self.processes):
                runs.append(one)
                say(
                    f"{len(runs)}/{len(strategies) * self.seeds} {one.strategy}, seed {one.seed}: area {one.curve.area:.4f}"
                )
            runs.sort(key=lambda run: (list(strategies).index(run.strategy), run.seed))
            summary = summarise(runs, full=full_accuracy(examples, learner), baseline=BASELINE)
        except KeyError as error:
            raise CommandError(f"There is no learner {error}; choose from {', '.join(LEARNERS)}.") from error
        except ValueError as error:
            raise CommandError(f"{error}.") from error
        return summary, [curve(run) for run in runs]

    def draw(self, summary: Summary, path: Path, title: str) -> Path:
        try:
            return draw(summary, path, title)
        except ImportError as error:
            raise CommandError("Pictures need matplotlib: pip install 'querent[learn]'.") from error

    def told(self) -> dict[str, Any]:
        """The options as JSON can say them."""
        return {
            name: str(value) if isinstance(value, Path) else value for name, value in asdict(self).items()
        }


def curve(run: Run) -> dict[str, Any]:
    points = {"labels": run.curve.labels.tolist(), "accuracy": run.curve.accuracy.tolist()}
    return {"strategy": run.strategy, "seed": run.seed, "area": run.curve.area, **points}


def told(summary: Summary) -> str:
    """A table of the outcomes, best area first."""
    head = [
        "strategy",
        "area",
        f"against {summary.baseline}",
        f"labels to {summary.target:.3f}",
        "labels saved",
    ]
    rows = [head]
    for one in sorted(summary.outcomes, key=lambda one: -one.area.mean):
        needed = "not reached" if one.labels_to_target is None else f"{one.labels_to_target:,.0f}"
        gain = with_interval(one.gain, "{:+.4f}")
        rows.append([one.strategy, with_error(one.area), gain, needed, with_interval(one.saved, "{:.0%}")])
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    told = f"Accuracy with all labels: {summary.full:.4f}; the target is {SHARE:.0%} of it."
    if summary.compared_at is not None:
        told += f" Labels saved are told at accuracy {summary.compared_at:.3f}."
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:], "", told])


def with_error(estimate: Estimate) -> str:
    return f"{estimate.mean:.4f}" + ("" if estimate.error is None else f" ± {estimate.error:.4f}")


def with_interval(estimate: Estimate | None, form: str) -> str:
    if estimate is None:
        return ""
    if estimate.low is None or estimate.high is None:
        return form.format(estimate.mean)
    return f"{form.format(estimate.mean)} [{form.format(estimate.low)}, {form.format(estimate.high)}]"
