"""What encoders that run a torch model share: where it runs, which one it is, and batches of like length."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from active.encoders.types import EncoderUnavailable

if TYPE_CHECKING:
    import torch


def device() -> torch.device:
    """CUDA where there is one."""
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def weights_digest(module: torch.nn.Module) -> str:
    """SHA-256 over the names, shapes and values of a model's weights: the same wherever it was loaded from."""
    import torch

    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        plain = tensor.detach().to("cpu").contiguous()
        digest.update(f"{name} {plain.dtype} {tuple(plain.shape)}\n".encode())
        if plain.numel():
            digest.update(plain.reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a model's file. Raises EncoderUnavailable."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EncoderUnavailable(
            f"The model '{path}' cannot be read ({error.strerror}). Put it there on every worker, or name another path."
        ) from error


def same_model(name: str, found: str, known: str) -> None:
    """Raise EncoderUnavailable where a model is not the one that the encoder was fitted with."""
    if known and found != known:
        raise EncoderUnavailable(
            f"The model '{name}' has changed since the encoder was fitted, so its vectors would not fit the earlier ones. "
            "Fit the encoder again, or put the earlier model back."
        )


def missing_package(package: str, kind: str) -> EncoderUnavailable:
    return EncoderUnavailable(
        f"The encoder '{kind}' needs the Python package '{package}'. Install it where the workers run: "
        f"pip install {package}"
    )


def not_loaded(name: str, download: bool, error: Exception) -> EncoderUnavailable:
    """Why a named model could not be loaded, and what to do."""
    advice = (
        "Check its name, and that the workers reach the hub."
        if download
        else "Nothing is downloaded unless that is allowed: put its files on the workers and name their folder."
    )
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return EncoderUnavailable(f"The model '{name}' could not be loaded. {advice} ({first})")


def by_length(lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """Positions in batches of at most `most`, of like length, so that little is padded; longest first, so that memory
    that does not suffice is noticed at once."""
    order = sorted(range(len(lengths)), key=lambda position: -lengths[position])
    for first in range(0, len(order), most):
        yield order[first : first + most]
