"""What is to be done: by rounds that are pending, and for items that came after the latest one. Queries only."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Max
from django.utils import timezone

from active.models import EmbeddingShard, LearningSettings, Round, RoundShard
from annotation.models import Item

State = Round.State
# A shard that was taken up and not finished is offered to other workers after this long.
SLOW = timedelta(seconds=30)
BEFORE_SCORING = (State.WAITING, State.EMBEDDING, State.TRAINING)


def unfinished() -> list[tuple[str, int]]:
    """The next steps of all pending rounds: (prepare, round), (score, round's shard) or (finish, round)."""
    todo: list[tuple[str, int]] = []
    for round in Round.objects.pending().filter(project__archived_at=None):
        if round.state in BEFORE_SCORING:
            todo.append(("prepare", round.pk))
            continue
        left = list(
            RoundShard.objects.filter(round=round, finished_at=None).only("started_at").order_by("pk")
        )
        todo += [("score", shard.pk) for shard in left if _is_idle(shard)]
        if not left:
            todo.append(("finish", round.pk))
    return todo


def _is_idle(shard: RoundShard) -> bool:
    return shard.started_at is None or timezone.now() - shard.started_at > SLOW


def with_new_items() -> list[int]:
    """Projects that learn and have items behind all those that are embedded, while no round is about to embed them."""
    ready = LearningSettings.objects.filter(automatic=True, project__archived_at=None)
    idle = ready.exclude(project__rounds__state__in=Round.PENDING)
    return [project for project in idle.values_list("project", flat=True) if has_new_items(project)]


def has_new_items(project_id: int) -> bool:
    shards = EmbeddingShard.objects.filter(encoder__project=project_id, encoder__state="ready")
    last = shards.aggregate(last=Max("last_item"))["last"]
    # Before the first round there is nothing to add to.
    return last is not None and Item.objects.filter(project=project_id, pk__gt=last).exists()
