"""Answers that stand: the last revision of each person's, and whether it counts."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from annotation.snapshots.columns import column, numbers


def current(answers: pa.Table) -> np.ndarray:
    """Which of these are not superseded. All revisions of an answer are about one item, so all are here."""
    older = column(answers, "supersedes_id").drop_null().to_numpy(zero_copy_only=False)
    return ~np.isin(numbers(answers, "id"), older)


def counting(answers: pa.Table, set_aside: pa.Table | None) -> np.ndarray:
    """Which of these were not set aside."""
    if set_aside is None:
        return np.ones(len(answers), bool)
    return ~np.isin(numbers(answers, "id"), numbers(set_aside, "annotation_id"))


def standing(answers: pa.Table, set_aside: pa.Table | None) -> pa.Table:
    """The answers that stand and count."""
    return answers.filter(pa.array(current(answers) & counting(answers, set_aside)))


def revisions(answers: pa.Table) -> np.ndarray:
    """For each how often its author has answered the item, less one."""
    pairs = np.stack([numbers(answers, "item_id"), numbers(answers, "annotator_id")])
    if not pc.any(pc.is_valid(column(answers, "supersedes_id"))).as_py():
        return np.zeros(len(answers), np.int32)
    _, which, counts = np.unique(pairs, axis=1, return_inverse=True, return_counts=True)
    return (counts[which] - 1).astype(np.int32)
