"""Write a project to its file: every table by COPY from one state of the database, then the files that rows show."""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections.abc import Iterator
from csv import writer as csv_writer
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import IO, Any

from django.core.files.storage import default_storage
from django.utils import timezone

from annotation.models import Media, ProjectFile, Snapshot, User
from annotation.services import jobs, stored
from annotation.services.archiving.frozen import Cursor, frozen
from annotation.services.archiving.parts import BLOCK, Writer
from annotation.services.archiving.tables import TABLES, Column, Table, people_columns, placed
from annotation.services.jobs import Beat
from annotation.services.pulse import kept_alive

PEOPLE = "people.csv"
FILES = "files.csv"
PERSON = ("username", "first_name", "last_name", "demo", "imported")
# Rows whose files are carried: {table: its rows}
SHOWN = (Media, Snapshot)
MOST_TOLD = 100


@dataclass(frozen=True, slots=True)
class _Extent:
    """How many rows a table has, the lowest id and the highest."""

    rows: int
    first: int
    last: int


def write(job: ProjectFile, beat: Beat) -> None:
    """Make the file and keep it under its name once it is whole. Safe to run twice."""
    assert job.project_id, "an archive is of a project"
    with kept_alive(job), tempfile.TemporaryFile(prefix="querent-") as draft:
        manifest = _written(job.project_id, draft, beat)
        digest, size = hashlib.sha256(), draft.tell()
        draft.seek(0)
        while block := draft.read(BLOCK):
            digest.update(block)
            beat()
        beat.now()
        name = stored.keep(f"projects/{timezone.now():%Y/%m}/{digest.hexdigest()[:32]}.zip", draft)
    try:
        jobs.finished(job, file=name, size=size, sha256=digest.hexdigest(), manifest=manifest)
    except jobs.Lost:
        default_storage.delete(name)
        raise


def _written(project_id: int, draft: IO[bytes], beat: Beat) -> dict[str, Any]:
    out = Writer(draft)
    with frozen() as cursor:
        writing = _Writing(cursor, project_id, out, beat)
        manifest = writing.everything()
    out.close(manifest)
    # What people see of it; the columns and checksums are in the file.
    rows = {table["name"]: table["rows"] for table in manifest["tables"]}
    return {
        **manifest,
        "tables": rows,
        "people": manifest["people"]["rows"],
        "files": manifest["files"]["rows"],
    }


class _Writing:
    def __init__(self, cursor: Cursor, project_id: int, out: Writer, beat: Beat) -> None:
        self.cursor, self.out, self.beat = cursor, out, beat
        self.scope: dict[str, Any] = {"project": project_id}
        self.missing: list[str] = []
        self.extents: dict[Any, _Extent] = {}

    def everything(self) -> dict[str, Any]:
        name = self._one("SELECT name FROM annotation_project WHERE id = %(project)s")[0]
        for table in TABLES:
            self.extents[table.model] = self._extent(table)
        self.scope["people"] = self._people()
        self.beat(
            total=sum(extent.rows for extent in self.extents.values()) + len(self.scope["people"]),
        )
        people = self._people_part()
        tables = [self._table(table) for table in TABLES]
        files = self._files()
        return {
            "software": version("querent"),
            "made_at": timezone.now().isoformat(timespec="seconds"),
            "project": name,
            "people": people,
            "tables": tables,
            "files": files,
            "missing": self.missing[:MOST_TOLD],
            "missing_count": len(self.missing),
        }

    def _one(self, statement: str) -> Any:
        self.cursor.execute(statement.encode(), self.scope)
        return self.cursor.fetchone()

    def _extent(self, table: Table) -> _Extent:
        key = f"coalesce(min(t.{table.key}), 1), coalesce(max(t.{table.key}), 0)"
        rows, first, last = self._one(f"SELECT count(*), {key} FROM {_of(table)}")  # noqa: S608 - names only
        self.beat()
        target = next(column.target for column in table.columns() if column.name == table.key)
        if target is not table.model and target is not None and rows:
            # Its rows are numbered as those that they belong to.
            first = self.extents[target].first
        return _Extent(rows, first, max(last, first - 1))

    def _people(self) -> list[int]:
        """Everybody whom a row names, in the order of their names, which is the same wherever the file is read."""
        named = " UNION ".join(
            f"SELECT DISTINCT t.{column} AS id FROM {_of(table)}"  # noqa: S608 - names only
            for table in TABLES
            for column in people_columns(table)
        )
        self.cursor.execute(
            f"SELECT u.id FROM annotation_user u JOIN ({named}) n ON n.id = u.id "  # noqa: S608 - names only
            'ORDER BY u.username COLLATE "C"'.encode(),
            self.scope,
        )
        return [row[0] for row in self.cursor.fetchall()]

    def _people_part(self) -> dict[str, Any]:
        columns = ", ".join(f"u.{name}" for name in PERSON)
        select = f"SELECT p.n, {columns} FROM {_PEOPLE} p JOIN annotation_user u ON u.id = p.id ORDER BY p.n"  # noqa: S608
        written = self.out.part(PEOPLE, self._copied(select))
        return {"rows": len(self.scope["people"]), **asdict(written)}

    def _table(self, table: Table) -> dict[str, Any]:
        columns = list(table.columns())
        select = ", ".join(f'{self._value(table, column)} AS "{column.name}"' for column in columns)
        statement = f"SELECT {select} FROM {_of(table)} ORDER BY t.{table.key}"  # noqa: S608 - names only
        written = self.out.part(f"tables/{table.name}.csv", self._copied(statement))
        extent = self.extents[table.model]
        return {
            "name": table.name,
            "columns": [column.name for column in columns],
            "rows": extent.rows,
            "last": extent.last - extent.first + 1,
            **asdict(written),
        }

    def _value(self, table: Table, column: Column) -> str:
        held = f't."{column.name}"'
        if column.name in table.written:
            return placed(table.written[column.name], {m: e.first - 1 for m, e in self.extents.items()})
        if column.target is User:
            return f"array_position(%(people)s::bigint[], {held})"
        if column.target is None:
            return held
        return f"{held} - {self.extents[column.target].first - 1}"

    def _copied(self, select: str) -> Iterator[bytes]:
        """Blocks of what COPY sends, which is a row at a time."""
        rows, size = [], 0
        with self.cursor.copy(f"COPY ({select}) TO STDOUT (FORMAT csv, HEADER)".encode(), self.scope) as copy:
            for row in copy:
                rows.append(row)
                size += len(row)
                if size > BLOCK:
                    self.beat(done=self.beat.job.done + len(rows))
                    yield b"".join(rows)
                    rows, size = [], 0
        # The first one was the header.
        self.beat(done=self.beat.job.done + len(rows) - 1)
        yield b"".join(rows)

    def _files(self) -> dict[str, Any]:
        """The files that rows show, as they are, each a part of its own; and a table of them."""
        count = 0
        with tempfile.SpooledTemporaryFile(2**20) as lines:
            for model in SHOWN:
                for number, stored in self._stored(model):
                    line = self._file(f"files/{model._meta.label_lower}/{number}", stored)
                    count += bool(line)
                    lines.write(line)
            lines.seek(0)
            written = self.out.part(FILES, iter(lambda: lines.read(BLOCK), b""))
        return {"rows": count, **asdict(written)}

    def _stored(self, model: type[Media | Snapshot]) -> Iterator[tuple[int, str]]:
        table = next(one for one in TABLES if one.model is model)
        first = self.extents[model].first
        after = 0
        while True:
            self.cursor.execute(
                f"SELECT t.id, t.file FROM {_of(table)} AND t.id > %(after)s ORDER BY t.id LIMIT 1000".encode(),  # noqa: S608
                {**self.scope, "after": after},
            )
            found = self.cursor.fetchall()
            yield from ((row[0] - first + 1, row[1]) for row in found)
            if not found:
                return
            after = found[-1][0]

    def _file(self, part: str, stored: str) -> bytes:
        """Its line in the table of files; nothing where it is gone from the storage, which must not lose the rest."""
        try:
            with default_storage.open(stored, "rb") as stream:
                written = self.out.part(part, self._blocks(stream), packed=False)
        except FileNotFoundError:
            self.missing.append(stored)
            return b""
        line = io.StringIO()
        csv_writer(line, lineterminator="\n").writerow([part, written.size, written.sha256])
        return line.getvalue().encode()

    def _blocks(self, stream: Any) -> Iterator[bytes]:
        while block := stream.read(BLOCK):
            self.beat()
            yield block


_PEOPLE = "(SELECT id, n FROM unnest(%(people)s::bigint[]) WITH ORDINALITY AS u (id, n))"


def _of(table: Table) -> str:
    return f"{table.model._meta.db_table} t WHERE {table.rows}"
