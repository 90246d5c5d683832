"""Labeling functions as they are listed: which version is active, what keeps it from running, how often it votes."""

from __future__ import annotations

from dataclasses import dataclass

from annotation.models import Project
from labelmodel.models import FunctionVersion, LabelingFunction
from labelmodel.services.function_faults import faults_of
from labelmodel.services.run_lines import Total, totals


@dataclass(frozen=True, slots=True)
class FunctionRow:
    """A function with its active version and its latest one, which may be the same."""

    function: LabelingFunction
    active: FunctionVersion | None
    latest: FunctionVersion | None
    # What keeps the active version, or else the latest, from running.
    faults: list[str]
    # Of the active version: items that it has seen, and that it votes on.
    seen: int
    votes: int

    @property
    def runs(self) -> bool:
        """Whether its votes count."""
        return self.active is not None and self.function.stopped_at is None and not self.faults

    @property
    def hit_rate(self) -> float | None:
        return self.votes / self.seen if self.seen else None


def listed(project: Project, *, function_id: int | None = None) -> list[FunctionRow]:
    """The project's functions by name, or one of them. Few statements, however many there are."""
    found = project.labeling_functions.select_related("owner", "stopped_by").order_by("name")
    functions = list(found if function_id is None else found.filter(pk=function_id))
    versions = (
        FunctionVersion.objects.filter(function__in=functions).select_related("schema").order_by("number")
    )
    # The definitions may be long, and nobody reads them in a list.
    shown = versions.defer("definition", "tests", "canary")
    by_function: dict[int, list[FunctionVersion]] = {}
    known = {function.pk: function for function in functions}
    for version in shown:
        version.function = known[version.function_id]
        by_function.setdefault(version.function_id, []).append(version)
    chosen = {pk: (_active(mine), mine[-1]) for pk, mine in by_function.items()}
    faults = faults_of(project, [active or latest for active, latest in chosen.values()])
    sums = totals(active.pk for active, _ in chosen.values() if active)
    return [_row(function, chosen.get(function.pk, (None, None)), faults, sums) for function in functions]


def _active(versions: list[FunctionVersion]) -> FunctionVersion | None:
    return next((one for one in versions if one.state == FunctionVersion.State.ACTIVE), None)


def _row(
    function: LabelingFunction,
    versions: tuple[FunctionVersion | None, FunctionVersion | None],
    faults: dict[int, list[str]],
    sums: dict[int, Total],
) -> FunctionRow:
    active, latest = versions
    shown = active or latest
    total = sums.get(active.pk, Total()) if active else Total()
    return FunctionRow(
        function, active, latest, faults.get(shown.pk, []) if shown else [], total.seen, total.votes
    )
