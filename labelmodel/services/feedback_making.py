"""Puts feedback together: votes, figures of them, examples."""

from __future__ import annotations

import time

from annotation.models import Project
from labelmodel.functions.python import installed
from labelmodel.services import feedback_casts as casts
from labelmodel.services import feedback_counting as counting
from labelmodel.services import feedback_examples
from labelmodel.services.feedback import Analysis, Feedback, Standing
from labelmodel.services.feedback_casts import Ground, Votings


def preview(
    project: Project, question: str, kind: str, definition: object, function_id: int | None, examples: int
) -> Feedback:
    """See feedback.preview."""
    started = time.perf_counter()
    on = casts.ground(project, question)
    function, mine = casts.of_draft(on, kind, definition)
    others, left_out = casts.of_others(on, function_id)
    size = counting.common(mine.sample, others)
    votes = mine.sample[:size] >= 0
    before = counting.somewhere(size, [other.sample >= 0 for other in others])
    against = [counting.conflict(on, mine.sample, other.sample) for other in others]
    return Feedback(
        sample=len(mine.sample),
        pool=on.pool.total,
        drawn_at=on.pool.drawn_at,
        votes=int((mine.sample >= 0).sum()),
        coverage=counting.share(mine.sample >= 0),
        overlaps=counting.share(votes & before),
        conflicts=counting.share(counting.somewhere(size, against)),
        uncovered_before=1 - counting.share(before) if size else 0.0,
        uncovered=1 - counting.share(votes | before) if size else 0.0,
        labeled=len(mine.labeled),
        accuracy=counting.accuracy(on, mine.labeled),
        hits=counting.hits(on, mine.sample, mine.labeled),
        neighbours=counting.neighbours(on, mine.sample, others),
        errors=len(mine.errors),
        stopped=mine.stopped,
        left_out=tuple(left_out),
        examples=feedback_examples.chosen(on, function, mine, others, examples),
        seconds=time.perf_counter() - started,
    )


def analysis(project: Project, question: str) -> Analysis:
    """See feedback.analysis."""
    on = casts.ground(project, question)
    found, left_out = casts.of_others(on, None)
    size = min([len(on.pool), *(len(one.sample) for one in found)])
    standings = tuple(
        _standing(on, one, [other for other in found if other is not one], size) for one in found
    )
    covered = counting.somewhere(size, [one.sample >= 0 for one in found])
    clashes = [
        counting.conflict(on, one.sample, other.sample)
        for place, one in enumerate(found)
        for other in found[:place]
    ]
    return Analysis(
        sample=size,
        pool=on.pool.total,
        labeled=len(on.labeled),
        drawn_at=on.pool.drawn_at,
        covered=counting.share(covered),
        conflicts=counting.share(counting.somewhere(size, clashes)),
        standings=standings,
        left_out=tuple(left_out),
    )


def _standing(on: Ground, one: Votings, others: list[Votings], size: int) -> Standing:
    votes = one.sample[:size] >= 0
    beside = counting.somewhere(size, [other.sample >= 0 for other in others])
    against = [counting.conflict(on, one.sample, other.sample) for other in others]
    return Standing(
        function=one.function,
        sample=len(one.sample),
        coverage=counting.share(one.sample >= 0),
        overlaps=counting.share(votes & beside),
        conflicts=counting.share(counting.somewhere(size, against)),
        accuracy=counting.accuracy(on, one.labeled),
        hits=counting.hits(on, one.sample, one.labeled),
    )


def python_functions() -> list[tuple[str, str]]:
    """See feedback.python_functions."""
    return [(one.name, one.package) for one in installed()]
