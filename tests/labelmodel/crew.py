"""A project whose people differ: two who are careful, one who errs, one who hurries and says one label."""

from __future__ import annotations

from datetime import timedelta

from django.core.cache import cache
from django.utils import timezone

from annotation.models import Annotation, GoldResult, Project, User
from annotation.services import answers, gold, queue
from annotation.services.answers import Answer
from labelmodel.services import refresh
from tests.factories import make_member, make_project, make_user

ITEMS = 40
GOLD = 5
TRUTH = ["positive", "negative"]
NAMES = ("carla", "conrad", "erwin", "hasty")


def make_crew() -> tuple[Project, dict[str, User]]:
    """Forty items that four people answered, five of them gold questions, an hour and a half ago; fitted."""
    project = make_project(items=ITEMS, annotations_per_item=4, gold_rate=0)
    crew = {name: make_member(project, user=make_user(name)) for name in NAMES}
    keys = [f"item-{n:05}" for n in range(GOLD)]
    for name, user in crew.items():
        for turn in queue.next_leases(annotator=user, project=project, count=ITEMS).turns:
            n = int(turn.key[-5:])
            said = TRUTH[n % 2]
            if name == "erwin" and n % 5 == 0:
                said = TRUTH[(n + 1) % 2]
            if name == "hasty":
                said = "positive"
            given = Answer({"sentiment": said}, f"{name}-{n}", 0.8 if name == "hasty" else 6.0 + n % 3)
            answers.submit(annotator=user, lease_id=turn.id, given=given)
    known = [gold.Known({"sentiment": TRUTH[n % 2]}, key=key) for n, key in enumerate(keys)]
    gold.put(project=project, by=project.created_by, items=known)
    _meet_gold(project, crew, keys)
    refresh.refresh(project_id=project.pk)
    cache.clear()
    return project, crew


def _meet_gold(project: Project, crew: dict[str, User], keys: list[str]) -> None:
    """What they said of the gold questions counts as their results."""
    at = timezone.now() - timedelta(minutes=90)
    for user in crew.values():
        for said in Annotation.objects.filter(annotator=user, item__key__in=keys).select_related("item"):
            right = said.answer["sentiment"] == TRUTH[int(said.item.key[-5:]) % 2]
            GoldResult.objects.create(
                annotation=said, project=project, item=said.item, annotator=user, rotation=project.gold_rotation,
                questions={"sentiment": right}, right=right, created_at=at,
            )  # fmt: skip
