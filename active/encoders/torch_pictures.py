"""A torch image model by the path of its file: TorchScript, or an exported program (`.pt2`, of a free batch size).

It gets (n, 3, size, size) float32, normalised by `mean` and `std`, and returns (n, d), or (n, d, h, w), which is averaged over
places. Vectors have length 1; of an image that is missing or cannot be read, 0. A model's file is code: name only those that you
would run.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from active.encoders import devices
from active.encoders.images import images_of
from active.encoders.types import Encoder, EncoderUnavailable, Floats, Load, Options, Payload, settled, unit

if TYPE_CHECKING:
    import torch

DEFAULTS: Options = {
    "path": "",
    "size": 224,
    "batch": 32,
    # Those of ImageNet, which most models were trained with.
    "mean": [0.485, 0.456, 0.406],
    "std": [0.229, 0.224, 0.225],
}


@dataclass(frozen=True, eq=False)
class TorchPictureEncoder(Encoder):
    """`learned`: {"file": SHA-256 of the model's file}."""

    kind = "torch_pictures"
    learns = False
    block = 128

    def encode_block(self, payloads: Sequence[Payload], load: Load | None) -> Floats:
        images, there = images_of(payloads, self.fields, self.options["size"], load)
        rows = np.zeros((len(payloads), self.dimension), dtype=np.float32)
        seen = np.flatnonzero(there)
        for first in range(0, len(seen), self.options["batch"]):
            batch = seen[first : first + self.options["batch"]]
            rows[batch] = _vectors(self._model, images[batch], self.options)
        return unit(rows)

    @cached_property
    def _model(self) -> Any:
        path = Path(self.options["path"])
        devices.same_model(str(path), devices.file_digest(path), self.learned.get("file", ""))
        return _loaded(path)


def fit(
    sample: Sequence[Payload],
    fields: Sequence[str],
    *,
    options: Options | None = None,
    seed: int = 0,
    load: Load | None = None,
) -> TorchPictureEncoder:
    """Load the model and note which it is. Raises EncoderUnavailable where it cannot be loaded or run."""
    chosen = settled("torch_pictures", options, DEFAULTS)
    if not chosen["path"] or min(chosen["size"], chosen["batch"]) < 1:
        raise ValueError("The encoder 'torch_pictures' needs the option 'path' of a model's file.")
    three = [
        len(chosen[name]) == 3 and {*map(type, chosen[name])} <= {int, float} for name in ("mean", "std")
    ]
    if not all(three) or not all(chosen["std"]):
        raise ValueError("The options 'mean' and 'std' are three numbers each, and 'std' not 0.")
    path = Path(chosen["path"])
    learned = {"file": devices.file_digest(path)}
    model = _loaded(path)
    # Two, because a program that was exported for one image at once takes no more.
    white = np.full((2, chosen["size"], chosen["size"], 3), 255, dtype=np.uint8)
    try:
        dimension = _vectors(model, white, chosen).shape[1]
    except (RuntimeError, ValueError, AssertionError) as error:
        raise EncoderUnavailable(
            f"The model '{path}' does not turn images of (n, 3, {chosen['size']}, {chosen['size']}) into vectors "
            f"({str(error).strip().splitlines()[-1]})."
        ) from error
    encoder = TorchPictureEncoder(tuple(fields), dimension, chosen, learned=learned)
    encoder.__dict__["_model"] = model
    return encoder


def _loaded(path: Path) -> Any:
    import torch

    try:
        if path.suffix == ".pt2":
            return torch.export.load(path).module().to(devices.device())
        with warnings.catch_warnings():
            # Torch prefers exported programs now; many models are still handed on as TorchScript.
            warnings.simplefilter("ignore", DeprecationWarning)
            return torch.jit.load(path, map_location=devices.device()).eval()  # type: ignore[no-untyped-call]
    # A foreign file lets torch fail in many ways.
    except Exception as error:
        raise EncoderUnavailable(
            f"The file '{path}' is no TorchScript module and no exported program that this torch can load."
        ) from error


def _vectors(model: Any, images: npt.NDArray[np.uint8], options: Options) -> Floats:
    import torch

    place = devices.device()
    pixels = torch.from_numpy(images).to(place).permute(0, 3, 1, 2).float() / 255
    mean, std = (torch.tensor(options[name], device=place).view(1, 3, 1, 1) for name in ("mean", "std"))
    with torch.inference_mode():
        found = _tensor(model((pixels - mean) / std))
    if found.ndim == 4:
        found = found.mean(dim=(2, 3))
    if found.ndim != 2 or len(found) != len(images):
        raise ValueError(f"it returned a tensor of {tuple(found.shape)}")
    return np.asarray(torch.nan_to_num(found).float().cpu().numpy())


def _tensor(output: Any) -> torch.Tensor:
    """The tensor of vectors in whatever a model returns; of several the first."""
    import torch

    while not isinstance(output, torch.Tensor):
        parts = list(output.values()) if isinstance(output, dict) else list(output)
        if not parts:
            raise ValueError("it returned nothing")
        output = parts[0]
    return output
