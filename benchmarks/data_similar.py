"""The items that are most like one, as the page and REST find them: time and recall, beside comparing all of them.

python -m benchmarks.data_similar [--rows 100000] [--queries 300] [--dry | --redraw]
"""

from __future__ import annotations

import hashlib
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import answered, common, importing, pictures

LIMITS = {"p95_ms": 30, "recall_at_10": 0.95}
DIMENSION, NEAREST = 384, 10
TEXTS = Path("../shared/data/text")
Floats = npt.NDArray[np.float32]
# Some, half and hardly any items pass.
FILTERS = {
    "no filter": "",
    "half pass": 'meta.half = "yes"',
    "one in a hundred passes": 'meta.hundredth = "yes"',
}


def pools(rows: int) -> dict[str, Floats]:
    chance = np.random.default_rng(1)
    centres = chance.normal(size=(500, DIMENSION))
    found = {
        "clustered": centres[chance.integers(0, 500, rows)] + 0.6 * chance.normal(size=(rows, DIMENSION)),
        # The worst there is: everything is as far from everything else.
        "random": chance.normal(size=(rows, DIMENSION)),
    }
    if files := sorted(TEXTS.glob("*_minilm_f16.npy")):
        found["MiniLM of real texts"] = np.concatenate([np.load(file) for file in files])[:rows]
    return {name: np.asarray(rows, dtype=np.float32) for name, rows in found.items()}


def make_project(rows: int) -> Any:
    """A project with so many items."""
    from annotation.models import Item

    project = importing.make_project()
    for first in range(0, rows, 10_000):
        Item.objects.bulk_create(
            Item(
                project=project,
                key=f"row-{n:07}",
                payload={
                    "text": f"Text {n}",
                    "half": "yes" if n % 2 else "no",
                    "hundredth": "yes" if n % 100 == 0 else "no",
                },
                digest=hashlib.sha256(str(n).encode()).digest()[:16],
            )
            for n in range(first, min(first + 10_000, rows))
        )
    answered.index(project)
    return project


def fill(project: Any, vectors: Floats) -> dict[str, Any]:
    """Vectors where they are searched, copied and indexed as a worker does it."""
    from active.models import Encoder, ItemVector, SimilarSearch
    from active.services import similar_index

    ids = np.array(sorted(project.items.values_list("pk", flat=True)), dtype=np.int64)
    encoder = Encoder.objects.create(
        project=project, version=1, kind="vectors", dimension=vectors.shape[1], state="ready"
    )
    started = time.perf_counter()
    for first in range(0, len(ids), similar_index._COPIED_AT_ONCE):
        part = slice(first, first + similar_index._COPIED_AT_ONCE)
        similar_index._copy_some(encoder, ids[part], vectors[part].astype(np.float16))
    copied = time.perf_counter()
    similar_index._index(encoder, len(ids))
    indexed = time.perf_counter()
    reach = similar_index.measured(encoder, len(ids))
    SimilarSearch.objects.create(
        project=project,
        created_by=project.created_by,
        encoder=encoder,
        state="done",
        vectors=len(ids),
        last_item=int(ids[-1]),
        looked_at=reach.looked_at,
        recall=reach.recall,
    )
    count = ItemVector.objects.filter(encoder=encoder).count()
    return {
        "vectors": count,
        "copy_s": round(copied - started, 1),
        "index_s": round(indexed - copied, 1),
        "looked_at": reach.looked_at,
        "recall_measured": round(reach.recall, 3),
        **sizes(similar_index.index_of(encoder.pk)),
    }


def sizes(index: str) -> dict[str, int]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE active_itemvector")
        cursor.execute("ANALYZE annotation_item")
        cursor.execute("SELECT pg_relation_size(%s), pg_total_relation_size('active_itemvector')", [index])
        of_index, whole = cursor.fetchone()
    return {"index_mb": round(of_index / 2**20), "all_mb": round(whole / 2**20)}


def exact(vectors: Floats, query: int, passing: npt.NDArray[np.bool_]) -> list[int]:
    """The places of the nearest, by comparing all: the vectors as they are kept, in half precision."""
    similarity = vectors @ vectors[query]
    similarity[~passing] = -np.inf
    similarity[query] = -np.inf
    best = np.argpartition(-similarity, NEAREST)[:NEAREST]
    return [int(place) for place in best[np.argsort(-similarity[best])]]


def measure(project: Any, vectors: Floats, queries: int) -> dict[str, Any]:
    from active.reports.similar import nearest

    items = list(project.items.select_related("project__schema").defer("payload").order_by("pk"))
    places = {item.pk: place for place, item in enumerate(items)}
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = unit.astype(np.float16).astype(np.float32)
    count = np.arange(len(unit))
    passing = {
        "no filter": count >= 0,
        "half pass": count % 2 == 1,
        "one in a hundred passes": count % 100 == 0,
    }
    chosen = np.random.default_rng(3).choice(len(unit), queries, replace=False).tolist()
    found: dict[str, Any] = {}
    for name, where in FILTERS.items():
        spent, right = [], []
        for place in chosen:
            started = time.perf_counter()
            rows = nearest(item=items[place], where=where, limit=NEAREST).rows
            spent.append((time.perf_counter() - started) * 1000)
            right.append(
                len({places[row.id] for row in rows} & set(exact(unit, place, passing[name]))) / NEAREST
            )
        found[name] = {
            "p50_ms": round(statistics.median(spent), 2),
            "p95_ms": round(common.quantile(spent, 0.95), 2),
            "recall_at_10": round(statistics.mean(right), 4),
        }
    started = time.perf_counter()
    for place in chosen[:50]:
        exact(unit, place, count >= 0)
    found["numpy, all compared"] = {"p50_ms": round((time.perf_counter() - started) / 50 * 1000, 2)}
    found["PostgreSQL, all compared"] = {"p50_ms": round(unindexed(items, chosen[:30]), 2)}
    return found


def unindexed(items: list[Any], chosen: list[int]) -> float:
    """Milliseconds for the same without an index."""
    from django.db import connection

    query = (
        "SELECT item_id FROM active_itemvector WHERE encoder_id + 0 = (SELECT encoder_id FROM active_itemvector"
        " WHERE item_id = %s) ORDER BY vector <=> (SELECT vector FROM active_itemvector WHERE item_id = %s) LIMIT 10"
    )
    spent = []
    with connection.cursor() as cursor:
        for place in chosen:
            started = time.perf_counter()
            cursor.execute(query, [items[place].pk, items[place].pk])
            cursor.fetchall()
            spent.append((time.perf_counter() - started) * 1000)
    return statistics.median(spent)


def planning(most: int = 200) -> list[dict[str, float]]:
    """What it costs a search that other projects have indexes in the same table."""
    from django.db import connection

    found = []
    one = "[" + ",".join(["1"] * DIMENSION) + "]"
    search = (
        f"EXPLAIN SELECT item_id FROM active_itemvector WHERE encoder_id = 1"
        f" ORDER BY vector::halfvec({DIMENSION}) <=> '{one}'::halfvec({DIMENSION}) LIMIT 10"
    )
    with connection.cursor() as cursor:
        for count in range(most + 1):
            if count % 50 == 0:
                spent = []
                for _ in range(30):
                    started = time.perf_counter()
                    cursor.execute(search)
                    spent.append((time.perf_counter() - started) * 1000)
                found.append({"indexes": count, "plan_ms": round(statistics.median(spent), 2)})
            cursor.execute(
                f"CREATE INDEX near_{10_000 + count} ON active_itemvector USING hnsw"
                f" ((vector::halfvec({DIMENSION})) halfvec_cosine_ops) WHERE encoder_id = {10_000 + count}"
            )
    return found


def everything(rows: int, queries: int) -> dict[str, Any]:
    results: dict[str, Any] = {}
    with common.environment():
        common.setup_django()
        for name, vectors in pools(rows).items():
            project = make_project(len(vectors))
            results[name] = {"filled": fill(project, vectors), **measure(project, vectors, queries)}
            print(name, results[name], flush=True)
            project.items.all().delete()
        plans = planning()
    return {"dimension": DIMENSION, "limits": LIMITS, "pools": results, "planning": plans}


def picture(result: dict[str, Any]) -> Path:
    panels = []
    for key, title, at_least in (
        ("p95_ms", "p95 of a search, ms", False),
        ("recall_at_10", "Recall at 10", True),
    ):
        bars = {
            f"{name}, {case}": found[case][key] for name, found in result["pools"].items() for case in FILTERS
        }
        others = (
            {}
            if at_least
            else {
                f"{way}, {name}": found[way]["p50_ms"]
                for name, found in result["pools"].items()
                for way in ("numpy, all compared", "PostgreSQL, all compared")
            }
        )
        panels.append(pictures.versus(title, bars, others, LIMITS[key], at_least=at_least))
    return pictures.draw("data_similar", "Similar items", panels)


def main() -> None:
    options = common.parser(__doc__)
    options.add_argument("--rows", type=int, default=100_000)
    options.add_argument("--queries", type=int, default=300)
    chosen = options.parse_args()
    common.finish("data_similar", chosen, lambda: everything(chosen.rows, chosen.queries), picture)


if __name__ == "__main__":
    main()
