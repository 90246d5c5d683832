"""Each field of the language, against what it means in plain Python; however many rows pass and wherever they lie."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from annotation import filtering
from annotation.expressions import all_of, any_of, no, parse, write
from annotation.filtering import finding
from tests.annotation.filtering.world import World

pytestmark = pytest.mark.django_db


def answers(test):
    return lambda one: any(test(said) for said in one["said"])


def answered(question, test=lambda value: True):
    return answers(lambda said: question in said["answer"] and test(said["answer"][question]))


def weighed(test, question=None):
    def found(one):
        rows = [row for name, row in one["consensus"].items() if question in (None, name)]
        return any(test(row) for row in rows if row.status != "known")

    return found


def item(test):
    return lambda one: test(one["item"])


def holds(*values):
    """A field of the payload that is one of these, or a list with one of them; 5 is not True."""

    def found(held):
        parts = held if isinstance(held, list) else [held]
        return any(type(part) is not bool and part in values for part in parts)

    return lambda one: found(one["payload"].get("source"))


def number(test):
    def found(one):
        held = one["payload"].get("n")
        if isinstance(held, str) and not held.replace(".", "").isdigit():
            return False
        return held is not None and test(float(held))

    return found


def day(test):
    def found(one):
        held = one["payload"].get("n")
        return isinstance(held, str) and held.startswith("2024-") and test(held)

    return found


def predicted(test, question="sentiment"):
    return lambda one: question in one["predicted"] and test(one["predicted"][question])


MEANINGS = {
    "state = open": item(lambda row: row.state == "open"),
    "state in (open, retired)": item(lambda row: row.state in {"open", "retired"}),
    "key = row-3": item(lambda row: row.key == "row-3"),
    "key ~ LINE": item(lambda row: "line" in row.key.lower()),
    "dataset = first": item(lambda row: bool(row.dataset) and row.dataset.name == "first"),
    'dataset != "a second"': item(lambda row: not row.dataset or row.dataset.name != "a second"),
    "answers = 1": item(lambda row: row.answers == 1),
    "answers >= 1": item(lambda row: row.answers >= 1),
    "answers < 2": item(lambda row: row.answers < 2),
    "wanted = 0": item(lambda row: row.wanted == 0),
    "priority > 0": item(lambda row: row.priority > 0),
    "priority <= 0": item(lambda row: row.priority <= 0),
    "created > -1d": lambda one: one["item"].created_at > one["now"] - timedelta(days=1),
    "created > -5d and created < -1d": lambda one: (
        timedelta(days=1) < one["now"] - one["item"].created_at < timedelta(days=5)
    ),
    "imported = today": item(lambda row: bool(row.dataset)),
    "role = holdout": item(lambda row: row.role == "holdout"),
    "text ~ fox": lambda one: "fox" in one["payload"]["text"].lower(),
    'text ~ "brown bear"': lambda one: "brown" in one["payload"]["text"],
    "meta.source = web": holds("web"),
    "meta.source in (mail, 5)": holds("mail", "5", 5),
    "meta.source = true": lambda one: one["payload"].get("source") is True,
    "meta.source ~ WE": lambda one: "we" in str(one["payload"].get("source")).lower(),
    "meta.source is missing": lambda one: one["payload"].get("source") is None,
    "meta.n = 2.5": lambda one: one["payload"].get("n") in (2.5, "2.5"),
    "meta.n < 2": number(lambda value: value < 2),
    "meta.n >= 2.5": number(lambda value: value >= 2.5),
    "meta.n > 0 and meta.n <= 2.5": number(lambda value: 0 < value <= 2.5),
    "meta.n > 2024-05-15": day(lambda value: value > "2024-05-15"),
    "meta.n <= 2024-05-01": day(lambda value: value <= "2024-05-01"),
    "label.sentiment = positive": answered("sentiment", lambda value: value == "positive"),
    'label.topics = "b c"': answered("topics", lambda value: "b c" in value),
    "label.stars > 3": answered("stars", lambda value: value > 3),
    "label.stars = 3": answered("stars", lambda value: value == 3),
    "label.note ~ GOOD": answered("note", lambda value: "good" in value.lower()),
    "answered": answers(lambda said: True),
    "answered.topics": answered("topics"),
    "annotator = anna": answers(lambda said: said["who"] == "anna"),
    "annotator in (anna, bert)": answers(lambda said: True),
    "source = imported": answers(lambda said: said["row"].origin == "imported"),
    "source = model": lambda one: bool(one["predicted"]),
    "source in (person, model)": lambda one: (
        bool(one["predicted"]) or any(said["row"].origin == "person" for said in one["said"])
    ),
    "source = function": lambda one: False,
    "suggested": answers(lambda said: said["row"].followed is not None),
    "followed": answers(lambda said: said["row"].followed is True),
    "consensus.sentiment = positive": weighed(lambda row: row.value == "positive", "sentiment"),
    "consensus.topics = a": weighed(lambda row: True, "topics"),
    "consensus.stars >= 3": weighed(lambda row: True, "stars"),
    "consensus.sentiment is missing": lambda one: not weighed(lambda row: True, "sentiment")(one),
    "confidence < 0.5": weighed(lambda row: row.confidence < 0.5),
    "confidence.sentiment > 0.5 and confidence.sentiment < 0.9": weighed(
        lambda row: 0.5 < row.confidence < 0.9, "sentiment"
    ),
    "agreement = disagree": weighed(lambda row: not row.unanimous),
    "agreement.topics = unanimous": weighed(lambda row: row.unanimous, "topics"),
    "status = adjudicated": weighed(lambda row: row.status == "adjudicated"),
    "status = known": lambda one: any(row.status == "known" for row in one["consensus"].values()),
    "predicted.sentiment = neutral": predicted(lambda value: value == "neutral"),
    "predicted.topics is missing": lambda one: "topics" not in one["predicted"],
    "flagged": lambda one: bool(one["flags"]),
    "flag ~ PLACE": lambda one: bool(one["flags"]),
    "commented": lambda one: bool(one["comments"]),
    "comment ~ typo": lambda one: bool(one["comments"]),
    "tag = hard": lambda one: "hard" in one["tags"],
    'tag in (hard, "odd one")': lambda one: bool(one["tags"]),
    "alike": lambda one: one["alike"],
    "gold": lambda one: one["gold"],
}
# `>` of times: with more answers than one, each is asked by itself.
MEANINGS["answered_at > -1d"] = lambda one: any(
    said["row"].created_at > one["now"] - timedelta(days=1) for said in one["said"]
)


# Tested where they are made, or too plain.
ELSEWHERE = {"id", "similar", "round", "strategy", "assigned"}


@pytest.fixture
def world():
    made = World(seed=7)
    for one in made.items:
        one["now"] = made.now
    return made


@pytest.fixture
def hurried(monkeypatch):
    """Every way of finding, with few items."""
    monkeypatch.setattr(finding, "FEW", 3)
    monkeypatch.setattr(finding, "SOME", 5)
    monkeypatch.setattr(finding, "NEAREST", (2, 3))
    monkeypatch.setattr(finding, "FARTHER", (4,))


def expected(world, meaning):
    return sorted(one["item"].pk for one in world.items if meaning(one))


def found(world, text):
    where = filtering.checked(world.project, text, gold=True)
    return sorted(filtering.matching(world.project, where).values_list("pk", flat=True))


def test_each_field_means_what_it_says(world):
    wrong = [text for text, meaning in MEANINGS.items() if found(world, text) != expected(world, meaning)]
    turned = [
        text
        for text, meaning in MEANINGS.items()
        if found(world, f"not ({text})") != expected(world, lambda one, meaning=meaning: not meaning(one))
    ]

    assert (wrong, turned) == ([], [])


def test_every_field_is_tried_here():
    tried = {text.split()[0].split(".")[0] for text in MEANINGS}

    assert tried >= filtering.FIELDS.keys() - ELSEWHERE


def random_filter(rng, depth=0):
    """A filter, and what it means."""
    if depth == 3 or rng.random() < 0.4:
        text = rng.choice(list(MEANINGS))
        return parse(text), MEANINGS[text]
    parts = [random_filter(rng, depth + 1) for _ in range(rng.choice([1, 2, 2, 3]))]
    trees, meanings = [tree for tree, _ in parts], [meaning for _, meaning in parts]
    if len(parts) == 1:
        return no(trees[0]), lambda one: not meanings[0](one)
    if rng.random() < 0.5:
        return all_of(trees), lambda one: all(meaning(one) for meaning in meanings)
    return any_of(trees), lambda one: any(meaning(one) for meaning in meanings)


def test_filters_of_many_conditions_find_the_same_page_by_page_forwards_and_back(world, hurried):
    rng = random.Random(11)
    wrong = []
    for _ in range(60):
        tree, meaning = random_filter(rng)
        ids = expected(world, meaning)
        where = filtering.checked(world.project, write(tree), gold=True)
        start, end = rng.choice([0, *ids]), rng.choice([10**9, *ids])
        forwards = filtering.page_ids(world.project, where, after=start, limit=4)
        back = filtering.page_ids(world.project, where, before=end, limit=4)
        count = filtering.counted(world.project, where)
        if (
            forwards != [pk for pk in ids if pk > start][:4]
            or back != [pk for pk in ids if pk < end][-4:]
            or (count.total != len(ids) and not (count.bounded and count.total <= len(ids)))
        ):
            wrong.append(write(tree))

    assert wrong == []


def test_a_filter_is_a_statement_for_others_to_build_in(world):
    from django.db import connection

    where = filtering.checked(world.project, 'key ~ "%" or meta.source = web or dataset = first', gold=True)
    text, values = filtering.sql(world.project, where)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM annotation_item WHERE id IN ({text}) ORDER BY id", values)
        ids = [row[0] for row in cursor.fetchall()]

    assert ids == found(world, where.text)
