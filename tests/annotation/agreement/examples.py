"""Worked examples from the literature, as published."""

from __future__ import annotations

from typing import Any

import numpy as np

from annotation.agreement import Judgments, Level, coded

# Krippendorff (2011), section C: four observers, twelve units; Gwet (2014) uses the same as "raw" ratings of four raters.
KRIPPENDORFF = (
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
)

# Fleiss' method as it is commonly demonstrated: ten subjects, fourteen raters, five categories; kappa 0.210.
FOURTEEN_RATERS = (
    (0, 0, 0, 0, 14),
    (0, 2, 6, 4, 2),
    (0, 0, 3, 5, 6),
    (0, 3, 9, 2, 0),
    (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0),
    (3, 2, 6, 3, 0),
    (2, 5, 3, 2, 2),
    (6, 5, 2, 1, 0),
    (0, 2, 2, 3, 7),
)

# Fleiss (1971), table 1: thirty patients, six psychiatrists each, five diagnoses; kappa 0.430.
DIAGNOSES = tuple(
    tuple(map(int, row))
    for row in [
        "00060",
        "03003",
        "01401",
        "00006",
        "03030",
        "20400",
        "00402",
        "20310",
        "20040",
        "00006",
        "10050",
        "11040",
        "03300",
        "10050",
        "02031",
        "00501",
        "30012",
        "51000",
        "02040",
        "10203",
        "00006",
        "01050",
        "02013",
        "20040",
        "10041",
        "05010",
        "40002",
        "02040",
        "10500",
        "00006",
    ]
)

# Cohen (1960): two clinicians, 200 patients, three diagnoses; kappa 0.492.
CLINICIANS = ((88, 14, 18), (10, 40, 10), (2, 6, 12))


def of_rows(rows: tuple[str, ...] | list[str], level: Level = "nominal") -> Judgments:
    """One row per source, one answer per item, a full stop where there is none."""
    cells = [
        (item, source, answer)
        for source, row in enumerate(rows)
        for item, answer in enumerate(row.split())
        if answer != "."
    ]
    answers = [float(answer) if level == "interval" else answer for *_, answer in cells]
    return coded([cell[0] for cell in cells], [cell[1] for cell in cells], answers, level=level).judgments


def of_counts(table: tuple[tuple[int, ...], ...]) -> Judgments:
    """One row per item, how many sources chose each label; who chose what is made up."""
    cells = [
        (item, source, label)
        for item, row in enumerate(table)
        for source, label in enumerate(label for label, count in enumerate(row) for _ in range(count))
    ]
    item, source, label = zip(*cells, strict=True)
    return coded(item, source, label, level="nominal", values=range(len(table[0]))).judgments


def of_table(table: tuple[tuple[int, ...], ...], level: Level = "nominal") -> Judgments:
    """How often the first source said each row while the second said each column."""
    cells = [(a, b) for a, row in enumerate(table) for b, count in enumerate(row) for _ in range(count)]
    said = [a for a, _ in cells] + [b for _, b in cells]
    item, source = [*range(len(cells))] * 2, [0] * len(cells) + [1] * len(cells)
    return coded(item, source, said, level=level, values=range(len(table))).judgments


def crowd(
    n_items: int,
    *,
    each: int = 3,
    n_labels: int = 4,
    seed: int = 0,
    level: Level = "nominal",
    n_sources: int = 20,
) -> Judgments:
    """Judgments that are right in 7 of 10 cases and a guess else."""
    rng = np.random.default_rng(seed)
    item = np.repeat(np.arange(n_items), each)
    source = ((rng.integers(n_sources, size=n_items)[:, None] + np.arange(each)) % n_sources).ravel()
    guess = rng.integers(n_labels, size=len(item))
    value = np.where(rng.random(len(item)) < 0.7, rng.integers(n_labels, size=n_items)[item], guess)
    return Judgments(item, source, value, n_items, n_sources, values(n_labels, level), level)


def values(n_labels: int, level: Level) -> tuple[Any, ...]:
    """So many values of a level; sets are those of the bits of 1, 2, 3, ..."""
    if level == "set":
        return tuple(frozenset(i for i in range(16) if number >> i & 1) for number in range(1, n_labels + 1))
    return (
        tuple(float(number) for number in range(n_labels)) if level == "interval" else tuple(range(n_labels))
    )
