"""A small sample for every encoder, so that contracts are tried on all of them."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from active.encoders import ENCODERS, Encoder

TEXTS = [
    f"{who} {did} the {what} {where}"
    for who in ("My card", "The parcel", "A refund")
    for did in ("lost", "found", "broke")
    for what in ("key", "number", "letter", "address")
    for where in ("today", "at the bank")
]
# What is no text, no image, no number and no vector, or a difficult one.
STRANGE: list[Any] = [
    None, "", " \n", 17, -0.5, True, float("nan"), float("inf"), 10**400, "\0", "\ud800", "é" * 3, "天气 very 😀", "x" * 50_000,
    [], {}, [1, [2, {"a": None}]], {"a": {"b": "c"}}, ["a"] * 4, [1.0, 2.0], [float("nan")] * 4, [1e308, -1e308, 1.0, 0.0], [1e-300] * 4,
]  # fmt: skip


@dataclass(frozen=True)
class Case:
    """What an encoder is fitted with; `alike`: two payloads that resemble each other, and one that resembles neither."""

    sample: list[dict[str, Any]]
    alike: list[dict[str, Any]]
    options: dict[str, Any] = field(default_factory=dict)

    def fit(self, name: str, *, seed: int = 0, sample: list[dict[str, Any]] | None = None) -> Encoder:
        some = self.sample if sample is None else sample
        return ENCODERS[name](some, ["value"], options=self.options, seed=seed, load=load)


def of(values: list[Any]) -> list[dict[str, Any]]:
    return [{"value": value} for value in values]


@cache
def load(name: str) -> bytes | None:
    """A PNG of a disc or of stripes by a name such as "disc-5.png"; no file of any other name."""
    shape, _, number = name.removesuffix(".png").partition("-")
    if shape not in ("disc", "stripes") or not number.isdigit():
        return b"no image" if name == "damaged" else None
    rng = np.random.default_rng(int(number))
    y, x = np.mgrid[:40, :40] - 20
    inside = x**2 + y**2 < 150 if shape == "disc" else (x % 10 < 5)
    pixels = np.where(inside, 40, 220)[..., None] + rng.integers(-10, 10, (40, 40, 1)) + np.zeros(3)
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def tiny_torch_model(folder: Path) -> Path:
    """An exported program of a few filters that any number of images may go through."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 6, 4, stride=4), torch.nn.Tanh()).eval()
    example = (torch.zeros(2, 3, 16, 16),)
    # The module is called by position, whatever its argument's name.
    program = torch.export.export(model, example, dynamic_shapes=({0: torch.export.Dim("n")},))
    torch.export.save(program, folder / "tiny.pt2")
    return folder / "tiny.pt2"


def tiny_language_model(folder: Path) -> Path:
    """A BERT of two small layers with random weights, and its tokenizer."""
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    import torch

    torch.manual_seed(0)
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    vocabulary = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *letters,
        *(f"##{letter}" for letter in letters),
    ]
    (folder / "vocab.txt").write_text("\n".join(vocabulary))
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    config = transformers.BertConfig(vocab_size=len(vocabulary), max_position_embeddings=64, **sizes)
    transformers.BertModel(config).save_pretrained(folder)
    transformers.BertTokenizerFast(vocab_file=str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


def tiny_sentence_model(folder: Path) -> Path:
    package = pytest.importorskip("sentence_transformers", reason="sentence-transformers is not installed")
    from sentence_transformers.sentence_transformer import modules

    layer = modules.Transformer(str(tiny_language_model(folder)))
    path = folder / "sentences"
    package.SentenceTransformer(modules=[layer, modules.Pooling(16)]).save(str(path))
    return path


def _texts(**options: Any) -> Case:
    return Case(of(TEXTS), of(["my card lost the key", "My card lost the keys.", "A refund"]), options)


def _pictures(**options: Any) -> Case:
    names = [f"{shape}-{number}.png" for shape in ("disc", "stripes") for number in range(12)]
    return Case(of(names), of(["disc-20.png", "disc-21.png", "stripes-20.png"]), options)


def _vectors() -> list[list[float]]:
    return np.random.default_rng(0).normal(size=(30, 4)).tolist()


MAKERS: dict[str, Callable[[Path], Case]] = {
    "text": lambda _: _texts(dimension=8),
    "pictures": lambda _: _pictures(dimension=8),
    "numbers": lambda _: Case(of([float(n) for n in range(40)]), of([1.0, 2, "39"])),
    "vectors": lambda _: Case(of(_vectors()), of([[1, 0, 0, 0], [0.9, 0.1, 0, 0], [0, 1, 0, 0]])),
    "sentences": lambda folder: _texts(model=str(tiny_sentence_model(folder))),
    "huggingface": lambda folder: _texts(model=str(tiny_language_model(folder)), batch=5),
    "torch_pictures": lambda folder: _pictures(path=str(tiny_torch_model(folder)), size=16, batch=5),
    "combined": lambda _: _texts(
        parts=[
            {"kind": "text", "fields": ["value"], "options": {"dimension": 8}},
            {"kind": "numbers", "fields": ["value"], "weight": 0.1},
        ]
    ),
}
