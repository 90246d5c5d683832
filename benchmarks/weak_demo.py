"""What ten labeling functions are worth in the text demo: models that learn from few labels, with and without them.

    python -m benchmarks.weak_demo [--draws 6] [--dry | --redraw]

Everything goes through the product's own services: functions are written, reviewed, tried and run; a label model is fitted to
what they say and a few labels; a round's model learns from both. Labels are true ones of items that are drawn at random.
Judged on items of the holdout, which neither labels nor functions reach.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import common

HOLDOUT = 4_000
ALONE, BESIDE = (25, 50, 100, 200, 400, 800), (25, 50, 100, 200)
# The draw before these was looked at when the functions were written.
FIRST_SEED = 1
# So many of the draws have the whole curve beside functions, the others only its point at 50 labels.
WHOLE, POINT = 2, (50,)
LABELED = """
INSERT INTO annotation_consensus (project_id, item_id, question, value, distribution, confidence, entropy, votes, unanimous,
    status, method, kinds, schema_id, updated_at)
SELECT %(project)s, i.id, 'library', to_jsonb(label), jsonb_build_object(label, 1.0), 0.95, 0.1, 1, true,
       'auto', 'partial_pooling', '{person}', %(schema)s, now()
FROM unnest(%(keys)s::text[], %(labels)s::text[]) AS given (key, label)
JOIN annotation_item i ON i.key = given.key AND i.project_id = %(project)s
"""


def make() -> tuple[Any, dict[str, str], list[str]]:
    """The demo's texts as a project that learns; the truth; and the keys of those that may be labeled."""
    from active.services import learning
    from annotation.models import Item
    from annotation.services import gold
    from annotation.services.gold_use import Use
    from config.demo import docstrings, library_project
    from tests.factories import make_item, make_project, make_schema

    found, plan = docstrings.collect(), library_project.project()
    project = make_project()
    make_schema(project, plan.versions[-1].questions, fields=plan.fields)
    Item.objects.bulk_create(
        (make_item(project, one.key, {"text": one.text, "documents": one.documents}) for one in found),
        batch_size=5_000,
    )
    held = random.Random(0).sample(found, HOLDOUT)
    known = [gold.Known({"library": one.library}, key=one.key, use=Use.HOLDOUT) for one in held]
    for first in range(0, len(known), gold.MOST_AT_ONCE):
        gold.put(project=project, by=project.created_by, items=known[first : first + gold.MOST_AT_ONCE])
    learning.change(project=project, by=project.created_by, review=0.0)
    shut = {one.key for one in held}
    return (
        project,
        {one.key: one.library for one in found},
        [one.key for one in found if one.key not in shut],
    )


def write_functions(project: Any) -> dict[str, Any]:
    from config.demo import functions, library_functions
    from tests.factories import make_member

    written = library_functions.functions()
    started = time.perf_counter()
    functions.add(
        project=project,
        author=make_member(project, role="manager"),
        reviewer=project.created_by,
        written=written,
    )
    return {"functions": len(written), "written_and_run_s": round(time.perf_counter() - started, 1)}


def label(project: Any, keys: list[str], truth: dict[str, str]) -> None:
    """These items, and no others, are labeled."""
    from django.db import connection

    from active.models import ModelVersion, Round
    from annotation.models import Consensus

    Round.objects.filter(project=project).delete()
    ModelVersion.objects.filter(project=project).delete()
    Consensus.objects.filter(project=project, item__role="pool").delete()
    with connection.cursor() as cursor:
        cursor.execute(
            LABELED,
            {
                "project": project.pk, "schema": project.schema_id, "keys": keys,
                "labels": [truth[key] for key in keys],
            },
        )  # fmt: skip


def fit(project: Any) -> dict[str, Any]:
    from labelmodel.services import weak, weak_run

    run = weak.want(project=project, question="library", by=project.created_by, trigger="rest")
    weak_run.run(run_id=run.pk)
    run.refresh_from_db()
    assert run.state == "done", run.error
    return dict(run.metrics)


def learn(project: Any, *, from_functions: bool) -> dict[str, Any]:
    """What a round's model says of the holdout."""
    from active.models import ModelVersion, Round
    from active.services import learning, requests, rounds

    learning.change(project=project, by=project.created_by, from_functions=from_functions)
    Round.objects.filter(project=project).delete()
    ModelVersion.objects.filter(project=project).delete()
    round = requests.request(project=project, by=project.created_by)
    rounds.prepare(round_id=round.pk)
    round.refresh_from_db()
    assert round.state == "scoring", (round.state, round.error)
    made = ModelVersion.objects.filter(project=project).latest("pk")
    return {
        "accuracy": made.metrics["holdout"]["accuracy"]["value"],
        "log_loss": made.metrics["holdout"]["log_loss"],
        "learned_from": made.metrics["learned_from"],
    }


def one_draw(
    project: Any, truth: dict[str, str], keys: list[str], seed: int, told: Sequence[int] = BESIDE
) -> dict[str, Any]:
    """Accuracy by number of labels, (alone, beside functions), and what the label model says of itself."""
    order = random.Random(seed).sample(keys, max(ALONE))
    alone, beside, fits = {}, {}, {}
    for count in ALONE:
        label(project, order[:count], truth)
        alone[count] = learn(project, from_functions=False)
        if count in told:
            found = fit(project)
            fits[count] = {name: found[name] for name in ("coverage", "overlap", "conflict")}
            fits[count] |= {name: found["judged"][name] for name in ("accuracy", "log_loss", "brier")}
            beside[count] = learn(project, from_functions=True)
            print(seed, count, alone[count]["accuracy"], beside[count]["accuracy"], flush=True)
    return {"seed": seed, "alone": alone, "beside": beside, "fits": fits}


def figures(draws: int) -> dict[str, Any]:
    """The result, on a database that is there and empty."""
    project, truth, keys = make()
    written = write_functions(project)
    found = [
        one_draw(project, truth, keys, FIRST_SEED + n, BESIDE if n < WHOLE else POINT) for n in range(draws)
    ]
    return told_of(found) | written | {"holdout": HOLDOUT, "pool": len(keys)}


def told_of(found: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "alone": curve(found, "alone", ALONE),
        "beside": curve(found, "beside", BESIDE),
        "better_than_200": paired(found),
        "draws": found,
    }


def curve(draws: list[dict[str, Any]], kind: str, counts: Sequence[int]) -> dict[str, Any]:
    """By number of labels: mean accuracy and log loss, each with its standard error, and over how many draws."""
    told: dict[str, Any] = {}
    for count in counts:
        found = [draw[kind][count] for draw in draws if count in draw[kind]]
        told[str(count)] = {name: mean([one[name] for one in found]) for name in ("accuracy", "log_loss")}
        told[str(count)]["draws"] = len(found)
    return told


def paired(draws: list[dict[str, Any]]) -> list[float]:
    """By how much 50 labels with functions are better than 200 without, draw by draw: mean and standard error."""
    return mean([draw["beside"][50]["accuracy"] - draw["alone"][200]["accuracy"] for draw in draws])


def mean(values: list[float]) -> list[float]:
    error = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return [round(statistics.mean(values), 4), round(error, 4)]


def measured(draws: int) -> dict[str, Any]:
    with common.environment():
        common.setup_django()
        return figures(draws)


def picture(result: dict[str, Any]) -> Path:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    names = {"alone": ("labels alone", "#8a8a8a"), "beside": ("labels and 10 functions", "#1f6feb")}
    for kind, (name, color) in names.items():
        counts = [int(count) for count in result[kind]]
        values = [100 * one["accuracy"][0] for one in result[kind].values()]
        errors = [100 * one["accuracy"][1] for one in result[kind].values()]
        axis.errorbar(counts, values, errors, marker="o", capsize=3, color=color, label=name)
    goal = 100 * result["alone"]["200"]["accuracy"][0]
    axis.axhline(goal, color="#8a8a8a", linewidth=0.8, linestyle=":")
    axis.set(xscale="log", xlabel="Labels, drawn at random", ylabel="Accuracy on the holdout, %")
    axis.set_xticks(ALONE, [str(count) for count in ALONE])
    axis.minorticks_off()
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, loc="lower right")
    path = common.RESULTS / "weak_demo.png"
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--draws", type=int, default=6)
    options = parser.parse_args()
    common.finish("weak_demo", options, lambda: measured(options.draws), picture)


if __name__ == "__main__":
    main()
