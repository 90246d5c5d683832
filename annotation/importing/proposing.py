"""Questions for a project that has none yet, made of the answers in a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from annotation.importing.spoken import Said, Spoken
from annotation.importing.suggesting import question_name

# More different texts than this, or longer ones, are words of people's own and no labels.
MOST_LABELS = 300
LONGEST_LABEL = 200
_POINTS = 21
_IMAGE = re.compile(r"(?i)https?://\S+\.(png|jpe?g|gif|webp|avif|bmp)(\?\S*)?")
_TEXTS = (
    "text",
    "content",
    "body",
    "sentence",
    "document",
    "review",
    "comment",
    "message",
    "question",
    "prompt",
    "tweet",
)
# Longer texts than this on average are for reading.
_READ = 30


@dataclass
class _Heard:
    """What was said to one question."""

    kind: str = ""
    labels: dict[str, None] = field(default_factory=dict)
    numbers: list[float] = field(default_factory=lambda: [float("inf"), float("-inf")])
    are_whole: bool = True
    said: int = 0
    texts: int = 0
    most: int = 0
    too_many: bool = False


@dataclass
class Collector:
    """Hears all rows of a file, then proposes questions. `names` takes the file's questions to other names, null to none."""

    names: Mapping[str, str | None] = field(default_factory=dict)
    answers: int = 0
    heard: dict[str, _Heard] = field(default_factory=dict)
    kept: int = 0
    # The file's questions by the names that they get.
    made: dict[str, str] = field(default_factory=dict)

    def hear(self, spoken: Spoken, kinds: Mapping[str, str]) -> None:
        for said in spoken.answers:
            if said.as_ != "skip":
                self._hear_answer(said, kinds)
        for guess in spoken.guesses:
            self._hear(guess.question, guess.value, kinds, counts=False)

    def _hear_answer(self, said: Said, kinds: Mapping[str, str]) -> None:
        self.answers += 1
        self.kept += said.kept is not None
        for question, value in said.values.items():
            self._hear(question, value, kinds, counts=True)

    def _hear(self, question: str, value: Any, kinds: Mapping[str, str], *, counts: bool) -> None:
        name = self.names.get(question, question)
        if name is None or value is None or value in ("", []):
            return
        heard = self.heard.setdefault(name, _Heard())
        heard.kind = kinds.get(question, heard.kind)
        heard.said += counts
        parts = value if isinstance(value, list) else [value]
        heard.most = max(heard.most, len(parts) if isinstance(value, list) else 0)
        for part in parts:
            _hear_part(heard, part)

    def declare(self, question: str, labels: Iterable[str], kind: str) -> None:
        """What the file itself says of a question before any row."""
        name = self.names.get(question, question)
        if name is not None:
            heard = self.heard.setdefault(name, _Heard())
            heard.kind = kind
            heard.labels |= dict.fromkeys(labels)

    def questions(self) -> list[dict[str, Any]]:
        """What to ask; a comment nobody needs to make, where the answers hold only what no question can."""
        taken: set[str] = set()
        found = []
        for words, heard in self.heard.items():
            name = self.made[words] = _free(words, taken)
            taken.add(name)
            found.append(_question(name, words, heard, self.answers))
        if not found and (self.kept or self.answers):
            return [{"name": "comment", "type": "text", "title": "Comment", "required": False}]
        return found


def _hear_part(heard: _Heard, part: Any) -> None:
    if isinstance(part, bool):
        part = "true" if part else "false"
    if isinstance(part, int | float):
        heard.numbers = [min(heard.numbers[0], part), max(heard.numbers[1], part)]
        heard.are_whole &= float(part).is_integer()
    else:
        heard.texts += 1
        text = str(part).strip()
        heard.too_many |= len(text) > LONGEST_LABEL or "\n" in text
        if not heard.too_many and len(heard.labels) <= MOST_LABELS:
            heard.labels[text] = None


def _question(name: str, words: str, heard: _Heard, answers: int) -> dict[str, Any]:
    made = {"name": name, "title": _title(words), "required": bool(answers) and heard.said == answers}
    return made | _typed(heard)


def _typed(heard: _Heard) -> dict[str, Any]:
    low, high = heard.numbers
    if not heard.texts and low <= high:
        return _of_numbers(heard, low, high)
    named = heard.kind in {"choice", "choices"}
    own_words = heard.too_many or len(heard.labels) > MOST_LABELS
    # The same texts again and again are labels, all different ones are words.
    if own_words or heard.kind == "text" or (not named and len(heard.labels) > max(20, heard.texts // 3)):
        return {"type": "text"}
    labels = [{"value": label} for label in _sorted(heard.labels) if label]
    if not labels:
        return {"type": "text"}
    several = heard.kind == "choices" or heard.most > 1
    return {"type": "multiple_choice" if several else "single_choice", "labels": labels}


def _of_numbers(heard: _Heard, low: float, high: float) -> dict[str, Any]:
    small = heard.are_whole and low >= 0 and high <= 10
    if heard.kind == "rating" or (heard.kind != "number" and small):
        first, last = min(1, int(low)), max(5, int(high))
        if heard.are_whole and last - first < _POINTS and first >= -100 and last <= 100:
            return {"type": "rating", "min": first, "max": last}
    return {"type": "number"}


def _sorted(labels: Iterable[str]) -> list[str]:
    """Alphabetically, numbers by size."""
    return sorted(
        labels,
        key=lambda label: [int(p) if p.isdecimal() else p.casefold() for p in re.split(r"(\d+)", label)],
    )


def _title(words: str) -> str:
    return re.sub(r"[_\W]+", " ", words).strip().capitalize()[:300]


def _free(words: str, taken: set[str]) -> str:
    name = question_name(words)
    number = 2
    while name in taken:
        name, number = f"{question_name(words)[:56]}_{number}", number + 1
    return name


def fields_of(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """What to show of items: texts to read and pictures; the rest is kept and hidden."""
    values: dict[str, list[Any]] = {}
    for row in rows:
        for name, value in row.items():
            values.setdefault(name, []).append(value)
    kinds = {
        name: _field_type(name, given) for name, given in list(values.items())[:200] if 0 < len(name) <= 200
    }
    if not any(kind in {"text", "image"} for kind in kinds.values()):
        texts = [name for name in kinds if any(isinstance(value, str) and value for value in values[name])]
        kinds |= dict.fromkeys(texts, "text")
    return [{"name": name, "type": kind} for name, kind in kinds.items()]


def _field_type(name: str, given: list[Any]) -> str:
    texts = [value for value in given if isinstance(value, str) and value]
    if not texts or len(texts) < len([value for value in given if value not in (None, "")]):
        return "hidden"
    if all(_IMAGE.fullmatch(text) for text in texts):
        return "image"
    plain = re.sub(r"[\W_]+", "", name).casefold()
    return "text" if plain in _TEXTS or sum(map(len, texts)) / len(texts) > _READ else "hidden"
