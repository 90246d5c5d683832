"""What every encoder is: fitted once, never changed, the same vectors for the same payloads wherever its bytes are read."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from active.encoders import stored

Floats = npt.NDArray[np.float32]
Payload = Mapping[str, Any]
Options = Mapping[str, Any]
# The bytes of the file that a payload's value names; None when there is none. Called from several threads.
Load = Callable[[str], bytes | None]


class EncoderUnavailable(RuntimeError):
    """What an encoder needs is not there, such as a package or a model's files; the message says what to do."""


@dataclass(frozen=True, eq=False)
class Encoder(ABC):
    """Turns payloads into vectors.

    A value that is missing or of another type never raises; each kind says how it reads then.
    """

    kind: ClassVar[str]
    # Whether it depends on what was in the sample, beyond the form of the values.
    learns: ClassVar[bool] = True
    # How many payloads are worked on at once: bounds memory.
    block: ClassVar[int] = 2048

    fields: tuple[str, ...]
    dimension: int
    # All options, those that were not given by their defaults; what JSON can say.
    options: Options
    # What was learned from the sample, as arrays and as what JSON can say.
    arrays: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    learned: Options = field(default_factory=dict)

    def encode(self, payloads: Sequence[Payload], *, load: Load | None = None) -> Floats:
        """Vectors of these payloads, (n, dimension), finite. Encoders of files need `load`; ValueError without."""
        rows = np.zeros((len(payloads), self.dimension), dtype=np.float32)
        for first in range(0, len(payloads), self.block):
            block = payloads[first : first + self.block]
            rows[first : first + len(block)] = self.encode_block(block, load)
        return rows

    @abstractmethod
    def encode_block(self, payloads: Sequence[Payload], load: Load | None) -> Floats:
        """Vectors of at most `block` payloads, (n, dimension)."""

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of its bytes, in hexadecimal: the version that its vectors belong to."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def to_bytes(self) -> bytes:
        """All of it, for from_bytes; the same bytes for the same fit."""
        about = {
            "fields": list(self.fields),
            "dimension": self.dimension,
            "options": dict(self.options),
            "learned": dict(self.learned),
        }
        return stored.pack(self.kind, about, self.arrays)


class Fit(Protocol):
    """Learns an encoder of these fields from a sample. Raises ValueError for options that it does not have, and
    EncoderUnavailable; a sample without anything to learn from gives an encoder that tells nothing apart."""

    def __call__(
        self,
        sample: Sequence[Payload],
        fields: Sequence[str],
        *,
        options: Options | None = None,
        seed: int = 0,
        load: Load | None = None,
    ) -> Encoder: ...


def settled(kind: str, options: Options | None, defaults: Options) -> dict[str, Any]:
    """The options with defaults for those that are not given. ValueError names one that there is not, or of another type."""
    given = dict(options or {})
    if unknown := sorted(given.keys() - defaults.keys()):
        has = ", ".join(sorted(defaults)) or "none"
        raise ValueError(f"The encoder '{kind}' has no option '{unknown[0]}'. It has: {has}.")
    for name, value in given.items():
        wanted = type(defaults[name])
        if not (isinstance(value, wanted) and isinstance(value, bool) == (wanted is bool)) and not (
            wanted is float and type(value) is int
        ):
            raise ValueError(f"The option '{name}' of the encoder '{kind}' is {wanted.__name__}.")
    return {**defaults, **given}


def unit(rows: Floats) -> Floats:
    """Rows at length 1; a row of zeros stays one."""
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
    return np.asarray(np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0))


def as_text(value: Any) -> str:
    """A payload's value as text: nothing for none, the parts of lists and objects with spaces between."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return " ".join(as_text(part) for part in value.values())
    if isinstance(value, list | tuple):
        return " ".join(as_text(part) for part in value)
    return str(value)


def texts_of(payloads: Sequence[Payload], fields: Sequence[str]) -> list[str]:
    """The fields of each payload as one text."""
    if len(fields) == 1:
        name = fields[0]
        return [as_text(payload.get(name)) for payload in payloads]
    return ["\n".join(as_text(payload.get(name)) for name in fields) for payload in payloads]


def sound_texts_of(payloads: Sequence[Payload], fields: Sequence[str]) -> list[str]:
    """The same, with what is no character (half of a surrogate pair) replaced: tokenizers take valid text only."""
    return [text.encode(errors="replace").decode() for text in texts_of(payloads, fields)]
