"""The data table page at a million items with three filters, and the hot path with and without assignments.

python -m benchmarks.data_table [--items 1000000] [--answers 300000] [--rounds 30] [--dry | --redraw]
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks import answered, browsing, common, pictures

LIMITS = {"page_p95_ms": 100, "search_p95_ms": 150}
COLUMNS = [
    "meta.text", "state", "said", "given", "annotators", "tags", "consensus", "confidence", "agreement",
    "assigned", "dataset", "created", "reason", "round",
]  # fmt: skip


def cases(project: Any) -> dict[str, dict[str, Any]]:
    frequent, rare = browsing.words(project)
    return {
        "all items": {},
        "three filters": {"where": "state = resolved and label.sentiment = positive and annotator = person3"},
        "three filters, rare": {
            "where": "state = disputed and label.sentiment = unsure and annotator = person3"
        },
        "and, or, not": {
            "where": "(state = disputed or flagged) and not label.sentiment = negative and tag = odd"
        },
        "rare tag": {"where": "tag = odd"},
        "full text, frequent": {"q": f"{frequent} "},
        "full text, rare": {"q": f"{rare} "},
        "full text, three filters": {
            "q": frequent,
            "where": "state = resolved and label.sentiment = positive and annotator = person3",
        },
    }


def pages(project: Any, rounds: int) -> list[dict[str, Any]]:
    from django.test import Client

    client = Client()
    client.force_login(project.created_by)
    found = []
    for name, query in cases(project).items():
        usual = f"/projects/{project.pk}/items/?{urlencode(query)}"
        every = usual + "".join(f"&column={column}" for column in COLUMNS)
        line: dict[str, Any] = {"filter": name}
        for kind, address in (("usual", usual), ("all_columns", every)):
            browsing.timed(client, address, 2)
            took, body = browsing.timed(client, address, rounds)
            line[f"{kind}_p50_ms"] = round(common.quantile(took, 0.5), 1)
            line[f"{kind}_p95_ms"] = round(common.quantile(took, 0.95), 1)
            line["rows"] = body.count(b"row-link")
        found.append(line)
        print(line, flush=True)
    return found


def tag_some(project: Any) -> None:
    from django.db import connection

    from annotation.services import tags

    tag = tags.ensure(project=project, by=project.created_by, name="odd")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO annotation_itemtag (tag_id, item_id) SELECT %s, id FROM annotation_item"
            " WHERE project_id = %s AND id %% 97 = 0 ON CONFLICT DO NOTHING",
            [tag.pk, project.pk],
        )


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
    titles = {"usual_p95_ms": "Usual columns, p95, ms", "all_columns_p95_ms": "Fourteen columns, p95, ms"}
    panels = [
        pictures.Panel(title, {case["filter"]: case[key] for case in result["pages"]})
        for key, title in titles.items()
    ]
    return pictures.draw("data_table", f"The data table page, {result['items']:,} items", panels)


def measured(options: Any) -> dict[str, Any]:
    with common.environment() as env:
        common.collect_static(env)
        common.setup_django()
        from django.conf import settings

        settings.ALLOWED_HOSTS = ["*"]
        project = answered.make(items=options.items, answered=options.answers, each=2, words=True)
        tag_some(project)
        listed = pages(project, options.rounds)
        loop = {
            "turn_p50_ms": turns(project, assigned=0),
            "turn_with_10000_assigned_p50_ms": turns(project, assigned=10_000),
        }
        print(loop, flush=True)
        rates = bulk_rates(project) if options.bulk else {}
    return {
        "items": options.items,
        "answers": options.answers,
        "pages": listed,
        "limits": LIMITS,
        **loop,
        "bulk_items_per_second": rates,
    }


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--answers", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--bulk", action="store_true", help="also bulk actions on all items")
    options = parser.parse_args()
    common.finish("data_table", options, lambda: measured(options), picture)


if __name__ == "__main__":
    main()
