"""A small project in which everything happens that filters ask for, and what it is known to hold, in plain Python."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from django.utils import timezone

from annotation.models import (
    Alike,
    Annotation,
    Comment,
    Consensus,
    Flag,
    GoldQuestion,
    Item,
    ItemTag,
    Prediction,
    Project,
    Tag,
)
from tests.annotation.items_help import make_findable
from tests.factories import SENTIMENT, make_dataset, make_item, make_member, make_project, make_user

QUESTIONS = [
    *SENTIMENT,
    {
        "name": "topics",
        "type": "multiple_choice",
        "required": False,
        "labels": [{"value": "a"}, {"value": "b c"}],
    },
    {"name": "stars", "type": "rating", "required": False, "min": 1, "max": 5},
    {"name": "note", "type": "text", "required": False},
]
LABELS = ["positive", "negative", "neutral"]
ITEMS = 40


class World:
    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.now = timezone.now()
        self.project: Project = make_project(questions=QUESTIONS, annotations_per_item=2)
        self.people = [make_member(self.project, user=make_user(name)) for name in ("anna", "bert")]
        self.datasets = [
            make_dataset(self.project, name=name, searchable=True) for name in ("first", "a second")
        ]
        self.tags = [Tag.objects.create(project=self.project, name=name) for name in ("hard", "odd one")]
        self.items: list[dict[str, Any]] = []
        stranger = make_project(questions=QUESTIONS, items=0)
        for number in range(ITEMS):
            # Others' items between ours.
            make_item(stranger, f"other-{number}", {"source": "web"}).save()
            self.items.append(self._item(number))
        make_findable(*Item.objects.all())

    def maybe(self, share: float) -> bool:
        return self.rng.random() < share

    def _item(self, number: int) -> dict[str, Any]:
        rng = self.rng
        payload: dict[str, Any] = {"text": rng.choice(["a red fox", "the brown bear", "Foxes; bears"])}
        if self.maybe(0.8):
            payload["source"] = rng.choice(["web", "Web", "mail", None, ["web", "x"], 5, "5", 5.5, True])
        if self.maybe(0.8):
            payload["n"] = rng.choice([-3, 0, 1, 2.5, "2.5", 1e6, "many", "2024-05-01", "2024-06-01T10:00"])
        item = make_item(
            self.project,
            f"{rng.choice(['row', 'Line'])}-{number}",
            payload,
            2,
            dataset=rng.choice([*self.datasets, None]),
            state=rng.choice(Item.State.values),
            priority=rng.choice([0.0, 0.0, 1.5]),
            role="holdout" if self.maybe(0.1) else "pool",
        )
        item.save()
        known = {
            "item": item,
            "payload": payload,
            "said": self._answers(item),
            "consensus": {},
            "predicted": {},
            "flags": [],
            "comments": [],
            "tags": set(),
            "alike": False,
            "gold": self.maybe(0.1),
        }
        self._marks(item, known)
        self._machines(item, known)
        item.answers = len(known["said"])
        item.created_at = self.now - timedelta(days=rng.choice([0, 3, 10]), minutes=5)
        item.wanted = 0 if known["gold"] else 2
        Item.objects.filter(pk=item.pk).update(
            answers=item.answers, created_at=item.created_at, wanted=item.wanted
        )
        return known

    def _answers(self, item: Item) -> list[dict[str, Any]]:
        found = []
        for person in self.people:
            if not self.maybe(0.4):
                continue
            given = None
            for turn in range(self.rng.choice([1, 1, 2])):
                answer: dict[str, Any] = {"sentiment": self.rng.choice(LABELS)}
                if self.maybe(0.5):
                    answer |= {"topics": self.rng.choice([["a"], ["a", "b c"], ["b c"]])}
                if self.maybe(0.5):
                    answer |= {"stars": self.rng.randint(1, 5), "note": self.rng.choice(["Good!", "so so"])}
                given = Annotation.objects.create(
                    project=self.project,
                    item=item,
                    annotator=person,
                    schema=self.project.schema,
                    answer=answer,
                    nonce=f"{item.pk}-{turn}",
                    origin=self.rng.choice(["person", "imported"]),
                    followed=self.rng.choice([None, True, False]),
                    supersedes=given,
                    created_at=self.now - timedelta(days=self.rng.choice([0, 5]), minutes=5),
                )
            found.append({"who": person.username, "row": given, "answer": given.answer})
        return found

    def _marks(self, item: Item, known: dict[str, Any]) -> None:
        if self.maybe(0.2):
            closed = self.now if self.maybe(0.3) else None
            Flag.objects.create(item=item, author=self.people[0], reason="Wrong place", closed_at=closed)
            known["flags"] = [] if closed else ["Wrong place"]
        if self.maybe(0.2):
            Comment.objects.create(item=item, author=self.people[0], body="Is this a Typo?")
            known["comments"] = ["Is this a Typo?"]
        for tag in self.tags:
            if self.maybe(0.2):
                ItemTag.objects.create(item=item, tag=tag)
                known["tags"].add(tag.name)
        if self.items and self.maybe(0.2):
            Alike.objects.create(item=item, of=self.items[0]["item"], similarity=0.9)
            known["alike"] = True
        if known["gold"]:
            GoldQuestion.objects.create(
                item=item,
                project=self.project,
                schema=self.project.schema,
                answer={},
                created_by=self.people[0],
            )

    def _machines(self, item: Item, known: dict[str, Any]) -> None:
        for question, value in (("sentiment", self.rng.choice(LABELS)), ("topics", ["a"]), ("stars", 3)):
            if self.maybe(0.5):
                status = "known" if known["gold"] else self.rng.choice(["auto", "auto", "adjudicated"])
                known["consensus"][question] = self._consensus(item, question, value, status)
            if self.maybe(0.3):
                for version in range(self.rng.choice([1, 2])):
                    told = self.rng.choice(LABELS) if question == "sentiment" else value
                    Prediction.objects.create(
                        project=self.project,
                        item=item,
                        schema=self.project.schema,
                        question=question,
                        kind="model",
                        source="m",
                        version=str(version),
                        value=told,
                        confidence=0.5,
                        created_at=self.now + timedelta(minutes=version),
                    )
                    known["predicted"][question] = told

    def _consensus(self, item: Item, question: str, value: Any, status: str) -> Consensus:
        return Consensus.objects.create(
            project=self.project,
            item=item,
            question=question,
            value=value,
            status=status,
            entropy=0.1,
            confidence=self.rng.choice([0.3, 0.75, 0.99]),
            votes=2,
            unanimous=self.maybe(0.7),
            method="majority",
            schema=self.project.schema,
            updated_at=self.now,
            kinds=["person"],
        )
