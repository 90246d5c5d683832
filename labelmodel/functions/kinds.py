"""The kinds of labeling functions. Those that need tables of the database are registered by the code that has them."""

from __future__ import annotations

from labelmodel.functions.comparison import COMPARISON
from labelmodel.functions.expression import EXPRESSION
from labelmodel.functions.keywords import KEYWORDS
from labelmodel.functions.lookup import LOOKUP
from labelmodel.functions.pattern import PATTERN
from labelmodel.functions.python import PYTHON
from labelmodel.functions.types import Kind

KINDS: dict[str, Kind] = {
    kind.name: kind for kind in (KEYWORDS, PATTERN, COMPARISON, LOOKUP, EXPRESSION, PYTHON)
}


def register(kind: Kind) -> None:
    """Add a kind; registering the same one again changes nothing. ValueError where the name is taken."""
    if KINDS.setdefault(kind.name, kind) is not kind:
        raise ValueError(f"There is another kind of labeling function called “{kind.name}”.")
