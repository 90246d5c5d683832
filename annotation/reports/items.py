"""What was said about items, summed up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from annotation.models import Annotation, Lease
from annotation.questions import Chip
from annotation.readings import Readings


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that was said about an item, and by whom."""

    question: str
    chip: Chip
    people: tuple[str, ...]


def current_answers(item_ids: Iterable[int]) -> QuerySet[Annotation]:
    """The answers that count, each person's last, in the order in which they were given."""
    counted = [Lease.State.SUBMITTED, Lease.State.AGAIN]
    found = Annotation.objects.filter(item__in=list(item_ids), current_for__state__in=counted)
    return found.select_related("annotator").order_by("pk")


def summary(readings: Readings, answers: Iterable[Annotation]) -> tuple[Said, ...]:
    """What these answers say, as it reads now: each thing once, with all who said it, question by question."""
    people: dict[tuple[int, str, Chip], list[str]] = {}
    order = {name: position for position, name in enumerate(readings.form.parts)}
    for answer in answers:
        read, lacking = readings.read(answer.schema_id, answer.answer)
        for shown in readings.form.shown(read):
            for chip in shown.chips:
                people.setdefault((order[shown.name], shown.title, chip), []).append(
                    answer.annotator.username
                )
        for name in lacking - read.keys():
            title = readings.form.parts[name].question["title"]
            people.setdefault((order[name], title, Chip("to be decided")), []).append(
                answer.annotator.username
            )
    told = sorted(people.items(), key=lambda entry: (entry[0][0], -len(entry[1])))
    return tuple(Said(title, chip, tuple(names)) for (_, title, chip), names in told)
