"""Sizes beyond which the caller hears so, instead of the machine running out of memory."""

from __future__ import annotations

import numpy as np

# Numbers in one array: 400 MB of parameters, 800 MB of posterior.
MOST_PARAMETERS = 50_000_000
MOST_POSTERIOR = 100_000_000


def refuse_beyond_limit(what: str, *shape: int, most: int = MOST_PARAMETERS) -> None:
    """Raise ValueError when an array of this shape would be unreasonably large."""
    if np.prod([float(size) for size in shape]) > most:
        raise ValueError(f"{what} would hold {' x '.join(map(str, shape))} numbers, more than {most:,}")
