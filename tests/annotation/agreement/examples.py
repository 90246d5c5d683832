"""Worked examples from the literature, as published."""

from __future__ import annotations

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
