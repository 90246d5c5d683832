"""What was prepared once is not prepared again, unless it has to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.embedded import preparation
from config.embedded.preparation import COLLECT, LOAD, MIGRATE, Preparation, Step

STEP = Step("painting", ("paint",), ("colours", "brush.txt"))


@pytest.fixture(autouse=True)
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "colours").mkdir()
    (tmp_path / "colours/red.txt").write_text("red")
    (tmp_path / "brush.txt").write_text("wide")
    monkeypatch.setattr(preparation, "_ROOT", tmp_path)
    return tmp_path


@pytest.fixture
def done(tmp_path: Path) -> Preparation:
    prepared = Preparation(tmp_path / "prepared")
    assert prepared.needs(STEP)
    prepared.note(STEP)
    return Preparation(tmp_path / "prepared")


def test_done_is_remembered_by_the_next_run(done: Preparation) -> None:
    assert not done.needs(STEP)


@pytest.mark.parametrize("file", ["colours/red.txt", "colours/blue.txt", "brush.txt"])
def test_changed_or_new_source_makes_it_necessary_again(done: Preparation, sources: Path, file: str) -> None:
    (sources / file).write_text("something else")

    assert done.needs(STEP)


def test_new_database_makes_everything_necessary_again(done: Preparation, sources: Path) -> None:
    done.forget()

    assert done.needs(STEP)
    assert Preparation(sources / "prepared").needs(STEP)


def test_file_cut_off_by_a_kill_counts_as_nothing_done(done: Preparation, sources: Path) -> None:
    (sources / "prepared").write_text('{"pai')

    assert Preparation(sources / "prepared").needs(STEP)


@pytest.mark.parametrize("source", ["annotation/migrations", *COLLECT.sources, *LOAD.sources])
def test_sources_exist(source: str) -> None:
    assert source in MIGRATE.sources + COLLECT.sources + LOAD.sources
    assert (Path(preparation.__file__).parents[2] / source).exists()
