"""spaCy's DocBin files for text categories: a folder for each question with labels, with files by part of the split."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import orjson

from annotation.formats.base import Format, Manifest, Mark, Piece
from annotation.formats.layout import Layout, values
from annotation.formats.master import Master
from annotation.formats.shards import Shard, batches_of, chunked, shards_of
from annotation.formats.zipped import zipped

# Multi-language: only where words end is looked at, and that does not matter for categories.
LANGUAGE = "xx"
CHOICES = ("single_choice", "multiple_choice")

Row = dict[str, Any]


def _write(master: Master, manifest: Manifest, marks: Sequence[Mark]) -> Iterator[Piece]:
    shards = shards_of(master, chunked(master, 1, 0))
    members = [
        (f"{question['name']}/{shard.path('spacy')}", partial(_file, master, shard, question))
        for shard in shards
        for question in _questions(master.layout)
    ]
    yield from zipped(members, marks)


def text_field(layout: Layout) -> str | None:
    """The field that documents are made of: the first one that is a text."""
    if not layout.fields:
        return "text"
    return next((str(field["name"]) for field in layout.shown if field["type"] == "text"), None)


def _questions(layout: Layout) -> list[dict[str, Any]]:
    return [question for question in layout.questions if question["type"] in CHOICES]


def _file(master: Master, shard: Shard, question: dict[str, Any]) -> Iterator[bytes]:
    import spacy
    from spacy.tokens import DocBin

    # A new one each time: it keeps every word that it has seen.
    nlp = spacy.blank(LANGUAGE)
    nlp.max_length = 2**31
    # Without user data, by which the key could go along: spaCy takes ten times as long to write and to read it.
    found = DocBin(attrs=["ORTH"])
    read = _reader(master.layout)
    cats = _cats(master.layout, question)
    for batch in batches_of(master, shard, _columns(master.layout, question)):
        for row in batch.to_pylist():
            if (said := cats(row)) is not None:
                doc = nlp.make_doc(read(row))
                doc.cats = said
                found.add(doc)
    yield found.to_bytes()


def _columns(layout: Layout, question: dict[str, Any]) -> list[str]:
    name = question["name"]
    wanted = {
        *("split", "payload", f"payload.{text_field(layout)}", "counts"),
        *(f"answer.{name}", f"consensus.{name}", f"probabilities.{name}"),
    }
    return [column.name for column in layout.columns if column.name in wanted]


def _reader(layout: Layout) -> Callable[[Row], str]:
    """The text of a row."""
    field = text_field(layout)
    column = f"payload.{field}"

    def read(row: Row) -> str:
        found = row.get(column)
        if found is None:
            found = orjson.loads(row["payload"]).get(field)
        return "" if found is None else str(found)

    return read


def _cats(layout: Layout, question: dict[str, Any]) -> Callable[[Row], dict[str, float] | None]:
    """The categories of a row; None for one that says nothing about this question, or does not count."""
    name, labels = question["name"], values(question)
    column = f"consensus.{name}" if layout.rows == "consensus" else f"answer.{name}"

    def cats(row: Row) -> dict[str, float] | None:
        said = row[column]
        if said is None or row.get("counts") is False:
            return None
        shares = row.get(f"probabilities.{name}")
        if shares is not None:
            shares = orjson.loads(shares) if isinstance(shares, str) else shares
            return {label: shares.get(label) or 0.0 for label in labels}
        chosen = {said} if isinstance(said, str) else set(said)
        return {label: float(label in chosen) for label in labels}

    return cats


def _lacking(layout: Layout) -> list[str]:
    said = ["All but the text and the answers to choice questions, the key too; rows without such an answer."]
    if not _questions(layout):
        said.append("There is no question with labels: the archive has no files.")
    if text_field(layout) is None:
        said.append("There is no field of type text: the documents are empty.")
    if layout.rows == "annotations":
        said.append("Answers that were set aside.")
    return said


SPACY = Format(
    name="spacy",
    title="spaCy",
    about="A zip of DocBin files for text categories, a folder for each question; spacy train reads a folder as its corpus.",
    ending="zip",
    content_type="application/zip",
    lacking=_lacking,
    write=_write,
    packages=("spacy",),
)
