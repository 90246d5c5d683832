"""Feedback while somebody writes a labeling function: how long an answer takes with 100,000 items in the sample, of a larger
pool, beside ten active functions; and what it costs the process that answers.

python -m benchmarks.weak_feedback [--items 300000] [--labeled 2000] [--rounds 60] [--dry | --redraw]
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from benchmarks import common, pictures

LIMIT_P95_MS = 300
LABELS = ("spam", "ham")
KINDS = ("keywords", "pattern", "comparison")
TITLES = {"keywords": "keywords", "pattern": "regular expression", "comparison": "comparison"}
QUESTIONS = [{"name": "kind", "type": "single_choice", "labels": [{"value": label} for label in LABELS]}]
FIELDS = [
    {"name": "text", "type": "text"},
    {"name": "price", "type": "number"},
    {"name": "day", "type": "text"},
]
# Texts of 6 to 30 words out of 5,000, some of which are far more frequent than others.
ITEMS = """
INSERT INTO annotation_item (project_id, key, payload, digest, state, role, priority, wanted, answers, open_slots, created_at)
SELECT %(project)s, 'item-' || n, jsonb_build_object(
    'text', (SELECT string_agg('w' || floor(5000 * power(random(), 4))::int, ' ') FROM generate_series(1, 6 + (n * 7 %% 25)::int) w WHERE n > 0),
    'price', round((random() * 1000)::numeric, 2), 'day', ('2024-01-01'::date + (n %% 700)::int)::text),
    decode(md5(n::text), 'hex'), 'open', 'pool', 0, 1, 0, 1, now()
FROM generate_series(1, %(items)s) n
"""
SAID = """
INSERT INTO annotation_consensus (project_id, item_id, question, value, distribution, confidence, entropy, votes, unanimous, status,
    method, kinds, schema_id, updated_at)
SELECT project_id, id, 'kind', CASE WHEN id %% 3 = 0 THEN '"spam"'::jsonb ELSE '"ham"' END, '{}', 0.9, 0.3, 1, true, 'auto', 'majority',
    '{person}', %(schema)s, now()
FROM annotation_item WHERE project_id = %(project)s ORDER BY random() LIMIT %(labeled)s
"""


def make(options: Any) -> Any:
    from django.db import connection

    from annotation.models import Project
    from tests.factories import make_project, make_schema

    project = make_project(questions=QUESTIONS)
    make_schema(project, QUESTIONS, fields=FIELDS)
    scope = {
        "project": project.pk,
        "items": options.items,
        "labeled": options.labeled,
        "schema": project.schema_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(ITEMS, scope)
        cursor.execute(SAID, scope)
        cursor.execute("VACUUM ANALYZE annotation_item, annotation_consensus")
    functions(project)
    return Project.objects.get(pk=project.pk)


def functions(project: Any) -> None:
    """Ten active ones, of the kinds that are measured."""
    from tests.labelmodel.written import make_function

    chance = random.Random(1)
    for number in range(10):
        kind = KINDS[number % 3]
        make_function(project, f"{kind}_{number}", definition(kind, chance), kind=kind)


def definition(kind: str, chance: random.Random) -> dict[str, Any]:
    """What somebody might type, of this kind."""
    label = chance.choice(LABELS)
    words = [f"w{int(5000 * chance.random() ** 3)}" for _ in range(chance.randint(1, 6))]
    if kind == "keywords":
        return {"rules": [{"label": label, "any": words, "not": [f"w{chance.randint(0, 50)}"]}]}
    if kind == "pattern":
        return {"rules": [{"label": label, "pattern": rf"\b(?:{'|'.join(words)})\d?\s+w\d+\b"}]}
    price, day = chance.randint(0, 900), f"2025-{chance.randint(1, 12):02}-01"
    conditions = [{"field": "price", "is": ">", "value": price}, {"field": "day", "is": ">=", "value": day}]
    return {"rules": [{"label": label, "any": conditions}]}


def timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - started)


def measure(project: Any, options: Any) -> dict[str, Any]:
    from labelmodel.services import feedback, feedback_pool

    chance = random.Random(2)
    process = psutil.Process()
    before = common.memory_mb([process])

    def ask(kind: str) -> feedback.Feedback:
        return feedback.preview(
            project=project, question="kind", kind=kind, definition=definition(kind, chance)
        )

    first = timed(lambda: ask("keywords"))
    loaded = common.memory_mb([process])
    kinds = {}
    for kind in KINDS:
        took = [timed(lambda kind=kind: ask(kind)) for _ in range(options.rounds)]
        used = common.cpu_seconds([process])
        ask(kind)
        kinds[kind] = {
            "p50_ms": round(common.quantile(took, 0.5), 1),
            "p95_ms": round(common.quantile(took, 0.95), 1),
            "cpu_ms": round(1000 * (common.cpu_seconds([process]) - used), 1),
        }
        print(kind, kinds[kind], flush=True)
    analysis = timed(lambda: feedback.analysis(project=project, question="kind"))
    phrases = timed(lambda: feedback.suggestions(project=project, question="kind"))
    pool = feedback_pool.of(project)
    return {
        "sample": len(pool),
        "payload_mb": round(pool.size / 2**20, 1),
        "first_answer_ms": round(first, 1),
        "analysis_ms": round(analysis, 1),
        "suggestions_ms": round(phrases, 1),
        "memory_mb": {
            "before": round(before, 1),
            "loaded": round(loaded, 1),
            "after": round(common.memory_mb([process]), 1),
        },
        "kinds": kinds,
    }


def page(project: Any, options: Any) -> dict[str, Any]:
    """The whole answer of the editor, as htmx asks for it."""
    from django.test import Client

    client, chance = Client(), random.Random(3)
    client.force_login(project.created_by)
    took = []
    for number in range(options.rounds):
        rule = definition("keywords", chance)["rules"][0]
        form = {
            "kind": "keywords", "question": "kind", "name": f"f{number}", "rule": "0", "d.words": "on",
            "d.rules.0.label": rule["label"], "d.rules.0.any": "\n".join(rule["any"]),
        }  # fmt: skip
        path = f"/projects/{project.pk}/functions/preview/"
        took.append(
            timed(lambda form=form, path=path: client.post(path, form, headers={"HX-Request": "true"}))
        )
    return {"p50_ms": round(common.quantile(took, 0.5), 1), "p95_ms": round(common.quantile(took, 0.95), 1)}


def measured(options: Any) -> dict[str, Any]:
    with common.environment() as env:
        common.collect_static(env)
        common.setup_django()
        from django.conf import settings

        settings.ALLOWED_HOSTS = ["*"]
        project = make(options)
        found = measure(project, options)
        return {
            "items": options.items,
            "labeled": options.labeled,
            "functions": 10,
            "limit_p95_ms": LIMIT_P95_MS,
            **found,
            "page": page(project, options),
        }


def picture(result: dict[str, Any]) -> Path:
    rows = {TITLES[kind]: figures["p95_ms"] for kind, figures in result["kinds"].items()}
    rows["the page's fragment"] = result["page"]["p95_ms"]
    title = f"Feedback on {result['sample']:,} of {result['items']:,} items, beside {result['functions']} functions"
    return pictures.draw(
        "weak_feedback", title, [pictures.Panel(f"p95, ms (at most {result['limit_p95_ms']})", rows)]
    )


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--items", type=int, default=300_000)
    parser.add_argument("--labeled", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=60)
    options = parser.parse_args()
    common.finish("weak_feedback", options, lambda: measured(options), picture)


if __name__ == "__main__":
    main()
