"""Encoders that run a model which lies on the workers."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from active.encoders import ENCODERS, EncoderUnavailable, devices, from_bytes
from tests.active.encoders.cases import load, of, tiny_language_model, tiny_torch_model

PICTURES = of(["disc-1.png", "stripes-1.png", None, "disc-2.png"])


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return tiny_torch_model(tmp_path)


def test_a_missing_model_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EncoderUnavailable, match="Put it there on every worker"):
        ENCODERS["torch_pictures"](PICTURES, ["value"], options={"path": str(tmp_path / "none.pt")})


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    for name in ("model.pt", "model.pt2"):
        (tmp_path / name).write_bytes(b"weights")
        with pytest.raises(EncoderUnavailable, match="no TorchScript module"):
            ENCODERS["torch_pictures"](PICTURES, ["value"], options={"path": str(tmp_path / name)})


def test_a_model_that_changed_is_refused(model: Path) -> None:
    options = {"path": str(model), "size": 16}
    stored = ENCODERS["torch_pictures"](PICTURES, ["value"], options=options).to_bytes()
    model.write_bytes(model.read_bytes() + b"\0")

    with pytest.raises(EncoderUnavailable, match="has changed"):
        from_bytes(stored).encode(PICTURES, load=load)


def test_a_model_for_images_of_another_size_is_refused(model: Path) -> None:
    with pytest.raises(EncoderUnavailable, match="does not turn images"):
        ENCODERS["torch_pictures"](PICTURES, ["value"], options={"path": str(model), "size": 2})


def test_torchscript_is_run_too(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        traced = torch.jit.trace(torch.nn.Flatten(), torch.zeros(2, 3, 4, 4))
        traced.save(tmp_path / "flat.pt")
    options = {"path": str(tmp_path / "flat.pt"), "size": 4}

    rows = ENCODERS["torch_pictures"](PICTURES, ["value"], options=options).encode(PICTURES, load=load)

    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), [1, 1, 0, 1], atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "package"), [("huggingface", "transformers"), ("sentences", "sentence-transformers")]
)
def test_a_missing_package_is_told_with_how_to_install_it(
    kind: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As where it is not installed, also where it is.
    monkeypatch.setitem(sys.modules, package.replace("-", "_"), None)

    with pytest.raises(EncoderUnavailable, match=f"pip install {package}"):
        ENCODERS[kind]([], ["value"], options={"model": "some/model"})


@pytest.mark.parametrize("kind", ["huggingface", "sentences", "torch_pictures"])
def test_a_model_must_be_named(kind: str) -> None:
    with pytest.raises(ValueError, match="needs the option"):
        ENCODERS[kind]([], ["value"])


def test_batches_are_of_like_length_and_complete() -> None:
    batches = list(devices.by_length([3, 9, 1, 9, 2], 2))

    assert batches == [[1, 3], [0, 4], [2]]


def hugging(folder: Path, **options: Any) -> Any:
    texts = of(["the cat sat on a mat", "a dog", "", "cats " * 90])
    return ENCODERS["huggingface"](texts, ["value"], options={"model": str(folder), **options}).encode(texts)


def test_the_mean_is_over_tokens_and_not_over_padding(tmp_path: Path) -> None:
    folder = tiny_language_model(tmp_path)

    np.testing.assert_allclose(hugging(folder, batch=4), hugging(folder, batch=1), atol=1e-6)


def test_a_model_that_would_have_to_be_downloaded_is_refused() -> None:
    pytest.importorskip("transformers", reason="transformers is not installed")

    with pytest.raises(EncoderUnavailable, match="Nothing is downloaded"):
        ENCODERS["huggingface"]([], ["value"], options={"model": "querent/does-not-exist"})
