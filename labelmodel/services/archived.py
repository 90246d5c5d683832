"""What of labeling functions goes with a project into its file: the functions with all their versions, and the settings.

Votes, runs and probable labels stay behind: they are made anew. So do uploaded tables: who looks something up uploads them
again under the same names, and is told so until then.
"""

from __future__ import annotations

from annotation.services.archiving.tables import Table, register
from labelmodel.models import FunctionVersion, LabelingFunction, WeakSettings

# Of a trial, the numbers of items and runs mean nothing elsewhere.
_CANARY = "t.canary - 'examples' - 'messages' - 'run'"


def add() -> None:
    """Make them part of every project's file."""
    register(
        Table(WeakSettings, leave=frozenset({"looked_at"})),
        Table(LabelingFunction),
        Table(FunctionVersion, written={"canary": _CANARY}),
    )
