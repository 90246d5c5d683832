"""Each kind against a plain reading of it, item by item, in Python."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import example, given, settings
from hypothesis import strategies as st

from labelmodel.functions import keywords, prepare
from tests.labelmodel.functions.samples import CONTEXT, batch_of, function, said

# Letters on whose nature all agree, signs that patterns could trip over, and characters beyond the first 65,536.
ALPHABET = "aAbBßÜü1_ \n-+.*(👍🏽é你"
WORDS = st.text("aAbBü1_-+👍", min_size=1, max_size=3)
TERMS = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)
TEXTS = st.one_of(st.none(), st.text(ALPHABET, max_size=12), st.lists(WORDS, max_size=6).map("  ".join))
PAYLOADS = st.lists(st.fixed_dictionaries({}, optional={"text": TEXTS, "note": TEXTS}), max_size=8)
SOME_TERMS = st.lists(TERMS, min_size=1, max_size=4)
LABELS = st.sampled_from(CONTEXT.labels)
reading = settings(max_examples=150, deadline=None)


def prepared(text, case):
    composed = unicodedata.normalize("NFC", text)
    return composed if case else composed.lower()


def texts_of(payload, case):
    return [prepared(payload[name], case) for name in ("text", "note") if payload.get(name) is not None]


def is_word(character):
    return character.isalnum() or character == "_"


def ends(text, term, start):
    """Where a term ends that begins there; white space between its words may be of any length."""
    at = start
    for number, word in enumerate(term.split()):
        if number:
            after = at + len(text[at:]) - len(text[at:].lstrip())
            if after == at:
                return None
            at = after
        if not text.startswith(word, at):
            return None
        at += len(word)
    return at


def found(text, term, words):
    for start in range(len(text)):
        end = ends(text, term, start)
        if end is None:
            continue
        cut = start and is_word(term[0]) and is_word(text[start - 1])
        runs_on = end < len(text) and is_word(term[-1]) and is_word(text[end])
        if not words or not (cut or runs_on):
            return True
    return False


def first(rules, passes):
    return next((rule["label"] for rule in rules if passes(rule)), None)


@st.composite
def keyword_rules(draw):
    rule = {"label": draw(LABELS)}
    for key in draw(st.sets(st.sampled_from(["any", "all", "not"]), min_size=1)):
        rule[key] = draw(SOME_TERMS)
    return rule if "any" in rule or "all" in rule else {**rule, "any": draw(SOME_TERMS)}


@given(st.lists(keyword_rules(), min_size=1, max_size=3), st.booleans(), st.booleans(), PAYLOADS)
@example(
    [{"label": "ham", "any": ["a"]}],
    False,
    True,
    [{"text": "A"}, {"text": "ab"}, {"text": "_a"}, {"text": "ü-a👍"}],
)
@example([{"label": "ham", "any": ["+"]}], False, True, [{"text": "a+b"}])
@reading
def test_keywords(rules, case, words, payloads):
    def label_of(payload):
        texts = texts_of(payload, case)

        def hits(rule, key):
            terms = [prepared(term, case) for term in rule.get(key, [])]
            return [any(found(text, term, words) for text in texts) for term in terms]

        def passes(rule):
            wanted = any(hits(rule, "any")) or "any" not in rule
            return wanted and all(hits(rule, "all")) and not any(hits(rule, "not"))

        return first(rules, passes)

    expected = [label_of(one) for one in payloads]

    assert said("keywords", {"rules": rules, "case": case, "words": words}, payloads) == expected


PATTERNS = st.sampled_from(
    [r"a", r"\ba", r"^b", r"b$", r"a+b*", r"[^a]1", r"(a|b){2}", r"ü", r"👍.", r"a\s+b", r"\d", r"^$"]
)


@given(
    st.lists(st.tuples(LABELS, PATTERNS, st.none() | PATTERNS), min_size=1, max_size=3),
    st.booleans(),
    PAYLOADS,
)
@reading
def test_pattern(given_rules, case, payloads):
    rules = [{"label": label, "pattern": wanted, "not": unwanted} for label, wanted, unwanted in given_rules]

    def matches(pattern, payload):
        # In Python $ also stands before the last line break.
        written = pattern.replace("$", r"\Z")
        texts = [payload[name] for name in ("text", "note") if payload.get(name) is not None]
        return any(re.search(written, text, 0 if case else re.IGNORECASE) for text in texts)

    expected = [
        first(
            rules,
            lambda rule, it=one: (
                matches(rule["pattern"], it) and not (rule["not"] and matches(rule["not"], it))
            ),
        )
        for one in payloads
    ]

    assert said("pattern", {"rules": rules, "case": case}, payloads) == expected


NUMBERS = st.one_of(st.integers(-3, 3), st.sampled_from([0.5, 1e299, -0.0, 2.0]))
SAID_NUMBERS = st.one_of(
    NUMBERS, NUMBERS.map(str), st.sampled_from(["", "x", "1_0", "١", "inf", "nan", " 2 ", True, None, [1]])
)
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
COMPARE = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "in": lambda a, b: a in b,
}


def number_of(value):
    if type(value) in (int, float):
        return float(value)
    if isinstance(value, str) and NUMBER.fullmatch(value.strip()):
        return float(value)
    return None


def expected_of(operator, value, payloads, name, read):
    values = [read(one.get(name)) for one in payloads]
    return ["ham" if one is not None and COMPARE[operator](one, value) else None for one in values]


def condition(name, operator, value, kind):
    return {"label": "ham", "all": [{"field": name, "is": operator, "value": value, "as": kind}]}


@given(
    st.sampled_from(sorted(COMPARE.keys() - {"in"})),
    NUMBERS,
    st.lists(st.fixed_dictionaries({}, optional={"price": SAID_NUMBERS})),
)
@reading
def test_comparison_of_numbers(operator, value, payloads):
    expected = expected_of(operator, value, payloads, "price", number_of)

    assert said("comparison", condition("price", operator, value, "number"), payloads) == expected


ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
# Close together, so that an hour more or less makes a difference.
DAYS = datetime(2024, 2, 28), datetime(2024, 3, 1)
TIMES = st.one_of(
    st.datetimes(*DAYS).map(datetime.isoformat),
    st.dates(*(day.date() for day in DAYS)).map(str),
    st.datetimes(*DAYS, timezones=ZONES).map(lambda moment: moment.replace(microsecond=0).isoformat()),
    st.sampled_from(["2024-01-01T10:00Z", "2024-01-01 10:00:00", "2024-01-01T10:00:00+0230", " 2024-01-01 "]),
)
NO_TIMES = st.sampled_from(
    ["", "x", "2024", "2024-02-30", "2024-13-01", "2024-1-1", "2024-01-01T25:00", 5, None]
)


def time_of(value):
    if not isinstance(value, str) or not re.match(r"\s*\d{4}-\d\d-\d\d([T ]|\s*$)", value):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@given(
    st.sampled_from(sorted(COMPARE.keys() - {"in"})),
    TIMES.filter(time_of),
    st.lists(st.fixed_dictionaries({}, optional={"when": TIMES | NO_TIMES})),
)
@reading
def test_comparison_of_times(operator, value, payloads):
    expected = expected_of(operator, time_of(value), payloads, "when", time_of)

    assert said("comparison", condition("when", operator, value, "date"), payloads) == expected


@given(
    st.sampled_from(sorted(COMPARE)),
    st.lists(st.text(ALPHABET, max_size=3), min_size=1, max_size=4),
    st.booleans(),
    PAYLOADS,
)
@reading
def test_comparison_of_texts(operator, values, case, payloads):
    value = values if operator == "in" else values[0]
    meant = [prepared(one, case) for one in values] if operator == "in" else prepared(value, case)
    expected = expected_of(
        operator, meant, payloads, "text", lambda text: None if text is None else prepared(text, case)
    )

    assert (
        said("comparison", {**condition("text", operator, value, "text"), "case": case}, payloads) == expected
    )


@given(
    st.lists(
        st.tuples(LABELS, st.sampled_from(["text", "note", "tags"]), st.booleans()), min_size=1, max_size=4
    ),
    PAYLOADS,
)
@reading
def test_comparison_of_what_is_missing(parts, payloads):
    conditions = [{"field": name, "is": "missing" if missing else "present"} for _, name, missing in parts]
    holds = [[(one.get(name) is None) == missing for _, name, missing in parts] for one in payloads]
    rules = {
        "rules": [
            {"label": "spam", "all": conditions},
            {"label": "ham", "any": conditions[:2], "not": conditions[2:]},
        ]
    }

    expected = [
        "spam" if all(held) else "ham" if any(held[:2]) and not any(held[2:]) else None for held in holds
    ]

    assert said("comparison", rules, payloads) == expected


@given(
    st.lists(st.tuples(TERMS, LABELS), min_size=1, max_size=6),
    st.sampled_from(["equal", "words", "anywhere"]),
    st.booleans(),
    PAYLOADS,
)
@example([("a b", "ham")], "words", False, [{"text": "b a"}, {"text": " b a"}])
@example([("a", "ham"), ("a b", "spam")], "words", False, [{"text": "a  b"}, {"text": "b a"}, {"note": "ab"}])
@example(
    [("b", "ham"), ("b", "spam"), ("+", 3)], "words", True, [{"text": "b+"}, {"text": "+"}, {"text": "B"}]
)
@reading
def test_lookup(entries, find, case, payloads):
    def fits(term, text):
        if find == "equal":
            return text.strip() == term
        return found(text, term, words=True) if find == "words" else term in text

    expected = [
        next(
            (
                label
                for term, label in entries
                if any(fits(prepared(term, case), text) for text in texts_of(one, case))
            ),
            None,
        )
        for one in payloads
    ]
    definition = {
        "find": find,
        "case": case,
        "entries": [{"value": term, "label": label} for term, label in entries],
    }

    assert said("lookup", definition, payloads) == expected


EXPRESSIONS = {
    'has(item.text) && item.text != null && item.text.contains("a")': lambda it: (
        "a" in (it.get("text") or "")
    ),
    "has(item.text) && item.text != null && size(item.text) > 3": lambda it: len(it.get("text") or "") > 3,
    '"note" in item': lambda it: "note" in it,
    'has(item.note) && item.note != null && item.note.lower().matches("^b")': lambda it: (
        (it.get("note") or "").lower()[:1] == "b"
    ),
    'item.all(k, k == "text")': lambda it: set(it) <= {"text"},
}


@given(st.lists(st.tuples(LABELS, st.sampled_from(list(EXPRESSIONS))), min_size=1, max_size=3), PAYLOADS)
@reading
def test_expression(given_rules, payloads):
    rules = [{"label": label, "when": when} for label, when in given_rules]
    expected = [first(rules, lambda rule, it=one: EXPRESSIONS[rule["when"]](it)) for one in payloads]

    assert said("expression", {"rules": rules}, payloads) == expected


@given(PAYLOADS)
@reading
def test_python(payloads):
    shouts = [{**one, "text": one.get("text") or ""} for one in payloads]
    expected = ["spam" if one["text"].isupper() else None for one in shouts]

    assert said("python", None, shouts) == expected


def test_samples_need_no_more_than_they_read():
    batch = batch_of([{"text": "hello you"}])

    assert prepare("keywords", {"label": "ham", "any": ["you"], "fields": ["text"]}, CONTEXT).reads == {
        "text"
    }
    assert function("pattern").run(batch).label.tolist() == [-1]


@given(st.lists(TERMS, min_size=1, max_size=3), st.booleans(), PAYLOADS)
@reading
def test_many_keywords_are_found_as_few_are(terms, words, payloads):
    few = {"label": "ham", "any": terms, "words": words}
    many = {**few, "any": [*terms, *(f"nowhere {number}" for number in range(keywords.FEW))]}

    assert said("keywords", many, payloads) == said("keywords", few, payloads)
