"""JSON lines as a format: the canonical rows, which jsonl.py makes out of columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from annotation.formats.base import Format, Manifest, Mark, Piece, carries_all, first_group
from annotation.formats.master import Master


def _write(master: Master, manifest: Manifest, marks: Sequence[Mark]) -> Iterator[Piece]:
    # Here and not above: the list of formats is read by pages, which do without Arrow.
    import pyarrow as pa

    from annotation.formats.jsonl import lines

    for group in range(first_group(marks), master.groups):
        yield Mark(group)
        for batch in master.batches(group):
            yield lines(pa.Table.from_batches([batch]), master.layout)


JSONL = Format(
    name="jsonl",
    title="JSON lines",
    about="One object a line, nothing left out. The snapshot's SHA-256 is that of this file.",
    ending="jsonl",
    content_type="application/x-ndjson",
    lacking=carries_all,
    write=_write,
    # A bare quotation mark is no JSON.
    broken=b'"!! THE FILE BROKE OFF HERE: the rows above are good, but there are more. Download it again.\n',
)
