"""What our own files say of an item besides answers: its tags, and that it was retired."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pghistory

from annotation.errors import InvalidInput
from annotation.importing.records import Refused
from annotation.models import Dataset
from annotation.services import hot, queue, tags
from annotation.services import import_answers_sql as sql
from annotation.services.import_told import Heard, Told
from annotation.services.import_voices import SpokenBatch


class Marks:
    """What becomes of them in one import."""

    def __init__(self, dataset: Dataset, options: Mapping[str, Any]) -> None:
        self._project, self._by = dataset.project, dataset.created_by_id
        self._tag, self._retire = options["tags"] == "put", options["retired"] == "retire"

    def read(self, batch: SpokenBatch, heard: Heard) -> None:
        """What the batch says of them; a tag that cannot be one is left out with a note."""
        for key, rows in batch.spoken.items():
            for row, spoken in rows:
                for name in spoken.tags:
                    try:
                        heard.tags.setdefault(key, set()).add(tags.clean_name(name))
                    except InvalidInput as error:
                        note = f"The tag “{name[:60]}” is left out: {error}"
                        heard.notes.append((row, Refused(note, "tags")))
                if spoken.retired:
                    heard.retired.add(key)

    def keep(self, told: Told, heard: Heard, *, fresh: Collection[str], refused: Collection[str]) -> None:
        """Tag the items, and retire those that are new: what people work on here goes on. In the batch's transaction."""
        tagged = {key: names for key, names in heard.tags.items() if key not in refused}
        retired = heard.retired.difference(refused)
        if not tagged and not retired:
            return
        found = hot.rows(sql.MARKED, {"project": self._project.pk, "keys": sorted({*tagged, *retired})})
        self._put(told, tagged, {row.key: row.id for row in found})
        there = [row for row in found if row.key in retired and row.state != "retired"]
        gone = [row.id for row in there if row.key in fresh] if self._retire else []
        told.left_out["retired"] += len(there) - len(gone)
        if gone:
            with pghistory.context(user=self._by):
                told.counts["retired"] += queue.retire(project=self._project, item_ids=gone)

    def _put(self, told: Told, tagged: dict[str, set[str]], items: dict[str, int]) -> None:
        if not self._tag:
            told.left_out["tags"] += sum(len(names) for key, names in tagged.items() if key in items)
            return
        with pghistory.context(user=self._by):
            ids = {
                name: tags.made(project=self._project, name=name).pk
                for name in sorted({name for names in tagged.values() for name in names})
            }
        pairs = [(ids[name], items[key]) for key, names in tagged.items() if key in items for name in names]
        columns = {"tags": [tag for tag, _ in pairs], "items": [item for _, item in pairs]}
        told.counts["tags"] += len(hot.rows(sql.TAG, columns))
