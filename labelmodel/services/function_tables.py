"""Dictionaries and tables that lookups read: uploaded once, kept as Parquet with columns of text, never changed.

A definition names one by its name or its number. As tables never change, and none goes that a version reads, a version
always reads the same rows.
"""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import suppress
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from django.core.files import File
from django.db import IntegrityError, transaction
from django.db.models import Q

from annotation.errors import Conflict, Fault, InvalidInput, NotFound
from annotation.models import Project, User
from annotation.questions.checks import text_fault
from annotation.roles import Action
from annotation.services import stored
from annotation.services.access import check
from labelmodel.models import FunctionTable, FunctionVersion
from labelmodel.services import table_files

if TYPE_CHECKING:
    import polars as pl

MOST_TABLES = 200
LONGEST_NAME = 80
# Of the table that is kept in memory; of larger ones nothing is kept.
MOST_KEPT_BYTES = 64 * 2**20
# In the folder of uploads, whose files nobody names are taken away by themselves.
FOLDER = "imports/function-tables"


def table_for(
    *, user: User, project: Project, table_id: int, action: Action = Action.BROWSE
) -> FunctionTable:
    """The table, if this person may do this in its project. Raises NotFound, NotAllowed."""
    check(user=user, project=project, action=action)
    found = project.function_tables.select_related("created_by").filter(pk=table_id).first()
    if found is None:
        raise NotFound("There is no such table in this project.")
    return found


def create(
    *, project: Project, by: User, upload: File[bytes], name: str = "", header: bool | None = None
) -> FunctionTable:
    """Keep an uploaded CSV, TSV, JSON or JSON Lines file as a table.

    `header`: whether the first row of a CSV names the columns; None leaves it to detection. Raises NotAllowed, InvalidInput
    with the row that cannot be read, TooLarge beyond the limits of table_files, Conflict for a name that is taken, StorageFault.
    """
    check(user=by, project=project, action=Action.WRITE_FUNCTIONS)
    source_name = PurePath((upload.name or "table").replace("\\", "/")).name[-255:]
    name = (name.strip() or PurePath(source_name).stem)[:LONGEST_NAME]
    if fault := text_fault(name, most=LONGEST_NAME, least=1):
        raise InvalidInput(fault, faults=[Fault(("name",), fault)])
    if (upload.size or 0) > table_files.MOST_MB * 2**20:
        raise table_files.too_large()
    _check_free(project, name)
    with tempfile.TemporaryFile() as packed:
        columns, rows = table_files.pack(upload, source_name, packed, header)
        sha256, size = table_files.measured(packed)
        file = stored.keep(
            f"{FOLDER}/{project.pk}/{sha256[:32]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}.parquet",
            packed,
        )
    try:
        with transaction.atomic():
            made: FunctionTable = FunctionTable.objects.create(
                project=project, name=name, source_name=source_name, columns=columns, rows=rows,
                file=file, sha256=sha256, size=size, created_by=by,
            )  # fmt: skip
    except IntegrityError as error:
        raise _taken(name) from error
    return made


def remove(*, table: FunctionTable, by: User) -> None:
    """Delete a table that no version reads. Raises NotAllowed, Conflict with the function that reads it."""
    check(user=by, project=table.project, action=Action.WRITE_FUNCTIONS)
    with transaction.atomic():
        # Locked: a version that names it is not made meanwhile.
        locked = FunctionTable.objects.select_for_update().get(pk=table.pk)
        for version in FunctionVersion.objects.filter(project=table.project_id).select_related("function"):
            if {locked.name, str(locked.pk)} & named(version.kind, version.definition):
                raise Conflict(f"Version {version.number} of “{version.function.name}” reads this table.")
        name = str(locked.file.name)
        locked.delete()
    if not FunctionTable.objects.filter(file=name).exists():
        with suppress(stored.StorageFault):
            stored.remove(name)


def named(kind: str, definition: Any) -> frozenset[str]:
    """What a checked definition calls the tables that it reads: by name, or by number."""
    from labelmodel import functions

    known = functions.KINDS.get(kind)
    return known.tables(definition) if known else frozenset()


def check_named(*, project: Project, kind: str, definition: Any, lock: bool = False) -> None:
    """Raises InvalidInput where a definition names a table that the project has not. `lock`: keep them until the
    transaction ends."""
    # A table that is about to be read must not be removed meanwhile.
    _found(project.pk, named(kind, definition), lock=lock)


def resources(*, project_id: int, kind: str, definition: Any) -> dict[str, pl.DataFrame]:
    """{what the definition calls it: its rows}. Raises InvalidInput, StorageFault."""
    return {name: frame(table) for name, table in _found(project_id, named(kind, definition)).items()}


def _found(project_id: int, names: frozenset[str], *, lock: bool = False) -> dict[str, FunctionTable]:
    if not names:
        return {}
    numbers = [int(name) for name in names if name.isdecimal() and len(name) < 18]
    rows = FunctionTable.objects.filter(Q(name__in=names) | Q(pk__in=numbers), project=project_id).order_by(
        "pk"
    )
    rows = rows.select_for_update(no_key=True) if lock else rows
    by_number = {str(row.pk): row for row in rows}
    found = by_number | {row.name: row for row in by_number.values()}
    if missing := sorted(names - found.keys()):
        message = f"The project has no table “{missing[0]}”. Upload it first, then name it."
        raise InvalidInput(message, faults=[Fault(("definition", "table"), message)])
    return {name: found[name] for name in names}


# The latest one that was read, by the SHA-256 of its file: what is made of the same rows again need not be made anew.
_kept: dict[str, pl.DataFrame] = {}


def frame(table: FunctionTable) -> pl.DataFrame:
    """The rows of a table. Raises StorageFault where its file is gone or is another one now."""
    with stored.opened(str(table.file.name)) as stream:
        data: bytes = stream.read()
    if hashlib.sha256(data).hexdigest() != table.sha256:
        raise stored.StorageFault(
            f"The file of the table “{table.name}” is damaged: its checksum is wrong. Upload it again."
        )
    if (kept := _kept.get(table.sha256)) is not None:
        return kept
    # Numerical libraries, which only those load who read a table.
    import polars as pl

    found = pl.read_parquet(data)
    _kept.clear()
    if found.estimated_size() <= MOST_KEPT_BYTES:
        _kept[table.sha256] = found
    return found


def _check_free(project: Project, name: str) -> None:
    if project.function_tables.filter(name=name).exists():
        raise _taken(name)
    if project.function_tables.count() >= MOST_TABLES:
        raise Conflict(f"A project has at most {MOST_TABLES} tables. Remove one first.")


def _taken(name: str) -> Conflict:
    return Conflict(
        f"The project has a table called “{name}” already. Tables never change; give this one another name."
    )
