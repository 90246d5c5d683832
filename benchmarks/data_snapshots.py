"""Make snapshots of a million items with three million answers: seconds, and the memory of the worker.

python -m benchmarks.data_snapshots [--items 100000 1000000] [--dry | --redraw]
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks import answered, common, pictures
from benchmarks.exporting import Peak

EACH = 3
LIMITS = {"seconds": 60, "worker_memory_peak_mb": 400}
CASES: dict[str, dict[str, Any]] = {
    "consensus": {},
    "consensus, random split": {"split": "random"},
    "consensus with probabilities, stratified split": {"probabilities": True, "split": "stratified"},
    "every answer": {"rows": "annotations"},
}
PARTS = [{"name": "train", "share": 0.8}, {"name": "test", "share": 0.2}]
# A worker without the rest of Celery: the process whose memory counts.
WORKER = """
import sys, django
django.setup()
from annotation.snapshots import making
making.run(snapshot_id=int(sys.argv[1]))
"""


class WorkerPeak(Peak):
    """The same of a process that ends meanwhile."""

    def run(self) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            super().run()


def ask(project: Any, case: dict[str, Any], number: int) -> Any:
    from annotation.services import snapshots, splits
    from annotation.services.snapshot_choices import Choice

    choice = dict(case)
    split = None
    if kind := choice.pop("split", None):
        by = "sentiment" if kind == "stratified" else ""
        split = splits.create(
            project=project, by=project.created_by, name=f"{kind} {number}", kind=kind, parts=PARTS, field=by
        )
    return snapshots.create(project=project, by=project.created_by, choice=Choice(**choice), split=split)


def measure(env: dict[str, str], project: Any, items: int) -> list[dict[str, Any]]:
    found = []
    postmaster = common.postgres()
    for number, (name, case) in enumerate(CASES.items()):
        snapshot = ask(project, case, number)
        before = common.cpu_seconds(common.tree(postmaster))
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(snapshot.pk)],
            cwd=common.ROOT,
            env={**env, "DJANGO_SETTINGS_MODULE": "config.settings"},
        )
        peak = WorkerPeak(psutil.Process(process.pid))
        peak.start()
        process.wait()
        seconds = time.perf_counter() - started
        peak.stop.set()
        peak.join()
        snapshot.refresh_from_db()
        assert snapshot.state == "done", snapshot.error
        found.append(
            {
                "items": items,
                "answers": items * EACH,
                "case": name,
                "rows": snapshot.row_count,
                "seconds": round(seconds, 1),
                "rows_per_second": round(snapshot.row_count / seconds),
                "database_cpu_seconds": round(common.cpu_seconds(common.tree(postmaster)) - before, 1),
                "worker_memory_peak_mb": round(peak.peak),
                "parquet_mb": round(snapshot.size / 2**20, 1),
                "jsonl_mb": round(snapshot.manifest["jsonl"]["size"] / 2**20, 1),
            }
        )
        print(found[-1], flush=True)
    return found


def picture(result: dict[str, Any]) -> Path:
    def ours(key: str) -> dict[str, float]:
        return {f"{run['case']}, {run['items']:,} items": run[key] for run in result["runs"]}

    seconds = pictures.versus("Seconds", ours("seconds"), {}, LIMITS["seconds"])
    memory = pictures.versus(
        "Memory of the worker, MB", ours("worker_memory_peak_mb"), {}, LIMITS["worker_memory_peak_mb"]
    )
    return pictures.draw("data_snapshots", "Snapshots with three answers for each item", [seconds, memory])


def measured(options: Any) -> dict[str, Any]:
    with common.environment() as env:
        common.setup_django()
        runs = []
        for items in options.items:
            project = answered.make(items=items, answered=items * EACH, each=EACH)
            runs += measure(env, project, items)
    return {"runs": runs, "limits": LIMITS}


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--items", type=int, nargs="+", default=[100_000, 1_000_000])
    options = parser.parse_args()
    common.finish("data_snapshots", options, lambda: measured(options), picture)


if __name__ == "__main__":
    main()
