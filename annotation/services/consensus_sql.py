"""The statements behind services/consensus.py."""

from __future__ import annotations

CURRENT_ANSWERS = """
SELECT a.schema_id, a.answer::text AS answer
FROM annotation_lease l JOIN annotation_annotation a ON a.id = l.annotation_id
WHERE l.item_id = %(item)s AND l.state IN ('submitted', 'again') ORDER BY a.id
"""

# An expert has decided: nothing else moves this item.
DECIDED = "EXISTS (SELECT FROM annotation_consensus c WHERE c.item_id = i.id AND c.status = 'adjudicated')"
GOLD = "EXISTS (SELECT FROM annotation_goldquestion g WHERE g.item_id = i.id)"
# An expert has opened it again: it waits for an expert, whatever the votes say.
REOPENED = """coalesce((SELECT a.kind = 'reopened' FROM annotation_adjudication a WHERE a.item_id = i.id
                ORDER BY a.id DESC LIMIT 1), false)"""
_MOST = "greatest(p.annotations_per_item, coalesce(p.annotations_at_most, 0))"

# What an expert has opened again is back with the experts once it has the answers that others asked for.
SETTLE = f"""
UPDATE annotation_item i SET state = CASE WHEN {REOPENED} THEN 'disputed' ELSE %(state)s END,
    doubt = CASE WHEN {REOPENED} THEN i.doubt ELSE %(doubt)s END
WHERE i.id = %(item)s AND i.state <> 'retired' AND NOT {DECIDED}
"""  # noqa: S608

WANT_ANOTHER = f"""
UPDATE annotation_item i
SET wanted = i.answers + 1, open_slots = i.open_slots + i.answers + 1 - i.wanted, state = 'open', doubt = %(doubt)s
FROM annotation_project p
WHERE i.id = %(item)s AND p.id = i.project_id AND i.state <> 'retired' AND i.answers < {_MOST}
  AND NOT {DECIDED} AND NOT {REOPENED}
RETURNING i.id, i.project_id, i.priority
"""  # noqa: S608

LOCK_ITEMS = """
SELECT id FROM annotation_item WHERE project_id = %(project)s AND id = ANY(%(items)s) ORDER BY id FOR NO KEY UPDATE
"""

# Items with votes that have come since these rows were read: what was found does not rest on them.
DUE_ANYWAY = """
SELECT DISTINCT d.item_id FROM annotation_consensusdue d JOIN unnest(%(items)s::bigint[]) AS i (id) ON i.id = d.item_id
WHERE d.project_id = %(project)s AND NOT EXISTS (SELECT FROM unnest(%(rows)s::bigint[]) AS r (id) WHERE r.id = d.id)
"""

# What an expert decided, and what is known, stays.
KEEP = """
INSERT INTO annotation_consensus (project_id, item_id, question, value, distribution, confidence, entropy, votes,
    unanimous, status, method, run, kinds, schema_id, updated_at)
SELECT %(project)s, f.item, f.question, f.value::jsonb, f.distribution::jsonb, f.confidence, f.entropy, f.votes,
    f.unanimous, 'auto', f.method, f.run, string_to_array(f.kinds, ','), %(schema)s, %(now)s
FROM unnest(%(item)s::bigint[], %(question)s::text[], %(value)s::text[], %(distribution)s::text[],
            %(confidence)s::float8[], %(entropy)s::float8[], %(votes)s::int[], %(unanimous)s::bool[],
            %(method)s::text[], %(run)s::bigint[], %(kinds)s::text[])
     AS f (item, question, value, distribution, confidence, entropy, votes, unanimous, method, run, kinds)
WHERE NOT EXISTS (SELECT FROM annotation_consensus c WHERE c.item_id = f.item AND c.status <> 'auto')
ON CONFLICT (item_id, question) DO UPDATE SET
    value = excluded.value, distribution = excluded.distribution, confidence = excluded.confidence,
    entropy = excluded.entropy, votes = excluded.votes, unanimous = excluded.unanimous, method = excluded.method,
    run = excluded.run, kinds = excluded.kinds, schema_id = excluded.schema_id, updated_at = excluded.updated_at
WHERE annotation_consensus.status = 'auto'
"""

# What votes alone say of gold questions, which is compared with their known answers.
KEEP_BLIND = """
UPDATE annotation_goldquestion g SET evidence = g.evidence || f.said
FROM (SELECT item, jsonb_object_agg(question, jsonb_build_object('value', value::jsonb,
          'distribution', distribution::jsonb, 'confidence', confidence, 'votes', votes, 'method', method)) AS said
      FROM unnest(%(item)s::bigint[], %(question)s::text[], %(value)s::text[], %(distribution)s::text[],
                  %(confidence)s::float8[], %(votes)s::int[], %(method)s::text[])
           AS f (item, question, value, distribution, confidence, votes, method) GROUP BY item) f
WHERE g.item_id = f.item
"""

# Of these questions, those that have no votes any more.
FORGET = """
DELETE FROM annotation_consensus c
WHERE c.item_id = ANY(%(items)s) AND c.status = 'auto'
  AND (%(questions)s::text[] IS NULL OR c.question = ANY(%(questions)s))
  AND NOT EXISTS (SELECT FROM unnest(%(item)s::bigint[], %(question)s::text[]) AS f (item, question)
                  WHERE f.item = c.item_id AND f.question = c.question)
"""

# Sure enough: resolved, also before the last answer that was wanted. Not sure: one more answer while the project
# allows it, then resolved if all agree and disputed if not. `touched`: whether votes have come since the last time;
# a mere change of what sources are worth reopens only what has become clearly doubtful.
MOVE = f"""
WITH judged AS (
    SELECT i.id, i.priority, i.wanted AS had, i.answers, j.confidence, CASE
        WHEN i.state = 'retired' OR i.answers = 0 OR {GOLD} OR {DECIDED} OR {REOPENED} THEN 'stay'
        WHEN i.answers < i.wanted THEN CASE
            WHEN %(touched)s AND i.answers >= p.annotations_per_item AND i.wanted <= {_MOST}
                 AND {_MOST} > p.annotations_per_item AND j.confidence >= p.target_confidence THEN 'resolve'
            ELSE 'stay' END
        WHEN j.confidence >= p.target_confidence THEN 'resolve'
        WHEN i.answers < {_MOST} AND (%(touched)s OR i.state <> 'resolved' OR j.confidence < p.target_confidence - 0.02)
            THEN 'more'
        WHEN i.answers < {_MOST} THEN 'stay'
        WHEN j.unanimous THEN 'resolve'
        WHEN NOT %(touched)s AND i.state = 'resolved' AND j.confidence >= p.target_confidence - 0.02 THEN 'stay'
        ELSE 'dispute' END AS move
    FROM (SELECT item_id AS id, min(confidence) AS confidence, bool_and(unanimous) AS unanimous
          FROM annotation_consensus WHERE item_id = ANY(%(items)s) GROUP BY item_id) j
    JOIN annotation_item i ON i.id = j.id JOIN annotation_project p ON p.id = i.project_id
)
UPDATE annotation_item i SET
    doubt = 1 - judged.confidence,
    state = CASE judged.move WHEN 'resolve' THEN 'resolved' WHEN 'more' THEN 'open' WHEN 'dispute' THEN 'disputed'
                             ELSE i.state END,
    wanted = CASE judged.move WHEN 'more' THEN i.answers + 1 WHEN 'resolve' THEN least(i.wanted, i.answers)
                              ELSE i.wanted END,
    open_slots = i.open_slots + CASE judged.move WHEN 'more' THEN i.answers + 1 - i.wanted
                                                 WHEN 'resolve' THEN least(i.wanted, i.answers) - i.wanted ELSE 0 END
FROM judged
WHERE i.id = judged.id AND NOT (judged.move = 'stay' AND i.doubt = 1 - judged.confidence)
RETURNING i.id, i.project_id, i.priority, judged.move
"""  # noqa: S608

ADD_ALL_DUE = """
INSERT INTO annotation_consensusdue (project_id, item_id, created_at)
SELECT project_id, id, %(now)s FROM annotation_item WHERE project_id = %(project)s AND answers > 0 ORDER BY id
"""

ADD_DUE = """
INSERT INTO annotation_consensusdue (project_id, item_id, created_at)
SELECT %(project)s, unnest(%(items)s::bigint[]), %(now)s
"""

DUE = """
SELECT id, item_id FROM annotation_consensusdue WHERE project_id = %(project)s ORDER BY id LIMIT %(most)s
"""

DONE = """
DELETE FROM annotation_consensusdue WHERE id = ANY(%(rows)s)
"""
