"""Columns as Hugging Face knows them: labels become numbers with names, and the schema says so."""

from __future__ import annotations

from typing import Any

import orjson

from annotation.formats.layout import Column, Layout, values

NUMBERS = {"int64": "int64", "int32": "int32", "double": "float64", "bool": "bool"}


def features(layout: Layout) -> dict[str, Any]:
    """By column, as the `huggingface` metadata of a Parquet file has them."""
    questions = {question["name"]: question for question in layout.questions}
    return {column.name: _feature(column, names_of(column, questions)) for column in layout.columns}


def as_yaml(layout: Layout) -> list[dict[str, Any]]:
    """The same as the card of a data set has them."""
    return [{"name": name, **_yaml(feature)} for name, feature in features(layout).items()]


def schema(layout: Layout) -> Any:
    """The Arrow schema with the features in its metadata, and ours."""
    import pyarrow as pa

    told = orjson.dumps({"info": {"features": features(layout)}})
    own = layout.arrow()
    questions = {question["name"]: question for question in layout.questions}
    fields = [
        pa.field(field.name, _numbered(field.type)) if names_of(column, questions) else field
        for field, column in zip(own, layout.columns, strict=True)
    ]
    return pa.schema(fields, {**own.metadata, b"huggingface": told})


def converted(table: Any, layout: Layout, schema: Any) -> Any:
    """The rows of a master under that schema."""
    import pyarrow as pa

    questions = {question["name"]: question for question in layout.questions}
    columns = []
    for column in layout.columns:
        found = table.column(column.name).combine_chunks()
        names = names_of(column, questions)
        columns.append(_places(found, pa.array(names, pa.string())) if names else found)
    return pa.Table.from_arrays(columns, schema=schema)


def names_of(column: Column, questions: dict[str, Any]) -> tuple[str, ...]:
    """The labels of a column that says labels; none for other columns."""
    question = questions.get(column.of)
    says = column.name in {f"consensus.{column.of}", f"answer.{column.of}"}
    return values(question) if question and says and column.kind in {"string", "strings"} else ()


def _feature(column: Column, names: tuple[str, ...]) -> Any:
    if names:
        label = {"names": list(names), "_type": "ClassLabel"}
        return {"feature": label, "_type": "Sequence"} if column.kind == "strings" else label
    if column.kind == "strings":
        return {"feature": _value("string"), "_type": "Sequence"}
    if column.kind in {"counts", "shares"}:
        inner = _value("int32" if column.kind == "counts" else "float64")
        return dict.fromkeys(column.labels, inner)
    return _value("timestamp[us, tz=UTC]" if column.kind == "time" else NUMBERS.get(column.kind, "string"))


def _value(dtype: str) -> dict[str, str]:
    return {"dtype": dtype, "_type": "Value"}


def _yaml(feature: dict[str, Any]) -> dict[str, Any]:
    match feature.get("_type"):
        case "Value":
            return {"dtype": feature["dtype"]}
        case "ClassLabel":
            names = {str(place): name for place, name in enumerate(feature["names"])}
            return {"dtype": {"class_label": {"names": names}}}
        case "Sequence":
            inner = _yaml(feature["feature"])["dtype"]
            return {"sequence": inner}
    return {"struct": [{"name": name, **_yaml(inner)} for name, inner in feature.items()]}


def _numbered(kind: Any) -> Any:
    import pyarrow as pa

    return pa.list_(pa.int64()) if pa.types.is_list(kind) else pa.int64()


def _places(column: Any, names: Any) -> Any:
    """Labels as their places among the names."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_list(column.type):
        return pc.index_in(column, names).cast(pa.int64())
    said = pc.index_in(column.flatten(), names).cast(pa.int64())
    sizes = pc.fill_null(pc.list_value_length(column), 0)
    begins = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(sizes).cast(pa.int32())])
    return pa.ListArray.from_arrays(begins, said, mask=column.is_null())
