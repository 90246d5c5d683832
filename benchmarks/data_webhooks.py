"""What webhooks cost those who do not use them: answers and imports with the triggers and without them; and how many messages
a worker delivers.

python -m benchmarks.data_webhooks [--answers 2000] [--rounds 20] [--dry | --redraw]
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil

from benchmarks import answered, common, importing, pictures

LIMITS = {"cost_percent": 2.0}
# The tables whose triggers tell what happens.
TRIGGERS = {
    "annotation_annotation": ["answers_told"],
    "annotation_item": ["resolved_told", "disputed_told"],
    "annotation_dataset": ["end_told"],
}
IMPORTED = 100_000
# Statements are planned anew once triggers change.
WARM = 30
ANSWERS = """
INSERT INTO annotation_annotation (project_id, item_id, annotator_id, schema_id, answer, nonce, origin, created_at)
SELECT i.project_id, i.id, %s, %s, '{"sentiment": "positive"}', i.id::text, 'imported', now()
FROM annotation_item i WHERE i.project_id = %s ORDER BY i.id LIMIT %s
"""
MESSAGES = 1_000


@contextmanager
def without_triggers() -> Iterator[None]:
    from django.db import connection

    def switch(verb: str) -> None:
        with connection.cursor() as cursor:
            for table, names in TRIGGERS.items():
                for name in names:
                    cursor.execute(f"ALTER TABLE {table} {verb} TRIGGER {name}")

    switch("DISABLE")
    try:
        yield
    finally:
        switch("ENABLE")


def spent() -> float:
    """Seconds of processor that this process and its backend have used: other work on the machine makes them wait, but counts
    little."""
    from django.db import connection

    connection.ensure_connection()
    backend = psutil.Process(connection.connection.info.backend_pid)
    return common.cpu_seconds([psutil.Process(), backend])


def answer(project: Any, person: Any, count: int) -> float:
    """Microseconds for one answer: the next item, and the answer to it, as the labeling page does in one request."""
    from annotation.services import answers, queue

    [turn] = queue.next_leases(annotator=person, project=project).turns
    for number in range(-WARM, count):
        if number == 0:
            before = spent()
        given = answers.Answer({"sentiment": "positive"}, f"{time.time_ns()}-{number}", 1.0)
        made = answers.submit(annotator=person, lease_id=turn.id, given=given, next_count=1)
        assert made.next is not None
        [turn] = made.next.turns
    used = spent() - before
    queue.release(project=project, annotator=person)
    return used / count * 1e6


def bring(path: Path) -> float:
    """Microseconds for one row of an import."""
    from annotation.services import import_run

    dataset = importing.upload(path, "id")
    before = spent()
    import_run.run(dataset_id=dataset)
    return (spent() - before) / IMPORTED * 1e6


def bring_answers(project: Any) -> float:
    """Microseconds for one answer of an import, in one statement."""
    from django.db import connection, transaction

    before = spent()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(ANSWERS, [project.created_by_id, project.schema_id, project.pk, IMPORTED])
        transaction.set_rollback(True)
    return (spent() - before) / IMPORTED * 1e6


def compared(rounds: int, work: Any) -> dict[str, Any]:
    """Both ways in turn, so that what else happens on the machine happens to both."""
    found: dict[str, list[float]] = {"with": [], "without": []}
    work()
    for _ in range(rounds):
        found["with"].append(work())
        with without_triggers():
            found["without"].append(work())
    print(found, flush=True)
    usual = {name: statistics.median(times) for name, times in found.items()}
    return {
        "cpu_us_with": round(usual["with"], 2),
        "cpu_us_without": round(usual["without"], 2),
        "cost_percent": round((usual["with"] / usual["without"] - 1) * 100, 2),
        "each_round": {name: [round(one, 1) for one in times] for name, times in found.items()},
    }


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def delivered(project: Any) -> dict[str, Any]:
    """Messages a second from one worker to one receiver on this machine."""
    from annotation.services import deliveries, webhooks

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made = webhooks.create(
        project=project, by=project.created_by, url=f"http://127.0.0.1:{server.server_port}/"
    )
    for _ in range(MESSAGES):
        webhooks.ping(webhook=made, by=project.created_by)
    started = time.perf_counter()
    count = 0
    while arrived := deliveries.deliver(webhook_id=made.pk):
        count += arrived
    seconds = time.perf_counter() - started
    server.shutdown()
    assert count == MESSAGES
    webhooks.remove(webhook=made, by=project.created_by)
    return {"messages": count, "messages_per_second": round(count / seconds)}


def picture(result: dict[str, Any]) -> Path:
    panels = [
        pictures.Panel(
            f"Processor time of {name}, µs",
            {"with": run["cpu_us_with"], "without": run["cpu_us_without"]},
            notes={"with": f"({run['cost_percent']:+.1f} %)"},
        )
        for name, run in result["results"].items()
    ]
    return pictures.draw("data_webhooks", "What webhooks cost a project that has none", panels)


def measured(options: Any) -> dict[str, Any]:
    with common.environment() as env:
        common.setup_django()
        from django.conf import settings

        from annotation.models import Membership, User

        settings.WEBHOOK_ALLOW_PRIVATE = True
        project = answered.make(
            items=max(IMPORTED, (options.rounds * 2 + 2) * (options.answers + 100)), answered=0
        )
        person = User.objects.create_user("labeler", password="unused-1-password")
        Membership.objects.create(project=project, user=person, role="annotator")
        path = Path(env["QUERENT_DATA_DIR"]) / "rows.jsonl"
        importing.write_file(path, IMPORTED)
        results = {
            "an answer": compared(options.rounds, lambda: answer(project, person, options.answers)),
            "a row of an import": compared(max(3, options.rounds // 4), lambda: bring(path)),
            "an answer of an import": compared(options.rounds, lambda: bring_answers(project)),
        }
        return {"results": results, "delivering": delivered(project), "limits": LIMITS}


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--answers", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    common.finish("data_webhooks", options, lambda: measured(options), picture)


if __name__ == "__main__":
    main()
