"""Exports: every answer that stands, streamed from one snapshot of the database in blocks, whatever their number."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import orjson
import psycopg
from django.db import connection

from annotation import filtering
from annotation.errors import Fault, InvalidInput
from annotation.filtering import Where
from annotation.models import Membership, Project, Schema
from annotation.questions.forms import Part
from annotation.reports.export_sql import ANNOTATION, ITEM, Wanted, count_statement, statement
from annotation.reports.readings import Readings, readings_under

# Answers are set aside only where somebody was suspended; and in most projects nothing is suggested.
_PROJECT = """
SELECT schema_id, EXISTS (SELECT FROM annotation_suspension s WHERE s.project_id = p.id),
       EXISTS (SELECT FROM annotation_annotation a WHERE a.project_id = p.id AND a.followed IS NOT NULL)
FROM annotation_project p WHERE id = %s
"""
BLOCK = 128 * 1024
LONGEST = "1h"
# Answers seen before are not worked out again; longer ones seldom repeat, and would make the memory grow.
REMEMBERED = 20_000
LONGEST_REMEMBERED = 400
FORMULA = ("=", "+", "-", "@", "\t", "\r")
LONGEST_LINE = 2_000
BOM = b"\xef\xbb\xbf"

Tail = Callable[[int, bytes], bytes]
Agreed = Callable[[bytes], bytes]
Row = tuple[Any, ...]
Cursor = psycopg.Cursor[Any]


def wanted(project: Project, *, where: Where, annotator: str = "", **how: Any) -> Wanted:
    """An export of the answers to the items that pass a filter, or of one person's. Raises InvalidInput for a person who is
    not here."""
    person = None
    if annotator:
        members = Membership.objects.filter(project=project, user__username=annotator)
        person = members.values_list("user", flat=True).first()
        if person is None:
            fault = Fault(("annotator",), "There is no such member.")
            raise InvalidInput(fault.message, faults=[fault])
    items, values = filtering.sql(project, where) if where else ("", {})
    return Wanted(project=project.pk, items=items, values=values, annotator=person, **how)


def stream(wanted: Wanted) -> Generator[bytes, None, None]:
    """The file, block by block. Closing the iterator ends the query and its connection."""
    with _snapshot() as cursor:
        cursor.execute(_PROJECT, [wanted.project])
        found = cursor.fetchone()
        if found is None:
            return
        if found[0] is None:
            # Without questions there are no answers; a CSV file still says what its columns are.
            yield _head(wanted, _columns_without_questions(wanted)) if wanted.format == "csv" else b""
            return
        readings = readings_under(found[0])
        yield from _blocks(_lines(cursor, replace(wanted, doubted=found[1], suggested=found[2]), readings))


def preview(wanted: Wanted, rows: int) -> str:
    """The beginning of the file, with long lines cut short."""
    body = b"".join(stream(replace(wanted, limit=rows))).decode("utf-8-sig")
    lines = body.splitlines()
    return "\n".join(line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…" for line in lines)


def header(wanted: Wanted, schema: Schema) -> list[str]:
    """The columns of the CSV file."""
    columns = [*ITEM, *(f"payload.{name}" for name in fields_of(schema))]
    if not fields_of(schema):
        columns.append("payload")
    if wanted.per == "item":
        return [*columns, *_consensus_columns(readings_under(schema.pk)), "annotations"]
    answers = readings_under(schema.pk).form.columns()
    return [*columns, *ANNOTATION, *(f"answer.{name}" for name in answers), "answer", "given", "lacking"]


def _columns_without_questions(wanted: Wanted) -> list[str]:
    last = ["annotations"] if wanted.per == "item" else [*ANNOTATION, "answer", "given", "lacking"]
    return [*ITEM, "payload", *last]


def _head(wanted: Wanted, columns: list[str]) -> bytes:
    return (BOM if wanted.safe else b"") + _csv(columns, wanted.safe) + b"\r\n"


def fields_of(schema: Schema) -> list[str]:
    return [field["name"] for field in schema.fields]


def count_up_to(wanted: Wanted, most: int) -> int:
    """How many rows the file will have, counted no further than `most`."""
    text, params = count_statement(wanted, most)
    with connection.cursor() as cursor:
        cursor.execute(text, params)
        return int(cursor.fetchone()[0])


@contextmanager
def _snapshot() -> Iterator[Cursor]:
    """A cursor on a connection of its own, which sees one state of the database.

    Of its own: a stream outlives the view that starts it, may be read by another thread, and when the reader goes
    away the only way to stop PostgreSQL is to hang up.
    """
    own = connection.copy()
    own.inc_thread_sharing()
    try:
        own.connect()
        with psycopg.ClientCursor(cast("psycopg.Connection[Any]", own.connection)) as cursor:
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [LONGEST])
            # Rows come in the order of an index, so that the first one is sent at once and nothing is sorted on disk.
            cursor.execute("SET LOCAL enable_sort = off; SET LOCAL max_parallel_workers_per_gather = 0")
            yield cursor
    finally:
        own.close()


def _lines(cursor: Cursor, wanted: Wanted, readings: Readings) -> Iterator[bytes]:
    if wanted.format == "csv":
        yield _head(wanted, header(wanted, readings.current))
    text, params = statement(wanted, fields_of(readings.current), [*_compared(readings)])
    types = ["bytea", "int8", "bytea"] if wanted.per == "annotation" else [*["bytea"] * 3, "int8", "bytea"]
    with cursor.copy(f"COPY ({text}) TO STDOUT (FORMAT binary)", params) as copy:
        # Text is asked for as bytes, which is what it is sent as: nothing is decoded only to be encoded again.
        copy.set_types(types)
        if wanted.per == "item":
            agreed = _json_consensus if wanted.format == "jsonl" else _csv_consensus(readings, wanted.safe)
            yield from _by_item(copy.rows(), wanted, _remembering(_json_tail(readings)), agreed)
        else:
            tail = _json_tail(readings) if wanted.format == "jsonl" else _csv_tail(readings, wanted.safe)
            yield from _by_annotation(copy.rows(), _remembering(tail), wanted)


def _by_annotation(rows: Iterable[Row], tail: Tail, wanted: Wanted) -> Iterator[bytes]:
    end = b"\n" if wanted.format == "jsonl" else b"\r\n"
    for head, schema_id, answer in rows:
        yield head + tail(schema_id, answer) + end


def _by_item(rows: Iterable[Row], wanted: Wanted, tail: Tail, agreed: Agreed) -> Iterator[bytes]:
    item = b""
    said: list[bytes] = []
    for head, consensus, own, schema_id, answer in rows:
        if head:
            if said:
                yield _item_line(item, said, wanted)
                said = []
            item = head + agreed(consensus)
        said.append(own + tail(schema_id, answer))
    if said:
        yield _item_line(item, said, wanted)


def _item_line(item: bytes, said: list[bytes], wanted: Wanted) -> bytes:
    listed = b"[%b]" % b",".join(said)
    if wanted.format == "jsonl":
        return b'%b"annotations":%b}\n' % (item, listed)
    return b'%b"%b"\r\n' % (item, listed.replace(b'"', b'""'))


def _compared(readings: Readings) -> dict[str, Part]:
    """The questions on which there can be a consensus."""
    return {name: part for name, part in readings.form.parts.items() if part.kind.scale}


def _consensus_columns(readings: Readings) -> Iterator[str]:
    for name, part in _compared(readings).items():
        yield from (f"consensus.{column}" for column in part.kind.columns(part.question))
        yield from (f"confidence.{name}", f"status.{name}")


def _json_consensus(consensus: bytes) -> bytes:
    return b'"consensus":%b,' % consensus


def _csv_consensus(readings: Readings, safe: bool) -> Agreed:
    """The cells of an item's consensus, each followed by a comma."""
    parts = _compared(readings)

    def agreed(consensus: bytes) -> bytes:
        found = orjson.loads(consensus)
        cells: list[Any] = []
        for name, part in parts.items():
            one = found.get(name, {})
            cells += part.kind.cells(part.question, one.get("value"))
            cells += [one.get("confidence"), one.get("status")]
        return _csv(cells, safe) + b"," if cells else b""

    return agreed


def _json_tail(readings: Readings) -> Tail:
    """The end of a JSON object: the answer as it reads now; for older ones also as it was given."""
    current = readings.current.pk

    def tail(schema_id: int, answer: bytes) -> bytes:
        if schema_id == current:
            return b'"answer":%b}' % answer
        read, lacking = readings.read(schema_id, orjson.loads(answer))
        parts = (orjson.dumps(read), answer, orjson.dumps(sorted(lacking)))
        return b'"answer":%b,"given":%b,"lacking":%b}' % parts

    return tail


def _csv_tail(readings: Readings, safe: bool) -> Tail:
    """The last cells of a row: the questions' columns, the answer as JSON, and for older ones as it was given."""
    current = readings.current.pk

    def tail(schema_id: int, answer: bytes) -> bytes:
        read, lacking = readings.read(schema_id, orjson.loads(answer))
        older = [None, None] if schema_id == current else [answer.decode(), "|".join(sorted(lacking))]
        return _csv([*readings.form.cells(read), orjson.dumps(read).decode(), *older], safe)

    return tail


def _remembering(tail: Tail) -> Tail:
    """The same, but what many people answer alike is worked out once."""
    seen: dict[tuple[int, bytes], bytes] = {}

    def remembered(schema_id: int, answer: bytes) -> bytes:
        found = seen.get((schema_id, answer))
        if found is None:
            found = tail(schema_id, answer)
            if len(answer) <= LONGEST_REMEMBERED and len(seen) < REMEMBERED:
                seen[schema_id, answer] = found
        return found

    return remembered


def _csv(cells: Sequence[Any], safe: bool) -> bytes:
    return ",".join([_cell(cell, safe) for cell in cells]).encode()


def _cell(cell: Any, safe: bool) -> str:
    if cell is None:
        return ""
    if not isinstance(cell, str):
        return str(cell)
    if safe and cell.startswith(FORMULA):
        cell = f"'{cell}"
    return '"{}"'.format(cell.replace('"', '""'))


def _blocks(lines: Iterable[bytes]) -> Iterator[bytes]:
    block: list[bytes] = []
    size = 0
    for line in lines:
        block.append(line)
        size += len(line)
        if size >= BLOCK:
            yield b"".join(block)
            block, size = [], 0
    if block:
        yield b"".join(block)
