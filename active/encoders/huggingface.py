"""Any Hugging Face text model, by the path of its folder or by name: mean of the last layer over the tokens of a text.

Vectors have length 1; of an empty text, 0. Code that comes with a model is never run, and nothing is downloaded
unless the option `download` allows it. Mean pooling as in Reimers and Gurevych (2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from active.encoders import devices
from active.encoders.types import Encoder, Floats, Load, Options, Payload, settled, sound_texts_of, unit

DEFAULTS: Options = {
    "model": "",
    "revision": "",
    "download": False,
    # Tokens of a text that count; texts at once.
    "longest": 256,
    "batch": 64,
    # Put before each text, for models that were trained so.
    "prefix": "",
}


@dataclass(frozen=True, eq=False)
class HuggingFaceEncoder(Encoder):
    """`learned`: {"weights": SHA-256 of the model's weights}."""

    kind = "huggingface"
    learns = False

    def encode_block(self, payloads: Sequence[Payload], load: Load | None) -> Floats:
        texts = sound_texts_of(payloads, self.fields)
        whole = [self.options["prefix"] + text for text in texts]
        tokens = self._tokenizer(whole, truncation=True, max_length=self._longest)["input_ids"]
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for batch in devices.by_length([len(one) for one in tokens], self.options["batch"]):
            rows[batch] = self._pooled([tokens[position] for position in batch])
        rows[[not text.strip() for text in texts]] = 0.0
        return unit(rows)

    def _pooled(self, tokens: list[list[int]]) -> Floats:
        import torch

        if not len(tokens[0]):
            return np.zeros((len(tokens), self.dimension), dtype=np.float32)
        padded = self._tokenizer.pad({"input_ids": tokens}, return_tensors="pt").to(self._model.device)
        with torch.inference_mode():
            states = self._model(**padded).last_hidden_state
            mask = padded["attention_mask"].unsqueeze(-1).to(states.dtype)
            mean = (states * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
        return np.asarray(torch.nan_to_num(mean).float().cpu().numpy())

    @property
    def _longest(self) -> int:
        positions = getattr(self._model.config, "max_position_embeddings", None) or self.options["longest"]
        return int(min(self.options["longest"], positions, self._tokenizer.model_max_length))

    @cached_property
    def _tokenizer(self) -> Any:
        tokenizer = _loaded("AutoTokenizer", self.options)
        # Models that only continue texts have no token for padding; whatever it is, the mask hides it.
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
        return tokenizer

    @cached_property
    def _model(self) -> Any:
        model = _loaded("AutoModel", self.options)
        devices.same_model(
            self.options["model"], devices.weights_digest(model), self.learned.get("weights", "")
        )
        return model.eval().to(devices.device())


def fit(
    sample: Sequence[Payload],
    fields: Sequence[str],
    *,
    options: Options | None = None,
    seed: int = 0,
    load: Load | None = None,
) -> HuggingFaceEncoder:
    """Load the model and note which it is. Raises EncoderUnavailable without the package or the model."""
    chosen = settled("huggingface", options, DEFAULTS)
    if not chosen["model"] or min(chosen["longest"], chosen["batch"]) < 1:
        raise ValueError(
            "The encoder 'huggingface' needs the option 'model': the path of a folder, or a name."
        )
    model = _loaded("AutoModel", chosen)
    if not (dimension := getattr(model.config, "hidden_size", 0)):
        raise ValueError(f"The model '{chosen['model']}' is no text model with a hidden layer.")
    learned = {"weights": devices.weights_digest(model)}
    encoder = HuggingFaceEncoder(tuple(fields), int(dimension), chosen, learned=learned)
    encoder.__dict__["_model"] = model.eval().to(devices.device())
    encoder.encode([dict.fromkeys(fields, "a")])
    return encoder


def _loaded(class_name: str, options: Options) -> Any:
    try:
        import transformers
    except ImportError as error:
        raise devices.missing_package("transformers", "huggingface") from error
    try:
        return getattr(transformers, class_name).from_pretrained(
            options["model"],
            revision=options["revision"] or "main",
            local_files_only=not options["download"],
            trust_remote_code=False,
        )
    except (OSError, ValueError, ImportError, KeyError) as error:
        raise devices.not_loaded(options["model"], options["download"], error) from error
