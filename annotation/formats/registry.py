"""The formats. To add one: a module like its neighbours, a line here, a line in docs/formats.md."""

from __future__ import annotations

from annotation.formats.base import Format
from annotation.formats.csv import CSV, SAFE_CSV
from annotation.formats.huggingface import HUGGINGFACE
from annotation.formats.json_lines import JSONL
from annotation.formats.label_studio import LABEL_STUDIO
from annotation.formats.label_studio_config import LABEL_STUDIO_CONFIG
from annotation.formats.parquet import PARQUET
from annotation.formats.spacy import SPACY

FORMATS: dict[str, Format] = {
    one.name: one
    for one in (JSONL, CSV, SAFE_CSV, PARQUET, HUGGINGFACE, LABEL_STUDIO, LABEL_STUDIO_CONFIG, SPACY)
}
NAMES = list(FORMATS)
