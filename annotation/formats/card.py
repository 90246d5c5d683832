"""The card of a data set: what Hugging Face reads of it, and what people should know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

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
    yield f"# {_plain(str(manifest.get('project') or 'Snapshot'))}"
    yield ""
    about = (
        "One row for each item, with its consensus."
        if layout.rows == "consensus"
        else "One row for each answer."
    )
    yield f"{about} Written by Querent; a snapshot never changes."
    yield from (
        "",
        "```python",
        "from datasets import load_dataset",
        "",
        'found = load_dataset("this-folder")',
        "```",
    )
    yield from ("", "## Where it comes from", "", "| | |", "|---|---|")
    yield from (f"| {_plain(name)} | {_plain(told)} |" for name, told in _told(manifest))
    yield from ("", "## Rows", "", "| part | rows |", "|---|---|")
    parts = {shard.name: shard.part for shard in shards}
    for name, count in _rows_by_part(shards).items():
        part = parts[name]
        yield f"| {name}{f' ({_plain(part)})' if part not in (None, name) else ''} | {count} |"
    yield from ("", "## Questions", "", "| question | type | labels |", "|---|---|---|")
    for question in layout.questions:
        yield f"| {question['name']} | {question['type']} | {_labels(question)} |"
    yield from ("", "## Columns", "", "| column | |", "|---|---|")
    yield from (f"| {_plain(column.name)} | {_plain(column.about)} |" for column in layout.columns)


def _told(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """What the manifest says in one value each; what it counts stands in the manifest itself."""
    for name, value in manifest.items():
        if value not in (None, "") and isinstance(value, str | int | float):
            yield name.replace("_", " "), str(value)


def _labels(question: dict[str, Any]) -> str:
    labels = values(question)
    shown = ", ".join(_plain(label) for label in labels[:MOST_SHOWN])
    return f"{shown} and {len(labels) - MOST_SHOWN} more" if len(labels) > MOST_SHOWN else shown


def _plain(text: str) -> str:
    """Words of people, of which nothing is read as Markdown or HTML."""
    line = " ".join(text.split())
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]()<>#+!|&~" else letter for letter in line)
