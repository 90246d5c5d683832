"""What votes beside the labeling functions in the next label model, by a project's choice: predictions of models and imports.

They are machine votes like those of functions, and never evidence of people. A model that learned from probable labels votes
on what it learned from; so a label model takes it as a source that may depend on the others, not as one that checks them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from django.db import connection

from annotation.errors import Fault, InvalidInput
from annotation.models import Prediction, Project
from annotation.questions import QUESTION_TYPES
from annotation.questions.types import Question
from labelmodel.models import WeakSettings
from labelmodel.services.function_rules import labels_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ids = npt.NDArray[np.int64]
    # (position among the items, position among the labels) of each vote.
    Cast = tuple[Ids, Ids]

MOST_BESIDE = 5
IMPORT = "import:"
# Between a source and its version, in what a run pins.
AT = " @ "
# An import says how sure it is; what it finds less likely than not is no vote.
LEAST_CONFIDENCE = 0.5

# From version to version by the index, however many items each speaks of; the one that spoke last.
_OF_SOURCE = "p.project_id = %(project)s AND p.kind = 'import' AND p.source = %(source)s"
_VERSION = f"""
WITH RECURSIVE known AS (
    (SELECT p.version FROM annotation_prediction p WHERE {_OF_SOURCE} ORDER BY p.version LIMIT 1)
    UNION ALL
    SELECT (SELECT p.version FROM annotation_prediction p
            WHERE {_OF_SOURCE} AND p.version > known.version ORDER BY p.version LIMIT 1)
    FROM known WHERE known.version IS NOT NULL
)
SELECT known.version FROM known CROSS JOIN LATERAL (
    SELECT p.created_at FROM annotation_prediction p
    WHERE {_OF_SOURCE} AND p.version = known.version AND p.question = %(question)s ORDER BY p.item_id LIMIT 1
) said ORDER BY said.created_at DESC LIMIT 1
"""  # noqa: S608 - constants
_PREDICTED = """
SELECT item_id, value::text FROM annotation_prediction
WHERE item_id = ANY(%(items)s) AND question = %(question)s AND kind = 'import' AND source = %(source)s
  AND version = %(version)s AND confidence >= %(least)s
ORDER BY item_id
"""


@dataclass(frozen=True, eq=False)
class Beside:
    """One source that is no function, in one version. `key` names both, and is what a run pins."""

    key: str
    title: str
    votes: Callable[[Ids], Cast]


# From a project, a question and what stands behind the colon (of a pinned key: with its version): None where it says nothing.
Maker = Callable[[Project, Question, str], Beside | None]


def _imported(project: Project, question: Question, name: str) -> Beside | None:
    source, _, version = name.rpartition(AT) if AT in name else (name, "", "")
    scope: dict[str, Any] = {"project": project.pk, "source": source, "question": question["name"]}
    if not version:
        with connection.cursor() as cursor:
            cursor.execute(_VERSION, scope)
            row = cursor.fetchone()
        if row is None:
            return None
        version = str(row[0])
    scope |= {"version": version, "least": LEAST_CONFIDENCE}
    kind, place = QUESTION_TYPES[question["type"]], _places(question)

    def votes(items: Ids) -> Cast:
        # Here and not above: layers above register with this module in every process.
        import numpy as np

        with connection.cursor() as cursor:
            cursor.execute(_PREDICTED, {**scope, "items": items.tolist()})
            rows = cursor.fetchall()
        cast = [
            (item, place[label])
            for item, value in rows
            for label in kind.votes(question, orjson.loads(value))
            if label in place
        ]
        found = np.array(cast, dtype=np.int64).reshape(-1, 2)
        return np.searchsorted(items, found[:, 0]), found[:, 1]

    return Beside(f"{IMPORT}{source}{AT}{version}", f"{source}, version {version}", votes)


# Layers above add theirs ("model") when the application is ready.
MAKERS: dict[str, Maker] = {"import": _imported}


def _places(question: Question) -> dict[str, int]:
    return {label: position for position, label in enumerate(labels_of(question))}


def chosen(project: Project) -> list[str]:
    """What a project lets vote beside its functions."""
    row = WeakSettings.objects.filter(project=project).only("cascade").first()
    return list(row.cascade) if row else []


def offered(project: Project) -> list[str]:
    """What could vote: the model in use, and the sources of imported predictions."""
    named = Prediction.objects.filter(project=project, kind=Prediction.Kind.IMPORT).order_by()
    imported = [f"{IMPORT}{name}" for name in sorted(set(named.values_list("source", flat=True)))]
    return [*(["model"] if "model" in MAKERS else []), *imported]


def checked(project: Project, names: list[str]) -> list[str]:
    """The names without repetition. Raises InvalidInput where one cannot vote."""
    known = offered(project)
    wanted = list(dict.fromkeys(names))
    for position, name in enumerate(wanted):
        if name not in known:
            message = f"There is no source “{name[:80]}”; there are {', '.join(known) or 'none'}."
            raise InvalidInput(message, faults=[Fault(("cascade", position), message)])
    if len(wanted) > MOST_BESIDE:
        message = f"At most {MOST_BESIDE} sources vote beside the functions."
        raise InvalidInput(message, faults=[Fault(("cascade",), message)])
    return wanted


def made(project: Project, question: Question, names: list[str]) -> list[Beside]:
    """These sources in their latest version, or in the pinned one; those that say nothing of the question are left out."""
    found = []
    for name in names:
        kind, _, rest = name.partition(":")
        maker = MAKERS.get(kind)
        one = maker(project, question, rest) if maker else None
        if one is not None:
            found.append(one)
    return found
