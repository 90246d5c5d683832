"""Items whose votes came or changed after a label model was fitted: judged by what it learned, within seconds, without a fit."""

from __future__ import annotations

from collections.abc import Iterator

from annotation.models import Project
from annotation.services import hot
from annotation.services.locks import alone
from labelmodel.models import PosteriorShard, WeakRun
from labelmodel.services import probability_shards, weak, weak_calibration, weak_due, weak_fitting, weak_votes
from labelmodel.services.function_rules import functions_questions
from labelmodel.services.weak_votes import Some, Sources


def catch_up(*, project_id: int) -> int:
    """Judge the blocks of a project whose votes are other ones than those that were judged; how many blocks. Safe to run twice."""
    with alone("probable labels", project_id) as free:
        project = Project.objects.select_related("schema").filter(pk=project_id).first()
        if not free or project is None:
            return 0
        count = 0
        for question in functions_questions(project.schema):
            run = weak.published(project, question)
            if run is not None and run.parameters:
                count += _judge(run, weak_votes.pinned(project, question, run))
        return count


def _judge(run: WeakRun, sources: Sources) -> int:
    stamps = block_stamps(sources)
    kept = dict(PosteriorShard.objects.filter(run=run).values_list("block", "stamp"))
    stale = [number for number, stamp in stamps.items() if kept.get(number) != stamp]
    parameters = weak_fitting.unpack(bytes(run.parameters))
    calibration = weak_calibration.from_json(run.calibration)
    for number, some in every_block(sources, stale):
        said = weak_fitting.posterior(
            parameters, some, sources.count, len(sources.labels), is_set=sources.is_set
        )
        covered = some.covered
        told = weak_fitting.calibrated(said, covered, calibration, is_set=sources.is_set)
        write(run, number, some.items[covered], told[covered], stamps[number])
    return len(stale)


def block_stamps(sources: Sources) -> dict[int, str]:
    """Which votes there are, by block. Read before the votes: what is written meanwhile is told apart."""
    rows = hot.rows(weak_due.BLOCKS, {"versions": [one.pk for one in sources.versions]})
    return {row.block: row.stamp for row in sorted(rows, key=lambda row: row.block)}


def every_block(sources: Sources, numbers: list[int]) -> Iterator[tuple[int, Some]]:
    """The votes of these blocks; those that have no items in work are empty."""
    for number in numbers:
        found = [some for _, some in weak_votes.blocks(sources, numbers=[number])]
        yield number, found[0] if found else weak_votes.together([])


def write(
    run: WeakRun, number: int, items: weak_votes.Ids, posterior: weak_fitting.Floats, stamp: str
) -> None:
    """Keep the probable labels of a block, in place of those that there were."""
    data = probability_shards.pack(items, posterior)
    PosteriorShard.objects.update_or_create(
        run=run, block=number, defaults={"rows": len(items), "data": data, "stamp": stamp}
    )
