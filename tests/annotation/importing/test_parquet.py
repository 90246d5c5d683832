from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotation.importing.parquet import as_json
from annotation.importing.records import FileFault, Refused
from tests.annotation.importing.helpers import rows_of


def parquet(table: pa.Table, **options: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


def test_rows_of_all_row_groups() -> None:
    rows = [{"id": n, "text": f"text {n}", "more": {"tags": ["a", None]}} for n in range(5_000)]

    assert rows_of(parquet(pa.Table.from_pylist(rows), row_group_size=700), "parquet") == rows


def test_every_type_that_has_a_meaning_in_json_gets_there() -> None:
    row = {
        "when": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "day": date(2026, 1, 2),
        "price": Decimal("1.50"),
        "count": Decimal("7"),
        "took": timedelta(seconds=90),
    }

    (found,) = rows_of(parquet(pa.Table.from_pylist([row])), "parquet")

    assert isinstance(found, dict)
    assert orjson.loads(orjson.dumps(found, default=as_json)) == {
        "when": "2026-01-02T03:04:05+00:00",
        "day": "2026-01-02",
        "price": "1.50",
        "count": 7,
        "took": 90.0,
    }


def test_text_that_is_not_utf8_refuses_its_row_only() -> None:
    column = pa.Array.from_buffers(
        pa.string(),
        3,
        [None, pa.array([0, 4, 8, 12], pa.int32()).buffers()[1], pa.py_buffer(b"goodcaf\xe9fine")],
    )

    found = rows_of(parquet(pa.table({"text": column})), "parquet")

    assert found[0] == {"text": "good"}
    assert isinstance(found[1], Refused)
    assert found[2] == {"text": "fine"}


def test_a_file_that_is_cut_off() -> None:
    with pytest.raises(FileFault, match="cut off or damaged"):
        rows_of(parquet(pa.table({"text": ["a"] * 1000}))[:-100], "parquet")


def test_too_many_columns_and_columns_of_one_name() -> None:
    with pytest.raises(FileFault, match="1,001 columns"):
        rows_of(parquet(pa.table({str(n): [1] for n in range(1_001)})), "parquet")
    with pytest.raises(FileFault, match="Two columns are called 'a'"):
        rows_of(parquet(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])), "parquet")
