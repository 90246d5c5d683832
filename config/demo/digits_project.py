"""The image project: handwritten digits, with questions that depend on each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, log
from random import Random
from typing import Any

from annotation.services.gold import Known
from annotation.services.gold_use import Use
from annotation.services.import_options import Choices
from config.demo.digits import Digit, archive, digits
from config.demo.plan import Answer, DemoProject, Thread, Upload, Version

SOURCE_NAME = "digits.zip"
DIGITS = [str(digit) for digit in range(10)]
COLORS = ("blue", "orange", "green", "purple", "red", "teal", "amber", "pink", "cyan", "lime")
CLEAR, POOR = "clear", "poor"
PROBLEMS = ("broken", "filled", "unusual", "cut")
GOLD, HOLDOUT = 24, 200
# Half of the digits are further from resembling another than this; see `Digit.clarity`.
MIDDLING = 0.54

QUESTIONS: list[dict[str, Any]] = [
    {
        "name": "digit",
        "type": "single_choice",
        "title": "Which digit is it?",
        "required": True,
        "labels": [
            *({"value": digit, "hotkey": digit, "color": COLORS[int(digit)]} for digit in DIGITS),
            {"value": "none", "title": "No digit", "hotkey": "x", "color": "gray"},
        ],
    },
    {
        "name": "legibility",
        "type": "single_choice",
        "title": "How well can it be read?",
        "required": True,
        "show_when": {"question": "digit", "any_of": DIGITS},
        "labels": [
            {"value": CLEAR, "title": "Clearly", "hotkey": "j", "color": "green"},
            {"value": POOR, "title": "Poorly", "hotkey": "k", "color": "orange"},
        ],
    },
    {
        "name": "problem",
        "type": "multiple_choice",
        "title": "What makes it hard to read?",
        "required": True,
        "show_when": {"question": "legibility", "any_of": [POOR]},
        "labels": [
            {"value": "broken", "title": "Broken stroke", "hotkey": "b"},
            {"value": "filled", "title": "Filled in", "hotkey": "i"},
            {"value": "unusual", "title": "Unusual form", "hotkey": "u"},
            {"value": "cut", "title": "Cut off", "hotkey": "o"},
        ],
    },
    {
        "name": "note",
        "type": "text",
        "title": "What do you see instead?",
        "required": False,
        "multiline": True,
        "max_length": 300,
        "show_when": {"question": "digit", "any_of": ["none"]},
    },
]

THREADS = (
    Thread(
        "Could be a {rival} just as well.", "Then say that it reads poorly, so that we see it in the figures."
    ),
    Thread(
        "From a distance I clearly see a {own}, close up a {rival}.",
        "Go by the distance; the scan is that coarse.",
    ),
    Thread(
        "Is a blot without a loop still a {own}?", "If you would bet on it, yes. Mark “Filled in” with it."
    ),
    Thread(
        "The line is broken, so I was not sure whether this is a {own}.",
        "To me it is. Thanks for marking the stroke.",
    ),
)


def project() -> DemoProject:
    annotators = ("annotator1", "annotator2", "annotator3", "lena", "omar")
    return DemoProject(
        name="Handwritten digits",
        description="Coarse scans of handwritten digits, each read by three people. Answers are simulated.",
        guidelines="digits.md",
        owner="admin",
        roles={
            "manager": "manager",
            "adjudicator": "adjudicator",
            "engineer": "viewer",
            **dict.fromkeys(annotators, "annotator"),
        },
        annotations_per_item=3,
        gold_bar=0.7,
        fields=[{"name": "image", "type": "image", "title": "Scan"}],
        versions=[Version(QUESTIONS, "First version", days_ago=15)],
        source_name=SOURCE_NAME,
        uploads=_uploads,
        gold=_gold,
        script=DigitScript,
        hours=(4.5, 7.5),
        stretch=(25, 70),
        last_seen="omar",
    )


def _uploads(rows: int | None) -> list[Upload]:
    return [Upload(SOURCE_NAME, "Scans", archive(rows), Choices(key_field="image"), days_ago=15)]


def _gold() -> list[Known]:
    """Digits that nobody can mistake, some of each kind."""
    per_kind = dict.fromkeys(DIGITS, 0)
    found: list[Known] = []
    for digit in digits():
        if digit.clarity > 0.62 and per_kind[digit.label] < -(-GOLD // 10) and len(found) < GOLD:
            per_kind[digit.label] += 1
            answer = {"digit": digit.label, "legibility": CLEAR}
            found.append(
                Known(answer, key=digit.name, explanation=f"A {digit.label} as it is taught in school.")
            )
    return [*found, *_holdout({one.key for one in found})]


def _holdout(shown: set[str | None]) -> list[Known]:
    """The last digits, with what was meant: what models are checked by."""
    free = [digit for digit in digits() if digit.name not in shown]
    drawn = free[-min(HOLDOUT, len(free) // 8) :]
    return [Known(_meant(one), key=one.name, use=Use.HOLDOUT) for one in drawn]


def _meant(digit: Digit) -> Answer:
    """What an attentive person who knows the writer says."""
    if digit.clarity > MIDDLING:
        return {"digit": digit.label, "legibility": CLEAR}
    return {"digit": digit.label, "legibility": POOR, "problem": _problems(digit, Random(digit.name))}


class DigitScript:
    """Knows which digit the writer meant and which other it resembles, and lets people miss it."""

    skip_reasons = ("I see two digits in it.", "Too dark on my screen.", "I would only be guessing.")
    flag_reasons = (
        "Please look at this one, I would not bet on it.",
        "Is this one cut off?",
        "Could be upside down.",
    )

    def __init__(self) -> None:
        self._digits = {digit.name: digit for digit in digits()}

    def answer(self, key: str, skill: float, rng: Random) -> Answer:
        digit = self._digits[key]
        if digit.clarity < 0.46 and rng.random() < 0.15:
            note = {"note": "A blot, or the edge of something."} if rng.random() < 0.5 else {}
            return {"digit": "none", **note}
        label = digit.label if rng.random() < _chance(skill, digit) else digit.rival
        if digit.clarity + rng.gauss(0, 0.012) > 0.487:
            return {"digit": label, "legibility": CLEAR}
        return {"digit": label, "legibility": POOR, "problem": _problems(digit, rng)}

    def corrected(self, key: str, given: Answer) -> Answer:
        return given if given["digit"] == "none" else {**given, "digit": self._digits[key].label}

    def before(self, given: Answer) -> Answer:
        return given

    def hardness(self, key: str) -> float:
        return min(max(0.5 + 4 * (MIDDLING - self._digits[key].clarity), 0.0), 1.0)

    def threads(self, key: str, given: Answer) -> Sequence[Thread]:
        return () if given["digit"] == "none" else THREADS

    def labels(self, key: str, given: Answer) -> Mapping[str, str]:
        digit = self._digits[key]
        return {"own": given["digit"], "rival": digit.rival if given["digit"] == digit.label else digit.label}


def _chance(skill: float, digit: Digit) -> float:
    """Of reading it right: far above `skill`, which is about harder questions, but for the digits that resemble others."""
    return 1 / (1 + exp(-(log(skill / (1 - skill)) + 2.5 + 30 * (digit.clarity - MIDDLING))))


def _problems(digit: Digit, rng: Random) -> list[str]:
    usual = Random(digit.name).choice(PROBLEMS[:3])
    return [usual] if rng.random() < 0.8 else [rng.choice(PROBLEMS)]
