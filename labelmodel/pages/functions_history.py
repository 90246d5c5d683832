"""Versions of a labeling function as the page shows them: what changed in each, and how its trial went."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from annotation.models import Item
from labelmodel.models import FunctionVersion
from labelmodel.pages.functions import Label
from labelmodel.services import function_review
from labelmodel.services.function_rules import Tried

# Characters of an item in a trial.
MOST_SHOWN = 140


@dataclass(frozen=True, slots=True)
class Shift:
    """What a version does differently on its sample: for each label the votes before and now."""

    label: Label
    before: int
    now: int
    gained: int
    lost: int


@dataclass(frozen=True, slots=True)
class Trial:
    """How a version did on a sample, beside the active one."""

    figures: dict[str, Any]
    shifts: list[Shift]
    changed: list[tuple[Label, Label, int]]
    examples: list[tuple[str, list[tuple[int, str]]]]
    votes: int
    agreement: str
    # What it says of some items: id, key, the text that it reads, its label. Where every look costs.
    said: list[tuple[int, str, str, Label | None]]
    # Why it abstained, and how often.
    reasons: str
    # What speaks against activating it.
    fault: str

    @property
    def usable(self) -> bool:
        return not self.fault

    @property
    def fails_often(self) -> bool:
        """Whether it raised an error on half of the sample or more."""
        return bool(self.figures.get("errors")) and 2 * self.figures["errors"] >= self.figures["items"]


@dataclass(frozen=True, slots=True)
class TestTold:
    """How a test came out: what it looks at, and what it must get and gets, in words."""

    payload: str
    told: str
    passed: bool


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version, ready to print. `diff`: lines of its definition and tests against the version before."""

    version: FunctionVersion
    kind: str
    color: str
    diff: list[tuple[str, str]]
    trial: Trial | None
    # Why its trial does not go on now, and when it will.
    waits: str
    # Whether its trial was cancelled, or failed, and has to be tried again.
    stuck: bool
    tests: list[TestTold]
    tests_fault: str
    may_approve: bool
    is_open: bool


def tested(results: Sequence[Tried], chips: dict[str, Label]) -> list[TestTold]:
    """How the tests of a version came out."""
    return [_tested(one, chips) for one in results]


def _tested(one: Tried, chips: dict[str, Label]) -> TestTold:
    def said(value: str | None, abstain: str, say: str) -> str:
        return abstain if value is None else f"{say} {chips[value].title if value in chips else value}"

    payload = shortened(one.payload)
    texts = list(payload.values())
    shown = str(texts[0]) if len(texts) == 1 else json.dumps(payload, ensure_ascii=False)
    told = f"must {said(one.expected, 'abstain', 'say')}"
    if not one.passed:
        told += f", {one.error or said(one.got, 'abstains', 'says')}"
    return TestTold(shown, told, one.passed)


def diff(before: FunctionVersion | None, version: FunctionVersion) -> list[tuple[str, str]]:
    """(what, line): "ins" and "del" for what came and went, "span" for what stayed, and for all of the first version."""
    if before is None:
        return [("span", line) for line in _lines(version)]
    old, new = (_lines(one) for one in (before, version))
    names = {"+ ": "ins", "- ": "del", "  ": "span"}
    return [(names[line[:2]], line[2:]) for line in difflib.ndiff(old, new) if line[:2] in names]


def _lines(version: FunctionVersion) -> list[str]:
    """A version in lines of one thing each, so that what changed is seen at its place."""
    told: dict[str, Any] = {"kind": version.kind, **version.definition}
    if version.tests:
        told["tests"] = [{**one, "payload": shortened(one["payload"])} for one in version.tests]
    return list(_told(told, ""))


def shortened(payload: dict[str, Any]) -> dict[str, Any]:
    """A test's payload as a page shows it: whole where it is short."""
    return {
        name[:MOST_SHOWN]: f"{text[:MOST_SHOWN]} … ({len(text):,} characters)"
        if len(text) > 2 * MOST_SHOWN
        else value
        for name, value in payload.items()
        for text in (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False),)
    }


def _told(value: dict[str, Any], indent: str) -> Iterator[str]:
    for key in sorted(value, key=lambda key: (_ORDER.get(key, 1), key)):
        found = value[key]
        for number, one in enumerate(found if isinstance(found, list) else [found], 1):
            if isinstance(one, dict):
                yield f"{indent}{key} {number}" if isinstance(found, list) else f"{indent}{key}"
                yield from _told(one, f"{indent}  ")
            else:
                yield f"{indent}{key}: {one if isinstance(one, str) else json.dumps(one, ensure_ascii=False)}"


# What is read first.
_ORDER = {"kind": 0, "label": 0, "rules": 0.5, "field": 0, "is": 0.5}


def trial(version: FunctionVersion, chips: dict[str, Label]) -> Trial:
    """The trial of a version, in words and chips."""
    figures = version.canary

    def chip(value: str) -> Label:
        return chips.get(value) or Label(value, value, "gray")

    now, before, gained, lost = (
        figures.get(name, {}) for name in ("votes", "votes_before", "gained", "lost")
    )
    labels = list(dict.fromkeys([*now, *before]))
    agreement = figures.get("agreement")
    return Trial(
        figures,
        [
            Shift(chip(one), before.get(one, 0), now.get(one, 0), gained.get(one, 0), lost.get(one, 0))
            for one in labels
        ],
        [
            (chip(old), chip(new), count)
            for old, moved in figures.get("changed", {}).items()
            for new, count in moved.items()
        ],
        _examples(figures.get("examples", {}), compared=bool(figures.get("active"))),
        sum(now.values()),
        "" if agreement is None else f"{100 * agreement:.1f} %",
        [
            (pk, key, text, chip(label) if label else None)
            for pk, key, text, label in _said(version, figures.get("said", ()))
        ],
        ", ".join(f"{why} ({count:,} ×)" for why, count in figures.get("reasons", {}).items()),
        function_review.trial_fault(version) if version.state == FunctionVersion.State.CANARY else "",
    )


def _said(
    version: FunctionVersion, some: Sequence[dict[str, Any]]
) -> Iterator[tuple[int, str, str, str | None]]:
    items = Item.objects.in_bulk([one["item"] for one in some])
    for one in some:
        if (item := items.get(one["item"])) is not None:
            texts = (str(item.payload[name]) for name in version.reads if item.payload.get(name))
            yield item.pk, item.key, " · ".join(texts)[:MOST_SHOWN], one["label"]


def _examples(found: dict[str, list[int]], *, compared: bool) -> list[tuple[str, list[tuple[int, str]]]]:
    keys = dict(
        Item.objects.filter(pk__in=[item for some in found.values() for item in some]).values_list(
            "pk", "key"
        )
    )
    titles = {
        "gained": "New votes" if compared else "Some of them",
        "lost": "Votes that fall away",
        "changed": "Other labels",
    }
    return [
        (titles[name], [(item, keys[item]) for item in some if item in keys][:5])
        for name, some in found.items()
        if some and name in titles
    ]
