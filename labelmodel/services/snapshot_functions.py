"""What snapshots tell of labeling functions: which versions were active, which fit counted, and what it says of items.

All of it is read from the snapshot's own state of the database. Of items that check people or models nothing is said, nor of
retired ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from annotation.services.snapshot_supply import PROBABLE, SUPPLIES, Ask, Supply

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ids = npt.NDArray[np.int64]

# Active ones, and those whose votes a fit rests on.
_VERSIONS = """
SELECT v.id, v.number, v.kind, v.definition::text AS definition, f.name, f.question, f.stopped_at IS NOT NULL AS stopped,
       v.state = 'active' AND f.stopped_at IS NULL AS active
FROM labelmodel_functionversion v JOIN labelmodel_labelingfunction f ON f.id = v.function_id
WHERE v.project_id = {project} AND (v.state = 'active' OR v.id = ANY('{{{ids}}}')) ORDER BY f.name, v.id
"""
_FITS = """
SELECT DISTINCT ON (r.question) r.id, r.question, r.method, r.versions::text AS versions, r.labels::text AS labels, r.items,
       r.labeled, to_char(r.finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS finished_at,
       coalesce((r.metrics ->> 'is_set')::boolean, false) AS is_set, s.version AS schema
FROM labelmodel_weakrun r JOIN annotation_schema s ON s.id = r.schema_id
WHERE r.project_id = {project} AND r.state = 'done' AND r.withdrawn_at IS NULL ORDER BY r.question, r.id DESC
"""
_SHARDS = """
SELECT run_id, data FROM labelmodel_posteriorshard
WHERE run_id = ANY('{{{runs}}}') AND block = ANY('{{{blocks}}}') ORDER BY run_id, block
"""
_ASIDE = """
SELECT i.id FROM annotation_item i WHERE i.project_id = {project} AND {within} AND (
    i.role <> 'pool' OR i.state = 'retired' OR EXISTS (SELECT FROM annotation_goldquestion g WHERE g.item_id = i.id)
)
"""


def add() -> None:
    """Tell it in every snapshot. Harmless when repeated."""
    SUPPLIES[PROBABLE] = begin


@dataclass(frozen=True)
class Fit:
    """A fit whose probable labels count, and how many labels its question has."""

    run: int
    labels: int
    is_set: bool


@dataclass(frozen=True)
class Functions:
    project: int
    fits: dict[str, Fit]
    told: dict[str, Any] = field(default_factory=dict)

    def statements(self, ids: Ids) -> dict[str, str]:
        """The shards of these items, and which of the items nothing is said of."""
        from annotation.snapshots.sql import within
        from labelmodel.services.vote_shards import BLOCK

        if not self.fits:
            return {}
        runs = ",".join(str(one.run) for one in self.fits.values())
        blocks = ",".join(map(str, sorted(set((ids // BLOCK).tolist()))))
        aside = _ASIDE.format(project=self.project, within=within(ids, "i.id"))
        return {"shards": _SHARDS.format(runs=runs, blocks=blocks), "aside": aside}

    def chances(self, question: str, ids: Ids, tables: Mapping[str, Any]) -> npt.NDArray[np.float64] | None:
        """As Supply says it."""
        import numpy as np

        from labelmodel.services import probability_shards

        fit = self.fits.get(question)
        if fit is None:
            return None
        found = np.full((len(ids), fit.labels), np.nan)
        shards = tables["shards"]
        for run, data in zip(shards["run_id"].to_pylist(), shards["data"], strict=True):
            if run == fit.run:
                part = probability_shards.unpack(data.as_py(), is_set=fit.is_set)
                part = part.at(np.isin(part.items, ids, assume_unique=True))
                found[np.searchsorted(ids, part.items)] = part.posterior
        found[np.isin(ids, tables["aside"]["id"].to_numpy())] = np.nan
        return found


def begin(ask: Ask, project: int, questions: Sequence[Mapping[str, Any]]) -> Supply:
    """What there is of functions as a snapshot begins. The same fit counts as services/weak.py says."""
    import orjson

    from labelmodel.services.function_rules import labels_of

    fits = {row["question"]: row for row in ask(_FITS.format(project=project)).to_pylist()}
    keys = {name: orjson.loads(row["versions"]) for name, row in fits.items()}
    ids = sorted({key for some in keys.values() for key in some if type(key) is int})
    rows = ask(_VERSIONS.format(project=project, ids=",".join(map(str, ids)))).to_pylist()
    told, counting = {}, {}
    for question in questions:
        name = str(question["name"])
        active = [_version(row) for row in rows if row["active"] and row["question"] == name]
        fit = fits.get(name)
        stopped = {row["id"] for row in rows if row["stopped"]}
        if fit and (orjson.loads(fit["labels"]) != labels_of(question) or stopped & set(keys[name])):
            fit = None
        if fit:
            counting[name] = Fit(fit["id"], len(labels_of(question)), fit["is_set"])
        if fit or active:
            told[name] = {"active": active, "fit": _fit(fit, keys[name], rows) if fit else None}
    return Functions(project, counting, told)


def _version(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a version is; the hash is that of its definition in normal form, equal for equal rules."""
    import orjson

    from labelmodel import functions

    digest = functions.fingerprint(row["kind"], orjson.loads(row["definition"]))
    return {
        "id": row["id"],
        "function": row["name"],
        "version": row["number"],
        "kind": row["kind"],
        "sha256": digest,
    }


def _fit(
    row: Mapping[str, Any], keys: Sequence[int | str], rows: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Which fit counts, and whose votes it rests on."""
    known = {row["id"]: row for row in rows}
    voted = [
        {"source": key} if isinstance(key, str) else _version(known[key]) if key in known else {"id": key}
        for key in keys
    ]
    return {
        "run": row["id"],
        "method": row["method"],
        "schema": row["schema"],
        "finished_at": row["finished_at"],
        "items": row["items"],
        "labeled": row["labeled"],
        "votes": voted,
    }
