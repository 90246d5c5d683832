"""The web process: from its command to the first page served, and its memory when it has served and rests.

    python -m benchmarks.starting [--repeats 7] [--dry | --redraw]

Started exactly as the demo does it, each time anew, on a database that is there.
"""

from __future__ import annotations

import http.client
import statistics
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks import common, pictures

LIMITS = {"start_s": 3, "memory_mb": 150}
OTHERS = {
    pictures.LABEL_STUDIO: {"start_s": 4.0, "memory_mb": 265},
    pictures.DOCCANO: {"start_s": 5.1, "memory_mb": 535},
}
# Libraries that belong into workers: none of their files may be mapped into the web process.
HEAVY = ("torch", "sklearn", "scipy", "matplotlib")
REST = 3  # seconds without a request before memory is read


def get(port: int, path: str, cookie: str = "") -> int:
    http_connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    http_connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
    response = http_connection.getresponse()
    response.read()
    http_connection.close()
    return response.status


def heavy(web: psutil.Process) -> list[str]:
    """Which of the heavy libraries the process has loaded, by the files that are mapped into it."""
    mapped = {entry.path for process in common.tree(web) for entry in process.memory_maps()}
    return [name for name in HEAVY if any(f"/site-packages/{name}/" in path for path in mapped)]


def once(env: dict[str, str], pages: list[str], cookie: str) -> dict[str, Any]:
    started = time.perf_counter()
    with common.server(env) as (port, web):
        assert get(port, "/login/") == 200
        seconds = time.perf_counter() - started
        first = common.memory_mb(common.tree(web))
        assert [get(port, page, cookie) for page in pages] == [200] * len(pages)
        time.sleep(REST)
        return {
            "start_s": round(seconds, 2),
            "memory_first_page_mb": round(first),
            "memory_mb": round(common.memory_mb(common.tree(web))),
            "heavy": heavy(web),
        }


def measured(repeats: int) -> dict[str, Any]:
    with common.environment() as env:
        common.collect_static(env)
        common.setup_django()
        from django.test import Client

        from annotation.models import Project
        from benchmarks.labeling import fill

        project = Project.objects.get(pk=fill(10_000, 1, 1)[0])
        client = Client()
        client.force_login(project.created_by, backend="django.contrib.auth.backends.ModelBackend")
        cookie = f"sessionid={client.cookies['sessionid'].value}"
        names = ("", "items/", "imports/", "schema/", "members/", "settings/", "history/", "export/")
        pages = ["/", "/api/schema/", *(f"/projects/{project.pk}/{name}" for name in names)]
        runs = [once(env, pages, cookie) for _ in range(repeats)]
    middle = {key: statistics.median(run[key] for run in runs) for key in LIMITS}
    return {**middle, "pages": len(pages), "runs": runs, "limits": LIMITS, "others": OTHERS}


def picture(result: dict[str, Any]) -> Path:
    titles = {"start_s": "From command to first page, s", "memory_mb": "Memory at rest, MB"}
    panels = [
        pictures.versus(
            title, {"": result[key]}, {name: found[key] for name, found in OTHERS.items()}, LIMITS[key]
        )
        for key, title in titles.items()
    ]
    return pictures.draw("starting", "The web process", panels)


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    common.finish("starting", options, lambda: measured(options.repeats), picture)


if __name__ == "__main__":
    main()
