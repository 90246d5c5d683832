"""What differs between two snapshots, counted window by window."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from annotation.agreement.cohen import kappas
from annotation.agreement.pairs import Tables
from annotation.agreement.weighting import UNWEIGHTED
from annotation.questions.numbers import canonical
from annotation.snapshots.columns import column
from annotation.snapshots.merging import Matched

SHOWN = 20
# Of labels; beyond these, changes are counted but no longer told apart.
MOST_PAIRS = 100_000
# Joins the labels of a set; a control character, which no label has.
_JOINT = "\x1f"


class Column:
    """One column of both: what it was, what it is, and how often."""

    def __init__(self, old: str, new: str, *, listed: bool, read: Callable[[Any], Any] | None = None) -> None:
        """`listed`: it has labels, so that changes can be told apart. `read` brings an old value under the new questions."""
        self.old, self.new, self._listed, self._read = old, new, listed, read
        self.both = self.same = self.gained = self.lost = 0
        self._pairs: Counter[tuple[str, str]] = Counter()
        # (what the old file says, how that reads under the new questions), where these differ.
        self._called: Counter[tuple[str, str | None]] = Counter()
        self._examples: list[dict[str, Any]] = []

    def add(self, rows: Matched) -> None:
        before, after = self._before(column(rows.old, self.old)), _texts(column(rows.new, self.new))
        was, is_now = pc.is_valid(before), pc.is_valid(after)
        self.gained += _count(pc.and_(pc.invert(was), is_now))
        self.lost += _count(pc.and_(was, pc.invert(is_now)))
        both = pc.and_(was, is_now)
        same = pc.fill_null(pc.equal(before, after), False)
        self.both, self.same = self.both + _count(both), self.same + _count(same)
        changed = pc.and_(both, pc.invert(same))
        self._add_examples(rows, before, after, changed)
        if self._listed and len(self._pairs) <= MOST_PAIRS:
            pairs = pa.table({"old": before.filter(both), "new": after.filter(both)}).group_by(["old", "new"])
            for pair in pairs.aggregate([([], "count_all")]).to_pylist():
                self._pairs[pair["old"], pair["new"]] += pair["count_all"]

    def _add_examples(self, rows: Matched, before: pa.Array, after: pa.Array, changed: pa.Array) -> None:
        if len(self._examples) >= SHOWN:
            return
        at = pa.array(
            np.flatnonzero(changed.to_numpy(zero_copy_only=False))[: SHOWN - len(self._examples)], pa.int64()
        )
        named = rows.new.select(
            [name for name in ("item_id", "key", "annotator") if name in rows.new.column_names]
        )
        for row, was, now in zip(
            named.take(at).to_pylist(), before.take(at).to_pylist(), after.take(at).to_pylist(), strict=True
        ):
            self._examples.append({**row, "from": told(was), "to": told(now)})

    def _before(self, values: pa.Array) -> pa.Array:
        """Old values as texts, as they read under the new questions."""
        if self._read is None:
            return _texts(values)
        coded = _coded(values)
        said = coded.dictionary.to_pylist()
        texts = [_text(one, self._read) for one in said]
        if self._listed and len(self._called) <= MOST_PAIRS:
            for place in pc.value_counts(coded.indices.drop_null()).to_pylist():
                was, now = _text(said[place["values"]], None), texts[place["values"]]
                if was is not None and was != now:
                    self._called[was, now] += place["counts"]
        return pa.array(texts, pa.string()).take(coded.indices)

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "both": self.both,
            "gained": self.gained,
            "lost": self.lost,
            "changed": self.both - self.same,
            "agreement": {"percent": self.same / self.both if self.both else None, "kappa": self._kappa()},
            "examples": self._examples,
        }
        if self._listed and len(self._pairs) <= MOST_PAIRS:
            moves = [(pair, count) for pair, count in self._pairs.most_common() if pair[0] != pair[1]]
            found["changes"] = [
                {"from": told(old), "to": told(new), "count": n} for (old, new), n in moves[:200]
            ]
        if self._called:
            called = self._called.most_common(200)
            found["called"] = [
                {"from": told(was), "to": None if now is None else told(now), "count": n}
                for (was, now), n in called
            ]
        return found

    def _kappa(self) -> float | None:
        if not self._listed or not self._pairs or len(self._pairs) > MOST_PAIRS:
            return None
        labels = sorted({label for pair in self._pairs for label in pair})
        place = {label: index for index, label in enumerate(labels)}
        said, replied = (np.array([place[pair[side]] for pair in self._pairs]) for side in (0, 1))
        times = np.array(list(self._pairs.values()), float)
        one = np.zeros(1, np.int64)
        cells = Tables(
            one, one + 1, np.zeros(len(times), np.int64), said, replied, times, np.arange(len(labels)), 2
        )
        kappa = float(kappas(cells, UNWEIGHTED, np.arange(len(labels), dtype=float)).kappa[0])
        return None if np.isnan(kappa) else kappa


class Changes:
    """What was added, what went, and which payloads are others."""

    def __init__(self) -> None:
        self.rows = {"old": 0, "new": 0, "both": 0}
        self.added = self.removed = self.payload = 0
        self._examples: dict[str, list[dict[str, Any]]] = {"added": [], "removed": [], "payload_changed": []}

    def add(self, rows: Matched) -> None:
        self.rows["both"] += len(rows.new)
        self.rows["old"] += len(rows.old) + len(rows.removed)
        self.rows["new"] += len(rows.new) + len(rows.added)
        changed = rows.new.filter(pc.not_equal(column(rows.old, "payload"), column(rows.new, "payload")))
        self.added, self.removed = self.added + len(rows.added), self.removed + len(rows.removed)
        self.payload += len(changed)
        for name, found in (("added", rows.added), ("removed", rows.removed), ("payload_changed", changed)):
            shown = [one for one in ("item_id", "key", "annotator") if one in found.column_names]
            room = SHOWN - len(self._examples[name])
            self._examples[name] += found.slice(0, room).select(shown).to_pylist()

    def as_json(self) -> dict[str, Any]:
        counts = {"added": self.added, "removed": self.removed, "payload_changed": self.payload}
        return {"rows": self.rows, **counts, "examples": self._examples}


def told(text: str) -> str | list[str]:
    """A value out of its text: of sets, the labels."""
    return (
        text[1:].split(_JOINT)
        if text.startswith(_JOINT) and len(text) > 1
        else []
        if text == _JOINT
        else text
    )


def _texts(values: pa.Array) -> pa.Array:
    """Each value as text; equal texts are equal values."""
    coded = _coded(values)
    texts = [_text(one, None) for one in coded.dictionary.to_pylist()]
    return pa.array(texts, pa.string()).take(coded.indices)


def _coded(values: pa.Array) -> pa.DictionaryArray:
    return (_joined(values) if pa.types.is_list(values.type) else values).dictionary_encode()


def _joined(lists: pa.Array) -> pa.Array:
    """The labels of each set as one text, which begins as no label does."""
    return pc.binary_join_element_wise(_JOINT, pc.binary_join(lists, _JOINT), "")


def _text(value: Any, read: Callable[[Any], Any] | None) -> str | None:
    if read is not None and value is not None:
        value = read(told(value) if isinstance(value, str) else value)
        value = _JOINT + _JOINT.join(value) if isinstance(value, list) else value
    return None if value is None else str(canonical(value) if isinstance(value, float) else value)


def _count(mask: pa.Array) -> int:
    return int(pc.sum(mask).as_py() or 0)
