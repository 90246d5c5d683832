"""The data table at a million items: how long each filter takes, first page, deep page and count, over HTTP.

python -m benchmarks.browsing [--items 1000000] [--answers 300000] [--rounds 20] [--dry | --redraw]
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks import answered, common, pictures


def cases(project: Any) -> dict[str, dict[str, Any]]:
    first, second = project.datasets.order_by("pk").values_list("pk", flat=True)
    frequent, rare = words(project)
    positive, unsure = {"answer": "sentiment:positive"}, {"answer": "sentiment:unsure"}
    return {
        "all items": {},
        "state": {"state": "resolved"},
        "rare state": {"state": "disputed"},
        "no such state": {"state": "retired"},
        "dataset": {"dataset": second},
        "dataset without answers, state": {"dataset": first, "state": "resolved"},
        "label": positive,
        "rare label": unsure,
        "question answered": {"answer": "topics:"},
        "person": {"annotator": "person3"},
        "person, label": {"annotator": "person3", **positive},
        "person, rare label": {"annotator": "person3", **unsure},
        "flagged": {"flagged": 1},
        "flagged, label": {"flagged": 1, **positive},
        "frequent word": {"q": f"{frequent} "},
        "rare word": {"q": f"{rare} "},
        "unknown word": {"q": "zzzzzzzz "},
        "beginning of a word": {"q": frequent[:2]},
        "two words": {"q": f"{frequent} {rare}"},
        "phrase": {"q": f'"{frequent} {frequent}"'},
        "excluded word": {"q": f"-{frequent} "},
        "word, state": {"q": frequent, "state": "disputed"},
        "word, label": {"q": frequent, **positive},
        "word, rare label": {"q": frequent, **unsure},
        "word, person, label, state": {
            "q": frequent,
            "annotator": "person3",
            "state": "resolved",
            **positive,
        },
    }


def words(project: Any) -> tuple[str, str]:
    """One of the most frequent and one of the rarest words."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT word FROM ts_stat('SELECT words FROM annotation_itemtext WHERE item_id % 50 = 0')"
            " WHERE length(word) > 4 AND word !~ '^[0-9]' ORDER BY ndoc DESC"
        )
        found = [row[0] for row in cursor.fetchall()]
    return found[0], found[-1]


def timed(client: Any, path: str, rounds: int) -> tuple[list[float], bytes]:
    took, body = [], b""
    for _ in range(rounds):
        started = time.perf_counter()
        response = client.get(path, headers={"HX-Request": "true"})
        took.append((time.perf_counter() - started) * 1000)
        assert response.status_code == 200, (path, response.status_code)
        body = response.content
    return took, body


def measure(project: Any, rounds: int) -> list[dict[str, Any]]:
    from django.http import QueryDict
    from django.test import Client

    from annotation.models import Item
    from annotation.pages.item_filters import address_of, renewed

    client = Client()
    client.force_login(project.created_by)
    middle = Item.objects.filter(project=project).order_by("pk")[project.items.count() * 4 // 5].pk
    found = []
    for name, filters in cases(project).items():
        query = QueryDict(urlencode(filters))
        address = renewed(query) or address_of(query)
        path = f"/projects/{project.pk}/items/{address.query() or '?'}"
        first, body = timed(client, path, rounds)
        deep, _ = timed(client, f"{path}&after={middle}", rounds)
        found.append(
            {
                "filter": name,
                "rows": body.count(b"row-link"),
                "first_page_p50_ms": round(common.quantile(first, 0.5), 1),
                "first_page_p95_ms": round(common.quantile(first, 0.95), 1),
                "deep_page_p95_ms": round(common.quantile(deep, 0.95), 1),
            }
        )
        print(found[-1], flush=True)
    return found


def picture(result: dict[str, Any]) -> Path:
    titles = {
        "first_page_p95_ms": "First page with its count, p95, ms",
        "deep_page_p95_ms": "Page at four fifths, p95, ms",
    }
    panels = [
        pictures.Panel(title, {case["filter"]: case[key] for case in result["filters"]})
        for key, title in titles.items()
    ]
    return pictures.draw("browsing", f"The data table, {result['items']:,} items", panels)


def measured(options: Any) -> dict[str, Any]:
    with common.environment() as env:
        common.collect_static(env)
        common.setup_django()
        from django.conf import settings

        settings.ALLOWED_HOSTS = ["*"]
        # Another project before it, so that no query may count on its items coming first.
        answered.make(items=options.items // 5, answered=options.answers // 5, words=True)
        project = answered.make(items=options.items, answered=options.answers, each=2, words=True)
        runs = measure(project, options.rounds)
    return {"items": options.items, "answers": options.answers, "filters": runs}


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--answers", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    common.finish("browsing", options, lambda: measured(options), picture)


if __name__ == "__main__":
    main()
