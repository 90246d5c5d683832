"""Bad files in a process of their own: however large a row, memory stays small."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_READ = """
import resource, sys
from annotation.importing.reading import read
from annotation.importing.records import FileFault, Layout, Limits, Source
path, format, quote = sys.argv[1:]
import pathlib
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with open(path, "rb") as file:
    rows = 0
    try:
        for _ in read(Source(file, pathlib.Path(path).stat().st_size), Layout(format, quote=quote), Limits()):
            rows += 1
    except FileFault:
        pass
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
MB = 2**20


def _write(path: Path, pieces: list[bytes | tuple[bytes, int]]) -> None:
    with path.open("wb") as file:
        for piece in pieces:
            data, times = piece if isinstance(piece, tuple) else (piece, 1)
            for _ in range(times):
                file.write(data)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("format", "quote", "pieces"),
    [
        ("csv", '"', [b"text\n", (b"x" * MB, 200)]),
        ("csv", "", [b"text\n", (b"x" * MB, 200)]),
        ("csv", '"', [(b"x" * MB, 200)]),
        ("csv", '"', [b'text\n"', ((b"x" * 1023 + b"\n") * 1024, 200)]),
        ("csv", '"', [(b"a," * (MB // 2), 200)]),
        ("csv", '"', [b"a,b\n", (b"," * MB, 4), b"\n1,2\n"]),
        ("csv", '"', [b"text\n", ((b"x" * 1023 + b"\r") * 1024, 200)]),
        ("csv", '"', [b"a,b\n", (b'"' + (b"x" * 1023 + b"\n") * 1024 + b'",', 200)]),
        ("jsonl", '"', [b'{"text": "', (b"x" * MB, 200), b'"}\n']),
        ("jsonl", '"', [(b'{"a": 1}' * (MB // 8), 200)]),
        ("json", '"', [b'[{"text": "', (b"x" * MB, 200), b'"}]']),
        ("json", '"', [b"[", (b" " * MB, 200), b"]"]),
        ("json", '"', [(b"[" * MB, 200)]),
    ],
)
def test_memory_stays_bounded(
    tmp_path: Path, format: str, quote: str, pieces: list[bytes | tuple[bytes, int]]
) -> None:
    path = tmp_path / "file"
    _write(path, pieces)

    found = subprocess.run(
        [sys.executable, "-c", _READ, str(path), format, quote],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )

    assert int(found.stdout) < 100
