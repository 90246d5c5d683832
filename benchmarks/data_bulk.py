"""Bulk actions on all of a million items, and what ten thousand assigned turns cost the labeling loop.

python -m benchmarks.data_bulk [--items 1000000] [--answers 300000] [--dry | --redraw]
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks import answered, common, pictures


def bulk_rates(project: Any) -> dict[str, int]:
    """Items a second of bulk actions on all of a project."""
    from annotation.services import bulk

    project.memberships.exclude(role="owner").filter(user__username__startswith="person").update(
        paused_reason=""
    )
    people = list(project.memberships.filter(role="annotator").values_list("user__username", flat=True)[:3])
    found = {}
    asked: dict[str, dict[str, Any]] = {
        "tag": {"tag": "all of it"},
        "assign": {"people": people, "where": "state = open and id < 10000000"},
        "unassign": {},
    }
    for action, how in asked.items():
        job = bulk.create(project=project, by=project.created_by, action=action, **how)
        started = time.perf_counter()
        bulk.run(action_id=job.pk)
        took = time.perf_counter() - started
        job.refresh_from_db()
        found[action] = round(job.done / took)
        print(action, job.done, job.changed, round(took, 2), found[action], flush=True)
    return found


def turns(project: Any, *, assigned: int, rounds: int = 400) -> float:
    """Milliseconds of one submit with the next turn in the same transaction, by the services."""
    from annotation.services import answers, assigning, queue
    from tests.factories import make_member

    person = make_member(project)
    if assigned:
        ids = list(
            project.items.filter(state="open", open_slots__gt=0).values_list("pk", flat=True)[:assigned]
        )
        for start in range(0, len(ids), 500):
            assigning.assign(project=project, item_ids=ids[start : start + 500], people=[person.pk])
    turn = queue.next_leases(annotator=person, project=project).turns[0]
    took = []
    for n in range(rounds):
        given = answers.Answer({"sentiment": "positive"}, f"{person.pk}-{n}")
        started = time.perf_counter()
        receipt = answers.submit(annotator=person, lease_id=turn.id, given=given, next_count=1)
        took.append((time.perf_counter() - started) * 1000)
        assert receipt.next is not None
        turn = receipt.next.turns[0]
    return round(statistics.median(took), 3)


def picture(result: dict[str, Any]) -> Path:
    rates = {name: rate for name, rate in result["items_per_second"].items() if rate}
    panels = [
        pictures.Panel("Bulk actions, items a second", rates),
        pictures.Panel("Submit with the next turn, median, ms", result["turns"]),
    ]
    return pictures.draw("data_bulk", f"Bulk actions and assignments, {result['items']:,} items", panels)


def measured(options: Any) -> dict[str, Any]:
    with common.environment():
        common.setup_django()
        project = answered.make(items=options.items, answered=options.answers, each=2)
        loop = {
            "nothing assigned": turns(project, assigned=0),
            "10,000 assigned": turns(project, assigned=10_000),
        }
        print(loop, flush=True)
        rates = bulk_rates(project)
    return {"items": options.items, "answers": options.answers, "turns": loop, "items_per_second": rates}


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--answers", type=int, default=300_000)
    options = parser.parse_args()
    common.finish("data_bulk", options, lambda: measured(options), picture)


if __name__ == "__main__":
    main()
