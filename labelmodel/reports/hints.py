"""What a manager might look into: answers at random, one label whatever comes, answers in no time. Hints with the figures
they rest on and never more: nobody is paused or judged by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from statistics import median

# No hint rests on less.
LEAST_ANSWERS = 30
# At random: no better than chance so far as the interval can tell, with this part of what there is above it at most,
# where chance would be wrong so often that it can be told from knowing.
RANDOM_SKILL = 0.2
LEAST_MISSED_BY_CHANCE = 10
# One label: this share of all answers, so many standard deviations more often than the others on the same items.
CONSTANT_SHARE = 0.9
CONSTANT_Z = 5.0
# In no time: this part of the others' median at most, and so many robust deviations below it, of logarithms. Two people
# of one pace do not make a third one suspicious: others are taken to vary by this at least.
FAST_SHARE = 0.4
FAST_Z = -3.0
LEAST_OTHERS = 2
LEAST_SPREAD = 0.25
_NORMAL = 1.4826


@dataclass(frozen=True, slots=True)
class Hint:
    """`kind` is random, constant or fast; `text` says what it rests on."""

    kind: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Guess:
    """What is known of one person on one question: estimated accuracy, what chance alone would get, how often they say
    their favourite label and how often others would on the same items."""

    title: str
    accuracy: float
    low: float
    high: float
    judgments: float
    chance: float | None
    label: str = ""
    said: int = 0
    of: int = 0
    expected: float = 0.0
    z: float = 0.0


def at_random(guess: Guess) -> Hint | None:
    """Whether this person's answers tell nothing: they are no more often right than the same labels drawn at random."""
    chance = guess.chance
    if chance is None or guess.judgments < LEAST_ANSWERS:
        return None
    if (1 - chance) * guess.judgments < LEAST_MISSED_BY_CHANCE:
        return None
    skill = (guess.accuracy - chance) / (1 - chance)
    if guess.low > chance or skill > RANDOM_SKILL:
        return None
    text = (
        f"On {guess.title}, {guess.accuracy:.0%} of the answers are estimated to be right ({guess.low:.0%} to "
        f"{guess.high:.0%}, from {guess.judgments:,.0f} judgments); the same labels given at random would be right in "
        f"{chance:.0%}."
    )
    return Hint("random", "no better than chance", text)


def one_label(guess: Guess) -> Hint | None:
    """Whether this person says one label far more often than others do on the very same items."""
    if guess.of < LEAST_ANSWERS or guess.said < CONSTANT_SHARE * guess.of or guess.z < CONSTANT_Z:
        return None
    text = (
        f"On {guess.title}, says “{guess.label}” for {guess.said:,} of {guess.of:,} items; going by what others say of "
        f"the same items, about {guess.expected:,.0f} would be expected ({guess.z:.0f} standard deviations fewer)."
    )
    return Hint("constant", "says one label", text)


def in_no_time(seconds: float | None, answered: int, others: Sequence[float]) -> Hint | None:
    """Whether this person's median time is far below that of the others of the same project."""
    if seconds is None or answered < LEAST_ANSWERS or len(others) < LEAST_OTHERS:
        return None
    logs = [log(max(one, 0.05)) for one in others]
    middle = median(logs)
    spread = max(LEAST_SPREAD, _NORMAL * median(abs(one - middle) for one in logs))
    usual = median(others)
    z = (log(max(seconds, 0.05)) - middle) / spread
    if seconds > FAST_SHARE * usual or z > FAST_Z:
        return None
    text = (
        f"Takes {seconds:.1f} s for an answer, the median of the latest; for the other {len(others):,} people it is "
        f"{usual:.1f} s ({-z:.1f} robust standard deviations more)."
    )
    return Hint("fast", "much faster than others", text)
