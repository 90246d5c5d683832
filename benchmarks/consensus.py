"""Keeping the consensus up: the first fit of a large project, and what a few new answers cost after it, in a worker.

python -m benchmarks.consensus [--items 100000] [--votes 3] [--dry | --redraw]
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import answered, common, pictures

TOUCHED = (1, 10, 100, 1000)
ROUNDS = 5
# Four in five say what is true of an item, the others anything.
ANSWERS = """
INSERT INTO annotation_annotation (project_id, item_id, annotator_id, schema_id, answer, nonce, seconds, origin, created_at)
SELECT %(project)s, i.id, %(first_user)s + (i.id + p * 7) %% %(people)s, %(schema)s,
       jsonb_build_object('sentiment', (ARRAY['positive', 'negative', 'neutral'])
           [1 + CASE WHEN random() < 0.8 THEN i.id %% 3 ELSE floor(random() * 3)::int END]),
       i.id || '-' || p, round((random() * 20)::numeric, 2), 'simulated', now() - interval '1 day'
FROM annotation_item i, generate_series(1, %(each)s) p WHERE i.project_id = %(project)s
"""


def worker(project_id: int, items: list[int]) -> None:
    """In a process of its own, as a worker does it: mark so many items, refresh, print what it took."""
    common.setup_django()
    from annotation.services import consensus
    from labelmodel.services import refresh

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    took, cpu = [], []
    for _ in range(ROUNDS if items else 1):
        if items:
            consensus.mark_due(project_id=project_id, items=items)
        else:
            consensus.mark_all_due(project_id=project_id)
        started, worked = time.perf_counter(), time.process_time()
        refresh.refresh(project_id=project_id)
        took.append(time.perf_counter() - started)
        cpu.append(time.process_time() - worked)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps(
            {
                "seconds": round(sorted(took)[len(took) // 2], 4),
                "cpu_seconds": round(sorted(cpu)[len(cpu) // 2], 4),
                "peak_mb": round(peak),
                "before_mb": round(before),
            }
        )
    )


def in_worker(project_id: int, items: list[int]) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.consensus", "--worker", json.dumps([project_id, items])]
    done = subprocess.run(command, cwd=common.ROOT, env=os.environ, check=True, capture_output=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def make(items: int, each: int) -> Any:
    made = answered.ANSWERS
    answered.ANSWERS = ANSWERS
    try:
        return answered.make(items=items, answered=items * each, each=each)
    finally:
        answered.ANSWERS = made


def measured(options: Any) -> dict[str, Any]:
    with common.environment():
        common.setup_django()
        from annotation.models import Consensus

        project = make(options.items, options.votes)
        Consensus.objects.filter(project=project).delete()
        ids = list(project.items.values_list("pk", flat=True)[: max(TOUCHED)])
        first = in_worker(project.pk, [])
        print("first", first, flush=True)
        result: dict[str, Any] = {"items": options.items, "votes_per_item": options.votes, "first": first}
        result["consensus_rows"] = Consensus.objects.filter(project=project).count()
        result["runs"] = list(project.label_model_runs.values("state", "votes", "seconds", "iterations"))
        # A thousand touched items are a reason for a fit only in a small project.
        for count in TOUCHED:
            result[f"touched_{count}"] = in_worker(project.pk, ids[:count])
            print(count, result[f"touched_{count}"], flush=True)
        return result


def picture(result: dict[str, Any]) -> Path:
    touched = {
        f"{count:,} item{'s' if count > 1 else ''} touched": result[f"touched_{count}"] for count in TOUCHED
    }
    everything = {**touched, "first fit, and every item judged": result["first"]}
    panels = [
        pictures.versus("Seconds", {name: one["seconds"] for name, one in everything.items()}, {}, None),
        pictures.versus(
            "Peak memory, MB", {name: one["peak_mb"] for name, one in everything.items()}, {}, None
        ),
    ]
    title = f"Consensus of {result['items']:,} items with {result['votes_per_item']} votes each, in a worker"
    return pictures.draw("consensus", title, panels)


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--votes", type=int, default=3)
    parser.add_argument("--worker", default="")
    options = parser.parse_args()
    if options.worker:
        worker(*json.loads(options.worker))
        return
    common.finish("consensus", options, lambda: measured(options), picture)


if __name__ == "__main__":
    main()
