"""The part of the summary that is about labeling functions and what their votes amount to."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import common
from benchmarks.pictures import number

WEAK = """
Labeling functions, and probable labels from their votes. Sets and learners as the JSON files say; the default model of functions has one setting for all.

| | limit | seen |
|---|---|---|
"""
SETS = {
    "handed out": "two public sets",
    "texts": "texts with derived keywords",
    "simulated": "simulated votes",
    "like published": "simulated votes, of the size and quality of published sets",
}


def weak() -> Iterator[str]:
    yield WEAK
    yield from _model()
    yield from _functions()


def _model() -> Iterator[str]:
    found = common.kept("weak")
    default = "discounted_evidence"
    for name, methods in found["summary"].items():
        ours, majority = methods[default], methods["majority"]
        yield (
            f"| {SETS.get(name, name)}: accuracy / log loss of the default (majority) |  |"
            f" [{ours['accuracy']:.3f} / {ours['log_loss']:.2f}](weak.json)"
            f" ({majority['accuracy']:.3f} / {majority['log_loss']:.2f}) |\n"
        )
    for labels, models in found["speed"].items():
        one = models[default]
        seen = f"[{number(one['median_s'])} s, {one['peak_mb']} MB](weak.json)"
        yield f"| fit and predict 1M items × 20 functions, {labels} labels | ≤ 2 s, 600 MB | {seen} |\n"


def _functions() -> Iterator[str]:
    applied = common.kept("weak_applying")
    times = applied["peer"]["appliers"]["LFApplier"]["times_as_fast"]
    yield (
        f"| 10 keyword and regex functions on 1M texts, times Snorkel's applier | ≤ 10 s, ≥ 20 |"
        f" [{number(applied['ours']['median_s'])} s, {number(times)}](weak_applying.json) |\n"
    )
    feedback = common.kept("weak_feedback")
    slowest = max(kind["p95_ms"] for kind in feedback["kinds"].values())
    yield (
        f"| feedback while one types, {feedback['sample']:,} items, p95 | ≤ {feedback['limit_p95_ms']} ms |"
        f" [{number(slowest)} ms](weak_feedback.json) |\n"
    )
    demo = common.kept("weak_demo")
    with_functions, alone = demo["beside"]["50"]["accuracy"], demo["alone"]["200"]["accuracy"]
    yield (
        f"| text demo, accuracy of 50 labels and 10 functions; the limit is that of 200 labels alone |"
        f" ≥ {alone[0]:.3f} | [{with_functions[0]:.3f} ± {with_functions[1]:.3f}](weak_demo.json) |\n"
    )
