"""What rows of an import say besides what their items show: from the settled options to what each batch keeps of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from annotation.errors import DomainError
from annotation.importing.proposing import Collector, fields_of
from annotation.importing.records import FileFault, Record, Refused
from annotation.importing.spoken import Spoken, apart
from annotation.models import Dataset, Project
from annotation.services import import_answer_options as answer_options
from annotation.services import schemas
from annotation.services.import_answers import BATCH_ROWS, Answers
from annotation.services.import_marks import Marks
from annotation.services.import_told import Heard, Told
from annotation.services.import_voices import SpokenBatch

NO_QUESTIONS = (
    "The file holds answers, but the project has no questions yet. Publish them first; or let questions be made from this "
    "file (make_questions); or import the items alone (answers=false)."
)


class Speech:
    """Takes the rows of one import apart, and keeps what they say."""

    def __init__(self, dataset: Dataset, options: dict[str, Any], hints: dict[str, Any]) -> None:
        context = answer_options.context_of(dataset.source_name, options, hints)
        self.take_apart = answer_options.platform_of(options).reader(context)
        wanted = options["answers"] and dataset.project.schema_id is not None
        self._answers = Answers(dataset, options) if wanted else None
        self._marks = Marks(dataset, options)

    def batch(self, start: int, rows: int, size: int) -> SpokenBatch:
        """Of so many rows and bytes at most."""
        return SpokenBatch(start, min(rows, BATCH_ROWS), size, take_apart=self.take_apart)

    def read(self, batch: SpokenBatch) -> Heard:
        """What the batch says, made ready outside of any transaction."""
        heard = self._answers.read(batch) if self._answers is not None else self._unheard(batch)
        self._marks.read(batch, heard)
        return heard

    def _unheard(self, batch: SpokenBatch) -> Heard:
        """Answers and predictions that nobody wants are counted."""
        said = [spoken for rows in batch.spoken.values() for _, spoken in rows]
        counts = {
            "answers": sum(len(spoken.answers) for spoken in said),
            "predictions": sum(len(spoken.guesses) for spoken in said),
        }
        return Heard(left_out=+Counter(counts))

    def lock(self, heard: Heard) -> None:
        if self._answers is not None:
            self._answers.lock(heard)

    def keep(self, heard: Heard, *, fresh: set[str], refused: set[str]) -> Told:
        if self._answers is not None:
            told = self._answers.keep(heard, fresh=fresh, refused=refused)
        else:
            told = Told(left_out=heard.left_out, refused=list(heard.notes))
        self._marks.keep(told, heard, fresh=fresh, refused=refused)
        return told


def make_questions(
    dataset: Dataset,
    options: dict[str, Any],
    records: Iterator[Record],
    hints: dict[str, Any],
    beat: Callable[[], None],
) -> dict[str, str]:
    """Publish questions for a project that has none, made of all answers in the file: {the file's question: its name here}.

    Raises FileFault when there are none to be made.
    """
    context = answer_options.context_of(dataset.source_name, options, hints)
    platform = answer_options.platform_of(options)
    take_apart = platform.reader(context)
    collector = Collector(options["questions"] or {})
    shown: list[dict[str, Any]] = []
    for place, record in enumerate(records):
        if isinstance(record, Refused):
            continue
        spoken = apart(take_apart, record)
        if isinstance(spoken, Spoken):
            collector.hear(spoken, platform.kinds(record))
            shown += [spoken.values] if len(shown) < 100 else []
        if place % 1000 == 0:
            beat()
    return _publish(dataset, options, collector, shown, hints)


def proposed(
    options: dict[str, Any], rows: list[Record], spoken: list[Spoken | Refused], hints: dict[str, Any]
) -> list[dict[str, Any]]:
    """The questions that the first rows propose, for people to look at."""
    platform = answer_options.platform_of(options)
    collector = Collector(options["questions"] or {})
    for record, one in zip(rows, spoken, strict=True):
        if isinstance(one, Spoken) and isinstance(record, dict):
            collector.hear(one, platform.kinds(record))
    return _declared(collector, options, hints).questions()


def _publish(
    dataset: Dataset,
    options: dict[str, Any],
    collector: Collector,
    shown: list[dict[str, Any]],
    hints: dict[str, Any],
) -> dict[str, str]:
    questions = hints.get("questions") or _declared(collector, options, hints).questions()
    if not questions:
        raise FileFault("No questions can be made from this file: it holds no answers.")
    mapping = options["mapping"] or {}
    renamed = [
        {name: value for column, value in row.items() if (name := mapping.get(column, column)) is not None}
        for row in shown
    ]
    fields = hints.get("fields") or fields_of(renamed)
    try:
        schema = schemas.create_schema(
            project=Project.objects.get(pk=dataset.project_id),
            by=dataset.created_by,
            fields=fields,
            questions=questions,
            note=f"Made from {dataset.source_name}"[: schemas.LONGEST_NOTE],
        )
    except DomainError as error:
        faults = "; ".join(fault.message for fault in getattr(error, "faults", [])[:3])
        raise FileFault(f"Questions cannot be made from this file: {error} {faults}") from error
    dataset.project.schema = schema
    return dict(collector.made)


def _declared(collector: Collector, options: dict[str, Any], hints: dict[str, Any]) -> Collector:
    """What the file says of its columns counts beside what its rows show."""
    roles = options.get("roles") or {}
    for column, labels in hints.get("labels", {}).items():
        what, _, question = roles.get(column, "").partition(":")
        if what == "answer":
            collector.declare(question.partition("@")[0], labels["names"], labels["kind"])
    return collector
