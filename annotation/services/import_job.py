"""A claimed import while it is worked on: batches of rows, each one transaction that moves the dataset's counters."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import psycopg
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from annotation.errors import Conflict
from annotation.importing.pictures import Picture
from annotation.importing.reading import read
from annotation.importing.records import FileFault, Limits, MiB, Record, Refused, Source
from annotation.importing.shaping import Shaped, Shaper
from annotation.models import Dataset
from annotation.services import import_answer_options as answer_options
from annotation.services import import_options, queue, reservoir
from annotation.services.import_batches import Batch, ItemCopy, existing_digests, send_refused
from annotation.services.import_pictures import Pictures
from annotation.services.import_speech import NO_QUESTIONS, Speech, make_questions
from annotation.services.import_told import Heard, Told, report
from annotation.services.import_voices import SpokenBatch

if TYPE_CHECKING:
    from annotation.services.import_likeness import Alikes, Judged

State = Dataset.State
Fetch = Callable[[str, Limits], Picture]

BATCH_ROWS = 40_000
PICTURE_BATCH_ROWS = 50
PICTURE_BATCH_BYTES = 32 * MiB
_SKIP_ROWS = 50_000
_BEAT_SECONDS = 4.0
# Somebody else inserted the same key in the meantime, or waits for us while we wait for them: look again.
_COLLISIONS = (psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected)
_MOST_COLLISIONS = 10


class Lost(Exception):
    """Another worker has the dataset now, or somebody cancelled it."""


class Job:
    """A claimed dataset while it is worked on."""

    def __init__(self, dataset: Dataset, source: Source, fetch: Fetch) -> None:
        self.dataset, self.source = dataset, source
        self.options = import_options.of(dataset)
        self.limits = import_options.limits()
        self._beaten_at = time.monotonic()
        self._settle()
        self.speech = self._speech()
        self.report: dict[str, Any] = dataset.report
        plan = import_options.plan_of(self.options, import_options.field_types(dataset.project))
        self.shaper = Shaper(plan, self.limits)
        self.pictures = Pictures(dataset, self.limits, fetch, self.beat)
        self.by_pictures = self.shaper.has_images or self.options["format"] == "zip"
        self.alikes = self._alikes()
        # Whether keys are looked up before rows are sent. Most imports bring only new ones and need not pay for it.
        self.careful = False

    def work(self) -> None:
        records = self._unread_records()
        while True:
            gc.collect(1)
            batch = self._next_batch()
            if self._looks_first() or (self.alikes and self.alikes.skips):
                list(batch.fill(records, self.shaper))
                self._write_carefully(batch)
            else:
                self._write_at_once(batch, records)
            if batch.fault:
                raise FileFault(batch.fault)
            if batch.ended:
                return

    def beat(self) -> None:
        """Say that this worker is alive. Raises Lost when the dataset is no longer ours to work on."""
        if time.monotonic() - self._beaten_at < _BEAT_SECONDS:
            return
        self._beaten_at = time.monotonic()
        mine = Dataset.objects.filter(
            pk=self.dataset.pk, state=State.RUNNING, rows_read=self.dataset.rows_read
        )
        if not mine.update(heartbeat_at=timezone.now()):
            raise Lost

    def _looks_first(self) -> bool:
        """Whether rows are compared with what is there before they are sent."""
        if self.by_pictures or self.careful or self.speech:
            return True
        return reservoir.bounds(project_id=self.dataset.project_id)

    def _alikes(self) -> Alikes | None:
        """What finds near-duplicates; None where nobody asked for that."""
        if self.options["alike"] == "keep" or self.options["media_only"]:
            return None
        # Numerical libraries, which web processes do not load.
        from annotation.services.import_likeness import Alikes

        skip, threshold = self.options["alike"] == "skip", self.options["alike_from"]
        try:
            return Alikes(self.dataset, skip=skip, threshold=threshold, beat=self.beat)
        except Conflict as error:
            raise FileFault(str(error)) from error

    def _settle(self) -> None:
        """Keep what was found by looking at the file, so that a later worker reads the rest of it in the same way."""
        settled = import_options.settled(self.source, self.options, self.dataset)
        if settled != self.options:
            self.options = settled
            Dataset.objects.filter(pk=self.dataset.pk, state=State.RUNNING).update(options=settled)

    def _speech(self) -> Speech | None:
        """What keeps what rows say of their items; None for plain items."""
        if not answer_options.speaks(self.options):
            return None
        if self.options["answers"] and self.dataset.project.schema_id is None:
            self._make_questions()
        return Speech(self.dataset, self.options, self.source.hints)

    def _make_questions(self) -> None:
        look = import_options.look(self.source, self.options, self.dataset)
        if not self.options["make_questions"]:
            if look.says_anything:
                raise FileFault(NO_QUESTIONS)
            return
        records = read(self.source, import_options.layout_of(self.options), self.limits)
        made = make_questions(self.dataset, self.options, records, self.source.hints, self.beat)
        chosen = {name: made.get(other or "") for name, other in (self.options["questions"] or {}).items()}
        self.options = {**self.options, "questions": {**made, **chosen}}
        Dataset.objects.filter(pk=self.dataset.pk, state=State.RUNNING).update(options=self.options)

    def _unread_records(self) -> Iterator[Record]:
        """The rows behind the last one that was committed."""
        records = read(self.source, import_options.layout_of(self.options), self.limits)
        for start in range(0, self.dataset.rows_read, _SKIP_ROWS):
            for _ in islice(records, min(_SKIP_ROWS, self.dataset.rows_read - start)):
                pass
            self.beat()
        return records

    def _next_batch(self) -> Batch:
        start = self.dataset.rows_read
        rows, size = (PICTURE_BATCH_ROWS, PICTURE_BATCH_BYTES) if self.by_pictures else (BATCH_ROWS, 16 * MiB)
        return self.speech.batch(start, rows, size) if self.speech else Batch(start, rows, size)

    def _write_at_once(self, batch: Batch, records: Iterator[Record]) -> None:
        """Send rows to the database while they are read; if one of the keys exists, look all of them up and send again."""
        try:
            with transaction.atomic():
                before = self.alikes.before() if self.alikes else 0
                self._items().send(batch.fill(records, self.shaper))
                judged = self.alikes.judge(batch.rows) if self.alikes else None
                self._keep_alikes(judged, batch.rows, before)
                self._record(batch, Told(), imported=len(batch.rows), alike=judged.count if judged else 0)
        except _COLLISIONS:
            self.careful = True
            self._write_carefully(batch)
        else:
            self._committed(batch, batch.rows, judged)

    def _write_carefully(self, batch: Batch) -> None:
        """Send those rows whose keys are new; count or refuse the others."""
        heard = self.speech.read(batch) if self.speech and isinstance(batch, SpokenBatch) else Heard()
        for _ in range(_MOST_COLLISIONS):
            digests = self._digests(batch)
            fresh, unchanged, refused = _compare(batch.rows, digests)
            hopeful, hopeless = self._with_a_chance(fresh)
            fresh, missing = self.pictures.settle(hopeful)
            judged = self.alikes.judge(fresh) if self.alikes else None
            fresh = judged.kept if judged else fresh
            try:
                with transaction.atomic():
                    before = self.alikes.before() if self.alikes else 0
                    if self.speech:
                        self.speech.lock(heard)
                    admission = self._admitted([*(shaped.key for shaped in fresh), *hopeless])
                    if admission is not None:
                        fresh = [shaped for shaped in fresh if shaped.key in admission]
                    if not self.options["media_only"]:
                        self._items().send(iter(fresh))
                    skipped = self._keep_alikes(judged, fresh, before)
                    told = self._told(batch, heard, fresh, [*refused, *missing, *skipped])
                    self._record(
                        batch,
                        told,
                        imported=len(fresh),
                        unchanged=unchanged,
                        sampled_out=admission.sampled_out if admission else 0,
                        refused=refused + missing,
                        alike=judged.count if judged else 0,
                        skipped=skipped,
                    )
                    reservoir.settle(admission)
            except _COLLISIONS:
                self.careful = True
                continue
            self.careful = bool(digests)
            self._committed(batch, fresh, judged)
            for place in told.open_again:
                queue.rewind(project_id=place.project_id, priority=place.priority, item_id=place.id)
            return
        raise FileFault(
            "Somebody else keeps adding items with the same keys. Try again when they have finished."
        )

    def _digests(self, batch: Batch) -> dict[str, bytes]:
        """What the project has under the keys of a batch; not looked up where that is most likely nothing."""
        if self.alikes and not self._looks_first():
            return {}
        return existing_digests(self.dataset.project_id, [shaped.key for shaped in batch.rows])

    def _keep_alikes(
        self, judged: Judged | None, sent: list[Shaped], before: int
    ) -> list[tuple[int, Refused]]:
        """Near-duplicates are kept with the items that were sent behind item `before`; those that were left out."""
        if self.alikes is None or judged is None:
            return []
        self.alikes.keep(judged, sent, before)
        return self.alikes.refusals(judged)

    def _told(
        self, batch: Batch, heard: Heard, fresh: list[Shaped], refused: list[tuple[int, Refused]]
    ) -> Told:
        """What the rows say is kept beside their items."""
        if self.speech is None:
            return Told()
        rows = {row for row, _ in refused}
        keys = {shaped.key for shaped in batch.rows if shaped.row in rows}
        return self.speech.keep(heard, fresh={shaped.key for shaped in fresh}, refused=keys)

    def _with_a_chance(self, rows: list[Shaped]) -> tuple[list[Shaped], list[str]]:
        """The rows that a bounded pool may take, and the keys of the others; images of those need not be fetched."""
        chance = reservoir.hopeful(project_id=self.dataset.project_id, keys=[shaped.key for shaped in rows])
        if chance is None or self.options["media_only"]:
            return rows, []
        hopeless = [shaped.key for shaped in rows if shaped.key not in chance]
        return [shaped for shaped in rows if shaped.key in chance], hopeless

    def _admitted(self, keys: list[str]) -> reservoir.Admission | None:
        if self.options["media_only"]:
            return None
        return reservoir.admit(project_id=self.dataset.project_id, keys=keys)

    def _items(self) -> ItemCopy:
        with connection.cursor() as cursor:
            # Not waiting for the disk loses nothing: after a crash, the counters of a lost batch are lost with it. The
            # end of the import waits, and with it for all batches before.
            cursor.execute("SET LOCAL synchronous_commit TO off")
            # FOR SHARE: a change of the number of answers per item waits for this batch, and then reaches it.
            cursor.execute(
                "SELECT annotations_per_item FROM annotation_project WHERE id = %s FOR SHARE",
                [self.dataset.project_id],
            )
            (wanted,) = cursor.fetchone()
        return ItemCopy(self.dataset, wanted, timezone.now())

    def _record(
        self,
        batch: Batch,
        told: Told,
        *,
        imported: int,
        unchanged: int = 0,
        sampled_out: int = 0,
        refused: list[tuple[int, Refused]] | None = None,
        alike: int = 0,
        skipped: list[tuple[int, Refused]] | None = None,
    ) -> None:
        """Move the counters, in the transaction that writes the batch. Raises Lost when they are not where we left them."""
        rejections = sorted([*batch.refused, *(refused or [])], key=lambda pair: pair[0])
        listed = [*rejections, *told.refused, *(skipped or [])]
        send_refused(self.dataset, sorted(listed, key=lambda pair: pair[0]))
        self.report = report(self.dataset.report, told)
        mine = Dataset.objects.filter(pk=self.dataset.pk, state=State.RUNNING, rows_read=batch.start)
        moved = mine.update(
            rows_read=batch.start + batch.read,
            rows_imported=F("rows_imported") + imported,
            rows_unchanged=F("rows_unchanged") + batch.unchanged + unchanged,
            rows_rejected=F("rows_rejected") + len(rejections),
            rows_alike=F("rows_alike") + alike,
            rows_sampled_out=F("rows_sampled_out") + sampled_out,
            answers_imported=F("answers_imported") + told.counts["answers"] + told.counts["gold"],
            predictions_imported=F("predictions_imported") + told.counts["predictions"],
            report=self.report,
            bytes_read=self.source.size if batch.ended else min(self.source.done, self.source.size),
            heartbeat_at=timezone.now(),
            attempts=1,
        )
        if not moved:
            raise Lost

    def _committed(self, batch: Batch, rows: list[Shaped], judged: Judged | None) -> None:
        if self.alikes and judged:
            self.alikes.committed(judged)
        self.dataset.rows_read = batch.start + batch.read
        self.dataset.report = self.report
        self._beaten_at = time.monotonic()
        if rows and not self.options["media_only"]:
            # Other items may have come after these and be labeled already: ids are given before they are committed.
            first = self.dataset.project.items.filter(key=rows[0].key).values_list("pk", flat=True).first()
            # In a bounded pool it may have made room for another already; then nobody's place can be told from it.
            queue.rewind(project_id=self.dataset.project_id, priority=0.0, item_id=first or 0)


def _compare(
    rows: list[Shaped], digests: dict[str, bytes]
) -> tuple[list[Shaped], int, list[tuple[int, Refused]]]:
    """Rows whose keys are new, the number of those that are there already, and those that are there otherwise."""
    fresh, unchanged, refused = [], 0, []
    for shaped in rows:
        there = digests.get(shaped.key)
        if there is None:
            fresh.append(shaped)
        elif there == shaped.digest:
            unchanged += 1
        else:
            message = (
                f"The project has an item with the key '{shaped.key[:80]}' and other content, which is kept."
            )
            refused.append((shaped.row, Refused(f"{message} Give the row another key.")))
    return fresh, unchanged, refused
