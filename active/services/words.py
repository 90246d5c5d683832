"""Why an item was chosen, in words: for people who answer it, and in full for those who look into the queue."""

from __future__ import annotations

from collections.abc import Mapping

from active.models import Selection
from annotation.questions.types import Question

Kind = Selection.Kind
# What annotators read must not tell them what the model thinks.
FOR_PEOPLE = {
    Kind.NEW: "Chosen because its answer teaches much",
    Kind.AGAIN: "One more opinion is wanted",
    Kind.RANDOM: "Drawn at random",
    Kind.ARRIVED: "New, and worth an answer early",
    Kind.REVIEW: "Its answer checks the labeling functions",
}
LONGEST = 200


def titles_of(question: Question) -> dict[str, str]:
    """How the labels of a question are called; those that are not here go by their value."""
    return {one["value"]: one.get("title") or one["value"] for one in question.get("labels", ())}


def hesitation(labels: list[tuple[str, float]], titles: Mapping[str, str]) -> str:
    """What the model makes of an item: its likeliest labels with their chances, likeliest first."""
    if len(labels) < 2:
        return "the model knows only one label so far"
    (first, p), (second, q) = ((titles.get(label, label), share) for label, share in labels[:2])
    if p >= 0.9:
        return f"the model says {first} ({p:.0%})"
    return f"the model hesitates between {first} ({p:.0%}) and {second} ({q:.0%})"


# What strategies look for, where the model's hesitation does not say it.
_LOOKS_FOR = {
    "random": "Drawn at random, to keep the figures honest",
    "k_center": "Unlike anything that is labeled so far",
    "kmeans_plus_plus": "One of many that differ from each other",
    "typiclust": "Typical of a part of the pool of which little is labeled",
    "probcover": "Stands for many items around it that nothing labeled is like",
    "badge": "Would change the model much, each in another way",
    "density_weighted": "Unsure, and like many others",
    "bald": "The parts of the model disagree about it",
    "vote_entropy": "The committee's models disagree about it",
    "kl_divergence": "The committee's models disagree about it",
    "cost_aware": "Unsure, and quick to answer",
}


def why(strategy: str, predicted: list[tuple[str, float]], titles: Mapping[str, str]) -> str:
    """Why a strategy chose an item, as far as its name and the model's opinion of the item tell."""
    if strategy == "adaptive" and not predicted:
        return "Typical of a part of the pool of which little is labeled"
    looks_for = _LOOKS_FOR.get(strategy)
    if not predicted:
        return looks_for or "Chosen by its place among the others"
    told = hesitation(predicted, titles)
    return f"{looks_for}; {told}" if looks_for else told[0].upper() + told[1:]


def again(said: str, sure: float, labels: list[tuple[str, float]], titles: Mapping[str, str]) -> str:
    """Why an answered item is asked about once more."""
    return cut(f"Answered {titles.get(said, said)}, but only {sure:.0%} sure; {hesitation(labels, titles)}")


def cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
