"""Bulk actions in words."""

from __future__ import annotations

from collections.abc import Iterable

from django import template

from annotation.models import BulkAction

register = template.Library()
Kind = BulkAction.Action

_REASONS = {
    "open": "open already",
    "retired": "retired",
    "gold": "gold questions, whose answer is known",
    "decided": "decided by an expert",
    "answered": "answered by them already",
    "skipped": "skipped by them for good",
    "assigned": "assigned to them already",
    "not_assigned": "not assigned",
    "tagged": "have the tag already",
    "untagged": "do not have the tag",
    "nobody": "nobody of them labels here now",
    "gone": "deleted meanwhile",
}


@register.filter
def bulk_title(job: BulkAction) -> str:
    """What is done, as a heading."""
    tag, people = job.parameters.get("tag", ""), _names(job.parameters.get("people", ()))
    titles = {
        Kind.TAG: f"Tag as “{tag}”",
        Kind.UNTAG: f"Remove the tag “{tag}”",
        Kind.ASSIGN: f"Assign to {people}"
        + (", each to all of them" if job.parameters.get("everybody") else ""),
        Kind.UNASSIGN: f"Take assignments back{f' from {people}' if people else ''}",
        Kind.REQUEUE: "Ask for one more answer",
        Kind.RETIRE: "Retire",
    }
    return titles[Kind(job.action)]


@register.filter
def bulk_left(job: BulkAction) -> list[tuple[int, str]]:
    """Why items were left as they were, the most frequent reason first."""
    counts = sorted(job.left.items(), key=lambda pair: -pair[1])
    return [(count, _REASONS.get(reason, reason)) for reason, count in counts]


@register.filter
def left_count(job: BulkAction) -> int:
    return sum(job.left.values())


def _names(people: Iterable[str]) -> str:
    listed = list(people)
    shown = ", ".join(listed[:5])
    return f"{shown} and {len(listed) - 5} more" if len(listed) > 5 else shown
