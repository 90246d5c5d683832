"""The first rows of a file, read in a process of its own: what reads them may be large, and files are not to be trusted.

Standard input is the file; the first argument is the size, the layout and the limits as JSON; the answer is JSON too.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from shutil import copyfileobj
from typing import Any

import orjson

from annotation.importing.parquet import as_json
from annotation.importing.reading import first_rows
from annotation.importing.records import FileFault, Layout, Limits, Record, Refused, Source

_SECONDS = 20
_MEMORY = 2 * 2**30
_ROOT = Path(__file__).resolve().parents[2]


def peek(source: Source, layout: Layout, limits: Limits, count: int) -> list[Record]:
    """The first rows. Raises FileFault, also when reading them takes too long or too much memory."""
    question = {"size": source.size, "layout": asdict(layout), "limits": asdict(limits), "count": count}
    command = [sys.executable, "-m", __name__, orjson.dumps(question).decode()]
    with tempfile.TemporaryFile() as copy:
        source.file.seek(0)
        copyfileobj(source.file, copy, 2**20)
        copy.seek(0)
        try:
            done = subprocess.run(
                command,
                stdin=copy,
                capture_output=True,
                cwd=_ROOT,
                timeout=_SECONDS,
                env=_environment(),
                check=True,
            )
        except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
            raise FileFault("The file's first rows take too long, or too much memory, to read.") from error
    answer = orjson.loads(done.stdout)
    if answer["fault"]:
        raise FileFault(answer["fault"])
    source.hints.update(answer["hints"])
    return [Refused(**row["refused"]) if "refused" in row else row["values"] for row in answer["rows"]]


def _environment() -> dict[str, str]:
    """Nothing that is secret: the file is not to be trusted."""
    return {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ}


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    question = orjson.loads(sys.argv[1])
    layout, limits = Layout(**question["layout"]), Limits(**question["limits"])
    answer: dict[str, Any] = {"fault": "", "rows": [], "hints": {}}
    source = Source(sys.stdin.buffer, question["size"])
    try:
        rows = first_rows(source, layout, limits, question["count"])
        answer["rows"] = [_told(row) for row in rows]
    except FileFault as fault:
        answer["fault"] = str(fault)
    answer["hints"] = source.hints
    sys.stdout.buffer.write(orjson.dumps(answer))


def _told(row: Record) -> dict[str, Any]:
    if isinstance(row, Refused):
        return {"refused": asdict(row)}
    try:
        return {"values": orjson.loads(orjson.dumps(row, default=as_json))}
    except TypeError:
        return {"values": {name: _readable(value) for name, value in row.items()}}


def _readable(value: Any) -> Any:
    try:
        orjson.dumps(value, default=as_json)
    except TypeError:
        return f"({len(value):,} bytes)" if isinstance(value, bytes) else str(value)[:1000]
    return value


if __name__ == "__main__":
    main()
