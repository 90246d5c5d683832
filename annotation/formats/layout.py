"""The columns of a snapshot: the one place that names them, types them and says what each means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import orjson

from annotation.questions import QUESTION_TYPES

VERSION = 2
# Under this key the schema of the Parquet file carries the layout.
METADATA = b"querent"
# A question with more labels than this has its probabilities as JSON: as a struct, each label would be a column.
MOST_STRUCT = 200

Rows = Literal["consensus", "annotations"]
# json: text that is JSON. strings: a list of strings. time: microseconds, UTC. counts and shares: structs of `labels`.
Kind = Literal["int64", "int32", "double", "bool", "string", "strings", "time", "json", "counts", "shares"]

SOURCES = ("person", "simulated", "imported")


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: Kind
    about: str
    # The question or the field that it belongs to.
    of: str = ""
    # What a struct has, in order.
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """How the rows of one snapshot look. Made of JSON, so that a reader needs nothing but the file."""

    rows: Rows
    # As the schema has them, hidden fields too; all questions are normalized.
    fields: tuple[dict[str, Any], ...]
    questions: tuple[dict[str, Any], ...]
    # The parts of the split; empty where there is none.
    parts: tuple[str, ...] = ()
    probabilities: bool = False
    # Whether it says what machines think of items, beside what people's votes amount to.
    probable: bool = False

    @classmethod
    def of(
        cls,
        *,
        rows: Rows,
        fields: Sequence[dict[str, Any]],
        questions: Sequence[dict[str, Any]],
        parts: Sequence[str] = (),
        probabilities: bool = False,
        probable: bool = False,
    ) -> Layout:
        agreed = rows == "consensus"
        return cls(
            rows, tuple(fields), tuple(questions), tuple(parts), probabilities and agreed, probable and agreed
        )

    @classmethod
    def read(cls, found: dict[str, Any]) -> Layout:
        """Out of `as_json`; more may stand beside it."""
        return cls.of(
            **{name: found[name] for name in ("rows", "fields", "questions", "parts", "probabilities")},
            # Masters of version 1 have none.
            probable=found.get("probable", False),
        )

    @classmethod
    def of_file(cls, schema: Any) -> Layout:
        """Out of the Arrow schema of a master."""
        return cls.read(orjson.loads(schema.metadata[METADATA]))

    def as_json(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "rows": self.rows,
            "fields": list(self.fields),
            "questions": list(self.questions),
            "parts": list(self.parts),
            "probabilities": self.probabilities,
            "probable": self.probable,
        }

    @cached_property
    def shown(self) -> tuple[dict[str, Any], ...]:
        """The fields that have a column: hidden ones are in `payload` alone."""
        return tuple(field for field in self.fields if field["type"] != "hidden")

    @cached_property
    def judged(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The questions of which it says what machines think, with their labels."""
        asked = self.questions if self.probable else ()
        return tuple((one["name"], labels) for one in asked if (labels := values(one)))

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        own = _consensus(self) if self.rows == "consensus" else _annotation(self)
        return (*_item(self), *own)

    def arrow(self) -> Any:
        """The same as a pyarrow schema, with the layout in its metadata."""
        import pyarrow as pa

        fields = [pa.field(column.name, _arrow(column)) for column in self.columns]
        return pa.schema(fields, {METADATA: orjson.dumps(self.as_json())})


def values(question: dict[str, Any]) -> tuple[str, ...]:
    """The labels of a question; none where they cannot be listed."""
    return tuple(QUESTION_TYPES[question["type"]].values(question) or ())


def _item(layout: Layout) -> Iterator[Column]:
    yield Column("item_id", "int64", "The item; rows are in the order of it.")
    yield Column("key", "string", "The item's key, by which it is found again in any project.")
    yield Column("dataset", "string", "The import that brought it; null for none.")
    yield Column("state", "string", "open, disputed, resolved or retired.")
    if layout.parts:
        yield Column("split", "string", f"The part of the split: {', '.join(layout.parts)}.")
    yield Column("payload", "json", "All that was imported for the item, as JSON.")
    for field in layout.shown:
        kind: Kind = "double" if field["type"] == "number" else "string"
        yield Column(
            f"payload.{field['name']}",
            kind,
            "That of the payload; null where it is of another type.",
            field["name"],
        )


def _consensus(layout: Layout) -> Iterator[Column]:
    yield Column("tags", "strings", "The item's tags, in alphabetical order.")
    for question in layout.questions:
        name = question["name"]
        yield Column(
            f"consensus.{name}", _answer(question), "What the votes amount to; null where nothing.", name
        )
        yield Column(f"confidence.{name}", "double", "The calibrated probability that it is right.", name)
        yield Column(
            f"status.{name}", "string", "auto, adjudicated or known; null where there is no consensus.", name
        )
        yield Column(f"method.{name}", "string", "What inferred it.", name)
        yield Column(f"votes.{name}", "int32", "How many people's answers it rests on.", name)
        yield Column(f"run.{name}", "int64", "The run of the label model; null where none was needed.", name)
        yield Column(
            f"sources.{name}", "counts", "How many standing answers of each origin there are.", name, SOURCES
        )
        if layout.probabilities and (labels := values(question)):
            yield Column(
                f"probabilities.{name}", _shares(labels), "By label; null where negligible.", name, labels
            )
    yield Column("annotators", "strings", "Who answered, in alphabetical order.")
    for name, labels in layout.judged:
        yield Column(
            f"probable.{name}",
            _shares(labels),
            "The chance of each label by labeling functions, never part of the consensus; null where none votes.",
            name,
            labels,
        )


def _annotation(layout: Layout) -> Iterator[Column]:
    yield Column("annotation_id", "int64", "The answer; within an item, rows are in the order of it.")
    yield Column("annotator", "string", "Who answered.")
    yield Column("origin", "string", "person, simulated or imported.")
    yield Column("schema_version", "int32", "The version of the questions that the person saw.")
    yield Column("seconds", "double", "Attention; null where it was not measured.")
    yield Column("created_at", "time", "When it was given.")
    yield Column("revisions", "int32", "How often the person changed the answer before.")
    yield Column("counts", "bool", "False for an answer that was set aside.")
    yield Column("suggested", "json", "What a model suggested beside the form; null for nothing.")
    yield Column("followed", "bool", "Whether the answer says what was suggested.")
    for question in layout.questions:
        name = question["name"]
        yield Column(
            f"answer.{name}", _answer(question), "The answer to this question, as it reads now.", name
        )
    yield Column("answer", "json", "The whole answer as it reads under the current questions.")
    yield Column("given", "json", "Word for word, where it was given under older questions.")
    yield Column("lacking", "strings", "Older ones only: the questions that people must answer again.")
    yield Column("kept", "json", "What an imported answer said that the questions cannot say.")


def _shares(labels: tuple[str, ...]) -> Kind:
    return "shares" if len(labels) <= MOST_STRUCT else "json"


def _answer(question: dict[str, Any]) -> Kind:
    return QUESTION_TYPES[question["type"]].holds


def _arrow(column: Column) -> Any:
    import pyarrow as pa

    plain = {
        "int64": pa.int64(),
        "int32": pa.int32(),
        "double": pa.float64(),
        "bool": pa.bool_(),
        "string": pa.string(),
        "json": pa.string(),
        "strings": pa.list_(pa.string()),
        "time": pa.timestamp("us", tz="UTC"),
    }
    if column.kind in plain:
        return plain[column.kind]
    inner = pa.int32() if column.kind == "counts" else pa.float64()
    return pa.struct([pa.field(label, inner) for label in column.labels])
