"""The job that makes a snapshot.

Nothing is kept before all is made: rows go to a file without a name on this machine, and whole into the storage. A worker that
is killed leaves nothing behind, and as its state of the database is gone with it, the next one begins again.
"""

from __future__ import annotations

import io
from contextlib import closing
from tempfile import TemporaryFile
from typing import IO, Any

import orjson
from django.db import transaction

from annotation.errors import NotFound
from annotation.formats.layout import Layout
from annotation.models import Project, Snapshot, Split
from annotation.readings import readings_under
from annotation.services import jobs, stored
from annotation.services.snapshot_choices import Choice
from annotation.services.snapshot_deletion import folder_of
from annotation.services.snapshot_supply import SUPPLIES
from annotation.snapshots import chunks, settling, sql
from annotation.snapshots.columns import column
from annotation.snapshots.counting import Counts
from annotation.snapshots.manifest import manifest_of
from annotation.snapshots.plan import Plan
from annotation.snapshots.reading import State, opened
from annotation.snapshots.writing import Writer, digest_of

Made = dict[str, Any]


def run(*, snapshot_id: int) -> bool:
    """Make a snapshot; False when there is nothing to do. Safe to run twice, at once or one after the other."""
    return jobs.run(Snapshot, snapshot_id, _work)


def _work(snapshot: Snapshot, beat: jobs.Beat) -> None:
    folder = folder_of(snapshot.project_id, snapshot.number)
    stored.clear(folder)
    with TemporaryFile(prefix="querent-snapshot-") as file:
        made = write(snapshot, file, beat)
        # The last moment to find out that another worker has it.
        beat.now()
        made["file"] = stored.keep(f"{folder}/{made['sha256'][:16]}.parquet", file)
        told = io.BytesIO(orjson.dumps(made["manifest"], option=orjson.OPT_INDENT_2))
        stored.keep(f"{folder}/{made['sha256'][:16]}.json", told)
    with transaction.atomic():
        jobs.finished(snapshot, **made)


def write(snapshot: Snapshot, file: IO[bytes], beat: jobs.Beat) -> Made:
    """Write the rows as Parquet; what the snapshot's row says of them."""
    with opened(beat) as state:
        facts = state.table(sql.PROJECT.format(project=snapshot.project_id)).to_pylist()
        if not facts:
            raise NotFound("The project is gone.")
        plan = _plan(snapshot, facts[0], state)
        project = Project.objects.select_related("schema").get(pk=snapshot.project_id)
        found = chunks.items(state, project, plan.choice)
        beat(done=0, total=len(found.ids))
        part = (
            settling.part_of(snapshot.split, state=state, plan=plan, ids=found.ids)
            if snapshot.split
            else None
        )
        counts = Counts(plan.layout)
        with closing(Writer(file, plan.layout)) as writer:
            for table, beside, items in chunks.tables(state, plan, found, part):
                writer.write(table)
                counts.add(table, beside)
                beat(done=snapshot.done + items)
    parquet, size = digest_of(file)
    manifest = manifest_of(snapshot, plan, facts[0]["made_at"], counts) | {
        "sha256": writer.sha256,
        "jsonl": {"size": writer.length, "begins": writer.begins},
        "parquet": {"sha256": parquet, "size": size, "row_groups": len(writer.begins)},
    }
    return {"manifest": manifest, "row_count": counts.rows, "sha256": writer.sha256, "size": size}


def _plan(snapshot: Snapshot, facts: dict[str, Any], state: State) -> Plan:
    choice, split = Choice.of(snapshot), snapshot.split
    readings = readings_under(facts["schema_id"]) if facts["schema_id"] else None
    layout = Layout.of(
        rows="consensus" if snapshot.rows == Snapshot.Rows.CONSENSUS else "annotations",
        fields=readings.current.fields if readings else (),
        questions=readings.current.questions if readings else (),
        parts=[part["name"] for part in split.parts] if split else (),
        probabilities=choice.probabilities,
        probable=choice.probable,
    )
    datasets = state.table(sql.DATASETS.format(project=snapshot.project_id))
    names = zip(column(datasets, "id").to_pylist(), column(datasets, "name").to_pylist(), strict=True)
    by_field = split is not None and split.kind in {Split.Kind.GROUP, Split.Kind.TIME}
    return Plan(
        project=snapshot.project_id,
        layout=layout,
        readings=readings,
        choice=choice,
        datasets=dict(names),
        doubted=facts["doubted"],
        tagged=facts["tagged"],
        kept=sql.counting(choice),
        parted_by=split.by if by_field and split else "",
        supplies={
            name: begin(state.table, snapshot.project_id, layout.questions)
            for name, begin in SUPPLIES.items()
        },
    )
