"""Imports that look for near-duplicates beside imports that do not: rows per second, memory, and how many are found.

python -m benchmarks.data_alike [--rows 200000] [--rounds 3] [--dry | --redraw]
"""

from __future__ import annotations

import json
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import common, importing, pictures

LIMITS = {"times_plain": 2.0, "recall": 0.95, "precision": 0.99}
# Every tenth row is another one with so many words changed.
EVERY, CHANGED = 10, (1, 2, 3)
THRESHOLD = 0.8
CASES = {
    "plain": {},
    "mark": {"alike": "mark", "alike_from": THRESHOLD},
    "skip": {"alike": "skip", "alike_from": THRESHOLD},
}


def rows(count: int, *, planted: bool) -> Iterator[tuple[str, str, str]]:
    """(key, text, key of the row that it was made from, or nothing)."""
    chance = random.Random(11)
    seen: list[tuple[str, str]] = []
    for n, text in enumerate(importing.texts(count)):
        key = f"row-{n:08}"
        if planted and seen and n % EVERY == 0:
            origin, original = chance.choice(seen)
            yield key, changed(original, chance), origin
        else:
            yield key, text, ""
            if n % 4 == 0:
                seen.append((key, text))


def changed(text: str, chance: random.Random) -> str:
    """The text with a few words replaced, dropped or doubled, another case and other punctuation."""
    words = text.split()
    for _ in range(chance.choice(CHANGED)):
        place = chance.randrange(len(words))
        words[place : place + 1] = chance.choice([[], [words[place]] * 2, [words[place][::-1]]]) or ["and"]
    said = " ".join(words)
    return chance.choice([said.upper(), said.capitalize() + ".", f"“{said}”", said])


def write_file(path: Path, count: int, *, planted: bool) -> None:
    with path.open("w") as file:
        file.writelines(
            json.dumps({"id": key, "text": text}) + "\n" for key, text, _ in rows(count, planted=planted)
        )


def upload(path: Path, options: dict[str, Any]) -> int:
    from django.core.files import File

    from annotation.services import import_options, imports

    project = importing.make_project()
    with path.open("rb") as file:
        choices = import_options.Choices(key_field="id", **options)
        made = imports.create(
            project=project, by=project.created_by, upload=File(file, path.name), choices=choices
        )
    return made.pk


def job(dataset_id: int) -> None:
    """In a process of its own, as a worker does it."""
    common.setup_django()
    from django.db import connection

    from annotation.models import Dataset

    # Both have been loaded by a worker that has done anything yet.
    from annotation.services import import_likeness, import_run

    assert import_likeness
    connection.ensure_connection()
    started, cpu = time.perf_counter(), time.process_time()
    import_run.run(dataset_id=dataset_id)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    done = Dataset.objects.get(pk=dataset_id)
    assert done.state == "done", done.error
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = {
        "seconds": seconds,
        "rows": done.rows_read,
        "alike": done.rows_alike,
        "peak_mb": peak,
        "cpu": cpu,
    }
    print(json.dumps(found))


def measured(env: dict[str, str], dataset_id: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.data_alike", "--job", str(dataset_id)]
    found = subprocess.run(command, env=env, cwd=common.ROOT, check=True, capture_output=True, text=True)
    return dict(json.loads(found.stdout.splitlines()[-1]))


def speeds(env: dict[str, str], path: Path, rounds: int) -> dict[str, Any]:
    """Each case in turn, round after round, so that all of them see the same machine."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in CASES}
    for _ in range(rounds):
        for name, options in CASES.items():
            runs[name].append(measured(env, upload(path, options)))
    plain = statistics.median(run["seconds"] for run in runs["plain"])
    return {
        name: {
            "rows_per_second": round(found[0]["rows"] / statistics.median(run["seconds"] for run in found)),
            "times_plain": round(statistics.median(run["seconds"] for run in found) / plain, 2),
            "python_cpu_us_per_row": round(
                statistics.median(run["cpu"] / run["rows"] for run in found) * 1e6, 1
            ),
            "peak_memory_mb": round(max(run["peak_mb"] for run in found)),
            "alike": int(found[0]["alike"]),
        }
        for name, found in runs.items()
    }


def quality(env: dict[str, str], path: Path, count: int) -> dict[str, float]:
    """How many of the planted ones were marked, and how many of the marked ones were planted."""
    from annotation.importing.likeness import jaccard, shingles
    from annotation.models import Alike

    dataset = upload(path, CASES["mark"])
    measured(env, dataset)
    marked = set(Alike.objects.filter(item__dataset=dataset).values_list("item__key", flat=True))
    texts = {key: (text, origin) for key, text, origin in rows(count, planted=True)}
    planted = {}
    for key, (text, origin) in texts.items():
        if origin:
            pair = shingles([text, texts[origin][0]])
            planted[key] = jaccard(pair.set_of(0), pair.set_of(1))
    alike = {key for key, value in planted.items() if value >= THRESHOLD}
    return {
        "planted": len(planted),
        "planted_from_threshold_on": len(alike),
        "marked": len(marked),
        "recall": round(len(marked & alike) / len(alike), 4),
        "precision": round(len(marked & planted.keys()) / max(1, len(marked)), 4),
    }


def picture(result: dict[str, Any]) -> Path:
    found = result["speeds"]["every tenth row a near-duplicate"]
    panels = [
        pictures.versus(
            "Rows per second",
            {name: one["rows_per_second"] for name, one in found.items()},
            {},
            None,
            at_least=True,
        ),
        pictures.versus(
            "Memory of the worker, MB", {name: one["peak_memory_mb"] for name, one in found.items()}, {}, None
        ),
    ]
    return pictures.draw("data_alike", "Imports that look for near-duplicates", panels)


def main() -> None:
    options = common.parser(__doc__)
    options.add_argument("--rows", type=int, default=200_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--job", type=int)
    chosen = options.parse_args()
    if chosen.job:
        job(chosen.job)
        return

    def measure() -> dict[str, Any]:
        with common.environment() as env:
            common.setup_django()
            folder = Path(env["QUERENT_DATA_DIR"])
            clean, planted = folder / "clean.jsonl", folder / "planted.jsonl"
            write_file(clean, chosen.rows, planted=False)
            write_file(planted, chosen.rows, planted=True)
            found = {
                "no near-duplicates": speeds(env, clean, chosen.rounds),
                "every tenth row a near-duplicate": speeds(env, planted, chosen.rounds),
            }
            return {
                "rows": chosen.rows,
                "threshold": THRESHOLD,
                "limits": LIMITS,
                "speeds": found,
                "quality": quality(env, planted, chosen.rows),
            }

    common.finish("data_alike", chosen, measure, picture)


if __name__ == "__main__":
    main()
