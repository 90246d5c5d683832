"""The data table at a million items: how long its pages take with filters of every kind, the first page with its count, a page
deep inside, and the first with every column.

python -m benchmarks.data_table [--items 1000000] [--answers 300000] [--rounds 20] [--dry | --redraw]
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil

from benchmarks import answered, common, pictures

LIMITS = {"filters_p95_ms": 100, "words_p95_ms": 150}
PLACES = ("first", "deep", "every")
COLUMNS = [
    "meta.text", "state", "said", "given", "annotators", "tags", "consensus", "confidence", "agreement",
    "assigned", "dataset", "created", "reason", "round",
]  # fmt: skip
# Beside the text: a number, a date, a language of which some are rare, a rare mark.
MORE = """ || jsonb_build_object('score', round(random()::numeric, 4), 'day', ('2024-01-01'::date + n %% 700)::text,
    'language', CASE WHEN n %% 50000 = 7 THEN 'la' WHEN n %% 20 = 0 THEN 'de' ELSE 'en' END)
    || CASE WHEN n %% 100000 = 11 THEN '{"suspect": true}'::jsonb ELSE '{}'::jsonb END"""
MARKS = """
INSERT INTO annotation_tag (project_id, name, created_at) VALUES (%(project)s, 'hard', now()), (%(project)s, 'common', now());
INSERT INTO annotation_itemtag (tag_id, item_id)
SELECT t.id, i.id FROM annotation_tag t, annotation_item i
WHERE t.project_id = %(project)s AND i.project_id = %(project)s AND i.id %% CASE t.name WHEN 'hard' THEN 3000 ELSE 10 END = 0;
INSERT INTO annotation_comment (item_id, author_id, body, created_at)
SELECT id, %(person)s, 'Is this a typo?', now() FROM annotation_item WHERE project_id = %(project)s AND id %% 700 = 0;
INSERT INTO annotation_prediction (project_id, item_id, schema_id, question, kind, source, version, value, confidence,
    distribution, created_at)
SELECT project_id, id, %(schema)s, 'sentiment', 'model', 'logistic', '1',
    CASE WHEN id %% 30000 = 1 THEN '"unsure"'::jsonb WHEN id %% 3 = 0 THEN '"negative"' ELSE '"positive"' END, 0.8, '{}', now()
FROM annotation_item WHERE project_id = %(project)s AND id %% 2 = 1;
UPDATE annotation_item SET priority = 1 WHERE project_id = %(project)s AND state = 'open' AND id %% 5000 = 3;
"""


def make(items: int, answers: int) -> Any:
    from django.db import connection

    from annotation.models import User

    # Another project before it, so that no query may count on its items coming first.
    answered.make(items=items // 5, answered=answers // 5, words=True, more=MORE)
    project = answered.make(items=items, answered=answers, each=2, words=True, more=MORE)
    with connection.cursor() as cursor:
        values = {
            "project": project.pk,
            "person": User.objects.get(username="person1").pk,
            "schema": project.schema_id,
        }
        for statement in MARKS.split(";")[:-1]:
            cursor.execute(statement, values)
        cursor.execute("VACUUM ANALYZE")
    return project


def cases(project: Any) -> dict[str, str]:
    """Filters of every kind: frequent, rare and impossible ones, alone and together."""
    frequent, rare = words()
    return {
        "all items": "",
        "state": "state = resolved",
        "state that nothing is in": "state = retired",
        "label": "label.sentiment = positive",
        "rare label": "label.sentiment = unsure",
        "person": "annotator = person3",
        "consensus": "consensus.topics = a",
        "rare consensus": "consensus.sentiment = unsure",
        "confidence between": "confidence.sentiment > 0.4 and confidence.sentiment < 0.41",
        "disagreement": "agreement = disagree",
        "prediction": "predicted.sentiment = negative",
        "rare prediction": "predicted.sentiment = unsure",
        "metadata": "meta.language = de",
        "rare metadata": "meta.language = la",
        "unknown metadata": "meta.language = xx",
        "metadata between": "meta.score > 0.3 and meta.score < 0.3005",
        "metadata since a day": "meta.day >= 2025-11-28",
        "flagged": "flagged",
        "tag": "tag = common",
        "rare tag": "tag = hard",
        "answers": "answers >= 2",
        "made lately": "created > -1h",
        "three: state, doubt, metadata": "state = resolved and confidence < 0.3 and meta.language = de",
        "three: open, rare metadata, not flagged": "state = open and meta.language = la and not flagged",
        "three: tag, person, confidence": "tag = common and annotator = person3 and confidence < 0.9",
        "three: metadata, number, tag": "meta.language = de and meta.score < 0.5 and tag = common",
        "three: state, label, prediction": (
            "state = resolved and label.sentiment = positive and predicted.sentiment = negative"
        ),
        "three: state, person, rare label": (
            "state = resolved and annotator = person3 and label.sentiment = unsure"
        ),
        "three that exclude each other": "state = open and answered and tag = common",
        "alternatives": "(label.sentiment = unsure or meta.suspect = true or flagged) and state = resolved",
        "alternatives turned round": "not (state = open or label.sentiment = positive)",
        "words: frequent": f"text ~ {quote(f'{frequent} .')}",
        "words: rare": f"text ~ {quote(f'{rare} .')}",
        "words: unknown": 'text ~ "zzzzzzzz ."',
        "words: beginning": f"text ~ {frequent[:3]}",
        "words: two": f"text ~ {quote(f'{frequent} {rare}')}",
        "words: phrase": "text ~ " + quote(f'"{frequent} {frequent}"'),
        "words, state, label": f"text ~ {frequent} and state = resolved and label.sentiment = positive",
        "words, rare label": f"text ~ {frequent} and label.sentiment = unsure",
        "no index: part of metadata": "meta.source ~ 77",
        "no index: impossible part of metadata": "meta.source ~ zzz",
    }


def quote(text: str) -> str:
    from annotation.filtering import quoted

    return quoted(text)


def words() -> tuple[str, str]:
    """One of the most frequent and one of the rarest words."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT word FROM ts_stat('SELECT words FROM annotation_itemtext WHERE item_id % 50 = 0')"
            " WHERE length(word) > 4 AND word !~ '^[0-9]' ORDER BY ndoc DESC"
        )
        found = [row[0] for row in cursor.fetchall()]
    return found[0], found[-1]


def timed(call: Any, rounds: int, name: str) -> dict[str, float]:
    """Milliseconds by the clock, which other work on the machine makes longer, and of CPU, of this process and the database."""
    processes = [psutil.Process(), *common.tree(common.postgres())]
    took = []
    before = common.cpu_seconds(processes)
    for _ in range(rounds):
        started = time.perf_counter()
        call()
        took.append((time.perf_counter() - started) * 1000)
    used = common.cpu_seconds(processes) - before
    return {
        f"{name}_p50_ms": round(common.quantile(took, 0.5), 1),
        f"{name}_p95_ms": round(common.quantile(took, 0.95), 1),
        f"{name}_cpu_ms": round(used / rounds * 1000, 1),
    }


def page(client: Any, path: str) -> bytes:
    response = client.get(path, headers={"HX-Request": "true"})
    assert response.status_code == 200, (path, response.status_code)
    return bytes(response.content)


def plain(project: Any) -> dict[str, Any]:
    """What Django's usual list views do: filter, count all, and OFFSET; for some of the same filters."""
    items = project.items.order_by("pk")
    answer = {"annotations__superseded_by": None, "annotations__answer__sentiment": "unsure"}
    return {
        "all items": items,
        "state": items.filter(state="resolved"),
        "rare label": items.filter(**answer).distinct(),
        "person": items.filter(annotations__annotator__username="person3").distinct(),
        "rare metadata": items.filter(payload__language="la"),
        "three: tag, person, confidence": items.filter(
            tags__tag__name="common",
            annotations__annotator__username="person3",
            consensus__confidence__lt=0.9,
        ).distinct(),
    }


def plain_page(items: Any, share: float) -> None:
    count = items.count()
    list(items[int(count * share) :][:50])


def measure(project: Any, rounds: int) -> list[dict[str, Any]]:
    from django.core.cache import cache
    from django.test import Client

    client = Client()
    client.force_login(project.created_by)
    middle = project.items.order_by("pk")[project.items.count() * 4 // 5].pk
    columns = "".join(f"&column={column}" for column in COLUMNS)
    cache.clear()
    page(client, f"/projects/{project.pk}/items/")
    found = []
    for name, where in cases(project).items():
        path = f"/projects/{project.pk}/items/?{urlencode({'where': where})}"
        rows = page(client, path).count(b"row-link")
        first = timed(partial(page, client, path), rounds, "first")
        deep = timed(partial(page, client, f"{path}&after={middle}"), rounds, "deep")
        every = timed(partial(page, client, path + columns), rounds, "every")
        found.append(
            {
                "filter": name,
                "where": where,
                "rows": rows,
                **first,
                **deep,
                **every,
            }
        )
        print(found[-1], flush=True)
    return found


def compare(project: Any, rounds: int) -> list[dict[str, Any]]:
    found = []
    for name, items in plain(project).items():
        first = timed(partial(plain_page, items, 0.0), rounds, "first")
        deep = timed(partial(plain_page, items, 0.8), rounds, "deep")
        found.append({"filter": name, **first, **deep})
        print(found[-1], flush=True)
    return found


def summed(filters: list[dict[str, Any]]) -> dict[str, float]:
    """Over all pages of all filters: words by themselves, and what no index helps with left out."""
    found = {}
    for kind in ("filters", "words"):
        cases = [
            case
            for case in filters
            if not case["filter"].startswith("no index")
            and case["filter"].startswith("words") is (kind == "words")
        ]
        for figure in ("p95", "cpu"):
            values = [case[f"{place}_{figure}_ms"] for case in cases for place in PLACES]
            found[f"{kind}_{figure}_ms"] = common.quantile(values, 0.95)
    return found


def result(project: Any, options: Any) -> dict[str, Any]:
    filters = measure(project, options.rounds)
    return {
        "items": options.items,
        "answers": options.answers,
        "limits": LIMITS,
        "summary": summed(filters),
        "filters": filters,
        "plain_django": compare(project, max(3, options.rounds // 5)),
    }


def picture(result: dict[str, Any]) -> Path:
    titles = {
        "first_p95_ms": "First page with its count, p95, ms",
        "deep_p95_ms": "Page at four fifths, p95, ms",
        "every_p95_ms": "First page with fourteen columns, p95, ms",
    }
    panels = [
        pictures.Panel(title, {case["filter"]: case[key] for case in result["filters"]})
        for key, title in titles.items()
    ]
    return pictures.draw("data_table", f"The data table, {result['items']:,} items", panels)


def measured(options: Any) -> dict[str, Any]:
    with common.environment() as env:
        common.collect_static(env)
        common.setup_django()
        from django.conf import settings

        settings.ALLOWED_HOSTS = ["*"]
        project = make(options.items, options.answers)
        # As a web process begins: what is loaded is not searched for cycles any more.
        import config.wsgi  # noqa: F401

        return result(project, options)


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--answers", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    common.finish("data_table", options, lambda: measured(options), picture)


if __name__ == "__main__":
    main()
