"""A sentence-transformers model, by the path of its folder or by name (Reimers and Gurevych 2019).

Vectors have length 1; of an empty text, 0. Code that comes with a model is never run, and nothing is downloaded unless the
option `download` allows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from active.encoders import devices
from active.encoders.types import Encoder, Floats, Load, Options, Payload, settled, sound_texts_of, unit

DEFAULTS: Options = {"model": "", "revision": "", "download": False, "batch": 64, "prefix": ""}


@dataclass(frozen=True, eq=False)
class SentenceEncoder(Encoder):
    """`learned`: {"weights": SHA-256 of the model's weights}."""

    kind = "sentences"
    learns = False

    def encode_block(self, payloads: Sequence[Payload], load: Load | None) -> Floats:
        texts = sound_texts_of(payloads, self.fields)
        rows = self._model.encode(
            [self.options["prefix"] + text for text in texts],
            batch_size=self.options["batch"],
            show_progress_bar=False,
            convert_to_numpy=True,
        )
        rows = np.nan_to_num(np.asarray(rows, dtype=np.float32))
        rows[[not text.strip() for text in texts]] = 0.0
        return unit(rows)

    @cached_property
    def _model(self) -> Any:
        model = _loaded(self.options)
        devices.same_model(
            self.options["model"], devices.weights_digest(model), self.learned.get("weights", "")
        )
        return model


def fit(
    sample: Sequence[Payload],
    fields: Sequence[str],
    *,
    options: Options | None = None,
    seed: int = 0,
    load: Load | None = None,
) -> SentenceEncoder:
    """Load the model and note which it is. Raises EncoderUnavailable without the package or the model."""
    chosen = settled("sentences", options, DEFAULTS)
    if not chosen["model"] or chosen["batch"] < 1:
        raise ValueError("The encoder 'sentences' needs the option 'model': the path of a folder, or a name.")
    model = _loaded(chosen)
    dimension = model.encode(["a"], show_progress_bar=False).shape[1]
    learned = {"weights": devices.weights_digest(model)}
    encoder = SentenceEncoder(tuple(fields), int(dimension), chosen, learned=learned)
    encoder.__dict__["_model"] = model
    return encoder


def _loaded(options: Options) -> Any:
    try:
        import sentence_transformers
    except ImportError as error:
        raise devices.missing_package("sentence-transformers", "sentences") from error
    try:
        return sentence_transformers.SentenceTransformer(
            options["model"],
            revision=options["revision"] or None,
            device=str(devices.device()),
            local_files_only=not options["download"],
            trust_remote_code=False,
        )
    except (OSError, ValueError, ImportError, KeyError) as error:
        raise devices.not_loaded(options["model"], options["download"], error) from error
