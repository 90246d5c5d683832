"""Encoders: payloads in, vectors out. No database, no settings.

Every encoder is made by a function fit(sample, fields, *, options=None, seed=0, load=None) -> Encoder, listed in ENCODERS.
"""

from active.encoders import combined, registry
from active.encoders.choosing import Choice, choose
from active.encoders.types import Encoder, EncoderUnavailable, Fit, Floats, Load, Payload

ENCODERS: dict[str, Fit] = {**registry.FITS, "combined": combined.fit}


def from_bytes(data: bytes) -> Encoder:
    """What Encoder.to_bytes made. ValueError for damaged bytes, and for anything else."""
    return registry.read(data, {**registry.CLASSES, "combined": combined.CombinedEncoder})


__all__ = [
    "ENCODERS",
    "Choice",
    "Encoder",
    "EncoderUnavailable",
    "Fit",
    "Floats",
    "Load",
    "Payload",
    "choose",
    "from_bytes",
]
