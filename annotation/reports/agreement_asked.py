"""One question with what was said to it, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from annotation.agreement import Judgments, Level
from annotation.reports.said import Ints


@dataclass(frozen=True, eq=False)
class Asked:
    """One question with the judgments on it. `rows` are those of what was said; `items` and `people` are ids."""

    question: Any
    judgments: Judgments
    rows: Ints
    items: Ints
    people: Ints

    @property
    def name(self) -> str:
        return str(self.question["name"])

    @property
    def level(self) -> Level:
        return self.judgments.level

    def title(self, value: Any) -> str:
        """A value as people read it."""
        titles = {label["value"]: label["title"] for label in self.question.get("labels", ())}
        if isinstance(value, frozenset):
            return ", ".join(sorted(str(titles.get(one, one)) for one in value)) or "nothing"
        return f"{value:g}" if isinstance(value, float) else str(titles.get(value, value))
