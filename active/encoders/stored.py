"""Encoders as bytes: a name, JSON and arrays under a checksum. No pickle, so that reading runs nothing."""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

MAGIC = b"Querent encoder 1\n"
_DIGEST = 32
_LENGTH = struct.Struct("<Q")
_DTYPES = {"float16", "float32", "float64", "uint8", "uint16", "int32", "int64", "uint32", "uint64", "bool"}


def pack(kind: str, about: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """The bytes of an encoder: magic, SHA-256 of the rest, length of the header, header as JSON, arrays in its order."""
    plain = {
        name: np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        for name, array in arrays.items()
    }
    shapes = [[name, array.dtype.name, list(array.shape)] for name, array in plain.items()]
    header = json.dumps({"kind": kind, "about": about, "arrays": shapes}, sort_keys=True).encode()
    body = b"".join([_LENGTH.pack(len(header)), header, *(array.tobytes() for array in plain.values())])
    return MAGIC + hashlib.sha256(body).digest() + body


def unpack(data: bytes) -> tuple[str, dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Kind, description and arrays of what `pack` made. ValueError for anything else, and for damaged bytes."""
    if not data.startswith(MAGIC):
        raise ValueError("These bytes are not an encoder of this version of Querent. Fit the encoder again.")
    digest, body = data[len(MAGIC) :][:_DIGEST], data[len(MAGIC) + _DIGEST :]
    if hashlib.sha256(body).digest() != digest:
        raise ValueError("The encoder's checksum is wrong: its bytes are damaged. Fit it again.")
    (length,) = _LENGTH.unpack_from(body)
    header = json.loads(body[_LENGTH.size : _LENGTH.size + length])
    arrays, offset = {}, _LENGTH.size + length
    for name, dtype, shape in header["arrays"]:
        if dtype not in _DTYPES:
            raise ValueError(f"The encoder holds an array of {dtype}, which none has.")
        count = math.prod(shape)
        array = np.frombuffer(body, dtype=np.dtype(dtype).newbyteorder("<"), count=count, offset=offset)
        # A copy, at an address that the processor likes, and of its own lifetime.
        arrays[name] = array.astype(dtype).reshape(shape)
        offset += array.nbytes
    return header["kind"], header["about"], arrays
