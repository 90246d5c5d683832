"""The part of the summary that is about what to ask next: how fast it is chosen."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Any

from benchmarks import active, common
from benchmarks.pictures import number

CHOICE = """
How fast {picks} items are chosen from a pool of {width} numbers each, {labeled:,} items labeled, and the memory that it takes on top; the other libraries in the
same run, on as many items as they get through in about a minute, and how many times as fast the choice among as many is here.

| | limit | seen | others |
|---|---|---|---|
"""


def choice() -> Iterator[str]:
    found = common.kept("active")
    yield CHOICE.format(**found)
    for case in active.CASES:
        if result := found["cases"].get(case.title):
            yield row(case, result)


def row(case: active.Case, result: dict[str, Any]) -> str:
    limit = [f"{number(case.seconds)} s"] if case.seconds else []
    limit += [f"{number(case.extra_mb)} MB"] if case.extra_mb else []
    seen = f"[{taken(result['ours']['median_s'], result['ours']['extra_mb'])}](active.json)"
    if result.get("as_naive"):
        seen += ", as the naive loop picks"
    others = "; ".join(beside(name, peer) for name, peer in result["peers"].items())
    return f"| {case.title} | {'≤ ' if limit else ''}{', '.join(limit)} | {seen} | {others} |\n"


def beside(name: str, peer: dict[str, Any]) -> str:
    seconds = statistics.median(peer["seconds"])
    times = f"× {number(peer['times_as_fast'])}"
    return f"{name} {peer['version']} on {active.SIZES[peer['items']]}: {taken(seconds, peer['extra_mb'])} ({times})"


def taken(seconds: float, extra_mb: float) -> str:
    return f"{number(seconds)} s, {number(extra_mb)} MB"
