"""Fields of the item itself: where it comes from and how far it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import and_

from django.db.models import Case, F, IntegerField, Q, Value, When
from django.db.models.lookups import (
    GreaterThan,
    GreaterThanOrEqual,
    In,
    LessThan,
    LessThanOrEqual,
)

from annotation.expressions import Condition
from annotation.filtering.fields import (
    EQUAL,
    NEVER,
    ORDERED,
    Field,
    Scope,
    Source,
    Test,
    Unfit,
    about,
    joined,
    of_items,
    source_of_items,
)
from annotation.filtering.values import chosen, compared, during, number, whole
from annotation.models import Dataset, GoldQuestion, Item, Project

# Of more than so many indexes together, reading one after the other pays no more.
MOST_SOURCES = 20
_COMPARED = {"<": LessThan, "<=": LessThanOrEqual, ">": GreaterThan, ">=": GreaterThanOrEqual}


def _state(scope: Scope, condition: Condition) -> Test:
    states = chosen(condition, Item.State.values)
    others = [state for state in Item.State.values if state not in states]
    own, turned = ([_in_state(scope.project, state) for state in some] for some in (states, others))
    return Test(lambda bounds: Q(state__in=states), joined(own), joined(turned) if turned else None)


def _in_state(project: Project, state: str) -> Source:
    return source_of_items(project, Q(state=state))


def _role(scope: Scope, condition: Condition) -> Test:
    return of_items(scope.project, Q(role__in=chosen(condition, Item.Role.values)))


def _key(scope: Scope, condition: Condition) -> Test:
    if condition.operator == "~":
        return of_items(scope.project, Q(key__icontains=condition.values[0]))
    return of_items(scope.project, Q(key__in=condition.values), indexed=True)


def _id(scope: Scope, condition: Condition) -> Test:
    return of_items(scope.project, compared("pk", condition, int), indexed=True, ordered=True)


def _dataset(scope: Scope, condition: Condition) -> Test:
    """By id or by name; several imports may have one name."""
    listed = dict(Dataset.objects.filter(project=scope.project).values_list("pk", "name"))
    found: set[int] = set()
    for value in condition.values:
        same = {pk for pk, name in listed.items() if value in (name, str(pk))}
        if not same:
            raise Unfit(f"There is no dataset “{value[:60]}” in this project.")
        found |= same
    return _of_datasets(scope.project, found)


def _of_datasets(project: Project, ids: set[int]) -> Test:
    if not ids:
        return of_items(project, NEVER, indexed=True)
    if len(ids) > MOST_SOURCES:
        return of_items(project, Q(dataset__in=sorted(ids)), indexed=True)
    sources = [source_of_items(None, Q(dataset=pk)) for pk in sorted(ids)]
    return Test(lambda bounds: Q(dataset__in=sorted(ids)), joined(sources))


def _imported(scope: Scope, condition: Condition) -> Test:
    """When the import was begun that an item came with; there are few of them."""
    begun = Dataset.objects.filter(during("created_at", scope, condition), project=scope.project)
    return _of_datasets(scope.project, set(begun.values_list("pk", flat=True)))


def _created(scope: Scope, condition: Condition) -> Test:
    return of_items(scope.project, during("created_at", scope, condition), indexed=True)


def _priority(scope: Scope, condition: Condition) -> Test:
    least = min(number(value) for value in condition.values)
    # Few have one, and an index has only those.
    above = condition.operator in {"=", ">", ">="} and (
        least > 0 or (least == 0 and condition.operator == ">")
    )
    some = Q(priority__gt=0) if above else Q()
    return of_items(scope.project, compared("priority", condition) & some, indexed=above)


def _count(name: str) -> Field:
    def test(scope: Scope, condition: Condition) -> Test:
        found = [whole(value) for value in condition.values]
        told = F(name) if scope.gold else _as_ordinary(scope.project, name)
        if condition.operator == "=":
            passes = Q(In(told, found))
        else:
            passes = Q(_COMPARED[condition.operator](told, found[0]))
        return Test(lambda bounds: passes, _answered(scope, condition) if name == "answers" else None)

    words = {"answers": "How many people have answered.", "wanted": "How many people shall answer."}
    slow = {"answers": ("<", "<="), "wanted": ORDERED}
    return Field(name, words[name], f"{name} >= 2", "number", ORDERED, test, slow=slow[name])


def _answered(scope: Scope, condition: Condition) -> Source | None:
    """An index has those that have answers; gold questions are told apart by another."""
    least = min(whole(value) for value in condition.values) + (condition.operator == ">")
    if condition.operator in {"<", "<="} or least < 1:
        return None
    some = compared("answers", condition, int) & Q(answers__gt=0)
    gold = about(GoldQuestion.objects.filter(project=scope.project)).source
    others = [gold] if gold and not scope.gold else []
    return joined([source_of_items(scope.project, some, ordered=False), *others])


def _as_ordinary(project: Project, name: str) -> Case:
    """Gold questions want no answers; to who must not know them they say what ordinary items do (reports/blind.py)."""
    gold = Q(wanted=0) & ~Q(state=Item.State.RETIRED)
    return Case(
        When(gold, then=Value(project.annotations_per_item)), default=F(name), output_field=IntegerField()
    )


def _between(read: Callable[[Scope, Condition], Q]) -> Callable[[Scope, Sequence[Condition]], Source]:
    def between(scope: Scope, conditions: Sequence[Condition]) -> Source:
        both = reduce(and_, (read(scope, one) for one in conditions))
        return source_of_items(scope.project, both, ordered=False)

    return between


FIELDS = (
    Field(
        "state",
        "How far the item is: open, disputed, resolved or retired.",
        "state = open",
        "choice",
        EQUAL,
        _state,
        choices=lambda project: Item.State.values,
    ),
    Field(
        "key", "The item's key, or a part of it.", "key = row-17", "text", (*EQUAL, "~"), _key, slow=("~",)
    ),
    Field(
        "id",
        "The item's number.",
        "id > 1000",
        "number",
        ORDERED,
        _id,
        between=_between(lambda scope, one: compared("pk", one, int)),
    ),
    Field(
        "dataset",
        "The import it came with, by name or number.",
        'dataset = "reviews.csv"',
        "choice",
        EQUAL,
        _dataset,
        choices=lambda project: list(
            dict.fromkeys(project.datasets.exclude(state="draft").values_list("name", flat=True)[:500])
        ),
    ),
    _count("answers"),
    _count("wanted"),
    Field(
        "priority",
        "Its place in the queue: higher comes sooner.",
        "priority > 0",
        "number",
        ORDERED,
        _priority,
    ),
    Field(
        "created",
        "When it was made.",
        "created > -7d",
        "time",
        ORDERED,
        _created,
        between=_between(lambda scope, one: during("created_at", scope, one)),
    ),
    Field(
        "imported",
        "When the import it came with was begun.",
        "imported = 2026-01-31",
        "time",
        ORDERED,
        _imported,
    ),
    Field(
        "role",
        "Whether it is kept from people to check models by: pool or holdout.",
        "role = holdout",
        "choice",
        EQUAL,
        _role,
        secret=True,
        choices=lambda project: Item.Role.values,
    ),
)
