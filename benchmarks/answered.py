"""A project with many items and answers, made by SQL: what the benchmarks of exports and of the data table read."""

from __future__ import annotations

from typing import Any

QUESTIONS = [
    {
        "name": "sentiment",
        "type": "single_choice",
        "labels": [{"value": "positive"}, {"value": "negative"}, {"value": "neutral"}, {"value": "unsure"}],
    },
    {
        "name": "topics",
        "type": "multiple_choice",
        "required": False,
        "labels": [{"value": letter} for letter in "abcdefgh"],
    },
]
FIELDS = [{"name": "text", "type": "text"}, {"name": "source", "type": "text"}]
PEOPLE = 20

# About 100 characters of words of which some are frequent and most are rare, as in real texts.
ITEMS = """
INSERT INTO annotation_item (project_id, dataset_id, key, payload, digest, state, role, priority, wanted, answers,
    open_slots, created_at)
SELECT %(project)s, %(dataset)s + (n > %(items)s / 2)::int, 'row-' || lpad(n::text, 8, '0'),
       jsonb_build_object('text', text, 'source', 'file ' || n %% 100){more},
       decode(md5(n::text), 'hex'), 'open', 'pool', 0, %(wanted)s, 0, %(wanted)s, now()
FROM generate_series(1, %(items)s) n,
LATERAL (SELECT string_agg(translate(substr(md5(word::text), 1, 3 + word %% 7), '0123456789', 'ghijklmnop'), ' ') AS text
         FROM (SELECT floor(power(random(), 4) * 8000)::int AS word FROM generate_series(1, 15 + n %% 5)) words) texts
"""
ANSWERS = """
INSERT INTO annotation_annotation (project_id, item_id, annotator_id, schema_id, answer, nonce, seconds, origin, created_at)
SELECT %(project)s, i.id, %(first_user)s + (i.id + p * 7) %% %(people)s, %(schema)s,
       jsonb_build_object('sentiment', CASE WHEN i.id %% 20000 = 0 THEN 'unsure'
               ELSE (ARRAY['positive', 'positive', 'negative', 'neutral'])[1 + floor(random() * 4)::int] END,
           'topics', (ARRAY['[]', '["a"]', '["b", "c"]', '["a", "d", "h"]'])[1 + floor(random() * 4)::int]::jsonb),
       i.id || '-' || p, round((random() * 20)::numeric, 2), 'simulated', now() + i.id * interval '1 millisecond'
FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM annotation_item WHERE project_id = %(project)s) i,
     generate_series(1, %(each)s) p
WHERE i.place > %(items)s - %(answered)s / %(each)s
"""
TURNS = """
INSERT INTO annotation_lease (project_id, item_id, annotator_id, state, client, created_at, expires_at, annotation_id)
SELECT project_id, item_id, annotator_id, 'submitted', '', created_at, created_at, id
FROM annotation_annotation WHERE project_id = %(project)s
"""
COUNTS = """
UPDATE annotation_item i SET answers = said.n, open_slots = greatest(i.wanted - said.n, 0),
    state = CASE WHEN i.id %% 50 = 0 THEN 'disputed' ELSE 'resolved' END
FROM (SELECT item_id, count(*) AS n FROM annotation_annotation WHERE project_id = %(project)s GROUP BY 1) said
WHERE said.item_id = i.id
"""
# As a label model would leave it: most items sure, one in twenty disputed among people.
CONSENSUS = """
INSERT INTO annotation_consensus (project_id, item_id, question, value, distribution, confidence, entropy, votes, unanimous,
    status, method, kinds, schema_id, updated_at)
SELECT DISTINCT ON (a.item_id, q.key) a.project_id, a.item_id, q.key, q.value, '{}', 1 - power(random(), 6), 0.1, %(each)s,
       a.item_id %% 20 > 0, 'auto', 'partial_pooling', '{person}', a.schema_id, a.created_at
FROM annotation_annotation a, jsonb_each(a.answer) q WHERE a.project_id = %(project)s
"""
FLAGS = """
INSERT INTO annotation_flag (item_id, author_id, reason, created_at)
SELECT id, %(first_user)s, '', now() FROM annotation_item WHERE project_id = %(project)s AND id %% 5000 = 0
"""


def make(*, items: int, answered: int, each: int = 1, words: bool = False, more: str = "") -> Any:
    """A project of which the last items have `each` answers; `answered` answers in all. `more` is what payloads hold besides,
    in SQL."""
    from django.db import connection

    from annotation.models import Dataset, Membership, Project, Schema, User
    from annotation.questions import normalize

    owner, _ = User.objects.get_or_create(username="owner", defaults={"is_superuser": True})
    people = [User.objects.get_or_create(username=f"person{n}")[0] for n in range(PEOPLE)]
    project = Project.objects.create(name=f"{items:,} items", created_by=owner, annotations_per_item=each)
    Membership.objects.create(project=project, user=owner, role="owner")
    Membership.objects.bulk_create(
        Membership(project=project, user=person, role="annotator", answered=answered // PEOPLE)
        for person in people
    )
    fields, questions = normalize(FIELDS, QUESTIONS)
    project.schema = Schema.objects.create(
        project=project, version=1, fields=fields, questions=questions, created_by=owner
    )
    project.save()
    datasets = [
        Dataset.objects.create(
            project=project,
            name=f"part {n}",
            source_name="x",
            sha256="0" * 64,
            size=1,
            created_by=owner,
            searchable=True,
        )
        for n in (1, 2)
    ]
    values = {
        "project": project.pk,
        "dataset": datasets[0].pk,
        "schema": project.schema.pk,
        "first_user": people[0].pk,
        "people": PEOPLE,
        "items": items,
        "answered": answered,
        "each": each,
        "wanted": each,
    }
    with connection.cursor() as cursor:
        for statement in (ITEMS, ANSWERS, TURNS, COUNTS, CONSENSUS, FLAGS):
            cursor.execute(statement.replace("{more}", more), values)
        if words:
            index(project)
        cursor.execute("VACUUM ANALYZE")
    return project


def index(project: Any) -> None:
    """As a worker does after an import."""
    from annotation.services import words

    after = 0
    while ids := list(
        project.items.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:20_000]
    ):
        words.index(item_ids=ids)
        after = ids[-1]
