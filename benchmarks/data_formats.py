"""Download a snapshot over HTTP in every format: rows per second, time to the first byte, memory of the web process.

python -m benchmarks.data_formats [--rows 1000000] [--rounds 2] [--formats jsonl csv ...] [--dry | --redraw]
"""

from __future__ import annotations

import http.client
import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks import answered, common, pictures
from benchmarks.exporting import OTHERS, Peak

LIMITS = {"rows_per_second": 100_000}


def fetch(port: int, place: str, token: str, span: str = "") -> dict[str, float]:
    """Read a file, or a part of it, as fast as it comes and throw it away."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    headers = {"Authorization": f"Token {token}"} | ({"Range": span} if span else {})
    started = time.perf_counter()
    connection.request("GET", place, headers=headers)
    response = connection.getresponse()
    assert response.status in {200, 206}, response.read()
    first, size = 0.0, 0
    while block := response.read(256 * 1024):
        first = first or time.perf_counter() - started
        size += len(block)
    connection.close()
    return {"seconds": time.perf_counter() - started, "first": first, "bytes": size}


def snapshot(project: Any, rows: str) -> Any:
    """One that is made in this process, with a split, as a worker would."""
    from annotation.models import Snapshot
    from annotation.services import snapshots
    from annotation.services.snapshot_choices import Choice
    from annotation.snapshots import making

    made = snapshots.create(project=project, by=project.created_by, choice=Choice(rows=rows))
    making.run(snapshot_id=made.pk)
    found = Snapshot.objects.get(pk=made.pk)
    assert found.state == "done", found.error
    return found


def measure(port: int, web: Any, token: str, found: Any, name: str, rounds: int) -> dict[str, Any]:
    place = f"/api/v1/snapshots/{found.pk}/download/?format={name}"
    idle = common.memory_mb(common.tree(web))
    peak = Peak(web)
    peak.start()
    before = common.cpu_seconds(common.tree(web))
    runs = [fetch(port, place, token) for _ in range(rounds)]
    used = common.cpu_seconds(common.tree(web)) - before
    peak.stop.set()
    peak.join()
    # The last kilobyte, of which only the row group that it is in is made.
    last = fetch(port, place, token, "bytes=-1000")
    rows = found.row_count
    told = {
        "rows": rows,
        "of": found.rows,
        "format": name,
        "rows_per_second": round(rows / statistics.median(run["seconds"] for run in runs)),
        "rows_per_second_of_each_round": [round(rows / run["seconds"]) for run in runs],
        "first_byte_ms": round(statistics.median(run["first"] for run in runs) * 1000, 1),
        "last_kilobyte_ms": round(last["seconds"] * 1000, 1),
        "megabytes": round(runs[0]["bytes"] / 2**20, 1),
        "web_cpu_us_per_row": round(used / rounds / rows * 1e6, 2),
        "web_memory_before_mb": round(idle),
        "web_memory_peak_mb": round(peak.peak),
    }
    print(told, flush=True)
    return told


def measured(options: Any) -> dict[str, Any]:
    with common.environment() as env:
        common.setup_django()
        from annotation.formats.registry import FORMATS
        from annotation.models import ApiToken

        project = answered.make(items=options.rows, answered=options.rows)
        token = ApiToken.objects.create(project.created_by)[1]
        runs = []
        for rows in ("consensus", "annotations"):
            found = snapshot(project, rows)
            names = options.formats or list(FORMATS)
            for name in (
                names if rows == "consensus" else [name for name in names if name in ("jsonl", "csv")]
            ):
                # A web process of its own each time: what one format loads is not counted for the next.
                with common.server(env) as (port, web):
                    fetch(port, f"/api/v1/snapshots/{found.pk}/formats/", token)
                    runs.append(measure(port, web, token, found, name, options.rounds))
    return {"runs": runs, "limits": LIMITS, "others": OTHERS}


def picture(result: dict[str, Any]) -> Path:
    runs = {
        f"{run['format']}{', answers' if run['of'] == 'annotations' else ''}": run
        for run in result["runs"]
        # These are no conversions of rows.
        if run["format"] not in {"parquet", "label_studio_xml"}
    }

    def others(key: str) -> dict[str, float]:
        return {f"{name}, 100,000": values[key] for name, values in OTHERS.items()}

    speed = pictures.versus(
        "Rows per second",
        {name: run["rows_per_second"] for name, run in runs.items()},
        others("rows_per_second"),
        LIMITS["rows_per_second"],
        at_least=True,
    )
    memory = pictures.versus(
        "Memory of the web process, MB",
        {name: run["web_memory_peak_mb"] for name, run in runs.items()},
        others("web_memory_peak_mb"),
        None,
        notes={
            f"{pictures.OURS}, {name}": f"(before {run['web_memory_before_mb']})"
            for name, run in runs.items()
        },
    )
    return pictures.draw("data_formats", "Download of a snapshot over HTTP", [speed, memory])


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--formats", nargs="*", default=[])
    options = parser.parse_args()
    common.finish("data_formats", options, lambda: measured(options), picture)


if __name__ == "__main__":
    main()
