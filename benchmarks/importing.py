"""Import short texts from CSV, JSON Lines and Parquet: rows per second and the peak memory of the process that imports.

python -m benchmarks.importing [--rows 100000 1000000] [--rounds 3] [--dry | --redraw]
"""

from __future__ import annotations

import csv
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import common, pictures

LIMITS = {"rows_per_second": 80_000, "peak_memory_mb": 300}
OTHERS = {
    pictures.LABEL_STUDIO: {"rows_per_second": 5_000, "peak_memory_mb": 567},
    pictures.DOCCANO: {"rows_per_second": 4_600, "peak_memory_mb": 1_300},
}
FORMATS = ("csv", "jsonl", "parquet")


def texts(count: int) -> Iterator[str]:
    """Texts of 5 to 25 words, about 100 characters, the same ones each time."""
    chance = random.Random(7)
    words = ["".join(chance.choices("abcdefghijklmnoprstuvwz", k=chance.randint(2, 9))) for _ in range(8_000)]
    for _ in range(count):
        yield " ".join(chance.choices(words, k=chance.randint(5, 25)))


def write_file(path: Path, count: int) -> None:
    rows = ({"id": f"row-{n:08}", "text": text, "source": "generated"} for n, text in enumerate(texts(count)))
    if path.suffix == ".csv":
        with path.open("w", newline="") as file:
            out = csv.DictWriter(file, ["id", "text", "source"])
            out.writeheader()
            out.writerows(rows)
    elif path.suffix == ".jsonl":
        with path.open("w") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
    else:
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_pylist(list(rows)), path)


def make_project() -> Any:
    from annotation.models import Membership, Project, Schema, User

    user, _ = User.objects.get_or_create(username="importer", can_create_projects=True)
    project = Project.objects.create(name="Import", created_by=user)
    Membership.objects.create(project=project, user=user, role="owner")
    fields = [{"name": "text", "type": "text", "title": "Text"}]
    project.schema = Schema.objects.create(project=project, version=1, fields=fields, created_by=user)
    project.save()
    return project


def upload(path: Path, key: str) -> int:
    """A waiting import of this file in a project of its own."""
    from django.core.files import File

    from annotation.services import import_options, imports

    project = make_project()
    with path.open("rb") as file:
        made = imports.create(
            project=project,
            by=project.created_by,
            upload=File(file, path.name),
            choices=import_options.Choices(key_field=key),
        )
    return made.pk


def job(dataset_id: int) -> None:
    """In a process of its own, as a worker does it: import, then say how long it took and how much memory."""
    common.setup_django()
    from django.db import connection

    from annotation.models import Dataset
    from annotation.services import import_run

    connection.ensure_connection()
    started, cpu_before = time.perf_counter(), time.process_time()
    import_run.run(dataset_id=dataset_id)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu_before
    done = Dataset.objects.get(pk=dataset_id)
    assert done.state == "done", done.error
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "rows": done.rows_imported, "peak_mb": peak, "cpu": cpu}))


def measured(env: dict[str, str], dataset_id: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.importing", "--job", str(dataset_id)]
    found = subprocess.run(command, env=env, cwd=common.ROOT, check=True, capture_output=True, text=True)
    return dict(json.loads(found.stdout.splitlines()[-1]))


def measure(env: dict[str, str], path: Path, rounds: int, key: str) -> dict[str, Any]:
    datasets = [upload(path, key) for _ in range(rounds)]
    database = common.tree(common.postgres())
    before = common.cpu_seconds(database[:1])
    found = [measured(env, dataset) for dataset in datasets]
    # The job's backend has ended with it, and is counted among the ended children of the postmaster.
    spent = common.cpu_seconds(database[:1]) - before
    speeds = [run["rows"] / run["seconds"] for run in found]
    return {
        "rows": int(found[0]["rows"]),
        "file_mb": round(path.stat().st_size / 2**20, 1),
        "rows_per_second": round(statistics.median(speeds)),
        "rows_per_second_of_each_round": [round(speed) for speed in speeds],
        "database_cpu_us_per_row": round(spent / sum(run["rows"] for run in found) * 1e6, 1),
        "python_cpu_us_per_row": round(statistics.median(run["cpu"] / run["rows"] for run in found) * 1e6, 1),
        "peak_memory_mb": round(max(run["peak_mb"] for run in found)),
    }


def picture(result: dict[str, Any]) -> Path:
    """The files whose rows have no key of their own, which costs more."""
    titles = {"rows_per_second": "Rows per second", "peak_memory_mb": "Memory of the worker, MB"}
    panels = [
        pictures.versus(
            title,
            {
                name.removesuffix(", key from content"): run[key]
                for name, run in result["results"].items()
                if "content" in name
            },
            {f"{name}, 100,000 rows": values[key] for name, values in OTHERS.items()},
            LIMITS[key],
            at_least=key == "rows_per_second",
        )
        for key, title in titles.items()
    ]
    return pictures.draw("importing", "Import of short texts", panels)


def all_files(rows: list[int], formats: list[str], rounds: int) -> dict[str, Any]:
    results: dict[str, Any] = {}
    with common.environment() as env:
        common.setup_django()
        folder = Path(env["QUERENT_DATA_DIR"])
        for count in rows:
            for kind in formats:
                path = folder / f"texts.{kind}"
                write_file(path, count)
                for name, key in (("content", ""), ("column", "id")):
                    label = f"{kind}, {count:,} rows, key from {name}"
                    results[label] = measure(env, path, rounds, key)
                    print(label, results[label], flush=True)
                os.unlink(path)
    return {"results": results, "limits": LIMITS, "others": OTHERS}


def main() -> None:
    options = common.parser(__doc__)
    options.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    options.add_argument("--formats", nargs="+", default=FORMATS)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--job", type=int)
    chosen = options.parse_args()
    if chosen.job:
        job(chosen.job)
        return
    common.finish("importing", chosen, lambda: all_files(chosen.rows, chosen.formats, chosen.rounds), picture)


if __name__ == "__main__":
    main()
