"""Export answers over HTTP: rows per second, time to the first byte, and the memory of the web process.

python -m benchmarks.exporting [--rows 100000 1000000] [--rounds 3] [--dry | --redraw]
"""

from __future__ import annotations

import http.client
import statistics
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks import answered, common, pictures

LIMITS = {"rows_per_second": 150_000}
OTHERS = {
    pictures.LABEL_STUDIO: {"rows_per_second": 475, "web_memory_peak_mb": 724},
    pictures.DOCCANO: {"rows_per_second": 21_000, "web_memory_peak_mb": 741},
}

CASES = {
    "JSON lines": "format=jsonl",
    "CSV": "format=csv",
    "JSON lines, one for each item": "format=jsonl&per=item",
    "JSON lines, gzip": "format=jsonl",
}


def fetch(port: int, path: str, token: str, *, gzip: bool) -> dict[str, float]:
    """Read the whole file as fast as it comes and throw it away."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    headers = {"Authorization": f"Token {token}"} | ({"Accept-Encoding": "gzip"} if gzip else {})
    started = time.perf_counter()
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    assert response.status == 200, response.read()
    first, size, lines = None, 0, 0
    while block := response.read(256 * 1024):
        first = first or time.perf_counter() - started
        size += len(block)
        lines += block.count(b"\n")
    seconds = time.perf_counter() - started
    connection.close()
    return {"seconds": seconds, "first": first or seconds, "bytes": size, "lines": lines}


class Peak(threading.Thread):
    """The largest memory of these processes while it runs."""

    def __init__(self, process: Any) -> None:
        super().__init__(daemon=True)
        self.process, self.peak, self.stop = process, 0.0, threading.Event()

    def run(self) -> None:
        while not self.stop.wait(0.1):
            self.peak = max(self.peak, common.memory_mb(common.tree(self.process)))


def measure(env: dict[str, str], project: Any, rows: int, rounds: int) -> list[dict[str, Any]]:
    from annotation.models import ApiToken

    token = ApiToken.objects.create(project.created_by)[1]
    found = []
    with common.server(env) as (port, web):
        path = f"/api/v1/projects/{project.pk}/annotations/"
        fetch(port, f"{path}?annotator=person1", token, gzip=False)
        idle = common.memory_mb(common.tree(web))
        postmaster = common.postgres()
        for name, query in CASES.items():
            peak = Peak(web)
            peak.start()
            before = (common.cpu_seconds(common.tree(web)), common.cpu_seconds(common.tree(postmaster)))
            runs = [fetch(port, f"{path}?{query}", token, gzip="gzip" in name) for _ in range(rounds)]
            used = (
                common.cpu_seconds(common.tree(web)) - before[0],
                common.cpu_seconds(common.tree(postmaster)) - before[1],
            )
            peak.stop.set()
            peak.join()
            found.append(
                {
                    "rows": rows,
                    "case": name,
                    "rows_per_second": round(rows / statistics.median(run["seconds"] for run in runs)),
                    "rows_per_second_of_each_round": [round(rows / run["seconds"]) for run in runs],
                    "first_byte_ms": round(statistics.median(run["first"] for run in runs) * 1000, 1),
                    "megabytes": round(runs[0]["bytes"] / 2**20, 1),
                    "web_cpu_us_per_row": round(used[0] / rounds / rows * 1e6, 2),
                    "database_cpu_us_per_row": round(used[1] / rounds / rows * 1e6, 2),
                    "web_memory_idle_mb": round(idle),
                    "web_memory_peak_mb": round(peak.peak),
                }
            )
            print(found[-1], flush=True)
    return found


def picture(result: dict[str, Any]) -> Path:
    def others(key: str) -> dict[str, float]:
        return {f"{name}, 100,000": values[key] for name, values in OTHERS.items()}

    def ours(key: str) -> dict[str, float]:
        return {
            f"{run['case']}, {run['rows']:,}": run[key]
            for run in result["runs"]
            if "each item" not in run["case"]
        }

    speed = pictures.versus(
        "Rows per second",
        ours("rows_per_second"),
        others("rows_per_second"),
        LIMITS["rows_per_second"],
        at_least=True,
    )
    grown = {
        f"{pictures.OURS}, {name}": f"(idle {run['web_memory_idle_mb']})"
        for name, run in ((f"{run['case']}, {run['rows']:,}", run) for run in result["runs"])
    }
    memory = pictures.versus(
        "Memory of the web process, MB",
        ours("web_memory_peak_mb"),
        others("web_memory_peak_mb"),
        None,
        notes=grown,
    )
    return pictures.draw("exporting", "Export of answers over HTTP", [speed, memory])


def measured(options: Any) -> dict[str, Any]:
    with common.environment() as env:
        common.setup_django()
        runs = []
        for rows in options.rows:
            project = answered.make(items=rows, answered=rows)
            runs += measure(env, project, rows, options.rounds)
    return {"runs": runs, "limits": LIMITS, "others": OTHERS}


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    common.finish("exporting", options, lambda: measured(options), picture)


if __name__ == "__main__":
    main()
