"""Limits of labeling functions: what goes over one is stopped, with a reason that its owner reads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from labelmodel.models import FunctionRun, FunctionVersion
from labelmodel.services import functions
from labelmodel.services.run_lines import cast_in_the_last_hour, totals

if TYPE_CHECKING:
    from labelmodel.services.function_work import Work

# Of one function, for one batch. What it does not get to is looked at later, unless it is slower than this.
LIMIT_SECONDS = 30.0
LEAST_A_SECOND = 20
# Of fewer items the share says nothing.
LEAST_SEEN = 100


def enforce(work: Work, reached: Mapping[int, int | None]) -> None:
    """Stop the functions that have gone too far. `reached`: how many rows of a batch each got to in time; None: all."""
    running = [pk for pk in reached if pk in work.ready]
    shares = totals(pk for pk in running if work.versions[pk].function.most_share < 1)
    for pk in running:
        version = work.versions[pk]
        total = shares.get(pk)
        reason = _too_slow(reached[pk])
        if (
            not reason
            and total
            and total.seen >= LEAST_SEEN
            and (total.share or 0) > version.function.most_share
        ):
            reason = (
                f"It votes on {total.share:.1%} of {total.seen:,} items; at most "
                f"{version.function.most_share:.1%} are allowed."
            )
        if not reason and version.function.most_votes_an_hour is not None:
            reason = _too_many(work, version, version.function.most_votes_an_hour)
        if reason:
            functions.stop(function=version.function, by=None, reason=reason)
            work.drop(pk, reason)


def _too_slow(reached: int | None) -> str:
    if reached is None or reached >= LEAST_A_SECOND * LIMIT_SECONDS:
        return ""
    return (
        f"It got to {reached:,} items within {LIMIT_SECONDS:g} seconds; at least {LEAST_A_SECOND} a second are needed. "
        "Make it simpler."
    )


def _too_many(work: Work, version: FunctionVersion, most: int) -> str:
    """Over all of its versions, in this run and in those of the last hour."""
    recent = FunctionRun.objects.filter(
        project=work.project, heartbeat_at__gte=timezone.now() - timedelta(hours=1)
    ).exclude(pk=work.job.pk)
    mine = {str(pk) for pk in version.function.versions.values_list("pk", flat=True)}
    lines = [line for run in recent for pk, line in run.lines.items() if pk in mine]
    votes = cast_in_the_last_hour([*lines, work.lines[version.pk].as_json()])
    return f"It cast {votes:,} votes within an hour; at most {most:,} are allowed." if votes > most else ""
