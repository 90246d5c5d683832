"""Columns of many rows as arrays: PostgreSQL packs them, so that a million ids take a fraction of a second and no object each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

# PostgreSQL's fixed-width types, as its send functions write them.
_WIDE = {"int8": ">i8", "float8": ">f8", "int4": ">i4", "float4": ">f4", "bool": "?"}


def columns(query: str, params: Mapping[str, Any], types: Sequence[str]) -> list[npt.NDArray[Any]]:
    """The columns of a query's rows, one array each, in the query's order. `types` as PostgreSQL names them: int8, float8,
    int4, float4 or bool. ValueError when one of them is NULL."""
    names = [f"c{position}" for position in range(len(types))]
    row = " || ".join(f"{kind}send({name})" for name, kind in zip(names, types, strict=True))
    packed = f"SELECT count(*), string_agg({row}, ''::bytea) FROM ({query}) AS packed ({', '.join(names)})"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(packed, params)
        count, data = cursor.fetchone()
    dtype = np.dtype([(name, _WIDE[kind]) for name, kind in zip(names, types, strict=True)])
    if count * dtype.itemsize != len(data or b""):
        raise ValueError("A column of the query holds NULL.")
    table = np.frombuffer(data or b"", dtype=dtype)
    return [
        table[name].astype(np.dtype(_WIDE[kind]).newbyteorder("="))
        for name, kind in zip(names, types, strict=True)
    ]


def ids(query: str, params: Mapping[str, Any]) -> npt.NDArray[np.int64]:
    """The one column of a query, ids."""
    return np.asarray(columns(query, params, ["int8"])[0], dtype=np.int64)
