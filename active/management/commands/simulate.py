"""`manage.py simulate`: replay active learning on labeled data, and draw the learning curves."""

from __future__ import annotations

import os
from argparse import ArgumentTypeError
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    help = (
        "Replay strategies on labeled data with several seeds, write curves as JSON and a picture, and print areas, labels to "
        "95 % of full accuracy and what is saved against random. Data is a file (CSV, TSV, JSON, JSON Lines or Parquet) or, "
        "with --project, what a project has labeled."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="labeled texts")
        parser.add_argument(
            "--project", type=int, metavar="ID", help="what this project has labeled, instead of a file"
        )
        parser.add_argument("--question", default="", help="of the project; the first that can be learned")
        parser.add_argument("--text", metavar="COLUMN", default="text")
        parser.add_argument("--label", metavar="COLUMN", default="label")
        parser.add_argument(
            "--embeddings",
            type=Path,
            metavar="FILE.npy",
            help="one row for each of the file; else TF-IDF and SVD",
        )
        parser.add_argument(
            "--test", type=Path, metavar="FILE", help="what to test on; else part of the file"
        )
        parser.add_argument("--test-embeddings", type=Path, metavar="FILE.npy")
        parser.add_argument(
            "--held-out", type=share, default=0.3, help="share of each label to test on, without --test"
        )
        parser.add_argument(
            "--strategies", type=names, default=["adaptive", "random", "margin"], help="separated by commas"
        )
        parser.add_argument("--learner", default="logistic")
        parser.add_argument("--seeds", type=at_least(1), default=5, help="how many")
        parser.add_argument(
            "--start", type=at_least(0), default=20, help="labels at random to begin with; 0: from nothing"
        )
        parser.add_argument("--batch", type=at_least(1), default=50)
        parser.add_argument("--budget", type=at_least(1), default=1000, help="labels in all")
        parser.add_argument(
            "--annotator", type=annotator, default=1.0, metavar="perfect|SHARE", help="share of right answers"
        )
        parser.add_argument("--processes", type=at_least(1), default=min(os.cpu_count() or 1, 8))
        parser.add_argument("--picture", choices=["png", "svg"], default="svg")
        parser.add_argument("--out", type=Path, default=Path("simulation"), metavar="FOLDER")

    def handle(self, *args: Any, **options: Any) -> None:
        # Numerical libraries load only for this command, not for every one that Django lists.
        from active.management.simulation import Simulation, told

        simulation = Simulation(**{name: options[name] for name in Simulation.__dataclass_fields__})
        examples, title, labels = simulation.data()
        self.stdout.write(
            f"{title}: {len(examples):,} items, {len(examples.test_labels):,} to test on, {examples.n_labels} labels"
        )
        summary, runs = simulation.run(examples, say=self._say)
        out: Path = options["out"]
        try:
            out.mkdir(parents=True, exist_ok=True)
            result = {
                "data": title,
                "labels": labels,
                "options": simulation.told(),
                **asdict(summary),
                "runs": runs,
            }
            (out / "simulation.json").write_bytes(orjson.dumps(result, option=orjson.OPT_INDENT_2))
            picture = simulation.draw(summary, out / f"simulation.{options['picture']}", title)
        except OSError as error:
            raise CommandError(f"{out} cannot be written to: {error.strerror}.") from error
        self.stdout.write("\n" + told(summary))
        self.stdout.write(f"\n{out / 'simulation.json'}\n{picture}")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def at_least(least: int) -> Any:
    def number(text: str) -> int:
        if not text.lstrip("-").isdigit() or int(text) < least:
            raise ArgumentTypeError(f"a whole number from {least}, not “{text}”")
        return int(text)

    return number


def share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 < value < 1.0:
        raise ArgumentTypeError(f"a share between 0 and 1, not “{text}”")
    return value


def names(text: str) -> list[str]:
    return list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def annotator(text: str) -> float:
    return 1.0 if text in ("perfect", "1", "1.0") else share(text)
