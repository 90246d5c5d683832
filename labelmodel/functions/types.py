"""What a labeling function is: a kind, a definition in words of that kind, and the votes that it casts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from labelmodel.functions.batch import Batch

ABSTAIN = -1

Definition = dict[str, Any]
# Tables that definitions name, already read: {name: polars DataFrame}, or what else a kind asks for.
Resources = Mapping[str, Any]
Path = tuple[str | int, ...]
Label = str | int


class Fault(NamedTuple):
    """What is wrong, where in the definition, and how to mend it."""

    path: Path
    message: str


class DefinitionError(ValueError):
    """A definition that cannot be used; it has every fault that was found."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(" ".join(fault.message for fault in self.faults))


@dataclass(frozen=True)
class Context:
    """What a definition may speak of."""

    fields: Mapping[
        str, str
    ]  # every payload field that may be named, with its type (text, number, ...), in order
    labels: tuple[Label, ...]  # values of the question's labels, in order; casts hold positions in it
    sensitive: frozenset[str] = frozenset()  # fields that no function sees

    @property
    def visible(self) -> dict[str, str]:
        return {name: kind for name, kind in self.fields.items() if name not in self.sensitive}

    @property
    def texts(self) -> list[str]:
        """The fields that functions on text read unless they say which: those of type text, or all where none is."""
        visible = self.visible
        return [name for name, kind in visible.items() if kind == "text"] or list(visible)

    def position(self, label: Label) -> int:
        """Of this label; ValueError where the question has no such label. 1 is neither True nor "1"."""
        for position, known in enumerate(self.labels):
            if type(known) is type(label) and known == label:
                return position
        raise ValueError(f"There is no label {label!r}.")


@dataclass(frozen=True, eq=False)
class Cast:
    """The votes of one function on a batch."""

    label: NDArray[np.int16]  # (n,) position of the label in the context's labels, or ABSTAIN
    errors: Mapping[int, str] = field(default_factory=dict)  # position in the batch: why it abstains there
    stopped: int | None = None  # rows from this position on were not looked at, for want of time
    # Position: why nothing was said of it. Neither vote nor abstention: to be looked at again later.
    unseen: Mapping[int, str] = field(default_factory=dict)
    # Why it abstains, where it can say so: how often.
    reasons: Mapping[str, int] = field(default_factory=dict)
    again_in: float | None = None  # seconds before which it is of no use to look at the unseen ones
    waits: str = ""  # why until then nothing else can be looked at either, where it cannot
    seconds: float = 0.0


def not_looked_at(batch: Batch) -> Cast:
    """Of a batch for which no time was left."""
    return Cast(np.full(len(batch), ABSTAIN, dtype=np.int16), stopped=0)


Apply = Callable[[Batch], Cast]


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to say what gets which label."""

    name: str
    title: str
    about: str  # one sentence for people who choose
    # Normalises a definition; raises DefinitionError.
    check: Callable[[Definition, Context], Definition]
    # The payload fields that a checked definition needs.
    reads: Callable[[Definition], frozenset[str]]
    # From a checked definition; raises DefinitionError where its resources do not fit.
    compile: Callable[[Definition, Context, Resources], Apply]
    # Whether it needs values as JSON has them (Batch.payload), not only columns of text.
    whole: bool = False
    # The names of the tables that a checked definition needs as resources.
    tables: Callable[[Definition], frozenset[str]] = lambda definition: frozenset()
    # Whether it asks others, who take their time and money: it gets a batch in one piece, keeps its own time, and leaves
    # for later what it does not get to. Not to be applied while somebody types.
    waits: bool = False
    # Whether it looks up items by their ids in the database, whatever their payload: it is applied by the thread that asks,
    # whose connection it uses, and no test can tell it a payload.
    by_item: bool = False


@dataclass(frozen=True, eq=False)
class Function:
    """A checked definition, ready to be applied."""

    kind: Kind
    definition: Definition
    context: Context
    reads: frozenset[str]
    run: Apply
