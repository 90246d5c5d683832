"""Items that programs send over REST: new ones are added, known ones left alone or brought up to date, all in one transaction.

Sending the same rows again changes nothing. The dataset that they belong to is one for each name, however many calls there
are: the record of where items come from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import OperationalError, transaction

from annotation.errors import Conflict, Fault, InvalidInput, TooLarge
from annotation.importing.fetching import FetchFault
from annotation.importing.pictures import Picture
from annotation.importing.records import Limits
from annotation.importing.shaping import OWN_KEY, Plan, Shaper
from annotation.models import Dataset, Project, User
from annotation.roles import Action
from annotation.services import queue
from annotation.services.access import check
from annotation.services.import_options import field_types, limits
from annotation.services.import_pictures import Pictures
from annotation.services.push_keeping import Push
from annotation.services.push_predictions import checker_for
from annotation.services.push_rows import Row, read_items

MOST_ROWS = 10_000
RESULTS = ("created", "updated", "unchanged", "sampled_out", "refused")
SOURCE = "api"
# Somebody else adds the same keys now, by an import, or waits for us while we wait for them: look again.
_COLLISIONS = (psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected)
_MOST_COLLISIONS = 10


@dataclass(frozen=True, slots=True)
class Choices:
    """`on_change`: what to do where a key is there with other content, refuse or update. `force`: update also what people have
    answered or have on their desks."""

    dataset: str = SOURCE
    on_change: str = "refuse"
    force: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What became of each row. `first_new` is the first item that was added; `to_index` are datasets whose words a worker has
    to look at."""

    dataset: Dataset
    rows: list[Row]
    predictions: int = 0
    first_new: int | None = None
    to_index: frozenset[int] = frozenset()

    @property
    def counts(self) -> dict[str, int]:
        counted = Counter(row.result for row in self.rows)
        return {"rows": len(self.rows), **{name: counted[name] for name in RESULTS}}


USUAL = Choices()


def push(*, project: Project, by: User, rows: Sequence[Any], choices: Choices = USUAL) -> Report:
    """Take rows of {key?, payload, predictions?, tags?} as programs send them; a row that cannot be taken is refused by itself.

    Raises NotAllowed, NotFound, Conflict for an archived project, InvalidInput, and TooLarge for too many rows.
    """
    check(user=by, project=project, action=Action.IMPORT)
    check_open(project)
    check_count(len(rows))
    name = _checked_name(choices.dataset)
    plan = Plan(key=OWN_KEY, fields=field_types(project))
    found = read_items(rows, Shaper(plan, limits()), checker_for(project))
    _settle_images(project, found)
    report = _keep(project, by, name, found, choices)
    if report.first_new is not None:
        # After the transaction: cursors of members come before items in the order of locks.
        queue.rewind(project_id=project.pk, priority=0.0, item_id=report.first_new)
    return report


def check_open(project: Project) -> None:
    if project.archived_at:
        raise Conflict("The project is archived; restore it to add to it.")


def check_count(rows: int) -> None:
    if rows > MOST_ROWS:
        raise TooLarge(
            f"There are {rows:,} rows; at most {MOST_ROWS:,} are taken at once. Send them in parts."
        )


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= 120 or not name.isprintable():
        message = "A dataset's name has 1 to 120 printable characters."
        raise InvalidInput(message, faults=[Fault(("dataset",), message)])
    return name


def _not_fetched(url: str, most: Limits) -> Picture:
    raise FetchFault(
        "Images from the web are not fetched here. Send the image to media/ and name it, or import a file with its address."
    )


def _settle_images(project: Project, rows: Sequence[Row]) -> None:
    """Images are named by their names in the project, or by the address from which an import has fetched them."""
    named = {row.number: row for row in rows if row.shaped and row.shaped.images and not row.result}
    if not named:
        return
    pictures = Pictures(Dataset(project=project), limits(), _not_fetched, lambda: None)
    settled, refused = pictures.settle([row.shaped for row in named.values() if row.shaped])
    for shaped in settled:
        named[shaped.row].shaped = shaped
    for number, fault in refused:
        named[number].refuse(fault.message, "payload", *filter(None, [fault.field]))


def _keep(project: Project, by: User, name: str, rows: list[Row], choices: Choices) -> Report:
    decided = [(row.result, list(row.errors)) for row in rows]
    for _ in range(_MOST_COLLISIONS):
        try:
            with transaction.atomic():
                update = choices.on_change == "update"
                made = Push(project, by, rows, update=update, force=choices.force)
                dataset = made.keep(name)
                return Report(dataset, rows, made.predictions, made.first_new, frozenset(made.to_index))
        except (*_COLLISIONS, OperationalError) as error:
            # Django wraps what its own cursors meet.
            if not isinstance(error, _COLLISIONS) and not isinstance(error.__cause__, _COLLISIONS):
                raise
        for row, (result, errors) in zip(rows, decided, strict=True):
            row.result, row.errors, row.id = result, list(errors), None
    raise Conflict("Somebody else keeps adding items with the same keys. Send the rows again.")
