"""What a team keeps of its data: saved views, a tag, a split and a first snapshot, so that nobody begins with an empty page."""

from __future__ import annotations

from annotation.models import Project, User
from annotation.services import bulk, snapshots, splits, views
from annotation.services.snapshot_choices import Choice

VIEWS = {
    "Unsure": "confidence < 0.8 and state != retired",
    "Talked about": "flagged or commented",
    "Answered this week": "answered_at > -7d",
}
TAG = "look again"
PARTS = [{"name": "train", "share": 0.8}, {"name": "test", "share": 0.2}]


def add(*, project: Project, owner: User) -> None:
    """Harmless when repeated. The snapshot is made by a worker, once there is one."""
    there = set(project.views.values_list("name", flat=True))
    for name, where in VIEWS.items():
        if name not in there:
            views.save(project=project, by=owner, name=name, where=where)
    if not project.tags.exists():
        flagged = bulk.create(project=project, by=owner, action="tag", where="flagged", tag=TAG)
        bulk.run(action_id=flagged.pk)
    if not project.snapshots.exists():
        _first_snapshot(project, owner)


def _first_snapshot(project: Project, owner: User) -> None:
    name = "Train and test"
    split = project.splits.filter(name=name).first() or splits.create(
        project=project,
        by=owner,
        name=name,
        kind="stratified",
        parts=PARTS,
        field=splits.strata_of(project)[0]["name"],
    )
    snapshots.create(
        project=project, by=owner, choice=Choice(probabilities=True), name="First labels", split=split
    )
