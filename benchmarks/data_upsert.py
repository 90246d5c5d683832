"""Items and predictions over REST, 10,000 rows a call: rows per second over HTTP, into a project that is large already.

python -m benchmarks.data_upsert [--rows 200000] [--there 200000] [--dry | --redraw]
"""

from __future__ import annotations

import http.client
import itertools
import json
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks import common, importing, pictures
from benchmarks.exporting import Peak

LIMITS = {"rows_per_second": 20_000}
A_CALL = 10_000
QUESTION = {
    "name": "topic",
    "type": "single_choice",
    "title": "Topic",
    "required": True,
    "labels": [{"value": name, "title": name} for name in ("news", "sport", "weather", "other")],
}
_NUMBERS = itertools.count()


def make_project() -> Any:
    from annotation.models import Schema
    from annotation.questions import normalize_questions

    project = importing.make_project()
    fields = [{"name": "text", "type": "text", "title": "Text"}]
    project.schema = Schema.objects.create(
        project=project,
        version=2,
        fields=fields,
        questions=normalize_questions([QUESTION]),
        created_by=project.created_by,
    )
    project.save()
    return project


def bodies(rows: list[dict[str, Any]]) -> Iterator[bytes]:
    for first in range(0, len(rows), A_CALL):
        part = rows[first : first + A_CALL]
        yield b"".join(json.dumps(row).encode() + b"\n" for row in part)


def items(count: int, **more: Any) -> list[dict[str, Any]]:
    return [
        {"key": f"row-{next(_NUMBERS):08}", "payload": {"text": text, "source": "generated"}, **more}
        for text in importing.texts(count)
    ]


def said(version: str) -> dict[str, Any]:
    return {"question": "topic", "value": "news", "confidence": 0.8, "source": "bench", "version": version}


class Client:
    """One connection that is kept, as a program has it."""

    def __init__(self, port: int, path: str, token: str) -> None:
        self._port, self._path = port, path
        self._headers = {"Authorization": f"Token {token}", "Content-Type": "application/x-ndjson"}

    def send(self, parts: list[bytes], expected: str, query: str = "") -> list[float]:
        """Seconds of each call; all rows of all of them must become what is expected."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        seconds = []
        for body in parts:
            started = time.perf_counter()
            connection.request("POST", self._path + query, body=body, headers=self._headers)
            answer = connection.getresponse()
            said = json.loads(answer.read())
            seconds.append(time.perf_counter() - started)
            assert answer.status == 200, said
            summary = said["summary"]
            assert summary[expected] == summary["rows"], summary
        connection.close()
        return seconds


def measure(client: Client, web: Any, parts: list[bytes], expected: str, **how: Any) -> dict[str, Any]:
    clients, query = how.get("clients", 1), how.get("query", "")
    rows = sum(part.count(b"\n") for part in parts)
    database = common.postgres()
    peak = Peak(web)
    peak.start()
    before = common.cpu_seconds(common.tree(web)), common.cpu_seconds(common.tree(database))
    started = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        calls = list(pool.map(lambda n: client.send(parts[n::clients], expected, query), range(clients)))
    seconds = time.perf_counter() - started
    used = (
        common.cpu_seconds(common.tree(web)) - before[0],
        common.cpu_seconds(common.tree(database)) - before[1],
    )
    peak.stop.set()
    peak.join()
    return {
        "rows": rows,
        "rows_per_second": round(rows / seconds),
        "median_call_ms": round(statistics.median(call for one in calls for call in one) * 1000),
        "web_cpu_us_per_row": round(used[0] / rows * 1e6, 1),
        "database_cpu_us_per_row": round(used[1] / rows * 1e6, 1),
        "web_memory_peak_mb": round(peak.peak),
    }


def cases(port: int, web: Any, project: Any, token: str, rows: int) -> dict[str, Any]:
    base = f"/api/v1/projects/{project.pk}"
    push, predict = (Client(port, f"{base}/{what}/", token) for what in ("items", "predictions"))
    new = items(rows)
    parts = list(bodies(new))
    # The first call of a process loads what it needs.
    push.send(list(bodies(items(100))), "created")
    found = {
        "new items": measure(push, web, parts, "created"),
        "the same again": measure(push, web, parts, "unchanged"),
    }
    changed = [{**row, "payload": {**row["payload"], "source": "changed"}} for row in new[: rows // 4]]
    found["other content"] = measure(
        push, web, list(bodies(changed)), "updated", query="?on_change=update&report=faults"
    )
    with_said = list(bodies(items(rows // 4, predictions=[said("1")])))
    found["new items with a prediction each"] = measure(push, web, with_said, "created")
    rows_said = list(bodies([{"key": row["key"], **said("2")} for row in new]))
    found["predictions by key"] = measure(predict, web, rows_said, "created")
    found["predictions again"] = measure(predict, web, rows_said, "unchanged")
    parallel = list(bodies(items(rows)))
    found["new items, two clients"] = measure(push, web, parallel, "created", clients=2)
    for name, run in found.items():
        print(name, run, flush=True)
    return found


def fill(project: Any, there: int) -> None:
    """So many items that are there already, as a file brings them."""
    from annotation.services import pushes
    from annotation.services.pushes import Choices

    rows = items(there)
    for first in range(0, there, A_CALL):
        pushes.push(
            project=project,
            by=project.created_by,
            rows=rows[first : first + A_CALL],
            choices=Choices(dataset="before"),
        )


def picture(result: dict[str, Any]) -> Path:
    ours = {name: run["rows_per_second"] for name, run in result["results"].items()}
    panel = pictures.versus("Rows per second", ours, {}, LIMITS["rows_per_second"], at_least=True)
    return pictures.draw("data_upsert", "Items and predictions over REST, 10,000 rows a call", [panel])


def measured(options: Any) -> dict[str, Any]:
    with common.environment() as env:
        common.setup_django()
        from annotation.models import ApiToken

        project = make_project()
        fill(project, options.there)
        token = ApiToken.objects.create(project.created_by)[1]
        with common.server(env) as (port, web):
            found = cases(port, web, project, token, options.rows)
    return {"items_there_before": options.there, "results": found, "limits": LIMITS}


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--there", type=int, default=200_000)
    options = parser.parse_args()
    common.finish("data_upsert", options, lambda: measured(options), picture)


if __name__ == "__main__":
    main()
