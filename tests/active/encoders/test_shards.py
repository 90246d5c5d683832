"""The file of a shard."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from active.encoders.shards import Shard, ShardDamaged, gather, open_shard, verify, write

IDS = np.array([2, 3, 5, 8, 2**40], dtype=np.int64)
ROWS = np.arange(15, dtype=np.float32).reshape(5, 3) / 4


def shard(path: Path, ids: Any = IDS, rows: Any = ROWS, changes: Any = None) -> Shard:
    with path.open("wb") as file:
        write(file, np.asarray(ids), np.asarray(rows), encoder="ab" * 32, changes=changes)
    return open_shard(path)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    found = shard(tmp_path / "a.shard")

    verify(tmp_path / "a.shard")
    np.testing.assert_array_equal(found.items, IDS)
    np.testing.assert_array_equal(found.vectors, ROWS)
    assert not found.changes.any()
    assert found.vectors.dtype == np.float16
    assert found.vectors.ctypes.data % 64 == 0
    assert found.encoder == "ab" * 32


def test_a_row_says_after_which_change_it_was_made(tmp_path: Path) -> None:
    changes = np.array([0, 0, 1_700_000_000_000_001, 0, 7], dtype=np.int64)

    np.testing.assert_array_equal(shard(tmp_path / "a.shard", changes=changes).changes, changes)
    verify(tmp_path / "a.shard")


def test_the_checksum_is_of_the_content(tmp_path: Path) -> None:
    one, same, other = (write(io.BytesIO(), IDS, rows, encoder="x") for rows in (ROWS, ROWS, ROWS + 1))

    assert one == same != other
    assert one != write(io.BytesIO(), IDS, ROWS, encoder="x", changes=IDS)
    assert shard(tmp_path / "a.shard").sha256 == one


def test_an_empty_shard(tmp_path: Path) -> None:
    found = shard(tmp_path / "a.shard", np.zeros(0, dtype=np.int64), np.zeros((0, 7), dtype=np.float32))

    verify(tmp_path / "a.shard")
    assert found.vectors.shape == (0, 7)


@pytest.mark.parametrize("cut", [0, 5, 20, 100, -1, -31])
def test_a_file_that_was_cut_off_is_refused_by_name(tmp_path: Path, cut: int) -> None:
    shard(tmp_path / "a.shard")
    data = (tmp_path / "a.shard").read_bytes()
    (tmp_path / "a.shard").write_bytes(data[:cut])

    with pytest.raises(ShardDamaged, match=r"a\.shard"):
        open_shard(tmp_path / "a.shard")


def test_foreign_and_missing_files_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.shard").write_bytes(b"PK\3\4" * 100)

    for name in ("a.shard", "b.shard"):
        with pytest.raises(ShardDamaged, match=name):
            open_shard(tmp_path / name)


@pytest.mark.parametrize("place", [-1, -20, -60, -130])
def test_a_changed_byte_is_found(tmp_path: Path, place: int) -> None:
    shard(tmp_path / "a.shard")
    data = bytearray((tmp_path / "a.shard").read_bytes())
    data[place] ^= 4
    (tmp_path / "a.shard").write_bytes(data)

    with pytest.raises(ShardDamaged, match=r"a\.shard is damaged"):
        verify(tmp_path / "a.shard")


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf, 1e6])
def test_rows_that_are_not_finite_are_refused_by_their_item(wrong: float) -> None:
    rows = ROWS.copy()
    rows[3, 1] = wrong

    with pytest.raises(ValueError, match="item 8 "):
        write(io.BytesIO(), IDS, rows, encoder="x")


@pytest.mark.parametrize("ids", [[1, 2, 2, 3, 4], [5, 4, 3, 2, 1], [1, 2, 3]])
def test_ids_that_do_not_ascend_or_fit_are_refused(ids: list[int]) -> None:
    with pytest.raises(ValueError, match="shard"):
        write(io.BytesIO(), np.array(ids), ROWS, encoder="x")


def test_large_numbers_are_no_fault(tmp_path: Path) -> None:
    rows = np.full((5, 3), 65_504, dtype=np.float32)

    shard(tmp_path / "a.shard", rows=rows)

    verify(tmp_path / "a.shard")


def of(items: list[int], value: float) -> Shard:
    rows = np.full((len(items), 2), value, dtype=np.float16)
    ids = np.array(items, dtype=np.int64)
    return Shard(ids, rows, "x", "", np.zeros_like(ids))


@given(
    parts=st.lists(st.sets(st.integers(0, 30), max_size=9), max_size=4),
    wanted=st.lists(st.integers(-2, 33), max_size=20),
)
@settings(deadline=None)
def test_gather_finds_what_a_dictionary_finds(parts: list[set[int]], wanted: list[int]) -> None:
    known = {item: number for number, items in enumerate(parts, 1) for item in items}
    shards = [of(sorted(items), number) for number, items in enumerate(parts, 1)]

    found, rows = gather(shards, np.array(wanted, dtype=np.int64), 2)

    assert found.tolist() == [item in known for item in wanted]
    assert rows.dtype == np.float32
    assert rows[:, 0].tolist() == [known.get(item, 0) for item in wanted]


def test_shards_of_several_encoders_do_not_mix() -> None:
    wider = Shard(np.array([1]), np.zeros((1, 3), dtype=np.float16), "y", "", np.array([0]))

    with pytest.raises(ValueError, match="3 dimensions, not 2"):
        gather([of([1], 1), wider], np.array([1]), 2)
