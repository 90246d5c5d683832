"""A project written to one file and made of it again, and rows offered to a bounded pool.

python -m benchmarks.data_retention [--items 300000] [--each 3] [--offered 1000000] [--dry | --redraw]
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from benchmarks import answered, common, pictures

POOL = 10_000
BATCH = 40_000


def written(project: Any, rows: int) -> tuple[Any, dict[str, Any]]:
    from annotation.services import project_files

    made = project_files.archive(project=project, by=project.created_by)
    started = time.perf_counter()
    project_files.run(file_id=made.pk)
    seconds = time.perf_counter() - started
    made.refresh_from_db()
    assert made.state == "done", made.error
    return made, {"seconds": round(seconds, 1), "rows_per_second": round(rows / seconds), "bytes": made.size}


def read(made: Any, rows: int) -> dict[str, Any]:
    from annotation.services import project_files

    with made.file.open("rb") as stream:
        asked = project_files.keep(by=made.created_by, upload=stream)
    started = time.perf_counter()
    project_files.run(file_id=asked.pk)
    seconds = time.perf_counter() - started
    asked.refresh_from_db()
    assert asked.state == "done", asked.error
    return {"seconds": round(seconds, 1), "rows_per_second": round(rows / seconds)}


def offered(count: int) -> dict[str, Any]:
    """Keys that come to a pool, batch by batch, as an import brings them; the items that get in are made."""
    from django.db import transaction

    from annotation.models import Item, Project
    from annotation.services import reservoir

    owner = Project.objects.earliest("pk").created_by
    project = Project.objects.create(name="stream", created_by=owner)
    reservoir.put(project=project, by=owner, size=POOL)
    started = time.perf_counter()
    for start in range(0, count, BATCH):
        keys = [f"row-{n}" for n in range(start, min(start + BATCH, count))]
        with transaction.atomic():
            admission = reservoir.admit(project_id=project.pk, keys=keys)
            assert admission is not None
            Item.objects.bulk_create(
                Item(project=project, key=key, payload={"text": key}, digest=b"0" * 16)
                for key in admission.places
            )
            reservoir.settle(admission)
    seconds = time.perf_counter() - started
    assert project.items.count() == POOL
    return {"rows": count, "pool": POOL, "rows_per_second": round(count / seconds)}


def picture(result: dict[str, Any]) -> Path:
    rates = {name: result[name]["rows_per_second"] for name in ("writing", "reading", "sampling")}
    panel = pictures.versus("Rows a second", rates, {}, None)
    return pictures.draw("data_retention", "A project as a file, and a bounded pool", [panel])


def measured(options: Any) -> dict[str, Any]:
    with common.environment():
        common.setup_django()
        import psutil

        project = answered.make(items=options.items, answered=options.items * options.each, each=options.each)
        # Items, consensus on two questions, and an answer and a turn of each person.
        rows = options.items * (3 + 2 * options.each)
        before = psutil.Process().memory_info().rss
        made, writing = written(project, rows)
        reading = read(made, rows)
        memory = {"before_mb": before >> 20, "after_mb": psutil.Process().memory_info().rss >> 20}
        return {
            "items": options.items,
            "answers": options.items * options.each,
            "rows": rows,
            "writing": writing,
            "reading": reading,
            "memory": memory,
            "sampling": offered(options.offered),
        }


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--items", type=int, default=300_000)
    parser.add_argument("--each", type=int, default=3)
    parser.add_argument("--offered", type=int, default=1_000_000)
    options = parser.parse_args()
    common.finish("data_retention", options, lambda: measured(options), picture)


if __name__ == "__main__":
    main()
