"""Runs of labeling functions as they are shown: with the names of what they ran."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.utils import timezone

from annotation.models import Project
from labelmodel.models import FunctionRun, FunctionVersion
from labelmodel.services.run_lines import Line


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run, and a line for each version that it ran, in the order of their functions' names."""

    run: FunctionRun
    lines: list[dict[str, Any]]

    @property
    def why_paused(self) -> str:
        """Why it does not go on now; empty where it does."""
        until = self.run.paused_until
        if until is None or until <= timezone.now():
            return ""
        return next((line["later"] for line in self.lines if line["later"]), "Nothing can be asked now.")


def listed(*, project: Project, before: int | None = None, limit: int = 100) -> list[RunRow]:
    """Runs, the latest first; only those with a smaller id than `before`."""
    found = project.function_runs.select_related("created_by").order_by("-pk")
    runs = list((found if before is None else found.filter(pk__lt=before))[:limit])
    return with_lines(runs)


def with_lines(runs: Sequence[FunctionRun]) -> list[RunRow]:
    ids = {int(pk) for run in runs for pk in run.lines}
    shown = FunctionVersion.objects.filter(pk__in=ids).select_related("function")
    versions = {one.pk: one for one in shown.only("number", "function__name")}
    return [RunRow(run, _lines(run, versions)) for run in runs]


def _lines(run: FunctionRun, versions: dict[int, FunctionVersion]) -> list[dict[str, Any]]:
    lines = []
    for pk, kept in run.lines.items():
        version = versions.get(int(pk))
        named = {
            "version": int(pk),
            "function": version.function_id if version else None,
            "name": version.function.name if version else "",
            "number": version.number if version else None,
        }
        lines.append({**asdict(Line.of(kept)), **named})
    return sorted(lines, key=lambda line: (line["name"], line["version"]))
