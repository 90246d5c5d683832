"""The kind of labeling function that asks an endpoint.

Its resources: `endpoint`, the Source that the definition names. Its definition is checked without any endpoint at hand.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from labelmodel.endpoints.asking import Asked, ask_all
from labelmodel.endpoints.client import written
from labelmodel.endpoints.definition import check, forms_of, limits_of, prompt_of, settings_of
from labelmodel.endpoints.prompting import Form, Prompt, Settings, body_of, tokens_at_most
from labelmodel.endpoints.reading import REASONS, Reader
from labelmodel.endpoints.source import Forms, Limits, Source
from labelmodel.functions import (
    ABSTAIN,
    Apply,
    Batch,
    Cast,
    Context,
    Definition,
    DefinitionError,
    Fault,
    Kind,
    Resources,
    register,
)

NOTHING_TO_READ = "has nothing in the fields that are read"
Item = dict[str, str | None]


@dataclass(frozen=True)
class _Asking:
    """A definition with what it takes to ask. The form that the endpoint knows is remembered from batch to batch."""

    source: Source
    prompt: Prompt
    settings: Settings
    reader: Reader
    forms: Forms
    limits: Limits
    positions: dict[str, int]

    def apply(self, batch: Batch) -> Cast:
        columns = {name: batch.text(name).to_list() for name in self.prompt.fields}
        items: list[Item] = [{name: columns[name][row] for name in columns} for row in range(len(batch))]
        rows = [row for row, item in enumerate(items) if row not in batch.unreadable and _has_words(item)]
        asked = self._ask([items[row] for row in rows], batch.deadline - time.monotonic())
        cast = self._cast(asked, rows, len(batch))
        empty = len(batch) - len(rows) - len(batch.unreadable)
        return replace(
            cast,
            errors={**batch.unreadable, **cast.errors},
            reasons={**cast.reasons, **({NOTHING_TO_READ: empty} if empty else {})},
        )

    def _ask(self, items: list[Item], left: float) -> Asked:
        def write(position: int, form: Form) -> bytes:
            return written(body_of(self.prompt, items[position], self.settings, form))

        return ask_all(
            self.source,
            len(items),
            write,
            subject=self.settings.model,
            tokens=lambda body: tokens_at_most(body, self.settings),
            forms=self.forms,
            limits=replace(
                self.limits, seconds=max(min(self.limits.seconds, self.source.most_seconds, left), 0.0)
            ),
        )

    def _cast(self, asked: Asked, rows: list[int], size: int) -> Cast:
        label = np.full(size, ABSTAIN, dtype=np.int16)
        reasons: Counter[str] = Counter()
        for position, answer in asked.answers.items():
            read = self.reader.read(
                answer.text, finish=answer.finish, refusal=answer.refusal, chance=answer.chance
            )
            if read.label is not None:
                label[rows[position]] = self.positions[read.label]
            elif read.reason is not None:
                reasons[REASONS[read.reason]] += 1
        return Cast(
            label,
            errors={rows[position]: why for position, why in asked.refused.items()},
            unseen={rows[position]: why for position, why in asked.unseen.items()},
            reasons=reasons,
            again_in=asked.later if asked.again_in is None else asked.again_in,
            waits=asked.stopped if asked.again_in and not asked.misfit else "",
        )


def reads(definition: Definition) -> frozenset[str]:
    return frozenset(definition["fields"])


def compile(definition: Definition, context: Context, resources: Resources) -> Apply:
    source: Any = resources.get("endpoint")
    if not isinstance(source, Source):
        name = definition["endpoint"]
        raise DefinitionError(
            [Fault(("endpoint",), f"There is no endpoint “{name}”, or it may not be used.")]
        )
    prompt = prompt_of(definition)
    return _Asking(
        source,
        prompt,
        settings_of(definition),
        Reader(prompt.labels, prompt.unsure, definition["confidence"]),
        forms_of(definition),
        limits_of(definition),
        {str(one["label"]): context.position(one["label"]) for one in definition["labels"]},
    ).apply


def _has_words(item: Item) -> bool:
    return any(value and value.strip() for value in item.values())


ENDPOINT = Kind(
    "endpoint",
    "Language model (endpoint)",
    "Asks a model behind an OpenAI-compatible endpoint. It runs on workers; figures come from its trial.",
    check,
    reads,
    compile,
    waits=True,
)
register(ENDPOINT)
