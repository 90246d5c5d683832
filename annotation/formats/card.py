"""The card of a data set: what Hugging Face reads of it, and what people should know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from annotation.formats import functions_told
from annotation.formats.base import Manifest
from annotation.formats.features import as_yaml
from annotation.formats.layout import Layout, values
from annotation.formats.shards import Shard

SIZES = [
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
]
MOST_SHOWN = 100


def of(layout: Layout, manifest: Manifest, shards: Sequence[Shard]) -> bytes:
    """README.md."""
    import yaml

    head = yaml.safe_dump(_head(layout, shards), allow_unicode=True, sort_keys=False, width=1000)
    text = "\n".join(_body(layout, manifest, shards))
    return f"---\n{head}---\n\n{text}\n".encode()


def _head(layout: Layout, shards: Sequence[Shard]) -> dict[str, Any]:
    rows = _rows_by_part(shards)
    total = sum(rows.values())
    size = next((name for most, name in SIZES if total < most), "n>10M")
    return {
        "size_categories": [size],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": name, "path": f"data/{name}-*.parquet"} for name in rows],
            }
        ],
        "dataset_info": {"features": as_yaml(layout)},
    }


def _rows_by_part(shards: Sequence[Shard]) -> dict[str, int]:
    rows: dict[str, int] = {}
    for shard in shards:
        rows[shard.name] = rows.get(shard.name, 0) + shard.rows
    return rows


def _body(layout: Layout, manifest: Manifest, shards: Sequence[Shard]) -> Iterator[str]:
    project = (manifest.get("project") or {}).get("name") or "Snapshot"
    about = (
        "One row for each item, with its consensus."
        if layout.rows == "consensus"
        else "One row for each answer."
    )
    yield f"# {_plain(project)}"
    yield from ("", f"{about} Written by Querent; a snapshot never changes.")
    yield from ("", "```python", "from datasets import load_dataset", "")
    yield from ('found = load_dataset("this-folder")', "```")
    yield from _table("Where it comes from", ("", ""), _origin(manifest))
    yield from _table("Rows", ("part", "as it was called", "rows"), _rows(shards))
    yield from _table("Questions", ("question", "type", "labels"), _questions(layout))
    yield from _table("Labels", ("question", "label", "rows"), _label_counts(manifest))
    yield from _table("Answers by origin", ("question", "origin", "answers"), _sources(manifest))
    yield from _table("Columns", ("column", ""), ((one.name, one.about) for one in layout.columns))


def _table(title: str, head: tuple[str, ...], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    told = [f"| {' | '.join(_plain(str(cell)) for cell in row)} |" for row in rows]
    if told:
        yield from ("", f"## {title}", "", f"| {' | '.join(head)} |", "|---" * len(head) + "|", *told)


def _origin(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """What it was made from, as far as it was told."""
    told = {
        "snapshot": " ".join(str(manifest[key]) for key in ("number", "name") if manifest.get(key)),
        "made at": manifest.get("made_at"),
        "software": manifest.get("software"),
        "filter": manifest.get("where"),
        "options": ", ".join(f"{name}: {value}" for name, value in (manifest.get("options") or {}).items()),
        "schema version": (manifest.get("schema") or {}).get("version"),
        "split": (manifest.get("split") or {}).get("name"),
        "SHA-256 of the JSON lines": manifest.get("sha256"),
    }
    yield from ((name, str(value)) for name, value in told.items() if value not in (None, ""))
    for question, models in (manifest.get("label_model") or {}).items():
        runs = [one["method"] + (f", run {one['run']}" if one["run"] else "") for one in models]
        yield f"consensus on {question}", "; ".join(runs)
    for question, active, fit in functions_told.lines(manifest):
        yield f"labeling functions on {question}", ", ".join(active) or "none active"
        if fit:
            yield f"their probable labels on {question}", fit


def _rows(shards: Sequence[Shard]) -> Iterator[tuple[str, str, int]]:
    parts = {shard.name: shard.part for shard in shards}
    for name, count in _rows_by_part(shards).items():
        yield name, parts[name] or "", count


def _questions(layout: Layout) -> Iterator[tuple[str, str, str]]:
    for question in layout.questions:
        yield question["name"], question["type"], _labels(question)


def _label_counts(manifest: Manifest) -> Iterator[tuple[str, str, int]]:
    for question, counts in (manifest.get("counts") or {}).get("labels", {}).items():
        for label, count in list(counts.items())[:MOST_SHOWN]:
            yield question, label, count


def _sources(manifest: Manifest) -> Iterator[tuple[str, str, int]]:
    counts = manifest.get("counts") or {}
    for question, found in counts.get("sources", {}).items():
        yield from ((question, origin, count) for origin, count in found.items())
    yield from (("all", origin, count) for origin, count in counts.get("origins", {}).items())


def _labels(question: dict[str, Any]) -> str:
    labels = values(question)
    shown = ", ".join(labels[:MOST_SHOWN])
    return f"{shown} and {len(labels) - MOST_SHOWN} more" if len(labels) > MOST_SHOWN else shown


def _plain(text: str) -> str:
    """Words of people, of which nothing is read as Markdown or HTML."""
    line = " ".join(text.split())
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]()<>#+!|&~" else letter for letter in line)
