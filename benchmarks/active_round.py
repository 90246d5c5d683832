"""A whole round of active learning on a large pool of texts: embed, train, calibrate, score, choose, publish.

python -m benchmarks.active_round [--items 1000000] [--labeled 1000] [--dry | --redraw]
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

from benchmarks import common, pictures

LABELS = 10
BATCH = 100
LIMITS = {"round_s": 20.0, "worker_mb": 1024.0, "speedup": 1.7}
# Ten topics: of the 18 words of a text about five belong to its topic, the others to nobody.
ITEMS = """
INSERT INTO annotation_item (project_id, key, payload, digest, state, role, priority, wanted, answers, open_slots, created_at)
SELECT %(project)s, 'row-' || lpad(n::text, 8, '0'), jsonb_build_object('text', text), decode(md5(n::text), 'hex'),
       'open', 'pool', 0, 1, 0, 1, now()
FROM generate_series(1, %(items)s) n,
LATERAL (SELECT string_agg(translate(substr(md5(word::text), 1, 3 + word %% 7), '0123456789', 'ghijklmnop'), ' ') AS text
         FROM (SELECT CASE WHEN random() < 0.28 THEN 100000 * (1 + n %% 10) + floor(power(random(), 2) * 400)::int
                           ELSE floor(power(random(), 4) * 8000)::int END AS word
               FROM generate_series(1, 18)) words) texts
"""
# What people said of some items, spread over the whole pool, as a label model leaves it.
LABELED = """
WITH said AS (
    UPDATE annotation_item SET answers = 1, open_slots = 0, state = 'resolved'
    WHERE project_id = %(project)s AND id %% %(every)s = (id / %(every)s) %% 10 RETURNING id, key
)
INSERT INTO annotation_consensus (project_id, item_id, question, value, distribution, confidence, entropy, votes, unanimous,
    status, method, kinds, schema_id, updated_at)
SELECT %(project)s, id, 'topic', to_jsonb('topic ' || topic), jsonb_build_object('topic ' || topic, 0.95), 0.95, 0.1, 1, true,
       'auto', 'partial_pooling', '{person}', %(schema)s, now()
FROM (SELECT id, substr(key, 5)::int %% 10 AS topic FROM said) topics
"""


def make(items: int, labeled: int) -> Any:
    from django.db import connection

    from active.models import LearningSettings
    from tests.factories import make_project

    question = {
        "name": "topic",
        "type": "single_choice",
        "labels": [{"value": f"topic {n}"} for n in range(LABELS)],
    }
    project = make_project(questions=[question])
    LearningSettings.objects.create(project=project, batch=BATCH)
    scope = {"project": project.pk, "items": items, "every": items // labeled, "schema": project.schema_id}
    with connection.cursor() as cursor:
        cursor.execute(ITEMS, scope)
        cursor.execute("ANALYZE annotation_item")
        cursor.execute(LABELED, scope)
        cursor.execute("VACUUM ANALYZE annotation_item, annotation_consensus")
    return project


def worker(steps: list[list[Any]]) -> None:
    """In a process of its own: load everything, say so, wait for a word, do these steps, tell what they took."""
    common.setup_django()
    from active.services import embeddings, learning, rounds
    from annotation.models import Project

    print("ready", flush=True)
    sys.stdin.readline()
    started, found = time.perf_counter(), []
    for name, number in steps:
        if name == "embed":
            project = Project.objects.select_related("schema").get(pk=number)
            settings = learning.settings_of(project)
            encoder = embeddings.current(project=project, settings=settings)
            embeddings.embed_new(encoder=encoder)
        elif name == "prepare":
            found = rounds.prepare(round_id=number)
        elif name == "score":
            rounds.score(shard_id=number)
        elif name == "finish":
            rounds.finish(round_id=number)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps({"seconds": time.perf_counter() - started, "peak_mb": round(peak), "found": found}),
        flush=True,
    )


class Worker:
    def __init__(self, steps: list[list[Any]], threads: int) -> None:
        command = [sys.executable, "-m", "benchmarks.active_round", "--worker", json.dumps(steps)]
        limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(
            command, cwd=common.ROOT, env={**os.environ, **limits}, text=True, **pipes
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def result(self) -> dict[str, Any]:
        out, _ = self.process.communicate("go\n")
        return dict(json.loads(out.splitlines()[-1]))


def in_workers(parts: list[list[list[Any]]], threads: int) -> tuple[float, list[dict[str, Any]]]:
    """These steps, each list in a worker of its own, all at once: (seconds from the word to the last, what each told)."""
    workers = [Worker(steps, threads) for steps in parts]
    started = time.perf_counter()
    for one in workers:
        assert one.process.stdin is not None
        one.process.stdin.write("go\n")
        one.process.stdin.flush()
    results = [one.result() for one in workers]
    return time.perf_counter() - started, results


def one_round(project: Any, processes: int) -> dict[str, Any]:
    from active.models import ModelVersion, Round
    from active.services import requests

    # What was learned from the same labels would be taken as it is.
    ModelVersion.objects.filter(project=project).update(data_sha256="")
    round = requests.request(project=project, by=project.created_by)
    prepare, (prepared,) = in_workers([[["prepare", round.pk]]], 2)
    shards = prepared["found"]
    score, scored = in_workers([[["score", pk] for pk in shards[n::processes]] for n in range(processes)], 1)
    finish, (finished,) = in_workers([[["finish", round.pk]]], 2)
    round = Round.objects.get(pk=round.pk)
    assert round.state == "done", (round.state, round.error)
    return {
        "workers": processes,
        "prepare_s": round_off(prepare),
        "score_s": round_off(score),
        "finish_s": round_off(finish),
        "round_s": round_off(prepare + score + finish),
        "worker_mb": max(one["peak_mb"] for one in [prepared, *scored, finished]),
        "shards": len(shards),
        "pool": round.pool,
        "chosen": round.chosen + round.explored + round.again,
        "accuracy": round.model.metrics["cross_validated"]["accuracy"]["value"] if round.model else None,
    }


def round_off(value: float) -> float:
    return round(value, 2)


def measured(options: Any) -> dict[str, Any]:
    with common.environment():
        common.setup_django()
        project = make(options.items, options.labeled)
        seconds, (embedded,) = in_workers([[["embed", project.pk]]], 2)
        result: dict[str, Any] = {
            "items": options.items,
            "labeled": options.labeled,
            "embedding": {
                "seconds": round_off(seconds),
                "peak_mb": embedded["peak_mb"],
                "per_second": round(options.items / seconds),
            },
            "rounds": [],
        }
        print("embedding", result["embedding"], flush=True)
        for processes in (1, 2) * options.repeats:
            result["rounds"].append(one_round(project, processes))
            print(result["rounds"][-1], flush=True)
        return result


def best(result: dict[str, Any], processes: int, key: str) -> float:
    values = sorted(one[key] for one in result["rounds"] if one["workers"] == processes)
    return float(values[len(values) // 2])


def picture(result: dict[str, Any]) -> Path:
    phases = {
        "embed what is new, train, calibrate": "prepare_s",
        "score every shard": "score_s",
        "choose and publish": "finish_s",
    }
    panels = [
        pictures.versus(
            "Seconds, two workers", {name: best(result, 2, key) for name, key in phases.items()}, {}, None
        ),
        pictures.versus(
            "A whole round, seconds",
            {f"{n} worker{'s' if n > 1 else ''}": best(result, n, "round_s") for n in (1, 2)},
            {},
            LIMITS["round_s"],
        ),
    ]
    title = f"A round over {result['items']:,} texts with {result['labeled']:,} labeled"
    return pictures.draw("active_round", title, panels)


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--labeled", type=int, default=1_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--worker", default="")
    options = parser.parse_args()
    if options.worker:
        worker(json.loads(options.worker))
        return
    common.finish("active_round", options, lambda: measured(options), picture)


if __name__ == "__main__":
    main()
