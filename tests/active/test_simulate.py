"""`manage.py simulate` on files that each test writes."""

import csv
import json
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from tests.active.learning import make_learning

WORDS = {
    "bread": "flour oven yeast crust loaf",
    "sea": "wave tide salt harbour gull",
    "snow": "ice slope frost ski flake",
}


def rows(n=90, seed=0):
    rng = np.random.default_rng(seed)
    for k in range(n):
        label = list(WORDS)[k % len(WORDS)]
        yield " ".join(rng.choice([*WORDS[label].split(), "day", "small", "old"], size=6)), label


@pytest.fixture
def texts(tmp_path):
    return written(tmp_path / "texts.csv", rows())


def written(path, given):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *given])
    return path


def simulate(*args, **options):
    out = StringIO()
    small = {"strategies": ["margin"], "seeds": 2, "start": 6, "batch": 12, "budget": 30, "processes": 1}
    call_command("simulate", *args, stdout=out, **{**small, **options})
    return out.getvalue()


def test_it_prints_a_table_and_writes_curves_and_a_picture(texts, tmp_path):
    said = simulate(texts, out=tmp_path / "out")

    found = json.loads((tmp_path / "out" / "simulation.json").read_text())
    assert "margin" in said
    assert "labels saved" in said
    assert [(run["strategy"], run["labels"]) for run in found["runs"]] == [
        (name, [6, 18, 30]) for name in ("margin", "margin", "random", "random")
    ]
    assert found["labels"] == ["bread", "sea", "snow"]
    assert (tmp_path / "out" / "simulation.svg").read_text().startswith("<?xml")


def test_embeddings_come_from_a_file_and_rows_to_test_on_too(texts, tmp_path):
    for name in ("train", "test"):
        vectors = np.repeat(np.eye(3), 30, axis=0).reshape(3, 30, 3).transpose(1, 0, 2).reshape(90, 3)
        np.save(tmp_path / f"{name}.npy", vectors.astype(np.float16))
    test = {"test": written(tmp_path / "test.csv", rows(seed=1)), "test_embeddings": tmp_path / "test.npy"}

    simulate(texts, embeddings=tmp_path / "train.npy", out=tmp_path, **test)

    found = json.loads((tmp_path / "simulation.json").read_text())
    assert found["full"] == 1.0
    assert found["runs"][0]["accuracy"][-1] == 1.0


def test_from_nothing_with_an_annotator_who_errs(texts, tmp_path):
    simulate(texts, start=0, annotator=0.8, strategies=["adaptive"], picture="png", out=tmp_path)

    found = json.loads((tmp_path / "simulation.json").read_text())
    assert found["runs"][0]["labels"] == [12, 24, 30]
    assert (tmp_path / "simulation.png").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label": "kind"}, "row 1: there is no column “kind”; it has text, label"),
        ({"budget": 1000}, "63 items to ask about, fewer than the budget of 1,000"),
        ({"strategies": ["nonsense"]}, "no strategy “nonsense”"),
        ({"learner": "oracle"}, "no learner 'oracle'"),
        ({"project": 1}, "one of them"),
    ],
)
def test_what_cannot_be_done_is_said(texts, tmp_path, options, message):
    with pytest.raises(CommandError, match=message):
        simulate(texts, out=tmp_path, **options)


def test_one_label_is_nothing_to_learn(tmp_path):
    with pytest.raises(CommandError, match="same label"):
        simulate(written(tmp_path / "one.csv", [("salt", "sea")] * 60), out=tmp_path)


def test_embeddings_have_to_belong_to_the_rows(texts, tmp_path):
    np.save(tmp_path / "some.npy", np.ones((5, 3)))

    with pytest.raises(CommandError, match=r"has 5 rows, but .* has 90"):
        simulate(texts, embeddings=tmp_path / "some.npy", out=tmp_path)


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(CommandError, match="cannot be read"):
        simulate(tmp_path / "none.csv", out=tmp_path)


@pytest.mark.parametrize(
    "wrong", [["--batch", "0"], ["--held-out", "1"], ["--annotator", "often"], ["--start", "-1"]]
)
def test_options_out_of_range_are_refused(texts, wrong):
    with pytest.raises(CommandError, match="argument"):
        call_command("simulate", str(texts), *wrong)


@pytest.mark.django_db
def test_a_project_is_replayed_on_its_consensus(tmp_path):
    project, _ = make_learning(items=60, answered=60)

    said = simulate(project=project.pk, out=tmp_path)

    found = json.loads((tmp_path / "simulation.json").read_text())
    assert f"{project.name}: 42 items, 18 to test on, 2 labels" in said
    assert found["runs"][0]["labels"] == [6, 18, 30]


@pytest.mark.django_db
def test_a_project_that_cannot_be_replayed_says_why(tmp_path):
    project, _ = make_learning(items=5)

    with pytest.raises(CommandError, match="no project 0"):
        simulate(project=0, out=tmp_path)
    with pytest.raises(
        CommandError, match="cannot learn the question “colour” of this project; it can: sentiment"
    ):
        simulate(project=project.pk, question="colour", out=tmp_path)
    with pytest.raises(CommandError, match="Too little of this project is labeled"):
        simulate(project=project.pk, out=tmp_path)
