"""What is in a snapshot, counted chunk by chunk for its manifest."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from annotation.formats.layout import SOURCES, Layout, values
from annotation.snapshots.items import Columns

Tally = Counter[Any]


class Counts:
    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.rows = self.items = self.answers = 0
        self._plain: dict[str, Tally] = {
            name: Counter() for name in ("state", "dataset", "people", "origins")
        }
        self._parts: Tally = Counter()
        # {question: {what: how often}}, and of labels {part: {question: {label: how often}}}; without a split the part is "".
        self._asked: dict[str, dict[str, Tally]] = defaultdict(lambda: defaultdict(Counter))
        self._labels: dict[str, dict[str, Tally]] = defaultdict(lambda: defaultdict(Counter))

    def add(self, table: pa.Table, beside: Columns) -> None:
        """Count a chunk. `beside` are columns that are not in the table."""
        self.rows += len(table)
        for name in ("state", "dataset"):
            _tally(self._plain[name], table.column(name))
        if self._layout.rows == "consensus":
            self._add_consensus(table, beside)
        else:
            self._add_answers(table)
        self._add_labels(table)

    def _add_consensus(self, table: pa.Table, beside: Columns) -> None:
        self.items += len(table)
        _tally(self._plain["people"], pc.list_flatten(table.column("annotators")))
        for name, _ in self._layout.judged:
            self._asked["probable"][name]["rows"] += pc.count(table.column(f"probable.{name}")).as_py()
        for question in self._layout.questions:
            name = question["name"]
            _tally(self._asked["statuses"][name], table.column(f"status.{name}"))
            _tally(self._asked["kinds"][name], beside[f"kinds.{name}"])
            sources = table.column(f"sources.{name}").combine_chunks()
            for place, origin in enumerate(SOURCES):
                self._asked["sources"][name][origin] += pc.sum(pc.struct_field(sources, place)).as_py() or 0
            pairs = table.select([f"run.{name}", f"method.{name}"]).group_by(
                [f"run.{name}", f"method.{name}"]
            )
            for one in pairs.aggregate([([], "count_all")]).to_pylist():
                if one[f"method.{name}"] is not None:
                    self._asked["models"][name][one[f"run.{name}"], one[f"method.{name}"]] += one["count_all"]

    def _add_answers(self, table: pa.Table) -> None:
        self.items += len(pc.unique(table.column("item_id")))
        self.answers += len(table)
        _tally(self._plain["people"], table.column("annotator"))
        _tally(self._plain["origins"], table.column("origin"))

    def _add_labels(self, table: pa.Table) -> None:
        said = "consensus" if self._layout.rows == "consensus" else "answer"
        listed = [question["name"] for question in self._layout.questions if values(question)]
        small = table.select(
            [f"{said}.{name}" for name in listed] + (["split"] if self._layout.parts else [])
        )
        for part in self._layout.parts or ("",):
            own = small.filter(pc.equal(small.column("split"), part)) if part else small
            self._parts[part] += len(own)
            for name in listed:
                found = own.column(f"{said}.{name}")
                flat = pc.list_flatten(found) if pa.types.is_list(found.type) else found
                _tally(self._labels[part][name], flat)

    def as_json(self) -> dict[str, Any]:
        """As the manifest has it: by the order of the schema, by number, or by name."""
        told: dict[str, Any] = {"rows": self.rows, "items": self.items}
        if self._layout.rows == "annotations":
            told |= {"answers": self.answers, "origins": _named(self._plain["origins"])}
        else:
            for what in ("statuses", "kinds", "sources"):
                told[what] = {name: _named(found) for name, found in self._asked[what].items()}
        if self._layout.probable:
            told["probable"] = {name: found["rows"] for name, found in self._asked["probable"].items()}
        told["states"], told["datasets"] = _named(self._plain["state"]), _named(self._plain["dataset"])
        told["people"] = _named(self._plain["people"])
        told["labels"] = self._by_label(self._labels)
        if self._layout.parts:
            told["parts"] = {
                part: {"rows": self._parts[part], "labels": self._by_label({part: self._labels[part]})}
                for part in self._layout.parts
            }
        return told

    def models(self) -> dict[str, list[dict[str, Any]]]:
        """What inferred the consensus on each question, the most frequent first."""
        return {
            name: [
                {"run": run, "method": method, "items": count}
                for (run, method), count in sorted(found.items(), key=lambda one: (-one[1], str(one[0])))
            ]
            for name, found in self._asked["models"].items()
        }

    def _by_label(self, labels: dict[str, dict[str, Tally]]) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for question in self._layout.questions:
            name = question["name"]
            counts: Tally = sum((one[name] for one in labels.values() if name in one), Counter())
            written = {_label(label): count for label, count in counts.items()}
            if listed := values(question):
                found[name] = {label: written.get(label, 0) for label in listed}
        return found


def _tally(counter: Tally, found: Any) -> None:
    for one in pc.value_counts(found).to_pylist():
        counter[one["values"]] += one["counts"]
    del counter[None]


def _label(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _named(counter: Tally) -> dict[str, int]:
    return {str(name): counter[name] for name in sorted(counter)}
