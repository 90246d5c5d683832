"""A model as one more voter: pairs of products compared by their texts, learned from the consensus of people."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelmodel.estimators import Votes

FOLDS = 10
# Ways to compare the two names (n) or the two texts in full (f) by TF-IDF cosine.
COSINES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("name", {"token_pattern": r"[a-zA-Z0-9]+"}),
    ("text", {"token_pattern": r"[a-zA-Z0-9]+"}),
    ("name", {"analyzer": "char_wb", "ngram_range": (2, 4)}),
    ("text", {"analyzer": "char_wb", "ngram_range": (3, 5)}),
)


def features(path: Path) -> NDArray[np.float64]:
    """What the texts of each pair share, (n_items, n_features)."""
    with (path / "d_product_text.csv").open(newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: int(row["task"]))
    sides = ("left", "right")
    texts = {
        "name": [[row[f"{side}_name"] for row in rows] for side in sides],
        "text": [[f"{row[f'{side}_name']} {row[f'{side}_description']}" for row in rows] for side in sides],
    }
    cosines = [cosine(*texts[which], **how) for which, how in COSINES]
    return np.column_stack([*cosines, np.array([shared(row) for row in rows])])


def cosine(left: list[str], right: list[str], **how: Any) -> NDArray[np.float64]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = TfidfVectorizer(sublinear_tf=True, **how).fit(left + right)
    product = vectors.transform(left).multiply(vectors.transform(right))
    return np.asarray(product.sum(axis=1)).ravel()


def shared(row: dict[str, str]) -> list[float]:
    """Model numbers, words, brand and price that both sides have, or only one."""
    names = [row["left_name"], row["right_name"]]
    texts = [f"{row[f'{side}_name']} {row[f'{side}_description']}" for side in ("left", "right")]
    ours, theirs = (codes(name) for name in names)
    (one, other), (all_ours, all_theirs) = (squeezed(text) for text in texts), (codes(text) for text in texts)
    words, more = (set(re.findall("[a-z]+", name.lower())) for name in names)
    alike = [common_start(a, b) / max(len(a), len(b)) for a in ours for b in theirs]
    prices = [price(row[f"{side}_price"]) for side in ("left", "right")]
    return [
        len(ours & theirs),
        len(all_ours & all_theirs),
        max((len(code) for code in ours if code in other), default=0),
        max((len(code) for code in theirs if code in one), default=0),
        len(ours - all_theirs),
        len(theirs - all_ours),
        bool(theirs),
        max(alike, default=0.0),
        len(words & more) / max(len(words | more), 1),
        len(words & more) / max(min(len(words), len(more)), 1),
        names[0].split()[0].lower() == names[1].split()[0].lower(),
        abs(np.log(prices[0] / prices[1])) if all(prices) else 0.7,
        all(prices),
    ]


def codes(text: str) -> set[str]:
    """Words with a digit and at least four characters, such as model numbers, without dashes."""
    found = {squeezed(word) for word in re.findall(r"[a-z0-9][a-z0-9\-/]*", text.lower())}
    return {word for word in found if len(word) >= 4 and any(letter.isdigit() for letter in word)}


def squeezed(text: str) -> str:
    return re.sub("[^a-z0-9]", "", text.lower())


def common_start(one: str, other: str) -> int:
    """Letters until the two differ."""
    return next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def price(text: str) -> float:
    digits = re.sub(r"[^\d.]", "", text)
    return float(digits) if re.fullmatch(r"\d+(\.\d+)?", digits) else 0.0


def predicted(inputs: NDArray[np.float64], consensus: NDArray[np.float64]) -> NDArray[np.float64]:
    """Chance of label 1 for each item by a logistic regression that saw the consensus of other items only."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import KFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    chance = np.empty(len(inputs))
    for seen, unseen in KFold(FOLDS, shuffle=True, random_state=0).split(inputs):
        steps = StandardScaler(), PolynomialFeatures(2, include_bias=False), StandardScaler()
        model = make_pipeline(*steps, LogisticRegression(C=0.01, max_iter=500))
        both = np.concatenate([inputs[seen], inputs[seen]])
        label, weight = np.repeat([0, 1], len(seen)), consensus[seen].T.ravel()
        model.fit(both, label, logisticregression__sample_weight=weight)
        chance[unseen] = model.predict_proba(inputs[unseen])[:, 1]
    return chance


def with_voter(votes: Votes, chance: NDArray[np.float64]) -> Votes:
    """The votes, and for every item one more by a new source."""
    items = np.arange(votes.n_items)
    added = items, np.full(votes.n_items, votes.n_sources), (chance > 0.5).astype(np.int64)
    joined = (
        np.concatenate(pair) for pair in zip((votes.item, votes.source, votes.label), added, strict=True)
    )
    return Votes(*joined, votes.n_items, votes.n_sources + 1, votes.n_labels)
