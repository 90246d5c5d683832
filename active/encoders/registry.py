"""The encoders of single kinds, which `combined` puts together, and how encoders are read from bytes."""

from __future__ import annotations

from collections.abc import Mapping

from active.encoders import huggingface, numbers, pictures, sentences, stored, text, torch_pictures, vectors
from active.encoders.types import Encoder, Fit

CLASSES: dict[str, type[Encoder]] = {
    one.kind: one
    for one in (
        text.TextEncoder,
        pictures.PictureEncoder,
        numbers.NumberEncoder,
        vectors.VectorEncoder,
        sentences.SentenceEncoder,
        huggingface.HuggingFaceEncoder,
        torch_pictures.TorchPictureEncoder,
    )
}

FITS: dict[str, Fit] = {
    "text": text.fit,
    "pictures": pictures.fit,
    "numbers": numbers.fit,
    "vectors": vectors.fit,
    "sentences": sentences.fit,
    "huggingface": huggingface.fit,
    "torch_pictures": torch_pictures.fit,
}


def read(data: bytes, classes: Mapping[str, type[Encoder]]) -> Encoder:
    """What Encoder.to_bytes made. ValueError for damaged bytes, and for anything else."""
    kind, about, arrays = stored.unpack(data)
    if kind not in classes:
        raise ValueError(f"There is no encoder '{kind}' in this version of Querent. Fit another one.")
    return classes[kind](
        tuple(about["fields"]), about["dimension"], about["options"], arrays, about["learned"]
    )
