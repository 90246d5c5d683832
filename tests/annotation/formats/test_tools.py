"""The tools that the formats are made for read them."""

from __future__ import annotations

import io
import json
import zipfile
from xml.etree import ElementTree

import datasets
import pandas
import pyarrow.parquet as pq
import pytest
import spacy
from spacy.tokens import DocBin

from annotation.formats import huggingface
from annotation.formats.registry import FORMATS
from tests.annotation.formats.masters import LABELS, QUESTIONS, layout, master, parquet, rows_of, written

MANIFEST = {
    "project": {"name": "My | <b>project</b>"},
    "number": 3,
    "name": "first",
    "label_model": {
        "topic": [
            {"run": None, "method": "majority", "items": 2},
            {"run": 5, "method": "dawid_skene", "items": 1},
        ]
    },
    "counts": {"labels": {"topic": {"a,b": 2}}},
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """`folder(name, master)`: the archive unpacked."""
    monkeypatch.setattr(huggingface, "MOST_ROWS", 16)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    datasets.disable_progress_bars()

    def unpacked(name, opened, manifest=None):
        with zipfile.ZipFile(io.BytesIO(written(FORMATS[name], opened, manifest))) as archive:
            assert archive.testzip() is None
            archive.extractall(tmp_path / "folder")
        return tmp_path / "folder"

    return unpacked


def test_datasets_load_the_folder_with_splits_and_labels(folder):
    shape = layout(parts=("train", "dev-1"))
    found = datasets.load_dataset(str(folder("huggingface", master(shape, 30))))

    rows = rows_of(shape, 30)
    assert {name: part.num_rows for name, part in found.items()} == {"train": 15, "dev_1": 15}
    topic = found["train"].features["consensus.topic"]
    assert topic.names == LABELS
    wanted = [row["consensus.topic"] for row in rows if row["split"] == "train"]
    assert [
        None if place is None else topic.int2str(place) for place in found["train"]["consensus.topic"]
    ] == wanted
    marks = found["train"].features["consensus.marks"].feature
    wanted = [row["consensus.marks"] for row in rows if row["split"] == "train"]
    assert [said and marks.int2str(said) for said in found["train"]["consensus.marks"]] == wanted


def test_datasets_load_answers_without_a_split(folder):
    shape = layout("annotations", parts=())
    found = datasets.load_dataset(str(folder("huggingface", master(shape, 20))), split="train")

    rows = rows_of(shape, 20)
    assert found["created_at"] == [row["created_at"] for row in rows]
    assert found["lacking"] == [row["lacking"] for row in rows]


def test_a_part_without_rows_is_left_out_for_datasets_refuse_it(folder):
    found = datasets.load_dataset(str(folder("huggingface", master(layout(parts=("train", "test", "x")), 1))))

    assert list(found) == ["train"]


def test_the_card_names_labels_and_where_the_rows_come_from(folder):
    where = folder("huggingface", master(layout(), 5), MANIFEST)

    card = (where / "README.md").read_text()
    assert "# My \\| \\<b\\>project" in card
    assert "| snapshot | 3 first |" in card
    assert "| consensus on topic | majority; dawid\\_skene, run 5 |" in card
    assert "| topic | a,b | 2 |" in card
    assert "class_label" in card


def test_pandas_and_arrow_read_the_master():
    shape = layout()
    body = parquet(shape, rows_of(shape, 30))

    found = pandas.read_parquet(io.BytesIO(body))

    assert list(found["payload.text"].dropna()) == [
        row["payload.text"] for row in rows_of(shape, 30) if row["payload.text"] is not None
    ]
    assert pq.read_table(io.BytesIO(body)).schema.names == [column.name for column in shape.columns]


@pytest.mark.parametrize("rows", ["consensus", "annotations"])
def test_spacy_reads_texts_and_categories(folder, rows):
    shape = layout(rows, probabilities=False)
    where = folder("spacy", master(shape, 30, 7))

    vocab = spacy.blank("en").vocab
    files = sorted((where / "topic").glob("train-*.spacy"))
    docs = [doc.text for file in files for doc in DocBin().from_disk(file).get_docs(vocab)]
    column = "consensus.topic" if rows == "consensus" else "answer.topic"
    wanted = [
        row
        for row in rows_of(shape, 30)
        if row["split"] == "train" and row[column] and row.get("counts", True)
    ]
    assert docs == [str(json.loads(row["payload"])["text"]) for row in wanted]
    [first, *_] = DocBin().from_disk(files[0]).get_docs(vocab)
    assert sum(first.cats.values()) == 1
    assert list(first.cats) == LABELS


def test_spacy_has_soft_categories_where_the_snapshot_has_probabilities(folder):
    where = folder("spacy", master(layout(parts=()), 5))

    [first, *_] = (
        DocBin().from_disk(where / "topic/train-00000-of-00001.spacy").get_docs(spacy.blank("en").vocab)
    )
    assert (first.cats["plain"], first.cats["a,b"], first.cats["1"]) == (0.75, 0.0, 0.25)


def test_label_studio_has_a_task_for_each_item_with_all_its_answers():
    shape = layout("annotations")
    tasks = json.loads(written(FORMATS["label_studio"], master(shape, 30, 7)))

    assert [task["id"] for task in tasks] == list(range(100, 115))
    assert [one["annotator"] for one in tasks[3]["annotations"]] == ["person0", "person1"]
    assert tasks[3]["data"] == json.loads(rows_of(shape, 7)[6]["payload"])
    assert tasks[0]["predictions"] == [
        {
            "model_version": "model v1",
            "score": 0.9,
            "result": [
                {"from_name": "topic", "to_name": "text", "type": "choices", "value": {"choices": ["plain"]}}
            ],
        }
    ]


def test_label_studio_has_the_consensus_as_one_annotation_and_none_where_there_is_none():
    tasks = json.loads(written(FORMATS["label_studio"], master(layout(), 3)))

    kinds = {result["from_name"]: result["type"] for result in tasks[0]["annotations"][0]["result"]}
    assert kinds == {
        "topic": "choices",
        "marks": "choices",
        "stars": "rating",
        "size": "number",
        "note": "textarea",
    }
    assert tasks[2]["annotations"] == []
    assert tasks[0]["meta"]["confidence"]["topic"] == 0.5


def test_every_result_has_its_control_in_the_labeling_config():
    view = ElementTree.fromstring(written(FORMATS["label_studio_xml"], master(layout())))
    tasks = json.loads(written(FORMATS["label_studio"], master(layout("annotations"))))

    controls = {tag.get("name"): tag.get("toName") for tag in view.iter() if tag.get("toName")}
    told = {
        (one["from_name"], one["to_name"])
        for task in tasks
        for a in task["annotations"]
        for one in a["result"]
    }
    assert told <= set(controls.items())
    assert set(controls.values()) == {"text"}
    assert [choice.get("value") for choice in view.find(".//Choices")] == LABELS


def test_a_field_that_is_called_like_a_question_has_another_tag():
    fields = [{"name": "topic", "type": "text", "title": "Topic"}]
    opened = master(layout(fields=fields, questions=QUESTIONS[:1]))

    view = ElementTree.fromstring(written(FORMATS["label_studio_xml"], opened))

    assert view[0].attrib == {"name": "topic_2", "value": "$topic"}
    assert view.find(".//Choices").get("toName") == "topic_2"
