"""What a batch says, and what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from annotation.importing.records import Refused
from annotation.services.import_voices import Expected, Voice


@dataclass
class Heard:
    """What a batch says, before it is written."""

    voices: list[Voice] = field(default_factory=list)
    expected: list[Expected] = field(default_factory=list)
    comments: list[tuple[str, str, str]] = field(default_factory=list)
    notes: list[tuple[int, Refused]] = field(default_factory=list)
    # By the key of the item.
    tags: dict[str, set[str]] = field(default_factory=dict)
    retired: set[str] = field(default_factory=set)
    left_out: Counter[str] = field(default_factory=Counter)
    unfit: int = 0
    unexpected: int = 0

    def add(self, row: int, told: Voice | Refused) -> None:
        if isinstance(told, Voice):
            self.voices.append(told)
        else:
            self.notes.append((row, told))
            self.unfit += told.message.startswith("The answer")

    def add_expected(self, row: int, told: Expected | Refused) -> None:
        if isinstance(told, Expected):
            self.expected.append(told)
        else:
            self.notes.append((row, told))
            self.unexpected += 1

    def authors(self) -> Iterable[str]:
        return dict.fromkeys(
            [*(voice.author for voice in self.voices), *(author for _, author, _ in self.comments)]
        )


@dataclass
class Told:
    """What a batch brought besides items, and what of that was refused."""

    counts: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    refused: list[tuple[int, Refused]] = field(default_factory=list)
    # Places in the queue where another answer is wanted now.
    open_again: list[Any] = field(default_factory=list)


def report(before: Mapping[str, Any], told: Told) -> dict[str, Any]:
    """An import's report with what one more batch brought: {count: n, kept: {type: n}, left_out: {reason: n}}."""
    counts = Counter({name: n for name, n in before.items() if isinstance(n, int)}) + told.counts
    kept = Counter(before.get("kept", {})) + told.kept
    left_out = Counter(before.get("left_out", {})) + told.left_out
    lists = {"kept": dict(kept), "left_out": dict(left_out)}
    return {**counts, **{name: found for name, found in lists.items() if found}}
