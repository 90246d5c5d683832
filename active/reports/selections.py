"""What a round chose and why, and how alike two choices are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from active.models import Round, Selection
from active.reports import titles
from active.reports.excerpts import NOTHING, Excerpt, excerpts
from annotation.models import Item, Project

# How many picks of each side are compared, and how many of them are listed.
MOST_COMPARED = 1000
LISTED = 25
# A batch stands above this priority; what is in reserve behind it, and what arrived later, does not (services/publishing.py).
BATCH_ABOVE = 1.0
# So many of the latest rounds are offered to be compared.
MOST_ROUNDS = 30


@dataclass(frozen=True, slots=True)
class Near:
    """A labeled item that is like the chosen one."""

    item: int
    key: str
    label: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Chosen:
    """One selection. `score` is on the scale of its strategy, `value` on the one that new items and old ones share."""

    id: int
    item: int
    key: str
    state: str
    excerpt: Excerpt
    kind: str
    strategy: str
    score: float
    value: float
    rank: int
    priority: float
    reason: str
    nearest: tuple[Near, ...]
    published: bool

    @property
    def strategy_title(self) -> str:
        return titles.strategy(self.strategy)

    @property
    def kind_title(self) -> str:
        return Selection.Kind(self.kind).label

    @property
    def in_reserve(self) -> bool:
        """Whether it stands behind the batch, for when that runs out."""
        return self.kind == Selection.Kind.RANDOM and self.priority <= BATCH_ABOVE


def listed(
    *, project: Project, round_id: int, kind: str = "", after: int | None = None, limit: int = 50
) -> list[Chosen]:
    """What a round chose, first rank first, behind the selection with this id; one kind only where that is given."""
    rows = Selection.objects.filter(round=round_id)
    if kind:
        rows = rows.filter(kind=kind)
    if after is not None:
        rank = rows.filter(pk=after).values_list("rank", flat=True).first()
        # Ranks may stand twice: what arrived later is ranked by itself.
        rows = (
            rows.filter(rank__gt=rank) | rows.filter(rank=rank, pk__gt=after)
            if rank is not None
            else rows.none()
        )
    found = list(rows.select_related("item").defer("item__payload").order_by("rank", "pk")[:limit])
    return chosen(project, found)


def counts(round_id: int) -> dict[str, int]:
    """How many a round chose of each kind."""
    rows = Selection.objects.filter(round=round_id).values_list("kind").annotate(n=Count("pk"))
    return dict(rows)


def chosen(project: Project, rows: Sequence[Selection]) -> list[Chosen]:
    """Selections with the first words of their items."""
    texts = excerpts(project=project, items=[row.item_id for row in rows])
    return [_chosen(row, texts.get(row.item_id, NOTHING)) for row in rows]


def near(found: list[dict[str, Any]]) -> tuple[Near, ...]:
    return tuple(Near(one["item"], one["key"], str(one["label"]), one["similarity"]) for one in found)


def _chosen(row: Selection, excerpt: Excerpt) -> Chosen:
    return Chosen(
        *(
            row.pk,
            row.item_id,
            row.item.key,
            row.item.state,
            excerpt,
            row.kind,
            row.strategy,
            row.score,
            row.value,
        ),
        *(row.rank, row.priority, row.reason, near(row.nearest), row.published),
    )


@dataclass(frozen=True, slots=True)
class Side:
    """What one strategy chose in one round."""

    round: int
    strategy: str

    @property
    def title(self) -> str:
        return f"{titles.strategy(self.strategy)}, round {self.round}"

    @property
    def value(self) -> str:
        return f"{self.round}:{self.strategy}"


@dataclass(frozen=True, slots=True)
class Pick:
    """An item on one side, with the rank that it has on the other (None: it is not among those)."""

    item: int
    key: str
    rank: int
    score: float
    other: int | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """`by_chance`: how many picks two random choices from the pool would share. `correlation`: Spearman's, of the ranks
    of the shared picks; None for fewer than three."""

    first: Side
    second: Side
    sizes: tuple[int, int]
    shared: int
    by_chance: float | None
    correlation: float | None
    picks: tuple[tuple[Pick | None, Pick | None], ...]


def sides(project: Project) -> list[Side]:
    """What there is to compare: the strategies of the latest rounds that chose something."""
    rounds = Round.objects.filter(project=project, state=Round.State.DONE, chosen__gt=0).order_by("-number")
    found = []
    for number, strategy, rival, explored in rounds.values_list("number", "strategy", "rival", "explored")[
        :MOST_ROUNDS
    ]:
        found += [Side(number, name) for name in (strategy, rival, "random" if explored else "") if name]
    return list(dict.fromkeys(found))


def compare(*, project: Project, first: Side, second: Side) -> Comparison:
    """How far two choices overlap, and how alike they rank what they share."""
    one, other = _picks(project, first), _picks(project, second)
    ranks = [{item: place for place, (item, *_) in enumerate(found, 1)} for found in (one, other)]
    shared = ranks[0].keys() & ranks[1].keys()
    keys = dict(Item.objects.filter(pk__in=_first(one) + _first(other)).values_list("pk", "key"))
    columns = [_column(one, ranks[1], keys), _column(other, ranks[0], keys)]
    length = max(map(len, columns), default=0)
    padded = [column + [None] * (length - len(column)) for column in columns]
    pools = Round.objects.filter(project=project, number__in=[first.round, second.round]).values_list(
        "pool", flat=True
    )
    pool = max(pools, default=0)
    return Comparison(
        first,
        second,
        (len(one), len(other)),
        len(shared),
        len(one) * len(other) / pool if pool else None,
        _spearman([ranks[0][item] for item in shared], [ranks[1][item] for item in shared]),
        tuple(zip(*padded, strict=True)),
    )


def _picks(project: Project, side: Side) -> list[tuple[int, float]]:
    rows = Selection.objects.filter(
        round__project=project,
        round__number=side.round,
        strategy=side.strategy,
        kind__in=[Selection.Kind.NEW, Selection.Kind.RANDOM],
        priority__gt=BATCH_ABOVE,
    )
    return list(rows.order_by("rank", "pk").values_list("item_id", "score")[:MOST_COMPARED])


def _first(picks: list[tuple[int, float]]) -> list[int]:
    return [item for item, _ in picks[:LISTED]]


def _column(
    picks: list[tuple[int, float]], others: dict[int, int], keys: dict[int, str]
) -> list[Pick | None]:
    return [
        Pick(item, keys.get(item, str(item)), place, score, others.get(item))
        for place, (item, score) in enumerate(picks[:LISTED], 1)
    ]


def _spearman(one: list[int], other: list[int]) -> float | None:
    """The correlation of two orders of the same items (Spearman 1904)."""
    n = len(one)
    if n < 3:
        return None
    places = [{rank: place for place, rank in enumerate(sorted(ranks))} for ranks in (one, other)]
    squares = sum((places[0][a] - places[1][b]) ** 2 for a, b in zip(one, other, strict=True))
    return 1 - 6 * squares / (n * (n * n - 1))
