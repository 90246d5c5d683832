"""Submit and next in one round trip over REST: throughput, latency, CPU, doubles, stuck items.

    python -m benchmarks.labeling [--items 100000] [--annotators 1 16] [--seconds 15] [--dry | --redraw]

The load comes from one process with blocking sockets and shares the machine with web and database.
"""

from __future__ import annotations

import http.client
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import orjson

from benchmarks import common, pictures

LIMITS: dict[str, Any] = {"per_second": 400, "cpu_ms_each": 4.5, "p95_ms": {1: 10, 16: 60}}
# Submit, then next: two requests, whose times are added.
OTHERS: dict[str, dict[str, Any]] = {
    pictures.LABEL_STUDIO: {"per_second": 9.2, "cpu_ms_each": 186, "p95_ms": {1: 156 + 100, 16: 1572 + 1244}},
    pictures.DOCCANO: {"per_second": 13.8, "p95_ms": {1: 133, 16: 1150}},
}
DOUBLES = {pictures.DOCCANO: "(97 % doubles)"}


def fill(items: int, people: int, overlap: int) -> tuple[int, list[str]]:
    """A project of short texts and annotators with tokens; the project's id and the tokens."""
    from django.db import connection

    from annotation.models import ApiToken
    from tests.factories import make_member, make_project

    project = make_project(annotations_per_item=overlap)
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO annotation_item (project_id, key, payload, digest, state, role, priority, wanted, answers,
                   open_slots, created_at)
               SELECT %s, 'key-' || n, jsonb_build_object('text', repeat('A short text to label. ', 8) || n),
                      decode(md5(n::text), 'hex'), 'open', 'pool', 0, %s, 0, %s, now() FROM generate_series(1, %s) n""",
            [project.pk, overlap, overlap, items],
        )
        cursor.execute("VACUUM ANALYZE")
    tokens = [ApiToken.objects.create(user=make_member(project), name="bench")[1] for _ in range(people)]
    return project.pk, tokens


class Annotator(threading.Thread):
    """Labels as fast as answers come back."""

    def __init__(self, port: int, project: int, token: str, until: float) -> None:
        super().__init__()
        self.port, self.project, self.token, self.until = port, project, token, until
        self.latencies: list[float] = []
        self.failures: list[str] = []

    def run(self) -> None:
        self.http = http.client.HTTPConnection("127.0.0.1", self.port)
        leases = self.post(f"/api/v1/projects/{self.project}/next/", {"count": 1})["leases"]
        while leases and time.monotonic() < self.until:
            lease = leases[0]["id"]
            begun = time.perf_counter()
            answer = {"answer": {"sentiment": "positive"}, "nonce": f"bench-{lease}", "next": 1}
            leases = self.post(f"/api/v1/leases/{lease}/submit/", answer)["leases"]
            self.latencies.append(time.perf_counter() - begun)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Token {self.token}", "Content-Type": "application/json"}
        self.http.request("POST", path, orjson.dumps(body), headers)
        response = self.http.getresponse()
        text = response.read()
        if response.status not in {200, 201}:
            self.failures.append(f"{response.status} {text[:200]!r}")
            return {"leases": []}
        return orjson.loads(text)


def load(port: int, project: int, tokens: list[str], seconds: float) -> dict[str, Any]:
    """Run these annotators in a process of their own; its latencies and failures."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.labeling",
        "--load",
        str(port),
        str(project),
        str(seconds),
        *tokens,
    ]
    done = subprocess.run(command, cwd=common.ROOT, capture_output=True, check=True)
    return orjson.loads(done.stdout)


def run_load(port: int, project: int, seconds: float, tokens: list[str]) -> None:
    until = time.monotonic() + seconds
    people = [Annotator(port, project, token, until) for token in tokens]
    begun = time.monotonic()
    for person in people:
        person.start()
    for person in people:
        person.join()
    print(
        orjson.dumps(
            {
                "seconds": time.monotonic() - begun,
                "latencies": [value for person in people for value in person.latencies],
                "failures": [text for person in people for text in person.failures][:5],
            }
        ).decode()
    )


def measure(env: dict[str, str], items: int, people: int, seconds: float, overlap: int) -> dict[str, Any]:
    from tests.invariants import WRONG

    project, tokens = fill(items, people, overlap)
    with common.server(env) as (port, web):
        load(port, project, tokens, 2)
        postmaster = common.postgres()
        before = common.cpu_seconds(common.tree(web)), common.cpu_seconds(common.tree(postmaster))
        done = load(port, project, tokens, seconds)
        used = (
            common.cpu_seconds(common.tree(web)) - before[0],
            common.cpu_seconds(common.tree(postmaster)) - before[1],
        )
        memory = common.memory_mb(common.tree(web))
    latencies = done["latencies"]
    return {
        "items": items,
        "annotators": people,
        "overlap": overlap,
        "answers": len(latencies),
        "per_second": round(len(latencies) / done["seconds"], 1),
        "cpu_ms_each": round(sum(used) / len(latencies) * 1000, 2),
        "cpu_ms_web": round(used[0] / len(latencies) * 1000, 2),
        "cpu_ms_database": round(used[1] / len(latencies) * 1000, 2),
        "p50_ms": round(common.quantile(latencies, 0.5) * 1000, 1),
        "p95_ms": round(common.quantile(latencies, 0.95) * 1000, 1),
        "failures": done["failures"],
        "web_memory_mb": round(memory),
        **integrity(WRONG, project, overlap),
    }


def integrity(wrong: str, project: int, overlap: int) -> dict[str, int]:
    """Items answered too often, and items whose counters do not add up."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT item_id FROM annotation_annotation WHERE project_id = %s"
            " GROUP BY item_id HAVING count(*) > %s) x",
            [project, overlap],
        )
        doubles = cursor.fetchone()[0]
        cursor.execute(wrong, [project])
        return {"doubles": doubles, "stuck": len(cursor.fetchall())}


def picture(result: dict[str, Any]) -> Path:
    """Medians of the repeated runs with one answer per item."""

    def ours(key: str, people: int) -> dict[str, float]:
        found: dict[str, list[float]] = {}
        for run in result["runs"]:
            if run["annotators"] == people and run["overlap"] == 1:
                found.setdefault(f"{run['items']:,} items", []).append(run[key])
        return {size: statistics.median(values) for size, values in found.items()}

    def others(key: str, people: int | None = None) -> dict[str, float]:
        found = {name: values[key] for name, values in OTHERS.items() if key in values}
        return found if people is None else {name: values[people] for name, values in found.items()}

    panels = [
        pictures.versus(
            "Answers per second, 16 annotators",
            ours("per_second", 16),
            others("per_second"),
            LIMITS["per_second"],
            at_least=True,
            notes=DOUBLES,
        ),
        pictures.versus(
            "CPU of each, ms, web and database",
            ours("cpu_ms_each", 16),
            others("cpu_ms_each"),
            LIMITS["cpu_ms_each"],
        ),
        *(
            pictures.versus(
                f"95th percentile, ms, {people} annotator{'s' if people > 1 else ''}",
                ours("p95_ms", people),
                others("p95_ms", people),
                limit,
            )
            for people, limit in LIMITS["p95_ms"].items()
        ),
    ]
    wrong = sum(run["doubles"] + run["stuck"] + len(run["failures"]) for run in result["runs"])
    title = f"Submit and next in one round trip over REST, {wrong} items given twice, stuck or failed"
    return pictures.draw("labeling", title, panels)


def measured(options: Any) -> dict[str, Any]:
    with common.environment() as env:
        common.setup_django()
        runs = [
            measure(env, items, people, options.seconds, overlap)
            for _ in range(options.repeats)
            for items in options.items
            for people in options.annotators
            for overlap in options.overlap
        ]
    return {"runs": runs, "limits": LIMITS, "others": OTHERS}


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--items", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--annotators", type=int, nargs="+", default=[1, 16])
    parser.add_argument("--overlap", type=int, nargs="+", default=[1])
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    common.finish("labeling", options, lambda: measured(options), picture)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--load"]:
        run_load(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), sys.argv[5:])
    else:
        main()
