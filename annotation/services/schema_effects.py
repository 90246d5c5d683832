"""What a new version of the questions does to the answers that are there, counted before it is published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
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
    """One change, and how many current answers it touches."""

    change: Change
    answers: int


@dataclass(frozen=True)
class Effects:
    # Current answers of the project; those that would lack something; those of them that lack nothing today.
    answers: int
    incomplete: int
    newly_incomplete: int
    # How many answers each question of the new version would lack.
    lacking: dict[str, int]
    effects: list[Effect]
    # Gold questions whose known answer would lack something.
    gold_incomplete: int
    # What else reads the questions, and what becomes of it.
    consequences: list[Consequence] = field(default_factory=list)
    # Items of the newly incomplete answers, where they were asked for.
    items: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Group:
    """Answers that say the same (as far as it matters here) under the same version."""

    schema_id: int
    answer: Answer
    count: int
    items: list[int]


def preview_mapping(*, project: Project, questions: list[Any], mapping: dict[str, Any]) -> Effects:
    """Count what publishing these (checked, completed) questions and mapping would do. Changes nothing."""
    effects = count_effects(project=project, questions=questions, mapping=mapping, items=False)
    found = [effect.change for effect in effects.effects]
    return replace(effects, consequences=consequences(project=project, questions=questions, found=found))


def count_effects(*, project: Project, questions: list[Any], mapping: dict[str, Any], items: bool) -> Effects:
    if project.schema is None:
        return Effects(0, 0, 0, {}, [], 0)
    chain = list(
        Schema.objects.filter(project=project, version__lte=project.schema.version).order_by("version")
    )
    found = changes(chain[-1].questions, questions, mapping)
    counter = _Counter(chain, questions, mapping, found)
    for group in _groups(project, _Reduction.of(chain, questions, mapping), items=items):
        counter.add(group)
    return counter.effects(_incomplete_gold(project, counter))


class _Counter:
    def __init__(
        self, chain: Sequence[Schema], questions: list[Any], mapping: dict[str, Any], found: list[Change]
    ) -> None:
        versions = [schema.questions for schema in chain]
        mappings = [schema.mapping for schema in chain[1:]]
        self.changes = found
        self.touched = Touched(versions[-1], found)
        self.now = {schema.pk: Reading(versions[at:], mappings[at:]) for at, schema in enumerate(chain)}
        self.then = {
            schema.pk: Reading([*versions[at:], questions], [*mappings[at:], mapping])
            for at, schema in enumerate(chain)
        }
        self.total = self.incomplete = self.newly = 0
        self.lacking: Counter[str] = Counter()
        self.touches: Counter[int] = Counter()
        self.items: set[int] = set()

    def add(self, group: _Group) -> None:
        current, lacking_now = self.now[group.schema_id].read(group.answer)
        _, lacking = self.then[group.schema_id].read(group.answer)
        self.total += group.count
        for change in self.touched.by(current):
            self.touches[change] += group.count
        for name in lacking:
            self.lacking[name] += group.count
        if lacking:
            self.incomplete += group.count
        if lacking and not lacking_now:
            self.newly += group.count
            self.items.update(group.items)

    def effects(self, gold: int) -> Effects:
        effects = [Effect(change, self.touches[position]) for position, change in enumerate(self.changes)]
        return Effects(
            self.total,
            self.incomplete,
            self.newly,
            dict(self.lacking),
            effects,
            gold,
            items=sorted(self.items),
        )


def _incomplete_gold(project: Project, counter: _Counter) -> int:
    known = GoldQuestion.objects.filter(project=project).values_list("schema_id", "answer")
    return sum(bool(counter.then[schema_id].read(answer)[1]) for schema_id, answer in known.iterator())


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


def _groups(project: Project, reduction: _Reduction, *, items: bool) -> Iterator[_Group]:
    """The project's current answers, equal ones counted together, by one statement."""
    said = "a.answer"
    scope: dict[str, Any] = {"project": project.pk, "thresholds": reduction.thresholds}
    for position, name in enumerate(reduction.names):
        key = f"text{position}"
        scope[key] = name
        bucket = f"width_bucket(coalesce(length(a.answer->>%({key})s), 0), %(thresholds)s::int[])"
        said = f"jsonb_set({said}, ARRAY[%({key})s], to_jsonb({bucket}), false)"
    which = "array_agg(DISTINCT a.item_id)" if items else "NULL::bigint[]"
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            f"""
            SELECT schema_id, said::text, answers, items FROM (
                SELECT a.schema_id, {said} AS said, count(*) AS answers, {which} AS items
                FROM annotation_annotation a JOIN annotation_lease l ON l.annotation_id = a.id
                WHERE a.project_id = %(project)s
                GROUP BY 1, 2
            ) AS grouped
            """,  # noqa: S608 - only the names of parameters are put together
            scope,
        )
        while rows := cursor.fetchmany(2000):
            for schema_id, answer, count, item_ids in rows:
                yield _Group(schema_id, reduction.restore(orjson.loads(answer)), count, item_ids or [])
