"""The table of limits and of what was seen, from the kept results: benchmarks/results/README.md.

python -m benchmarks.summary
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks import (
    common,
    exporting,
    importing,
    labeling,
    page,
    starting,
    summary_active,
    summary_data,
    summary_weak,
)
from benchmarks.pictures import DOCCANO, LABEL_STUDIO, number

RESULTS = ("labeling", "page", "importing", "exporting", "starting")


@dataclass(frozen=True)
class Line:
    """One figure; `seen` has several values where it was measured in several ways."""

    result: str
    figure: str
    seen: list[float]
    limit: float | None
    others: dict[str, Any]
    unit: str = ""
    at_least: bool = False

    def markdown(self) -> str:
        sign = "≥" if self.at_least else "≤"
        must = f"{sign} {number(self.limit)}{self.unit}" if self.limit else ""
        others = [self._with_unit(self.others.get(name)) for name in (LABEL_STUDIO, DOCCANO)]
        seen = " / ".join(number(value) for value in self.seen) + self.unit
        return f"| {' | '.join([self.figure, must, f'[{seen}]({self.result}.json)', *others])} |"

    def _with_unit(self, value: Any) -> str:
        return value if isinstance(value, str) else f"{number(value)}{self.unit}" if value else ""


def lines() -> Iterator[Line]:
    yield from _labeling(common.kept("labeling")["runs"])
    yield from _page(common.kept("page"))
    yield from _files()
    found = common.kept("starting")
    for key, figure, unit in (
        ("start_s", "web process, from command to first page", " s"),
        ("memory_mb", "its memory at rest", " MB"),
    ):
        yield Line("starting", figure, [found[key]], starting.LIMITS[key], _others(starting, key), unit)


def _labeling(runs: list[dict[str, Any]]) -> Iterator[Line]:
    def seen(key: str, people: int) -> list[float]:
        return [
            statistics.median(
                run[key]
                for run in runs
                if (run["items"], run["annotators"], run["overlap"]) == (items, people, 1)
            )
            for items in (100_000, 1_000_000)
        ]

    limits = labeling.LIMITS
    doubled = _others(labeling, "per_second") | {DOCCANO: "13.8 /s, 97 % doubles"}
    sizes = "at 100,000 / 1,000,000 items"
    figure = f"submit and next over REST, 16 annotators, {sizes}"
    yield Line(
        "labeling", figure, seen("per_second", 16), limits["per_second"], doubled, " /s", at_least=True
    )
    cpu = _others(labeling, "cpu_ms_each")
    yield Line("labeling", "CPU of each", seen("cpu_ms_each", 16), limits["cpu_ms_each"], cpu, " ms")
    for people, limit in limits["p95_ms"].items():
        others = {name: values[people] for name, values in _others(labeling, "p95_ms").items()}
        yield Line("labeling", f"its p95, annotators: {people}", seen("p95_ms", people), limit, others, " ms")
    wrong = sum(run["doubles"] + run["stuck"] + len(run["failures"]) for run in runs)
    yield Line("labeling", "items given twice, stuck or failed", [wrong], None, {})


def _page(found: dict[str, Any]) -> Iterator[Line]:
    first, again = found["load"]["first"], found["load"]["again"]
    slowest = [
        max(found["painted"][f"{how}_{delay}ms"]["median_ms"] for how in ("key", "click"))
        for delay in page.DELAYS
    ]
    for key, figure, seen, unit in (
        ("first_kb", "labeling page, first load", [first["kb"]], " kB"),
        ("again_kb", "labeling page, loaded again", [again["kb"]], " kB"),
        ("visible_s", "its item visible", [first["visible_s"]], " s"),
        ("painted_ms", "submit to next item painted, median, 0 / 300 ms of network delay", slowest, " ms"),
    ):
        yield Line("page", figure, seen, page.LIMITS[key], _others(page, key), unit)


def _files() -> Iterator[Line]:
    files = common.kept("importing")["results"]
    kinds = [run for name, run in files.items() if "100,000" in name and "content" in name]
    limits = importing.LIMITS
    speeds, memory = ([run[key] for run in kinds] for key in ("rows_per_second", "peak_memory_mb"))
    others = _others(importing, "rows_per_second")
    figure = "import of 100,000 short texts, CSV / JSON Lines / Parquet"
    yield Line("importing", figure, speeds, limits["rows_per_second"], others, " rows/s", at_least=True)
    others = _others(importing, "peak_memory_mb")
    yield Line("importing", "its memory", memory, limits["peak_memory_mb"], others, " MB")
    exports = [run for run in common.kept("exporting")["runs"] if run["case"] in {"JSON lines", "CSV"}]
    hundred = [run["rows_per_second"] for run in exports if run["rows"] == 100_000]
    limit, others = exporting.LIMITS["rows_per_second"], _others(exporting, "rows_per_second")
    yield Line(
        "exporting",
        "export of 100,000 answers, JSON Lines / CSV",
        hundred,
        limit,
        others,
        " rows/s",
        at_least=True,
    )
    peaks = [
        max(run["web_memory_peak_mb"] for run in exports if run["rows"] == rows)
        for rows in (100_000, 1_000_000)
    ]
    others = _others(exporting, "web_memory_peak_mb")
    yield Line(
        "exporting", "memory of the web process meanwhile, 100,000 / 1,000,000", peaks, None, others, " MB"
    )


def _others(module: Any, key: str) -> dict[str, Any]:
    return {name: values[key] for name, values in module.OTHERS.items() if key in values}


HEAD = """# What was measured

Made by `python -m benchmarks.summary` from the JSON files beside it, each of which names its machine, its load and its time. All of these:
{cores} cores ({cpu}), {memory_gb} GB, Python {python}, {days}. Embedded services; the load comes from the same cores, on
which other work may run.

The other tools were measured once on a machine of this kind, on PostgreSQL, with a project of 100,000 items.

| | limit | seen | {label_studio} | {doccano} |
|---|---|---|---|---|
"""


TRUST = """
How far answers can be trusted, beside crowd-kit 1.4.2 in the same run; on real crowds that are not part of the project.

| | limit | seen | crowd-kit |
|---|---|---|---|
"""


def _trust() -> Iterator[str]:
    found, speed = common.kept("labelmodel"), common.kept("labelmodel")["speed"]
    peer = "crowd-kit DawidSkene"
    for size, limit in (("100k", 0.3), ("1M", 3)):
        ours, theirs = speed[size]["dawid_skene"], speed[size][peer]
        yield _row(
            f"Dawid-Skene, {size} items × 5 votes, 20 iterations",
            f"≤ {limit} s",
            f"{number(ours['median_s'])} s, {ours['peak_mb']} MB",
            f"{number(theirs['seconds'])} s for {theirs['iterations']}, {theirs['peak_mb']} MB",
        )
    quality = found["quality"]
    for crowd, published in found["limits"]["accuracy"].items():
        least = published - found["limits"]["accuracy_slack"]
        ours, theirs = (quality[crowd][name]["accuracy"] for name in ("partial_pooling", peer))
        yield _row(f"accuracy of the default on {crowd}", f"≥ {least:.3f}", f"{ours:.3f}", f"{theirs:.3f}")
    for key, title in (
        ("log_loss", "mean log loss on these"),
        ("calibration_error", "mean calibration error"),
    ):
        ours, theirs = (quality["mean"][name][key] for name in ("partial_pooling", peer))
        yield _row(title, f"≤ {found['limits'][key]}", f"{ours:.3f}", f"{theirs:.3f}")
    summary = found["summary"]["partial_pooling"]
    yield _row(
        "points above majority vote on 28 kinds of crowds, worst / mean",
        "≥ -1 / ≥ 2.5",
        f"{100 * summary['least_gain']:.1f} / {100 * summary['mean_gain']:.1f}",
        "",
    )
    voter = found["model_as_voter"]["people and model"]["accuracy"]
    yield _row("d_product with a model as one more voter", "≥ 0.955", f"{voter:.3f}", "")
    alpha = common.kept("agreement")["alpha"]["4 labels"]
    yield _row(
        "Krippendorff's alpha with 1,000 resamples, 100k items × 5",
        "≤ 0.3 s",
        f"{number(alpha['median_s'])} s",
        f"{number(alpha['peer']['median_s'])} s without an interval",
    )
    for crowd, result in common.kept("overlap")["results"].items():
        best = next(one for one in result["adaptive"] if one["target"] == 0.9)
        saved = (
            "all of the accuracy"
            if best["saved"] is None
            else f"{100 * best['saved']:.0f} % saved at equal accuracy"
        )
        yield _row(
            f"adaptive overlap on {crowd}, sure to 0.9",
            "",
            f"{best['judgments']:,} of {best['all_judgments']:,} judgments, {saved}",
            "",
        )


EFFICIENCY = """
How much a label is worth: logistic regression on fixed embeddings, to 1,000 labels, mean over seeds with standard error. Area under the learning
curve / labels to 95 % of the accuracy with all labels. *warm*: from 20 random labels; *cold*: from none.

| | limit | default | best other | random |
|---|---|---|---|---|
"""


def _efficiency() -> Iterator[str]:
    found = common.kept("active_efficiency")
    for name, starts in found["sets"].items():
        for start, result in starts.items():
            strategies = dict(result["strategies"])
            ours, theirs = strategies.pop("adaptive"), strategies.pop("random")
            best = max(strategies, key=lambda other: strategies[other]["area"]["mean"])
            area, labels = found["limits"].get(name, {}).get(start, (None, None))
            yield _row(
                f"{name}, {start}",
                "" if area is None else f"≥ {area:.3f}" + (f" / ≤ {labels}" if labels else ""),
                _reached(ours),
                f"{best}: {_reached(strategies[best])}",
                _reached(theirs),
            )


def _reached(one: dict[str, Any]) -> str:
    area, labels = one["area"], one["labels_to_95"]
    return f"{area['mean']:.4f} ± {area['error']:.4f} / {labels or 'not reached'}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def text() -> str:
    kept = [common.kept(name) for name in RESULTS]
    days = sorted({result["measured_at"][:10] for result in kept})
    head = HEAD.format(
        **kept[0]["machine"],
        days=" to ".join(dict.fromkeys((days[0], days[-1]))),
        label_studio=LABEL_STUDIO,
        doccano=DOCCANO,
    )
    pictures = "\n".join(
        f"![{name}]({name}.png)\n"
        for name in (
            *RESULTS,
            "data_snapshots",
            "data_formats",
            "data_table",
            "data_similar",
            "labelmodel",
            "agreement",
            "overlap",
            "active",
        )
    )
    return (
        head
        + "".join(f"{line.markdown()}\n" for line in lines())
        + "".join(summary_data.data())
        + TRUST
        + "".join(_trust())
        + EFFICIENCY
        + "".join(_efficiency())
        + "".join(summary_active.choice())
        + "".join(summary_weak.weak())
        + f"\n{pictures}"
    )


if __name__ == "__main__":
    path = common.RESULTS / "README.md"
    path.write_text(text())
    print(path)
