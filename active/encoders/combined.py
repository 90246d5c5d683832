"""Several encoders side by side, each scaled so that none outweighs another because of its scale or length.

The mean length of each part over the sample becomes its weight (1 unless told otherwise) over the root of the sum of all
squared weights, so that a usual vector has about length 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from active.encoders import registry
from active.encoders.choosing import choose
from active.encoders.types import Encoder, Floats, Load, Options, Payload, settled

# [{"kind", "fields", "options"?, "weight"?}]; empty: chosen by what the fields hold.
DEFAULTS: Options = {"parts": []}
_MEASURED = 1000
_KEYS = {"kind", "fields", "options", "weight"}


@dataclass(frozen=True, eq=False)
class CombinedEncoder(Encoder):
    """`arrays`: `scale` (parts,), and the bytes of every part."""

    kind = "combined"

    def encode_block(self, payloads: Sequence[Payload], load: Load | None) -> Floats:
        parts = [part.encode(payloads, load=load) for part in self.parts]
        scaled = [rows * scale for rows, scale in zip(parts, self.arrays["scale"], strict=True)]
        return np.concatenate(scaled, axis=1)

    @cached_property
    def parts(self) -> list[Encoder]:
        """The encoders, in order of their columns."""
        return [
            registry.read(self.arrays[f"part {number}"].tobytes(), registry.CLASSES)
            for number in range(len(self.arrays["scale"]))
        ]


def fit(
    sample: Sequence[Payload],
    fields: Sequence[str],
    *,
    options: Options | None = None,
    seed: int = 0,
    load: Load | None = None,
) -> CombinedEncoder:
    """Fit every part to its fields. ValueError for parts that are none."""
    chosen = settled("combined", options, DEFAULTS)
    plans = _checked(chosen["parts"] or _parts_for(fields, sample))
    parts = [
        registry.FITS[plan["kind"]](sample, plan["fields"], options=plan.get("options"), seed=seed, load=load)
        for plan in plans
    ]
    weights = np.array([plan.get("weight", 1.0) for plan in plans])
    drawn = np.sort(np.random.default_rng(seed).permutation(len(sample))[:_MEASURED])
    some = [sample[number] for number in drawn]
    lengths = np.array([_usual_length(part.encode(some, load=load)) for part in parts])
    arrays: dict[str, Any] = {
        "scale": (weights / np.linalg.norm(weights) / lengths).astype(np.float32),
        **{
            f"part {number}": np.frombuffer(part.to_bytes(), dtype=np.uint8)
            for number, part in enumerate(parts)
        },
    }
    read = tuple(dict.fromkeys(name for plan in plans for name in plan["fields"]))
    return CombinedEncoder(read, sum(part.dimension for part in parts), {"parts": plans}, arrays)


def _parts_for(fields: Sequence[str], sample: Sequence[Payload]) -> list[dict[str, Any]]:
    choice = choose([{"name": name, "type": "text"} for name in fields], sample)
    if choice.kind == "combined":
        return list(choice.options["parts"])
    return [{"kind": choice.kind, "fields": list(choice.fields), "options": dict(choice.options)}]


def _checked(plans: Any) -> list[dict[str, Any]]:
    for plan in plans:
        if not isinstance(plan, dict) or plan.keys() - _KEYS or plan.get("kind") not in registry.FITS:
            raise ValueError(
                f"A part of the encoder 'combined' is {{kind, fields, options?, weight?}}, and its kind one of "
                f"{', '.join(registry.FITS)}."
            )
        if not isinstance(plan.get("fields"), list) or not plan["fields"]:
            raise ValueError("Every part of the encoder 'combined' lists its fields.")
        weight = plan.get("weight", 1.0)
        if not isinstance(weight, int | float) or not 0 < weight < 1e6:
            raise ValueError("The weight of a part of the encoder 'combined' is a number above 0.")
    if not plans:
        raise ValueError("The encoder 'combined' has no part: no field holds anything to encode.")
    return list(plans)


def _usual_length(rows: Floats) -> float:
    """The root of the mean squared length of rows that are not 0."""
    squares = np.einsum("ij,ij->i", rows, rows, dtype=float)
    return float(np.sqrt(squares[squares > 0].mean())) if (squares > 0).any() else 1.0
