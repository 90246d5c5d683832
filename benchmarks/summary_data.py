"""The part of the summary that is about data in and out: snapshots, downloads, the table, pushes, similar items."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks import common, data_table
from benchmarks.pictures import DOCCANO, LABEL_STUDIO, number

DATA = f"""
Data in and out. {LABEL_STUDIO} and {DOCCANO} keep a whole export in memory: 724 and 741 MB at 100,000 rows, 475 and 21,000 rows/s at most.

| | limit | seen |
|---|---|---|
"""


def data() -> Iterator[str]:
    yield DATA
    for result, figure, limit, seen in _figures():
        yield f"| {figure} | {limit} | [{seen}]({result}.json) |\n"


def _figures() -> Iterator[tuple[str, str, str, str]]:
    """(result, figure, limit, seen)"""
    yield from _snapshots()
    yield from _downloads()
    yield from _table()
    yield from _pushes()
    yield from _similar()
    yield from _others()


def _snapshots() -> Iterator[tuple[str, str, str, str]]:
    found = common.kept("data_snapshots")
    limits = found["limits"]
    for run in found["runs"]:
        yield (
            "data_snapshots",
            f"snapshot of {run['items']:,} items with {run['answers']:,} answers: {run['case']}",
            f"≤ {limits['seconds']} s, {limits['worker_memory_peak_mb']} MB",
            f"{number(run['seconds'])} s, {run['worker_memory_peak_mb']} MB",
        )


def _downloads() -> Iterator[tuple[str, str, str, str]]:
    found = common.kept("data_formats")
    for run in found["runs"]:
        limit = f"≥ {found['limits']['rows_per_second']:,} rows/s" if run["format"] == "jsonl" else ""
        of = "every answer" if run["of"] == "annotations" else "consensus"
        peak = max(run["web_memory_before_mb"], run["web_memory_peak_mb"])
        yield (
            "data_formats",
            f"download as {run['format']}, {run['rows']:,} rows, {of}",
            limit,
            f"{number(run['rows_per_second'])} rows/s; web process {run['web_memory_before_mb']} → {peak} MB",
        )


def _table() -> Iterator[tuple[str, str, str, str]]:
    found = common.kept("data_table")
    three = [case for case in found["filters"] if case["filter"].startswith("three")]
    slowest = max(case[f"{place}_p95_ms"] for case in three for place in data_table.PLACES)
    size = f"{found['items']:,} items"
    limits = found["limits"]
    yield "data_table", f"page with three filters at {size}, slowest", "", f"{number(slowest)} ms p95"
    for kind, what in (("filters", "pages with filters of every kind"), ("words", "full-text pages")):
        seen = found["summary"][f"{kind}_p95_ms"]
        limit = f"≤ {limits[f'{kind}_p95_ms']} ms p95"
        yield "data_table", f"{what} at {size}", limit, f"{number(seen)} ms p95"
    bulk = common.kept("data_bulk")
    rates = ", ".join(f"{name} {number(rate)}" for name, rate in bulk["items_per_second"].items())
    yield "data_bulk", "bulk actions on all of these, items/s", "", rates
    turns = " / ".join(number(value) for value in bulk["turns"].values())
    yield "data_bulk", "submit with next, nothing / 10,000 items assigned", "", f"{turns} ms"


def _pushes() -> Iterator[tuple[str, str, str, str]]:
    found = common.kept("data_upsert")
    for name, run in found["results"].items():
        limit = f"≥ {found['limits']['rows_per_second']:,} items/s" if name == "new items" else ""
        yield "data_upsert", f"bulk upsert: {name}", limit, f"{number(run['rows_per_second'])} /s"


def _similar() -> Iterator[tuple[str, str, str, str]]:
    found = common.kept("data_similar")
    limits = found["limits"]
    for name, pool in found["pools"].items():
        for case in ("no filter", "half pass", "one in a hundred passes"):
            one = pool[case]
            yield (
                "data_similar",
                f"similar items among {pool['filled']['vectors']:,} × {found['dimension']}, {name}, {case}",
                f"≤ {limits['p95_ms']} ms p95, recall@10 ≥ {limits['recall_at_10']}",
                f"{number(one['p95_ms'])} ms, {one['recall_at_10']:.3f}",
            )


def _others() -> Iterator[tuple[str, str, str, str]]:
    yield from _imports()
    hooks = common.kept("data_webhooks")
    costs = " / ".join(f"{run['cost_percent']:.1f}" for run in hooks["results"].values())
    names = " / ".join(hooks["results"])
    yield (
        "data_webhooks",
        f"what webhooks cost a project without any: {names}",
        f"≤ {hooks['limits']['cost_percent']:g} %",
        f"{costs} %",
    )
    kept = common.kept("data_retention")
    rates = " / ".join(number(kept[way]["rows_per_second"]) for way in ("writing", "reading"))
    yield "data_retention", f"archive and restore {kept['rows']:,} rows", "", f"{rates} rows/s"


def _imports() -> Iterator[tuple[str, str, str, str]]:
    found = common.kept("data_imports")
    for name, run in found["results"].items():
        if run["answers"]:
            seen = f"{number(run['answers_per_second'])} answers/s, {run['peak_memory_mb']} MB"
            yield "data_imports", f"import with answers: {name}", "", seen
    alike: dict[str, Any] = common.kept("data_alike")
    slowest = max(one["times_plain"] for case in alike["speeds"].values() for one in case.values())
    quality = alike["quality"]
    yield (
        "data_alike",
        f"import of {alike['rows']:,} rows that looks for near-duplicates, times as long as without",
        f"≤ {alike['limits']['times_plain']:g}",
        f"{slowest:.2f}; recall {quality['recall']:.3f}, precision {quality['precision']:.3f}",
    )
