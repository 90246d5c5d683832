"""Import items with three people's answers each: answers per second and the peak memory of the process that imports.

python -m benchmarks.data_imports [--items 200000] [--files label_studio rows] [--dry]

`label_studio`: its JSON, a task with three annotations. `rows`: our own JSON Lines, a row for each answer. Before, the
questions are made of the file, in a first pass over it; after, the same file is imported once more, which changes nothing.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import common, pictures
from benchmarks.importing import texts

PEOPLE = [f"annotator-{n}" for n in range(30)]
LABELS = ["complaint", "delivery", "price", "quality", "refund"]
FILES = ("label_studio", "rows")
LIMITS = {"answers_per_second": 5_000, "peak_memory_mb": 400}


def tasks(count: int) -> Iterator[dict[str, Any]]:
    """Texts with a label and a rating by each of three people, the same ones each time."""
    chance = random.Random(11)
    for number, text in enumerate(texts(count)):
        said = [
            {
                "who": who,
                "topic": chance.choice(LABELS),
                "stars": chance.randint(1, 5),
                "took": round(chance.uniform(2, 60), 2),
            }
            for who in chance.sample(PEOPLE, 3)
        ]
        yield {"number": number, "text": text, "said": said}


def as_label_studio(task: dict[str, Any]) -> dict[str, Any]:
    annotations = [
        {
            "id": 3 * task["number"] + place,
            "completed_by": {"id": 1, "email": f"{one['who']}@example.org"},
            "result": [
                {
                    "from_name": "topic",
                    "to_name": "text",
                    "type": "choices",
                    "value": {"choices": [one["topic"]]},
                },
                {
                    "from_name": "stars",
                    "to_name": "text",
                    "type": "rating",
                    "value": {"rating": one["stars"]},
                },
            ],
            "was_cancelled": False,
            "ground_truth": False,
            "created_at": "2026-01-02T03:04:05.678901Z",
            "lead_time": one["took"],
        }
        for place, one in enumerate(task["said"])
    ]
    return {
        "id": task["number"],
        "data": {"text": task["text"]},
        "annotations": annotations,
        "predictions": [],
    }


def as_rows(task: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for place, one in enumerate(task["said"]):
        yield {
            "item_id": task["number"],
            "key": f"row-{task['number']:08}",
            "dataset": "made",
            "state": "resolved",
            "payload": {"text": task["text"]},
            "annotation_id": 3 * task["number"] + place,
            "annotator": one["who"],
            "origin": "person",
            "seconds": one["took"],
            "created_at": "2026-01-02T03:04:05.678901Z",
            "counts": True,
            "answer": {"topic": one["topic"], "stars": one["stars"]},
        }


def write_file(path: Path, kind: str, count: int) -> None:
    with path.open("w") as file:
        if kind == "rows":
            file.writelines(json.dumps(row) + "\n" for task in tasks(count) for row in as_rows(task))
            return
        for place, task in enumerate(tasks(count)):
            file.write(("[" if place == 0 else ",\n") + json.dumps(as_label_studio(task)))
        file.write("]\n")


def upload(path: Path, project: Any) -> int:
    from django.core.files import File

    from annotation.services import import_options, imports

    with path.open("rb") as file:
        made = imports.create(
            project=project,
            by=project.created_by,
            upload=File(file, path.name),
            choices=import_options.Choices(make_questions=True),
        )
    return made.pk


def job(dataset_id: int) -> None:
    """In a process of its own, as a worker does it."""
    common.setup_django()
    from annotation.models import Dataset
    from annotation.services import import_run

    started, before = time.perf_counter(), time.process_time()
    import_run.run(dataset_id=dataset_id)
    seconds, cpu = time.perf_counter() - started, time.process_time() - before
    done = Dataset.objects.get(pk=dataset_id)
    assert done.state == "done", done.error
    told = {
        "seconds": round(seconds, 2),
        "items": done.rows_imported,
        "answers": done.answers_imported,
        "unchanged": done.report.get("answers_unchanged", 0),
        "answers_per_second": round(
            (done.answers_imported or done.report.get("answers_unchanged", 0)) / seconds
        ),
        "python_cpu_seconds": round(cpu, 2),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print(json.dumps(told))


def measured(env: dict[str, str], dataset_id: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.data_imports", "--job", str(dataset_id)]
    found = subprocess.run(command, env=env, cwd=common.ROOT, check=True, capture_output=True, text=True)
    return dict(json.loads(found.stdout.splitlines()[-1]))


def make_project() -> Any:
    from annotation.models import Membership, Project, User

    user, _ = User.objects.get_or_create(username="importer", can_create_projects=True)
    project = Project.objects.create(name="Import", created_by=user, annotations_per_item=3)
    Membership.objects.create(project=project, user=user, role="owner")
    return project


def all_files(items: int, kinds: list[str]) -> dict[str, Any]:
    results: dict[str, Any] = {}
    with common.environment() as env:
        common.setup_django()
        for kind in kinds:
            path = Path(env["QUERENT_DATA_DIR"]) / f"answers.{'json' if kind == 'label_studio' else 'jsonl'}"
            write_file(path, kind, items)
            project = make_project()
            size = round(path.stat().st_size / 2**20, 1)
            for again in (False, True):
                label = f"{kind}, {items:,} items with 3 answers each{', once more' if again else ''}"
                results[label] = {"file_mb": size, **measured(env, upload(path, project))}
                print(label, results[label], flush=True)
            path.unlink()
    return {"results": results, "limits": LIMITS}


def picture(result: dict[str, Any]) -> Path:
    # The size is the same for all of them, and too long for a picture.
    ours = {
        ", ".join(part for part in name.split(", ") if "items" not in part and part != "000"): run[
            "answers_per_second"
        ]
        for name, run in result["results"].items()
    }
    panel = pictures.versus("Answers per second", ours, {}, LIMITS["answers_per_second"], at_least=True)
    return pictures.draw("data_imports", "Import of items with three people's answers each", [panel])


def main() -> None:
    options = common.parser(__doc__)
    options.add_argument("--items", type=int, default=200_000)
    options.add_argument("--files", nargs="+", default=list(FILES))
    options.add_argument("--job", type=int)
    chosen = options.parse_args()
    if chosen.job:
        job(chosen.job)
        return
    common.finish("data_imports", chosen, lambda: all_files(chosen.items, chosen.files), picture)


if __name__ == "__main__":
    main()
