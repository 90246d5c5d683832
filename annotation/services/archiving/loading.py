"""One table of a project's file into the database: into a table of its own first, checked, then with new ids where it belongs.

Ids in the file begin at 1. Each table gets a block of ids from its sequence, so that a new id is the old one plus a number,
and what a row refers to is the project's own if it lies within the block: nothing can be made to point elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import Error, connection, models

from annotation.models import Dataset, Membership, Project, Schema, Snapshot, Split, Tag, User
from annotation.services.archiving.manifest import Part
from annotation.services.archiving.parts import BadFile
from annotation.services.archiving.tables import Column, Table, placed
from annotation.services.locks import waited_for

CHUNK = 100_000
# So many ids are left free before a block: others take ids from the same sequence while it is moved. An import takes
# hundreds of thousands a second, of projects and the like nobody makes more than a few.
_MARGIN, _MARGIN_OF_FEW = 100_000, 100
_FEW = (Project, Schema, Membership, Dataset, Tag, Snapshot, Split)
_OBJECTS = {"payload", "answer", "evidence"}


class Loader:
    """Loads the tables of one file, in their order, in the caller's transaction.

    `people` are the accounts by their number in the file; `beat` is told how many rows were read.
    """

    def __init__(self, people: Sequence[int], beat: Callable[[int], None]) -> None:
        self._people, self._beat = list(people), beat
        # By model: what is added to an id of the file, and the highest of them.
        self.offsets: dict[type[models.Model], int] = {}
        self._last: dict[type[models.Model], int] = {User: len(self._people)}

    def load(self, part: Part, blocks: Iterable[bytes]) -> None:
        name = f"tables/{part.table.name}.csv"
        with connection.cursor() as cursor, told(name):
            self._read(cursor, part, blocks)
            self._last[part.table.model] = part.last
            self.offsets[part.table.model] = _block(cursor, part)
            columns = [column for column in part.table.columns() if column.name in part.columns]
            for column in columns:
                self._check_column(cursor, part.table, column)
            self._insert(cursor, part, columns)
            for column in columns:
                self._check_target(cursor, part.table, column)
            cursor.execute("DROP TABLE loading")

    def _read(self, cursor: Any, part: Part, blocks: Iterable[bytes]) -> None:
        table, listed = part.table.model._meta.db_table, ", ".join(map(quoted, part.columns))
        # NOT NULL, foreign keys and the like are checked where the rows go in the end; types are checked here.
        like = f"SELECT {listed} FROM {table} WITH NO DATA"  # noqa: S608 - names only
        cursor.execute(f"CREATE TEMP TABLE loading ON COMMIT DROP AS {like}")
        with cursor.copy(f"COPY loading ({listed}) FROM STDIN (FORMAT csv, HEADER MATCH)") as copy:
            for block in blocks:
                copy.write(block)
        key = part.table.key
        cursor.execute(f"CREATE UNIQUE INDEX loading_key ON loading ({key}); ANALYZE loading")
        cursor.execute(f"SELECT count(*), coalesce(min({key}), 1), coalesce(max({key}), 0) FROM loading")  # noqa: S608
        rows, first, last = cursor.fetchone()
        if rows != part.rows or first < 1 or last > part.last:
            raise BadFile(
                f"It has {rows:,} rows numbered {first} to {last}; the manifest says {part.rows:,}, numbered 1 to {part.last}."
            )
        self._beat(rows)

    def _check_column(self, cursor: Any, table: Table, column: Column) -> None:
        if column.target is not None:
            last = self._last.get(column.target, 0)
            wrong = f"{quoted(column.name)} NOT BETWEEN 1 AND %s"
            _refuse(
                cursor,
                table,
                column,
                wrong,
                [last],
                f"names {_noun(column.target)} %s, which is not in the file",
            )
        elif column.field.choices:
            known = [str(value) for value, _ in column.field.flatchoices]
            known += [""] if column.field.blank else []
            wrong = f"{quoted(column.name)} <> ALL(%s::text[])"
            _refuse(cursor, table, column, wrong, [known], "says %s, which means nothing")
        elif isinstance(column.field, models.JSONField) and (kind := _kind_of(column.field)):
            wrong = f"jsonb_typeof({quoted(column.name)}) <> %s"
            _refuse(cursor, table, column, wrong, [kind], f"is no JSON {kind}")

    def _insert(self, cursor: Any, part: Part, columns: Sequence[Column]) -> None:
        given = {column.name: self._expression(column) for column in columns}
        # By position: pgtrigger adds a parameter of its own to each statement, and knows no names.
        params: dict[str, Any] = {column.name: self._people for column in columns if column.target is User}
        for field in part.table.model._meta.concrete_fields:
            name = str(field.column)
            if name in part.table.read:
                own = f"(t.id + {self.offsets[part.table.model]})::text"
                given[name] = placed(part.table.read[name].replace("{id}", own), self.offsets)
            elif name not in given and field.db_default is models.NOT_PROVIDED:
                given[name] = f"%s::{field.db_type(connection)}"
                params[name] = _default(field)
        key = part.table.key
        statement = (
            f"INSERT INTO {part.table.model._meta.db_table} ({', '.join(map(quoted, given))}) SELECT {', '.join(given.values())} "  # noqa: S608
            f"FROM loading t WHERE t.{key} > %s AND t.{key} <= %s ORDER BY t.{key}"
        )
        values = [params[name] for name in given if name in params]
        for low in range(0, part.last, CHUNK):
            cursor.execute(statement, [*values, low, low + CHUNK])
            self._beat(0)

    def _expression(self, column: Column) -> str:
        held = f"t.{quoted(column.name)}"
        if column.target is None:
            return held
        if column.target is User:
            return f"(%s::bigint[])[{held}]"
        return f"{held} + {self.offsets[column.target]}"

    def _check_target(self, cursor: Any, table: Table, column: Column) -> None:
        """Where no foreign key of the database does it."""
        target = column.target
        constrained = column.field.is_relation and getattr(column.field, "db_constraint", False)
        if target is None or target is User or constrained or column.field.primary_key:
            return
        there = f"SELECT FROM {target._meta.db_table} p WHERE p.id = loading.{column.name} + {self.offsets[target]}"
        wrong = f"{column.name} IS NOT NULL AND NOT EXISTS ({there})"
        _refuse(cursor, table, column, wrong, [], f"names {_noun(target)} %s, which is not in the file")


def quoted(name: str) -> str:
    """A column's name: some are words of SQL."""
    return f'"{name}"'


def _noun(model: type[models.Model]) -> str:
    return "person" if model is User else str(model._meta.verbose_name)


def _kind_of(field: models.JSONField[Any, Any]) -> str:
    if field.default in (dict, list):
        return "object" if field.default is dict else "array"
    return "object" if field.name in _OBJECTS else ""


def _default(field: models.Field[Any, Any]) -> Any:
    if getattr(field, "auto_now_add", False):
        return field.pre_save(field.model(), add=True)
    return field.get_db_prep_save(field.get_default(), connection)


def _refuse(cursor: Any, table: Table, column: Column, wrong: str, params: Sequence[Any], words: str) -> None:
    """Raises BadFile with the first row of which this is true."""
    cursor.execute(
        f"SELECT {table.key}, {quoted(column.name)}::text FROM loading WHERE {wrong} ORDER BY 1 LIMIT 1",  # noqa: S608
        params,
    )
    if found := cursor.fetchone():
        said = words % str(found[1])[:80] if "%s" in words else words
        raise BadFile(f"In row {found[0]}, {column.name} {said}.")


def _block(cursor: Any, part: Part) -> int:
    """Ids that nobody else gets; returns what turns an id of the file into one of them."""
    if not part.table.numbered:
        return 0
    meta = part.table.model._meta
    sequence = f"pg_get_serial_sequence('{meta.db_table}', '{meta.pk.column}')"
    margin = _MARGIN_OF_FEW if part.table.model in _FEW else _MARGIN
    # Two restores at once would read the same place before either has moved it. Others may take single ids in the moment
    # between; for them there is the margin.
    with waited_for("ids", 0):
        cursor.execute(f"SELECT setval({sequence}, nextval({sequence}) + %s + %s)", [margin, part.last])
    return int(cursor.fetchone()[0]) - part.last


@contextmanager
def told(name: str) -> Iterator[None]:
    """What PostgreSQL has against a part, in words: where and what."""
    try:
        yield
    except BadFile as error:
        raise error if str(error).startswith(name) else BadFile(f"{name}: {error}") from error
    except (Error, psycopg.Error) as error:
        cause = error.__cause__ if isinstance(error.__cause__, psycopg.Error) else error
        diag = getattr(cause, "diag", None)
        if (
            not isinstance(cause, psycopg.DataError | psycopg.IntegrityError | psycopg.ProgrammingError)
            or diag is None
        ):
            raise
        where = (diag.context or "").splitlines()[0].removeprefix("COPY loading, ") if diag.context else ""
        parts: Mapping[str, str] = {"what": diag.message_primary or str(cause), "where": where}
        raise BadFile(f"{name}: {parts['what']}{f' ({where})' if where else ''}.") from error
