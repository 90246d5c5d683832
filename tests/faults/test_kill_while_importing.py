"""kill -9 of worker, PostgreSQL, Redis and web in the middle of an import: it goes on, and every row comes once."""

from __future__ import annotations

import http.client
import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.config.processes import wait_for
from tests.faults.system import System, running

pytestmark = pytest.mark.slow
ROWS = 1_500_000
EVERY = 1_000  # each so-manieth row is refused


def start_import(system: System, project: int, token: str) -> int:
    """Send rows as JSON Lines, as a script would."""
    lines = (
        f'{{"id": {n}, "text": "{"" if n % EVERY == 0 else f"words of row {n}"}"}}\n'
        for n in range(1, ROWS + 1)
    )
    connection = http.client.HTTPConnection("127.0.0.1", system.port, timeout=120)
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/x-ndjson"}
    connection.request(
        "POST",
        f"/api/v1/projects/{project}/imports/?key_field=id&dataset=big",
        "".join(lines).encode(),
        headers,
    )
    answer = connection.getresponse()
    said = json.loads(answer.read())
    connection.close()
    assert answer.status == 202, said
    return int(said["id"])


def progress(system: System, dataset: int) -> dict[str, Any]:
    """As the database has it; nothing while it is down."""
    try:
        ((state, read, imported, rejected),) = system.query(
            "SELECT state, rows_read, rows_imported, rows_rejected FROM annotation_dataset WHERE id = %s",
            dataset,
        )
    except Exception:
        return {"state": "unknown", "read": 0}
    return {"state": state, "read": read, "imported": imported, "rejected": rejected}


def reach(system: System, dataset: int, rows: int) -> int:
    """Wait until more than so many rows are committed, and the import is still under way."""
    wait_for(lambda: progress(system, dataset)["read"] > rows, seconds=90)
    found = progress(system, dataset)
    assert found["state"] == "running", found
    return int(found["read"])


def test_every_row_comes_once_whatever_is_killed(tmp_path: Path) -> None:
    with running(tmp_path) as system:
        seeded = system.seed(items=0, people=1, overlap=1)
        dataset = start_import(system, seeded["project"], seeded["manager"])
        read = 0
        for part in ("worker", "postgres", "web", "redis", "worker"):
            read = reach(system, dataset, read)
            system.kill(part)
            time.sleep(0.5)
        wait_for(lambda: progress(system, dataset)["state"] in {"done", "failed"}, seconds=150)

        assert progress(system, dataset) == {
            "state": "done", "read": ROWS, "imported": ROWS - ROWS // EVERY, "rejected": ROWS // EVERY,
        }  # fmt: skip
        ((items, first, last),) = system.query(
            "SELECT count(*), min(key::int), max(key::int) FROM annotation_item"
        )
        assert (items, first, last) == (ROWS - ROWS // EVERY, 1, ROWS - 1)
        ((rejected, distinct),) = system.query(
            "SELECT count(*), count(DISTINCT row) FROM annotation_rejection"
        )
        assert rejected == distinct == ROWS // EVERY
        wait_for(system.works, seconds=30)
