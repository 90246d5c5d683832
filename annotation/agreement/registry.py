"""Every coefficient by name, and which one a kind of question is best described by."""

from __future__ import annotations

from annotation.agreement import cohen, measure, words
from annotation.agreement.alpha import alpha, jaccard, masi
from annotation.agreement.fleiss import fleiss
from annotation.agreement.gwet import ac1, ac2
from annotation.agreement.judgments import LEVELS, Judgments, Level
from annotation.agreement.measure import Agreement, Coefficient
from annotation.agreement.percent import percent
from annotation.agreement.weighting import LINEAR, QUADRATIC, UNWEIGHTED

NUMBERS: tuple[Level, ...] = ("ordinal", "interval")

COEFFICIENTS: dict[str, Coefficient] = {
    "percent": Coefficient("Percent agreement", LEVELS, percent, chance=False),
    "cohen": Coefficient(
        "Cohen's kappa",
        ("nominal", "ordinal"),
        cohen.unweighted,
        undefined=words.NO_PAIR,
        weighting=UNWEIGHTED,
    ),
    "cohen-linear": Coefficient(
        "Cohen's kappa, linear weights", NUMBERS, cohen.linear, undefined=words.NO_PAIR, weighting=LINEAR
    ),
    "cohen-quadratic": Coefficient(
        "Cohen's kappa, quadratic weights",
        NUMBERS,
        cohen.quadratic,
        undefined=words.NO_PAIR,
        weighting=QUADRATIC,
    ),
    "fleiss": Coefficient("Fleiss' kappa", ("nominal",), fleiss, singles=True),
    "alpha": Coefficient("Krippendorff's alpha", LEVELS, alpha),
    "alpha-jaccard": Coefficient("Krippendorff's alpha, Jaccard distance", ("set",), jaccard),
    "alpha-masi": Coefficient("Krippendorff's alpha, MASI distance", ("set",), masi),
    "ac1": Coefficient("Gwet's AC1", ("nominal",), ac1, singles=True, undefined=words.ONE_CHOICE),
    "ac2": Coefficient("Gwet's AC2", NUMBERS, ac2, singles=True, undefined=words.ONE_CHOICE),
}

_DEFAULTS: dict[Level, str] = {
    "nominal": "alpha",
    "ordinal": "alpha",
    "interval": "alpha",
    "set": "alpha-jaccard",
}


def default_for(level: Level) -> str:
    """The coefficient to show first: alpha copes with missing judgments and any number of sources."""
    return _DEFAULTS[level]


def agreement(
    judgments: Judgments, name: str, *, seed: int = 0, resamples: int = 1000, confidence: float = 0.95
) -> Agreement:
    """One coefficient with its interval; raises KeyError for a name that is not in COEFFICIENTS."""
    return measure.measure(
        name, COEFFICIENTS[name], judgments, seed=seed, resamples=resamples, confidence=confidence
    )


def agreements(judgments: Judgments, *, seed: int = 0, resamples: int = 1000) -> dict[str, Agreement]:
    """Every coefficient that is meant for the judgments' level, in the order of COEFFICIENTS."""
    return {
        name: agreement(judgments, name, seed=seed, resamples=resamples)
        for name, coefficient in COEFFICIENTS.items()
        if judgments.level in coefficient.levels
    }
