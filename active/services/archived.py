"""What of learning goes with a project into its file: how it learns, and the record of what it has chosen and why.

Encoders and models themselves stay behind: they are made anew from the answers by the next round, and files of a stranger are
not to be loaded by workers. Their versions stay as what they were.
"""

from __future__ import annotations

from active.models import CurvePoint, Encoder, LearningSettings, ModelVersion, Round, Selection
from annotation.services.archiving.tables import Table, register

# The name of a file that is nowhere: whoever looks for it finds it lost, and makes another.
_NOWHERE = "'stayed-behind'"
_OVER = "t.state IN ('done', 'failed', 'cancelled')"
_OF_ROUNDS = f"t.round_id IN (SELECT r.id FROM active_round r WHERE r.project_id = %(project)s AND {_OVER.replace('t.', 'r.')})"  # noqa: S608
_RETIRED = "CASE WHEN t.state = 'promoted' THEN 'retired' ELSE t.state END"
# Selections name the nearest labeled items by their ids.
_NEAREST = """(
    SELECT coalesce(jsonb_agg(
        jsonb_set(n.value, '{{item}}', to_jsonb((n.value->>'item')::bigint {sign} {{annotation.item}})) ORDER BY n.ordinality
    ), '[]') FROM jsonb_array_elements(t.nearest) WITH ORDINALITY n
)"""


def add() -> None:
    """Make them part of every project's file."""
    register(
        Table(LearningSettings),
        Table(
            Encoder,
            "t.project_id = %(project)s AND t.state <> 'fitting'",
            leave=frozenset({"file", "sha256"}),
            read={"file": _NOWHERE},
        ),
        Table(
            ModelVersion,
            leave=frozenset({"file", "sha256", "size"}),
            written={"state": _RETIRED},
        ),
        Table(Round, f"t.project_id = %(project)s AND {_OVER}"),
        Table(
            Selection,
            _OF_ROUNDS,
            written={"nearest": _NEAREST.format(sign="-")},
            read={"nearest": _NEAREST.format(sign="+")},
        ),
        Table(CurvePoint, _OF_ROUNDS),
    )
