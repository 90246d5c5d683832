"""How long a judgment of an item takes, as far as its length tells."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from active.services import copying

Floats = npt.NDArray[np.float64]
# The latest answers tell; fewer than this tell nothing.
MOST, LEAST = 5_000, 20

_TOOK = """
SELECT length(i.payload::text)::float8, a.seconds::float8
FROM annotation_annotation a JOIN annotation_item i ON i.id = a.item_id
WHERE a.project_id = %(project)s AND a.seconds > 0 ORDER BY a.id DESC LIMIT %(most)s
"""
_LENGTHS = (
    "SELECT id, length(payload::text)::float8 FROM annotation_item WHERE id = ANY(%(items)s) ORDER BY id"
)


def expected_seconds(project_id: int, items: npt.NDArray[np.int64]) -> Floats:
    """Seconds for each of these items, ascending ids; shape (n,). The same for all while too few answers are timed.

    log seconds = a + b log length, by least squares: long texts take longer, but not in proportion.
    """
    length, seconds = copying.columns(_TOOK, {"project": project_id, "most": MOST}, ["float8", "float8"])
    if len(seconds) < LEAST or np.ptp(length) == 0:
        return np.ones(len(items))
    slope, base = np.polyfit(np.log1p(length), np.log(seconds), 1)
    found, own = copying.columns(_LENGTHS, {"items": items.tolist()}, ["int8", "float8"])
    predicted = np.exp(base + slope * np.log1p(own))
    return np.asarray(predicted[np.searchsorted(found, items)], dtype=np.float64)
