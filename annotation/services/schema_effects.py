"""What a new version of the questions does to the answers that are there, counted before it is published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import orjson
from django.db import connection

from annotation.models import GoldQuestion, Project, Schema
from annotation.questions import Change, Reading, changes
from annotation.questions.changes import Touched
from annotation.questions.mapping import sources
from annotation.questions.types import Question
from annotation.services.schema_reach import Consequence, consequences

Answer = dict[str, Any]


@dataclass(frozen=True)
class Effect:
    """One change, how many current answers it touches, and of how many items these are."""

    change: Change
    answers: int
    items: int


@dataclass(frozen=True)
class Effects:
    # Current answers of the project; those that would lack something; those of them that lack nothing today.
    answers: int
    incomplete: int
    newly_incomplete: int
    # The items that these are about, each counted once.
    items: int
    incomplete_items: int
    newly_incomplete_items: int
    # How many answers each question of the new version would lack.
    lacking: dict[str, int]
    effects: list[Effect]
    # Gold questions whose known answer some change touches; those of them whose known answer would lack something.
    gold: int
    gold_incomplete: int
    # What else reads the questions, and what becomes of it.
    consequences: list[Consequence] = field(default_factory=list)
    # Items of the newly incomplete answers, where they were asked for.
    item_ids: list[int] = field(default_factory=list)


NOTHING = Effects(0, 0, 0, 0, 0, 0, {}, [], 0, 0)


@dataclass(frozen=True, slots=True)
class _Combination:
    """Items whose answers say the same (as far as it matters here) under the same versions: each answer as text."""

    said: list[str]
    items: int
    ids: list[int]


@dataclass(frozen=True, slots=True)
class _Marks:
    """What becomes of one answer: the changes that touch it, what it will lack, and whether it lacks nothing today."""

    changes: frozenset[int]
    lacking: frozenset[str]
    newly: bool


def preview_mapping(*, project: Project, questions: list[Any], mapping: dict[str, Any]) -> Effects:
    """Count what publishing these (checked, completed) questions and mapping would do. Changes nothing."""
    effects = count_effects(project=project, questions=questions, mapping=mapping, items=False)
    found = [effect.change for effect in effects.effects]
    told = consequences(project=project, questions=questions, found=found, gold=effects.gold)
    return replace(effects, consequences=told)


def count_effects(*, project: Project, questions: list[Any], mapping: dict[str, Any], items: bool) -> Effects:
    if project.schema is None:
        return NOTHING
    chain = list(
        Schema.objects.filter(project=project, version__lte=project.schema.version).order_by("version")
    )
    found = changes(chain[-1].questions, questions, mapping)
    reduction = _Reduction.of(chain, questions, mapping)
    counter = _Counter(chain, questions, mapping, found, reduction)
    for combination in _combinations(project, reduction, items=items):
        counter.add(combination)
    return counter.effects(*_gold(project, counter))


class _Counter:
    def __init__(
        self,
        chain: Sequence[Schema],
        questions: list[Any],
        mapping: dict[str, Any],
        found: list[Change],
        reduction: _Reduction,
    ) -> None:
        versions = [schema.questions for schema in chain]
        mappings = [schema.mapping for schema in chain[1:]]
        self.changes, self._reduction = found, reduction
        self._touched = Touched(versions[-1], found)
        self._now = {schema.pk: Reading(versions[at:], mappings[at:]) for at, schema in enumerate(chain)}
        self._then = {
            schema.pk: Reading([*versions[at:], questions], [*mappings[at:], mapping])
            for at, schema in enumerate(chain)
        }
        # The same few answers come in many combinations.
        self._remembered = lru_cache(maxsize=50_000)(self._marks_of)
        self._answers: Counter[str] = Counter()
        self._items: Counter[str] = Counter()
        self._lacking: Counter[str] = Counter()
        self._touches: Counter[int] = Counter()
        self._touched_items: Counter[int] = Counter()
        self._ids: set[int] = set()

    def marks(self, schema_id: int, answer: Answer) -> _Marks:
        current, lacking_now = self._now[schema_id].read(answer)
        _, lacking = self._then[schema_id].read(answer)
        return _Marks(
            frozenset(self._touched.by(current)), frozenset(lacking), bool(lacking) and not lacking_now
        )

    def _marks_of(self, text: str) -> _Marks:
        schema_id, _, answer = text.partition(":")
        return self.marks(int(schema_id), self._reduction.restore(orjson.loads(answer)))

    def add(self, combination: _Combination) -> None:
        count, found = combination.items, [self._remembered(text) for text in combination.said]
        for marks in found:
            self._touches.update(dict.fromkeys(marks.changes, count))
            self._lacking.update(dict.fromkeys(marks.lacking, count))
        touched: set[int] = set().union(*(marks.changes for marks in found))
        self._touched_items.update(dict.fromkeys(touched, count))
        told = {
            "all": len(found),
            "incomplete": sum(bool(marks.lacking) for marks in found),
            "newly": sum(marks.newly for marks in found),
        }
        for name, answers in told.items():
            self._answers[name] += answers * count
            self._items[name] += count if answers else 0
        if told["newly"]:
            self._ids.update(combination.ids)

    def effects(self, gold: int, gold_incomplete: int) -> Effects:
        effects = [
            Effect(change, self._touches[position], self._touched_items[position])
            for position, change in enumerate(self.changes)
        ]
        return Effects(
            answers=self._answers["all"],
            incomplete=self._answers["incomplete"],
            newly_incomplete=self._answers["newly"],
            items=self._items["all"],
            incomplete_items=self._items["incomplete"],
            newly_incomplete_items=self._items["newly"],
            lacking=dict(self._lacking),
            effects=effects,
            gold=gold,
            gold_incomplete=gold_incomplete,
            item_ids=sorted(self._ids),
        )


def _gold(project: Project, counter: _Counter) -> tuple[int, int]:
    """Known answers that are touched, and those of them that would lack something."""
    known = GoldQuestion.objects.filter(project=project).values_list("schema_id", "answer")
    found = [counter.marks(schema_id, answer) for schema_id, answer in known.iterator()]
    return sum(bool(marks.changes) for marks in found), sum(bool(marks.lacking) for marks in found)


@dataclass(frozen=True, slots=True)
class _Reduction:
    """Texts matter here only by their length, so that answers which differ in words alone are counted together."""

    names: list[str]
    # A text of bucket n is at least thresholds[n - 1] characters long.
    thresholds: list[int]

    @classmethod
    def of(
        cls, chain: Sequence[Schema], questions: Sequence[Question], mapping: dict[str, Any]
    ) -> _Reduction:
        versions = [*(schema.questions for schema in chain), questions]
        mappings = [*(schema.mapping for schema in chain[1:]), mapping]
        names: set[str] = set()
        values_matter: set[str] = set()
        for at, version in enumerate(versions):
            for question in version:
                stays = _stays_text(question["name"], versions[at:], mappings[at:])
                (names if stays else values_matter).add(question["name"])
        limits = {question["max_length"] + 1 for question in questions if question["type"] == "text"}
        return cls(sorted(names - values_matter), sorted(limits) or [1])

    def restore(self, answer: Answer) -> Answer:
        """The answer with texts of the right lengths in place of the bucket numbers."""
        for name in self.names:
            if name in answer:
                bucket = answer[name]
                answer[name] = "x" * (self.thresholds[bucket - 1] if bucket else 1)
        return answer


def _stays_text(
    name: str, versions: Sequence[Sequence[Question]], mappings: Sequence[dict[str, Any]]
) -> bool:
    """Whether a question and all that continue it are text whose words no mapping speaks of."""
    names = {name}
    for version, following, mapping in zip(versions, [*versions[1:], []], [*mappings, {}], strict=False):
        if any(question["type"] != "text" for question in version if question["name"] in names):
            return False
        continued = {
            new: how
            for new, how in sources(version, following, mapping).items()
            if how.question["name"] in names
        }
        if any(how.labels or how.drop for how in continued.values()):
            return False
        names = set(continued)
    return True


def _combinations(project: Project, reduction: _Reduction, *, items: bool) -> Iterator[_Combination]:
    """What each item's current answers say, items of which the same is said counted together, by one statement."""
    said = "a.answer"
    scope: dict[str, Any] = {"project": project.pk, "thresholds": reduction.thresholds}
    for position, name in enumerate(reduction.names):
        key = f"text{position}"
        scope[key] = name
        bucket = f"width_bucket(coalesce(length(a.answer->>%({key})s), 0), %(thresholds)s::int[])"
        said = f"jsonb_set({said}, ARRAY[%({key})s], to_jsonb({bucket}), false)"
    ids = "array_agg(item_id)" if items else "NULL::bigint[]"
    with connection.chunked_cursor() as cursor:
        # Not sorted within an item: what that would take is more than to read a few combinations twice.
        cursor.execute(
            f"""
            SELECT said, count(*), {ids} FROM (
                SELECT a.item_id, array_agg(a.schema_id || ':' || {said}::text) AS said
                FROM annotation_annotation a JOIN annotation_lease l ON l.annotation_id = a.id
                WHERE a.project_id = %(project)s
                GROUP BY a.item_id
            ) AS by_item
            GROUP BY said
            """,  # noqa: S608 - only the names of parameters are put together
            scope,
        )
        while rows := cursor.fetchmany(2000):
            yield from (_Combination(said, count, found or []) for said, count, found in rows)
