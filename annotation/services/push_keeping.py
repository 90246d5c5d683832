"""One push becomes rows of the database, all of it or nothing. The caller has a transaction, and tries again on collisions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from annotation.models import Dataset, Project, User
from annotation.services import hot, push_predictions, reservoir, tags, words
from annotation.services import pushes_sql as sql
from annotation.services.import_batches import ItemCopy
from annotation.services.push_rows import Row

SOURCE_NAME = "REST"
TAKEN = ("created", "updated", "unchanged")


class Push:
    """Rows on their way into the database. What it finds out about each is written into the row."""

    def __init__(self, project: Project, by: User, rows: Sequence[Row], *, update: bool, force: bool) -> None:
        self.project, self.by, self.rows = project, by, rows
        self.update, self.force = update, force
        self.first_new: int | None = None
        self.predictions = 0
        # Datasets with items whose words a worker has to look at.
        self.to_index: set[int] = set()

    def keep(self, name: str) -> Dataset:
        """The dataset of this name, in which the new ones are."""
        hot.rows(sql.ALONE, {"project": self.project.pk})
        dataset = _dataset(self.project, self.by, name)
        there = self._there([row for row in self.rows if row.shaped])
        sound = [row for row in self.rows if row.shaped and not row.result and row.same_as is None]
        changed = [row for row in sound if _compared(row, there)]
        self._bring_up_to_date(changed)
        self._add(dataset, [row for row in sound if not row.result])
        self._repeat()
        self._tag()
        self._predict()
        self._count(dataset)
        return dataset

    def _there(self, rows: Sequence[Row]) -> dict[str, tuple[int, bytes]]:
        """By key, the id and digest of those that the project has."""
        keys = list({row.shaped.key for row in rows if row.shaped})
        found = hot.rows(sql.BY_KEY, {"project": self.project.pk, "keys": keys}) if keys else []
        return {row.key: (row.id, bytes(row.digest)) for row in found}

    def _bring_up_to_date(self, rows: Sequence[Row]) -> None:
        if not self.update:
            for row in rows:
                row.refuse(
                    "The project has an item with this key and other content, which is kept. Give the row another key, or send "
                    "on_change=update.",
                    "key",
                )
            return
        ids = sorted(row.id for row in rows if row.id)
        if not ids:
            return
        # Locked first, in the order of ids as everywhere: who has them, and who takes them now, is looked for after it.
        hot.rows(sql.LOCK, {"project": self.project.pk, "items": ids})
        hindered = {found.id: found for found in hot.rows(sql.HINDRANCES, {"items": ids})}
        for row in rows:
            if why := _hindrance(hindered.get(row.id), force=self.force):
                row.refuse(why, "key")
            else:
                row.result = "updated"
        self._update([row for row in rows if row.result == "updated"])

    def _update(self, rows: Sequence[Row]) -> None:
        if not rows:
            return
        ids = [row.id for row in rows]
        contents: dict[str, Any] = {
            "items": ids,
            "payloads": [row.shaped.body.decode() for row in rows if row.shaped],
            "digests": [row.shaped.digest for row in rows if row.shaped],
        }
        hot.rows(sql.FORGET_LIKENESS, {"items": ids})
        # In a transaction of its own inside this one: its SAVEPOINT is what tells the audit trail who is at work. Django's
        # cursor, which would, sends all contents as text of the statement.
        with transaction.atomic():
            hot.rows(sql.UPDATE, contents)
        hot.rows(sql.FORGET_SAID, {"items": ids})
        for found in hot.rows(sql.FORGET_WORDS, {"items": ids}):
            if found.dataset is None:
                words.index(item_ids=found.loose)
            else:
                self.to_index.add(found.dataset)

    def _add(self, dataset: Dataset, rows: Sequence[Row]) -> None:
        if not rows:
            return
        by_key = {row.shaped.key: row for row in rows if row.shaped}
        admission = reservoir.admit(project_id=self.project.pk, keys=list(by_key))
        if admission is not None:
            for key, row in by_key.items():
                if key not in admission:
                    row.result = "sampled_out"
            by_key = {key: row for key, row in by_key.items() if key in admission}
        ItemCopy(dataset, self._wanted(), timezone.now()).send(
            row.shaped for row in by_key.values() if row.shaped
        )
        there = self._there(list(by_key.values()))
        for key, row in by_key.items():
            row.result, row.id = "created", there[key][0]
        if by_key:
            self.to_index.add(dataset.pk)
            self.first_new = min(row.id for row in by_key.values() if row.id)
        reservoir.settle(admission)

    def _wanted(self) -> int:
        # FOR SHARE: a change of the number of answers per item waits for this push, and then reaches it.
        return int(hot.one(sql.WANTED, {"project": self.project.pk}).annotations_per_item)

    def _repeat(self) -> None:
        """What came twice was there the second time."""
        for row in self.rows:
            if (earlier := row.same_as) is not None and not row.result:
                row.id, row.errors = earlier.id, list(earlier.errors)
                row.result = "unchanged" if earlier.result in TAKEN else earlier.result

    def _tag(self) -> None:
        rows = [row for row in self.rows if row.tags and row.result in TAKEN]
        names = dict.fromkeys(name for row in rows for name in row.tags)
        if not names:
            return
        ids = {name: tags.ensure(project=self.project, by=self.by, name=name).pk for name in names}
        pairs = [(ids[name], row.id) for row in rows for name in row.tags]
        hot.rows(sql.ADD_TAGS, {"tags": [tag for tag, _ in pairs], "items": [item for _, item in pairs]})

    def _predict(self) -> None:
        said = [
            (row.id, one) for row in self.rows if row.id and row.result in TAKEN for one in row.predictions
        ]
        kept = push_predictions.keep(project=self.project, said=said)
        self.predictions = sum(result != "unchanged" for result in kept.values())

    def _count(self, dataset: Dataset) -> None:
        """Move the record of where items come from. Which rows were refused is told to who sent them, and not kept."""
        results = [row.result for row in self.rows]
        new = results.count("created")
        moved: dict[str, Any] = {
            "rows_read": F("rows_read") + len(results),
            "rows_imported": F("rows_imported") + new,
            "rows_unchanged": F("rows_unchanged") + results.count("unchanged"),
            "rows_rejected": F("rows_rejected") + results.count("refused"),
            "rows_sampled_out": F("rows_sampled_out") + results.count("sampled_out"),
            "predictions_imported": F("predictions_imported") + self.predictions,
            "heartbeat_at": timezone.now(),
        }
        if new:
            moved["searchable"] = False
        Dataset.objects.filter(pk=dataset.pk).update(**moved)


def _dataset(project: Project, by: User, name: str) -> Dataset:
    """The one for this name, made by the first push. Nobody else makes one now."""
    found = Dataset.objects.filter(project=project, name=name, options__format="api").order_by("pk").first()
    if found is not None:
        return found
    now = timezone.now()
    return Dataset.objects.create(
        project=project,
        created_by=by,
        name=name,
        source_name=SOURCE_NAME,
        sha256="",
        size=0,
        options={"format": "api"},
        state=Dataset.State.DONE,
        started_at=now,
        finished_at=now,
    )


def _compared(row: Row, there: dict[str, tuple[int, bytes]]) -> bool:
    """Whether the item is there with other content; one with the same is unchanged."""
    if row.shaped is None or row.shaped.key not in there:
        return False
    row.id, digest = there[row.shaped.key]
    if digest == row.shaped.digest:
        row.result = "unchanged"
    return not row.result


def _hindrance(found: Any, *, force: bool) -> str:
    """Why an item's content stays as it is."""
    if found is None:
        return "The item has just been removed. Send the row again."
    if force:
        return ""
    if found.gold:
        return "It is a gold question: its known answer is about this content. Send force=true to change it all the same."
    if found.answers:
        return (
            "People have answered it as it is. Send force=true to change it all the same; their answers stay."
        )
    return "Somebody has it to label now. Send the row again later, or force=true." if found.held else ""
