"""Encoders and the embedding store: a million short texts embedded, what comes later, and how good the vectors are.

    python -m benchmarks.embedding [--items 1000000] [--dry | --redraw]

Labeled texts are read from QUERENT_DATA (or ../shared/data); without them their figures are left out.
"""

from __future__ import annotations

import io
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import active_round, common, labeled_sets, pictures

LIMITS = {"texts_per_second": 20_000, "worker_mb": 400, "digits": 0.95}
SETS = ("ag_news", "banking77", "trec6")
NEW, WANTED = 10_000, 2_000


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return round(time.perf_counter() - started, 3), result


def store(project_id: int) -> dict[str, Any]:
    """What one worker takes to embed a whole project, nothing, and what came later; and to look some items up."""
    common.setup_django()
    from django.db import connection

    from active.models import LearningSettings
    from active.services import embeddings, payloads
    from annotation.models import Project

    project = Project.objects.select_related("schema").get(pk=project_id)
    settings = LearningSettings.objects.get(project=project)
    fit, encoder = timed(lambda: embeddings.current(project=project, settings=settings))
    fitted = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cpu = time.process_time()
    embed, done = timed(lambda: embeddings.embed_new(encoder=encoder))
    cpu = time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    nothing, _ = timed(lambda: embeddings.embed_new(encoder=encoder))
    with connection.cursor() as cursor:
        later_keys = active_round.ITEMS.replace("'row-'", "'later-'")
        cursor.execute(later_keys, {"project": project_id, "items": NEW})
    later, new = timed(lambda: embeddings.embed_new(encoder=encoder))
    some = np.random.default_rng(0).choice(payloads.ids_of(project_id), WANTED, replace=False)
    look, (found, _) = timed(lambda: embeddings.gather(encoder, some))
    assert found.all()
    assert len(new) == NEW
    return {
        "items": len(done),
        "dimension": encoder.dimension,
        "shards": encoder.shards.count(),
        "fit_s": fit,
        "embed_s": embed,
        "rows_per_second": round(len(done) / embed),
        "rows_per_second_of_its_cpu": round(len(done) / cpu),
        "worker_mb_by_fitting": round(fitted),
        "worker_mb": round(peak),
        "nothing_new_s": nothing,
        f"{NEW}_new_s": later,
        f"look_up_{WANTED}_s": look,
        "worker_mb_in_the_end": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def in_one_worker(items: int) -> dict[str, Any]:
    with common.environment():
        common.setup_django()
        project = active_round.make(items, 1000)
        command = [sys.executable, "-m", "benchmarks.embedding", "--store", str(project.pk)]
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        out = subprocess.run(
            command,
            cwd=common.ROOT,
            env={**os.environ, **threads},
            check=True,
            capture_output=True,
            text=True,
        )
        return dict(json.loads(out.stdout.splitlines()[-1]))


def accuracy(train: Any, labels: Any, test: Any, wanted: Any) -> float:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=10, max_iter=1000).fit(train, labels)
    return round(float(model.score(test, wanted)), 4)


def texts(data: Path, name: str) -> dict[str, Any]:
    """Right answers of a logistic model that knows all labels, and texts per second of one core."""
    from threadpoolctl import threadpool_limits

    from active.encoders import ENCODERS

    (train, given), (test, expected) = (labeled_sets.texts(data, name, part) for part in ("train", "test"))
    labels, wanted = labeled_sets.numbered(given, expected)
    payloads = [[{"text": text} for text in some] for some in (train, test)]
    with threadpool_limits(1):
        fit, encoder = timed(lambda: ENCODERS["text"](payloads[0], ["text"]))
        encoder.encode(payloads[0][:100])
        seconds, vectors = timed(lambda: encoder.encode(payloads[0]))
    minilm = labeled_sets.with_embeddings(data, name)
    return {
        "characters": round(float(np.mean([len(text) for text in train]))),
        "fit_s": fit,
        "texts_per_second": round(len(train) / seconds),
        "accuracy": accuracy(vectors, labels, encoder.encode(payloads[1]), wanted),
        "accuracy_of_minilm": accuracy(
            minilm.features, minilm.labels, minilm.test_features, minilm.test_labels
        ),
    }


def digits() -> dict[str, Any]:
    """scikit-learn's digits as PNG files; every third is kept to test on."""
    from PIL import Image
    from sklearn.datasets import load_digits

    from active.encoders import ENCODERS

    data, files = load_digits(), {}
    for number, image in enumerate(data.images):
        file = io.BytesIO()
        Image.fromarray((image * 15.9).astype(np.uint8)).save(file, "PNG")
        files[str(number)] = file.getvalue()
    payloads = [{"image": name} for name in files]
    known = np.arange(len(payloads)) % 3 > 0
    sample = [payload for payload, use in zip(payloads, known, strict=True) if use]
    encoder = ENCODERS["pictures"](sample, ["image"], load=files.get)
    seconds, vectors = timed(lambda: encoder.encode(payloads, load=files.get))
    return {
        "pictures_per_second": round(len(payloads) / seconds),
        "accuracy": accuracy(vectors[known], data.target[known], vectors[~known], data.target[~known]),
    }


def measured(options: Any) -> dict[str, Any]:
    data = labeled_sets.folder()
    if data is None:
        print("No labeled texts: set QUERENT_DATA to the folder that has text/.", file=sys.stderr)
    return {
        "limits": LIMITS,
        "store": in_one_worker(options.items),
        "texts": {name: texts(data, name) for name in SETS} if data else {},
        "digits": digits(),
    }


def picture(result: dict[str, Any]) -> Path:
    kept, limits = result["store"], result["limits"]
    items = f"{kept['items']:,} short texts"
    panels = [
        pictures.versus(f"{items}, one core: rows/s", {"": kept["rows_per_second"]}, {}, limits["texts_per_second"], at_least=True),
        pictures.versus(f"{items}: memory of the worker, MB", {"": kept["worker_mb"]}, {}, limits["worker_mb"]),
        pictures.versus("digits as pictures: accuracy", {"": result["digits"]["accuracy"]}, {}, limits["digits"], at_least=True),
    ]  # fmt: skip
    for name, one in result["texts"].items():
        others = {"MiniLM": one["accuracy_of_minilm"]}
        panels.append(pictures.versus(f"{name}: accuracy", {"text": one["accuracy"]}, others, None))
    return pictures.draw("embedding", "Embedding", panels)


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--store", type=int, metavar="PROJECT", help="measure the store of this project only")
    options = parser.parse_args()
    if options.store:
        print(json.dumps(store(options.store)))
        return
    common.finish("embedding", options, lambda: measured(options), picture)


if __name__ == "__main__":
    main()
